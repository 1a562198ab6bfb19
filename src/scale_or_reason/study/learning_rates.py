"""The peak learning rate of a training (v1 appendix B, v2 table 2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from scale_or_reason.study.cells import FORMATS

#: The rate of a mixture of both formats: one format's rate, or the mean of both weighted by their shares.
MIXTURE_RULES = (*FORMATS, "interpolate")


def rate_at(rates: Mapping[str, float], ratio: float, mixture_rule: str) -> float:
    """The peak rate at a reasoning ratio, from a rate for each format."""
    if ratio in (0, 1):
        return rates[FORMATS[int(ratio)]]
    if mixture_rule == "interpolate":
        return (1 - ratio) * rates["ift"] + ratio * rates["reasoning"]
    return rates[mixture_rule]


def format_rate(rate: float) -> str:
    """The one spelling of a rate in paths: ``2e-05``."""
    return f"{rate:g}"


def formats_at(kind: str, curriculum: str, ratio: float, mixture_rule: str) -> tuple[str, ...]:
    """The formats whose rates a model is trained with; arguments as in its row of a table.

    An adaptation is trained twice, with the rate of each format.
    """
    if kind == "adapted":
        return tuple(dict.fromkeys(curriculum.split("-then-")))
    if ratio in (0, 1):
        return (FORMATS[int(ratio)],)
    return FORMATS if mixture_rule == "interpolate" else (mixture_rule,)


@dataclass(frozen=True)
class Search:
    """What a learning-rate search costs: ``sequences`` of ``corpus`` trained on, for each of ``students`` and formats.

    They are those of all rates together. A held-out prompt counts a third: it takes a forward pass only.
    """

    students: Collection[str]
    corpus: str
    rates: int
    sequences: float
    mixture_rule: str

    @classmethod
    def from_config(cls, training: Mapping[str, Any], students: Collection[str], corpus: str) -> Search:
        """``training`` is the section of the config."""
        search = training["learning_rate_search"]
        rates = len(search["rates"])
        sequences = rates * (search["samples"] + search["held_out"] / 3)
        return cls(students, corpus, rates, sequences, training["mixture_learning_rate"])
