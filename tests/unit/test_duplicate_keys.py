"""A key that a config file gives twice is an error with both lines."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.duplicate_keys import check_duplicate_keys

TREES = st.recursive(
    st.integers(),
    lambda inner: st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), inner, max_size=3) | st.lists(inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("study: {name: a}\nseed: 1\nstudy: {seed: 2}\n", "study", (1, 3)),
        ("study:\n  name: a\n  seeds: [0]\n  name: b\n", "study.name", (2, 4)),
        ("families:\n  - {name: a}\n  - {name: b, name: c}\n", "families.1.name", (3, 3)),
    ],
)
def test_both_lines_are_named(tmp_path: Path, text: str, key: str, lines: tuple[int, int]) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(text)
    with pytest.raises(StudyError, match="given twice") as caught:
        check_duplicate_keys([file])
    assert caught.value.key == key
    assert str(caught.value.where).endswith(f"study.yaml, line {lines[1]}")
    assert caught.value.found == f"also in line {lines[0]}"


@given(TREES)
def test_what_a_program_writes_has_no_key_twice(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    file = tmp_path_factory.mktemp("trees") / "study.yaml"
    file.write_text(yaml.safe_dump(tree))
    check_duplicate_keys([file])


def test_the_configs_of_the_project(root: Path) -> None:
    check_duplicate_keys([root / "config" / "config.yaml", *sorted((root / "config" / "studies").glob("*.yaml"))])
