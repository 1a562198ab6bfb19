"""A plan as one HTML page that needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

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

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.facts { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1.2rem 0; padding: 0; list-style: none; }
.facts b { display: block; font-size: 1.35rem; font-weight: 600; }
table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums; }
th, td { padding: .22rem .7rem .22rem 0; text-align: right; vertical-align: top; }
th.text, td.text { text-align: left; }
thead th { border-bottom: 1px solid #888; font-weight: 600; }
tr.sum td { border-top: 1px solid #888; font-weight: 600; }
.no { color: #b00020; font-weight: 600; } .note { color: #555; } svg { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
"""


def page(plan: Plan, published: Mapping[str, Any] | None, picture: str) -> str:
    """The whole page; ``picture`` is SVG."""
    everything = totals(plan)
    facts = {
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
        facts["left to do"] = f"{amount(totals(plan, '_left')['gpu_hours'])} GPU-hours"
    sections = [
        f"<h1>Plan of the study {escape(plan.study)}</h1>",
        '<p class="note">What it costs, from its config alone, before anything runs.</p>',
        '<ul class="facts">'
        + "".join(f"<li><b>{escape(value)}</b>{escape(name)}</li>" for name, value in facts.items())
        + "</ul>",
        *(f"<p>{escape(line)}</p>" for line in published_lines(plan, published)),
        f"<figure>{picture}</figure>",
        "<h2>Stages</h2>",
        _table(stage_rows(plan), sums=2 if is_begun(plan) else 1),
        '<p class="note">FLOPs by the papers\' formulas; exact: of decoders as they are built. In the wall time stages '
        "follow one another. plan.csv has every cell.</p>",
    ]
    measured = measured_rows(plan)
    if measured:
        sections += ["<h2>Predicted and measured time of the jobs that are done</h2>", _table(measured, sums=1)]
    sections += [
        "<h2>Memory of one GPU, in GB</h2>",
        _table(memory_rows(plan), text_columns=3),
        "<h2>Assumed</h2>",
        _table([["assumption", "value", "from"], *map(list, grouped_notes(plan.notes))], text_columns=3),
        '<p class="note">docs/plan.md explains each; assumptions.csv has the units. A pilot of your own replaces '
        "lengths and times by measurements: plan.calibrate_from.</p>",
    ]
    head = f'<meta charset="utf-8"><title>Plan of {escape(plan.study)}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(sections) + "\n</body></html>\n"


def _table(rows: Sequence[Sequence[str]], sums: int = 0, text_columns: int = 1) -> str:
    """A table whose first row is its heading and whose last ``sums`` rows are sums; the first columns hold text."""
    heading, *body = (_row(row, "th" if rank == 0 else "td", text_columns) for rank, row in enumerate(rows))
    marks = ["<tr>"] * (len(body) - sums) + ['<tr class="sum">'] * sums
    lines = "".join(f"{mark}{row}</tr>" for mark, row in zip(marks, body, strict=True))
    table = f"<table><thead><tr>{heading}</tr></thead><tbody>{lines}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _row(cells: Sequence[str], tag: str, text_columns: int) -> str:
    parts = []
    for column, cell in enumerate(cells):
        kind = "no" if cell == "NO" else "text" if column < text_columns else ""
        parts.append(f'<{tag} class="{kind}">{escape(cell)}</{tag}>' if kind else f"<{tag}>{escape(cell)}</{tag}>")
    return "".join(parts)
