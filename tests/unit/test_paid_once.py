"""What a model costs once besides its training, against sums by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from configs import load
from made_outcomes import model_id, outcome_table

from scale_or_reason.analysis.advice import advice, grid_around, offers
from scale_or_reason.analysis.advice_words import costs_on_screen, hours_on_screen
from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.paid_once import asked_for, flops_paid_once, paid_once
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.estimate import Estimator
from scale_or_reason.planning.lifetimes import hours_paid_once, lifetime_hours
from scale_or_reason.planning.measured_hours import measured_hours
from scale_or_reason.study.cells import Adaptation, parse_model_id
from scale_or_reason.study.learning_rates import Search, formats_at
from scale_or_reason.study.study import Study

SMALL, LARGE = "Qwen2.5-0.5B", "Qwen2.5-3B"
NOTHING = {"teacher": 0.0, "search": 0.0, "judging": 0.0}
ALL = dict.fromkeys(NOTHING, 1.0)
SEARCH = Search((SMALL,), "general", rates=2, sequences=2 * (30 + 3 / 3), mixture_rule="reasoning")
#: FLOPs of training on 100 sequences, of the teacher's answers by format, and of verdicts on two benchmarks.
MODELS = {
    model_id(SMALL, 0): (1000.0, {"ift": 300.0}, (7.0, 8.0)),
    model_id(SMALL, 1): (4000.0, {"reasoning": 900.0}, (9.0, 10.0)),
    model_id(SMALL, 0.5): (2500.0, {"ift": 150.0, "reasoning": 450.0}, (8.0, 9.0)),
    model_id(LARGE, 1): (8000.0, {"reasoning": 900.0}, (9.0, 10.0)),
    Adaptation(SMALL, "ift", "reasoning", 0).model_id: (5000.0, {"ift": 300.0, "reasoning": 900.0}, (1.0, 2.0)),
}
FAMILIES = {"gsm8k": "Math-OE", "aime": "Math-OE"}


def cost_rows(models=MODELS):
    rows = []
    for model, (training, taught, judged) in models.items():
        own = parse_model_id(model).columns()
        rows.append(own | {"stage": "training", "sequences": 100, "flops": training})
        rows += [own | {"stage": "teacher", "format": name, "sequences": 50, "flops": f} for name, f in taught.items()]
        for benchmark, flops in zip(FAMILIES, judged, strict=True):
            rows.append(own | {"stage": "judging", "benchmark": benchmark, "sequences": 10, "flops": flops})
            rows.append(own | {"stage": "evaluation", "benchmark": benchmark, "sequences": 10, "flops": 10.0})
    tokens = {"prompt_tokens": 1000, "completion_tokens": 9000, "family": "Math-OE"}
    return pl.DataFrame([tokens | row for row in rows], SCHEMAS["costs"])


def evidence_of(costs, models=MODELS):
    right = {model: {name: [1] * (5 + n) + [0] * (5 - n) for name in FAMILIES} for n, model in enumerate(models)}
    return bootstrap(outcome_table(right), costs, FAMILIES, {SMALL: 0.5, LARGE: 3.0}, seed=0, replicates=5)


def by_name(evidence, values):
    return {evidence.name(cell): values[cell] for cell in range(evidence.cells.height)}


def test_parts_by_hand():
    costs = cost_rows()
    evidence = evidence_of(costs)
    parts = {name: by_name(evidence, each) for name, each in flops_paid_once(evidence, costs, SEARCH, 2).items()}
    assert parts["teacher"] == {
        f"general/{SMALL}/seq/rho-0": 300,
        f"general/{SMALL}/seq/rho-1": 900,
        f"general/{SMALL}/seq/rho-0.5": 600,
        f"general/{LARGE}/seq/rho-1": 900,
        f"adapted/{SMALL}/ift-then-reasoning": 1200,
    }
    # 62 sequences of 10 FLOPs with plain answers, of 40 with reasoning; the large student has published rates
    assert parts["search"] == {
        f"general/{SMALL}/seq/rho-0": pytest.approx(620),
        f"general/{SMALL}/seq/rho-1": pytest.approx(2480),
        f"general/{SMALL}/seq/rho-0.5": pytest.approx(2480),
        f"general/{LARGE}/seq/rho-1": 0,
        f"adapted/{SMALL}/ift-then-reasoning": pytest.approx(3100),
    }
    assert list(parts["judging"].values()) == [sum(MODELS[f"{name}/seed-0"][2]) for name in parts["judging"]]


@pytest.mark.parametrize(
    ("cell", "rule", "expected"),
    [
        (("distilled", "seq", 0.0), "reasoning", ("ift",)),
        (("distilled", "mix", 1.0), "ift", ("reasoning",)),
        (("distilled", "mix", 0.25), "ift", ("ift",)),
        (("distilled", "seq", 0.25), "interpolate", ("ift", "reasoning")),
        (("adapted", "ift-then-reasoning", 1.0), "ift", ("ift", "reasoning")),
        (("adapted", "reasoning-then-reasoning", 1.0), "ift", ("reasoning",)),
    ],
)
def test_formats_whose_rates_a_model_uses(cell, rule, expected):
    assert formats_at(*cell, rule) == expected


def test_replicas_of_a_cell_share_one_mean():
    models = {model_id(SMALL, 1, seed): (4000.0, {"reasoning": 800.0 + 200 * seed}, (1.0, 1.0)) for seed in (0, 1)}
    costs = cost_rows(models)
    evidence = evidence_of(costs, models)
    assert flops_paid_once(evidence, costs, SEARCH, 1)["teacher"].tolist() == [900]


def test_notes_and_table_state_what_is_counted():
    costs = cost_rows()
    evidence = evidence_of(costs)
    values = flops_paid_once(evidence, costs, SEARCH, 2)
    cells = list(range(evidence.cells.height))
    nothing = paid_once(evidence, cells, values, NOTHING)
    assert not nothing.parts
    assert nothing.notes == [
        "Not counted: the teacher's answers (advise.teacher_share: 1 counts them), the learning-rate search"
        " (advise.search: true counts it), judging (advise.judging: true counts it)."
    ]
    some = paid_once(evidence, cells, values, NOTHING | {"teacher": 0.25, "judging": 1.0})
    assert some.notes == [
        "Counted besides training and answers: 25 % of the teacher's answers, judging.",
        "Not counted: the learning-rate search (advise.search: true counts it).",
    ]
    offered = offers(evidence, "Math-OE", parts=some.parts)
    (row,) = advice(evidence, [offered], 1e15, 10, "FLOPs").to_dicts()
    # the adaptation has the most right
    assert (row["training"], row["teacher"], row["search"], row["judging"]) == (5000, 300, None, 3)
    assert row["best_lifetime"] == 5000 + 300 + 3 + 10 * row["answer"]
    head, line = costs_on_screen(advice(evidence, [offered], 1e15, 10, "FLOPs")).splitlines()
    assert head.split()[-6:] == ["training", "teacher", "search", "judging", "answers", "all"]
    assert line.split()[1:5] == ["5,000", "300", "-", "3"]
    assert costs_on_screen(advice(evidence, [offered], 1, 10, "FLOPs")) == ""
    # the map begins where a budget pays the cheapest
    assert grid_around([offered], 1e15, 10)[0][0] * 1.5 == pytest.approx(1000 + 75 + 15)


def test_a_part_that_is_unknown_for_one_model_is_left_out_for_all():
    costs = cost_rows()
    model = model_id(SMALL, 1)
    gone = (pl.col("model_id") == model) & (pl.col("stage") == "judging") & (pl.col("benchmark") == "aime")
    costs = costs.with_columns(flops=pl.when(gone).then(None).otherwise("flops"))
    evidence = evidence_of(costs)
    values = flops_paid_once(evidence, costs, SEARCH, 2)
    found = paid_once(evidence, list(range(evidence.cells.height)), values, ALL)
    assert list(found.parts) == ["teacher", "search"]
    assert found.notes[-1] == (f"Not counted, since unknown: judging (no cost is known for general/{SMALL}/seq/rho-1).")
    # a model without a training of the search's format
    lone = {model_id(SMALL, 0.5): MODELS[model_id(SMALL, 0.5)]}
    costs = cost_rows(lone)
    assert np.isnan(flops_paid_once(evidence_of(costs, lone), costs, SEARCH, 2)["search"]).all()


def test_a_part_that_costs_nothing_is_named_with_its_reason():
    costs = cost_rows()
    evidence = evidence_of(costs)
    none = Search((), "general", 2, 62, "reasoning")
    values = flops_paid_once(evidence, costs.filter(pl.col("stage") != "judging"), none, 0)
    found = paid_once(evidence, list(range(evidence.cells.height)), values, ALL)
    assert found.notes[-1] == (
        "Costs nothing: the learning-rate search (the study has none), judging (no judge is a model)."
    )


@pytest.fixture(scope="module")
def config(root):
    config = load(root)
    config["plan"]["tokens"]["length_spread"] = 0  # the processes of a training never wait
    return config


def hours(config, parts=("teacher", "search", "judging")):
    study = Study.from_config(config)
    costs = cost_rows()
    evidence = evidence_of(costs)
    estimator = Estimator(config, Assumptions(config, study))
    found = hours_paid_once(estimator, study, evidence, costs, SEARCH, parts)
    training, _ = lifetime_hours(estimator, study, evidence, costs, "Math-OE", 10)
    return {name: by_name(evidence, values) for name, values in found.items()}, by_name(evidence, training)


def test_hours_of_the_parts(config):
    found, training = hours(config)
    # as many sequences as in the search, of equal lengths: 62 of 100
    own = f"general/{SMALL}/seq/rho-1"
    assert found["search"][own] == pytest.approx(0.62 * training[own])
    assert found["search"][f"adapted/{SMALL}/ift-then-reasoning"] == pytest.approx(2 * 0.62 * training[own])
    assert found["search"][f"general/{LARGE}/seq/rho-1"] == 0
    # 50 answers of 180 tokens on 8 GPUs: no step is faster than the reading of the active weights of one answer
    active = 22.2e9 * 2 / (config["plan"]["decode"]["bandwidth"] * 3.35e12)
    assert found["teacher"][own] > active * 180 / 3600
    assert found["teacher"][f"general/{SMALL}/seq/rho-0.5"] > found["teacher"][own]
    assert found["judging"][own] > 0
    assert list(hours(config, ["judging"])[0]) == ["judging"]


def test_hours_on_a_server_are_not_known(config):
    served = config | {"judges": {name: dict(judge) for name, judge in config["judges"].items()}}
    name = config["study"]["judges"][0]
    served["judges"][name]["endpoint"] = {"url": "http://127.0.0.1:1"}
    found, _ = hours(served)
    assert np.isnan(found["judging"][f"general/{SMALL}/seq/rho-1"])
    assert not np.isnan(found["teacher"][f"general/{SMALL}/seq/rho-1"])


def test_the_configs_section(config):
    assert asked_for(config["advise"]) == NOTHING
    advise = config["advise"] | {"teacher_share": 0.25, "search": True, "judging": True}
    assert asked_for(advise) == ALL | {"teacher": 0.25}


def judged(results, model, **seconds):
    """Manifests of the verdicts on a model: judge -> seconds."""
    for judge, value in seconds.items():
        file = results / "verdicts" / judge / model / "manifest.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"seconds": value}))


@pytest.fixture
def results(tmp_path):
    """Two shards of 1800 s for each format of the teacher, and two rates of 60 s."""
    timings = tmp_path / "timings"
    head = "s\th:m:s\tmax_rss\tcpu_time\n"
    for name in ("ift", "reasoning"):
        for shard in (0, 1):
            file = timings / "generate_teacher_answers" / "general" / name / f"shard-{shard}-of-2.tsv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{head}1800.0\t0:30:00\t1\t1\n")
        for rate in ("1e-05", "2e-05"):
            file = timings / "try_learning_rate" / "general" / SMALL / name / f"lr-{rate}.tsv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{head}60.0\t0:01:00\t1\t1\n")
    return tmp_path


def test_measured_hours_by_hand(config, results):
    """An hour of training on two GPUs, 10 answers in 36 s on one; 8 GPUs of the teacher for an hour per format."""
    judged(results, model_id(SMALL, 1), one=36.0)
    study = Study.from_config(config)
    study = replace(study, judges={"one": replace(next(iter(study.judges.values())), engine={})})
    seconds = {"training": 3600.0, "evaluation": 36.0}
    costs = cost_rows().with_columns(seconds=pl.col("stage").replace_strict(seconds, default=None).cast(pl.Float64()))
    evidence = evidence_of(costs)
    found = measured_hours(study, evidence, costs, SEARCH, results, True)["Math-OE"]
    hours_of = {name: by_name(evidence, values) for name, values in found.items()}
    own, half = f"general/{SMALL}/seq/rho-1", f"general/{SMALL}/seq/rho-0.5"
    assert study.students[SMALL].processes == 2
    teacher_gpus = 8  # four in each of two stages
    assert hours_of["training"][own] == 2.0
    assert hours_of["answer"][own] == pytest.approx(3.6 / 3600)
    assert hours_of["teacher"][own] == teacher_gpus
    assert hours_of["teacher"][half] == teacher_gpus  # half of both formats
    assert np.isnan(hours_of["teacher"][f"adapted/{SMALL}/ift-then-reasoning"])  # no records of the second corpus
    assert hours_of["search"][own] == pytest.approx(2 * 120 / 3600)
    assert hours_of["search"][f"general/{LARGE}/seq/rho-1"] == 0
    assert hours_of["judging"][own] == pytest.approx(36 / 3600)
    offered = offers(evidence, "Math-OE", hours=found)
    table = advice(evidence, [offered], 1e15, 1000, "FLOPs")
    # the adaptation is the best; its teacher's hours are unknown, and it was not judged
    row = table.row(0, named=True)
    assert (row["training_hours"], row["teacher_hours"]) == (2.0, None)
    assert hours_on_screen(table).splitlines()[1].split() == ["Math-OE", "2", "-", "0.133", "-", "1"]


def test_hours_of_judges_with_different_gpus_are_added(config, tmp_path):
    study = Study.from_config(config)
    one = next(iter(study.judges.values()))
    two = {"one": replace(one, engine={}), "two": replace(one, engine={"tensor_parallel_size": 2})}
    replica = model_id(SMALL, 1, 1)
    models = MODELS | {replica: MODELS[model_id(SMALL, 1)]}
    judged(tmp_path, model_id(SMALL, 1), one=3600.0, two=7200.0)
    judged(tmp_path, replica, one=3600.0, two=3600.0)
    judged(tmp_path, model_id(SMALL, 0), one=3600.0)  # the other judge was not timed
    costs = cost_rows(models)
    evidence = evidence_of(costs, models)
    found = measured_hours(replace(study, judges=two), evidence, costs, SEARCH, tmp_path, True)["Math-OE"]
    hours_of = by_name(evidence, found["judging"])
    assert hours_of[f"general/{SMALL}/seq/rho-1"] == ((1 + 2 * 2) + (1 + 2 * 1)) / 2
    assert np.isnan(hours_of[f"general/{SMALL}/seq/rho-0"])
    on_cpu = measured_hours(replace(study, judges=two), evidence, costs, SEARCH, tmp_path, False)["Math-OE"]
    assert by_name(evidence, on_cpu["judging"])[f"general/{SMALL}/seq/rho-1"] == ((1 + 2) + (1 + 1)) / 2


def test_what_was_not_timed_has_no_hours(config, tmp_path):
    costs = cost_rows()
    evidence = evidence_of(costs)
    found = measured_hours(Study.from_config(config), evidence, costs, SEARCH, tmp_path, True)["Math-OE"]
    assert all(np.isnan(found[name]).all() for name in ("training", "answer", "teacher", "judging"))
    offered = offers(evidence, "Math-OE", hours=found)
    assert hours_on_screen(advice(evidence, [offered], 1e15, 1000, "FLOPs")) == ""
