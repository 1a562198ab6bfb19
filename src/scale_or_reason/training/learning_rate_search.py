"""The learning rate that a search chooses (v1 appendix B, v2 table 2).

The papers choose each student's rate for each format by a search over a grid, and don't say by what measure. Here it is
the loss on questions that no trial has trained on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.learning_rates import format_rate


@dataclass(frozen=True)
class Trial:
    """What a short training with one rate came to; ``held_out_loss`` in nats per token, null if it diverged."""

    student: str
    format: str
    learning_rate: float
    held_out_loss: float | None
    diverged: str | None


def best_trial(trials: Iterable[Trial]) -> Trial:
    """The trial with the lowest held-out loss; of equal ones that with the lower rate, which is the safer one.

    Raises :class:`StudyError` if all have diverged.
    """
    trials = list(trials)
    finished = [trial for trial in trials if trial.held_out_loss is not None]
    if not finished:
        raise StudyError(
            "no learning rate of the search works",
            key="training.learning_rate_search.rates",
            found="; ".join(f"{format_rate(trial.learning_rate)}: {trial.diverged}" for trial in trials),
            expected="a rate with which a short training does not diverge",
            remedy="add lower rates",
        )
    return min(finished, key=lambda trial: (trial.held_out_loss, trial.learning_rate))


def remark(chosen: Trial, trials: Iterable[Trial]) -> str | None:
    """What a person should know about a choice: the best rate may lie outside the grid."""
    rates = sorted(trial.learning_rate for trial in trials)
    if len(rates) > 1 and chosen.learning_rate in (rates[0], rates[-1]):
        side = "lowest" if chosen.learning_rate == rates[0] else "highest"
        return f"the {side} rate of the search: a better one may lie beyond"
    return None
