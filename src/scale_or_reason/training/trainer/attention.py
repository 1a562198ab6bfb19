"""Attention within the documents of a packed row, by the fastest available kernel.

transformers separates packed documents by a dense mask over the whole row, unless a flash-attention package is
installed. :data:`SDPA` instead calls PyTorch's kernel once per document, which needs no mask, no package and no
computation across documents.
"""

from __future__ import annotations

from typing import Any

from scale_or_reason.common.errors import StudyError

#: PyTorch's kernel, document by document.
SDPA = "sdpa"
#: Tri Dao's packages, fastest first: one call for all documents of a row.
FLASH = ("flash_attention_3", "flash_attention_2")
ATTENTION = ("auto", SDPA, *FLASH)
#: The name of our function in transformers' registry.
_REGISTERED = "sdpa_by_document"


def choose_attention(wanted: str) -> str:
    """The fastest of :data:`FLASH` and :data:`SDPA` on this machine for ``auto``, else ``wanted``.

    Raises :class:`StudyError` if the kernel ``wanted`` is not available.
    """
    available = [*filter(_is_available, FLASH), SDPA]
    if wanted == "auto":
        return available[0]
    if wanted not in available:
        raise StudyError(
            "the attention kernel is not available",
            key="training.execution.attention",
            found=wanted,
            expected=f"one of {', '.join(available)} on this machine",
            remedy="install its package (it needs a GPU), or use auto",
        )
    return wanted


def kernel_summary(attention: str) -> str:
    """The kernels in use and the faster ones that are missing, for the log."""
    import torch
    from transformers.utils import is_triton_available

    if not torch.cuda.is_available():
        return f"attention: {attention}"
    missing = "" if attention in FLASH else ", slower on short documents than the package flash-attn"
    head = "fused by Triton" if is_triton_available() else "not fused, slower: Triton is missing"
    return f"attention: {attention}{missing}; output head: {head}"


def implementation(name: str) -> str:
    """The value of transformers' ``attn_implementation``; registers our function if needed."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

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
