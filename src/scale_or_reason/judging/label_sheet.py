"""A sheet of answers for people to label: drawn at random, a share of it from answers on which judges disagree."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.data.thoughts import after_reasoning
from scale_or_reason.judging.labels import COLUMNS, KEY, answer_hash

#: The columns of a sheet: those of a file of labels, and the texts that a person reads.
SHEET = [*KEY, "question", "gold", "answer", "label", "person", "answer_hash"]


def draw(verdicts: Iterable[pl.DataFrame], answers: int, disputed: float, seed: int) -> pl.DataFrame:
    """The answers of a sheet: ``KEY`` and whether each is ``disputed``, in random order.

    ``verdicts`` yields the verdicts (``KEY``, ``verdict``) on one benchmark after another, since those of the papers'
    study do not fit into memory together. An answer is disputed if it has a yes and a no; ``disputed`` is the share of
    the sheet that is drawn from these. Where a part has too few answers, the other one fills the sheet.
    """
    parts = []
    for given in verdicts:
        yes, no = ((pl.col("verdict") == word).any() for word in ("yes", "no"))
        table = given.group_by(KEY).agg(disputed=yes & no).sort(KEY)
        for (name,), own in table.group_by("benchmark", maintain_order=True):
            generator = np.random.default_rng(derive_seed(seed, "label sheet", str(name)))
            ranked = own.with_columns(rank=pl.Series(generator.random(own.height)))
            parts += [
                ranked.filter(pl.col("disputed") == is_so).bottom_k(answers, by="rank") for is_so in (True, False)
            ]
    table = pl.concat(parts).sort("rank")
    wanted = round(answers * disputed)
    open_to, others = (table.filter(pl.col("disputed") == is_so) for is_so in (True, False))
    first = open_to.head(max(wanted, answers - others.height))
    return pl.concat([first, others.head(answers - first.height)]).sort("rank").drop("rank")


def sheet(drawn: pl.DataFrame, answers: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """The sheet of the answers ``drawn``: columns ``SHEET``, in their order; ``label`` and ``person`` are empty.

    ``answers`` (schema answers) and ``items`` (schema items) have these answers and items. Texts are for reading:
    ``answer`` is what follows the reasoning, and a sign that spreadsheets take for the start of a formula has an
    apostrophe in front.
    """
    table = drawn.join(answers, on=KEY, how="left", maintain_order="left").join(
        items, on=["benchmark", "item_id"], how="left", maintain_order="left"
    )
    hashes = pl.Series([answer_hash(text) for text in table["answer"]], dtype=pl.String())
    texts = {
        "question": pl.col("question"),
        "gold": pl.col("gold").list.join(" | "),
        "answer": after_reasoning(pl.col("answer")),
    }
    shown = {
        name: pl.when(text.str.contains(r"^[=+\-@\t\r]")).then(pl.lit("'") + text).otherwise(text)
        for name, text in texts.items()
    }
    empty = {name: pl.lit("") for name in ("label", "person")}
    assert {*COLUMNS} <= {*SHEET}
    return table.with_columns(**shown, **empty, answer_hash=hashes).select(SHEET)
