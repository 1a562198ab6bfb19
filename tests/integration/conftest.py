"""Tiny models and data for tests with the real engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from byte_tokenizer import GEMMA_VOCABULARY, VOCABULARY, save_byte_tokenizer, save_gemma_tokenizer


def build_model(folder: Path, hidden: int = 64, layers: int = 2, vocabulary: int = VOCABULARY) -> None:
    """A Qwen2 with random weights, always the same; heads of 32, the smallest that vLLM takes on CPU."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        num_key_value_heads=hidden // 32,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base student with random weights: Qwen2, 2 layers of width 64, byte tokens."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    build_model(folder)
    save_byte_tokenizer(folder, eos="<|endoftext|>")
    return folder


@pytest.fixture(scope="session")
def tiny_gemma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Gemma 3 with random weights that also sees, as those from 4B on; five of its six layers see 16 tokens back."""
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig

    folder = tmp_path_factory.mktemp("models") / "tiny-gemma"
    torch.manual_seed(0)
    text = Gemma3TextConfig(
        vocab_size=GEMMA_VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=6,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        query_pre_attn_scalar=32,
        sliding_window=16,
        max_position_embeddings=1024,
    )
    sight = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Gemma3Config(
        text_config=text.to_dict(), vision_config=sight | {"image_size": 28, "patch_size": 14}, mm_tokens_per_image=4
    )
    Gemma3ForConditionalGeneration(config).save_pretrained(folder)
    save_gemma_tokenizer(folder)
    return folder


@pytest.fixture
def chat_template(root: Path) -> Path:
    return root / "src/scale_or_reason/training/templates/chatml.jinja"
