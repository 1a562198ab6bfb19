"""Requests to the hub: repeated as long as it says to wait, and refused in one readable error.

The hub limits requests and answers status 429 with the time to wait. The library's own attempts end after seconds, so
the wait is here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.hub_lock import Repository

#: How often a request is sent, and the longest wait for the hub, in seconds.
ATTEMPTS, LONGEST_WAIT = 8, 600.0
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

Value = TypeVar("Value")


def patiently(call: Callable[[], Value]) -> Value:
    """The result of ``call``, which is repeated after passing failures, as long as the hub says to wait."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    for attempt in range(1, ATTEMPTS + 1):
        try:
            return call()
        except (HfHubHTTPError, httpx2.TransportError, OSError) as error:
            wait = _wait(error, attempt)
            if wait is None or attempt == ATTEMPTS:
                raise
            print(f"the hub is busy or unreachable: next attempt in {wait:.0f} s", file=sys.stderr, flush=True)
            time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


def _wait(error: BaseException, attempt: int) -> float | None:
    """Seconds until the next attempt; None for a failure that will not pass."""
    import httpx2

    backoff = min(2.0**attempt, 60.0)
    for cause in _causes(error):
        response = getattr(cause, "response", None)
        if response is not None:
            if response.status_code not in _PASSING:
                return None
            try:
                return min(max(float(response.headers.get("retry-after", backoff)), 0.0), LONGEST_WAIT)
            except ValueError:
                return backoff
        if isinstance(cause, httpx2.TransportError):
            return backoff
    # a connection that ended in the middle of a file is an OSError without a number
    return backoff if isinstance(error, OSError) and error.errno is None else None


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class readable:
    """Context manager that turns the hub's refusals into :class:`StudyError`."""

    def __init__(self, repository: Repository, key: str) -> None:
        self.repository, self.key = repository, key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> None:
        from huggingface_hub import errors

        if error is None or isinstance(error, StudyError) or not isinstance(error, Exception):
            return
        page = self.repository.address
        kinds = [type(cause) for cause in _causes(error)]
        status = next((cause.response.status_code for cause in _causes(error) if hasattr(cause, "response")), None)
        if errors.GatedRepoError in kinds or status == 403:
            problem, found = "access to a repository of the hub is not granted", f"status {status}: gated"
            remedy = f"accept the terms on {page}, then `hf auth login` on this machine"
        elif errors.RevisionNotFoundError in kinds:
            problem, found = "the hub does not have this revision", self.repository.revision
            remedy = "correct `revision` in the config, or delete the repository's entry in the lock file"
        elif errors.RepositoryNotFoundError in kinds or status == 401:
            problem, found = "the hub does not have this repository, or does not show it to you", f"status {status}"
            remedy = "correct the name in the config; for a private repository, `hf auth login` on this machine"
        elif status == 429:
            problem, found = "the hub limits requests", f"status 429 after {ATTEMPTS} attempts"
            remedy = "wait some minutes, then repeat the command: finished downloads are kept"
        else:
            problem = "a repository of the hub cannot be downloaded"
            found = f"{type(error).__name__}: {(str(error).strip() or 'no message').splitlines()[0]}"
            remedy = "check the network, then repeat the command: finished downloads are kept"
        raise StudyError(
            problem, where=page, key=self.key, found=found, expected=f"{self.repository.name}, readable", remedy=remedy
        ) from error
