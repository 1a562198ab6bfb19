"""A vLLM engine inside this process, on a CPU: start and end cost less than vLLM's own.

For a model of a million parameters, vLLM's start and end took as long as a third of its answers. The time went to the
garbage collector, which traversed all imported modules three times at the end; to clearing a KV cache of which a job
uses a small part; and to a search of all modules for kernels to replace, once for each engine. The sampler draws its
seeds many at a time (:mod:`inference.cpu_sampler`). The answers are the same: nothing here touches the model, the
scheduler or the sizes of batches.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from unittest.mock import patch

from scale_or_reason.inference.cpu_sampler import faster_sampler

#: Bytes from which on a buffer of zeros is a KV cache.
_LARGE = 1 << 24


@contextlib.contextmanager
def cheap_start(settings: Mapping[str, Any]) -> Iterator[None]:
    """In this block an engine with these ``settings`` is created: its objects stay visible to the garbage collector,
    its KV cache is lazy, and its sampler draws many seeds at a time.
    """
    import torch
    from vllm.v1.engine import core
    from vllm.v1.sample.ops.topk_topp_sampler import TopKTopPSampler

    register_kernels_once()
    sampler = TopKTopPSampler.forward_cpu
    if not settings.get("speculative_config"):  # which also draws from the generators of requests elsewhere
        sampler = faster_sampler(sampler)
    with (
        patch.object(core, "freeze_gc_heap", _nothing),
        patch.object(torch, "zeros", partial(_zeros, torch.zeros)),
        patch.object(TopKTopPSampler, "forward_cpu", sampler),  # an engine binds it when it is created
    ):
        yield


def cheap_end(release: Callable[[], None]) -> None:
    """Call ``release``, which drops the last reference to an engine, and free its memory.

    Imported modules stay frozen, so that the collector traverses only what the engine has created.
    """
    with patch.object(gc, "unfreeze", _nothing), patch.object(gc, "collect", _nothing):
        release()
    gc.collect()  # an engine's parts refer to each other


def register_kernels_once() -> None:
    """Replace vLLM's Triton kernels by those for CPUs now, and not again for each engine."""
    from vllm.platforms import current_platform

    register = current_platform.register_triton_kernel_overrides
    if register is not _nothing:
        register()
        type(current_platform).register_triton_kernel_overrides = staticmethod(_nothing)


def _zeros(zeros: Callable[..., Any], *size: Any, **options: Any) -> Any:
    """``torch.zeros``, but memory that the system clears at its first use for a large row of bytes."""
    import torch

    is_cache = options.get("dtype") is torch.int8 and len(size) == 1 and isinstance(size[0], int)
    on_cpu = torch.device(options.get("device") or "cpu").type == "cpu"
    if not (is_cache and on_cpu and size[0] >= _LARGE and options.keys() <= {"dtype", "device"}):
        return zeros(*size, **options)
    memory = mmap.mmap(-1, size[0], flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return torch.frombuffer(memory, dtype=torch.int8)


def _nothing(*_: object) -> None:
    """Stands for a call that is left out."""
