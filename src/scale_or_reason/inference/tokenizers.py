"""Tokenizers of students: loaded with the study's chat template, and checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.wording import counted
from scale_or_reason.inference.model_files import loading_errors

_SHOWN = 60
#: Part of the identity of tokenised pairs; a change would outdate all of them.
_IDENTITY_PROBE = "In 2024 Ann's 12 apples cost $7.50:\n\n\\boxed{19}  \t(naïve) 12+7=19 x_1 don't\n"
#: Texts that tokenizers treat in different ways: each shows the lack of a step of normalising or splitting.
_PROBES = (
    _IDENTITY_PROBE,
    "Hello, world! I'LL we're YOU'VE don't; it's (x+1)/2 == 3.14159e-10, 1234567890 and 12 345,67.",
    "nospaces,x=1;f(x)=2x+1:[a,b]{c}<d>|e|~`@#$%^&*_-+",
    "  two at the start, two within  it, and two at the end  ",
    " \t\n\r\n\n\n    if a:\n\t\treturn b\r\n",
    "e\u0301 a\u0308 n\u0303 \u1100\u1161\u11a8 \u0928\u093c",  # NFC composes them
    "\u00e9 \u00e4 \u00f1 \uac01 \u0929 \u212b \u0344",  # NFD takes them apart
    "\ufb01ne \u2460 \uff21\uff22\uff11 x\u00b2 \u00bd \u2122 \u33a5 \u2026 \u00a0| \u3000|",  # NFKC replaces them
    "\u00c0\u00c9\u00d1 stra\u00dfe \u0130 \u01c5 \u03a3\u03c2 NaN",  # lower case, accents
    "\u4e2d\u6587\u6d4b\u8bd5\u3002 \u65e5\u672c\u8a9e\u30c6\u30b9\u30c8 \ud55c\uad6d\uc5b4",
    "\u0e44\u0e17\u0e22 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0939\u093f\u0928\u094d\u0926\u0940",
    "\U0001f600\U0001f468\u200d\U0001f469 \U0001d54f \u2211\u222b\u2264 \u2581 \u0120 \ufeff \u200b \x00 \x7f",
)


def at_revision(source: str) -> tuple[str, str | None]:
    """Name and revision in ``ID@REVISION``; a folder may have this sign in its name."""
    if Path(source).exists():
        return source, None
    name, _, revision = source.partition("@")
    return name, revision or None


def check_token_ids(model: str, tokenizer: Any, revision: str | None = None) -> None:
    """Raise :class:`StudyError` if ``tokenizer``, loaded from ``model``, disagrees with the model's tokenizer.json.

    transformers may prefer the tokenizer class of the model's type to the one that the folder names: every Qwen2 folder
    splits text like Qwen. A model trained with other ids would then silently get wrong ids. Of a hub id the file in the
    cache is taken, from which ``tokenizer`` was loaded. Tokenizers of other libraries are not checked.
    """
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

    file = _tokenizer_file(model, revision)
    if file is None or not isinstance(tokenizer, PreTrainedTokenizerBase):
        return
    reference = Tokenizer.from_file(str(file))
    reference.no_truncation()
    reference.no_padding()
    added = [token.content for _, token in sorted(reference.get_added_tokens_decoder().items())]
    for text in _probes(added):
        expected = reference.encode(text, add_special_tokens=False).ids
        loaded = tokenizer(text, add_special_tokens=False)["input_ids"]
        if loaded != expected:
            kind = type(tokenizer).__name__
            raise StudyError(
                "the loaded tokenizer gives other token ids than its tokenizer.json",
                where=str(file),
                found=f"{kind}: {counted(len(loaded), 'token')} for {text[:_SHOWN]!r}; the file: {len(expected)}",
                expected="the same ids",
                remedy="save the model with the tokenizer class of its architecture, and train it with that tokenizer",
            )


def _tokenizer_file(model: str, revision: str | None) -> Path | None:
    """The tokenizer.json of a folder, or of a hub id in the cache; ``None`` if there is none."""
    from huggingface_hub import try_to_load_from_cache

    if Path(model).is_dir():
        file = Path(model) / "tokenizer.json"
        return file if file.is_file() else None
    cached = try_to_load_from_cache(model, "tokenizer.json", revision=revision)
    return Path(cached) if isinstance(cached, str) else None


def _probes(added: Sequence[str]) -> tuple[str, ...]:
    """The probe texts, and the added tokens between spaces and between letters, which their options may swallow."""
    return (*_PROBES, *(f"a  {token}  b\n{token}\nc{token}d" for token in added))


def load_tokenizer(model: str, revision: str | None, chat_template: Path) -> Any:
    """The model's tokenizer with the study's chat template."""
    from transformers import AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    with loading_errors(model):
        tokenizer = AutoTokenizer.from_pretrained(model, revision=revision, trust_remote_code=False)
    check_token_ids(model, tokenizer, revision)
    tokenizer.chat_template = chat_template.read_text(encoding="utf-8")
    tokenizer.padding_side = "right"
    return tokenizer


def tokens_identity(tokenizer: Any, stop_token: str) -> dict[str, str]:
    """Hashes of everything that token ids depend on; students with the same values share tokenised pairs."""
    vocabulary = json.dumps(
        [tokenizer.get_vocab(), tokenizer(_IDENTITY_PROBE, add_special_tokens=False)["input_ids"]], sort_keys=True
    )
    probes = [
        tokenizer(text, add_special_tokens=False)["input_ids"] for text in _probes(sorted(tokenizer.get_added_vocab()))
    ]
    return {
        "tokenizer": stable_id(vocabulary),
        "tokenizer_probes": stable_id(json.dumps(probes)),
        "chat_template": stable_id(tokenizer.chat_template),
        "stop_token": stop_token,
    }
