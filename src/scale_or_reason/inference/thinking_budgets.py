"""Answers whose thoughts are cut at a budget: where to cut, and what to put behind the cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from scale_or_reason.common.percentiles import length_at
from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN
from scale_or_reason.study.thinking_budgets import ThinkingBudget


@dataclass(frozen=True)
class Thought:
    """The thought at the beginning of an answer: its tokens from the opening tag on, and what it begins if it is cut.

    ``begun`` is the cut thought with a closing tag, from which the model continues; None within the budget.
    ``kept_tokens`` are those of the thought that remain.
    """

    kept_tokens: int
    begun: str | None


def thought_within(answer: str, limit: int | None, tokenizer: Any) -> Thought | None:
    """The thought of an answer under a limit in tokens; None for an answer that does not begin with a thought.

    A thought that never ends reaches to the end of the answer. The cut thought is a prefix of the answer: its first
    ``limit`` tokens, without a character that they split. Behind it stands the closing tag as answers of training have
    it: alone on a line, with a blank line below. Without a limit no thought is cut.
    """
    thought = _thought(answer)
    if thought is None:
        return None
    ids = tokenizer(thought, add_special_tokens=False)["input_ids"]
    if limit is None or len(ids) <= limit:
        return Thought(len(ids), None)
    decoded = tokenizer.decode(ids[:limit], skip_special_tokens=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(decoded, thought, strict=False)))
    kept = thought[:same]
    line_break = "" if kept.endswith("\n") else "\n"
    return Thought(limit, f"{kept}{line_break}{THINK_CLOSE}\n\n")


def _thought(answer: str) -> str | None:
    """The text of the thought, from the opening tag up to the closing one."""
    return answer.partition(THINK_CLOSE)[0] if answer.lstrip().startswith(THINK_OPEN) else None


def budget_in_tokens(budget: ThinkingBudget, answers: Iterable[str], tokenizer: Any) -> int | None:
    """The tokens at which a budget cuts the thoughts of a student on a benchmark.

    A percentile is that of the lengths of the thoughts in ``answers``, which the student gave to the benchmark without
    a budget, all samples together (:func:`~scale_or_reason.common.percentiles.length_at`, as for early stopping). A
    thought that never ends counts with all of its tokens. None for a percentile if no answer has a thought.
    """
    if budget.tokens is not None:
        return budget.tokens
    thoughts = [thought for answer in answers if (thought := _thought(answer)) is not None]
    lengths = [len(tokenizer(thought, add_special_tokens=False)["input_ids"]) for thought in thoughts]
    return length_at(lengths, budget.number) if lengths else None
