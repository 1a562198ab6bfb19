"""What a training needs on disk is compared with what is free, before its first step."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from configs import load, plan_of
from made_results import ROOT

from scale_or_reason.common.errors import StudyError
from scale_or_reason.planning.page import page
from scale_or_reason.planning.report import summary
from scale_or_reason.training.disk import check_disk, free_bytes

Usage = namedtuple("Usage", "total used free")
GB = 10**9


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    space = {"bytes": 0}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, space["bytes"]))
    return space


def test_a_training_starts_only_with_room_for_three_checkpoints(tmp_path: Path, free: dict[str, int]) -> None:
    """7 billion parameters in 16 bit: 14 bytes each, so 98 GB a checkpoint."""
    folder = tmp_path / "general" / ".seed-0.checkpoints-x"
    free["bytes"] = 294 * GB
    check_disk(folder, 7 * GB, 2)
    free["bytes"] = 293 * GB
    with pytest.raises(StudyError, match="no room for the checkpoints") as caught:
        check_disk(folder, 7 * GB, 2)
    assert caught.value.found == "293.0 GB free"
    assert caught.value.expected.startswith("294.0 GB: up to 3 checkpoints of 98.0 GB")


def test_checkpoints_that_are_there_count(tmp_path: Path, free: dict[str, int]) -> None:
    (tmp_path / "checkpoint-3").mkdir()
    (tmp_path / "checkpoint-3" / "weights").write_bytes(bytes(24_000))
    free["bytes"] = 12_000
    check_disk(tmp_path, 1_000, 4)  # 12 bytes each, so 12,000 a checkpoint: two are there
    free["bytes"] = 11_999
    with pytest.raises(StudyError):
        check_disk(tmp_path, 1_000, 4)


def test_free_space_of_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "a" / "b" / "c") == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)


@pytest.mark.slow
def test_a_plan_says_whether_the_disk_has_room(tmp_path: Path, free: dict[str, int], monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    free["bytes"] = GB
    config = load(ROOT, "micro")
    config["training"]["execution"]["checkpoint_steps"] = 10
    plan = plan_of(config, tmp_path)
    # the largest student, with 12 bytes per parameter and three checkpoints at once
    assert 3 * 12 * 0.4e6 < plan.checkpoints_gb * GB < 3 * 12 * 3e6
    text = summary(plan, None, "plan")
    assert "1 GB are free here" in text and "DOES NOT FIT" not in text
    assert "disk, free" in page(plan, None, "<svg></svg>")
    free["bytes"] = 1000
    assert "DOES NOT FIT: " in summary(plan_of(config, tmp_path), None, "plan")
