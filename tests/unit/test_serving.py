"""Several answers per item: votes of models, their FLOPs, and the table with intervals and frontiers."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from made_outcomes import training_costs
from programs import call

from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.serving import SINGLE, cut_at, evidence_of_servings, serving_table
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import read_csv_table, read_table, table_from_rows, write_table
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.formulas import generation_flops
from scale_or_reason.scoring.servings import EXTRACT_COLUMNS, model_servings, numbers_of_votes

SMALL, LARGE = "general/small/seq/rho-1/seed-0", "general/large/seq/rho-0/seed-0"
ARCHITECTURE = Architecture(layers=2, hidden=8, feed_forward=16, heads=2, vocabulary=50)
FAMILIES = {"gsm8k": "Math-OE", "aime": "Math-OE", "ifeval": "General-OE"}
SIZES = {"small": 1.0, "large": 7.0}
GOLD = "7"


def answers_of(model: str, texts: dict[str, list[list[str | None]]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Outcomes and extracts of a model from the extracted answers by benchmark, item and sample; "7" is right."""
    outcomes, extracts = [], []
    for benchmark, items in texts.items():
        for item, samples in enumerate(items):
            for sample, text in enumerate(samples):
                key = {"model_id": model, "benchmark": benchmark, "item_id": f"{item}", "sample": sample}
                tokens = 20 + 10 * sample
                flops = float(generation_flops(ARCHITECTURE, 30, tokens))
                lengths = {"prompt_tokens": 30, "answer_tokens": tokens, "flops": flops}
                outcomes.append(key | lengths | {"right": text == GOLD})
                extracts.append(key | {"extracted": text})
    return table_from_rows(outcomes, "outcomes"), pl.DataFrame(
        extracts, dict.fromkeys(EXTRACT_COLUMNS, pl.String()) | {"sample": pl.Int64()}
    )


def items_of(outcomes: pl.DataFrame) -> dict:
    keys = outcomes.select("benchmark", "item_id").unique().iter_rows()
    return {key: {"gold": [GOLD], "choices": [], "extra": "{}"} for key in keys}


def test_numbers_of_votes() -> None:
    assert [numbers_of_votes(count) for count in (1, 2, 5, 8)] == [[1], [1, 2], [1, 2, 4, 5], [1, 2, 4, 8]]


def test_votes_and_flops_of_an_item() -> None:
    outcomes, extracts = answers_of(SMALL, {"gsm8k": [["7", "7", "3"]]})
    table = model_servings(outcomes, extracts, items_of(outcomes), ARCHITECTURE)
    assert table.select("k", "accuracy", "pass_at_k").rows() == [
        (1, pytest.approx(2 / 3), pytest.approx(2 / 3)),
        (2, pytest.approx(2 / 3), 1.0),
        (3, 1.0, 1.0),
    ]
    # every subset by hand: the prompt once, then each answer after it
    each = [float(generation_flops(ARCHITECTURE, 30, tokens)) for tokens in (20, 30, 40)]
    prompt = float(generation_flops(ARCHITECTURE, 30, 0))
    for k, flops, tokens in table.select("k", "flops", "answer_tokens").iter_rows():
        subsets = [sum(chosen) - (k - 1) * prompt for chosen in combinations(each, k)]
        assert flops == pytest.approx(sum(subsets) / len(subsets))
        assert tokens == pytest.approx(30 * k)


def test_what_cannot_vote_has_pass_at_k_only() -> None:
    outcomes, extracts = answers_of(SMALL, {"ifeval": [["7", "3"]]})
    for read in (extracts, None):
        table = model_servings(outcomes, read, items_of(outcomes), None)
        assert table.select("k", "accuracy", "pass_at_k", "flops").rows() == [(1, 0.5, 0.5, None), (2, None, 1.0, None)]


def test_a_percentile_is_one_serving_with_tokens_of_its_own() -> None:
    """Two seeds and two benchmarks, each with other tokens; votes are within the percentile, too."""
    costs = training_costs({f"general/small/seq/rho-1/seed-{seed}": 1.0 for seed in (0, 1)})
    made = []
    for seed, tokens in ((0, {"gsm8k": 10, "aime": 20}), (1, {"gsm8k": 13, "aime": None})):
        model = f"general/small/seq/rho-1/seed-{seed}"
        for own, resolved in ((model, None), (f"{model}/think-tokens-p50", tokens), (f"{model}/think-tokens-12", None)):
            tables = answers_of(own, {name: [["7", "3"]] * 3 for name in tokens})
            made.append(model_servings(*tables, items_of(tables[0]), ARCHITECTURE, resolved))
    servings, families = pl.concat(made), {"gsm8k": "Math-OE", "aime": "Math-OE"}
    evidence = evidence_of_servings(servings, costs, families, SIZES, 0, 20)
    expected = ["single", "vote@2", "budget-12", "budget-12 vote@2", "budget-p50", "budget-p50 vote@2"]
    assert [serving.name for serving in evidence] == expected
    table = serving_table(evidence, evidence, cut_at(servings, families)).filter(k=1).drop_nulls("budget")
    assert table.select("family", "benchmark", "budget", "percentile").sort(pl.all(), nulls_last=True).rows() == [
        ("Math-OE", "aime", 12, None),
        ("Math-OE", "aime", 20, 50),  # the seed without thoughts there is left out
        ("Math-OE", "gsm8k", 12, 50),  # the mean of 10 and 13, rounded to even
        ("Math-OE", "gsm8k", 12, None),
        ("Math-OE", None, 12, None),
        ("Math-OE", None, 16, 50),
    ]


def test_an_answer_without_item_is_refused() -> None:
    outcomes, extracts = answers_of(SMALL, {"gsm8k": [["7", "3"]]})
    with pytest.raises(StudyError, match=r"belongs to no item[\s\S]*gsm8k / 0"):
        model_servings(outcomes, extracts, {}, None)


#: Of four answers to each of 12 items three agree on the right one: votes win what single answers lose.
AGREED = [["7", "7", "7", str(item % 3)] for item in range(12)]
MIXED = {"gsm8k": AGREED, "aime": [["7"], ["3"]], "ifeval": [["7", "3"]] * 4}


@pytest.fixture(scope="module")
def votes() -> pl.DataFrame:
    made = [answers_of(SMALL, MIXED), answers_of(LARGE, {"gsm8k": [["7"] if item else ["3"] for item in range(12)]})]
    return pl.concat([model_servings(*tables, items_of(tables[0]), ARCHITECTURE) for tables in made])


@pytest.fixture(scope="module")
def table(votes: pl.DataFrame) -> pl.DataFrame:
    costs = training_costs({SMALL: 1e15, LARGE: 1e15})
    kinds = [
        evidence_of_servings(votes, costs, FAMILIES, SIZES, 0, 200, measure) for measure in ("accuracy", "pass_at_k")
    ]
    return serving_table(*kinds, {})


def test_the_table_of_servings(table: pl.DataFrame) -> None:
    small = table.filter(student="small", benchmark="gsm8k")
    assert small["serving"].to_list() == ["single", "vote@2", "vote@4"]
    assert small["accuracy"].to_list() == pytest.approx([0.75, 0.75, 1.0])
    assert small["pass_at_k"].to_list() == pytest.approx([0.75, 1.0, 1.0])
    assert small["gain"].to_list() == [None, pytest.approx(0), pytest.approx(0.25)]
    assert (small["accuracy_low"] <= small["accuracy"]).all()
    assert (small["accuracy"] <= small["accuracy_high"]).all()
    # two votes cost more and win nothing; the large model answers once and is better than one answer of the small one
    assert table.filter(benchmark="gsm8k").select("student", "serving", "on_frontier").rows() == [
        ("large", "single", True),
        ("small", "single", False),
        ("small", "vote@2", False),
        ("small", "vote@4", True),
    ]


def test_families_need_all_of_their_benchmarks(table: pl.DataFrame) -> None:
    families = table.filter(pl.col("benchmark").is_null())
    assert families.select("student", "family", "serving").rows() == [
        ("small", "General-OE", "single"),
        ("small", "General-OE", "vote@2"),
        ("small", "Math-OE", "single"),
    ]
    assert families.filter(serving="vote@2")["accuracy"].to_list() == [None]  # instructions cannot vote


def test_single_answers_are_those_of_the_other_tables(votes: pl.DataFrame) -> None:
    """The same weights of the same items: accuracies and intervals agree to the last bit."""
    made = answers_of(SMALL, MIXED)[0]
    costs = training_costs({SMALL: 1e15})
    own = evidence_of_servings(votes.filter(model_id=SMALL), costs, FAMILIES, SIZES, 0, 50)[SINGLE]
    usual = bootstrap(made, costs, FAMILIES, SIZES, 0, 50)
    assert (own.get("accuracy", 0, "aime") == usual.get("accuracy", 0, "aime")).all()
    assert own.get("accuracy", 0, "gsm8k") == pytest.approx(usual.get("accuracy", 0, "gsm8k"))


def test_the_program(root: Path, tmp_path: Path) -> None:
    outcomes, extracts = answers_of(SMALL, {"gsm8k": AGREED, "aime": [["7"]]})
    write_table(outcomes, tmp_path / "outcomes.parquet", "outcomes")
    write_table(training_costs({SMALL: 1e15}), tmp_path / "costs.parquet", "costs")
    of_items = [
        {"benchmark": "gsm8k", "item_id": str(item), "prompt": "?", "question": "?"} | items_of(outcomes)["gsm8k", "0"]
        for item in range(12)
    ]
    write_table(table_from_rows(of_items, "items"), tmp_path / "gsm8k.parquet", "items")
    graded = [
        row | {"judge": "rule_graders", "verdict": "no", "reply": "", "how": "box"}
        for row in extracts.filter(benchmark="gsm8k").to_dicts()
    ]
    verdicts = tmp_path / "verdicts/rule_graders" / SMALL / "gsm8k.parquet"
    verdicts.parent.mkdir(parents=True)
    write_table(table_from_rows(graded, "verdicts"), verdicts, "verdicts")
    shape = {"num_hidden_layers": 2, "hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2", "vocab_size": 50} | shape))
    families = [{"name": "Math-OE", "benchmarks": ["gsm8k", "aime"]}]
    # under a budget half of the items are right, with ten tokens each
    budget, halves = f"{SMALL}/think-tokens-5", ["yes", "no"] * 6
    key = {"model_id": budget, "benchmark": "gsm8k", "sample": 0}
    length = {"prompt_tokens": 30, "answer_tokens": 10, "answer": "", "finish_reason": "stop"}
    answers = [key | length | {"item_id": str(item)} for item in range(12)]
    write_table(table_from_rows(answers, "answers"), tmp_path / "answers" / budget / "gsm8k.parquet", "answers")
    judged = [key | {"item_id": str(item), "judge": "j", "verdict": verdict} for item, verdict in enumerate(halves)]
    write_table(table_from_rows(judged, "verdicts"), tmp_path / "verdicts/j" / budget / "gsm8k.parquet", "verdicts")
    # the same at a percentile, whose tokens the manifest has
    middle = budget.replace("-5", "-p50")
    for kind, schema in (("answers", "answers"), ("verdicts/j", "verdicts")):
        own = read_table(tmp_path / kind / budget / "gsm8k.parquet", schema).with_columns(model_id=pl.lit(middle))
        write_table(own, tmp_path / kind / middle / "gsm8k.parquet", schema)
    resolved = {"settings": {"think_percentile": 50, "resolved_tokens": {"gsm8k": 7}}}
    (tmp_path / "answers" / middle / "manifest.json").write_text(json.dumps(resolved))
    files = {name: tmp_path / f"{name}.parquet" for name in ("outcomes", "costs")}
    options = {**files, "items": tmp_path / "gsm8k.parquet", "verdicts": tmp_path / "verdicts", "seed": 0}
    options |= {"families": json.dumps(families), "sizes": json.dumps(SIZES), "replicates": 20}
    options |= {"architectures": f"small={tmp_path / 'config.json'}", "servings": tmp_path / "servings.parquet"}
    options |= {"answers": tmp_path / "answers", "jurors": "j", "jury": "{}"}
    options |= {"budgets": budget, "budget-benchmarks": "gsm8k"}
    options |= {"contrasts": tmp_path / "contrasts.csv"}
    options |= {"parquet": tmp_path / "table.parquet", "csv": tmp_path / "table.csv"}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    words.insert(words.index(budget) + 1, middle)
    call(root, "measure_test_time.py", *words, "--rule-graders")
    found = read_table(tmp_path / "table.parquet", "test_time")
    gsm8k = found.filter(benchmark="gsm8k")
    assert gsm8k["serving"].to_list() == ["single", "vote@2", "vote@4", "budget-5", "budget-p50"]
    assert gsm8k["accuracy"].to_list() == pytest.approx([0.75, 0.75, 1.0, 0.5, 0.5])
    assert gsm8k["gain"].to_list()[1:] == pytest.approx([0, 0.25, -0.25, -0.25])
    assert gsm8k.select("budget", "percentile").rows()[2:] == [(None, None), (5, None), (7, 50)]
    assert gsm8k["inference_flops"][3] == pytest.approx(float(generation_flops(ARCHITECTURE, 30, 10)))
    assert read_csv_table(tmp_path / "table.csv", "test_time").height == found.height
    assert read_csv_table(tmp_path / "contrasts.csv", "test_time_contrasts").is_empty()  # there is no IFT student
    servings = read_table(tmp_path / "servings.parquet", "servings")
    assert servings.filter(pl.col("k") == 4).height == 12 and set(servings["flops_by"]) == {"papers"}

    # the same answers, all but the first of each item beside the table of outcomes: the same tables
    further, first = f"{SMALL}/samples-4", pl.col("sample") == 0
    write_table(outcomes.filter(first), tmp_path / "outcomes.parquet", "outcomes")
    rest = outcomes.filter(~first).with_columns(model_id=pl.lit(further))
    texts = [row | {"answer": "", "finish_reason": "stop"} for row in rest.drop("right", "flops").to_dicts()]
    write_table(table_from_rows(texts, "answers"), tmp_path / "answers" / further / "gsm8k.parquet", "answers")
    judged = [
        {name: row[name] for name in ("model_id", "benchmark", "item_id", "sample")}
        | {"judge": "j", "verdict": "yes" if row["right"] else "no"}
        for row in rest.to_dicts()
    ]
    write_table(table_from_rows(judged, "verdicts"), tmp_path / "verdicts/j" / further / "gsm8k.parquet", "verdicts")
    own = read_table(verdicts, "verdicts")
    write_table(own.filter(first), verdicts, "verdicts")
    beside = tmp_path / "verdicts/rule_graders" / further / "gsm8k.parquet"
    write_table(own.filter(~first).with_columns(model_id=pl.lit(further)), beside, "verdicts")
    split = ["--further", further, "--further-benchmarks", "gsm8k"]
    call(root, "measure_test_time.py", *words, *split, "--rule-graders")
    assert read_table(tmp_path / "table.parquet", "test_time").equals(found)
    assert read_table(tmp_path / "servings.parquet", "servings").sort(pl.all()).equals(servings.sort(pl.all()))
    # of a model with another ending there are no further answers
    split[1] = f"{SMALL}/think-tokens-5"
    with pytest.raises(SystemExit):
        call(root, "measure_test_time.py", *words, *split, "--rule-graders")
