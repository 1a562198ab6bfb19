"""The revision of the code in a manifest."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scale_or_reason.common import manifests


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one commit, in which the library seems to lie."""
    code = tmp_path / "src" / "scale_or_reason" / "common" / "manifests.py"
    code.parent.mkdir(parents=True)
    code.write_text("one = 1\n")
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "."), (*settings, "commit", "-qm", "first")):
        subprocess.run(("git", "-C", str(tmp_path), *command), check=True)
    monkeypatch.setattr(manifests, "__file__", str(code))
    return tmp_path


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        (None, False),
        ("src/scale_or_reason/common/manifests.py", True),
        ("src/scale_or_reason/grading/of_mine.py", True),
        ("workflow/rules/of_mine.smk", True),
        ("my_study.yaml", False),  # an overlay of one's own is no code
        ("results/mine/table.csv", False),
        ("src/scale_or_reason/common/old.pyc", False),
    ],
)
def test_untracked_code_is_a_change(checkout: Path, file: str | None, changed: bool) -> None:
    if file:
        (checkout / file).parent.mkdir(parents=True, exist_ok=True)
        (checkout / file).write_text("two = 2\n")
    revision = manifests.git_revision()
    assert revision is not None and len(revision["commit"]) == 40
    assert revision["changed"] is changed
