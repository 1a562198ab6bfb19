"""The page of columns: every column has a meaning, and no meaning is left over."""

from __future__ import annotations

import pytest

from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.preflight.description.columns import MEANINGS, columns_page, meaning


@pytest.mark.slow
@pytest.mark.parametrize("table", SCHEMAS)
def test_every_column_has_a_meaning(table: str) -> None:
    """Else: write a comment beside the column in table_schemas.py, or add it to MEANINGS."""
    assert [column for column in SCHEMAS[table] if not meaning(table, column)] == []


def test_no_meaning_is_left_over() -> None:
    known = {name for table, columns in SCHEMAS.items() for column in columns for name in (column, f"{table}.{column}")}
    assert set(MEANINGS) <= known


@pytest.mark.slow
def test_comments_are_those_beside_the_column() -> None:
    assert meaning("scores", "refused") == "by a server"
    assert meaning("costs", "stage") == "teacher, training, evaluation, judging"
    assert meaning("contrasts", "difference_low") == "lower end of the 95 % interval of `difference`"
    assert "## early_stopping\n\nOne row per model, benchmark and percentile" in columns_page()
