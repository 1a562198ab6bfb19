"""Our reading of configs against the model classes of transformers."""

from __future__ import annotations

import pytest

from scale_or_reason.flops.architectures import Architecture


@pytest.mark.integration
def test_defaults_that_gemma3_leaves_out_are_those_of_transformers():
    from transformers import Gemma3TextConfig

    written = {"hidden_size": 2560, "intermediate_size": 10_240, "num_hidden_layers": 34}
    complete = Gemma3TextConfig(**written).to_dict()
    assert Architecture.from_config(complete) == Architecture.from_config(written | {"model_type": "gemma3_text"})


@pytest.mark.integration
@pytest.mark.parametrize("name", ["Qwen2Config", "Qwen3Config", "Qwen3MoeConfig", "Gemma3Config", "LlamaConfig"])
def test_configs_of_transformers_can_be_read(name):
    import transformers

    config = getattr(transformers, name)()
    text = config.get_text_config()
    found = Architecture.from_config(config.to_dict())
    assert (found.vocabulary, found.hidden) == (text.vocab_size, text.hidden_size)
    assert (found.heads, found.layers) == (text.num_attention_heads, text.num_hidden_layers)
    if name == "Qwen3MoeConfig":
        assert found.feed_forward == text.num_experts_per_tok * text.moe_intermediate_size
    else:
        assert found.feed_forward == text.intermediate_size
