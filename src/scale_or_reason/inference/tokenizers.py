"""Tokenizers of students: loaded with the study's chat template, and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.inference.model_files import loading_errors

#: Words, numbers, punctuation, spaces and line breaks, which tokenizers split in different ways.
_PROBE = "In 2024 Ann's 12 apples cost $7.50:\n\n\\boxed{19}  \t(naïve) 12+7=19 x_1 don't\n"


def check_token_ids(model: str, tokenizer: Any) -> None:
    """Raise :class:`StudyError` if ``tokenizer``, loaded from the folder ``model``, disagrees with its tokenizer.json.

    transformers may prefer the tokenizer class of the model's type to the one that the folder names: every Qwen2 folder
    splits text like Qwen. A model trained with other ids would then silently get wrong ids. Hub ids are not checked.
    """
    from tokenizers import Tokenizer

    file = Path(model) / "tokenizer.json"
    if not file.is_file():
        return
    expected = Tokenizer.from_file(str(file)).encode(_PROBE, add_special_tokens=False).ids
    loaded = tokenizer(_PROBE, add_special_tokens=False)["input_ids"]
    if loaded != expected:
        raise StudyError(
            "the loaded tokenizer gives other token ids than its tokenizer.json",
            where=str(file),
            found=f"{type(tokenizer).__name__}: {len(loaded)} tokens for a short text; the file: {len(expected)}",
            expected="the same ids",
            remedy="save the model with the tokenizer class of its architecture, and train it with that tokenizer",
        )


def load_tokenizer(model: str, revision: str | None, chat_template: Path) -> Any:
    """The model's tokenizer with the study's chat template."""
    from transformers import AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    with loading_errors(model):
        tokenizer = AutoTokenizer.from_pretrained(model, revision=revision, trust_remote_code=False)
    check_token_ids(model, tokenizer)
    tokenizer.chat_template = chat_template.read_text(encoding="utf-8")
    tokenizer.padding_side = "right"
    return tokenizer


def tokens_identity(tokenizer: Any, stop_token: str) -> dict[str, str]:
    """Hashes of everything that token ids depend on; students with the same values share tokenised pairs."""
    vocabulary = json.dumps(
        [tokenizer.get_vocab(), tokenizer(_PROBE, add_special_tokens=False)["input_ids"]], sort_keys=True
    )
    return {
        "tokenizer": stable_id(vocabulary),
        "chat_template": stable_id(tokenizer.chat_template),
        "stop_token": stop_token,
    }
