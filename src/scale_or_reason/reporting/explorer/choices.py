"""The options of the page's controls, and which of them the initial view shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scale_or_reason.reporting.explorer.encoding import SINGLE, Encoding
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.study.cells import CURRICULA, HYBRID_KINDS, format_ratio
from scale_or_reason.study.families import MAIN_FAMILIES

#: Kinds of models shown as points; the teacher is a line.
KINDS = {
    "distilled": "Distilled students",
    "hybrid-no-think": "Hybrid students, plain",
    "hybrid-think": "Hybrid students, thinking",
    "adapted": "Adapted students",
    "base": "Base students",
    "adopted": "Adopted models",
}


def choices(
    rows: Sequence[Mapping[str, Any]], evidence: Evidence, servings: Sequence[str], shots: int, encoding: Encoding
) -> dict[str, list[dict[str, Any]]]:
    """The options of each control by group; ``chosen`` marks those of the initial view.

    ``rows`` are the cells, ``servings`` the further ways to answer. Shown first: students of the first corpus, one
    format after the other, on all data, with single answers.
    """
    families = list(evidence.families)
    main = [name for name in MAIN_FAMILIES if name in families] or families
    trained = [row for row in rows if row["kind"] in ("distilled", *HYBRID_KINDS)]
    kinds = {row["kind"] for row in rows}
    corpora = list(dict.fromkeys(row["corpus"] for row in trained))
    curricula = [name for name in CURRICULA if any(row["curriculum"] == name for row in trained)]
    ordered = sorted(
        (row for row in rows if row["kind"] != "teacher"), key=lambda row: (row["size_b"] is None, row["size_b"] or 0)
    )
    adaptations = sorted({row["curriculum"] for row in rows if row["kind"] == "adapted"})
    numbers = sorted({row["shots"] for row in rows if row["kind"] == "base"})
    first_kind = next((kind for kind in KINDS if kind in kinds), None)
    ratios, parts = (sorted({row[name] for row in trained}) for name in ("ratio", "data_fraction"))
    return {
        "tasks": [_choice(task, task, task in main) for task in evidence.tasks],
        "kinds": [_choice(kind, label, kind == first_kind) for kind, label in KINDS.items() if kind in kinds],
        "students": [_choice(name, name, True) for name in dict.fromkeys(row["student"] for row in ordered)],
        "corpora": [_choice(name, name, name == corpora[0]) for name in corpora],
        "ratios": [_choice(format_ratio(ratio), encoding.ratio(ratio), True) for ratio in ratios],
        "curricula": [_choice(name, encoding.curriculum(name), name == curricula[0]) for name in curricula],
        "data": [_choice(format_ratio(part), encoding.part(part), part == max(parts)) for part in parts],
        "servings": [_choice(name, encoding.serving(name), name == SINGLE) for name in (SINGLE, *servings)],
        "adaptations": [_choice(name, encoding.adaptation(name), True) for name in adaptations],
        "shots": [_choice(str(number), str(number), number == shots or len(numbers) == 1) for number in numbers],
    }


def _choice(value: str, label: str, chosen: bool) -> dict[str, Any]:
    return {"value": value, "label": label, "chosen": chosen}
