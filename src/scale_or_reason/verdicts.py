r"""What a judge's reply says, and what a jury of judges says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from scale_or_reason.grading.extraction import final_answer

JudgeVerdict = Literal["yes", "no", "unparsable"]

_BOXED_VERDICT = re.compile(
    r"\\boxed\s{0,9}\{\s{0,9}(?:\\text(?:bf)?\s{0,9}\{\s{0,9})?(yes|no)\s{0,9}\}?\s{0,9}\}", re.IGNORECASE
)


def parse_verdict(reply: str) -> JudgeVerdict:
    r"""The last ``\boxed{yes}`` or ``\boxed{no}`` of a judge's reply (v1 table 5), in any case of letters.

    Nothing else counts: not a yes in prose, not another box's content. A thinking judge's reasoning is left out; if it
    never ends, or if there is no such box, the verdict is ``unparsable``, which is counted and never taken for a no.
    """
    final = final_answer(reply)
    verdicts = _BOXED_VERDICT.findall(final) if final else []
    if not verdicts:
        return "unparsable"
    return "yes" if verdicts[-1].lower() == "yes" else "no"


def majority(verdicts: Iterable[JudgeVerdict]) -> JudgeVerdict:
    """The jury's verdict: yes or no if more than half of *all* judges say so, else ``unparsable``.

    So a tie is ``unparsable``, and so is one yes beside two unparsable replies: silent judges count as jurors. A single
    judge is a jury of one. Raises ValueError for no judge and for a word that is no verdict.
    """
    votes = list(verdicts)
    unknown = set(votes) - {"yes", "no", "unparsable"}
    if not votes or unknown:
        raise ValueError(f"a jury needs verdicts yes, no or unparsable; got {sorted(unknown) or 'none'}")
    for verdict in ("yes", "no"):
        if 2 * votes.count(verdict) > len(votes):
            return verdict
    return "unparsable"
