"""A log of one model on one benchmark, written by inspect_ai's own API."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import atomic_path
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.reporting.eval_logs.samples import JURY
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.local_files import PROJECT, project_file

#: The environment with inspect_ai, which the project's Makefile makes.
_ENVIRONMENT = ".venv-inspect"
#: Sampling parameters of a manifest that inspect_ai knows too.
_SAMPLING = ("temperature", "top_p", "top_k", "max_tokens", "presence_penalty", "frequency_penalty")
_COUNTS = ("n", "truncated", "refused", "empty", "unparsable", "answer_tokens_mean", "judge_agreement")
_MEASURES = ("strict", "lenient", "exact_match", "f1")


def header(
    study: str, benchmark: str, model_id: str, manifest: Mapping[str, Any], samples: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """What a log says of its run (inspect_ai's ``EvalSpec``); equal inputs give equal ids.

    ``manifest`` is that of the model's answers, ``samples`` are those of the log.
    """
    ids = list(dict.fromkeys(sample["id"] for sample in samples))
    settings = manifest.get("settings", {})
    sampling = settings.get("sampling") or {}
    own = {name: value for name, value in parse_model_id(model_id).columns().items() if value is not None}
    scorers = list(dict.fromkeys(name for sample in samples for name in sample["scores"]))
    return {
        "eval_id": stable_id("inspect", study, model_id, benchmark),
        "run_id": stable_id("inspect", study, model_id),
        "task_id": stable_id("inspect", study, benchmark),
        "created": manifest["created"],
        "task": benchmark,
        "dataset": {"name": benchmark, "samples": len(ids), "sample_ids": ids, "shuffled": False},
        "model": model_id,
        "model_generate_config": {name: sampling[name] for name in _SAMPLING if sampling.get(name) is not None},
        "model_args": {"path": settings["model"]} if settings.get("model") else {},
        "config": {"epochs": max(sample["epoch"] for sample in samples), "epochs_reducer": ["mean"]},
        "packages": manifest.get("packages", {}),
        "metadata": {"study": study, **own},
        "scorers": [{"name": name, "metrics": [{"name": "accuracy"}]} for name in scorers],
    }


def results(samples: Iterable[Mapping[str, Any]], score: Mapping[str, Any]) -> dict[str, Any]:
    """The log's metrics (inspect_ai's ``EvalResults``): of the jury those of ``score``, a row of schema scores.

    The accuracy of each judge is its share of "yes" among all answers.
    """
    letters: dict[str, list[str]] = {}
    for sample in samples:
        for name, given in sample["scores"].items():
            letters.setdefault(name, []).append(given["value"])
    scores = []
    for name, values in letters.items():
        metrics = {"accuracy": sum(value == "C" for value in values) / len(values)}
        if name == JURY:
            metrics = {each: score[each] for each in ("accuracy", "ci_low", "ci_high")}
        elif name == RULE_GRADERS:
            metrics |= {each: score[each] for each in _MEASURES if score[each] is not None}
        described = {each: {"name": each, "value": value} for each, value in metrics.items()}
        scores.append({"name": name, "scorer": name, "scored_samples": len(values), "metrics": described})
    total = score["n"]
    return {
        "total_samples": total,
        "completed_samples": total,
        "scores": scores,
        "metadata": {name: score[name] for name in _COUNTS},
    }


def stats(samples: Iterable[Mapping[str, Any]], created: str) -> dict[str, Any]:
    """Tokens of the model and of each judge (inspect_ai's ``EvalStats``)."""
    sums: dict[str, dict[str, dict[str, int]]] = {"model_usage": {}, "role_usage": {}}
    for sample in samples:
        for part, total in sums.items():
            for name, usage in sample[part].items():
                own = total.setdefault(name, dict.fromkeys(usage, 0))
                for key, value in usage.items():
                    own[key] += value
    return {"started_at": created, "completed_at": created, **sums}


def not_installed(error: ImportError, program: str, project: Path = PROJECT) -> StudyError:
    """The error for an environment without inspect_ai; ``program`` is the one to repeat the command with.

    Its remedy is the Makefile's target, and pip where this package is installed without the ``project`` around it.
    """
    if (project / "Makefile").is_file():
        here = project == Path.cwd().resolve()
        make = "make venv-inspect" if here else f"make -C {shlex.quote(str(project))} venv-inspect"
        remedy = f"{make}, then repeat the command with {project_file(f'{_ENVIRONMENT}/bin/{program}', project)}"
    else:
        install = f"python3 -m venv {_ENVIRONMENT} && {_ENVIRONMENT}/bin/pip install 'FOLDER[inspect]'"
        remedy = f"{install}, where FOLDER has this project; then repeat the command with {_ENVIRONMENT}/bin/{program}"
    return StudyError(
        "inspect_ai is not installed in this environment",
        found=str(error),
        expected="the package inspect_ai, which has an environment of its own",
        remedy=remedy,
    )


def write_log(
    path: Path,
    spec: Mapping[str, Any],
    samples: list[dict[str, Any]],
    result: Mapping[str, Any],
    statistics: Mapping[str, Any],
) -> None:
    """Write a log (`.eval`), atomically; ``samples`` is emptied, so that its texts are in memory once.

    Raises :class:`StudyError` if inspect_ai is not installed.
    """
    try:
        from inspect_ai.log import EvalLog, EvalSample, write_eval_log
    except ImportError as error:
        raise not_installed(error, "snakemake") from None
    log = EvalLog.model_validate(
        {"status": "success", "eval": spec, "plan": {"steps": [{"solver": "generate"}]}}
        | {"results": result, "stats": statistics}
    )
    log.samples = []
    samples.reverse()
    while samples:
        log.samples.append(EvalSample.model_validate(samples.pop()))
    with atomic_path(path) as temporary:
        write_eval_log(log, Path(temporary), format="eval")
