r"""The child process of :mod:`~scale_or_reason.grading.isolation`: math-verify behind a line of JSON.

Requests and replies, one JSON object a line:

- ``{"op": "equal", "gold": str, "answer": str}``: two expressions -> ``{"equal": bool, "extracted": str}``
- ``{"op": "ready"}`` -> ``{}``

A request that fails gets ``{"error": str}``. Each has ``"seconds"``, the computing time that it may take. A forked
worker answers: if the kernel ends it when its time is up, or it dies of a lack of memory, the reply is
``{"error": "timeout"}`` and the next worker is a fork away, with its libraries loaded.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import resource
import signal
import sys
from functools import lru_cache
from typing import Any, TextIO

#: Bytes of address space. No comparison of real answers needs more.
_MEMORY_LIMIT = 2 << 30

#: An answer written with four decimals or more is compared to four, as Qwen2.5-Math's grader does: 1.4142 is
#: \sqrt{2}. Not a small number, of which four decimals say little.
_ROUNDED, _SMALL = re.compile(r"\.\d{4}"), re.compile(r"(?<!\d)0?\.0")


def _wrap(expression: str) -> str:
    """Mark an expression as LaTeX, unless it already has such marks."""
    marked = any(mark in expression for mark in ("$", "\\(", "\\[", "\\boxed", "\\begin{align"))
    return expression if marked else f"${expression}$"


@lru_cache(maxsize=20_000)
def _parse(text: str) -> tuple[Any, ...]:
    from math_verify import parse

    return tuple(parse(text, parsing_timeout=None))


def _verify(gold: tuple[Any, ...], answer: tuple[Any, ...], decimals: int = 6) -> bool:
    from math_verify import verify

    return bool(
        verify(
            list(gold),
            list(answer),
            float_rounding=decimals,
            allow_set_relation_comp=True,  # x > 3 is (3, \infty), whichever of the two is the gold answer
            timeout_seconds=None,
        )
    )


def _extracted(parsed: tuple[Any, ...]) -> str:
    """The source text that was parsed. Printing an expression may take too long."""
    return next((piece for piece in reversed(parsed) if isinstance(piece, str)), "")


def _compare(gold: str, answer: str) -> dict[str, Any]:
    expected, parsed = _parse(_wrap(gold)), _parse(answer)
    source = _extracted(parsed)
    equal = _verify(expected, parsed)
    if not equal and _ROUNDED.search(source) and not _SMALL.search(source):
        equal = _verify(expected, parsed, decimals=4)
    return {"equal": equal and not _far_apart(expected, parsed), "extracted": source[:1000]}


def _far_apart(gold: tuple[Any, ...], answer: tuple[Any, ...]) -> bool:
    """Whether two numbers differ by more than rounding: math-verify's tolerance is absolute."""
    first, second = (
        next((piece for piece in parsed if getattr(piece, "is_number", False)), None) for parsed in (gold, answer)
    )
    if first is None or second is None or "%" in _extracted(gold) + _extracted(answer):
        return False
    expected, given = complex(first.evalf(15)), complex(second.evalf(15))
    return abs(expected - given) > 1e-4 * max(abs(expected), abs(given))


def _reply(request: dict[str, Any]) -> dict[str, Any]:
    operation = request["op"]
    if operation == "equal":
        return _compare(request["gold"], _wrap(request["answer"]))
    return {}


def _serve(replies: TextIO) -> None:
    """Answer requests until the parent closes the pipe."""
    for line in sys.stdin:
        try:
            request = json.loads(line)
            # Computing time, so that no verdict depends on what else runs on the machine. math-verify's own limits are
            # by the clock, and cannot interrupt a big-integer power. No library catches SIGPROF.
            signal.setitimer(signal.ITIMER_PROF, request["seconds"])
            reply = _reply(request)
        # A hostile expression can raise anything.
        except BaseException as error:
            reply = {"error": type(error).__name__}
        signal.setitimer(signal.ITIMER_PROF, 0)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def main() -> None:
    """Load the libraries, then keep a worker that answers requests until the parent closes the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))
    logging.disable(logging.CRITICAL)
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not get between the replies
    _compare("x + 1", "$1 + x$")  # what is loaded and cached here, every worker has
    gc.freeze()
    while True:
        worker = os.fork()
        if not worker:
            _serve(replies)
            os._exit(0)
        if os.waitpid(worker, 0)[1] == 0:
            return
        replies.write('{"error": "timeout"}\n')
        replies.flush()


if __name__ == "__main__":
    main()
