r"""What a judge's reply says."""

from __future__ import annotations

import re
from typing import Literal

from scale_or_reason.grading.extraction import final_answer

JudgeVerdict = Literal["yes", "no", "unparsable"]

_BOXED_VERDICT = re.compile(
    r"\\boxed\s{0,9}\{\s{0,9}(?:\\text(?:bf)?\s{0,9}\{\s{0,9})?(yes|no)\s{0,9}\}?\s{0,9}\}", re.IGNORECASE
)


#: gpt-oss writes in channels: an analysis, perhaps a commentary, then the final reply.
_CHANNEL, _FINAL_CHANNEL = "<|channel|>", "<|channel|>final<|message|>"


def final_reply(reply: str) -> str | None:
    """What a judge says after it has thought, in think tags or in channels; None if its thought never ends."""
    if _CHANNEL in reply:
        _, found, reply = reply.rpartition(_FINAL_CHANNEL)
        if not found:
            return None
    return final_answer(reply)


def parse_verdict(reply: str) -> JudgeVerdict:
    r"""The last ``\boxed{yes}`` or ``\boxed{no}`` of a judge's reply (v1 table 5), in any case of letters.

    Nothing else counts: not a yes in prose, not another box's content. A thinking judge's reasoning is left out; if it
    never ends, or if there is no such box, the verdict is ``unparsable``, which is counted and never taken for a no.
    """
    final = final_reply(reply)
    verdicts = _BOXED_VERDICT.findall(final) if final else []
    if not verdicts:
        return "unparsable"
    return "yes" if verdicts[-1].lower() == "yes" else "no"
