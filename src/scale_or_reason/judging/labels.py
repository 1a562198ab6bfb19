"""Labels that people give to answers: a sheet to fill in, and its labels as verdicts of one more juror."""

from __future__ import annotations

import hashlib


def answer_hash(answer: str) -> str:
    """Sixteen hexadecimal digits that change with the answer: a label belongs to one text."""
    return hashlib.sha256(answer.encode()).hexdigest()[:16]
