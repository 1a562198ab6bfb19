"""The peak learning rate of a training (v1 appendix B, v2 table 2)."""

from __future__ import annotations

from collections.abc import Mapping

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
