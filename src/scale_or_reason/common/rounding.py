"""Round the numbers of tables that people read to the digits that mean something.

Settings that identify a row, such as a ratio, are not rounded, nor are integers. Rounding is monotone within a column
and its interval, so that orders stay (apart from ties) and an interval still holds its estimate. No number other than
zero becomes zero, so that signs stay: whether an interval reaches zero decides what a table says.
"""

from __future__ import annotations

import re

import polars as pl

#: Digits of everything without a rule of its own: FLOPs, p-values, times, memory, prices, fitted parameters.
SIGNIFICANT_DIGITS = 4

#: Settings and published values.
_EXACT = re.compile(
    r"ratio|data_fraction|(\w+_)?size_b|extended_to_b|reference_pairs|budget|queries|learning_rate|tolerance"
)
#: Shares and differences of shares, with their bounds.
_SHARES = re.compile(
    r"(\w+_)?(accuracy|agreement|probability|share|gap|gain|lead|difference|pass_at_k|ci)"
    r"(_near)?(_benchmarks)?(_low|_high)?|strict|lenient|exact_match|f1|below|ceiling"
)
#: Means of counts.
_COUNTS = re.compile(r"(\w+_)?tokens(_mean)?|sequences")
_LOSSES = re.compile(r"\w+_loss")

_DECIMALS = ((_SHARES, 4), (_COUNTS, 1), (_LOSSES, 5))


def rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` with its floats rounded by the names of their columns; nulls, NaN and infinities stay."""
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float() and not _EXACT.fullmatch(name)]
    return frame.with_columns(_rounded(frame[name], _decimals(name)) for name in floats)


def _decimals(name: str) -> int | None:
    """Decimals of a column; None for :data:`SIGNIFICANT_DIGITS`."""
    return next((decimals for names, decimals in _DECIMALS if names.fullmatch(name)), None)


def _rounded(column: pl.Series, decimals: int | None) -> pl.Series:
    if decimals is None:
        numbers = [None if value is None else _significant(value, SIGNIFICANT_DIGITS) for value in column]
    else:
        # below the last decimal there is one digit, else a small number would be 0
        smallest = 10.0**-decimals
        numbers = [
            None if value is None else _significant(value, 1) if abs(value) < smallest else round(value, decimals)
            for value in column
        ]
    numbers = [number or abs(number) if number is not None else None for number in numbers]  # 0 for -0
    return pl.Series(column.name, numbers, dtype=pl.Float64)


def _significant(value: float, digits: int) -> float:
    # not Series.round_sig_figs, which gives 922299999.9999999 for 922276722.2
    return float(f"{value:.{digits}g}")
