"""Numbers of training processes and layouts of engines: sums by hand, and the shipped defaults against the search."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from configs import load, merge, plan_of

from scale_or_reason.planning.assumptions import Assumptions, Calls
from scale_or_reason.planning.engine_layouts import possible_layouts
from scale_or_reason.planning.plan import Plan
from scale_or_reason.planning.report import layout_rows, processes_rows, summary
from scale_or_reason.planning.shapes import shape_of
from scale_or_reason.planning.speed import Engine, decoding
from scale_or_reason.planning.utilisation import utilisation
from scale_or_reason.study.study import Study

TEACHER = "Qwen/Qwen3-235B-A22B"
STUDENTS = [f"Qwen2.5-{size}B" for size in ("0.5", "1.5", "3", "7", "14")]


@pytest.fixture(scope="module")
def paper(root: Path) -> dict[str, Any]:
    return load(root)


@pytest.fixture(scope="module", params=[(), ("v1",), ("gemma",)], ids=["v2", "v1", "gemma"])
def plan(request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return plan_of(load(root, *request.param), tmp_path_factory.mktemp("nothing"))


def training(size: int, micro_batch: int, unit: str = "items") -> dict[str, Any]:
    return {
        "batch": {"unit": unit, "size": size},
        "max_length": micro_batch,
        "execution": {"micro_batch_tokens": micro_batch},
    }


@pytest.mark.parametrize(
    ("processes", "rows_waited_for"),
    # 32 answers of 100 tokens: each process has 32, 16, 8 or 4 of them; with 16 processes 2, but starting the kernels
    # of a micro-batch takes as long as a quarter of 2,000 tokens, so as 5 answers
    [(1, 32), (2, 16), (4, 8), (8, 5), (16, 5)],
)
def test_waiting_by_hand(processes: int, rows_waited_for: int) -> None:
    calls = [Calls(1000, 60, 40)]
    found = utilisation(calls, False, processes, training(32, 2000), spread=0)
    # one process has two micro-batches, of 2,000 tokens at most
    assert found == pytest.approx(32 / (processes * rows_waited_for))


def test_uneven_steps_by_hand() -> None:
    """Three answers of 1,000 tokens on two processes: one has two of them and the other waits."""
    assert utilisation([Calls(99, 500, 500)], False, 2, training(3, 4000), spread=0) == pytest.approx(3 / 4)


def test_a_training_in_sequence_is_the_mean_of_its_formats_by_tokens() -> None:
    short, long = Calls(300, 40, 60), Calls(100, 40, 960)
    settings = training(8, 4000)
    alone = [utilisation([call], False, 8, settings, 0.85) for call in (short, long)]
    tokens = [300 * 100, 100 * 1000]
    expected = sum(tokens) / sum(count / share for count, share in zip(tokens, alone, strict=True))
    assert utilisation([short, long], False, 8, settings, 0.85) == pytest.approx(expected)
    # two formats of one length, in one step or not
    same = [Calls(300, 40, 60), Calls(100, 40, 60)]
    assert utilisation(same, True, 2, settings, 0) == pytest.approx(utilisation(same, False, 2, settings, 0))


def test_pipelines_read_the_weights_for_each_part_of_the_batch(paper: dict[str, Any]) -> None:
    config = merge(paper, {"plan": {"decode": {"sequences": 96, "step_ms": 0}}})
    assumed = Assumptions(config, Study.from_config(config))
    dense, calls = shape_of("Qwen/Qwen2.5-7B", {}), (Calls(10_000, 100, 1000),)

    def speed(tensor: int, **settings: int) -> float:
        engine = Engine.from_settings(dense, 4, {"tensor_parallel_size": tensor, **settings})
        return decoding(engine, calls, assumed.gpu(), assumed).tokens_per_second

    weights, cache = 2 * dense.parameters, 600 * dense.cache_bytes(2)
    # 96 sequences at once, or four parts of 24 one after the other
    assert speed(4) == pytest.approx(96 / ((weights + 96 * cache) / (0.5 * 3.35e12)))
    assert speed(1) == pytest.approx(24 / ((weights + 24 * cache) / (0.5 * 3.35e12)))
    # an engine's own limit replaces the plan's; three sequences fill three of four stages
    assert speed(4, max_num_seqs=24) == pytest.approx(24 / ((weights + 24 * cache) / (0.5 * 3.35e12)))
    assert speed(1, max_num_seqs=3) == pytest.approx(3 / 4 / ((weights + cache) / (0.5 * 3.35e12)))


@pytest.mark.parametrize(
    ("model", "tensors"),
    [
        (TEACHER, {1, 2, 4, 8}),  # 64 heads, 4 of keys and values
        ("Qwen/Qwen2.5-0.5B", {1, 2}),  # 14 heads, 2 of keys and values
        ("Qwen/Qwen2.5-14B", {1, 2, 4, 8}),  # 40 heads, 8 of keys and values
    ],
)
def test_layouts_that_vllm_accepts(model: str, tensors: set[int]) -> None:
    found = list(possible_layouts(shape_of(model, {})))
    assert {tensor for tensor, _ in found} == tensors
    assert len(found) == len(set(found))
    assert all(tensor * stages in (1, 2, 4, 8) for tensor, stages in found)


@pytest.mark.slow
def test_one_layout_is_the_cheapest_of_those_that_fit(plan: Plan) -> None:
    for _, own in plan.layouts.group_by("stage", "model", "gpu"):
        fitting = own.filter("fits")
        assert own["cheapest"].sum() == min(1, fitting.height)
        if fitting.height:
            assert own.filter("cheapest")["gpu_hours"].item() == fitting["gpu_hours"].min()
        assert own["configured"].sum() == 1


@pytest.mark.slow
def test_the_configured_layout_costs_what_the_plan_states(plan: Plan) -> None:
    stated = plan.cells.group_by("stage", "model").agg(pl.col("gpu_hours").sum())
    found = plan.layouts.filter("configured", gpu=plan.gpu.name).join(stated, on=["stage", "model"], suffix="_plan")
    assert found.height
    assert (found["gpu_hours"] / found["gpu_hours_plan"] - 1).abs().max() < 1e-9


@pytest.mark.slow
def test_shipped_defaults_are_the_best(plan: Plan) -> None:
    teacher = plan.layouts.filter("cheapest", stage="generation", gpu="H100")
    assert teacher.height == 1
    assert teacher["configured"].all()
    best = plan.processes.filter("best")
    assert set(best["student"]) == set(plan.processes["student"])
    # with v1's batches of 262,144 tokens all numbers up to 8 cost the same within 1 %
    if plan.study == "v1":
        fewest = plan.processes.filter("fits").group_by("student").agg(pl.col("gpu_hours").min().alias("fewest"))
        own = plan.processes.filter("configured").join(fewest, on="student")
        assert (own["gpu_hours"] / own["fewest"]).max() < 1.01
    else:
        assert best["configured"].all()


@pytest.mark.slow
def test_more_processes_win_only_if_they_cost_little_more(root: Path, tmp_path: Path) -> None:
    plan = plan_of(merge(load(root, "v1"), {"plan": {"gpu": "H200"}}), tmp_path)
    for _, own in plan.processes.group_by("student"):
        room = own.filter(pl.col("memory_gb") <= 0.9 * 141)
        near = room.filter(pl.col("gpu_hours") <= 1.01 * room["gpu_hours"].min())
        assert own.filter("best")["processes"].to_list() == [near["processes"].max()]


@pytest.mark.slow
def test_tables_in_the_summary(plan: Plan) -> None:
    text = summary(plan, None, "results/v2/plan")
    for rows in (processes_rows(plan), layout_rows(plan)):
        assert len({len(row) for row in rows}) == 1
        assert all(row[0] in text for row in rows)


@pytest.mark.slow
def test_what_does_not_fit_is_named(paper: dict[str, Any], tmp_path: Path) -> None:
    small = {"small": {"tflops": 100, "memory_gb": 24, "bandwidth_tb_s": 1, "price_per_hour": 1}}
    found = plan_of(merge(paper, {"plan": {"gpu": "small", "gpu_types": small}}), tmp_path)
    processes = {row[0]: row for row in processes_rows(found)}
    assert processes["Qwen2.5-14B"][1:6] == ["too large"] * 5
    assert processes["Qwen2.5-14B"][6:] == ["8", "none"]
    engines = {(row[0], row[1]): row for row in layout_rows(found)}
    assert engines["generation", "Qwen3-235B-A22B"][2] == "does not fit"
    assert engines["generation", "Qwen3-235B-A22B"][-1] == "does not fit"


#: Blocks of docs/reference/measurements.md that show a plan, by their first words.
SHOWN = {"v1": ["$ snakemake plan --configfile config/studies/v1.yaml"], "v2": ["student   "]}


@pytest.mark.slow
def test_the_page_of_measurements_shows_the_plan(plan: Plan, root: Path) -> None:
    """Else: run `snakemake plan` and copy its lines."""
    text = (root / "docs/reference/measurements.md").read_text()
    blocks = [block.removeprefix("text").lstrip("\n") for block in text.split("```")]
    printed = {*summary(plan, None, "plan").splitlines(), "", "..."}
    for start in SHOWN.get(plan.study, []):
        (block,) = (block for block in blocks if block.startswith(start))
        lines = [line for line in block.splitlines() if not line.startswith("$")]
        assert len(lines) > 4
        assert [line for line in lines if line not in printed] == []
    if plan.study == "v2":
        assert f"The second version's plan is {plan.cells['gpu_hours'].sum():,.0f} GPU-hours" in text


SEARCHED = "`learning_rate: search` for all five students"


@pytest.fixture(scope="module")
def stated(root: Path) -> list[tuple[dict[str, Any], float]]:
    """The overlays of the page's table of single assumptions with their GPU-hours; the last row joins two others."""
    text = (root / "docs/reference/measurements.md").read_text()
    rows = re.search(r"^\| overlay \| GPU-hours \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)
    assert rows is not None
    found: list[tuple[dict[str, Any], float]] = []
    for row in rows[1].splitlines():
        words, hours = row.strip("| ").rsplit(" | ", 1)
        overlay: dict[str, Any] = {}
        if words == "the last two":
            overlay = merge(found[-2][0], found[-1][0])
        if SEARCHED in words:
            overlay = {"students": {name: {"learning_rate": "search"} for name in STUDENTS}}
        for part in re.findall(r"`([^`]+)`", words.replace(SEARCHED, "")):
            overlay = merge(overlay, yaml.safe_load(part))
        found.append((overlay, float(hours.replace(",", ""))))
    return found


@pytest.mark.slow
def test_the_page_on_the_published_hours(root: Path, stated: list[tuple[dict[str, Any], float]], plan: Plan) -> None:
    """Its shares of 70,000 hours, and the teacher's part of them in eight bits and on H200."""
    if plan.study != "v1":
        return
    assert len(stated) == 8 and stated[0] == ({}, round(plan.cells["gpu_hours"].sum()))
    text = " ".join((root / "docs/explanation/published_cost.md").read_text().split())
    others = plan.cells.filter(pl.col("stage") != "generation")["gpu_hours"].sum()
    assert "comes to a quarter of that" in text and 0.2 < stated[0][1] / 70_000 < 0.3
    assert f"comes to {others / 700:.0f} % of the published number" in text
    mfu = plan.cells.filter(stage="training")["flops"].sum() / (70_000 * 3600 * 989e12)
    assert f"an MFU of {100 * mfu:.1f} %" in text
    assert "On H200, or in eight bits, its answers cost a quarter or less" in text
    # all else costs no more on H200
    assert all(hours - others <= 0.255 * (stated[0][1] - others) for _, hours in stated[1:3])


@pytest.mark.long
@pytest.mark.parametrize("row", range(1, 8))
def test_the_page_shows_plans_under_other_assumptions(
    root: Path, stated: list[tuple[dict[str, Any], float]], row: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    overlay, hours = stated[row]
    found = plan_of(merge(load(root, "v1"), overlay), tmp_path)
    assert round(found.cells["gpu_hours"].sum()) == hours
