"""The settings that a manifest must have under a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.study.cells import Adaptation, BudgetedCell, Cell, LimitedCell, parse_model_id, ratio_of_format
from scale_or_reason.study.result_paths import parse_result_path
from scale_or_reason.study.study import Study


def expected_settings(path: str, study: Study, config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the manifest ``path`` (relative to the results) by their names there.

    Only those on which the result depends. Empty for models and judges that the study does not have: they may belong to
    an earlier form of it.
    """
    try:
        kind, values = parse_result_path(path)
        model = parse_model_id(values["model_id"]) if "model_id" in values else None
    except StudyError:
        return {}
    if kind == "model" and isinstance(model, Cell | Adaptation) and model.student in study.students:
        return _training(model, study, config)
    if kind == "evaluation":
        sampling = dict(config["evaluation"]["sampling"])
        if isinstance(model, LimitedCell):
            sampling["max_tokens"] = model.max_tokens
        if isinstance(model, BudgetedCell):
            name = "think_percentile" if model.budget.is_percentile else "think_tokens"
            return {name: model.budget.number, "seed": study.seed}
        return {"sampling": sampling, "seed": study.seed}
    if kind == "judging" and values["judge"] in study.judges:
        judge = study.judges[values["judge"]]
        names = ("protocol", "answer_tail_tokens", "retries", "structured")
        return {"sampling": dict(judge.sampling), **{name: getattr(judge, name) for name in names}}
    return {}


def _training(model: Cell | Adaptation, study: Study, config: Mapping[str, Any]) -> dict[str, Any]:
    training = config["training"]
    schedule = {name: value for name, value in training["schedule"].items() if name != "per"}
    expected = {
        "batch_unit": training["batch"]["unit"],
        "batch_size": training["batch"]["size"],
        "max_length": training["max_length"],
        "overlong": training["overlong"],
        "dtype": training["dtype"],
        "schedule_per": training["schedule"]["per"],
        **schedule,
        **training["optimizer"],
        "seed": derive_seed(study.seed, "replica", str(model.seed)),
        "replica": model.seed,
    }
    if isinstance(model, Cell) and model.data_fraction != 1:
        expected["data_fraction"] = model.data_fraction
    if model.student not in study.searched:
        ratio = model.ratio if isinstance(model, Cell) else ratio_of_format(model.second)
        expected["learning_rate"] = study.learning_rate(model.student, float(ratio))
    return expected
