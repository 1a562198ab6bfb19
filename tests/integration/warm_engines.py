"""Processes that have imported the training libraries or vLLM, to start programs from; see ``warm_start.py``."""

from __future__ import annotations

import functools

from warm_start import WarmPython


@functools.cache
def warm_trainer() -> WarmPython:
    """With the libraries of a training, and the variables that ``joined_processes`` sets before it imports them."""
    variables = {
        "DS_ACCELERATOR": "cpu",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TORCH_CPP_LOG_LEVEL": "ERROR",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    models = ("transformers.models.qwen2.modeling_qwen2", "transformers.models.gemma3.modeling_gemma3")
    late = ("torch.utils.cpp_extension", "deepspeed.module_inject")  # imported when a training begins
    libraries = ("torch", "deepspeed", "datasets", "trl.trainer.sft_trainer", *late, *models)
    return WarmPython(*libraries, environment=variables)


@functools.cache
def warm_vllm() -> WarmPython:
    """With vLLM, and the variables that its engine sets before it imports it."""
    engine = ("vllm.entrypoints.llm", "vllm.v1.engine.core", "vllm.v1.worker.cpu_worker")
    return WarmPython(*engine, environment={"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"})
