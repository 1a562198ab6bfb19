"""Adopted models: their place in a study, the check of their weights, their costs, and the figure with them."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from configs import load
from safetensors.numpy import save_file
from test_weights import model, tensors

from scale_or_reason.common.errors import StudyError
from scale_or_reason.inference import published_weights
from scale_or_reason.inference.published_weights import check_published
from scale_or_reason.preflight.validation import check_config
from scale_or_reason.study.cells import Adopted, parse_model_id
from scale_or_reason.study.study import Study

SCHEMA = Path("workflow/schemas/config.schema.json")
ENTRY = {"model": "owner/their-3b", "revision": "main", "size_b": 3, "provenance": "published"}


@pytest.fixture
def config(root: Path) -> dict[str, Any]:
    config = load(root)
    config["adopted"] = {"Theirs": dict(ENTRY)}
    config["study"]["adopted"] = ["Theirs"]
    return config


def complaint(config: dict[str, Any]) -> StudyError:
    with pytest.raises(StudyError) as caught:
        check_config(config, SCHEMA, ["config/config.yaml"])
    return caught.value


def test_a_model_and_its_path() -> None:
    adopted = parse_model_id("adopted/Theirs")
    assert adopted == Adopted("Theirs") and adopted.model_id == "adopted/Theirs"
    columns = adopted.columns()
    assert (columns["kind"], columns["student"], columns["corpus"], columns["shots"]) == (
        "adopted",
        "Theirs",
        None,
        None,
    )


def test_it_is_evaluated_and_trained_by_nobody(config: dict[str, Any]) -> None:
    check_config(config, SCHEMA, ["config/config.yaml"])
    study, without = Study.from_config(config), deepcopy(config)
    without["study"]["adopted"] = []
    assert set(study.evaluated()) - set(Study.from_config(without).evaluated()) == {Adopted("Theirs")}
    assert study.lineage(Adopted("Theirs")) == ()
    assert study.benchmarks_of(Adopted("Theirs")) == study.benchmarks
    assert study.adopted["Theirs"].training_flops is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda config: config["study"].update(adopted=["Their"]), "study.adopted[0]"),
        (lambda config: config["adopted"]["Theirs"].update(training_flops=-1), "adopted.Theirs.training_flops"),
        (lambda config: config["adopted"]["Theirs"].pop("provenance"), "adopted.Theirs.provenance"),
        (lambda config: config["adopted"]["Theirs"].update(model="no/such/folder"), "adopted.Theirs.model"),
        (lambda config: config["adopted"]["Theirs"].update(shots=3), "adopted.Theirs.shots"),
        (
            lambda config: (
                config["adopted"].update({"Qwen2.5-3B": ENTRY}),
                config["study"].update(adopted=["Qwen2.5-3B"]),
            ),
            "study.adopted[0]",
        ),
    ],
)
def test_a_wrong_entry_is_refused(config: dict[str, Any], change: Any, key: str) -> None:
    change(config)
    assert complaint(config).key == key


@pytest.mark.slow
def test_weights_of_a_folder_are_compared_before_the_first_job(config: dict[str, Any], tmp_path: Path) -> None:
    folder = model(tmp_path, tensors())
    config["adopted"]["Theirs"] = {**ENTRY, "model": str(folder)}
    assert "no tokenizer" in complaint(config).problem
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text('{"chat_template": ""}')
    assert "no chat template" in complaint(config).problem
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    check_config(config, SCHEMA, ["config/config.yaml"])
    (folder / "tokenizer_config.json").unlink()
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    check_config(config, SCHEMA, ["config/config.yaml"])
    placeholder = {name: np.zeros((2,) * values.ndim, values.dtype) for name, values in tensors().items()}
    for file in folder.glob("*.safetensors"):
        save_file(placeholder, file)
    error = complaint(config)
    assert error.key == "adopted.Theirs.model" and "differ from config.json" in error.problem
    assert "study.adopted" in str(error.remedy)
    for file in folder.glob("*.safetensors"):
        file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    assert "git lfs pull" in str(complaint(config).expected)


@pytest.mark.parametrize("catalogue", ["teachers", "judges"])
def test_a_teacher_or_judge_in_a_folder_needs_a_template_too(
    config: dict[str, Any], tmp_path: Path, catalogue: str
) -> None:
    chosen = {"teachers": config["study"]["teacher"], "judges": config["study"]["judges"][0]}[catalogue]
    folder = model(tmp_path, tensors())
    config[catalogue][chosen]["model"] = str(folder)
    assert complaint(config).key == f"{catalogue}.{chosen}.model"
    (folder / "tokenizer.json").write_text("{}")
    assert "no chat template" in complaint(config).problem


def test_of_a_hub_model_only_the_headers_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"model_type": "qwen2", "vocab_size": 152064, "hidden_size": 5120, "intermediate_size": 13824}
    config |= {"num_attention_heads": 40, "num_key_value_heads": 8, "num_hidden_layers": 48}
    placeholder = {"model.embed_tokens.weight": (64, 16), "model.norm.weight": (16,)}
    monkeypatch.setattr(published_weights, "_cached", lambda model, revision: None)
    monkeypatch.setattr(published_weights, "_headers", lambda model, revision: (placeholder, config))
    with pytest.raises(StudyError, match=r"embed_tokens.weight: \(64, 16\)") as caught:
        check_published("owner/their-14b", "main")
    assert "(152064, 5120)" in str(caught.value)
    monkeypatch.setattr(published_weights, "_headers", lambda model, revision: None)
    check_published("owner/their-14b", "main")  # the hub cannot be reached: the engine reports that


def test_a_known_training_is_a_cost_and_an_unknown_one_is_none() -> None:
    from scale_or_reason.flops.costs import cost_table
    from scale_or_reason.scoring.families import training_costs

    known = cost_table("adopted/a", {}, [{"stage": "training", "flops": 3e20}])
    unknown = cost_table("adopted/b", {"gsm8k": "M"}, [{"stage": "evaluation", "benchmark": "gsm8k", "flops": 1.0}])
    table = pl.concat([known, unknown])
    assert training_costs(table).rows() == [("adopted/a", 3e20)]
