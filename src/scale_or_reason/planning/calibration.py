"""Measurements of a finished study that replace a plan's assumptions: lengths and durations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import read_json
from scale_or_reason.common.tables import read_column, read_table
from scale_or_reason.flops.formulas import generation_flops
from scale_or_reason.planning.shapes import Shape
from scale_or_reason.planning.timings import job_timings, manifest_seconds
from scale_or_reason.study.cells import CELL_VARIANTS, FORMATS, HybridMode, format_ratio, parse_model_id

#: The coefficients of a stage's time: GPU-seconds per prompt token, per completion token and per FLOP.
Speed = tuple[float, float, float]
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Calibration:
    """Means of ``study``. Groups are those of :func:`answer_groups`.

    - ``training``: (corpus, "prompt" or format) -> tokens.
    - ``kept``: corpus -> share of its prompts that were trained on.
    - ``generated``: (corpus, format) -> tokens that the teacher generated, including dropped pairs.
    - ``questions``: (benchmark, shots or None) -> tokens.
    - ``answers``: (group, benchmark) -> tokens.
    - ``verdicts``: (judge, group, benchmark) -> prompt and reply tokens.
    - ``speeds``: stage -> :data:`Speed`.
    - ``starts``: stage -> start-up seconds per job.
    - ``cpu_jobs``: rule -> seconds per job.
    """

    study: str
    training: Mapping[tuple[str, str], float] = field(default_factory=dict)
    kept: Mapping[str, float] = field(default_factory=dict)
    generated: Mapping[tuple[str, str], float] = field(default_factory=dict)
    questions: Mapping[tuple[str, int | None], float] = field(default_factory=dict)
    answers: Mapping[tuple[str, str], float] = field(default_factory=dict)
    verdicts: Mapping[tuple[str, str, str], tuple[float, float]] = field(default_factory=dict)
    speeds: Mapping[str, Speed] = field(default_factory=dict)
    starts: Mapping[str, float] = field(default_factory=dict)
    cpu_jobs: Mapping[str, float] = field(default_factory=dict)


#: A calibration without measurements.
NOTHING_MEASURED = Calibration(study="")


def answer_groups(model_id: str) -> list[str]:
    """The groups of models with answers of similar length to which a model belongs, from narrow to wide.

    ``general/micro-1M/mix/rho-0.5/seed-0`` belongs to ``general/mix/rho-0.5`` and ``mix/rho-0.5``. At ratios 0 and 1
    the widest group is the format: ``ift`` or ``reasoning``.
    """
    model = parse_model_id(model_id)
    columns = model.columns()
    if columns["kind"] == "base":
        return [f"shots-{columns['shots']}"]
    if columns["kind"] == "adopted":
        return [f"adopted/{columns['student']}"]
    if columns["kind"] == "teacher":
        return [f"teacher/{FORMATS[int(columns['ratio'])]}"]
    if columns["kind"] == "adapted":
        return [columns["curriculum"]]
    cell = f"{columns['curriculum']}/rho-{format_ratio(columns['ratio'])}"
    if isinstance(model, HybridMode):
        cell = f"{cell}/hybrid/{model.mode}"
        return [f"{columns['corpus']}/{cell}", cell, model.format]
    widest = [FORMATS[int(columns["ratio"])]] if columns["ratio"] in (0, 1) else []
    return [f"{columns['corpus']}/{cell}", cell, *widest]


def read_calibration(
    results: Path,
    study: str,
    gpus: Callable[[str, str], int | None],
    processes: Mapping[str, int],
    shape: Callable[[str], Shape | None],
) -> Calibration:
    """The measurements of the study in ``results``.

    ``gpus`` gives the number of GPUs of a model's engine, by role (student, teacher, judge) and name; ``processes``
    that of a student's training; ``shape`` a judge's shape. Times of models that are not in the planned study (None) or
    that a server runs (0) are skipped. Raises :class:`StudyError` if the study has no tables or no timings.
    """
    file = results / "tables" / "costs.parquet"
    if not file.is_file():
        raise StudyError(
            "the study in plan.calibrate_from has no costs table",
            where=file,
            key="plan.calibrate_from",
            found=study,
            expected="the name of a finished study",
            remedy="finish that study first, or set plan.calibrate_from to null",
        )
    costs = read_table(file, "costs")
    rules = {row["rule"]: row for row in job_timings(results / "timings").to_dicts()}
    verdicts = _read_verdicts(results / "verdicts")
    work = {
        "training": _work(costs, "training", lambda _, name: processes.get(name)),
        "evaluation": _work(costs, "evaluation", gpus),
        "judging": _judging_work(results / "verdicts", verdicts, gpus, shape),
    }
    return Calibration(
        study=study,
        training=_training_lengths(costs),
        kept=_kept(costs, results / "pairs"),
        generated=_generated(results / "pairs"),
        questions=_questions(costs),
        answers=_answers(costs),
        verdicts=_verdict_lengths(verdicts),
        speeds=_with_alike({name: _speed(measured) for name, measured in work.items() if measured}),
        starts=_with_alike(_starts(rules, costs, results)),
        cpu_jobs={rule: row["mean_seconds"] for rule, row in rules.items()},
    )


def _with_alike(measured: dict[str, _Value]) -> dict[str, _Value]:
    """With the values of stages that are not measured: each has that of the stage whose jobs are most like its own."""
    alike = {"generation": "evaluation", "learning_rates": "training"}
    return measured | {name: measured[like] for name, like in alike.items() if like in measured}


def _starts(rules: Mapping[str, Mapping[str, float]], costs: pl.DataFrame, results: Path) -> dict[str, float]:
    """Seconds of the start-up of a job, by stage."""
    stages = {"training": "train_student", "evaluation": "evaluate_model", "judging": "judge_answers"}
    found = {
        name: _start(rules[rule], _seconds(costs, results, name)) for name, rule in stages.items() if rule in rules
    }
    return {name: seconds for name, seconds in found.items() if seconds is not None}


@dataclass(frozen=True)
class _Work:
    """One measurement: tokens, FLOPs, GPU-seconds."""

    prompt: float
    completion: float
    flops: float
    gpu_seconds: float


def _mean(rows: pl.DataFrame, column: str) -> float:
    return float(rows[column].sum()) / float(rows["sequences"].sum())


def _training_lengths(costs: pl.DataFrame) -> dict[tuple[str, str], float]:
    """From the trainings in a single format, which have the same prompts."""
    lengths = {}
    for (corpus, ratio), rows in (
        _trainings(costs).filter(pl.col("ratio").is_in([0.0, 1.0])).group_by("corpus", "ratio")
    ):
        lengths[str(corpus), FORMATS[int(ratio)]] = _mean(rows, "completion_tokens")
        lengths[str(corpus), "prompt"] = _mean(rows, "prompt_tokens")
    return lengths


def _trainings(costs: pl.DataFrame) -> pl.DataFrame:
    # an adapted student has the sum of its two trainings; models on a part of the data are trained by another rule
    return costs.filter(pl.col("stage") == "training", pl.col("kind") == "distilled", pl.col("data_fraction") == 1)


def _kept(costs: pl.DataFrame, pairs: Path) -> dict[str, float]:
    """Sequences of a training divided by the number of answered prompts in the audit of the pairs."""
    kept = {}
    for (corpus,), rows in _trainings(costs).group_by("corpus"):
        file = pairs / f"{corpus}.audit.json"
        if file.is_file():
            audit = read_json(file)
            kept[str(corpus)] = float(rows["sequences"].mean()) / audit["prompts"]  # type: ignore[arg-type]
    return kept


def _generated(pairs: Path) -> dict[tuple[str, str], float]:
    """From the teacher's shards, if they still exist."""
    tokens = {}
    for folder in sorted({file.parent for file in pairs.glob("*/*/shard-*.parquet")}):
        shards = pl.concat(
            [read_column(file, "generations", "answer_tokens") for file in folder.glob("shard-*.parquet")]
        )
        tokens[folder.parent.name, folder.name] = float(shards.mean())  # type: ignore[arg-type]
    return tokens


def _evaluations(costs: pl.DataFrame) -> pl.DataFrame:
    return costs.filter(pl.col("stage") == "evaluation")


def _questions(costs: pl.DataFrame) -> dict[tuple[str, int | None], float]:
    """Prompt lengths of students, in chat format, and of base students."""
    lengths: dict[tuple[str, int | None], float] = {}
    of_students = _evaluations(costs).filter(pl.col("kind").is_in(["distilled", "adapted", "base"]))
    for (benchmark, shots), rows in of_students.group_by("benchmark", "shots"):
        lengths[str(benchmark), shots] = _mean(rows, "prompt_tokens")
    return lengths


def _answers(costs: pl.DataFrame) -> dict[tuple[str, str], float]:
    groups = _with_groups(_evaluations(costs)).group_by("group", "benchmark")
    return {(group, benchmark): _mean(rows, "completion_tokens") for (group, benchmark), rows in groups}


def _with_groups(rows: pl.DataFrame) -> pl.DataFrame:
    """Every row, repeated for each group of its model."""
    ids = rows["model_id"].unique(maintain_order=True).to_list()
    groups = [(model_id, group) for model_id in ids for group in answer_groups(model_id)]
    lookup = pl.DataFrame(groups, schema={"model_id": pl.String(), "group": pl.String()}, orient="row")
    return rows.join(lookup, on="model_id", how="inner")


def _read_verdicts(folder: Path) -> pl.DataFrame:
    """Tokens by judge, model and benchmark, without other length limits, thinking budgets and further answers."""
    columns = ["model_id", "benchmark", "judge", "judge_prompt_tokens", "judge_tokens"]
    files = [file for file in sorted(folder.rglob("*.parquet")) if not file.is_relative_to(folder / "rule_graders")]
    settings = tuple(f"{kind.suffix}-" for kind in CELL_VARIANTS)
    files = [file for file in files if not file.parent.name.startswith(settings)]
    if not files:
        types = dict.fromkeys(columns[:3], pl.String()) | dict.fromkeys([*columns[3:], "sequences"], pl.Int64())
        return pl.DataFrame(schema=types)
    verdicts = pl.concat([pl.read_parquet(file, columns=columns) for file in files])
    return verdicts.group_by(columns[:3], maintain_order=True).agg(
        pl.col("judge_prompt_tokens", "judge_tokens").sum(), sequences=pl.len()
    )


def _verdict_lengths(verdicts: pl.DataFrame) -> dict[tuple[str, str, str], tuple[float, float]]:
    lengths = {}
    for (judge, group, benchmark), rows in _with_groups(verdicts).group_by("judge", "group", "benchmark"):
        lengths[str(judge), str(group), str(benchmark)] = (
            _mean(rows, "judge_prompt_tokens"),
            _mean(rows, "judge_tokens"),
        )
    return lengths


def _work(costs: pl.DataFrame, stage: str, gpus: Callable[[str, str], int | None]) -> list[_Work]:
    """One measurement for each timed model of the planned study."""
    rows = _trainings(costs) if stage == "training" else _evaluations(costs)
    work = []
    for (_, kind, name), part in rows.group_by("model_id", "kind", "student", maintain_order=True):
        count = gpus("teacher" if kind == "teacher" else "student", str(name))
        if count and part["seconds"].null_count() == 0:
            names = ("prompt_tokens", "completion_tokens", "flops", "seconds")
            prompt, completion, flops, seconds = (float(part[column].sum()) for column in names)
            work.append(_Work(prompt, completion, flops, count * seconds))
    return work


def _judging_work(
    folder: Path, verdicts: pl.DataFrame, gpus: Callable[[str, str], int | None], shape: Callable[[str], Shape | None]
) -> list[_Work]:
    work = []
    for (judge, model_id), rows in verdicts.group_by("judge", "model_id", maintain_order=True):
        count, own = gpus("judge", str(judge)), shape(str(judge))
        seconds = manifest_seconds(folder / str(judge) / str(model_id) / "manifest.json")
        if not count or own is None or seconds is None:
            continue
        number = rows["sequences"].to_numpy()
        read, written = rows["judge_prompt_tokens"].to_numpy(), rows["judge_tokens"].to_numpy()
        flops = float((number * generation_flops(own.architecture, read / number, written / number)).sum())
        work.append(_Work(float(read.sum()), float(written.sum()), flops, count * seconds))
    return work


def _speed(work: list[_Work]) -> Speed:
    """Non-negative least squares of the three speeds over all measurements, weighted by the inverse of their time.

    The result is scaled so that it reproduces the total time. With few measured models it is not unique.
    """
    from scipy.optimize import nnls

    table = np.array([(one.prompt, one.completion, one.flops) for one in work])
    seconds = np.array([one.gpu_seconds for one in work])
    scale = np.where(table.sum(axis=0) > 0, table.sum(axis=0), 1.0)
    weights = 1 / np.sqrt(np.maximum(seconds, 1e-9))
    solution, _ = nnls(table / scale * weights[:, None], seconds * weights)
    predicted = float((table @ (solution / scale)).sum())
    correction = float(seconds.sum()) / predicted if predicted else 1.0
    first, second, third = (float(value) for value in correction * solution / scale)
    return first, second, third


def _seconds(costs: pl.DataFrame, results: Path, stage: str) -> float | None:
    """The measured seconds of a stage's work, without the start-up of its jobs.

    Answers and verdicts under other length limits are not in the costs table, but their jobs belong to the stage.
    """
    if stage == "training":
        seconds = _trainings(costs)["seconds"]
        return float(seconds.sum()) if seconds.null_count() < seconds.len() else None
    folder = results / ("answers" if stage == "evaluation" else "verdicts")
    files = [file for file in folder.rglob("manifest.json") if not file.is_relative_to(folder / "rule_graders")]
    return sum(manifest_seconds(file) or 0.0 for file in files) if files else None


def _start(rule: Mapping[str, float], seconds: float | None) -> float | None:
    return None if seconds is None else max(0.0, rule["seconds"] - seconds) / rule["jobs"]
