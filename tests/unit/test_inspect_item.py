"""The inspection page of an item: all of its answers and verdicts, whatever the texts hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspection_pages import HOSTILE, ITEM, VISIBLE, Page, page_in
from programs import call

from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.reporting.inspect.names import path_name
from scale_or_reason.training.chat_templates import STOP_TOKENS, render_chat

LONG = "step by step " * 80_000  # a megabyte
STUDENT = "general/small/{}/rho-{}/seed-0"
IFT, REASONING, MIXED = STUDENT.format("seq", 0), STUDENT.format("seq", 1), STUDENT.format("mix", 0.5)
TEACHER = ["teacher/big/ift", "teacher/big/reasoning"]
BASE, ADAPTED, LIMITED = "base/small/shots-1", "adapted/small/ift-then-ift/seed-0", f"{REASONING}/max-tokens-99"
MODELS = [*TEACHER, IFT, REASONING, MIXED, ADAPTED, BASE, LIMITED]


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


def item_page(root: Path, results: Path, name: str = path_name(ITEM), **changes: str) -> Page:
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
    call(root, "inspect_item.py", *(word for line in words for word in line))
    return page_in(results / "page.html")


def test_an_unknown_item_is_answered_with_the_nearest(root: Path, results: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        item_page(root, results, "test%2Falgebra%2F2585.json")
    said = capsys.readouterr().err
    assert "found: test/algebra/2585.json" in said and f"the closest: {ITEM}" in said
    assert "use test%2Falgebra%2F2584.json.html" in said and "math_500.parquet" in said
    assert not (results / "page.html").exists()


@pytest.mark.slow
def test_all_words_are_on_the_page(root: Path, results: Path) -> None:
    page = item_page(root, results)
    assert page.text.count(VISIBLE) >= 5  # question, prompts, answer twice, the judges' first step
    assert LONG in page.text
    assert "18 | eighteen" in page.text and "18 or eighteen" in page.text
    assert "one thinks: \\boxed{yes}" in page.text and "two thinks: \\boxed{no}" in page.text
    assert "7 prompt tokens, 4,321 answer tokens, truncated at the length limit" in page.text
    assert "how: box; strict: True; lenient: True" in page.text
    assert "unfinished reasoning (15 characters)" in page.text
    assert "one was skipped" in page.text
    assert "the majority of readable verdicts of one, two; ties count as undecided" in page.text


@pytest.mark.slow
def test_marks_lead_to_answers_and_need_no_colour(root: Path, results: Path) -> None:
    page = item_page(root, results)
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


def test_what_is_missing_is_said(root: Path, results: Path) -> None:
    page = item_page(root, results)
    assert page.row("No answers yet: 1 of 8 models", ADAPTED)
    assert page.row("Not judged yet by two: 1 of 8 models", LIMITED)
    assert "Not judged yet by one" not in page.text
    assert "snakemake -- scores results/tiny/tables/length_limits.csv" in page.text
    assert "– no answer" in page.text and "7 of 8" in page.text
    assert "2 of 7right answers" in page.text  # of those that the jury has decided


def test_nothing_at_all_is_a_page_too(root: Path, results: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    (empty / "benchmarks").mkdir(parents=True)
    (results / "benchmarks" / "math_500.parquet").rename(empty / "benchmarks" / "math_500.parquet")
    page = item_page(root, empty)
    assert "No answers yet: 8 of 8 models" in page.text and "0 of 8" in page.text
    assert "base students, 1 example, no chat template: the few-shot examples do not exist yet" in page.text


def test_prompts_as_they_are_sent(root: Path, results: Path) -> None:
    text = item_page(root, results).text
    assert "<|im_start|>user\nSolve it.\n\n2+</pre>" in text and "<|im_end|>\n<|im_start|>assistant\n" in text
    assert "system:\n/no_think\n\nuser:\nSolve it." in text
    assert "options of its chat template: {'enable_thinking': True}" in text
    assert "Question: an example?\nAnswer: \\boxed{3}\n\nQuestion: 2+" in text


def test_graders_alone_decide(root: Path, results: Path) -> None:
    page = item_page(root, results, judges=["rule_graders"], jurors=["rule_graders"])
    assert page.links.count((f"#{REASONING}", "✓ right ✂ truncated")) == 2
    assert "The jury is rule_graders alone." in page.text and "The jury:" not in page.text


def test_chat_formats_are_rendered_to_where_the_answer_begins() -> None:
    said = [{"role": "user", "content": "2+2?"}]
    assert render_chat("chatml", said) == "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"
    assert render_chat("gemma", said) == "<bos><start_of_turn>user\n2+2?<end_of_turn>\n<start_of_turn>model\n"
    assert {name for name in STOP_TOKENS if render_chat(name, said)} == set(STOP_TOKENS)


def test_verdicts_have_what_pages_show() -> None:
    shown = {"extraction", "reply", "extracted", "how", "strict", "lenient", "exact_match", "f1", "judge_tokens"}
    assert shown <= set(SCHEMAS["verdicts"])
