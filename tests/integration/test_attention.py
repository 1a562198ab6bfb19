"""Packed rows: attention stays within documents, so a row has the gradients of its documents one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.training.trainer import attention
from scale_or_reason.training.trainer.students import load_model

pytestmark = pytest.mark.integration

LENGTHS = [37, 5, 16, 1, 60]


@pytest.mark.parametrize("student", ["tiny_model", "tiny_gemma"])  # Gemma's window of 16 tokens is within the documents
def test_packed_and_separate_gradients_agree(request: pytest.FixtureRequest, student: str) -> None:
    import torch

    folder = request.getfixturevalue(student)
    generator = torch.Generator().manual_seed(0)
    documents = [torch.randint(5, 200, (1, length), generator=generator) for length in LENGTHS]

    def gradients(implementation: str, packed: bool) -> dict[str, torch.Tensor]:
        model = load_model(str(folder), None, "float32", implementation)
        if packed:
            positions = torch.cat([torch.arange(length) for length in LENGTHS])[None]
            row = torch.cat(documents, dim=1)
            outputs = model(input_ids=row, position_ids=positions, document_lengths=LENGTHS, use_cache=False)
            logits = outputs.logits.split(LENGTHS, dim=1)
        else:
            logits = [model(input_ids=document, use_cache=False).logits for document in documents]
        for scores, document in zip(logits, documents, strict=True):
            loss = torch.nn.functional.cross_entropy(scores[0, :-1], document[0, 1:], reduction="sum")
            loss.backward(retain_graph=True)
        return {name: weight.grad for name, weight in model.named_parameters()}

    packed = gradients(attention.implementation(attention.SDPA), packed=True)
    separate = gradients("eager", packed=False)  # by transformers, with a mask of its own
    mixed = gradients("eager", packed=True)  # its mask from the positions: another way to keep documents apart
    assert packed.keys() == separate.keys()
    for name, gradient in separate.items():
        assert gradient is not None, name
        assert torch.allclose(packed[name], gradient, rtol=1e-4, atol=1e-4 * float(gradient.abs().max())), name
        assert torch.allclose(mixed[name], gradient, rtol=1e-4, atol=1e-4 * float(gradient.abs().max())), name


def test_a_model_that_also_sees_lends_its_language_model(tiny_gemma: Path) -> None:
    import torch
    from transformers import Gemma3ForConditionalGeneration

    text = load_model(str(tiny_gemma), None, "float32", "eager")
    whole = Gemma3ForConditionalGeneration.from_pretrained(tiny_gemma, attn_implementation="eager")
    ids = torch.arange(7, 100)[None]
    assert torch.equal(text(ids).logits, whole(ids).logits)
    assert not [name for name, _ in text.named_parameters() if "vision" in name or "projector" in name]


def test_missing_weights_are_no_random_weights(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(tiny_model / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    (tmp_path / "config.json").write_bytes((tiny_model / "config.json").read_bytes())
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(StudyError, match=r"saved weights differ from config\.json") as caught:
        load_model(str(tmp_path), None, "float32", "eager")
    assert "no mlp.up_proj.weight in layer 1" in str(caught.value)


def test_the_fastest_kernel_that_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert attention.choose_attention("auto", "bfloat16") == "sdpa"  # no GPU, no package
    assert attention.kernel_summary("sdpa", "bfloat16") == "attention: sdpa"
    with pytest.raises(StudyError, match="kernel is not available") as caught:
        attention.choose_attention("flash_attention_2", "bfloat16")
    assert caught.value.found == "flash_attention_2" and "sdpa" in str(caught.value.expected)
    monkeypatch.setattr("transformers.utils.import_utils.is_flash_attn_2_available", lambda: True)
    assert attention.choose_attention("auto", "bfloat16") == "flash_attention_2"
    assert attention.choose_attention("auto", "float32") == "sdpa"  # packages compute in 16 bits only
    assert attention.choose_attention("sdpa", "bfloat16") == "sdpa"
