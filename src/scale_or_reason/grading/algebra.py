r"""The child process of :mod:`~scale_or_reason.grading.isolation`: math-verify behind a line of JSON.

Requests and replies, one JSON object a line:

- ``{"op": "equal", "gold": str, "answer": str}``: two expressions -> ``{"equal": bool, "extracted": str}``,
  with ``"error": "timeout"`` if the comparison was given up
- ``{"op": "text", "gold": str, "answer": str}``: the same for an answer that stands somewhere in a text
- ``{"op": "value", "answer": str}``: an expression's numeric value -> ``{"value": float | null}``
- ``{"op": "ready"}`` -> ``{}``

A request that fails gets ``{"error": str}``.
"""

from __future__ import annotations

import json
import logging
import os
import re
import resource
import sys
import time
from functools import lru_cache
from typing import Any

#: Bytes of address space: computer algebra that needs more is not grading an answer.
_MEMORY_LIMIT = 2 << 30
#: Seconds for one parse or comparison. The parent's hard limit is a little over twice as long.
_SOFT_LIMIT = 2
#: Seconds of computing for one request after which the kernel ends this process, should the parent be gone.
_CPU_LIMIT = 20

#: An answer written with four decimals or more is compared to four, as Qwen2.5-Math's grader does: 1.4142 is
#: \sqrt{2}. Not a small number, of which four decimals say little.
_ROUNDED, _SMALL = re.compile(r"\.\d{4}"), re.compile(r"(?<!\d)0?\.0")


def _wrap(expression: str) -> str:
    """Mark an expression as LaTeX, unless it says itself where its mathematics is."""
    marked = any(mark in expression for mark in ("$", "\\(", "\\[", "\\boxed", "\\begin{align"))
    return expression if marked else f"${expression}$"


@lru_cache(maxsize=20_000)
def _parse(text: str) -> tuple[Any, ...]:
    from math_verify import parse

    return tuple(parse(text, parsing_timeout=_SOFT_LIMIT))


def _verify(gold: tuple[Any, ...], answer: tuple[Any, ...], decimals: int = 6) -> bool:
    from math_verify import verify

    return bool(
        verify(
            list(gold),
            list(answer),
            float_rounding=decimals,
            timeout_seconds=_SOFT_LIMIT,
        )
    )


def _extracted(parsed: tuple[Any, ...]) -> str:
    """The source text that was parsed: printing an expression could itself take for ever."""
    return next((piece for piece in reversed(parsed) if isinstance(piece, str)), "")


def _compare(gold: str, answer: str) -> dict[str, Any]:
    start = time.perf_counter()
    expected, parsed = _parse(_wrap(gold)), _parse(answer)
    source = _extracted(parsed)
    equal = _verify(expected, parsed)
    if not equal and _ROUNDED.search(source) and not _SMALL.search(source):
        equal = _verify(expected, parsed, decimals=4)
    slow = not equal and time.perf_counter() - start >= _SOFT_LIMIT  # math-verify calls what it can't finish different
    return {"equal": equal, "extracted": source[:1000]} | ({"error": "timeout"} if slow else {})


def _value(expression: str) -> float | None:
    for piece in _parse(_wrap(expression)):
        if not isinstance(piece, str) and getattr(piece, "is_number", False):
            return float(piece.evalf(15))
    return None


def _reply(request: dict[str, Any]) -> dict[str, Any]:
    operation = request["op"]
    if operation == "equal":
        return _compare(request["gold"], _wrap(request["answer"]))
    if operation == "text":
        return _compare(request["gold"], request["answer"])
    if operation == "value":
        return {"value": _value(request["answer"])}
    import math_verify  # noqa: F401  (the slow import belongs to the start, not to the first answer's time)

    return {}


def _limit_cpu() -> None:
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + _CPU_LIMIT, hard))


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))
    logging.disable(logging.CRITICAL)
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not get between the replies
    for line in sys.stdin:
        _limit_cpu()
        try:
            reply = _reply(json.loads(line))
        # A hostile expression can raise anything, and math-verify's timeout is no Exception.
        except BaseException as error:
            reply = {"error": type(error).__name__}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
