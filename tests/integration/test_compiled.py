"""Compiled layers: when they are used, and that one program computes the same gradients for rows of any length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scale_or_reason.training.trainer import attention, varlen
from scale_or_reason.training.trainer.compiled import compile_layers, why_not_compile
from scale_or_reason.training.trainer.run_identity import checkpoint_folder, identity_of
from scale_or_reason.training.trainer.students import load_model

pytestmark = pytest.mark.integration


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Pretend that the machine has a GPU."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("transformers.utils.is_triton_available", lambda: True)
    return monkeypatch


def settings(root: Path, name: str) -> Path:
    return root / "config" / "deepspeed" / f"{name}.json"


@pytest.mark.parametrize("name", ["zero-1", "zero-2", "cpu"])
def test_a_gpu_compiles_the_layers(gpu: pytest.MonkeyPatch, root: Path, name: str) -> None:
    assert why_not_compile("auto", "varlen", settings(root, name)) is None


@pytest.mark.parametrize(
    ("wanted", "kernel", "name", "reason"),
    [
        ("never", "varlen", "zero-1", "compile: never"),
        ("auto", "sdpa", "zero-1", "attention is sdpa"),
        ("auto", "varlen", "zero-3", "ZeRO-3"),
        ("auto", "varlen", "zero-3-offload", "ZeRO-3"),
    ],
)
def test_why_layers_are_not_compiled(
    gpu: pytest.MonkeyPatch, root: Path, wanted: str, kernel: str, name: str, reason: str
) -> None:
    assert reason in str(why_not_compile(wanted, kernel, settings(root, name)))


def test_missing_triton_or_gpu_is_named(gpu: pytest.MonkeyPatch, root: Path) -> None:
    gpu.setattr("transformers.utils.is_triton_available", lambda: False)
    assert why_not_compile("auto", "varlen", settings(root, "zero-1")) == "Triton is missing"
    gpu.setattr("torch.cuda.is_available", lambda: False)
    assert why_not_compile("auto", "varlen", settings(root, "zero-1")) == "there is no GPU"


def test_checkpoints_without_compiling_keep_the_key_from_before_the_setting(tmp_path: Path) -> None:
    def folder(**settings: str) -> Path:
        made_from = {"settings": {"seed": "1"} | settings, "inputs": {}, "packages": {}}
        return checkpoint_folder(tmp_path / "model", identity_of(made_from))

    assert folder(compile="never") == folder()
    assert folder(compile="layers") != folder()


def causal(q: Any, k: Any, v: Any, *_: Any, scale: float, window_size: Any) -> Any:
    """Replaces the GPU's kernel; it ignores the borders between documents."""
    import torch

    heads = (states.transpose(0, 1) for states in (q, k, v))
    return torch.nn.functional.scaled_dot_product_attention(*heads, is_causal=True, scale=scale).transpose(0, 1)


def gradients(model: Any, lengths: list[int]) -> list[Any]:
    import torch

    model.zero_grad()
    row = torch.randint(5, 200, (1, sum(lengths)), generator=torch.Generator().manual_seed(0))
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    borders = torch.tensor([0, *lengths]).cumsum(0).to(torch.int32)
    documents = {"document_lengths": lengths, "cu_seq_lens_q": borders, "max_length_q": max(lengths)}
    model(input_ids=row, position_ids=positions, labels=row, use_cache=False, **documents).loss.backward()
    return [weight.grad.clone() for weight in model.parameters()]


@pytest.mark.filterwarnings("ignore")  # those of torch about itself
def test_one_program_for_rows_of_any_length(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from torch._dynamo.testing import CompileCounterWithBackend

    monkeypatch.setattr(varlen, "_kernel", lambda: (causal, frozenset({"window_size"})))
    name = attention.implementation("varlen")
    plain, compiled = (load_model(str(tiny_model), None, "float32", name) for _ in range(2))
    counter = CompileCounterWithBackend("aot_eager")
    compile_layers(compiled, backend=counter)
    assert list(compiled.state_dict()) == list(plain.state_dict())  # weights keep their names
    programs = []
    for lengths in ([20, 31], [7, 40, 12], [33, 2, 2, 50], [90]):
        for found, wanted in zip(gradients(compiled, lengths), gradients(plain, lengths), strict=True):
            assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-6)
        programs.append(counter.frame_count)
    assert programs[-1] == programs[1] > 0  # a row of another length needs no new program
