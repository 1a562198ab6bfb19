"""The two counts of FLOPs, of which a study uses one (``study.flops``) wherever costs are compared.

``papers``: equations 1-6 (:mod:`scale_or_reason.flops.formulas`), for which a model is an :class:`Architecture`.
``exact``: the matrix products of the actual architecture (:mod:`scale_or_reason.flops.exact`), a :class:`Decoder`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from scale_or_reason.common.errors import StudyError
from scale_or_reason.flops.architectures import Architecture, named_architecture
from scale_or_reason.flops.exact import (
    Decoder,
    exact_forward_flops,
    exact_generation_flops,
    exact_prefill_flops,
    named_decoder,
)
from scale_or_reason.flops.formulas import generation_flops, prefill_flops, training_step_flops

COUNTS = ("papers", "exact")
#: How outputs name the counts.
COUNT_NAMES = {
    "papers": "by the papers' formulas (equations 1-6)",
    "exact": "exactly, from the models' architectures",
}
Flops = NDArray[np.float64]


def count_note(count: str) -> str:
    """The sentences that state which count an output has, and how to get the other."""
    (other,) = {*COUNTS} - {count}
    return f"FLOPs are counted {COUNT_NAMES[count]}. study.flops: {other} counts them {COUNT_NAMES[other]}."


def count_of(model: Architecture | Decoder | None) -> str | None:
    """The count of FLOPs that is taken of a model; None for an unknown one."""
    if model is None:
        return None
    return "exact" if isinstance(model, Decoder) else "papers"


def check_counted_by(table: pl.DataFrame, count: str, where: str | Path) -> None:
    """Raise :class:`StudyError` if a table's column ``flops_by`` has another count than ``count``."""
    others = table["flops_by"].drop_nulls().unique().sort()
    if others.len() and others.to_list() != [count]:
        raise StudyError(
            "a table has another count of FLOPs than the study",
            where=where,
            key="flops_by",
            found=", ".join(others),
            expected=f"{count}: study.flops counts them {COUNT_NAMES[count]}",
            remedy="make the tables again: snakemake -- tables",
        )


def counted_by(costs: pl.DataFrame, count: str) -> pl.DataFrame:
    """A ``costs`` table whose column ``flops`` has the chosen count."""
    return costs.with_columns(flops="exact_flops") if count == "exact" else costs


def named_model(text: str, where: str, count: str) -> tuple[str, Architecture | Decoder | None]:
    """A model of which the chosen count can be taken, from ``NAME=SOURCE`` as for :func:`named_decoder`."""
    return named_decoder(text, where) if count == "exact" else named_architecture(text, where)


def sequence_flops(model: Architecture | Decoder, length: ArrayLike) -> Flops:
    """Training on one sequence of ``length`` tokens: three forward passes."""
    if isinstance(model, Decoder):
        return 3 * exact_forward_flops(model, length)
    return training_step_flops(model, length)


def prompt_flops(model: Architecture | Decoder, prompt: ArrayLike) -> Flops:
    """Prefill of ``prompt`` tokens."""
    return exact_prefill_flops(model, prompt) if isinstance(model, Decoder) else prefill_flops(model, prompt)


def answer_flops(model: Architecture | Decoder, prompt: ArrayLike, generated: ArrayLike) -> Flops:
    """Prefill of ``prompt`` and decoding of ``generated`` tokens."""
    if isinstance(model, Decoder):
        return exact_generation_flops(model, prompt, generated)
    return generation_flops(model, prompt, generated)
