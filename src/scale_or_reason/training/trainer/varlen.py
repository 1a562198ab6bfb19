"""PyTorch's own flash attention over packed rows: one call for all documents of a row, without a package.

``torch.nn.attention.varlen.varlen_attn`` takes the borders of the documents in place of a mask. It exists from torch
2.10 on; the names of its arguments have changed since.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted

#: Its name in the config and in transformers.
VARLEN = "varlen"
#: Number formats that flash attention computes in.
HALF = ("bfloat16", "float16")
#: The lowest compute capability that the kernel supports: Ampere.
_OLDEST_GPU = (8, 0)
#: Options of a model's attention that change the result and that the kernel lacks.
_UNSUPPORTED = ("dropout", "softcap", "s_aux")
_found: tuple[Any, frozenset[str]] | None = None


def why_not_varlen(dtype: str) -> str | None:
    """Why the kernel does not work on this machine in ``dtype``, for the log; ``None`` if it works."""
    import torch

    if not torch.cuda.is_available():
        return "there is no GPU"
    if torch.cuda.get_device_capability() < _OLDEST_GPU:
        return "the GPU is older than Ampere"
    if dtype not in HALF:
        return f"it computes in {' or '.join(HALF)}, and the weights are {dtype}"
    try:
        from torch.nn.attention.varlen import varlen_attn  # noqa: F401
    except ImportError:
        return f"torch {torch.__version__} lacks it; 2.11 has it"
    return None


def attend_varlen(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: None,
    *,
    cu_seq_lens_q: Any,
    max_length_q: int,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **options: Any,
) -> tuple[Any, None]:
    """Causal attention of one row, ``(1, heads, tokens, width)``, within documents.

    ``cu_seq_lens_q`` are the documents' borders, ``(documents + 1,)`` in int32 and on the device; ``max_length_q`` is
    the longest document, in tokens. ``key`` and ``value`` may have fewer heads than ``query``. Under a
    ``sliding_window`` a token sees itself and the ``sliding_window - 1`` tokens before it.
    Returns ``(1, tokens, heads, width)`` and, as transformers expects, no attention weights.
    Raises :class:`StudyError` if the model uses an option that the kernel lacks, such as dropout.
    """
    for name in _UNSUPPORTED:
        setting = options.get(name)
        if setting is not None and setting != 0:
            raise StudyError(
                "PyTorch's kernel for packed rows lacks an option of the model's attention",
                key="training.execution.attention",
                found=f"{name} in {type(module).__name__}",
                expected=f"a model without {', '.join(_UNSUPPORTED)}",
                remedy="set attention: sdpa",
            )
    kernel, parameters = _kernel()
    q, k, v = (states[0].transpose(0, 1) for states in (query, key, value))
    attended = kernel(
        q,
        k,
        v,
        cu_seq_lens_q,
        cu_seq_lens_q,
        max_length_q,
        max_length_q,
        scale=scaling,
        **causal_options(parameters, sliding_window, grouped=q.shape[1] != k.shape[1]),
    )
    return attended[None], None


def causal_options(parameters: Collection[str], sliding_window: int | None, grouped: bool) -> dict[str, Any]:
    """Arguments for causal attention of a kernel with these ``parameters``; ``grouped``: fewer key than query heads.

    Raises :class:`StudyError` if the model has a sliding window and the installed torch's kernel has none (2.10).
    """
    options: dict[str, Any] = {"enable_gqa": grouped} if "enable_gqa" in parameters else {}
    if "is_causal" in parameters:
        options["is_causal"] = True
    if "window_size" in parameters:
        # tokens to the left and to the right; all of them where it is -1
        return options | {"window_size": (sliding_window - 1 if sliding_window else -1, 0)}
    if sliding_window:
        raise StudyError(
            "the installed torch has no sliding windows in its kernel for packed rows",
            key="training.execution.attention",
            found=f"a window of {counted(sliding_window, 'token')}",
            expected="torch 2.11 or newer",
            remedy="install the locked torch, or set attention: sdpa",
        )
    return options


def _kernel() -> tuple[Any, frozenset[str]]:
    """The kernel and the names of its arguments; looked up once, before layers are compiled."""
    global _found
    if _found is None:
        from torch.nn.attention.varlen import varlen_attn

        _found = varlen_attn, frozenset(inspect.signature(varlen_attn).parameters)
    return _found


def register() -> None:
    """Register the kernel in transformers, without a mask function, so that transformers builds no mask."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    _kernel()
    ALL_ATTENTION_FUNCTIONS.register(VARLEN, attend_varlen)
