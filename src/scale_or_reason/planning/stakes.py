"""What it costs to make results again: the plan's GPU-hours of single outputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.estimate import Estimator
from scale_or_reason.planning.work import Work
from scale_or_reason.study.study import Study


def gpu_hours_of_outputs(config: Mapping[str, Any], study: Study, results: Path) -> dict[str, float]:
    """The estimated GPU-hours of each model and shard of teacher answers, by its path.

    Empty where the plan lacks an assumption.
    """
    try:
        assumed = Assumptions(config, study)
        units = Work(config, study, assumed, results).units()
        hours = Estimator(config, assumed).rows(units)["gpu_hours"].to_list()
    except StudyError:
        return {}
    paths = {
        "training": lambda target: target.parent,  # of the manifest
        "generation": lambda target: target,
    }
    return {
        str(paths[unit.stage](unit.target)): spent
        for unit, spent in zip(units, hours, strict=True)
        if unit.stage in paths and spent is not None
    }
