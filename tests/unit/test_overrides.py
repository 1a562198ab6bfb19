"""Values of ``--config`` inside maps get the types that they would have in a file."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.study.overrides import type_overrides


def typed(text: Any) -> Any:
    config = {"section": {"key": text, "other": "left"}}
    type_overrides(config, {"section": {"key": text}})
    assert config["section"]["other"] == "left"
    return config["section"]["key"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-3", -3),
        ("2.5", 2.5),
        ("1e21", 1e21),
        ("1.0e-5", 1e-5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("nan", "nan"),
        ("inf", "inf"),
        ("1_000", "1_000"),
        ("v2", "v2"),
        ("", ""),
        (["1", "two", "0.5"], [1, "two", 0.5]),
        (["[]"], ["[]"]),
        (7, 7),
    ],
)
def test_text_gets_the_type_that_it_reads_like(text: Any, value: Any) -> None:
    result = typed(text)
    assert (result, type(result)) == (value, type(value))


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none())
def test_a_value_survives_being_written_as_text(value: Any) -> None:
    words = {True: "true", False: "false", None: "null"}
    is_word = value is None or isinstance(value, bool)
    assert typed(words[value] if is_word else repr(value)) == value


@given(st.dictionaries(st.sampled_from("abc"), st.text() | st.integers() | st.lists(st.text())))
def test_what_no_override_names_stays(config: dict[str, Any]) -> None:
    before = deepcopy(config)
    type_overrides(config, {"elsewhere": {"a": "1"}})
    assert config == before


def test_yaml_reads_a_file_in_the_same_way() -> None:
    for text in ("5", "2.5", "1.0e-5", "true", "null", "~", "v2", "[1, two, 0.5]"):
        parsed = yaml.safe_load(text)
        assert typed([str(part) for part in parsed] if isinstance(parsed, list) else text) == parsed
