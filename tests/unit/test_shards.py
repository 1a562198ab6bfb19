"""Shards are even slices that together are the whole table."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.data.shards import bounds_of, read_slice


@given(st.integers(0, 500), st.integers(1, 40))
def test_slices_are_even_and_follow_each_other(rows: int, shards: int) -> None:
    bounds = [bounds_of(rows, shard, shards) for shard in range(shards)]
    assert [start for start, _ in bounds] == [0, *(end for _, end in bounds[:-1])] and bounds[-1][1] == rows
    sizes = [end - start for start, end in bounds]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("shard", [-1, 3])
def test_a_shard_that_is_not_there(shard: int) -> None:
    with pytest.raises(StudyError, match="no such shard") as caught:
        bounds_of(9, shard, 3)
    assert caught.value.expected == "0 to 2"


def test_slices_of_a_file(tmp_path: Path) -> None:
    rows = [{"prompt_id": str(i), "corpus": "c", "prompt": f"question {i}"} for i in range(10)]
    table, path = table_from_rows(rows, "prompts"), tmp_path / "prompts.parquet"
    write_table(table, path, "prompts")
    assert pl.concat(read_slice(path, "prompts", shard, 3) for shard in range(3)).equals(table)
    with pytest.raises(StudyError, match="differ from its schema"):
        read_slice(path, "overlaps", 0, 3)
    write_table(table.clear(), path, "prompts")
    with pytest.raises(StudyError, match="table is empty"):
        read_slice(path, "prompts", 0, 3)
