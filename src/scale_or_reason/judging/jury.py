"""What a jury says of an answer whose judges differ, or cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError

#: What identifies an answer of one model.
KEY = ["benchmark", "item_id", "sample"]
MAJORITIES = ("readable", "all")
#: What a tie is taken for, and the verdict that says so. (In YAML a bare yes or no would be a truth value.)
TIES = {"undecided": "unparsable", "right": "yes", "wrong": "no"}


@dataclass(frozen=True)
class JuryRule:
    """How verdicts become one; the papers say "majority vote" and no more (v2 section 3).

    ``majority``: of the judges whose reply could be read, or of all of them, so that a silent judge is a juror too.
    ``tie``: what an answer is taken for where neither yes nor no has the majority. An answer of which no judge's reply
    could be read is ``unparsable`` under every rule.
    """

    majority: str = "readable"
    tie: str = "undecided"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], where: object = "--jury") -> JuryRule:
        """The checked rule. Raises :class:`StudyError` for a key or a value that no rule has."""
        allowed = {"majority": MAJORITIES, "tie": tuple(TIES)}
        for key, value in settings.items():
            if value not in allowed.get(key, ()):
                expected = "; ".join(f"{name}: {', '.join(values)}" for name, values in allowed.items())
                raise StudyError("no rule of a jury", where=where, key=key, found=value, expected=expected)
        return cls(**settings)

    def decide(self, verdicts: pl.DataFrame) -> pl.DataFrame:
        """One verdict for each answer: columns ``KEY`` (with the model's id, if there is one) and ``verdict``.

        ``verdicts`` has these columns for each judge, with the words yes, no and unparsable.
        """
        return self.of_votes(count_votes(verdicts))

    def of_votes(self, votes: pl.DataFrame) -> pl.DataFrame:
        """As :meth:`decide`, from what :func:`count_votes` has counted: several rules can share the counting."""
        yes, no = pl.col("yes"), pl.col("no")
        all_votes = yes + no if self.majority == "readable" else pl.col("judges")
        decided = (
            pl.when(yes + no == 0)
            .then(pl.lit("unparsable"))
            .when(2 * yes > all_votes)
            .then(pl.lit("yes"))
            .when(2 * no > all_votes)
            .then(pl.lit("no"))
            .otherwise(pl.lit(TIES[self.tie]))
        )
        return votes.select(pl.exclude("yes", "no", "judges"), verdict=decided)


def count_votes(verdicts: pl.DataFrame) -> pl.DataFrame:
    """How many judges say ``yes``, how many ``no``, and how many ``judges`` there are, for each answer."""
    key = [name for name in ("model_id", *KEY) if name in verdicts.columns]
    said = {word: (pl.col("verdict") == word).sum().cast(pl.Int64) for word in ("yes", "no")}
    return verdicts.group_by(key, maintain_order=True).agg(**said, judges=pl.len().cast(pl.Int64))
