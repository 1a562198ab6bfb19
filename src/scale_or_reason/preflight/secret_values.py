"""Secrets in a config, which would appear in command lines, logs and manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scale_or_reason.common.redaction import names_secret, redacted
from scale_or_reason.study.problems import KeyPath, Problem


def secrets(config: Any, path: KeyPath = ()) -> Iterator[Problem]:
    """Every text of the config that is a secret, or whose key has the name of one. The message does not show it."""
    if isinstance(config, Mapping):
        for key, value in config.items():
            yield from secrets(value, (*path, key))
    elif isinstance(config, list):
        for number, value in enumerate(config):
            yield from secrets(value, (*path, number))
    elif isinstance(config, str) and config:
        name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
        if names_secret(name) or redacted(config) != config:
            yield Problem(
                path,
                "a secret in the config",
                "a value that is not shown here",
                "no secrets: configs appear in command lines, logs and manifests",
                "remove it and set an environment variable instead: HF_TOKEN for the hub, and for a server the "
                "variable that its `endpoint.key` names; replace the secret if the config was shared",
            )
