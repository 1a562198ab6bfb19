"""Publishing: cards in the hub's format, and uploads to a hub on this machine by the hub's own client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from configs import load
from fake_upload_hub import READER, WRITER, Repo, UploadHub, running_upload_hub
from made_results import RECIPE, ROOT
from safetensors.numpy import save_file

from scale_or_reason.common.checksums import file_checksum
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import atomic_directory, atomic_path, write_json
from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.publishing import push as push_module
from scale_or_reason.publishing.licences import licence_fields
from scale_or_reason.publishing.push import push
from scale_or_reason.publishing.repositories import Uploads, trained_models, uploads_of
from scale_or_reason.study.study import Study

constants = pytest.importorskip("huggingface_hub.constants")
# of the hub's library, with the version of httpx2 that it has
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
MODEL_ID = "general/micro-1M/seq/rho-1/seed-0"
NAME = "my-org/micro-general-micro-1M-seq-rho-1-seed-0"
SCORES = {"winogrande": (60, 0.633333, 0.506, 0.748), "openbookqa": (60, 0.3, 0.2, 0.42)}


def config_of(**changes: Any) -> dict[str, Any]:
    config = load(ROOT, "micro")
    config["push"] |= {"organisation": "my-org"} | changes
    return config


def rows_of(schema: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = SCHEMAS[schema]
    return pl.DataFrame([{name: row.get(name) for name in names} for row in rows], schema=names)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished student with scores and costs, pairs and an archive."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    results = Path("results/micro")
    with atomic_directory(results / "models" / MODEL_ID) as folder:
        save_file({"a.weight": np.ones((300, 3), np.float32)}, folder / "model.safetensors")
        write_json({"model_type": "other"}, folder / "config.json")
        counts = {"sequences": 1375, "prompt_tokens": 108359, "completion_tokens": 61713, "steps": 172}
        write_json(manifest({}, RECIPE) | {"training": counts}, folder / "manifest.json")
    cell = {"model_id": MODEL_ID, "kind": "distilled", "corpus": "general", "student": "micro-1M", "seed": 0}
    cell |= {"curriculum": "seq", "ratio": 1.0, "data_fraction": 1.0, "family": "General-MC"}
    scores = [
        cell
        | {"benchmark": name, "n": n, "accuracy": value, "ci_low": low, "ci_high": high}
        | {"answer_tokens_mean": 31.0, "truncated": 2}
        for name, (n, value, low, high) in SCORES.items()
    ]
    costs = [cell | {"stage": "training", "flops": 1.5e11, "exact_flops": 9e10, "family": None, "seconds": 4.0}]
    costs += [cell | {"stage": "evaluation", "benchmark": name, "sequences": 60, "flops": 6e9} for name in SCORES]
    for name, rows in (("scores", scores), ("costs", costs)):
        with atomic_path(results / "tables" / f"{name}.parquet") as file:
            rows_of(name, rows).write_parquet(file)
    with atomic_path(results / "pairs/general.parquet") as file:
        pl.DataFrame({"prompt": ["why?"] * 3, "ift": ["so"] * 3, "reasoning": ["<think>"] * 3}).write_parquet(file)
    write_json({"prompts": 4, "kept": 3, "reasons": {"empty": 1, "refused": 0}}, results / "pairs/general.audit.json")
    with atomic_path(results / "micro.zip") as file:
        file.write_bytes(b"PK\0" + bytes(500))
    return results


def uploads(results: Path, **changes: Any) -> Uploads:
    config = config_of(**changes)
    return uploads_of(results, Study.from_config(config), config)


def card_of(found: Uploads, name: str) -> str:
    (content,) = [one.files["README.md"] for one in found.repositories if one.name == name]
    assert isinstance(content, bytes)
    return content.decode()


def test_a_models_card_has_the_hubs_results(results: Path) -> None:
    """Read back by the hub's own library, and compared with the numbers that the tables were made of."""
    from huggingface_hub import ModelCard

    card = ModelCard(card_of(uploads(results), NAME))
    assert card.data.model_name == MODEL_ID.replace("/", "-")
    assert card.data.datasets == ["my-org/micro-pairs-general"] and card.data.pipeline_tag == "text-generation"
    found = {result.dataset_name: result for result in card.data.eval_results}
    assert found.keys() == SCORES.keys()
    for name, (items, accuracy, low, high) in SCORES.items():
        assert found[name].metric_value == pytest.approx(accuracy, abs=1e-4)
        assert found[name].metric_args == {"ci95_low": low, "ci95_high": high, "items": items}
        assert found[name].dataset_type == name, "made-up rows are no results on the hub's data set"
    text = card.text
    manifest_hash = file_checksum(results / "models" / MODEL_ID / "manifest.json").sha256
    for part in ("63.3 %", "50.6 to 74.8 %", "46.7 %", "1.5e+11", "9e+10", "1e+08", manifest_hash, "0.002", "1,375"):
        assert part in text, part
    assert "## Limits" in text and str(ROOT) not in text and str(Path.cwd()) not in text


def test_rows_of_the_hub_are_named_by_their_data_set(results: Path) -> None:
    from huggingface_hub import ModelCard

    config = config_of()
    config["benchmarks"]["source"] = {"kind": "hub", "path": "x"}
    config["students"]["micro-1M"] |= {"model": "Qwen/Qwen2.5-3B", "revision": "main"}
    card = ModelCard(card_of(uploads_of(results, Study.from_config(config), config), NAME))
    types = {result.dataset_name: result.dataset_type for result in card.data.eval_results}
    assert types == {"winogrande": "allenai/winogrande", "openbookqa": "allenai/openbookqa"}
    assert card.data.base_model == "Qwen/Qwen2.5-3B"
    assert (card.data.license, card.data.license_name) == ("other", "qwen-research")


def test_a_model_without_scores_says_so(results: Path) -> None:
    for name in ("scores", "costs"):
        (results / "tables" / f"{name}.parquet").unlink()
    card = card_of(uploads(results), NAME)
    assert "has not been evaluated yet" in card and "Not counted yet" in card and "model-index" not in card


def test_the_card_of_pairs_names_the_licences_of_others(results: Path) -> None:
    from huggingface_hub import DatasetCard

    config = config_of()
    source = config["corpora"]["general"]["source"]["path"]
    teacher = config["teachers"][config["study"]["teacher"]]["model"]
    config["push"]["licenses"] |= {source: "cc-by-sa-4.0", teacher: "apache-2.0"}
    card = DatasetCard(card_of(uploads_of(results, Study.from_config(config), config), "my-org/micro-pairs-general"))
    assert card.data.license == "cc-by-sa-4.0" and card.data.size_categories == ["n<1K"]
    assert card.data.configs[0]["data_files"] == [{"split": "train", "path": "pairs.parquet"}]
    assert "cc-by-sa-4.0 |" in card.text and "apache-2.0 |" in card.text and "| empty | 1 |" in card.text
    assert str(ROOT) not in card.text


def test_licences_in_the_hubs_words() -> None:
    assert licence_fields(None) == {"license": "unknown"}
    assert licence_fields("gemma") == {"license": "gemma"}
    assert licence_fields("qwen-research") == {"license": "other", "license_name": "qwen-research"}


def test_unstated_licences_are_named_and_stop_a_public_push(hub: UploadHub, results: Path) -> None:
    config = config_of()
    base, prompts = config["students"]["micro-1M"]["model"], config["corpora"]["general"]["source"]["path"]
    teacher = config["teachers"][config["study"]["teacher"]]["model"]
    found = uploads(results)
    assert found.unstated == [base, prompts, teacher]
    assert uploads(results, licenses={base: "mit", teacher: "unknown"}).unstated == [prompts]
    assert uploads(results, include=["archive"]).unstated == []
    _, text = pushed(found, confirm=False)
    assert all(f"licence unstated: {name}: " in text for name in (base, prompts, teacher))
    with pytest.raises(StudyError, match="needs the licences") as caught:
        pushed(found, private=False)
    assert caught.value.key == "push.licenses" and prompts in str(caught.value.found) and hub.repos == {}
    assert pushed(found, confirm=False, private=False)[0] == 0  # a list may always be written


def test_what_is_not_finished_is_named(results: Path) -> None:
    study = Study.from_config(config_of())
    found = uploads(results)
    assert {one.name for one in found.repositories} == {NAME, "my-org/micro-pairs-general", "my-org/micro-results"}
    unfinished = {f"model {model.model_id}" for model in trained_models(study)} - {f"model {MODEL_ID}"}
    assert {what for what, _ in found.skipped if what.startswith("model")} == unfinished


def test_pairs_that_others_have_published_are_not_pushed_again(results: Path) -> None:
    config = config_of(include=["pairs", "models"])
    config["pairs"]["source"] = "released"
    released = {"kind": "hub", "path": "Scale-or-Reason/pairs", "split": "train"}
    config["corpora"]["general"]["released"] = released
    found = uploads_of(results, Study.from_config(config), config)
    assert ("pairs general", "published by others: Scale-or-Reason/pairs") in found.skipped
    assert "- Scale-or-Reason/pairs\n" in card_of(found, NAME)


# What is refused before the hub is asked.


def test_nothing_finished(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="nothing to push") as caught:
        uploads(tmp_path / "none")
    assert "not trained yet" in str(caught.value.found)


@pytest.mark.parametrize(
    "file",
    [f"models/{MODEL_ID}/model.safetensors", f"models/{MODEL_ID}/config.json", "pairs/general.parquet", "micro.zip"],
)
def test_damaged_files(results: Path, file: str) -> None:
    content = bytearray((results / file).read_bytes())
    content[-1] ^= 1
    (results / file).write_bytes(bytes(content))
    with pytest.raises(StudyError, match="damaged") as caught:
        uploads(results)
    assert caught.value.where == results / file and "quarantine" in str(caught.value.remedy)


def test_a_missing_file_of_a_model(results: Path) -> None:
    (results / "models" / MODEL_ID / "model.safetensors").unlink()
    with pytest.raises(StudyError, match="damaged or missing"):
        uploads(results)


@pytest.mark.parametrize("name", ["a--b", "x" * 99, "a..b", "-a", "a b"])
def test_names_that_the_hub_refuses(results: Path, name: str) -> None:
    with pytest.raises(StudyError, match="refuses the name") as caught:
        uploads(results, organisation=name)
    assert name in str(caught.value.found)


# With a hub.


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[UploadHub]:
    with running_upload_hub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr("time.sleep", lambda seconds: None)
        monkeypatch.setenv("HF_TOKEN", WRITER)
        yield hub


def pushed(found: Uploads, confirm: bool = True, private: bool = True) -> tuple[int, str]:
    lines: list[str] = []
    done = push(found, confirm, private, lines.append)
    return done, "\n".join(lines)


@pytest.mark.slow
def test_a_push_uploads_everything_once(hub: UploadHub, results: Path) -> None:
    found = uploads(results)
    done, _ = pushed(found)
    assert done == sum(len(one.files) for one in found.repositories)
    for one in found.repositories:
        repo = hub.repos[one.kind, one.name]
        assert repo.private and repo.commits == 1
        contents = {path: body if isinstance(body, bytes) else body.read_bytes() for path, body in one.files.items()}
        assert repo.files == contents
    assert "model.safetensors" in hub.repos["model", NAME].large
    first = hub.uploaded
    done, text = pushed(uploads(results))
    assert (done, hub.uploaded) == (0, first)
    assert all(repo.commits == 1 for repo in hub.repos.values())
    assert "equal: 5 files" not in text and "equal: 4 files" in text and "0 files of 0 B to upload" in text


@pytest.mark.slow
def test_only_what_has_changed_is_uploaded(hub: UploadHub, results: Path) -> None:
    pushed(uploads(results))
    write_json({"model_type": "another"}, results / "models" / MODEL_ID / "config.json")
    (results / "models" / MODEL_ID / ".sha256").unlink()
    hub.repos["model", NAME].files["notes.md"] = b"kept"
    before = hub.uploaded
    done, text = pushed(uploads(results))
    assert done == 1 and hub.uploaded - before < 100 and "  config.json" in text
    assert hub.repos["model", NAME].files["notes.md"] == b"kept", "nothing on the hub is deleted"


@pytest.mark.slow
def test_an_interrupted_push_goes_on(hub: UploadHub, results: Path) -> None:
    hub.faults[f"POST /api/models/{NAME}/commit"] = [400]
    with pytest.raises(StudyError):
        pushed(uploads(results))
    before = hub.uploaded
    done, _ = pushed(uploads(results))
    weights = (results / "models" / MODEL_ID / "model.safetensors").stat().st_size
    assert done == 4 and hub.uploaded - before < weights + 10_000
    assert sum("storage" in request for request in hub.requests) == len(hub.objects), "no large file twice"


@pytest.mark.slow
def test_a_busy_hub_is_asked_again(hub: UploadHub, results: Path) -> None:
    hub.faults[f"GET /api/models/{NAME}"] = [503, 429]
    hub.faults["POST /api/repos/create"] = [503]
    assert pushed(uploads(results))[0] > 0


def test_a_dry_run_lists_and_uploads_nothing(hub: UploadHub, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, text = pushed(uploads(results), confirm=False)
    assert done == 0 and hub.repos == {} and not any(request.startswith("POST") for request in hub.requests)
    for part in (f"model {NAME} (private, new): 4 files", "  model.safetensors  3.7 kB", "skipped: model general/"):
        assert part in text
    hub.requests.clear()
    monkeypatch.delenv("HF_TOKEN")
    assert "not compared with the hub" in pushed(uploads(results), confirm=False)[1]
    assert hub.requests == [], "without a token nothing is sent"


def test_without_a_token_nothing_is_uploaded(hub: UploadHub, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", " ")
    with pytest.raises(StudyError, match="needs a token") as caught:
        pushed(uploads(results))
    assert caught.value.key == "HF_TOKEN" and hub.requests == []


@pytest.mark.parametrize(
    ("token", "status", "remedy"),
    [("hf_" + "x" * 30, 401, "does not accept the token"), (READER, 403, "write access to this organisation")],
)
def test_tokens_that_may_not_write(
    hub: UploadHub, results: Path, monkeypatch: pytest.MonkeyPatch, token: str, status: int, remedy: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(StudyError, match="does not take an upload") as caught:
        pushed(uploads(results))
    assert caught.value.found == f"status {status}" and remedy in str(caught.value.remedy)
    assert token not in str(caught.value) and hub.repos == {}


def test_an_organisation_of_others(hub: UploadHub, results: Path) -> None:
    with pytest.raises(StudyError, match="does not take an upload") as caught:
        pushed(uploads(results, organisation="others"))
    assert caught.value.found == "status 403"


@pytest.mark.slow
def test_private_results_reach_no_public_repository(hub: UploadHub, results: Path) -> None:
    hub.repos["model", NAME] = Repo(private=False)
    with pytest.raises(StudyError, match="is public") as caught:
        pushed(uploads(results))
    assert caught.value.key == "push.private" and hub.uploaded == 0
    pushed(uploads(results, licenses=dict.fromkeys(uploads(results).unstated, "unknown")), private=False)
    assert not hub.repos["model", NAME].private and not hub.repos["dataset", "my-org/micro-results"].private


def test_an_unreachable_hub(hub: UploadHub, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(push_module, "patiently", lambda call: call())
    with pytest.raises(StudyError, match="does not take an upload") as caught:
        pushed(uploads(results))
    assert "HF_ENDPOINT" in str(caught.value.remedy)


def test_a_large_file_that_the_storage_refuses(hub: UploadHub, results: Path) -> None:
    """The library hides the cause in an error of its own."""
    hub.faults["PUT /storage"] = [403] * 9
    with pytest.raises(StudyError, match="does not take an upload") as caught:
        pushed(uploads(results))
    assert caught.value.found == "status 403"


@pytest.mark.slow
def test_the_program_writes_no_token(hub: UploadHub, results: Path) -> None:
    """As the rule starts it, with the hub's address and the token in the environment."""
    config = config_of(confirm=True)
    environment = os.environ | {"STUDY": json.dumps(config), "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"}
    program = [sys.executable, str(ROOT / "workflow/scripts/push_study.py"), "--results", "results/micro"]
    command = [*program, "--config", "env:STUDY"]
    for token, status in ((WRITER, 0), ("hf_" + "x" * 30, 2)):
        run = subprocess.run(
            command, env=environment | {"HF_TOKEN": token}, capture_output=True, text=True, timeout=600
        )
        assert run.returncode == status, run.stderr
        assert token not in run.stdout + run.stderr and "Traceback" not in run.stderr
    assert hub.repos["model", NAME].commits == 1
    written = [file for file in Path().rglob("*") if file.is_file() and not file.is_relative_to("resources")]
    assert not any(WRITER.encode() in file.read_bytes() for file in written)
