"""FLOPs of decoders as they are built, by hand and against PyTorch's counter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.flops.exact import (
    Decoder,
    exact_forward_flops,
    exact_generation_flops,
    exact_prefill_flops,
    exact_training_flops,
)

SMALL = {
    "vocab_size": 100,
    "hidden_size": 8,
    "intermediate_size": 20,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 3,
}
WINDOWED = SMALL | {
    "sliding_window": 4,
    "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
    "head_dim": 16,
}


def test_by_hand():
    """Width 2 per head: a layer's projections are 8x8, two of 8x4, 8x8; its feed-forward 3 of 8x20."""
    model = Decoder.from_config(SMALL)
    per_token = 3 * 2 * (64 + 32 + 32 + 64 + 3 * 160) + 2 * 800
    assert exact_forward_flops(model, 5, causal=False) == 5 * per_token + 3 * 4 * 8 * 25
    assert exact_forward_flops(model, 5) == 5 * per_token + 3 * 4 * 8 * (1 + 2 + 3 + 4 + 5)
    assert exact_training_flops(model, [5, 5]) == 6 * exact_forward_flops(model, 5)
    assert exact_prefill_flops(model, 5) == exact_forward_flops(model, 5) - 4 * 1600


@pytest.mark.parametrize("name", ["num_experts", "num_local_experts", "n_routed_experts"])
def test_the_router_by_hand(name):
    """Sixteen experts of which each token uses two of width 5: the router is one product of 8x16 in each layer."""
    experts = SMALL | {name: 16, "num_experts_per_tok": 2, "moe_intermediate_size": 5}
    per_token = 3 * 2 * (64 + 32 + 32 + 64 + 8 * 16 + 3 * 2 * 8 * 5) + 2 * 800
    assert exact_forward_flops(Decoder.from_config(experts), 5) == 5 * per_token + 3 * 4 * 8 * 15
    dense = experts | {"first_k_dense_replace": 1}  # a layer of width 20 without a router
    assert exact_forward_flops(Decoder.from_config(dense), 5) == pytest.approx(
        5 * (per_token + 2 * (3 * 160 - 8 * 16 - 3 * 2 * 8 * 5)) + 3 * 4 * 8 * 15
    )
    # dense models name experts too, with none per token
    assert Decoder.from_config(SMALL | {name: 0}) == Decoder.from_config(SMALL)


def test_the_published_teacher():
    """Qwen3-235B-A22B, by hand: 94 layers, 64 heads of 128, 4 shared, 8 of 128 experts of 1536."""
    config = {"vocab_size": 151_936, "hidden_size": 4096, "intermediate_size": 12_288, "num_hidden_layers": 94}
    config |= {"num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 128}
    config |= {"num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 1536}
    layer = 4096 * 8192 * 2 + 4096 * 512 * 2 + 4096 * 128 + 3 * 4096 * 8 * 1536
    expected = 2 * (94 * layer + 4096 * 151_936) + 94 * 4 * 64 * 128
    assert exact_forward_flops(Decoder.from_config(config), 1) == expected
    # 22 billion active parameters with the matrix of embeddings, as its name has it
    assert expected / 2e9 + 4096 * 151_936 / 1e9 == pytest.approx(22.2, abs=0.1)


@given(st.integers(0, 12), st.integers(0, 12), st.sampled_from([SMALL, WINDOWED]))
def test_generation_is_its_tokens_one_by_one(prompt, generated, config):
    model = Decoder.from_config(config)
    whole = exact_forward_flops(model, prompt + generated)
    head = 2 * 8 * 100
    # the same products as one pass over all of it, but for the heads inside the prompt
    expected = whole - (prompt - 1) * head
    assert exact_generation_flops(model, prompt, generated) == pytest.approx(expected)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_windows_by_counting(lengths):
    model = Decoder.from_config(WINDOWED)
    assert model.windows == (4, 4, None)
    none = Decoder.from_config(WINDOWED | {"sliding_window": None})
    for length in lengths:
        hidden = sum(max(0, i - 4) for i in range(1, length + 1))  # not seen, in each of the two layers
        missing = exact_forward_flops(none, length) - exact_forward_flops(model, length)
        assert missing == 2 * 4 * 4 * 16 * hidden
    together = exact_forward_flops(model, lengths)
    assert together.tolist() == [float(exact_forward_flops(model, length)) for length in lengths]


def test_published_gemma3_windows():
    """gemma-3-1b-pt: five local layers, one global, of 26."""
    text = {"model_type": "gemma3_text", "num_hidden_layers": 26, "hidden_size": 1152, "intermediate_size": 6912}
    model = Decoder.from_config({"text_config": text | {"sliding_window": 512, "sliding_window_pattern": 6}})
    assert [layer for layer, window in enumerate(model.windows) if window is None] == [5, 11, 17, 23]
    assert set(model.windows) == {512, None}


@pytest.mark.parametrize(
    ("keys", "windows"),
    [
        ({"model_type": "mistral"}, (4, 4, 4)),  # no pattern: in all layers
        ({"model_type": "gemma2"}, (4, None, 4)),  # every other layer, which the published config does not say
        ({"model_type": "qwen2", "use_sliding_window": False, "max_window_layers": 1}, (None, None, None)),
        ({"model_type": "qwen2", "use_sliding_window": True, "max_window_layers": 1}, (None, 4, 4)),
    ],
)
def test_windows_without_a_list_of_layers(keys, windows):
    """As the classes of these models in transformers fill in their ``layer_types``."""
    assert Decoder.from_config(SMALL | {"sliding_window": 4} | keys).windows == windows


def test_layers_that_differ():
    """Of four blocks one has no attention and one has no feed-forward layer; four heads share two, or one."""

    def block(group, width):
        return {
            "attention": {"n_heads_in_group": group, "no_op": group is None},
            "ffn": {"intermediate_size": width, "no_op": width is None},
        }

    blocks = [block(2, 20), block(None, 10), block(4, None), block(2, 20)]
    model = Decoder.from_config(
        {name: SMALL[name] for name in SMALL if name[:3] != "num"} | {"num_attention_heads": 4, "block_configs": blocks}
    )
    # 2 x query, keys, values, output of 8x8 and 8x4, with one shared head 8x2; 3 x 50 wide in all; and the head
    weights = 2 * (2 * (64 + 32 + 32 + 64) + (64 + 16 + 16 + 64) + 3 * 8 * 50) + 2 * 800
    assert exact_forward_flops(model, 1) == pytest.approx(weights + 3 * 4 * 8)


#: Of heads with queries of 20 numbers and values of 10.
LATENT = {"q_lora_rank": 24, "kv_lora_rank": 18, "qk_nope_head_dim": 12, "qk_rope_head_dim": 8, "v_head_dim": 10}


def test_latent_attention_by_hand():
    """Four heads on a hidden state of 8: 24x8 and 80x24 for queries, 26x8, 88x18 for keys and values, 8x40."""
    model = Decoder.from_config(SMALL | LATENT)
    direct = Decoder.from_config(SMALL | LATENT | {"q_lora_rank": None})
    others = 3 * 2 * (26 * 8 + 88 * 18 + 8 * 40 + 3 * 160) + 2 * 800
    # a pair takes 20 products for its logit and 10 for the value in each of four heads of three layers
    pairs = 3 * 4 * 2 * (20 + 10) * 15
    assert exact_forward_flops(model, 5) == 5 * (others + 3 * 2 * (24 * 8 + 80 * 24)) + pairs
    assert exact_forward_flops(direct, 5) == 5 * (others + 3 * 2 * 80 * 8) + pairs
    # one token after four: its own products and five pairs
    last = exact_generation_flops(model, 4, 1) - exact_prefill_flops(model, 4)
    assert last == others + 3 * 2 * (24 * 8 + 80 * 24) + 3 * 4 * 2 * 30 * 5
    with pytest.raises(StudyError) as caught:
        Decoder.from_config({name: value for name, value in (SMALL | LATENT).items() if name != "v_head_dim"}, "x.json")
    assert (caught.value.where, caught.value.key) == ("x.json", "v_head_dim")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["DeepseekV2", "DeepseekV3"])
@pytest.mark.parametrize("query_rank", [24, None])
def test_the_weights_of_latent_attention_and_experts_are_those_of_transformers(kind, query_rank):
    """Two sparse layers and a dense one: every matrix that a token is multiplied with, from the module itself."""
    import torch
    import transformers

    sizes = {name: SMALL[name] for name in ("vocab_size", "intermediate_size", "num_hidden_layers")}
    sizes |= {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 4, "moe_intermediate_size": 6}
    experts = {"n_routed_experts": 8, "num_experts_per_tok": 2, "n_shared_experts": 2, "first_k_dense_replace": 1}
    config = getattr(transformers, f"{kind}Config")(**sizes | LATENT | experts | {"q_lora_rank": query_rank})
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    used = 0.0
    for name, weight in model.named_parameters():
        if weight.dim() > 1 and "embed_tokens" not in name:
            used += weight.numel() * (2 / 8 if ".experts." in name else 1)
    decoder = Decoder.from_config(config.to_dict())
    assert exact_forward_flops(decoder, 1) == 2 * used + 3 * 4 * 2 * (20 + 10)
    attention = sum(weight.numel() for name, weight in model.named_parameters() if "attn" in name and weight.dim() > 1)
    assert 3 * decoder.projections == attention


def configs():
    from transformers import DeepseekV3Config, Gemma3TextConfig, Qwen2Config, Qwen3Config

    sizes = {name: SMALL[name] for name in ("vocab_size", "intermediate_size", "num_hidden_layers")}
    sizes |= {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256}
    yield Qwen2Config(**sizes)
    yield Qwen3Config(**sizes, head_dim=32)
    yield Gemma3TextConfig(**sizes, head_dim=32, sliding_window=128)
    for query_rank in (24, None):
        experts = {"n_routed_experts": 8, "num_experts_per_tok": 2, "first_k_dense_replace": 3}  # all layers are dense
        yield DeepseekV3Config(**sizes | LATENT | experts | {"q_lora_rank": query_rank, "num_key_value_heads": 4})


@pytest.mark.slow
def test_within_one_percent_of_pytorchs_counter():
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoModelForCausalLM

    for config in configs():
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
        decoder = Decoder.from_config(config.to_dict())
        for length in (7, 100):
            ids = torch.arange(length)[None] % 90
            with FlopCounterMode(display=False) as counter:
                loss = model(input_ids=ids, labels=ids, use_cache=False).loss
            # eager attention computes all pairs and masks half of them afterwards
            assert exact_forward_flops(decoder, length, causal=False) == pytest.approx(
                counter.get_total_flops(), rel=0.01
            ), type(config).__name__
            with FlopCounterMode(display=False) as backward:
                loss.backward()
            both = counter.get_total_flops() + backward.get_total_flops()
            # the first layer's input is an embedding: its gradient needs products too, so three passes to within 1 %
            assert exact_training_flops(decoder, [length], causal=False) == pytest.approx(both, rel=0.01)


def test_lengths_of_any_shape():
    model = Decoder.from_config(SMALL)
    assert exact_generation_flops(model, np.ones((2, 3)), np.zeros((2, 3))).shape == (2, 3)
