"""Parameters and memory of a plan against published counts, the ZeRO paper, and sums by hand."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import pytest
from configs import load

from scale_or_reason.planning.memory import ZeRO, activation_bytes, checkpoint_bytes, training_memory
from scale_or_reason.planning.shapes import Shape, shape_of, shipped_shapes
from scale_or_reason.planning.speed import Engine

#: As the models' pages on the hub count them; of Gemma 3 4B and 12B the language model alone.
PUBLISHED_PARAMETERS = {
    "Qwen/Qwen2.5-0.5B": 494_032_768,
    "Qwen/Qwen2.5-1.5B": 1_543_714_304,
    "Qwen/Qwen2.5-3B": 3_085_938_688,
    "Qwen/Qwen2.5-7B": 7_615_616_512,
    "Qwen/Qwen2.5-14B": 14_770_033_664,
    "google/gemma-3-1b-pt": 999_885_952,
    "google/gemma-3-4b-pt": 3_880_099_328,
    "google/gemma-3-12b-pt": 11_765_788_416,
    "Qwen/Qwen3-235B-A22B": 235_093_634_560,
    "Qwen/Qwen3-235B-A22B-FP8": 235_093_634_560,  # the same matrices, in eight bits
    "nvidia/Llama-3_3-Nemotron-Super-49B-v1_5": 49_867_145_216,
    "meta-llama/Llama-3.3-70B-Instruct": 70_553_706_496,
    "nvidia/Llama-3_1-Nemotron-Ultra-253B-v1": 253_401_000_000,
    "openai/gpt-oss-120b": 116_829_156_672,
}
EXECUTION = {"micro_batch_tokens": 16_384, "gradient_checkpointing": True}


def test_every_model_of_the_catalogues_has_a_shape(root: Path) -> None:
    paper = load(root, "fp8_teacher")
    named = {entry["model"] for catalogue in ("students", "teachers", "judges") for entry in paper[catalogue].values()}
    assert named == set(shipped_shapes()) == set(PUBLISHED_PARAMETERS)


@pytest.mark.parametrize("model", PUBLISHED_PARAMETERS)
def test_parameters_are_those_that_are_published(model: str) -> None:
    tolerance = 0 if model.startswith(("Qwen/Qwen2.5", "meta")) else 5e-4
    assert shape_of(model, {}).parameters == pytest.approx(PUBLISHED_PARAMETERS[model], rel=tolerance, abs=0)


@pytest.mark.parametrize("model", ["students/micro-0.07M", "students/micro-1.9M", "judge"])
def test_parameters_of_real_weights(root: Path, model: str) -> None:
    folder = root / "resources" / "micro" / model
    with (folder / "model.safetensors").open("rb") as stream:
        header = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
    stored = sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    assert shape_of(str(folder), {}).parameters == stored


def test_active_parameters_of_experts() -> None:
    assert shape_of("Qwen/Qwen3-235B-A22B", {}).active_parameters == pytest.approx(22e9, rel=0.02)
    assert shape_of("openai/gpt-oss-120b", {}).active_parameters == pytest.approx(5.13e9 + 0.58e9, rel=0.01)
    dense = shape_of("Qwen/Qwen2.5-7B", {})
    assert dense.active_parameters == dense.parameters


QWEN2_57B = {"vocab_size": 151_936, "hidden_size": 3584, "num_attention_heads": 28, "num_key_value_heads": 4}
QWEN2_57B |= {"num_hidden_layers": 28, "intermediate_size": 18_944, "moe_intermediate_size": 2560, "num_experts": 64}
QWEN2_57B |= {"num_experts_per_tok": 8, "shared_expert_intermediate_size": 20_480, "decoder_sparse_step": 1}
GLM_4_5_AIR = {"vocab_size": 151_552, "hidden_size": 4096, "num_attention_heads": 96, "num_key_value_heads": 8}
GLM_4_5_AIR |= {"head_dim": 128, "num_hidden_layers": 46, "intermediate_size": 10_944, "moe_intermediate_size": 1408}
GLM_4_5_AIR |= {"n_routed_experts": 128, "num_experts_per_tok": 8, "n_shared_experts": 1, "first_k_dense_replace": 1}


#: Of its embeddings, which the number of active parameters on its page leaves out.
GLM_EMBEDDINGS = 2 * 151_552 * 4096


@pytest.mark.parametrize(
    ("config", "whole", "active"), [(QWEN2_57B, 57.4e9, 14.2e9), (GLM_4_5_AIR, 106.9e9, 12.1e9 + GLM_EMBEDDINGS)]
)
def test_shared_experts_and_dense_layers_count(config: dict[str, int], whole: float, active: float) -> None:
    """Qwen2-57B-A14B and GLM-4.5-Air, whose page has 106 and 12 billion."""
    shape = Shape.from_config(config | {"tie_word_embeddings": False})
    assert shape.parameters == pytest.approx(whole, rel=0.01)
    assert shape.active_parameters == pytest.approx(active, rel=0.01)


DEEPSEEK_V3 = {"vocab_size": 129_280, "hidden_size": 7168, "num_attention_heads": 128, "num_hidden_layers": 61}
DEEPSEEK_V3 |= {"intermediate_size": 18_432, "moe_intermediate_size": 2048, "n_routed_experts": 256}
DEEPSEEK_V3 |= {"num_experts_per_tok": 8, "n_shared_experts": 1, "first_k_dense_replace": 3, "q_lora_rank": 1536}
DEEPSEEK_V3 |= {"kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128}


def test_latent_attention() -> None:
    """DeepSeek-V3, whose README_WEIGHTS.md has 671 billion, of which 36.6 are active without 0.9 of input embeddings.

    Its cache has 512 + 64 numbers a token in a layer, on every GPU.
    """
    shape = Shape.from_config(DEEPSEEK_V3 | {"tie_word_embeddings": False})
    assert shape.parameters == pytest.approx(671.0e9, rel=0.001)
    assert shape.active_parameters == pytest.approx(36.6e9 + 129_280 * 7168, rel=0.002)
    assert shape.cache_bytes(2) == 61 * 576 * 2
    assert shape.cache_bytes(2, tensor_parallel=8) == 8 * 61 * 576 * 2


def test_keys_and_values() -> None:
    # of each token two vectors of 4 x 128 in 28 layers, 2 bytes a number
    shape = shape_of("Qwen/Qwen2.5-7B", {})
    assert shape.cache_bytes(2) == 2 * 28 * 4 * 128 * 2
    assert shape.cache_bytes(2, tensor_parallel=4) == shape.cache_bytes(2)
    assert shape.cache_bytes(2, tensor_parallel=8) == 2 * shape.cache_bytes(2)  # four heads on eight GPUs: each twice


@pytest.mark.parametrize(("stage", "per_parameter"), [(0, 16), (1, 2 + 2 + 12 / 64), (2, 2 + 14 / 64), (3, 16 / 64)])
def test_zero_of_7_5_billion_parameters_on_64_gpus(stage: int, per_parameter: float) -> None:
    """Figure 1 of the ZeRO paper: 120, 31.4, 16.6 and 1.9 GB."""
    shape = shape_of("Qwen/Qwen2.5-7B", {})
    memory = training_memory(shape, ZeRO(stage), 64, EXECUTION, "bfloat16", 0.0)
    states = memory.weights + memory.gradients + memory.optimizer
    assert states == pytest.approx(shape.parameters * per_parameter)
    published = {0: 120, 1: 31.4, 2: 16.6, 3: 1.9}[stage]
    assert states * 7.5e9 / shape.parameters / 1e9 == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize(("model", "measured"), [("1.5B", 34.0), ("3B", 68.0)])
def test_peak_with_checkpointing_is_the_one_measured(model: str, measured: float) -> None:
    """On one GPU, in 10^9 bytes, by tests/benchmarks/gpu_check: the optimizer's step, not the backward pass."""
    memory = training_memory(shape_of(f"Qwen/Qwen2.5-{model}", {}), ZeRO(1), 1, EXECUTION, "bfloat16", 0.0)
    assert memory.total / 1e9 == pytest.approx(measured, rel=0.01)
    assert memory.update > memory.activations + memory.logits


def test_float32_needs_no_second_copy() -> None:
    shape = shape_of("Qwen/Qwen2.5-7B", {})
    memory = training_memory(shape, ZeRO(0), 1, EXECUTION, "float32", 0.0)
    assert (memory.weights, memory.gradients, memory.optimizer) == tuple(k * shape.parameters for k in (4, 4, 8))
    assert memory.update == 0


def test_what_is_offloaded_is_on_the_host(root: Path) -> None:
    zero = ZeRO.from_file(root / "config" / "deepspeed" / "zero-3-offload.json")
    assert zero == ZeRO(3, offload_optimizer=True, offload_weights=True)
    assert ZeRO.from_file(root / "config" / "deepspeed" / "zero-2.json") == ZeRO(2)
    shape = shape_of("Qwen/Qwen2.5-14B", {})
    memory = training_memory(shape, zero, 8, EXECUTION, "bfloat16", 0.0)
    assert memory.weights == memory.optimizer == memory.update == 0
    assert memory.host == pytest.approx(14 * shape.parameters / 8)
    assert memory.gradients == pytest.approx(2 * shape.parameters / 8)


def test_activations_by_hand() -> None:
    """Ten tokens of a layer with d = 4, two heads of 2, one for keys and values, f = 8, in 2 bytes a number."""
    values = {"vocab_size": 10, "hidden_size": 4, "intermediate_size": 8, "num_attention_heads": 2}
    shape = Shape.from_config(values | {"num_hidden_layers": 3, "num_key_value_heads": 1})
    layer = 2 * (6 * 4 + 2 * 4 + 2 * 2 + 4 * 8) + 2 * 4 * 4
    assert activation_bytes(shape, 10, 2, checkpointing=False) == 10 * 3 * layer
    assert activation_bytes(shape, 10, 2, checkpointing=True) == 10 * (3 * 4 * 2 + layer)


def test_memory_of_an_engine() -> None:
    """A 70B model on four GPUs: a quarter of 141 GB each, and of 100 x 1,000 tokens x 327,680 bytes."""
    shape = shape_of("meta-llama/Llama-3.3-70B-Instruct", {})
    memory = Engine.from_settings(shape, 4, {"tensor_parallel_size": 4}).memory(1000, 100, overhead=1e9)
    assert memory.weights == pytest.approx(141.1e9 / 4, rel=1e-3)
    assert memory.cache == pytest.approx(1e5 * 2 * 80 * 8 * 128 * 2 / 4)
    assert memory.total == memory.weights + memory.cache + 1e9
    assert shape_of("openai/gpt-oss-120b", {}).weight_bytes(2) == 65.3e9  # four bits an expert's number


def test_numbers_in_eight_bits() -> None:
    shape = shape_of("Qwen/Qwen3-235B-A22B", {})
    small = Engine.from_settings(shape, 8, {"quantization": "fp8", "kv_cache_dtype": "fp8_e5m2"})
    full = Engine.from_settings(shape, 8, {"dtype": "bfloat16"})
    assert (small.weight_bytes, small.cache_bytes) == (full.weight_bytes / 2, full.cache_bytes / 2)
    assert Engine.from_settings(shape, 8, {"dtype": "float32"}).weight_bytes == 4 * shape.parameters


def test_a_checkpoint_holds_weights_and_optimizer() -> None:
    shape = shape_of("Qwen/Qwen2.5-0.5B", {})
    assert checkpoint_bytes(shape, "bfloat16") == 14 * shape.parameters
    assert checkpoint_bytes(shape, "float32") == 12 * shape.parameters
