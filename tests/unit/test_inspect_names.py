"""The names of inspection pages: each stands for one id. And when a page is old."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspection_pages import ITEM

from scale_or_reason.common.errors import StudyError
from scale_or_reason.reporting.inspect.files import state_of
from scale_or_reason.reporting.inspect.names import LONGEST, check_name, id_of_name, path_name


@given(st.text(min_size=1, max_size=400))
def test_a_name_is_safe_and_stands_for_one_id(item_id: str) -> None:
    try:
        item_id.encode()
    except UnicodeEncodeError:
        return  # no table can hold half a sign
    name = path_name(item_id)
    assert re.fullmatch(r"[A-Za-z0-9_%~-][A-Za-z0-9_.%~-]*", name) and len(name) <= LONGEST
    assert check_name(name, "folder") == name
    assert "~" in name or unquote(name) == item_id
    assert id_of_name(name, ["another", f"{item_id}!", item_id], "table") == item_id


@pytest.mark.parametrize(
    ("item_id", "name"),
    [
        (ITEM, "test%2Falgebra%2F2584.json"),
        ("..", "%2E."),
        (".hidden", "%2Ehidden"),
        ("50%2F", "50%252F"),
        ("a~b c", "a%7Eb%20c"),
        ("ü", "%C3%BC"),
        ("7-980", "7-980"),
    ],
)
def test_how_ids_are_spelled(item_id: str, name: str) -> None:
    assert path_name(item_id) == name


def test_long_ids_that_begin_alike_have_different_names() -> None:
    names = {path_name("x" * 300), path_name("x" * 301), path_name("x" * LONGEST)}
    assert len(names) == 3 and {len(name) for name in names} == {LONGEST}


@pytest.mark.parametrize("asked", ["a/b", "..", ".x", "a b", "%2f", "%41", "%FF", "a~b", "~" + "0" * 16, "", "a%"])
def test_what_is_no_name_is_refused_with_the_right_one(asked: str) -> None:
    with pytest.raises(StudyError, match="invalid encoding of an id") as error:
        check_name(asked, "results/tiny/inspect/items/math_500")
    assert str(error.value.remedy).startswith("use results/tiny/inspect/items/math_500/")


def test_a_raw_id_is_answered_with_its_name() -> None:
    with pytest.raises(StudyError, match=r"use folder/test%2Falgebra%2F2584\.json\.html"):
        check_name(ITEM, "folder")


def test_an_inspection_page_is_old_when_there_is_more_to_see(tmp_path: Path) -> None:
    files = [tmp_path / name for name in "ab"]
    states = [state_of(files)]
    for file in files:
        file.write_text("")
        states.append(state_of(files))
    files[0].write_text("more")
    states.append(state_of(files))
    assert len(set(states)) == 4
    assert state_of(files) == states[-1]
    assert json.dumps(states)  # texts, as Snakemake compares them
