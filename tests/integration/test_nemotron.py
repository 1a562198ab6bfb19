"""Models found by architecture search run without a line of their repository's code."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest
from transformers import AutoConfig
from warm_engines import warm_vllm

from scale_or_reason.inference.nemotron import register

pytestmark = pytest.mark.integration


def test_a_model_whose_layers_differ_says_what_an_equal_llama_says(root: Path, tmp_path: Path) -> None:
    """A missing part is a part whose output weights are zero; transformers' Llama computes the second."""
    program = [str(root / "tests/integration/probe_nemotron.py"), str(tmp_path)]
    done = warm_vllm().run(program, environment=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads((tmp_path / "said.json").read_text())
    # the length limit may cut a letter of several bytes, which vLLM leaves out
    assert [text.rstrip("\ufffd") for text in said["vllm"]] == [text.rstrip("\ufffd") for text in said["llama"]]
    assert all(len(text) > 5 for text in said["vllm"])


def test_a_config_survives_the_ways_to_worker_processes_and_files(tmp_path: Path) -> None:
    register()
    block = {"attention": {"n_heads_in_group": 8, "no_op": False}, "ffn": {"ffn_mult": None, "no_op": True}}
    text = {"model_type": "nemotron-nas", "block_configs": [block], "hidden_size": 64, "num_attention_heads": 8}
    (tmp_path / "config.json").write_text(json.dumps(text))
    config = AutoConfig.from_pretrained(tmp_path)
    config.save_pretrained(tmp_path / "again")
    for same in (config, pickle.loads(pickle.dumps(config)), AutoConfig.from_pretrained(tmp_path / "again")):
        (first,) = same.block_configs
        assert (first.attention.n_heads_in_group, first.attention.no_op, first.ffn.no_op) == (8, False, True)
        assert not hasattr(first.ffn, "ffn_mult")
        assert (same.hidden_size, same.model_type) == (64, "nemotron-nas")
