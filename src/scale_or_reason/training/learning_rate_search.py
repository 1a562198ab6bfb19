"""Select the learning rate by a search (v1 appendix B, v2 table 2).

The papers search a grid for each student and format but do not specify the criterion. Here it is the loss on held-out
prompts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.learning_rates import format_rate


@dataclass(frozen=True)
class Trial:
    """The result of a short training with one rate; ``held_out_loss`` in nats per token, null if it diverged."""

    student: str
    format: str
    learning_rate: float
    held_out_loss: float | None
    diverged: str | None


def best_trial(trials: Iterable[Trial]) -> Trial:
    """The trial with the lowest held-out loss; ties go to the lower, safer rate.

    Raises :class:`StudyError` if all have diverged.
    """
    trials = list(trials)
    finished = [trial for trial in trials if trial.held_out_loss is not None]
    if not finished:
        raise StudyError(
            "all trials of the learning-rate search diverged",
            key="training.learning_rate_search.rates",
            found="; ".join(f"{format_rate(trial.learning_rate)}: {trial.diverged}" for trial in trials),
            expected="a rate with which a short training does not diverge",
            remedy="add lower rates",
        )
    return min(finished, key=lambda trial: (trial.held_out_loss, trial.learning_rate))


def remark(chosen: Trial, trials: Iterable[Trial]) -> str | None:
    """A warning if the selected rate is at the edge of the grid, else None."""
    rates = sorted(trial.learning_rate for trial in trials)
    if len(rates) > 1 and chosen.learning_rate in (rates[0], rates[-1]):
        side = "lowest" if chosen.learning_rate == rates[0] else "highest"
        return f"the {side} rate of the grid; a better rate may lie outside"
    return None
