"""Load student models, and save them so that they stop at the end of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.inference.model_files import loading_errors
from scale_or_reason.inference.weights import check_weights

#: Names of the language model's weights: inside a vision-language model -> alone.
_TEXT_WEIGHTS = {r"^language_model\.": "", r"^model\.language_model\.": "model."}


def load_model(model: str, revision: str | None, dtype: str, attention: str) -> Any:
    """The language model for training in ``dtype``; of a vision-language model (Gemma 3 from 4B) only that part.

    Raises :class:`StudyError` if weights are damaged, or missing, which transformers would initialise at random.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    if Path(model).exists():
        check_weights(Path(model), contents=True)
    with loading_errors(model):
        whole = AutoConfig.from_pretrained(model, revision=revision, trust_remote_code=False)
        config = whole.get_text_config()
        student, report = AutoModelForCausalLM.from_pretrained(
            model,
            config=config,
            revision=revision,
            dtype=getattr(torch, dtype),
            attn_implementation=attention,
            key_mapping=None if config is whole else _TEXT_WEIGHTS,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    if missing := sorted(report["missing_keys"]):
        raise StudyError(
            "the model's weights are incomplete",
            where=model,
            found=f"{counted(len(missing), 'tensor')} missing, such as {missing[0]}",
            expected=f"all weights of {type(student).__name__}",
            remedy="download the model again",
        )
    return student


def text_config(model: str, revision: str | None) -> Any:
    """The config of the language model."""
    from transformers import AutoConfig

    with loading_errors(model):
        return AutoConfig.from_pretrained(model, revision=revision, trust_remote_code=False).get_text_config()


def save_student(folder: Path, model: Any, weights: dict[str, Any], tokenizer: Any, stop_token: str) -> None:
    """Write a model folder that loads in transformers and vLLM, and whose answers end at ``stop_token``.

    The base model's stop tokens are kept, after the new one. Raises :class:`StudyError` unless the files have every
    parameter of the model in its shape, and only finite values.
    """
    from transformers import GenerationConfig

    stop = tokenizer.convert_tokens_to_ids(stop_token)
    before = model.generation_config.eos_token_id
    others = before if isinstance(before, list) else [before]
    tokenizer.eos_token = stop_token
    model.config.eos_token_id = stop
    model.generation_config = GenerationConfig(
        eos_token_id=[stop, *(other for other in others if other not in (stop, None))],
        pad_token_id=pad_token_id(tokenizer, stop_token),
    )
    # with the names of the model's class, not those of the vision-language model
    model.save_pretrained(folder, state_dict=without_tied(model, weights), save_original_format=False)
    tokenizer.save_pretrained(folder)
    check_weights(folder, parameters=_parameter_shapes(model), finite=True)


def without_tied(model: Any, weights: Mapping[str, Any]) -> dict[str, Any]:
    """``weights`` without tensors that loaders take from another one, such as an output head tied to the embedding.

    transformers omits them from a model's own state dict. That of a distributed training has copies of them.
    """
    tied: Mapping[str, str] = model.all_tied_weights_keys  # name -> name of the tensor it is tied to
    for name, source in tied.items():
        if name in weights and not weights[name].equal(weights[source]):
            raise AssertionError(f"{name} is tied to {source} and differs from it")
    return {name: tensor for name, tensor in weights.items() if name not in tied}


def _parameter_shapes(model: Any) -> dict[str, tuple[int, ...]]:
    """The names and shapes of all parameters; with ZeRO-3 a process holds only a part of each."""
    return {name: tuple(getattr(part, "ds_shape", part.shape)) for name, part in model.named_parameters()}


def pad_token_id(tokenizer: Any, stop_token: str) -> int:
    """The padding token; the stop token if the tokenizer has none (padding has no labels)."""
    pad = tokenizer.pad_token_id
    return pad if pad is not None else tokenizer.convert_tokens_to_ids(stop_token)
