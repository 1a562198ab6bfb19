"""Planted secrets are in no message, traceback, manifest or archive, and refused in configs."""

from __future__ import annotations

import copy
import json
import string
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from configs import load
from hypothesis import given
from hypothesis import strategies as st
from made_results import ROOT, make_study

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.redaction import HIDDEN, redacted, redacted_values
from scale_or_reason.integrity.archive import write_archive
from scale_or_reason.preflight.validation import check_config

SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"
WORD = st.text(string.ascii_letters + string.digits, min_size=20, max_size=40)
#: How a secret looks outside of the environment.
SHAPES = ("hf_{}", "sk-{}", "sk-proj-{}", "ghp_{}", "github_pat_{}", "glpat-{}", "xoxb-{}", "https://me:{}@host.org/v1")
VARIABLES = ("HF_TOKEN", "OPENAI_API_KEY", "MY_KEY", "JUDGE_SECRET", "WANDB_API_KEY", "http_password", "KEY")


@given(WORD, st.sampled_from(SHAPES), st.text(max_size=30), st.text(max_size=30))
def test_a_secret_is_removed_wherever_it_stands(word: str, shape: str, before: str, after: str) -> None:
    text = redacted(f"{before} {shape.format(word)} {after}")
    assert shape.format(word) not in text and f":{word}@" not in text and HIDDEN in text


@pytest.mark.parametrize("variable", VARIABLES)
def test_values_of_the_environment_are_removed(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "no shape, only a value: §7")
    assert redacted("401 for no shape, only a value: §7!") == f"401 for {HIDDEN}!"
    monkeypatch.setenv(variable, str(ROOT))  # the place of a key
    assert redacted(f"read {ROOT}") == f"read {ROOT}"


@pytest.mark.parametrize(
    "text",
    [
        "Qwen/Qwen2.5-3B@a1b2c3 at https://host.org:8000/v1",
        "risk-averse task-oriented sk-learn hf_hub",
        "<|im_end|> 12 tokens, key: item_id, a bearer of news",
        "mailto:somebody@example.org",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redacted(text) == text


def test_settings_stay_but_for_secrets() -> None:
    kept = {"stop_token": "<|im_end|>", "key": "MY_KEY", "steps": 3, "endpoint": {"url": "http://h/v1"}, "none": None}
    assert redacted_values(kept) == kept
    assert redacted_values({"engine": {"hf_token": "plain"}}) == {"engine": {"hf_token": HIDDEN}}


@pytest.fixture(scope="module")
def micro() -> dict:
    return load(ROOT, "micro")


def planted(config: dict, place: str, secret: str) -> dict:
    node, keys = config, place.split(".")
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = secret
    return config


PLACES = ("engine.hf_token", "engine.api_key", "hub.mirror", "study.name", "students.micro-1M.model", "unknown")


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
@given(word=WORD, shape=st.sampled_from(SHAPES))
def test_a_secret_in_a_config_is_refused_without_being_shown(micro: dict, place: str, word: str, shape: str) -> None:
    config = planted(copy.deepcopy(micro), place, shape.format(word))
    with pytest.raises(StudyError, match="a secret in the config") as caught:
        check_config(config, SCHEMA, [])
    assert caught.value.key == place and word not in str(caught.value)
    assert "HF_TOKEN" in str(caught.value.remedy)


@pytest.mark.slow
def test_the_shipped_configs_have_no_secrets() -> None:
    from scale_or_reason.preflight.secret_values import secrets

    for overlay in (ROOT / "config" / "studies").glob("*.yaml"):
        assert list(secrets(load(ROOT, overlay.stem))) == []


@pytest.mark.slow
def test_no_secret_reaches_a_manifest_or_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "planted-value-of-this-test"
    monkeypatch.setenv("HF_TOKEN", secret)
    monkeypatch.chdir(tmp_path)
    settings = {"engine": {"download": secret}, "url": f"https://me:{secret}@host/v1", "argv": ["--token", secret]}
    assert secret not in json.dumps(manifest({}, settings))
    config = load(ROOT, "micro") | {"engine": settings}
    write_archive(make_study(Path("results/micro")), Path("out.zip"), ["answers"], config, [])
    with ZipFile("out.zip") as archive:
        assert not [name for name in archive.namelist() if secret.encode() in archive.read(name)]


FAILING = """
import os
from scale_or_reason.common.errors import Interrupted, StudyError, run_script
def main():
    secret = os.environ["MY_TOKEN"]
    raise {error}
run_script(main)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("StudyError('refused', found=secret)", 2),
        ("Interrupted(secret)", 75),
        ("ValueError('no such model: ' + secret)", 1),
        ("OSError(28, 'full', secret)", 2),
    ],
)
def test_no_secret_is_printed_by_a_program_that_fails(error: str, status: int) -> None:
    environment = {"MY_TOKEN": "planted-value-of-this-test", "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", FAILING.format(error=error)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == status
    assert HIDDEN in done.stderr and "planted" not in done.stdout + done.stderr
