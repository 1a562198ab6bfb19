"""Replies on disk, found again by what they depend on: model, settings, sampling, thinking mode, prompt and seed.

A store belongs to one model under one sampling and thinking mode. How work is cut into jobs does not matter: any job
with the same request finds its reply, whichever job has asked before. Stores are kept with the results, since a reply
can be needed again: by more prompts, another number of shards, one more benchmark.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scale_or_reason.common.files import write_json
from scale_or_reason.common.manifests import package_versions
from scale_or_reason.common.record_log import KEY_LENGTH, Record, RecordLog
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.wording import counted
from scale_or_reason.inference.requests import Completion

#: Raise this number when a change of the code gives other replies to the same requests.
REPLIES_VERSION = 1
_CONTEXT = "max_model_len"


def request_key(
    prompt: str,
    seed: int,
    *,
    chat: bool,
    stop: Sequence[str] = (),
    pattern: str | None = None,
    begun: str | None = None,
) -> str:
    """The key of a request to a model: a user message (``chat``) or a text to continue, with all that is its own.

    ``begun`` is the beginning of the answer, where the model only continues it.
    """
    request: dict[str, Any] = {"chat": chat, "prompt": prompt, "seed": seed, "stop": list(stop), "pattern": pattern}
    if begun is not None:  # keys of other requests are those of replies on disk
        request["begun"] = begun
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode("ascii")).hexdigest()[:KEY_LENGTH]


@dataclass(frozen=True)
class Reply:
    """A completion and the seconds of generation since the reply before it."""

    completion: Completion
    seconds: float


class ReplyStore:
    """The replies of a model below ``folder``.

    ``identity`` has everything apart from the request that a reply depends on. The context length (`max_model_len` of
    ``settings``) is not part of it: most replies end before it, so it is compared reply by reply. Each store is a
    folder named after the hash of its identity, with the identity as ``identity.json``.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        others = {name: value for name, value in settings.items() if name != _CONTEXT}
        self._identity = {**identity, "settings": others, "version": REPLIES_VERSION}
        self._limit = settings.get(_CONTEXT)
        self.folder = folder / stable_id(json.dumps(self._identity, sort_keys=True))
        self._log = RecordLog(self.folder, {"packages": package_versions()})
        self._known: dict[str, Reply] = {}
        self._warned: set[str] = set()
        self._clock = time.monotonic()
        self._described = (self.folder / "identity.json").is_file()

    def __enter__(self) -> ReplyStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self._log.close()

    def find(self, keys: Collection[str]) -> dict[str, Reply]:
        """The replies that are there. Refusals of an earlier program are not: this one may have the credit or access
        that the last one lacked, and they cost nothing."""
        missing = set(keys) - self._known.keys()
        for key, record in self._log.find(missing).items():
            if self._holds(record):
                values = {name: record[name] for name in ("prompt_tokens", "text", "tokens", "finish_reason")}
                self._known[key] = Reply(Completion(**values), record["seconds"])
        return {key: self._known[key] for key in keys if key in self._known}

    def _holds(self, record: Record) -> bool:
        """Whether the reply would be the same under this context length."""
        if record["finish_reason"] == "refused":
            return False
        if record["limit"] == self._limit:
            return True
        contexts = [context for context in (record["context"], self._limit) if context is not None]
        if not all(isinstance(context, int) for context in contexts):
            return False
        # the context of a model without a limit is at least as long as any limit that it accepts
        return all(record["prompt_tokens"] + record["tokens"] < context for context in contexts)

    def start_clock(self) -> None:
        """Begin to measure the seconds of the next reply."""
        self._clock = time.monotonic()

    def add(self, key: str, completion: Completion, context: int | None) -> None:
        """Store a reply that was generated with a context of so many tokens (None: unknown)."""
        now = time.monotonic()
        seconds, self._clock = round(now - self._clock, 6), now
        if not self._described:
            write_json(self._identity, self.folder / "identity.json")
            self._described = True
        self._log.append(key, {**asdict(completion), "seconds": seconds, "context": context, "limit": self._limit})
        self._known[key] = Reply(completion, seconds)

    def new_warnings(self) -> list[str]:
        """A line for each file with damaged records, once."""
        found = {
            f"warning: {path}: {counted(count, 'damaged line')}; the requests are sent again"
            for path, count in self._log.damaged.items()
        }
        new, self._warned = sorted(found - self._warned), self._warned | found
        return new
