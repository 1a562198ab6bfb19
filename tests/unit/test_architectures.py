"""Reading the numbers of the formulas from configs as they are published."""

from __future__ import annotations

import json

import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.flops.architectures import Architecture

QWEN2 = {
    "model_type": "qwen2",
    "vocab_size": 151_936,
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "num_hidden_layers": 24,
}


def test_qwen2():
    assert Architecture.from_config(QWEN2) == Architecture(151_936, 896, 4864, 14, 24)


def test_gemma3_nests_its_text_model_and_leaves_out_defaults():
    text = {"model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10_240, "num_hidden_layers": 34}
    config = {"model_type": "gemma3", "text_config": text, "vision_config": {"hidden_size": 1152}}
    assert Architecture.from_config(config) == Architecture(262_208, 2560, 10_240, 8, 34)


def test_experts_count_as_far_as_they_are_active():
    qwen3_moe = QWEN2 | {"intermediate_size": 12_288, "moe_intermediate_size": 1536, "num_experts_per_tok": 8}
    assert Architecture.from_config(qwen3_moe).feed_forward == 8 * 1536
    gpt_oss = QWEN2 | {"intermediate_size": 2880, "num_experts_per_tok": 4, "num_local_experts": 128}
    assert Architecture.from_config(gpt_oss).feed_forward == 4 * 2880


@pytest.mark.parametrize(
    ("keys", "total"),
    [
        ({"num_experts_per_tok": 2}, 24 * 2 * 10),
        ({"num_experts_per_tok": 2, "n_shared_experts": 3}, 24 * (2 + 3) * 10),
        ({"num_experts_per_tok": 2, "shared_expert_intermediate_size": 7}, 24 * (2 * 10 + 7)),
        ({"num_experts_per_tok": 2, "first_k_dense_replace": 3}, 3 * 100 + 21 * 2 * 10),
        ({"num_experts_per_tok": 2, "decoder_sparse_step": 2, "mlp_only_layers": [1]}, 13 * 100 + 11 * 2 * 10),
        ({"num_experts_per_tok": 0}, 24 * 100),
    ],
)
def test_shared_experts_and_dense_layers_are_active(keys, total):
    experts = QWEN2 | {"intermediate_size": 100, "moe_intermediate_size": 10} | keys
    assert Architecture.from_config(experts).feed_forward * 24 == pytest.approx(total)


def test_layers_that_differ_keep_their_sum():
    # ffn_mult 1.3125 at hidden 8192: 2/3 * 1.3125 * 8192 = 7168, a multiple of 256. 0.1: 546 -> 768.
    blocks = [
        {"attention": {"no_op": False, "n_heads_in_group": 8}, "ffn": {"ffn_mult": 1.3125, "no_op": False}},
        {"attention": {"no_op": True}, "ffn": {"ffn_mult": 0.1, "no_op": False}},
        {"attention": {"no_op": False, "n_heads_in_group": 8}, "ffn": {"no_op": True}},
    ]
    config = QWEN2 | {"hidden_size": 8192, "intermediate_size": None, "block_configs": blocks}
    model = Architecture.from_config(config)
    assert model.layers == 2
    assert model.feed_forward * model.layers == 7168 + 768


def test_read_from_a_file_or_a_folder(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(QWEN2))
    assert Architecture.from_source(tmp_path) == Architecture.from_source(tmp_path / "config.json")


@pytest.mark.parametrize("value", [None, 0, "24", True])
def test_a_number_that_is_missing_or_wrong_names_file_and_key(tmp_path, value):
    (tmp_path / "config.json").write_text(json.dumps(QWEN2 | {"num_hidden_layers": value}))
    with pytest.raises(StudyError, match="num_hidden_layers") as caught:
        Architecture.from_source(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_model_without_attention_is_refused():
    blocks = [{"attention": {"no_op": True}, "ffn": {"no_op": True}}]
    with pytest.raises(StudyError, match="no layer"):
        Architecture.from_config(QWEN2 | {"block_configs": blocks})


def test_a_missing_or_broken_file_is_one_clear_error(tmp_path):
    with pytest.raises(StudyError, match=r"config\.json is missing"):
        Architecture.from_source(tmp_path / "nothing" / "config.json")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(StudyError, match="cannot be read"):
        Architecture.from_source(tmp_path)


def test_an_unknown_hub_model_is_one_clear_error(monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def offline(*_args, **_settings):
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", offline)
    with pytest.raises(StudyError, match="neither locally nor on the hub"):
        Architecture.from_source("someone/some-model")
