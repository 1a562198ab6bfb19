"""What a model id means for an evaluation: how the model is prompted, and which options may not contradict the id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scale_or_reason.common.errors import StudyError
from scale_or_reason.inference.requests import SamplingParameters, ThinkingMode
from scale_or_reason.study.cells import AnyModel, BaseStudent, HybridMode, LimitedCell, SampledCell, Teacher


@dataclass(frozen=True)
class PromptVariant:
    """A prompt variant of a model: few-shot examples, or a chat with a thinking mode."""

    model: AnyModel
    shots: int | None
    mode: ThinkingMode

    @property
    def model_id(self) -> str:
        return self.model.model_id


def prompt_variants(
    models: Sequence[AnyModel], folders: Sequence[str], modes: Mapping[str, ThinkingMode]
) -> list[PromptVariant]:
    """The prompt variants ``models`` of the weights in ``folders``; ``modes`` has a thinking mode per format.

    Raises :class:`StudyError` for duplicate models, if there is neither one folder per model nor one folder for all,
    and for a hybrid student whose mode has no suffix.
    """
    found = ", ".join(model.model_id for model in models)
    if len(set(models)) < len(models):
        raise StudyError("duplicate model id", where="--model-ids", found=found)
    owners = {_owner(model) for model in models}
    variants_of_one = len(owners) == 1 and None not in owners
    if len(folders) != len(models) and not (len(folders) == 1 and variants_of_one):
        raise StudyError(
            "the number of model ids does not match --model",
            where="--model-ids",
            found=found,
            expected="one id per --model, or several prompt variants of one base student, teacher or hybrid student",
        )
    return [
        PromptVariant(model, model.shots if isinstance(model, BaseStudent) else None, _mode_of(model, modes))
        for model in models
    ]


def _owner(model: AnyModel) -> str | None:
    """Names the model whose prompt variant this is; None for a model that has only one."""
    if isinstance(model, HybridMode):
        return model.cell.model_id
    return f"{model.kind}/{model.student}" if isinstance(model, BaseStudent | Teacher) else None


def _mode_of(model: AnyModel, modes: Mapping[str, ThinkingMode]) -> ThinkingMode:
    if not isinstance(model, Teacher | HybridMode):
        return ThinkingMode()
    mode = modes[model.format]
    if isinstance(model, HybridMode) and not mode.suffix:
        raise StudyError(
            "the prompts of a hybrid student would not carry the mode",
            where="--modes",
            key=f"{model.format}.suffix",
            found="no suffix",
            expected="the text behind the prompt that the student was trained with",
            remedy='pass --modes \'{"ift": {"suffix": " /no_think"}, "reasoning": {"suffix": " /think"}}\'',
        )
    return mode


def owner_of_replies(model: AnyModel) -> str:
    """The id of the model whose folder has the replies: that of the cell for further answers of a cell.

    So a student has one log of replies for any number of answers to an item.
    """
    return model.cell.model_id if isinstance(model, SampledCell) else model.model_id


def check_endpoint(endpoint: str | None, models: Sequence[AnyModel]) -> None:
    """Raise :class:`StudyError` if a model other than a teacher is evaluated through an endpoint."""
    if endpoint and not all(isinstance(model, Teacher) for model in models):
        raise StudyError(
            "only a teacher can be evaluated through an endpoint",
            where="--endpoint",
            key="--model-ids",
            found=", ".join(model.model_id for model in models),
            expected="teacher/NAME/FORMAT",
            remedy="remove --endpoint; the study's own models are loaded into vLLM",
        )


def check_length_limits(models: Sequence[AnyModel], sampling: SamplingParameters) -> None:
    """Raise :class:`StudyError` if a model's id has another length limit than ``sampling``."""
    for model in models:
        if isinstance(model, LimitedCell) and model.max_tokens != sampling.max_tokens:
            raise StudyError(
                "the length limit differs from that of the model id",
                where="--sampling",
                key="max_tokens",
                found=sampling.max_tokens,
                expected=f"{model.max_tokens}, as in the id {model.model_id}",
                remedy="use the limit of the id, or an id without a limit",
            )


def check_samples(models: Sequence[AnyModel], samples: Mapping[str, int]) -> None:
    """Raise :class:`StudyError` if a model's id has another number of answers than ``samples`` of a benchmark."""
    for model in models:
        if not isinstance(model, SampledCell):
            continue
        others = {name: count for name, count in samples.items() if count != model.samples}
        if others:
            raise StudyError(
                "the number of answers differs from that of the model id",
                where="--samples",
                found=", ".join(f"{name}: {count}" for name, count in others.items()),
                expected=f"as many as in the id {model.model_id}, for every benchmark",
                remedy="use the number of the id, or an id without one",
            )
