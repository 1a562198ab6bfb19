"""Seeds of vLLM's sampler on a CPU: the same numbers as vLLM's own, drawn many at a time.

For each token of each request vLLM's sampler draws a seed from the request's generator, with a call of torch per seed.
For a model of a million parameters, these calls took as long as its layers. Here a copy of the generator draws the
next seeds of a request at once. The generator itself stays behind and is moved on when its request leaves the batch,
so that it continues with the seed after the last one used, whoever draws it.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

#: SHA-256 of the source of ``TopKTopPSampler.forward_cpu`` whose numbers these are.
KNOWN_SAMPLER = "6d05adf47d121861134e81ca044c18e304f5c497a3349374e7824df57010bb48"
#: Seeds that are drawn at a time: an answer of a small model is shorter or a few times as long.
_AT_ONCE = 32
_END = 2**31


def faster_sampler(original: Callable[..., Any]) -> Callable[..., Any]:
    """The method to use in place of vLLM's ``forward_cpu``: ``original`` itself if its source is not the known one."""
    try:
        source = inspect.getsource(original)
    except (OSError, TypeError):
        return original
    if hashlib.sha256(source.encode()).hexdigest() != KNOWN_SAMPLER:
        return original
    import torch
    from vllm.v1.sample.ops.topk_topp_sampler import apply_top_k_top_p

    seeds_of = Seeds()

    def forward_cpu(
        sampler: Any, logits: Any, generators: Mapping[int, Any], k: Any | None, p: Any | None
    ) -> tuple[Any, Any]:
        if sampler.use_fp64_gumbel or sampler.logprobs_mode.startswith("processed"):
            return original(sampler, logits, generators, k, p)
        logits = apply_top_k_top_p(logits, k, p)
        seeds = seeds_of(logits.shape[0], generators)
        return torch.ops._C.fused_gumbel_argmax(logits.to(dtype=torch.float32), seeds), None

    return forward_cpu


class Seeds:
    """The seeds of a step: one for each row of the batch, from the row's generator or from torch's global one."""

    def __init__(self) -> None:
        self._streams: dict[int, _Stream] = {}

    def __call__(self, rows: int, generators: Mapping[int, Any]) -> Any:
        """Seeds of ``rows`` rows as a tensor of int64; ``generators`` by row."""
        import torch

        seeds = torch.randint(0, _END, (rows,), dtype=torch.long)
        if generators:
            drawn = [self._stream(generator).next() for generator in generators.values()]
            seeds[list(generators)] = torch.tensor(drawn, dtype=torch.long)
        if len(self._streams) > len(generators):
            self._leave(generators)
        return seeds

    def _stream(self, generator: Any) -> _Stream:
        stream = self._streams.get(id(generator))
        if stream is None:
            stream = self._streams[id(generator)] = _Stream(generator)
        return stream

    def _leave(self, generators: Mapping[int, Any]) -> None:
        """Move on the generators of requests that are no longer in the batch: finished, or to be continued later."""
        present = {id(generator) for generator in generators.values()}
        for key in self._streams.keys() - present:
            self._streams.pop(key).leave()


class _Stream:
    """The seeds of one request; it holds the generator, so that no other one can have the same ``id``."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator
        self._ahead = generator.clone_state()
        self._drawn: list[int] = []
        self._used = 0

    def next(self) -> int:
        if not self._drawn:
            self._drawn = _draw(self._ahead, _AT_ONCE)[::-1]
        self._used += 1
        return self._drawn.pop()

    def leave(self) -> None:
        """Have the generator continue after the seeds that were used."""
        _draw(self._generator, self._used)


def _draw(generator: Any, count: int) -> list[int]:
    import torch

    return torch.randint(0, _END, (count,), generator=generator, dtype=torch.long).tolist()
