"""The card of a student in the hub's format: header with results, data, recipe, scores, FLOPs, limits, manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.files import read_json
from scale_or_reason.common.manifests import content_hash
from scale_or_reason.publishing.licences import licence_fields, licence_of
from scale_or_reason.publishing.scores import StudyTables
from scale_or_reason.study.cells import Adaptation, Cell
from scale_or_reason.study.local_files import is_local
from scale_or_reason.study.study import Study

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

TEMPLATE = Path(__file__).parent / "templates" / "model_card.md.jinja"
#: Settings of a training that a reader needs, as its manifest names them.
RECIPE = (
    *("learning_rate", "warmup_steps", "decay_steps", "min_lr_ratio", "batch_size", "batch_unit", "max_length"),
    *("overlong", "weight_decay", "gradient_clipping", "adam_beta1", "adam_beta2", "adam_epsilon", "dtype", "seed"),
)


def model_card(
    model: Cell | Adaptation,
    model_ids: Sequence[str],
    folder: Path,
    corpora: Sequence[str],
    study: Study,
    config: Mapping[str, Any],
    tables: StudyTables,
    data_repositories: Sequence[str],
) -> str:
    """The card as Markdown with a YAML header.

    ``model_ids`` are the names under which the model has scores, two for a model with two modes. ``corpora`` are what
    it was trained on, in order; ``data_repositories`` those of their pairs. The text depends on files only, not on the
    time, so that an unchanged model has an unchanged card.
    """
    from huggingface_hub import ModelCard, ModelCardData

    manifest = read_json(folder / "manifest.json")
    student = study.students[model.student]
    licences = config["push"]["licenses"]
    base = None if is_local(student.model) else student.model
    results = evaluation_results(tables.benchmarks(model_ids), config["benchmarks"]["source"]["kind"] == "hub")
    data = ModelCardData(
        model_name=model.model_id.replace("/", "-"),
        eval_results=results or None,
        base_model=base,
        base_model_relation="finetune" if base else None,
        datasets=list(data_repositories) or None,
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["scale-or-reason", "distillation", *(["reasoning"] if _reasons(model) else [])],
        **licence_fields(licences.get(student.model)),
    )
    card = ModelCard.from_template(
        data,
        template_path=str(TEMPLATE),
        title=model.model_id,
        study=study.name,
        base=base or f"a model of our own ({Path(student.model).name})",
        base_licence=licence_of(student.model, licences),
        formats=_formats(model),
        sources=[_source(study, name, licences) for name in corpora],
        teacher=study.teacher,
        teacher_licence=licence_of(study.teacher.model, licences) if study.teacher else "",
        teacher_name="" if study.teacher is None else _public_name(study.teacher.model, study.teacher.name),
        template=student.template,
        recipe={name: manifest["settings"][name] for name in RECIPE if name in manifest["settings"]},
        training=manifest.get("training", {}),
        rows_of_the_hub=config["benchmarks"]["source"]["kind"] == "hub",
        benchmarks=tables.benchmarks(model_ids),
        families=tables.families(model_ids),
        flops=tables.training_flops(model_ids),
        two_modes=len(model_ids) > 1,
        decontaminated=sorted(study.benchmarks),
        manifest_hash=content_hash(folder / "manifest.json"),
        git=manifest.get("git") or {},
        packages=manifest.get("packages", {}),
    )
    return str(card)


def evaluation_results(rows: Sequence[Mapping[str, Any]], of_the_hub: bool) -> list[EvalResult]:
    """Accuracies as the hub's results; the 95 % interval and the number of items are arguments of the metric.

    Only rows ``of_the_hub`` are results on a data set of the hub: others of that name may be anything.
    """
    from huggingface_hub import EvalResult

    found = []
    for row in rows:
        benchmark = get_benchmark(row["benchmark"])
        hub = benchmark.hub if of_the_hub else None
        mode = str(row["model_id"]).rpartition("/")[2] if str(row["kind"]).startswith("hybrid") else None
        found.append(
            EvalResult(
                task_type="text-generation",
                dataset_type=hub.path if hub else row["benchmark"],
                dataset_name=row["benchmark"] if mode is None else f"{row['benchmark']} ({mode})",
                dataset_split=hub.split if hub else None,
                metric_type="accuracy",
                metric_name=f"accuracy ({row['family']})",
                metric_value=round(float(row["accuracy"]), 4),
                metric_args={
                    "ci95_low": round(float(row["ci_low"]), 4),
                    "ci95_high": round(float(row["ci_high"]), 4),
                    "items": int(row["n"]),
                },
            )
        )
    return found


def _reasons(model: Cell | Adaptation) -> bool:
    return "reasoning" in _formats(model)


def _formats(model: Cell | Adaptation) -> str:
    """What the model was trained on, in words."""
    if isinstance(model, Adaptation):
        return f"{model.first} answers, then {model.second} answers"
    if model.ratio in (0, 1):
        return "reasoning answers" if model.ratio else "plain instruction answers (IFT)"
    part = "" if model.data_fraction == 1 else f", on {model.data_fraction:.0%} of the data"
    shares = f"{model.ratio:.0%} reasoning answers and {1 - model.ratio:.0%} plain ones"
    return f"{shares}, curriculum `{model.curriculum}`{part}"


def _source(study: Study, corpus: str, licences: Mapping[str, str]) -> dict[str, str]:
    source = study.corpora[corpus].source
    name = source.path if source.kind == "hub" else "prompts of our own"
    return {"corpus": corpus, "name": name, "licence": licence_of(source.path, licences)}


def _public_name(model: str, name: str) -> str:
    """A hub id, or the name in the config: folders of this machine stay here."""
    return name if is_local(model) else model
