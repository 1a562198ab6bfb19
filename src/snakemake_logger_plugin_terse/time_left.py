"""How long a run still takes, from the jobs that have finished in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from scale_or_reason.common.wording import counted
from snakemake_logger_plugin_terse.text import duration


class TimeLeft:
    """An estimate by rule: open jobs take as long as the mean of the finished ones of their rule.

    It assumes that as many jobs run at a time as so far. Rules without a finished job are not estimated.
    """

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)

    def expect(self, stats: Mapping[str, int]) -> None:
        """The jobs to do by rule; ``total`` is their sum."""
        self._open = {rule: int(count) for rule, count in stats.items() if rule != "total"}

    def finish(self, rule: str, seconds: float) -> None:
        """A job has ended."""
        self._open[rule] = max(self._open.get(rule, 0) - 1, 0)
        self._seconds[rule].append(seconds)

    def text(self, elapsed: float, num_open: int) -> str:
        """The estimate in words, for a run that has taken ``elapsed`` seconds; empty without a finished job."""
        busy = sum(map(sum, self._seconds.values()))
        known = {rule: self._open[rule] for rule in self._seconds if self._open[rule]}
        num_known = min(sum(known.values()), num_open)
        if not num_known or not busy or elapsed <= 0:
            return ""
        work = sum(count * sum(self._seconds[rule]) / len(self._seconds[rule]) for rule, count in known.items())
        left = duration(work / max(busy / elapsed, 1.0))
        unknown = num_open - num_known
        return f"about {left} left" + (
            f", without {counted(unknown, 'job')} of rules that have not run yet" if unknown else ""
        )
