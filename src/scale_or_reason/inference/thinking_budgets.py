"""Answers whose thoughts are cut at a budget: where to cut, and what to put behind the cut."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


@dataclass(frozen=True)
class Thought:
    """The thought at the beginning of an answer: its tokens from the opening tag on, and what it begins if it is cut.

    ``begun`` is the cut thought with a closing tag, from which the model continues; None within the budget.
    ``kept_tokens`` are those of the thought that remain.
    """

    kept_tokens: int
    begun: str | None


def thought_within(answer: str, budget: int, tokenizer: Any) -> Thought | None:
    """The thought of an answer under a budget in tokens; None for an answer that does not begin with a thought.

    A thought that never ends reaches to the end of the answer. The cut thought is a prefix of the answer: its first
    ``budget`` tokens, without a character that they split. Behind it stands the closing tag as answers of training have
    it: alone on a line, with a blank line below.
    """
    if not answer.lstrip().startswith(THINK_OPEN):
        return None
    thought = answer.partition(THINK_CLOSE)[0]
    ids = tokenizer(thought, add_special_tokens=False)["input_ids"]
    if len(ids) <= budget:
        return Thought(len(ids), None)
    decoded = tokenizer.decode(ids[:budget], skip_special_tokens=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(decoded, thought, strict=False)))
    kept = thought[:same]
    line_break = "" if kept.endswith("\n") else "\n"
    return Thought(budget, f"{kept}{line_break}{THINK_CLOSE}\n\n")
