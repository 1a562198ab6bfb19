"""What the frontier is when the amount of data is as free as the size."""

from __future__ import annotations

import numpy as np

from scale_or_reason.analysis.contrasts import ANY_DATA
from scale_or_reason.analysis.parts_of_data import formats_without_parts
from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.measures.shared import NOTHING
from scale_or_reason.claims.study_view import REASONING, StudyView


def ift_defines_frontier(view: StudyView) -> Result:
    """No reasoning student, of any size and on any part of the data, is on the frontier of both formats.

    Text and note name the students without parts of the data, for which the amount of data is not free.
    """
    margins, whole = (
        [
            margin
            for family in view.families
            for margin in view.frontier_margins("training", family, competition, [REASONING])
        ]
        for competition in (ANY_DATA, "formats")
    )
    count, before = ((np.array(own) > 0).sum(axis=0).astype(float) for own in (margins, whole))
    note = f"with all of the data {before[0]:.0f} of {len(whole)}"
    without = " and ".join(formats_without_parts(view.evidence, view.general))
    words = {"cells": len(margins), "except_for": f" (but for {without})" if without else ""}
    note += f"; no parts of the data: {without}" if without else ""
    return Result(count, [NOTHING - margin for margin in margins], words, note)
