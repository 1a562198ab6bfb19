"""Settings of vLLM: which may be given, and how they are completed for a CPU."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Mapping
from typing import Any

from scale_or_reason.common.errors import StudyError

#: Settings that the caller decides or that must not be set.
_RESERVED = ("model", "tokenizer", "revision", "tokenizer_revision", "seed", "trust_remote_code", "generation_config")
_CPU_SEQUENCES, _CPU_BATCHED_TOKENS = 256, 4096
_WIDEST_NUMBER = 4  # bytes of a float32
_MIB = 1 << 20


def text_config(model: str, revision: str | None) -> Any:
    """The config of the language model."""
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(model, revision=revision, trust_remote_code=False).get_text_config()


def cpu_settings(config: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """``settings`` completed for a CPU: no compilation, a small KV cache, whole prompts in a step."""
    merged: dict[str, Any] = {"enforce_eager": True, "max_num_seqs": _CPU_SEQUENCES, **settings}
    merged.pop("gpu_memory_utilization", None)  # on a CPU it would reserve that share of the machine's memory
    context = merged.get("max_model_len") or config.max_position_embeddings
    merged["enable_chunked_prefill"] = False
    merged["max_num_batched_tokens"] = max(context, merged.get("max_num_batched_tokens", _CPU_BATCHED_TOKENS))
    if "VLLM_CPU_KVCACHE_SPACE" not in os.environ:
        merged.setdefault("kv_cache_memory_bytes", _cpu_cache_bytes(config, merged["max_num_seqs"], context))
    return merged


def _cpu_cache_bytes(config: Any, sequences: int, context: int) -> int:
    """Bytes for ``sequences`` full contexts, 64 MiB to 2 GiB; clearing memory dominates a small model's start."""
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    pairs = config.num_key_value_heads or config.num_attention_heads  # null where layers differ
    per_token = 2 * config.num_hidden_layers * pairs * head * _WIDEST_NUMBER
    requested = min(max(sequences * context * per_token, 64 * _MIB), 2048 * _MIB)
    return max(requested, 2 * context * per_token)


def check_reserved(settings: Mapping[str, Any]) -> None:
    """Raise :class:`StudyError` for a setting that the workflow decides."""
    for name in _RESERVED:
        if name in settings:
            raise StudyError(
                "this engine setting must not be set",
                where="--engine",
                key=name,
                found=settings[name],
                remedy="remove it; the workflow sets models and seeds, and remote code is never trusted",
            )


def check_known(vllm: Any, settings: Mapping[str, Any]) -> None:
    """Raise :class:`StudyError` for a setting that vLLM does not have."""
    known = inspect.signature(vllm.EngineArgs).parameters
    for name in settings:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise StudyError(
                "unknown vLLM setting",
                where="--engine",
                key=name,
                found=settings[name],
                remedy=f"did you mean {close[0]}?" if close else "see the arguments of vllm.LLM",
            )
