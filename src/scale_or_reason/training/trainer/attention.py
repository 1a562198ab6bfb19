"""Attention within the documents of a packed row, by the fastest available kernel.

transformers separates packed documents by a dense mask over the whole row, unless a flash-attention package is
installed. :data:`VARLEN` is PyTorch's own flash attention for GPUs: one call for all documents. :data:`SDPA` calls
PyTorch's usual kernel once per document. It serves CPUs and float32, and it is the reference for tests of the others.
"""

from __future__ import annotations

from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.training.trainer.varlen import HALF, VARLEN, register, why_not_varlen

#: PyTorch's kernel, document by document.
SDPA = "sdpa"
#: Tri Dao's packages, fastest first: one call for all documents of a row.
FLASH = ("flash_attention_3", "flash_attention_2")
ATTENTION = ("auto", VARLEN, SDPA, *FLASH)
#: The name of our function in transformers' registry.
_REGISTERED = "sdpa_by_document"


def choose_attention(wanted: str, dtype: str) -> str:
    """``wanted``; for ``auto`` the first of :data:`VARLEN`, :data:`FLASH`, :data:`SDPA` that works here in ``dtype``.

    Raises :class:`StudyError` if ``wanted`` does not work on this machine in ``dtype``.
    """
    why_not = why_not_varlen(dtype)
    available = [] if why_not else [VARLEN]
    available += [*(name for name in FLASH if dtype in HALF and _is_available(name)), SDPA]
    if wanted == "auto":
        return available[0]
    if wanted not in available:
        raise StudyError(
            "the attention kernel is not available" + (f": {why_not}" if wanted == VARLEN else ""),
            key="training.execution.attention",
            found=wanted,
            expected=f"one of {', '.join(available)} on this machine in {dtype}",
            remedy="use auto" + ("" if wanted == VARLEN else ", or install its package (it needs a GPU)"),
        )
    return wanted


def kernel_summary(attention: str, dtype: str) -> str:
    """The kernels in use, for the log; on a GPU with a warning and its reason if attention uses the slow one."""
    import torch
    from transformers.utils import is_triton_available

    if not torch.cuda.is_available():
        return f"attention: {attention}"
    head = "fused by Triton" if is_triton_available() else "not fused, slower: Triton is missing"
    line = f"attention: {attention}; output head: {head}"
    if attention != SDPA:
        return line
    reason = why_not_varlen(dtype) or f"the config has attention: {SDPA}"
    return f"{line}\nwarning: attention runs one document at a time, which is slow, instead of {VARLEN}: {reason}"


def implementation(name: str) -> str:
    """The value of transformers' ``attn_implementation``; registers our function if needed."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    if name == VARLEN:
        register()
    if name != SDPA:
        return name
    # without a registered mask function transformers creates no mask
    ALL_ATTENTION_FUNCTIONS.register(_REGISTERED, attend_by_document)
    return _REGISTERED


def attend_by_document(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: None,
    *,
    document_lengths: list[int],
    sliding_window: int | None = None,
    **options: Any,
) -> tuple[Any, None]:
    """Causal attention of one row, ``(1, heads, tokens, width)``, within documents of these lengths.

    With a ``sliding_window`` a token attends to itself and the ``sliding_window - 1`` tokens before it.
    Returns ``(1, tokens, heads, width)`` and, as transformers expects, no attention weights.
    """
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    attended = []
    for q, k, v in zip(*(states.split(document_lengths, dim=2) for states in (query, key, value)), strict=True):
        mask = _window(q.shape[2], sliding_window, q.device) if sliding_window else None
        attended.append(sdpa_attention_forward(module, q, k, v, mask, **options)[0])
    return torch.cat(attended, dim=1), None


def _window(length: int, sliding_window: int, device: Any) -> Any:
    """True where a token (row) attends to another; ``None`` if the window is longer than the document."""
    import torch

    if length <= sliding_window:
        return None
    return torch.ones(length, length, dtype=torch.bool, device=device).tril().triu(1 - sliding_window)


def _is_available(name: str) -> bool:
    from transformers.utils import import_utils

    return bool(getattr(import_utils, f"is_flash_attn_{name[-1]}_available")())
