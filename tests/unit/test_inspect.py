"""Inspection pages: all about one item or one prompt on a page, whatever the texts hold, and however little is
there."""

from __future__ import annotations

import json
import re
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.data.pairs import PairMaker, write_audit
from scale_or_reason.reporting.inspect.files import state_of
from scale_or_reason.reporting.inspect.names import LONGEST, check_name, id_of_name, path_name
from scale_or_reason.training.chat_templates import STOP_TOKENS, render_chat

ITEM = "test/algebra/2584.json"
HOSTILE = '</pre></script><script>alert(1)</script><img src=x onerror="alert(2)"> &lt; \u202egnp.exe\0 {item} ]]> <!--'
LONG = "step by step " * 80_000  # a megabyte
STUDENT = "general/small/{}/rho-{}/seed-0"
IFT, REASONING, MIXED = STUDENT.format("seq", 0), STUDENT.format("seq", 1), STUDENT.format("mix", 0.5)
TEACHER = ["teacher/big/ift", "teacher/big/reasoning"]
BASE, ADAPTED, LIMITED = "base/small/shots-1", "adapted/small/ift-then-ift/seed-0", f"{REASONING}/max-tokens-99"
MODELS = [*TEACHER, IFT, REASONING, MIXED, ADAPTED, BASE, LIMITED]
VOID = {"meta", "br"}


class Page(HTMLParser):
    """A page as a browser sees it: what is open where, texts, links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.comments: list[str] = []
        self.feed(text)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append((dict(attrs)["href"], ""))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if "a" in self.open:
            target, before = self.links.pop()
            self.links.append((target, before + data))

    def handle_comment(self, data):
        self.comments.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def identified(self) -> set[str]:
        return {attrs["id"] for _, attrs in self.tags if "id" in attrs}

    def row(self, *words: str) -> str:
        """The text from the first of ``words`` that is followed by the others to the last of them."""
        found = re.search(".*?".join(map(re.escape, words)), self.text, re.S)
        assert found, words
        return found[0]


def check_harmless(page: Page) -> None:
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "iframe", "link", "object"})
    assert not any(name.startswith("on") or name == "src" for _, attrs in page.tags for name in attrs)
    assert all(href.startswith("#") for tag, attrs in page.tags if tag == "a" for href in [attrs["href"]])
    assert not page.comments


def answer(model_id: str, text: str = "18", sample: int = 0, finish: str = "stop", tokens: int = 5) -> dict:
    key = {"model_id": model_id, "benchmark": "math_500", "item_id": ITEM, "sample": sample}
    return key | {"prompt_tokens": 7, "answer": text, "answer_tokens": tokens, "finish_reason": finish}


def verdict(row: dict, judge: str, word: str, **more) -> dict:
    key = {name: row[name] for name in ("model_id", "benchmark", "item_id", "sample")}
    said = {"reply": f"{judge} thinks: \\boxed{{{word}}}", "judge_prompt_tokens": 30, "judge_tokens": 9}
    return key | {"judge": judge, "verdict": word} | said | more


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A study's folder in which all of :data:`MODELS` but one have answered, and all but one are judged."""
    texts = {"prompt": f"Solve it.\n\n2+{HOSTILE}", "question": f"2+{HOSTILE}", "gold": ["18", "eighteen"]}
    item = {"benchmark": "math_500", "item_id": ITEM, **texts, "choices": [], "extra": "{}"}
    pool = item | {"item_id": "p", "question": "an example?", "gold": ["3"]}
    for name, rows in (("math_500", [item, item | {"item_id": "other"}]), ("math_500.pool", [pool])):
        (tmp_path / "benchmarks").mkdir(exist_ok=True)
        write_table(table_from_rows(rows, "items"), tmp_path / "benchmarks" / f"{name}.parquet", "items")
    hostile = f"<think>{LONG}{HOSTILE}</think>So it is \\boxed{{17}} {HOSTILE}"
    given = {
        TEACHER[0]: [(answer(TEACHER[0]), "yes", "yes", "yes")],
        TEACHER[1]: [(answer(TEACHER[1], "<think>for ever"), "no", "no", "unparsable")],
        IFT: [(answer(IFT, "eighteen"), "yes", "no", "yes")],
        REASONING: [(answer(REASONING, hostile, finish="length", tokens=4321), "no", "no", "yes")],
        MIXED: [(answer(MIXED), "unparsable", "unparsable", "no")],
        BASE: [(answer(BASE), "yes", "yes", "yes"), (answer(BASE, "19", 1), "no", "no", "no")],
        LIMITED: [(answer(LIMITED), "yes", None, "yes")],
    }
    for model_id, answers in given.items():
        put(tmp_path / "answers" / model_id, "answers", [row for row, *_ in answers])
        for number, judge in enumerate(("one", "two", "rule_graders")):
            rows = [verdict(row, judge, words[number]) for row, *words in answers if words[number]]
            if judge == "rule_graders":
                graded = {"how": "box", "strict": True, "lenient": True, "extracted": "17", "reply": ""}
                rows = [row | graded for row in rows]
            elif model_id == REASONING:
                rows = [row | {"extraction": f"I see {HOSTILE}", "extracted": "17"} for row in rows]
            elif model_id == TEACHER[1]:
                rows = [row | {"reply": "", "judge_tokens": 0, "judge_prompt_tokens": 0} for row in rows]
            if rows:
                put(tmp_path / "verdicts" / judge / model_id, "verdicts", rows)
    return tmp_path


def put(folder: Path, schema: str, rows: list[dict]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_table(table_from_rows(rows, schema), folder / "math_500.parquet", schema)


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch):
    def call(script: str, *arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        runpy.run_path(str(root / "workflow" / "scripts" / script), run_name="__main__")

    return call


def item_page(run, results: Path, name: str = path_name(ITEM), **changes: str) -> Page:
    options = {
        "--results": results,
        "--study": "tiny",
        "--items": results / "benchmarks" / "math_500.parquet",
        "--item": name,
        "--model-ids": MODELS,
        "--judges": ["one", "two", "rule_graders"],
        "--jurors": ["one", "two"],
        "--jury": '{"majority": "readable", "tie": "undecided"}',
        "--templates": '{"small": "chatml"}',
        "--modes": '{"ift": {"system": "/no_think"}, "reasoning": {"template": {"enable_thinking": true}}}',
        "--seed": 0,
        "--complete": ["scores", "results/tiny/tables/length_limits.csv"],
        "--output": results / "page.html",
    } | {f"--{option}": value for option, value in changes.items()}
    words = [[option, *(value if isinstance(value, list) else [value])] for option, value in options.items()]
    run("inspect_item.py", *(word for line in words for word in line))
    page = Page((results / "page.html").read_text(encoding="utf-8"))
    check_harmless(page)
    return page


# ---- names ----


@given(st.text(min_size=1, max_size=400))
def test_a_name_is_safe_and_stands_for_one_id(item_id: str) -> None:
    try:
        item_id.encode()
    except UnicodeEncodeError:
        return  # no table can hold half a sign
    name = path_name(item_id)
    assert re.fullmatch(r"[A-Za-z0-9_%~-][A-Za-z0-9_.%~-]*", name) and len(name) <= LONGEST
    assert check_name(name, "folder") == name
    assert "~" in name or unquote(name) == item_id
    assert id_of_name(name, ["another", f"{item_id}!", item_id], "table") == item_id


@pytest.mark.parametrize(
    ("item_id", "name"),
    [
        (ITEM, "test%2Falgebra%2F2584.json"),
        ("..", "%2E."),
        (".hidden", "%2Ehidden"),
        ("50%2F", "50%252F"),
        ("a~b c", "a%7Eb%20c"),
        ("ü", "%C3%BC"),
        ("7-980", "7-980"),
    ],
)
def test_how_ids_are_spelled(item_id: str, name: str) -> None:
    assert path_name(item_id) == name


def test_long_ids_that_begin_alike_have_different_names() -> None:
    names = {path_name("x" * 300), path_name("x" * 301), path_name("x" * LONGEST)}
    assert len(names) == 3 and {len(name) for name in names} == {LONGEST}


@pytest.mark.parametrize("asked", ["a/b", "..", ".x", "a b", "%2f", "%41", "%FF", "a~b", "~" + "0" * 16, "", "a%"])
def test_what_is_no_name_is_refused_with_the_right_one(asked: str) -> None:
    with pytest.raises(StudyError, match="invalid encoding of an id") as error:
        check_name(asked, "results/tiny/inspect/items/math_500")
    assert str(error.value.remedy).startswith("use results/tiny/inspect/items/math_500/")


def test_a_raw_id_is_answered_with_its_name() -> None:
    with pytest.raises(StudyError, match=r"use folder/test%2Falgebra%2F2584\.json\.html"):
        check_name(ITEM, "folder")


def test_an_unknown_item_is_answered_with_the_nearest(run, results: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        item_page(run, results, "test%2Falgebra%2F2585.json")
    said = capsys.readouterr().err
    assert "found: test/algebra/2585.json" in said and f"the closest: {ITEM}" in said
    assert "use test%2Falgebra%2F2584.json.html" in said and "math_500.parquet" in said
    assert not (results / "page.html").exists()


# ---- the page of an item ----


@pytest.mark.slow
def test_all_words_are_on_the_page(run, results: Path) -> None:
    page = item_page(run, results)
    visible = HOSTILE.replace("\u202e", "[U+202E]").replace("\0", "[U+0000]")
    assert page.text.count(visible) >= 5  # question, prompts, answer twice, the judges' first step
    assert LONG in page.text
    assert "18 | eighteen" in page.text and "18 or eighteen" in page.text
    assert "one thinks: \\boxed{yes}" in page.text and "two thinks: \\boxed{no}" in page.text
    assert "7 prompt tokens, 4,321 answer tokens, truncated at the length limit" in page.text
    assert "how: box; strict: True; lenient: True" in page.text
    assert "unfinished reasoning (15 characters)" in page.text
    assert "one was skipped" in page.text
    assert "the majority of readable verdicts of one, two; ties count as undecided" in page.text


@pytest.mark.slow
def test_marks_lead_to_answers_and_need_no_colour(run, results: Path) -> None:
    page = item_page(run, results)
    marks: dict[str, list[str]] = {}
    for target, mark in page.links:
        if target != "#who":
            model_id = target[1:]
            marks.setdefault(model_id, []).append(mark)
            assert page.row(f"{mark} {model_id}")  # the heading of its answer
    assert marks == {
        TEACHER[0]: ["✓ right"],
        TEACHER[1]: ["✗ wrong"],
        # at ratios 0 and 1 both curricula are the same training: two places lead to it
        IFT: 2 * ["= undecided"],
        REASONING: 2 * ["✗ wrong ✂ truncated ≠ rules"],
        MIXED: ["? unparsable"],
        BASE: ["✓ 1 of 2"],
        LIMITED: ["… not judged"],
    }
    assert {target[1:] for target, _ in page.links} <= page.identified()


def test_what_is_missing_is_said(run, results: Path) -> None:
    page = item_page(run, results)
    assert page.row("No answers yet: 1 of 8 models", ADAPTED)
    assert page.row("Not judged yet by two: 1 of 8 models", LIMITED)
    assert "Not judged yet by one" not in page.text
    assert "snakemake -- scores results/tiny/tables/length_limits.csv" in page.text
    assert "– no answer" in page.text and "7 of 8" in page.text
    assert "2 of 7right answers" in page.text  # of those that the jury has decided


def test_nothing_at_all_is_a_page_too(run, results: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    (empty / "benchmarks").mkdir(parents=True)
    (results / "benchmarks" / "math_500.parquet").rename(empty / "benchmarks" / "math_500.parquet")
    page = item_page(run, empty)
    assert "No answers yet: 8 of 8 models" in page.text and "0 of 8" in page.text
    assert "base students, 1 example, no chat template: the few-shot examples do not exist yet" in page.text


def test_prompts_as_they_are_sent(run, results: Path) -> None:
    text = item_page(run, results).text
    assert "<|im_start|>user\nSolve it.\n\n2+</pre>" in text and "<|im_end|>\n<|im_start|>assistant\n" in text
    assert "system:\n/no_think\n\nuser:\nSolve it." in text
    assert "options of its chat template: {'enable_thinking': True}" in text
    assert "Question: an example?\nAnswer: \\boxed{3}\n\nQuestion: 2+" in text


def test_graders_alone_decide(run, results: Path) -> None:
    page = item_page(run, results, judges=["rule_graders"], jurors=["rule_graders"])
    assert page.links.count((f"#{REASONING}", "✓ right ✂ truncated")) == 2
    assert "The jury is rule_graders alone." in page.text and "The jury:" not in page.text


def test_chat_formats_are_rendered_to_where_the_answer_begins() -> None:
    said = [{"role": "user", "content": "2+2?"}]
    assert render_chat("chatml", said) == "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"
    assert render_chat("gemma", said) == "<bos><start_of_turn>user\n2+2?<end_of_turn>\n<start_of_turn>model\n"
    assert {name for name in STOP_TOKENS if render_chat(name, said)} == set(STOP_TOKENS)


# ---- the page of a prompt ----

IDS = {"kept": "0" * 16, "unfinished": "1" * 16, "benchmark_overlap": "2" * 16}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three prompts in two shards: one is kept, one answer has no end, one prompt overlaps with an item."""
    prompts = {IDS["kept"]: f"what is {HOSTILE}?", IDS["unfinished"]: "and this?", IDS["benchmark_overlap"]: "a test?"}
    questions = [{"prompt_id": key, "corpus": "math", "prompt": text} for key, text in prompts.items()]
    overlap = {
        "prompt_id": IDS["benchmark_overlap"],
        "benchmark": "math_500",
        "item_id": ITEM,
        "shared_words": "a test",
    }
    for folder in ("prompts", "pairs/math/ift", "pairs/math/reasoning", "tokens/math/tok", "mixtures/math/seq"):
        (tmp_path / folder).mkdir(parents=True)
    frames = {"questions": table_from_rows(questions, "prompts"), "overlaps": table_from_rows([overlap], "overlaps")}
    write_table(frames["questions"], tmp_path / "prompts" / "math.parquet", "prompts")
    write_table(frames["overlaps"], tmp_path / "prompts" / "math.overlaps.parquet", "overlaps")
    maker, pairs = PairMaker(frames["overlaps"], teacher="big", sampling="{}", seed=0), []
    for shard, part in enumerate((frames["questions"][:1], frames["questions"][1:])):
        both = []
        for name, text in (("ift", "plain {}"), ("reasoning", "<think>hm</think>long {}")):
            rows = [
                {"prompt_id": row["prompt_id"], "prompt": row["prompt"], "prompt_tokens": 3, "answer_tokens": 1234}
                | {"answer": text.format(HOSTILE.replace("\0", "")), "finish_reason": "stop"}  # NUL would cost the pair
                for row in part.iter_rows(named=True)
            ]
            for row in rows:
                if (row["prompt_id"], name) == (IDS["unfinished"], "reasoning"):
                    row["finish_reason"] = "length"
            both.append(table_from_rows(rows, "generations"))
            write_table(both[-1], tmp_path / "pairs" / "math" / name / f"shard-{shard}-of-2.parquet", "generations")
        pairs.append(maker.pair(part, *both))
    write_table(pairs[0], tmp_path / "pairs" / "math.parquet", "pairs")
    write_audit(maker.audit, tmp_path / "pairs" / "math.audit.csv", tmp_path / "pairs" / "math.audit.json")
    counts = [{"prompt_id": IDS["kept"], "prompt_tokens": 10, "ift_tokens": 20, "reasoning_tokens": 91}]
    write_table(table_from_rows(counts, "token_counts"), tmp_path / "tokens/math/tok/counts.parquet", "token_counts")
    mixed = [{"position": 0, "phase": 1, "prompt_id": IDS["kept"], "format": "reasoning"}]
    write_table(table_from_rows(mixed, "mixture"), tmp_path / "mixtures/math/seq/rho-1.parquet", "mixture")
    return tmp_path


def prompt_page(run, results: Path, prompt: str) -> Page:
    output = results / "prompt.html"
    run(
        "inspect_prompt.py", "--results", results, "--study", "tiny", "--corpus", "math", "--shards", 2, "--prompt",
        prompt,
        "--mixtures", "seq/rho-0.25", "seq/rho-1", "--max-length", 100, "--overlong", "drop", "--output", output,
    )  # fmt: skip
    page = Page(output.read_text(encoding="utf-8"))
    check_harmless(page)
    return page


def test_a_prompt_that_students_learn_from(run, corpus: Path) -> None:
    page = prompt_page(run, corpus, IDS["kept"])
    visible = HOSTILE.replace("\u202e", "[U+202E]").replace("\0", "[U+0000]")
    assert page.text.count(visible) == 1 and page.text.count(visible.replace("[U+0000]", "")) == 2
    assert page.row("✓ kept", "kept ← this one")
    assert page.row("1,234 tokens (teacher's tokenizer), finish reason stop", "plain", "1,234 tokens", "long")
    assert page.row("tok", "10", "20", "91", "ift: yes; reasoning: no, dropped")
    assert page.row("seq/rho-0.25", "not mixed yet", "seq/rho-1", "reasoning", "1", "0")
    assert "shares no n-gram" in page.text


def test_why_a_prompt_was_dropped(run, corpus: Path) -> None:
    cut = prompt_page(run, corpus, IDS["unfinished"])
    assert cut.row("✗ dropped", "(unfinished)", "one of the answers hit the length limit", "unfinished ← this one")
    assert cut.row("finish reason stop", "finish reason length ✂ truncated at the length limit")
    assert cut.row("seq/rho-1", "not in it")
    overlap = prompt_page(run, corpus, IDS["benchmark_overlap"])
    assert overlap.row("✗ dropped", "(benchmark_overlap)", "benchmark_overlap ← this one")
    assert overlap.row(
        "math_500", ITEM, "results/tiny/inspect/items/math_500/test%2Falgebra%2F2584.json.html", "a test"
    )


def test_a_prompt_of_which_little_is_known(run, corpus: Path) -> None:
    for file in (corpus / "pairs" / "math").rglob("*.parquet"):
        file.unlink()
    assert "one of the reasons below applies" in prompt_page(run, corpus, IDS["unfinished"]).text
    assert "plain" in prompt_page(run, corpus, IDS["kept"]).text  # a pair has the answers too
    for file in ("pairs/math.parquet", "pairs/math.audit.json", "prompts/math.overlaps.parquet"):
        (corpus / file).unlink()
    page = prompt_page(run, corpus, IDS["kept"])
    assert "… no pairs yet" in page.text and "Overlaps have not been computed yet." in page.text
    assert page.text.count("– not answered yet") == 2


def test_answers_that_are_younger_than_the_pairs(run, corpus: Path) -> None:
    write_table(table_from_rows([], "pairs"), corpus / "pairs" / "math.parquet", "pairs")
    assert "? not in the pairs" in prompt_page(run, corpus, IDS["kept"]).text


def test_an_unknown_prompt_is_answered_with_its_neighbours(run, corpus: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        prompt_page(run, corpus, "1" * 15 + "2")
    said = capsys.readouterr().err
    assert "unknown prompt" in said and f"found: {'1' * 15}2" in said
    assert f"{IDS['unfinished']}, {IDS['benchmark_overlap']}" in said


# ---- pages ----


def test_an_inspection_page_is_old_when_there_is_more_to_see(tmp_path: Path) -> None:
    files = [tmp_path / name for name in "ab"]
    states = [state_of(files)]
    for file in files:
        file.write_text("")
        states.append(state_of(files))
    files[0].write_text("more")
    states.append(state_of(files))
    assert len(set(states)) == 4
    assert state_of(files) == states[-1]
    assert json.dumps(states)  # texts, as Snakemake compares them


def test_verdicts_have_what_pages_show() -> None:
    shown = {"extraction", "reply", "extracted", "how", "strict", "lenient", "exact_match", "f1", "judge_tokens"}
    assert shown <= set(SCHEMAS["verdicts"])
