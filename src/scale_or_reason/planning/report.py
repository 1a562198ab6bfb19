"""A plan as text for a terminal. The numbers are those of the CSV files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from scale_or_reason.common.wording import counted
from scale_or_reason.planning.assumptions import Note
from scale_or_reason.planning.detection_table import detection_notes, detection_rows
from scale_or_reason.planning.plan import Plan

#: Column of ``Plan.stages`` -> its heading.
STAGE_COLUMNS = {
    "stage": "stage",
    "jobs": "jobs",
    "tokens": "tokens",
    "flops": "FLOPs",
    "flops_exact": "exact",
    "gpu_hours": "GPU-hours",
    "wall_hours": "wall time",
    "price": "price",
    "disk_gb": "disk",
    "memory_gb": "GB per GPU",
    "fits": "fits",
}
#: Assumptions per benchmark or group of models, too many for a terminal.
_LONG = ("plan.benchmark_items", "plan.tokens.benchmark_prompts", "plan.cpu_jobs")


def amount(value: float | None) -> str:
    """``3.4e+20``, ``12,300``, ``4.2``, ``0.03``; empty for None."""
    if value is None:
        return ""
    if abs(value) >= 1e6:
        return f"{value:.3g}"
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def duration(hours: float | None) -> str:
    """``40 s``, ``12 min``, ``7.5 h``, ``3.1 days``."""
    if hours is None:
        return ""
    for limit, size, unit in ((1 / 60, 1 / 3600, "s"), (1, 1 / 60, "min"), (48, 1, "h")):
        if hours < limit:
            return f"{hours / size:.0f} {unit}" if unit != "h" else f"{hours:.1f} h"
    return f"{hours / 24:.1f} days"


def shown(column: str, value: Any) -> str:
    """A value of ``Plan.stages`` as text; empty for missing values."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if not value:
        return ""
    if column == "wall_hours":
        return duration(value)
    return amount(value) + (" GB" if column == "disk_gb" else "")


def totals(plan: Plan, suffix: str = "") -> dict[str, Any]:
    """Sums over all stages; suffix ``_left`` for the remaining work."""
    names = ("jobs", "tokens", "flops", "flops_exact", "gpu_hours", "wall_hours", "price", "disk_gb")
    sums = {name: plan.stages[f"{name}{suffix}"].sum() for name in names}
    return sums | {"stage": "all", "memory_gb": plan.stages["memory_gb"].max(), "fits": plan.stages["fits"].all()}


def stage_rows(plan: Plan) -> list[list[str]]:
    """The table of stages: heading, stages, total, and the remaining work if some is done."""
    rows = [list(STAGE_COLUMNS.values())]
    for row in [*plan.stages.to_dicts(), totals(plan)]:
        rows.append([shown(column, row[column]) for column in STAGE_COLUMNS])
    if is_begun(plan):
        left = totals(plan, "_left") | {"stage": "remaining", "memory_gb": None, "fits": None}
        rows.append([shown(column, left[column]) or ("" if left[column] is None else "0") for column in STAGE_COLUMNS])
    return rows


def is_begun(plan: Plan) -> bool:
    """Whether any result of the study exists."""
    return bool(plan.cells["done"].any())


def measured_rows(plan: Plan) -> list[list[str]]:
    """Predicted and measured time of finished jobs, by stage; empty before the first job."""
    timed = plan.stages.drop_nulls("measured_seconds")
    if timed.is_empty():
        return []
    rows = [["stage", "predicted", "measured", "predicted / measured"]]
    both = timed.select("stage", "predicted_seconds", "measured_seconds").rows()
    both.append(("all", timed["predicted_seconds"].sum(), timed["measured_seconds"].sum()))
    for stage, predicted, measured in both:
        ratio = amount(predicted / measured) if measured else ""
        rows.append([stage, duration(predicted / 3600), duration(measured / 3600), ratio])
    return rows


def memory_rows(plan: Plan) -> list[list[str]]:
    """The table of memory by configuration."""
    heading = {"model": "model", "kind": "for", "configuration": "configuration", "gpus": "GPUs"}
    parts = ("weights", "gradients", "optimizer", "activations", "logits", "update", "cache", "overhead", "total")
    rows = [[*heading.values(), *parts, "fits"]]
    for row in plan.memory.to_dicts():
        numbers = [amount(row[f"{part}_gb"]) if row[f"{part}_gb"] else "" for part in parts]
        rows.append([*(str(row[name]) for name in heading), *numbers, "yes" if row["fits"] else "NO"])
    return rows


def processes_rows(plan: Plan) -> list[list[str]]:
    """Each student's trainings by number of processes: share of the time in use, and GPU-hours."""
    counts = sorted(plan.processes["processes"].unique())
    rows = [["student", *map(str, counts), "configured", "best"]]
    for (student,), own in plan.processes.group_by("student", maintain_order=True):
        by_count = {row["processes"]: row for row in own.to_dicts()}
        cells = [_processes_cell(by_count[count]) if count in by_count else "" for count in counts]
        rows.append([str(student), *cells, *(_only(own, mark, "processes") for mark in ("configured", "best"))])
    return rows


def _processes_cell(row: Mapping[str, Any]) -> str:
    return f"{row['utilisation']:.0%}, {amount(row['gpu_hours'])} h" if row["fits"] else "too large"


def _only(rows: pl.DataFrame, mark: str, column: str) -> str:
    """The value of ``column`` in the row that is marked; ``none`` without such a row."""
    found = rows.filter(mark)
    return str(found[column][0]) if found.height else "none"


def layout_rows(plan: Plan) -> list[list[str]]:
    """Each engine's cheapest layout that fits, by type of GPU, as tensor x pipeline parallel and GPU-hours."""
    types = plan.layouts["gpu"].unique(maintain_order=True).to_list()
    rows = [["stage", "model", f"configured, {plan.gpu.name}", *types]]
    for (stage, model), own in plan.layouts.group_by("stage", "model", maintain_order=True):
        here = own.filter("configured", gpu=plan.gpu.name)
        cheapest = [_layout_cell(own.filter("cheapest", gpu=name)) for name in types]
        rows.append([str(stage), str(model), _layout_cell(here), *cheapest])
    return rows


def _layout_cell(rows: pl.DataFrame) -> str:
    if rows.is_empty() or not rows["fits"][0]:
        return "does not fit"
    row = rows.row(0, named=True)
    return f"{row['tensor_parallel']} x {row['pipeline_parallel']}, {amount(row['gpu_hours'])} h"


def grouped_notes(notes: Iterable[Note]) -> list[tuple[str, str, str]]:
    """Assumptions grouped by key: key, values, source."""
    groups: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        topic, _, last = note.assumption.rpartition(".")
        if topic == "plan":
            topic, last = note.assumption, ""
        value = note.value if isinstance(note.value, str) else f"{note.value:.4g}"
        groups.setdefault((topic, note.source), []).append(f"{last} {value}".strip())
    return [(topic, ", ".join(values), source) for (topic, source), values in groups.items()]


def length_ratios(notes: Iterable[Note]) -> list[str]:
    """Ratios of reasoning to IFT lengths, ``general 6.0``; without those measured per benchmark."""
    chosen = (note for note in notes if note.source == "config" or note.assumption.startswith("plan.tokens.training."))
    values = {note.assumption: note.value for note in chosen if not isinstance(note.value, str)}
    ratios = []
    for key, reasoning in values.items():
        topic, _, last = key.rpartition(".")
        plain = values.get(f"{topic}.ift")
        if last == "reasoning" and plain:
            ratios.append(f"{topic.rpartition('.')[2]} {float(reasoning) / float(plain):.1f}")
    return ratios


def disk_lines(plan: Plan) -> list[str]:
    """What the study needs on disk, and whether it has room; models from the hub are in its cache, which may be on
    another disk."""
    everything = totals(plan)
    lines = [
        f"Disk: {amount(everything['disk_gb'])} GB of results, {amount(plan.downloads_gb)} GB of models from the hub, "
        f"{amount(plan.checkpoints_gb)} GB of checkpoints during a training. {amount(plan.free_gb)} GB are free here."
    ]
    left = totals(plan, "_left")["disk_gb"] + plan.checkpoints_gb
    if left > plan.free_gb:
        lines.append(f"DOES NOT FIT: {amount(left)} GB of them are still to be written to a disk with less free space.")
    return lines


def summary(plan: Plan, published: Mapping[str, Any] | None, folder: str) -> str:
    """The plan as text; ``folder`` has the full tables."""
    gpu = plan.gpu
    lines = [
        f"Plan of the study {plan.study}: {plan.gpus} x {gpu.name}, {amount(gpu.price_per_hour)} per GPU-hour",
        "",
        *_table(stage_rows(plan)),
        "",
        "FLOPs: the papers' formulas; exact: the actual architectures. Wall time: stages run one after another.",
        *disk_lines(plan),
        *_memory_lines(plan),
        *limit_lines(plan),
        *published_lines(plan, published),
        *_alternative_lines(plan),
    ]
    measured = measured_rows(plan)
    if measured:
        lines += ["", "Time of finished jobs, summed over jobs:", "", *_table(measured)]
    if plan.detection.height:
        first, *others = detection_notes(plan.detection)
        lines += ["", first, "", *_table(detection_rows(plan.detection)), "", *others]
    lines += ["", "Assumptions:", *_assumed_lines(plan.notes, folder)]
    return "\n".join([*lines, "", f"All cells: {folder}/plan.csv. Report: {folder}/plan.html"])


def _alternative_lines(plan: Plan) -> list[str]:
    """Other numbers of processes and other layouts of engines, beside the configured ones."""
    lines = []
    if plan.processes.height:
        heading = "Processes of a training: share of the time in use, GPU-hours of all trainings of the student:"
        lines += ["", heading, "", *_table(processes_rows(plan))]
    if plan.layouts.height:
        heading = "Engines: tensor x pipeline parallel, GPU-hours; for each type of GPU the cheapest layout that fits:"
        lines += ["", heading, "", *_table(layout_rows(plan))]
    return lines


def _memory_lines(plan: Plan) -> list[str]:
    if plan.memory.is_empty():
        return []
    largest = plan.memory.sort("total_gb").tail(1).to_dicts()[0]
    limit = f"{amount(plan.gpu.memory_gb)} GB"
    lines = [
        f"Memory: at most {amount(largest['total_gb'])} of {limit} per GPU ({largest['kind']} of {largest['model']})."
    ]
    for row in plan.memory.filter(~pl.col("fits")).to_dicts():
        lines.append(
            f"DOES NOT FIT: {row['kind']} of {row['model']}, {row['configuration']}: {amount(row['total_gb'])} GB of "
            f"{limit}. {_memory_remedy(row['kind'])}"
        )
    return lines


def _memory_remedy(kind: str) -> str:
    if kind == "training":
        return "Use a higher ZeRO stage, more processes or smaller micro_batch_tokens."
    return "Raise its tensor_parallel_size or lower max_model_len."


def limit_lines(plan: Plan) -> list[str]:
    """The jobs that take longer than their time limit, by stage and model; empty if there are none."""
    groups = plan.limited.group_by("stage", "model", maintain_order=True).agg(
        pl.len().alias("jobs"),
        pl.col("hours").max(),
        pl.col("limit_hours").first(),
        pl.col("allocations").max(),
        pl.col("job").first(),
    )
    lines = []
    for row in groups.iter_rows(named=True):
        line = (
            f"Longer than the time limit: {counted(row['jobs'], 'job')} of {row['stage']} by {row['model']}, up to "
            f"{duration(row['hours'])} each with a limit of {duration(row['limit_hours'])}: "
            f"{counted(row['allocations'], 'allocation')} ({row['job']})."
        )
        if row["allocations"] > plan.restarts + 1:
            line += f" TOO MANY: compute.restarts allows {plan.restarts + 1}; raise it, or the limit."
        lines.append(line)
    return lines


def published_lines(plan: Plan, published: Mapping[str, Any] | None) -> list[str]:
    """A comparison with the published cost; empty if there is none."""
    if published is None:
        return []
    theirs, ours = published["gpu_hours"], totals(plan)["gpu_hours"]
    line = f"Published: {theirs:,.0f} {published['gpu']}-hours ({published['source']})."
    if published["gpu"] != plan.gpu.name:
        return [line + f" The plan is for {plan.gpu.name}, so they are not comparable."]
    generation = plan.stages.filter(pl.col("stage") == "generation")["gpu_hours"].sum()
    return [
        line
        + f" The plan has {ours:,.0f}, {ours / theirs:.0%} of that ({(ours - generation) / theirs:.0%} without the "
        "teacher's answers). docs/explanation/published_cost.md discusses why."
    ]


def _assumed_lines(notes: Sequence[Note], folder: str) -> list[str]:
    groups = [(topic, values, source) for topic, values, source in grouped_notes(notes) if not topic.startswith(_LONG)]
    config = [f"  {topic.removeprefix('plan.')}: {values}" for topic, values, source in groups if source == "config"]
    measured = sorted({note.source for note in notes if note.source.startswith("measured")})
    counts = [f"  {source}: {counted(sum(note.source == source for note in notes), 'number')}" for source in measured]
    ratios = ", ".join(length_ratios(notes))
    derived = [f"  ratio of reasoning to IFT answer length: {ratios}"] if ratios else []
    return [
        *config,
        *derived,
        *counts,
        f"  all assumptions, including items and tokens per benchmark: {folder}/assumptions.csv",
    ]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned columns: the first left, the others right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return lines
