"""Accuracy as a function of size and amount of data, for each format, where such a function holds.

f(N, D) = ceiling - size_loss (N / N0)^-size_exponent - data_loss (D / D0)^-data_exponent, with N in parameters, D in
pairs, and N0 and D0 their geometric means over the models. The form is that of Hoffmann et al. (2022, arXiv 2203.15556,
section 3.3) for losses, here for the error, one minus accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import optimize

from scale_or_reason.analysis.replicates import interval
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.study.cells import FORMATS

Floats = NDArray[np.float64]

PARAMETERS = ("ceiling", "size_loss", "size_exponent", "data_loss", "data_exponent")
#: The function holds if it misses the models by no more than this on average, as a share: those that it is fitted to,
#: and those on all of the data if it is fitted to the others.
TOLERANCE = 0.02
#: Distinct sizes and parts of the data, and models, that a fit of five parameters takes at least.
LEAST_DISTINCT, LEAST_MODELS = 3, 8
#: Replicates that are fitted.
MOST_REPLICATES = 200
_LOWEST = np.array([0.0, 0.0, 0.02, 0.0, 0.02])
_HIGHEST = np.array([1.0, 1.0, 3.0, 1.0, 3.0])
_STARTS = [(a, b) for a in (0.1, 0.4, 1.2) for b in (0.1, 0.4, 1.2)]
#: A loss below this share of accuracy is none.
_NOTHING = 1e-3
_BOUNDED = (*PARAMETERS, "size_share")
SCHEMA: dict[str, pl.DataType] = {
    "corpus": pl.String(),
    "family": pl.String(),
    "format": pl.String(),
    "status": pl.String(),  # ok, or why the function does not hold
    "models": pl.Int64(),
    "mean_absolute_error": pl.Float64(),
    "whole_data_error": pl.Float64(),  # the same for the models on all of the data, fitted to the others
    "reference_size_b": pl.Float64(),  # N0
    "reference_pairs": pl.Float64(),  # D0
    **{f"{name}{bound}": pl.Float64() for name in _BOUNDED for bound in ("", "_low", "_high")},
}


def data_fits(evidence: Evidence, pairs: Floats) -> pl.DataFrame:
    """A row per corpus, family and format: the function's parameters with 95 % intervals, or why it does not hold.

    ``pairs`` (cells,) are the pairs that each cell of the evidence was trained on. ``size_share`` is
    ``data_exponent / (size_exponent + data_exponent)``: where training FLOPs are proportional to size times pairs, the
    best size grows with the budget to this power. Parameters are null where ``status`` is not "ok".
    """
    rows = []
    numbered = evidence.cells.with_row_index().filter(kind="distilled")
    for corpus in numbered["corpus"].drop_nulls().unique(maintain_order=True):
        for family in evidence.families:
            for ratio, name in enumerate(FORMATS):
                cells = numbered.filter(corpus=corpus, ratio=float(ratio))["index"].to_list()
                rows.append({"corpus": corpus, "family": family, "format": name} | _fit(evidence, cells, family, pairs))
    return pl.DataFrame(rows, schema=SCHEMA)


def _fit(evidence: Evidence, cells: list[int], family: str, pairs: Floats) -> dict[str, Any]:
    sizes = evidence.cells["size_b"].cast(pl.Float64).to_numpy()
    accuracy = [evidence.get("accuracy", cell, family) for cell in cells]
    known = [
        place
        for place, cell in enumerate(cells)
        if np.isfinite(accuracy[place][0]) and np.isfinite(pairs[cell]) and np.isfinite(sizes[cell])
    ]
    row: dict[str, Any] = {"models": len(known)}
    chosen = [cells[place] for place in known]
    whole = evidence.cells["data_fraction"].to_numpy()[chosen] == 1
    if reason := _too_few(sizes[chosen], evidence.cells["data_fraction"].to_numpy()[chosen]):
        return row | {"status": reason}
    values = np.stack([accuracy[place] for place in known], axis=-1)
    reference_size, reference_pairs = (float(np.exp(np.log(part[chosen]).mean())) for part in (sizes, pairs))
    x, y = sizes[chosen] / reference_size, pairs[chosen] / reference_pairs
    found = fitted(x, y, values[0])
    error = float(np.abs(function(found, x, y) - values[0]).mean())
    held_out = _error_on_whole_data(x, y, values[0], whole)
    row |= {"mean_absolute_error": round(error, 6), "reference_size_b": round(reference_size, 6)}
    row |= {"reference_pairs": round(reference_pairs, 3)}
    row["whole_data_error"] = None if held_out is None else round(held_out, 6)
    row["status"] = _status(found, error, held_out)
    if row["status"] != "ok":
        return row
    drawn = [fitted(x, y, replicate, found) for replicate in values[1 : MOST_REPLICATES + 1]]
    return row | _estimates(np.stack([found, *drawn]))


def function(parameters: Floats, sizes: Floats, pairs: Floats) -> Floats:
    """The accuracy of models of these sizes and amounts of data, both relative to their geometric means."""
    ceiling, size_loss, size_exponent, data_loss, data_exponent = parameters
    return ceiling - size_loss * sizes**-size_exponent - data_loss * pairs**-data_exponent


def fitted(sizes: Floats, pairs: Floats, accuracy: Floats, start: Floats | None = None) -> Floats:
    """The parameters of least squared error, (5,), from several starts or from one. All inputs: (models,)."""
    starts = [start] if start is not None else [_linear(sizes, pairs, accuracy, *exponents) for exponents in _STARTS]
    inside = [np.clip(one, _LOWEST + 1e-9, _HIGHEST - 1e-9) for one in starts]

    def residuals(parameters: Floats) -> Floats:
        return function(parameters, sizes, pairs) - accuracy

    found = [optimize.least_squares(residuals, one, bounds=(_LOWEST, _HIGHEST), xtol=1e-10) for one in inside]
    return min(found, key=lambda result: result.cost).x


def _linear(sizes: Floats, pairs: Floats, accuracy: Floats, size_exponent: float, data_exponent: float) -> Floats:
    """The best ceiling and losses at these exponents."""
    columns = np.stack([np.ones_like(sizes), -(sizes**-size_exponent), -(pairs**-data_exponent)], axis=-1)
    ceiling, size_loss, data_loss = optimize.lsq_linear(columns, accuracy, bounds=(0, 1)).x
    return np.array([ceiling, size_loss, size_exponent, data_loss, data_exponent])


def _too_few(sizes: Floats, fractions: Floats) -> str | None:
    if len(np.unique(sizes)) < LEAST_DISTINCT:
        return f"fewer than {LEAST_DISTINCT} sizes"
    if len(np.unique(fractions)) < LEAST_DISTINCT:
        return f"fewer than {LEAST_DISTINCT} parts of the data"
    return f"fewer than {LEAST_MODELS} models" if len(sizes) < LEAST_MODELS else None


def _error_on_whole_data(sizes: Floats, pairs: Floats, accuracy: Floats, whole: NDArray[np.bool_]) -> float | None:
    """How far a fit to the models on parts of the data is from those on all of it; None if these parts are too few."""
    if (~whole).sum() < len(PARAMETERS) + 1 or not whole.any() or len(np.unique(pairs[~whole])) < 2:
        return None
    parameters = fitted(sizes[~whole], pairs[~whole], accuracy[~whole])
    return float(np.abs(function(parameters, sizes[whole], pairs[whole]) - accuracy[whole]).mean())


def _status(parameters: Floats, error: float, held_out: float | None) -> str:
    if error > TOLERANCE:
        return f"it misses the models by {100 * error:.1f} points on average"
    if held_out is not None and held_out > TOLERANCE:
        return f"fitted to parts of the data, it misses the models on all of it by {100 * held_out:.1f} points"
    named: Mapping[str, float] = dict(zip(PARAMETERS, parameters, strict=True))
    flat = [axis for axis in ("size", "data") if named[f"{axis}_loss"] < _NOTHING]
    return f"accuracy does not rise with {' and '.join(flat)}" if flat else "ok"


def _estimates(values: Floats) -> dict[str, Any]:
    """Estimates and intervals from the parameters of the measured values and of the replicates, (1 + replicates, 5)."""
    columns = dict(zip(PARAMETERS, values.T, strict=True))
    columns["size_share"] = columns["data_exponent"] / (columns["size_exponent"] + columns["data_exponent"])
    row: dict[str, Any] = {}
    for name, column in columns.items():
        low, high = interval(column)
        # the last bits of a search differ between processors
        row |= {
            f"{name}{bound}": None if part is None else round(float(part), 5)
            for bound, part in (("", column[0]), ("_low", low), ("_high", high))
        }
    return row
