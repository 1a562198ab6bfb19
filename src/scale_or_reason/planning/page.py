"""A plan as one HTML page that needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from scale_or_reason.common.web_page import document, facts, table
from scale_or_reason.planning.estimate import Plan
from scale_or_reason.planning.report import (
    amount,
    duration,
    grouped_notes,
    is_begun,
    measured_rows,
    memory_rows,
    published_lines,
    stage_rows,
    totals,
)


def page(plan: Plan, published: Mapping[str, Any] | None, picture: str) -> str:
    """The whole page; ``picture`` is SVG."""
    everything = totals(plan)
    numbers = {
        "GPU-hours": f"{everything['gpu_hours']:,.0f} {plan.gpu.name}"
        if everything["gpu_hours"] >= 10
        else amount(everything["gpu_hours"]),
        "price": amount(everything["price"]),
        f"wall time with {plan.gpus} at a time": duration(everything["wall_hours"]),
        "FLOPs": amount(everything["flops"]),
        "jobs": f"{everything['jobs']:,}",
        "disk, results": f"{amount(everything['disk_gb'])} GB",
        "disk, models from the hub": f"{amount(plan.downloads_gb)} GB",
        "disk, checkpoints of a training": f"{amount(plan.checkpoints_gb)} GB",
    }
    if is_begun(plan):
        numbers["left to do"] = f"{amount(totals(plan, '_left')['gpu_hours'])} GPU-hours"
    sections = [
        f"<h1>Plan of the study {escape(plan.study)}</h1>",
        '<p class="note">What it costs, from its config alone, before anything runs.</p>',
        facts(list(numbers.items())),
        *(f"<p>{escape(line)}</p>" for line in published_lines(plan, published)),
        f"<figure>{picture}</figure>",
        "<h2>Stages</h2>",
        table(stage_rows(plan), sums=2 if is_begun(plan) else 1),
        '<p class="note">FLOPs by the papers\' formulas; exact: of decoders as they are built. In the wall time stages '
        "follow one another. plan.csv has every cell.</p>",
    ]
    measured = measured_rows(plan)
    if measured:
        sections += ["<h2>Predicted and measured time of the jobs that are done</h2>", table(measured, sums=1)]
    sections += [
        "<h2>Memory of one GPU, in GB</h2>",
        table(memory_rows(plan), text_columns=3),
        "<h2>Assumed</h2>",
        table([["assumption", "value", "from"], *map(list, grouped_notes(plan.notes))], text_columns=3),
        '<p class="note">docs/plan.md explains each; assumptions.csv has the units. A pilot of your own replaces '
        "lengths and times by measurements: plan.calibrate_from.</p>",
    ]
    return document(f"Plan of {plan.study}", sections)
