"""A plan as a self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from scale_or_reason.common.web_page import rendered
from scale_or_reason.common.wording import counted
from scale_or_reason.planning.detection_table import detection_notes, detection_rows
from scale_or_reason.planning.plan import Plan
from scale_or_reason.planning.report import (
    amount,
    duration,
    grouped_notes,
    is_begun,
    layout_rows,
    limit_lines,
    measured_rows,
    memory_rows,
    processes_rows,
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
        f"wall time on {counted(plan.gpus, 'GPU')}": duration(everything["wall_hours"]),
        "FLOPs": amount(everything["flops"]),
        "jobs": f"{everything['jobs']:,}",
        "disk, results": f"{amount(everything['disk_gb'])} GB",
        "disk, models from the hub": f"{amount(plan.downloads_gb)} GB",
        "disk, checkpoints": f"{amount(plan.checkpoints_gb)} GB",
        "disk, free": f"{amount(plan.free_gb)} GB",
    }
    if is_begun(plan):
        numbers["remaining"] = f"{amount(totals(plan, '_left')['gpu_hours'])} GPU-hours"
    return rendered(
        "planning/page.html.jinja",
        title=f"Plan of {plan.study}",
        study=plan.study,
        totals=list(numbers.items()),
        limits=limit_lines(plan),
        published=published_lines(plan, published),
        picture=Markup(picture),
        stages=stage_rows(plan),
        stage_sums=2 if is_begun(plan) else 1,
        measured=measured_rows(plan),
        memory=memory_rows(plan),
        processes=processes_rows(plan) if plan.processes.height else [],
        detection=detection_rows(plan.detection) if plan.detection.height else [],
        detection_notes=detection_notes(plan.detection) if plan.detection.height else [],
        layouts=layout_rows(plan) if plan.layouts.height else [],
        assumptions=[["assumption", "value", "source"], *map(list, grouped_notes(plan.notes))],
    )
