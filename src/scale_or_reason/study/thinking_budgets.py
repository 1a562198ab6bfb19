"""Where the thoughts of a student are cut: the one place that turns a budget into a text and a text into a budget."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scale_or_reason.common.wording import counted

#: The text of a budget, in ids and in names of servings: ``1024`` tokens, or ``p50`` for the 50th percentile.
BUDGET = r"(?:[1-9][0-9]*|p[1-9][0-9]?)"
#: The setting in the manifest of a model at a percentile: benchmark -> tokens, null where no answer has a thought.
RESOLVED_TOKENS = "resolved_tokens"


@dataclass(frozen=True, order=True)
class ThinkingBudget:
    """A number of tokens, or a percentile (1 to 99) of the lengths of the student's own thoughts on a benchmark.

    Budgets in tokens come first, each kind in ascending order.
    """

    is_percentile: bool
    number: int

    @classmethod
    def of_tokens(cls, number: int) -> ThinkingBudget:
        """A budget in tokens."""
        return cls(False, number)

    @classmethod
    def at_percentile(cls, number: int) -> ThinkingBudget:
        """A budget at a percentile."""
        return cls(True, number)

    @classmethod
    def parse(cls, text: str) -> ThinkingBudget:
        """The budget with this text."""
        assert re.fullmatch(BUDGET, text), text
        return cls(text.startswith("p"), int(text.removeprefix("p")))

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> ThinkingBudget | None:
        """The budget of a row of ``servings`` or ``test_time``; None for whole thoughts.

        The column ``budget`` has tokens in both cases; ``percentile`` is null for a budget in tokens.
        """
        if row["percentile"] is not None:
            return cls.at_percentile(row["percentile"])
        return None if row["budget"] is None else cls.of_tokens(row["budget"])

    @property
    def tokens(self) -> int | None:
        """The number of tokens; None for a percentile, whose number differs by student and benchmark."""
        return None if self.is_percentile else self.number

    @property
    def percentile(self) -> int | None:
        """The percentile; None for a number of tokens."""
        return self.number if self.is_percentile else None

    @property
    def label(self) -> str:
        """For people: ``1024 tokens`` or ``percentile 50``."""
        return f"percentile {self.number}" if self.is_percentile else counted(self.number, "token")

    def __str__(self) -> str:
        return f"p{self.number}" if self.is_percentile else f"{self.number}"
