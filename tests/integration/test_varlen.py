"""PyTorch's flash attention for packed rows: when it is used, and that it stays within documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.training.trainer import attention, varlen
from scale_or_reason.training.trainer.students import load_model

pytestmark = pytest.mark.integration

LENGTHS = [37, 5, 16, 1, 60]


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Pretend that the machine has a GPU on which every kernel works."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda: (9, 0))
    return monkeypatch


def test_auto_uses_varlen_on_a_gpu(gpu: pytest.MonkeyPatch) -> None:
    assert attention.choose_attention("auto", "bfloat16") == "varlen"
    gpu.setattr("transformers.utils.import_utils.is_flash_attn_2_available", lambda: True)
    assert attention.choose_attention("auto", "bfloat16") == "varlen"
    assert attention.choose_attention("flash_attention_2", "bfloat16") == "flash_attention_2"
    assert "warning" not in attention.kernel_summary("varlen", "bfloat16")


def break_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pass


def break_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda: (7, 5))


def break_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch.nn.attention.varlen", None)


@pytest.mark.parametrize(
    ("dtype", "missing", "reason"),
    [
        ("float32", break_nothing, "the weights are float32"),
        ("bfloat16", break_gpu, "older than Ampere"),
        ("bfloat16", break_torch, "lacks it"),
    ],
)
def test_a_gpu_without_varlen_warns_with_the_reason(
    gpu: pytest.MonkeyPatch, dtype: str, missing: Any, reason: str
) -> None:
    missing(gpu)
    assert attention.choose_attention("auto", dtype) == "sdpa"
    line, warning = attention.kernel_summary("sdpa", dtype).splitlines()
    assert line.startswith("attention: sdpa") and warning.startswith("warning: ") and reason in warning
    with pytest.raises(StudyError, match=reason):
        attention.choose_attention("varlen", dtype)


def test_sdpa_on_a_gpu_warns_even_if_configured(gpu: pytest.MonkeyPatch) -> None:
    assert attention.choose_attention("sdpa", "bfloat16") == "sdpa"
    assert "the config has attention: sdpa" in attention.kernel_summary("sdpa", "bfloat16")


def test_varlen_without_a_gpu_is_an_error() -> None:
    with pytest.raises(StudyError, match="there is no GPU") as caught:
        attention.choose_attention("varlen", "bfloat16")
    assert caught.value.found == "varlen" and "sdpa" in str(caught.value.expected)


@pytest.mark.parametrize(
    ("parameters", "window", "expected"),
    [
        ({"is_causal"}, None, {"is_causal": True}),  # torch 2.10
        ({"window_size"}, None, {"window_size": (-1, 0)}),  # 2.11
        ({"window_size", "enable_gqa"}, 16, {"window_size": (15, 0), "enable_gqa": True}),  # 2.13
        ({"window_size", "is_causal"}, 16, {"window_size": (15, 0), "is_causal": True}),
    ],
)
def test_arguments_by_version_of_torch(parameters: set[str], window: int | None, expected: dict[str, Any]) -> None:
    assert varlen.causal_options(parameters, window, grouped=True) == expected


def test_a_sliding_window_needs_torch_2_11() -> None:
    with pytest.raises(StudyError, match="no sliding windows") as caught:
        varlen.causal_options({"is_causal"}, 16, grouped=False)
    assert "16" in str(caught.value.found)


@pytest.mark.parametrize("option", [{"dropout": 0.1}, {"softcap": 50.0}, {"s_aux": [0.5]}])
def test_an_option_that_the_kernel_lacks_is_an_error(option: dict[str, Any]) -> None:
    with pytest.raises(StudyError, match="lacks an option") as caught:
        varlen.attend_varlen(object(), None, None, None, None, cu_seq_lens_q=None, max_length_q=1, **option)
    assert next(iter(option)) in str(caught.value.found)


def documented_kernel(
    q: Any, k: Any, v: Any, borders: Any, _: Any, longest: int, __: int, *, scale: float, window_size: Any
) -> Any:
    """What PyTorch documents for its kernel, in plain operations on a CPU: ``(tokens, heads, width)``."""
    import torch

    left, right = window_size
    assert right == 0
    k, v = (states.repeat_interleave(q.shape[1] // states.shape[1], dim=1) for states in (k, v))
    rows = []
    lengths = borders.diff().tolist()
    assert max(lengths) == longest
    for one in zip(*(states.split(lengths) for states in (q, k, v)), strict=True):
        queries, keys, values = (states.transpose(0, 1) for states in one)
        scores = queries @ keys.transpose(1, 2) * scale
        distance = torch.arange(len(one[0]))[:, None] - torch.arange(len(one[0]))
        seen = (distance >= 0) & ((distance <= left) | (left < 0))
        rows.append((scores.masked_fill(~seen, -torch.inf).softmax(dim=-1) @ values).transpose(0, 1))
    return torch.cat(rows)


def gradients(folder: Path, implementation: str, device: str, dtype: str) -> dict[str, Any]:
    """Of the loss of a packed row of documents of :data:`LENGTHS` tokens."""
    import torch

    model = load_model(str(folder), None, dtype, implementation).to(device)
    row = torch.randint(5, 200, (1, sum(LENGTHS)), generator=torch.Generator().manual_seed(0)).to(device)
    positions = torch.cat([torch.arange(length) for length in LENGTHS])[None].to(device)
    borders = torch.tensor([0, *LENGTHS], dtype=torch.int32, device=device).cumsum(0, dtype=torch.int32)
    documents = {"document_lengths": LENGTHS, "cu_seq_lens_q": borders, "max_length_q": max(LENGTHS)}
    model(input_ids=row, position_ids=positions, use_cache=False, labels=row, **documents).loss.backward()
    return {name: weight.grad.float().cpu() for name, weight in model.named_parameters()}


def distance(found: dict[str, Any], wanted: dict[str, Any]) -> float:
    """Of all gradients together, relative to those that are wanted."""
    import torch

    assert found.keys() == wanted.keys()
    flat = [torch.cat([values[name].flatten() for name in wanted]) for values in (found, wanted)]
    return float((flat[0] - flat[1]).norm() / flat[1].norm())


@pytest.mark.parametrize("student", ["tiny_model", "tiny_gemma"])  # Gemma's window of 16 tokens is within the documents
def test_gradients_with_the_documented_kernel_are_those_of_sdpa(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, student: str
) -> None:
    folder = request.getfixturevalue(student)
    monkeypatch.setattr(varlen, "_kernel", lambda: (documented_kernel, frozenset({"window_size"})))
    found = gradients(folder, attention.implementation("varlen"), "cpu", "float32")
    assert distance(found, gradients(folder, attention.implementation("sdpa"), "cpu", "float32")) < 1e-5


@pytest.mark.parametrize(
    ("heads", "shared", "width", "window"), [(4, 4, 64, None), (12, 2, 128, None), (14, 2, 64, 16), (4, 1, 256, 16)]
)
def test_gradients_on_a_gpu_are_those_of_sdpa(heads: int, shared: int, width: int, window: int | None) -> None:
    """To 1e-2, as bfloat16 rounds: result, and gradients of query, key and value."""
    if reason := varlen.why_not_varlen("bfloat16"):
        pytest.skip(f"PyTorch's kernel for packed rows does not work here: {reason}")
    import torch

    module = torch.nn.Module()
    module.num_key_value_groups = heads // shared
    generator = torch.Generator("cuda").manual_seed(0)
    shapes = [(1, sum(LENGTHS), count, width) for count in (heads, shared, shared, heads)]
    *states, weights = (
        torch.randn(shape, generator=generator, device="cuda", dtype=torch.bfloat16) for shape in shapes
    )
    inputs = [tensor.transpose(1, 2).detach().requires_grad_() for tensor in states]
    borders = torch.tensor([0, *LENGTHS], device="cuda").cumsum(0).to(torch.int32)
    documents = {"document_lengths": LENGTHS, "cu_seq_lens_q": borders, "max_length_q": max(LENGTHS)}
    options = documents | {"sliding_window": window, "scaling": width**-0.5}

    def result_and_gradients(attend: Any) -> dict[str, Any]:
        result = attend(module, *inputs, None, **options)[0]
        found = [result.detach(), *torch.autograd.grad(result, inputs, weights)]
        return {name: tensor.float() for name, tensor in zip(("result", "q", "k", "v"), found, strict=True)}

    found, wanted = map(result_and_gradients, (varlen.attend_varlen, attention.attend_by_document))
    for name in wanted:
        assert distance({name: found[name]}, {name: wanted[name]}) < 1e-2, name
