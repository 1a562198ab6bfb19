"""Advice from the papers' published numbers, against the papers' formulas written out here."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from configs import load

from scale_or_reason.analysis.advice import advice
from scale_or_reason.analysis.advice_words import sentences
from scale_or_reason.claims.paper_advice import QUESTION_TOKENS, PaperAdvice, is_usable, paper_advice
from scale_or_reason.common.errors import StudyError
from scale_or_reason.flops.formulas import generated_tokens, generation_flops
from scale_or_reason.planning.shapes import shape_of
from scale_or_reason.study.learning_rates import Search

#: d, f, h, N, V of Qwen2.5
SHAPES = {
    0.5: (896, 4864, 14, 24, 151_936),
    1.5: (1536, 8960, 12, 28, 151_936),
    3: (2048, 11_008, 16, 36, 151_936),
    7: (3584, 18_944, 28, 28, 152_064),
    14: (5120, 13_824, 40, 48, 152_064),
}
PAIRS, PROMPT, ANSWER = 990_098, 558 / 4, {"ift": 1739 / 4, "reasoning": 10_364 / 4}


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of the shipped tables, to be changed."""
    shutil.copytree(root / "resources" / "papers", tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="module")
def published(root: Path) -> PaperAdvice:
    return paper_advice(root / "resources" / "papers")


def training_by_hand(size: float, answer: float) -> float:
    d, f, h, n, v = SHAPES[size]
    l = PROMPT + answer  # noqa: E741 (the paper's symbol)
    attention = 6 * l * d * d + 2 * l * l * d + 3 * l * l * h + 2 * l * l * d + 2 * l * d * d
    return PAIRS * 3 * (2 * l * v * d + attention * n + 4 * l * d * f * n + 2 * l * d * v)


def teacher_by_hand(answer: float) -> float:
    """Equations 4-6 for Qwen3-235B-A22B, of whose 128 experts 8 with 1536 units each are active."""
    d, f, h, n, v = 4096, 8 * 1536, 64, 94, 151_936
    p, g = PROMPT, answer
    prefill = 6 * p * d * d + 2 * p * p * d + 3 * p * p * h + 2 * p * p * d + 2 * p * d * d
    prefill = 2 * p * v * d + n * (prefill + 4 * p * d * f) + 2 * d * v  # logits at the last position only
    token = 4 * v * d + n * (8 * d * d + 4 * d * f)
    seen = g * p + g * (g + 1) / 2  # positions in the cache, over all steps
    return PAIRS * (prefill + g * token + n * seen * (4 * d + 3 * h))


def test_the_teachers_answers_are_paid_by_the_models_that_share_them(root: Path, published: PaperAdvice) -> None:
    half = paper_advice(root / "resources" / "papers", {"teacher": 0.5, "search": 0, "judging": 0})
    for before, after in zip(published.offered, half.offered, strict=True):
        assert not before.parts and list(after.parts) == ["teacher"]
        rows = [half.evidence.cells.row(cell, named=True) for cell in after.cells]
        for row, part in zip(rows, after.parts["teacher"], strict=True):
            name = "reasoning" if row["ratio"] else "ift"
            assert part == pytest.approx(teacher_by_hand(ANSWER[name]) / 2, rel=1e-9)
        assert after.once == pytest.approx(before.training + after.parts["teacher"])
    row = advised(half, 1e21, 1e6).row(0, named=True)
    assert row["best_lifetime"] == pytest.approx(row["training"] + row["teacher"] + 1e6 * row["answer"])
    assert any(note == "Counted besides training and answers: 50 % of the teacher's answers." for note in half.notes)


def test_what_is_counted_changes_the_choice(root: Path, published: PaperAdvice) -> None:
    """At 1e20 the 3B reasoning student is the best on Math-OE, but not if it pays for all of its teacher's answers."""
    alone = paper_advice(root / "resources" / "papers", {"teacher": 1, "search": 0, "judging": 0})
    assert training_by_hand(3, ANSWER["reasoning"]) < 1e20 < teacher_by_hand(ANSWER["reasoning"]) * 1.1
    best = dict(advised(alone, 1e20, 1e4).select("family", "best").iter_rows())
    assert best["Math-OE"] == "general/14B/seq/rho-0"
    assert dict(advised(published, 1e20, 1e4).select("family", "best").iter_rows())["Math-OE"].startswith("general/3B")


def test_the_search_is_its_rates_times_its_samples(root: Path) -> None:
    search = Search.from_config(load(root)["training"], (), "general")
    assert search.sequences == pytest.approx(7 * (20_000 + 1000 / 3))
    found = paper_advice(root / "resources" / "papers", {"teacher": 0, "search": 1, "judging": 1}, search)
    for offered in found.offered:
        assert list(offered.parts) == ["search"]
        assert offered.parts["search"] == pytest.approx(offered.training * search.sequences / PAIRS)
    assert "Not counted, since unknown: judging (the papers publish no tokens of verdicts)." in found.notes


def advised(published: PaperAdvice, budget: float, queries: float) -> pl.DataFrame:
    return advice(published.evidence, published.offered, budget, queries, "FLOPs")


def test_training_costs_are_equation_3_on_the_published_set(published: PaperAdvice) -> None:
    for offered in published.offered:
        rows = [published.evidence.cells.row(cell, named=True) for cell in offered.cells]
        assert {(row["size_b"], row["ratio"]) for row in rows} == {(size, r) for size in SHAPES for r in (0, 1)}
        for row, cost in zip(rows, offered.training, strict=True):
            name = "reasoning" if row["ratio"] else "ift"
            assert cost == pytest.approx(training_by_hand(row["size_b"], ANSWER[name]), rel=1e-9)


def test_only_the_plain_laws_of_general_cannot_be_used(published: PaperAdvice) -> None:
    (line,) = (note for note in published.notes if "imply fewer tokens" in note)
    assert line.endswith("General-MC IFT, General-OE IFT.")
    # 14B: 36 tokens for question and answer together, by the FLOPs of one cached token
    d, f, _, n, v = SHAPES[14]
    token = 4 * v * d + n * (8 * d * d + 4 * d * f)
    assert 2.10e11 * 14**0.58 / token == pytest.approx(36, abs=1)
    assert not is_usable(2.10e11, 0.58, [14], QUESTION_TOKENS["General-MC"])
    assert is_usable(3.42e12, 0.82, list(SHAPES), QUESTION_TOKENS["General-MC"])


def test_answers_by_power_law(published: PaperAdvice) -> None:
    offered = next(each for each in published.offered if each.task == "Math-OE")
    for cell, cost in zip(offered.cells, offered.answer, strict=True):
        row = published.evidence.cells.row(cell, named=True)
        alpha, beta = (2.67e13, 0.77) if row["ratio"] else (2.89e12, 0.87)
        assert cost == pytest.approx(alpha * row["size_b"] ** beta)


@pytest.mark.parametrize(
    ("budget", "best"),
    [
        (1e20, dict.fromkeys(("General-MC", "General-OE", "Math-MC"), "14B/seq/rho-0") | {"Math-OE": "3B/seq/rho-1"}),
        (1e21, dict.fromkeys(("General-MC", "General-OE", "Math-MC", "Math-OE"), "14B/seq/rho-1")),
    ],
)
def test_choices_for_ten_thousand_answers(published: PaperAdvice, budget: float, best: dict[str, str]) -> None:
    """The best of those whose training, by the formulas above, and few answers fit into the budget."""
    table = advised(published, budget, 1e4)
    assert dict(table.select("family", "best").iter_rows()) == {name: f"general/{cell}" for name, cell in best.items()}


def test_where_reasoning_and_ift_break_even(published: PaperAdvice) -> None:
    """7B reasoning beats 14B IFT on both; it is the last reasoning student to be paid that does."""
    table = dict(advised(published, 1e21, 1e4).select("family", "break_even_queries").iter_rows())
    left = 1e21 - training_by_hand(7, ANSWER["reasoning"])
    assert table["General-MC"] == pytest.approx(left / (3.42e12 * 7**0.82))  # 5e7
    assert table["Math-MC"] == pytest.approx(left / (2.29e13 * 7**0.68))  # 1e7
    assert (table["General-MC"], table["Math-MC"]) == (pytest.approx(5e7, rel=0.1), pytest.approx(1e7, rel=0.1))


def exact_training_by_hand(size: float, answer: float) -> float:
    """Every matrix product of Qwen2.5 with its key-value heads of 64 or 128 units and three feed-forward matrices."""
    d, f, h, n, v = SHAPES[size]
    kv = {0.5: 2, 1.5: 2, 3: 2, 7: 4, 14: 8}[size]
    l, width = PROMPT + answer, d / h  # noqa: E741 (the paper's symbol)
    per_token = 2 * d * width * (2 * h + 2 * kv) + 6 * d * f
    causal = 2 * 2 * h * width * l * (l + 1) / 2  # logits and weighted sums over the tokens so far
    return PAIRS * 3 * (n * (l * per_token + causal) + 2 * l * d * v)


def test_exact_flops(root: Path, published: PaperAdvice) -> None:
    """3B reasoning costs 2.40 times 7B IFT by the papers' formulas, and 2.19 times exactly."""
    exact = paper_advice(root / "resources" / "papers", count="exact")
    ratios = []
    for advice_of, by_hand in ((published, training_by_hand), (exact, exact_training_by_hand)):
        offered = advice_of.offered[0]
        cells = [advice_of.evidence.cells.row(cell, named=True) for cell in offered.cells]
        costs = {(row["size_b"], row["ratio"]): cost for row, cost in zip(cells, offered.training, strict=True)}
        for (size, ratio), cost in costs.items():
            assert cost == pytest.approx(by_hand(size, ANSWER["reasoning" if ratio else "ift"]), rel=1e-6)
        ratios.append(costs[3, 1] / costs[7, 0])
    assert ratios == [pytest.approx(2.40, abs=0.005), pytest.approx(2.19, abs=0.005)]
    assert any(note.startswith("FLOPs are counted by the papers' formulas") for note in published.notes)
    assert any(note.startswith("FLOPs are counted exactly") for note in exact.notes)


def test_exact_answers_have_the_tokens_of_the_power_laws(root: Path) -> None:
    """A decoded token of a 14B model takes two FLOPs per weight outside the embedding, and attention to its context."""
    model = shape_of("Qwen/Qwen2.5-14B", {}).architecture
    flops = 2.67e13 * 14**0.77
    tokens = float(generated_tokens(model, 98.3, flops))
    assert generation_flops(model, 98.3, tokens) == pytest.approx(flops, rel=1e-9)
    exact = paper_advice(root / "resources" / "papers", count="exact")
    offered = next(each for each in exact.offered if each.task == "Math-OE")
    names = [exact.evidence.name(cell) for cell in offered.cells]
    answer = offered.answer[names.index("general/14B/seq/rho-1")]
    weights, cache = 13.99e9, 2 * 2 * 48 * 5120 * (98.3 + tokens / 2)
    assert answer == pytest.approx(98.3 * 2 * 13.2e9 + tokens * (2 * weights + cache), rel=0.01)
    assert generated_tokens(model, 98.3, 0) < 0


def test_what_cannot_be_known_is_stated_and_not_made_up(published: PaperAdvice) -> None:
    table = advised(published, 1e21, 1e6)
    assert table["best_probability"].null_count() == table.height
    assert table["break_even_queries_low"].null_count() == table.height
    assert published.notes[-1].startswith("Not known from published numbers: intervals")
    assert len(sentences(table)) == 3


def test_question_lengths_are_those_of_the_plan(root: Path) -> None:
    config = load(root)
    tokens = config["plan"]["tokens"]["benchmark_prompts"]
    for family in config["study"]["families"]:
        if family["name"] in QUESTION_TOKENS:
            mean = sum(tokens[name] for name in family["benchmarks"]) / len(family["benchmarks"])
            assert QUESTION_TOKENS[family["name"]] == pytest.approx(mean, abs=0.05)


@pytest.mark.parametrize(
    ("file", "problem"),
    [("published_sets.csv", "missing"), ("v2_table1.csv", "missing"), ("v2_inference_power_law.csv", "missing")],
)
def test_without_a_table(folder: Path, file: str, problem: str) -> None:
    (folder / file).unlink()
    with pytest.raises(StudyError, match=f"a table of the papers is {problem}") as caught:
        paper_advice(folder)
    assert Path(str(caught.value.where)) == folder / file


def test_without_a_column(folder: Path) -> None:
    path = folder / "published_sets.csv"
    path.write_text(path.read_text().replace("pairs", "rows"))
    with pytest.raises(StudyError, match="lacks columns"):
        paper_advice(folder)


@pytest.mark.parametrize("rows", [0, 2])
def test_without_one_row_of_the_general_set(folder: Path, rows: int) -> None:
    path = folder / "published_sets.csv"
    head, general, _ = path.read_text().splitlines()
    path.write_text("\n".join([head, *[general] * rows]) + "\n")
    with pytest.raises(StudyError, match="needs the general set's lengths") as caught:
        paper_advice(folder)
    assert (caught.value.found, caught.value.expected) == (f"{rows} rows of general", "one")


def test_shipped_tables_are_the_papers(root: Path, shared_dir: Path) -> None:
    """Where the tables that were typed in from the papers are at hand."""
    for file in (shared_dir / "reference").glob("*.csv"):
        assert (root / "resources" / "papers" / file.name).read_text() == file.read_text()
