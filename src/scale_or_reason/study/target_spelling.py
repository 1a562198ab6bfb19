"""The one spelling of numbers in the paths of results.

``seed-01`` would be a second place for the results of ``seed-1``. Standard library only, as the rest of the package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.cells import format_ratio
from scale_or_reason.study.learning_rates import format_rate
from scale_or_reason.study.local_files import RESULTS

_SPELLINGS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("seed", "shots", "shard", "max-tokens", "think-tokens", "samples"), lambda text: str(int(text))),
    **dict.fromkeys(("rho", "data"), lambda text: format_ratio(float(text))),
    "lr": lambda text: format_rate(float(text)),
}
#: A number that is a part of a path, or its beginning: ``rho-0.50`` and the ``seed-01`` of ``seed-01.parquet``. A ``p``
#: before it marks a percentile.
_NUMBER = re.compile(
    rf"(?<=/)({'|'.join(_SPELLINGS)})-(p?)([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)(?=/|$|-of-|\.(?:parquet|csv|json|png|pdf|html)$)"
)


def check_spelling(words: Iterable[str]) -> None:
    """Raise :class:`StudyError` for the first path of a result with a number in another spelling than the one in use.

    Other words, such as options and names of rules, are ignored.
    """
    for word in words:
        if word.startswith(f"{RESULTS}/") and (right := _NUMBER.sub(_respelled, word)) != word:
            raise StudyError(
                "a number in a path has another spelling than the results use",
                where="the command line",
                found=word,
                expected="no leading zeros; shares and rates without trailing zeros",
                remedy=f"request {right}",
            )


def _respelled(match: re.Match[str]) -> str:
    name, percentile, text = match.groups()
    try:
        return f"{name}-{percentile}{_SPELLINGS[name](text)}"
    except ValueError:  # such as seed-1.5, which no rule makes
        return match.group()
