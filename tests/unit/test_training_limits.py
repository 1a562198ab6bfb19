"""DeepSpeed configurations and students that cannot train as the recipe says are named before the training."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from configs import load
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.student_checks import deepspeed_settings, student_limits, token_id
from scale_or_reason.training.deepspeed_settings import deepspeed_faults
from scale_or_reason.training.model_limits import limit_faults
from scale_or_reason.training.trainer.input_checks import check_deepspeed


def shipped(root: Path, name: str) -> dict[str, Any]:
    return json.loads((root / "config" / "deepspeed" / f"{name}.json").read_text())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ["zero-1", "zero-2", "zero-3", "zero-3-offload"])
def test_the_shipped_configurations_serve_both_formats(root: Path, name: str, dtype: str) -> None:
    assert list(deepspeed_faults(shipped(root, name), dtype)) == []


def test_stage_0_is_for_float32(root: Path) -> None:
    assert list(deepspeed_faults(shipped(root, "cpu"), "float32")) == []
    (fault,) = deepspeed_faults(shipped(root, "cpu"), "bfloat16")
    assert "stage 0" in fault.problem and "second step" in fault.expected and "zero-1" in fault.remedy
    without = {"bf16": {"enabled": True}, "gradient_clipping": "auto"}  # DeepSpeed's default is stage 0
    assert [fault.key for fault in deepspeed_faults(without, "bfloat16")] == ["zero_optimization.stage"]


@pytest.mark.parametrize(
    ("section", "name", "value", "dtype", "key"),
    [
        (None, "optimizer", {"type": "Adam"}, "float32", "optimizer"),
        (None, "scheduler", {}, "float32", "scheduler"),
        (None, "gradient_clipping", 1.0, "float32", "gradient_clipping"),
        (None, "fp16", {"enabled": True}, "float32", "fp16.enabled"),
        ("bf16", "enabled", True, "float32", "bf16.enabled"),
        ("bf16", "enabled", False, "bfloat16", "bf16.enabled"),
        ("zero_optimization", "compute_grad_norm", False, "bfloat16", "zero_optimization.compute_grad_norm"),
    ],
)
def test_settings_that_change_the_recipe(
    root: Path, tmp_path: Path, section: str | None, name: str, value: Any, dtype: str, key: str
) -> None:
    config = shipped(root, "zero-1")
    (config[section] if section else config)[name] = value
    assert [fault.key for fault in deepspeed_faults(config, dtype)] == [key]
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(config))
    with pytest.raises(StudyError) as caught:
        check_deepspeed(file, dtype)
    assert (caught.value.where, caught.value.key) == (file, key)
    assert caught.value.expected and caught.value.remedy


def test_a_model_of_stage_3_that_could_not_be_written(root: Path) -> None:
    config = shipped(root, "zero-3")
    del config["zero_optimization"]["stage3_gather_16bit_weights_on_model_save"]
    (fault,) = deepspeed_faults(config, "bfloat16")
    assert "could not be written" in fault.problem


def test_contexts_and_ids() -> None:
    config = {"max_position_embeddings": 512, "vocab_size": 100}
    assert list(limit_faults(config, 512, {"the highest": 99, "unknown": None})) == []
    assert list(limit_faults({"text_config": config}, 512, {})) == []
    assert list(limit_faults({"vocab_size": None}, 512, {"x": 5})) == []  # nothing is known
    short, beyond = limit_faults({"text_config": config}, 513, {"the highest": 100})
    assert "context is shorter" in short.problem and "513" in str(short.found) and "512 or less" in short.remedy
    assert "beyond the student's embedding" in beyond.problem and "the highest has the id 100" in str(beyond.found)
    longer = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512}
    for name in ("rope_scaling", "rope_parameters"):
        assert list(limit_faults(config | {name: longer}, 2048, {})) == []
        assert len(list(limit_faults(config | {name: longer}, 2049, {}))) == 1
    included = {"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 64}}
    assert len(list(limit_faults(config | included, 513, {}))) == 1
    by_layer = {"rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0}}}
    assert len(list(limit_faults(config | by_layer, 513, {}))) == 1
    (fault,) = limit_faults({"n_positions": 64}, 65, {})
    assert fault.key == "n_positions"


NUMBERS = st.none() | st.booleans() | st.integers(-5, 5000) | st.floats(0, 8) | st.text("a1", max_size=2)
FLAT = st.dictionaries(st.sampled_from(["factor", "original_max_position_embeddings", "type"]), NUMBERS)
KEYS = ["max_position_embeddings", "vocab_size", "n_positions"]
SETTINGS = st.dictionaries(st.sampled_from(KEYS), NUMBERS)
SCALED = st.builds(lambda a, b, c: a | {"rope_scaling": b, "rope_parameters": c}, SETTINGS, FLAT | NUMBERS, FLAT)


@given(config=SCALED, inner=SCALED | NUMBERS | st.lists(NUMBERS, max_size=2))
def test_any_config_is_read(config: dict[str, Any], inner: Any) -> None:
    """Published configs leave keys out, set them to null, or use them for something else."""
    for settings in (config, config | {"text_config": inner}):
        assert len(list(limit_faults(settings, 512, {"the highest": 99}))) <= 2


def test_before_the_first_job(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    good = load(root, "micro")
    assert list(deepspeed_settings(good)) == list(student_limits(good)) == []
    config = deepcopy(good)
    config["training"] |= {"dtype": "bfloat16", "max_length": 9000}
    students = config["study"]["students"]
    assert {problem.path for problem in deepspeed_settings(config)} == {("students", s, "deepspeed") for s in students}
    (*_, last) = student_limits(config)
    assert last.path == ("students", students[-1], "model") and "8192" in str(last.found)

    model = tmp_path / "student"
    model.mkdir()
    (model / "config.json").write_text(json.dumps({"max_position_embeddings": 8192, "vocab_size": 7}))
    tokenizer = {"added_tokens": [{"id": 7, "content": "<|im_end|>"}]}
    (model / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert (token_id(model, "<|im_end|>"), token_id(model, "<eos>")) == (7, None)
    config = deepcopy(good)
    config["students"][students[0]]["model"] = str(model)
    (problem,) = student_limits(config)
    assert "beyond the student's embedding" in problem.problem and "id 7" in str(problem.found)


@pytest.mark.slow
@pytest.mark.parametrize("revision", [None, "main", "v2", "0" * 40])
def test_a_student_in_the_cache_of_the_hub(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str | None
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    config = load(root, "micro")
    student = config["students"][config["study"]["students"][0]]
    student |= {"model": "somebody/student"} | ({"revision": revision} if revision else {})
    assert list(student_limits(config)) == []  # not on this machine
    repository = tmp_path / "models--somebody--student"
    for folder in ("refs", f"snapshots/{'0' * 40}"):
        (repository / folder).mkdir(parents=True)
    for reference in ("main", "v2"):
        (repository / "refs" / reference).write_text("0" * 40)
    content = {"max_position_embeddings": 100, "vocab_size": 7}
    (repository / "snapshots" / ("0" * 40) / "config.json").write_text(json.dumps(content))
    (problem,) = student_limits(config)
    assert "context is shorter" in problem.problem


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe{"])
def test_files_that_are_no_json_objects(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(root)
    config = load(root, "micro")
    student = config["students"][config["study"]["students"][0]]
    student |= {"model": str(tmp_path), "deepspeed": "mine"}
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(content)
    (problem,) = student_limits(config)
    assert "config is not JSON" in problem.problem and problem.found == tmp_path / "config.json"
    (tmp_path / "config.json").write_text("{}")
    assert list(student_limits(config)) == []
    (tmp_path / "config" / "deepspeed").mkdir(parents=True)
    file = tmp_path / "config" / "deepspeed" / "mine.json"
    file.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    (problem,) = deepspeed_settings(config)
    assert "DeepSpeed configuration is not JSON" in problem.problem
    with pytest.raises(StudyError, match="is not"):
        check_deepspeed(file, "float32")
