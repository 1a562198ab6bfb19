"""Which students of one format have learnt from parts of the data: a study may train only some of them so."""

from __future__ import annotations

import polars as pl

from scale_or_reason.common.wording import listed
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.study.labels import ratio_label, size_label

_ONE_FORMAT = (0.0, 1.0)


def has_parts(evidence: Evidence, corpus: str | None = None) -> bool:
    """Whether there are models that were trained on a part of the data (of ``corpus``, if given)."""
    cells = evidence.cells if corpus is None else evidence.cells.filter(corpus=corpus)
    return bool((cells["data_fraction"] < 1).any())


def formats_without_parts(evidence: Evidence, corpus: str) -> list[str]:
    """The formats whose students of ``corpus`` have learnt from all of the data only: ``["reasoning"]``.

    Where some sizes of a format have parts, those that have none are named: ``["7B and 14B IFT"]``. Empty if all have.
    """
    found = []
    for ratio in _ONE_FORMAT:
        own = evidence.cells.filter(kind="distilled", corpus=corpus, ratio=ratio).sort("size_b")
        in_parts = set(own.filter(pl.col("data_fraction") < 1)["student"])
        left = own.filter(~pl.col("student").is_in(list(in_parts)))
        sizes = [size_label(size) for size in left["size_b"].unique(maintain_order=True)] if in_parts else []
        if left.height:
            found.append(" ".join([*([listed(sizes)] if sizes else []), ratio_label(ratio)]))
    return found
