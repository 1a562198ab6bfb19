"""The inspection page of a prompt: what became of it, however little of it exists."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspection_pages import HOSTILE, ITEM, VISIBLE, Page, page_in
from programs import call

from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.data.pairs import PairMaker, write_audit

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


def prompt_page(root: Path, results: Path, prompt: str) -> Page:
    output = results / "prompt.html"
    call(
        root, "inspect_prompt.py", "--results", results, "--study", "tiny", "--corpus", "math", "--shards", 2,
        "--prompt", prompt, "--mixtures", "seq/rho-0.25", "seq/rho-1",
        "--max-length", 100, "--overlong", "drop", "--output", output,
    )  # fmt: skip
    return page_in(output)


def test_a_prompt_that_students_learn_from(root: Path, corpus: Path) -> None:
    page = prompt_page(root, corpus, IDS["kept"])
    assert page.text.count(VISIBLE) == 1 and page.text.count(VISIBLE.replace("[U+0000]", "")) == 2
    assert page.row("✓ kept", "kept ← this one")
    assert page.row("1,234 tokens (teacher's tokenizer), finish reason stop", "plain", "1,234 tokens", "long")
    assert page.row("tok", "10", "20", "91", "ift: yes; reasoning: no, dropped")
    assert page.row("seq/rho-0.25", "not mixed yet", "seq/rho-1", "reasoning", "1", "0")
    assert "shares no n-gram" in page.text


def test_why_a_prompt_was_dropped(root: Path, corpus: Path) -> None:
    cut = prompt_page(root, corpus, IDS["unfinished"])
    assert cut.row("✗ dropped", "(unfinished)", "one of the answers hit the length limit", "unfinished ← this one")
    assert cut.row("finish reason stop", "finish reason length ✂ truncated at the length limit")
    assert cut.row("seq/rho-1", "not in it")
    overlap = prompt_page(root, corpus, IDS["benchmark_overlap"])
    assert overlap.row("✗ dropped", "(benchmark_overlap)", "benchmark_overlap ← this one")
    assert overlap.row(
        "math_500", ITEM, "results/tiny/inspect/items/math_500/test%2Falgebra%2F2584.json.html", "a test"
    )


def test_a_prompt_of_which_little_is_known(root: Path, corpus: Path) -> None:
    for file in (corpus / "pairs" / "math").rglob("*.parquet"):
        file.unlink()
    assert "one of the reasons below applies" in prompt_page(root, corpus, IDS["unfinished"]).text
    assert "plain" in prompt_page(root, corpus, IDS["kept"]).text  # a pair has the answers too
    for file in ("pairs/math.parquet", "pairs/math.audit.json", "prompts/math.overlaps.parquet"):
        (corpus / file).unlink()
    page = prompt_page(root, corpus, IDS["kept"])
    assert "… no pairs yet" in page.text and "Overlaps have not been computed yet." in page.text
    assert page.text.count("– not answered yet") == 2


def test_answers_that_are_younger_than_the_pairs(root: Path, corpus: Path) -> None:
    write_table(table_from_rows([], "pairs"), corpus / "pairs" / "math.parquet", "pairs")
    assert "? not in the pairs" in prompt_page(root, corpus, IDS["kept"]).text


def test_an_unknown_prompt_is_answered_with_its_neighbours(
    root: Path, corpus: Path, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit):
        prompt_page(root, corpus, "1" * 15 + "2")
    said = capsys.readouterr().err
    assert "unknown prompt" in said and f"found: {'1' * 15}2" in said
    assert f"{IDS['unfinished']}, {IDS['benchmark_overlap']}" in said
