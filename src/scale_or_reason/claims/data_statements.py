"""Statements of our own about studies with models on parts of the data."""

from __future__ import annotations

from scale_or_reason.analysis.parts_of_data import has_parts
from scale_or_reason.claims.findings import Statement
from scale_or_reason.claims.measures import data
from scale_or_reason.scoring.evidence import Evidence

DATA_STATEMENTS = (
    Statement(
        "training-frontier-any-data",
        "this study",
        "IFT defines the training frontier also where the amount of data is free{except_for}: none of {cells} reasoning"
        " students, of any size and part of the data, is on it (value: how many)",
        "cells",
        data.ift_defines_frontier,
    ),
)


def data_statements(evidence: Evidence) -> tuple[Statement, ...]:
    """The statements about parts of the data; none for a study without such parts."""
    return DATA_STATEMENTS if has_parts(evidence) else ()
