"""Samples with vLLM's own sampler and with ours, and prints as JSON whether they agree.

python tests/integration/probe_sampler.py
"""

from __future__ import annotations

import inspect
import json
from types import SimpleNamespace
from typing import Any

import torch
from vllm.platforms.cpu import CpuPlatform
from vllm.v1.sample.ops.topk_topp_sampler import TopKTopPSampler

from scale_or_reason.inference import cpu_sampler

ROWS = 12
VLLMS_OWN = TopKTopPSampler.forward_cpu


def agree(**settings: Any) -> bool:
    """Whether both give the same tokens in 80 steps, in which rows leave and the filters change."""
    sampler = SimpleNamespace(**{"use_fp64_gumbel": False, "logprobs_mode": "raw_logprobs"} | settings)
    expected, found = ([torch.Generator().manual_seed(seed) for seed in range(ROWS)] for _ in range(2))
    ours = cpu_sampler.faster_sampler(VLLMS_OWN)
    logits = torch.randn(ROWS, 300, generator=torch.Generator().manual_seed(1))
    same = True
    for step in range(80):
        rows = ROWS - step // 10
        k = torch.full((rows,), 50) if step % 2 else None
        p = torch.full((rows,), 0.9) if step % 3 else None
        tokens = [
            run(sampler, logits[:rows].clone(), dict(enumerate(generators[:rows])), k, p)[0]
            for run, generators in ((VLLMS_OWN, expected), (ours, found))
        ]
        same = same and torch.equal(*tokens)
    return same


def passes_on(**settings: Any) -> bool:
    """Whether ours passes on a call with these settings to the original."""
    source = inspect.getsource(VLLMS_OWN)
    original = inspect.getsource
    inspect.getsource = lambda _: source  # type: ignore[assignment]
    try:
        ours = cpu_sampler.faster_sampler(lambda *arguments: arguments[1:])
    finally:
        inspect.getsource = original
    sampler = SimpleNamespace(**{"use_fp64_gumbel": False, "logprobs_mode": "raw_logprobs"} | settings)
    return ours(sampler, "logits", {}, None, None) == ("logits", {}, None, None)


def main() -> None:
    CpuPlatform.import_kernels()
    facts = {
        "replaced": cpu_sampler.faster_sampler(VLLMS_OWN) is not VLLMS_OWN,
        "same tokens": agree(),
        "double noise is passed on": passes_on(use_fp64_gumbel=True),
        "probabilities are passed on": passes_on(logprobs_mode="processed_logprobs"),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
