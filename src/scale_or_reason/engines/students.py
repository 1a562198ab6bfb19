"""Student models on disk: checked, loaded, and saved so that they stop at the end of an answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from scale_or_reason.errors import StudyError
from scale_or_reason.seeds import stable_id

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
#: Names of the language model's weights: inside a model that also sees, and alone.
_TEXT_WEIGHTS = {r"^language_model\.": "", r"^model\.language_model\.": "model."}
#: Words, numbers, signs, spaces and line breaks: whatever tokenizers split in different ways.
_PROBE = "In 2024 Ann's 12 apples cost $7.50:\n\n\\boxed{19}  \t(naïve) 12+7=19 x_1 don't\n"


def check_model(model: str) -> None:
    """Raise :class:`StudyError` unless ``model`` is a folder with safetensors weights or reads like a hub id."""
    folder = Path(model)
    if not folder.exists():
        if not _HUB_ID.fullmatch(model):
            raise StudyError(
                "the model does not exist",
                where=model,
                expected="a model folder, or a hub id like Qwen/Qwen2.5-0.5B",
                remedy="correct the path, or run the rule that makes this model",
            )
        return
    if not (folder / "config.json").is_file():
        raise StudyError("this is not a model folder", where=model, expected="a folder with config.json")
    if not any(folder.glob("*.safetensors")):
        found = sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in folder.glob(pattern))
        raise StudyError(
            "the model has no safetensors weights",
            where=model,
            found=", ".join(found) or "no weights",
            expected="model.safetensors (pickled weights can run code and are not read)",
            remedy="convert it: load it where you trust it and call save_pretrained",
        )


def check_token_ids(model: str, tokenizer: Any) -> None:
    """Raise :class:`StudyError` if ``tokenizer``, as loaded from the folder ``model``, is not its tokenizer.json.

    transformers may prefer the class of the model's type to the one that the folder names: every Qwen2 folder splits
    text as Qwen does. A model that learnt other ids would then be read, trained and asked in gibberish, silently. Hub
    ids are not looked at.
    """
    from tokenizers import Tokenizer

    file = Path(model) / "tokenizer.json"
    if not file.is_file():
        return
    meant = Tokenizer.from_file(str(file)).encode(_PROBE, add_special_tokens=False).ids
    loaded = tokenizer(_PROBE, add_special_tokens=False)["input_ids"]
    if loaded != meant:
        raise StudyError(
            "the tokenizer is loaded with other token ids than its tokenizer.json gives",
            where=str(file),
            found=f"{type(tokenizer).__name__} makes {len(loaded)} tokens of a short text, the file {len(meant)}",
            expected="the same ids",
            remedy="give the model the tokenizer class of its architecture, and train it with that tokenizer",
        )


def load_tokenizer(model: str, revision: str | None, chat_template: Path) -> Any:
    """The model's tokenizer with the study's chat template."""
    from transformers import AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    with _as_study_error(model):
        tokenizer = AutoTokenizer.from_pretrained(model, revision=revision, trust_remote_code=False)
    check_token_ids(model, tokenizer)
    tokenizer.chat_template = chat_template.read_text(encoding="utf-8")
    tokenizer.padding_side = "right"
    return tokenizer


def tokens_identity(tokenizer: Any, stop_token: str) -> dict[str, str]:
    """What token ids depend on, hashed: two students with the same values can share tokenised pairs."""
    vocabulary = json.dumps(
        [tokenizer.get_vocab(), tokenizer(_PROBE, add_special_tokens=False)["input_ids"]], sort_keys=True
    )
    return {
        "tokenizer": stable_id(vocabulary),
        "chat_template": stable_id(tokenizer.chat_template),
        "stop_token": stop_token,
    }


def load_model(model: str, revision: str | None, dtype: str, attention: str) -> Any:
    """The language model, ready to be trained in ``dtype``: of one that also sees (Gemma 3 from 4B), that part alone.

    Raises :class:`StudyError` if weights are missing: transformers would go on with random ones.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with _as_study_error(model):
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
            "the model's weights are not complete",
            where=model,
            found=f"{len(missing)} tensors missing, such as {missing[0]}",
            expected=f"all weights of {type(student).__name__}",
            remedy="download the model again",
        )
    return student


def save_student(folder: Path, model: Any, weights: dict[str, Any], tokenizer: Any, stop_token: str) -> None:
    """Write a model folder that loads in transformers and vLLM, and whose answers end at ``stop_token``.

    The stop tokens that the base model had stay, behind the new one.
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
    # under the names of the model's own class: else those of a model that also sees would come back
    model.save_pretrained(folder, state_dict=weights, save_original_format=False)
    tokenizer.save_pretrained(folder)


def pad_token_id(tokenizer: Any, stop_token: str) -> int:
    """The padding token; the stop token where the tokenizer has none (labels don't see padding)."""
    pad = tokenizer.pad_token_id
    return pad if pad is not None else tokenizer.convert_tokens_to_ids(stop_token)


class _as_study_error:
    """Turns what the hub and the loaders raise into one readable error."""

    def __init__(self, model: str) -> None:
        self.model = model

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError):
            reason = str(error).strip().splitlines()[0]
            raise StudyError(
                "the model cannot be loaded",
                where=self.model,
                found=reason,
                expected="a model folder or a hub id with config.json, a tokenizer and safetensors weights",
                remedy="check the name and the revision, and that the hub can be reached or the model is in the cache",
            ) from error
