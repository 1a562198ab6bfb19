"""What the explorer shows of manifests, and what it leaves out."""

from __future__ import annotations

import json

import pytest
from made_explorer import BASE, IFT, MANIFEST, REASONING, data, place, scores

from scale_or_reason.common.errors import StudyError
from scale_or_reason.reporting.explorer.data import read_manifest_summaries
from scale_or_reason.reporting.explorer.manifest_summary import manifest_summary, shareable


def test_manifest_summary_a_manifest():
    summary = manifest_summary(MANIFEST, "training", "m")
    assert summary["settings"] == {
        "model": ".../mine",
        "learning_rate": 1e-5,
        "sampling.temperature": 0.5,
        "sampling.stop": '["a", ".../c"]',
        "endpoint": "(a server)",
    }
    assert summary["inputs"] == {"mixture": "0123456789ab"}
    assert (summary["commit"], summary["changed"], summary["seconds"]) == ("f" * 40, True, 12.5)
    assert manifest_summary(MANIFEST, "answers", "m")["seconds"] == 99


def test_facts_that_a_manifest_lacks_are_unknown():
    summary = manifest_summary({}, "training", "m")
    assert set(summary) == set(manifest_summary(MANIFEST, "training", "m"))
    assert {name for name, value in summary.items() if value is not None} == {"stage", "model"}
    assert manifest_summary({"git": None, "settings": None}, "answers", "m")["commit"] is None


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("results/v2/models/a", "results/v2/models/a"),
        ("Qwen/Qwen2.5-3B", "Qwen/Qwen2.5-3B"),
        ("<|im_end|>", "<|im_end|>"),
        ("1/2", "1/2"),
        ("../shared/rows", "../shared/rows"),
        ("/scratch/ann/rows.jsonl", ".../rows.jsonl"),
        ("/scratch/ann/", ".../"),
        ("~/models/a", ".../a"),
        ("--x=/home/ann/a --y '/home/ann/b'", "--x=.../a --y '.../b'"),
        ("file:///home/ann/a", "(a server)"),
        ("https://ann:secret@host:1/v1?key=2", "(a server)"),
        (["/a/b", 1, None], [".../b", 1, None]),
        (0.5, 0.5),
    ],
)
def test_what_may_be_passed_on(told, shown):
    assert shareable(told) == shown


def test_what_manifests_share_is_there_once(tmp_path):
    for model in (IFT, *REASONING):
        folder = tmp_path / "models" / model.model_id
        folder.mkdir(parents=True)
        own = MANIFEST | {"settings": {"seed": getattr(model, "seed", 0)}}
        (folder / "manifest.json").write_text(json.dumps(own))
    answers = tmp_path / "answers" / IFT.model_id
    answers.mkdir(parents=True)
    (answers / "manifest.json").write_text(json.dumps(MANIFEST))
    content = data(summaries=read_manifest_summaries(scores(), tmp_path / "models", tmp_path / "answers"))
    by_model = {model: content["cells"][place(content, model)]["manifests"] for model in (IFT, REASONING[0], BASE)}
    assert [fact["stage"] for fact in by_model[IFT]] == ["training", "answers"]
    assert [fact["model"] for fact in by_model[REASONING[0]]] == [model.model_id for model in REASONING]
    assert by_model[BASE] == []
    assert len(content["pool"]) == 1 + 1 + 1 + 3  # packages, hardware, hashes; settings of two seeds and of the answers
    assert content["pool"][by_model[IFT][0]["packages"]] == {"torch": "2.13.0"}


@pytest.mark.parametrize("text", ["{", "[]", "3"])
def test_a_file_that_is_no_manifest_is_named(tmp_path, text):
    folder = tmp_path / IFT.model_id
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(StudyError, match=r"invalid manifest|JSON file is damaged") as caught:
        read_manifest_summaries(scores(), tmp_path, tmp_path / "none")
    assert IFT.model_id in str(caught.value)
