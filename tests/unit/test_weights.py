"""Faults in saved weights, each planted in a model that is otherwise right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from scale_or_reason.common.checksums import write_folder_record
from scale_or_reason.common.errors import StudyError
from scale_or_reason.inference.weights import check_weights

CONFIG = {
    "model_type": "qwen2",
    "vocab_size": 11,
    "hidden_size": 8,
    "intermediate_size": 12,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "tie_word_embeddings": True,
}


def tensors() -> dict[str, np.ndarray]:
    """As transformers names and shapes them, counted by hand: head size 2, so 8 rows of queries and 4 of keys."""
    shapes = {"model.embed_tokens.weight": (11, 8), "model.norm.weight": (8,)}
    for layer in ("model.layers.0", "model.layers.1"):
        shapes |= {
            f"{layer}.self_attn.q_proj.weight": (8, 8),
            f"{layer}.self_attn.q_proj.bias": (8,),
            f"{layer}.self_attn.k_proj.weight": (4, 8),
            f"{layer}.self_attn.v_proj.weight": (4, 8),
            f"{layer}.self_attn.o_proj.weight": (8, 8),
            f"{layer}.mlp.gate_proj.weight": (12, 8),
            f"{layer}.mlp.up_proj.weight": (12, 8),
            f"{layer}.mlp.down_proj.weight": (8, 12),
            f"{layer}.input_layernorm.weight": (8,),
        }
    return {name: np.ones(shape, np.float32) for name, shape in shapes.items()}


def model(folder: Path, weights: dict[str, np.ndarray], config: dict = CONFIG) -> Path:
    folder.mkdir(exist_ok=True)
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def fault(folder: Path, **options: object) -> StudyError:
    with pytest.raises(StudyError) as caught:
        check_weights(folder, **options)
    return caught.value


def test_a_whole_model_passes_every_check(tmp_path: Path) -> None:
    folder = model(tmp_path / "m", tensors())
    write_folder_record(folder)
    shapes = {name: values.shape for name, values in tensors().items()}
    found = check_weights(folder, parameters=shapes, contents=True, finite=True)
    assert {name: tensor.shape for name, tensor in found.items()} == shapes


@pytest.mark.parametrize("name", tensors())
def test_an_empty_tensor_is_named(tmp_path: Path, name: str) -> None:
    error = fault(model(tmp_path / "m", tensors() | {name: np.ones((0,), np.float32)}))
    assert "empty" in error.problem and name in error.found


@pytest.mark.parametrize("name", tensors())
def test_another_shape_is_named(tmp_path: Path, name: str) -> None:
    other = np.ones((*tensors()[name].shape[:-1], 3), np.float32)
    error = fault(model(tmp_path / "m", tensors() | {name: other}))
    assert f"{name}: {other.shape}" in error.found and str(tensors()[name].shape) in error.expected


@pytest.mark.parametrize("name", tensors())
def test_a_missing_tensor_is_named(tmp_path: Path, name: str) -> None:
    fewer = {key: values for key, values in tensors().items() if key != name}
    folder = model(tmp_path / "m", fewer)
    assert name.rpartition("layers.")[2].partition(".")[2] in str(fault(folder).found)
    named = fault(model(tmp_path / "m", fewer), parameters={name: tensors()[name].shape})
    assert named.found == f"{name}: missing"


def test_missing_layers_and_heads_are_named(tmp_path: Path) -> None:
    assert fault(model(tmp_path / "a", tensors(), CONFIG | {"num_hidden_layers": 3})).found == "no layer 2"
    untied = CONFIG | {"tie_word_embeddings": False}
    assert fault(model(tmp_path / "b", tensors(), untied)).found == "no lm_head.weight"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_values_that_are_not_finite_are_named(tmp_path: Path, value: float, kind: type) -> None:
    values = tensors()["model.norm.weight"].astype(kind)
    values[5] = value
    folder = model(tmp_path / "m", tensors() | {"model.norm.weight": values})
    check_weights(folder)
    assert fault(folder, finite=True).found == "infinities or NaN in model.norm.weight: 1"


@pytest.mark.slow
def test_bfloat16_is_read_too(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    largest = torch.finfo(torch.bfloat16).max
    for value, finite in ((largest, True), (-largest, True), (float("nan"), False), (float("inf"), False)):
        weights = {name: torch.ones(values.shape, dtype=torch.bfloat16) for name, values in tensors().items()}
        weights["model.layers.1.mlp.up_proj.weight"][3, 3] = value
        folder = model(tmp_path / "m", tensors())
        save_torch(weights, folder / "model.safetensors")
        if finite:
            check_weights(folder, finite=True)
        else:
            assert "layers.1.mlp.up_proj" in fault(folder, finite=True).found


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.999])
def test_a_truncated_file_is_named(tmp_path: Path, share: float) -> None:
    folder = model(tmp_path / "m", tensors())
    file = folder / "model.safetensors"
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    error = fault(folder)
    assert error.where == file and "damaged" in error.problem


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path: Path) -> None:
    folder = model(tmp_path / "m", tensors())
    write_folder_record(folder)
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    assert "content has changed" in fault(folder, contents=True).problem


def test_a_lost_shard_is_named(tmp_path: Path) -> None:
    folder = model(tmp_path / "m", tensors())
    index = {"weight_map": dict.fromkeys(tensors(), "model.safetensors") | {"lm_head.weight": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert fault(folder).found == "no lm_head.weight in model-2.safetensors"


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_damaged_config_is_named(tmp_path: Path, content: str) -> None:
    folder = model(tmp_path / "m", tensors())
    (folder / "config.json").write_text(content)
    assert fault(folder).where == folder / "config.json"


def test_other_architectures_are_checked_for_damage_only(tmp_path: Path) -> None:
    weights = {"backbone.blocks.0.mixer": np.ones((3, 3), np.float32)}
    check_weights(model(tmp_path / "m", weights, {"model_type": "mamba"}), finite=True)


def test_head_sizes_that_a_config_omits_are_not_guessed(tmp_path: Path) -> None:
    omitted = {name: value for name, value in CONFIG.items() if name != "head_dim"} | {"model_type": "gemma3_text"}
    wide = {name: np.ones((6, 8), np.float32) for name in tensors() if name.endswith("k_proj.weight")}
    check_weights(model(tmp_path / "m", tensors() | wide, omitted))
