"""Options of the engines' programs: JSON, sampling, model folders, output kept off the screen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.inference.model_files import check_generator, model_fingerprint
from scale_or_reason.inference.requests import SamplingParameters, json_object


def test_sampling_from_json() -> None:
    assert SamplingParameters.from_json(
        '{"temperature": 0.6, "top_p": 0.95, "max_tokens": 16384}'
    ) == SamplingParameters(0.6, 0.95, 16384)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"temperature": 0.6, "top_p": 0.95}', "max_tokens"),
        ('{"temperature": 0.6, "top_p": 0.95, "max_tokens": 1.5}', "max_tokens"),
        ('{"temperature": 0.6, "top_p": 0.95, "max_tokens": 0}', "max_tokens"),
        ('{"temperature": 3, "top_p": 0.95, "max_tokens": 5}', "temperature"),
        ('{"temperature": 1, "top_p": 0, "max_tokens": 5}', "top_p"),
        ('{"temperature": "1", "top_p": 1, "max_tokens": 5}', "temperature"),
        ('{"temperature": true, "top_p": 1, "max_tokens": 5}', "temperature"),
        ('{"temperature": 1, "top_p": 1, "max_tokens": 5, "top_q": 1}', "top_q"),
    ],
)
def test_bad_sampling_is_refused(text: str, key: str) -> None:
    with pytest.raises(StudyError) as caught:
        SamplingParameters.from_json(text)
    assert caught.value.key == key


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", "{'a': 1}"])
def test_malformed_json_is_refused(text: str) -> None:
    with pytest.raises(StudyError, match="JSON") as caught:
        json_object(text, "--engine")
    assert caught.value.where == "--engine"


def model_folder(folder: Path, *files: str) -> str:
    folder.mkdir()
    for name in files:
        (folder / name).write_text("{}")
    return str(folder)


def test_model_folders_are_checked(tmp_path: Path) -> None:
    check_generator(model_folder(tmp_path / "whole", "config.json", "model.safetensors", "tokenizer.json"))
    check_generator("Qwen/Qwen2.5-0.5B")
    cases = {
        "does not exist": str(tmp_path / "nowhere"),
        "no config.json": model_folder(tmp_path / "empty"),
        "no safetensors": model_folder(tmp_path / "pickled", "config.json", "pytorch_model.bin", "tokenizer.json"),
        "no tokenizer": model_folder(tmp_path / "mute", "config.json", "model.safetensors"),
    }
    for problem, model in cases.items():
        with pytest.raises(StudyError, match=problem):
            check_generator(model)


def test_a_changed_model_has_another_fingerprint(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", "config.json", "model.safetensors")
    before = model_fingerprint(folder, None)
    assert model_fingerprint(folder, None) == before
    (Path(folder) / "model.safetensors").write_text("{ }")
    assert model_fingerprint(folder, None) != before
    assert model_fingerprint("a/b", "x") != model_fingerprint("a/b", "y")


NOISY = """
import os, sys
from scale_or_reason.inference.quiet import quiet
from scale_or_reason.common.errors import StudyError
print("before")
with quiet() as screen:
    print("python noise")
    print("python noise", file=sys.stderr)
    os.write(1, b"native noise")
    os.system("echo noise of a child >&2")
    screen.write("progress\\n")
    FAIL
print("after")
"""


def run_noisy(failure: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", NOISY.replace("FAIL", failure)], capture_output=True, text=True)


def test_noise_is_kept_off_the_screen() -> None:
    done = run_noisy("pass")
    assert (done.stdout, done.stderr) == ("before\nafter\n", "progress\n")


def test_noise_is_shown_after_a_failure() -> None:
    done = run_noisy("1 / 0")
    for text in ("python noise", "native noise", "noise of a child", "ZeroDivisionError"):
        assert text in done.stderr


def test_bad_input_speaks_for_itself() -> None:
    assert "noise" not in run_noisy("raise StudyError('wrong')").stderr
    assert "noise" in run_noisy("raise StudyError('wrong') from ValueError('deeper')").stderr
