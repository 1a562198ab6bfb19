"""When existing pairs are old because of benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.data.exclusions import Exclusions, check_may_replace, next_exclusions

FIRST = next_exclusions(None, "ngram 8", ["b", "a"], ["p2", "p1"], [])


def test_the_first_table_makes_nothing_old() -> None:
    assert (FIRST.revision, FIRST.benchmarks) == (0, ("a", "b"))


@pytest.mark.parametrize(
    ("benchmarks", "excluded"),
    [
        (["a", "b", "c"], ["p1", "p2"]),  # a new benchmark without overlaps
        (["a", "b", "c"], ["p1", "p2", "p3"]),  # with a prompt that was in no pair anyway
        (["a"], ["p1"]),  # a dropped one
        (["a", "b"], ["p1"]),  # fewer items of one
    ],
)
def test_pairs_without_overlaps_stay(benchmarks: list[str], excluded: list[str]) -> None:
    after = next_exclusions(FIRST, "ngram 8", benchmarks, excluded, [])
    assert after.revision == 0 and after.benchmarks == tuple(benchmarks)


def test_a_prompt_in_the_pairs_makes_them_old_once() -> None:
    after = next_exclusions(FIRST, "ngram 8", ["a", "b", "c"], ["p1", "p2", "p4"], ["p4"])
    assert after.revision == 1
    # the pairs were made again without it
    again = next_exclusions(after, "ngram 8", ["a", "b", "c"], ["p4", "p2", "p1"], [])
    assert again == after
    # records of an earlier version have no state
    assert next_exclusions(None, "ngram 8", ["a"], ["p1"], ["p1"]).revision == 1


def test_another_test_for_overlaps_counts_where_it_finds_others() -> None:
    assert next_exclusions(FIRST, "ngram 13", ["a", "b"], ["p1"], []).revision == 1
    assert next_exclusions(FIRST, "ngram 9", ["a", "b"], ["p1", "p2"], []).revision == 0


def test_the_state_comes_back_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    file = tmp_path / "general.exclusions.json"
    assert Exclusions.read(file) is None
    FIRST.write(file)
    assert Exclusions.read(file) == FIRST
    for text in ("", "{", "[]", "{}", '{"benchmarks": 3}', '{"benchmarks": [], "other": 1}'):
        file.write_text(text)
        assert Exclusions.read(file) is None, text


def test_expensive_pairs_are_made_again_only_if_allowed() -> None:
    check_may_replace(Path("pairs/general.parquet"), [], [])
    with pytest.raises(StudyError, match="overlap with benchmarks") as caught:
        check_may_replace(Path("pairs/general.parquet"), ["p1", "p2"], ["gsm8k"])
    assert "2 prompts" in str(caught.value.found) and "gsm8k" in str(caught.value.found)
    assert "confirm=pairs" in str(caught.value.remedy)
