"""Which vLLM settings change replies, and which change only speed and memory.

The one list of this kind. A setting that is not on it counts as one that changes replies, so that an unknown setting
can cost time but never mixes replies of two kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BATCHES = """
max_num_seqs max_num_active_seqs max_num_queued_reqs max_num_queued_tokens max_num_batched_tokens
max_num_scheduled_tokens long_prefill_token_threshold long_prefill_token_threshold_adaptive enable_chunked_prefill
scheduler_reserve_full_isl prefill_schedule_interval scheduling_policy async_scheduling stream_interval
enable_prefix_caching prefix_caching_hash_algo prefix_cache_retention_interval disable_cascade_attn watermark
"""
_MEMORY = """
gpu_memory_utilization kv_cache_memory_bytes num_gpu_blocks_override block_size swap_space offload_backend
cpu_offload_gb cpu_offload_params offload_group_size offload_num_in_group offload_prefetch_step offload_params
kv_offloading_size kv_offloading_backend
"""
_DEVICES = """
tensor_parallel_size pipeline_parallel_size prefill_context_parallel_size decode_context_parallel_size
data_parallel_size data_parallel_size_local data_parallel_backend enable_expert_parallel enable_eplb eplb_config
expert_placement_strategy distributed_executor_backend disable_custom_all_reduce nnodes node_rank master_addr
master_port numa_bind numa_bind_nodes numa_bind_cpus device_ids distributed_timeout_seconds
cpu_distributed_timeout_seconds enable_dbo ubatch_size
"""
_KERNELS = """
enforce_eager compilation_config cudagraph_capture_sizes max_cudagraph_capture_size moe_backend linear_backend
attention_backend
"""
_LOADING_AND_LOGS = """
download_dir safetensors_load_strategy safetensors_prefetch_num_threads safetensors_prefetch_block_size
max_parallel_loading_workers renderer_num_workers disable_log_stats aggregate_engine_logging hf_token
skip_mm_profiling mm_processor_cache_gb
"""
#: Settings of vLLM 0.32 and a few of its predecessors. Kernels, batches and devices change the rounding of sums, as the
#: same settings on another GPU do; replies with such differences are samples of the same distribution.
SPEED_SETTINGS = frozenset(" ".join((_BATCHES, _MEMORY, _DEVICES, _KERNELS, _LOADING_AND_LOGS)).split())


def engine_settings_of_results(engine: Mapping[str, Any]) -> dict[str, Any]:
    """The vLLM settings that change replies, such as dtype, quantisation and context length."""
    return {name: value for name, value in engine.items() if name not in SPEED_SETTINGS}
