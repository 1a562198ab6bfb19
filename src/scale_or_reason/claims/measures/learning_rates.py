"""What the learning-rate search chose for the two formats."""

from __future__ import annotations

import numpy as np

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.study_view import Missing, StudyView
from scale_or_reason.study.cells import FORMATS


def reasoning_takes_higher_rates(view: StudyView) -> Result:
    """How many students got a higher peak rate for reasoning than for IFT; most of those with both rates must."""
    searched = [rates for rates in view.rates.values() if set(FORMATS) <= set(rates)]
    if not searched:
        raise Missing("students with a learning-rate search of both formats")
    higher = np.array([float(sum(rates["reasoning"] > rates["ift"] for rates in searched))])
    return Result(higher, [higher - len(searched) / 2], {"searched": len(searched)})
