"""Secrets and what takes their place: the one place that decides what a secret looks like.

Secrets belong into the environment. They are removed from messages, tracebacks, manifests and archives, and refused in
configs, which appear in command lines and logs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN = "[hidden]"
#: Names of environment variables whose values are secrets.
_SECRET_VARIABLE = re.compile(r"(?i)(^|_)(token|secret|password|passwd|credentials?|api_?key|access_?key|key)$")
#: Names of settings whose values are secrets; settings such as ``stop_token`` and an endpoint's ``key`` are none.
_SECRET_SETTING = re.compile(
    r"(?i)((hf|api|auth|access|bearer)_token|(\w+_)?(password|passwd|secret)|(\w+_)?(api|access|secret|private)_?key)"
)
#: Values shorter than this also occur in ordinary text.
_MIN_LENGTH = 8
#: Keys and tokens of well-known services, and private keys.
_TOKEN = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_URL_LOGIN = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^\s/@'\"]+@")
_BEARER = re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]{8,}")


def redacted(text: str) -> str:
    """``text`` with :data:`HIDDEN` in place of every secret.

    Secrets are: values of environment variables with names such as HF_TOKEN or MY_API_KEY, users and passwords in
    addresses, and the keys of well-known services.
    """
    for value in _secrets_of_environment():
        text = text.replace(value, HIDDEN)
    text = _URL_LOGIN.sub(rf"\1{HIDDEN}@", text)
    return _TOKEN.sub(HIDDEN, _BEARER.sub(rf"\1{HIDDEN}", text))


def redacted_values(value: Any, name: str = "") -> Any:
    """Settings with :data:`HIDDEN` in place of every secret, also of values whose key has the name of one."""
    if isinstance(value, Mapping):
        return {key: redacted_values(part, str(key)) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_values(part, name) for part in value]
    if isinstance(value, str):
        return HIDDEN if names_secret(name) else redacted(value)
    return value


def names_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret."""
    return _SECRET_SETTING.fullmatch(name) is not None


def _secrets_of_environment() -> Iterator[str]:
    """Values of the environment that are secrets, the longest first: one may contain another."""
    values = {
        value for name, value in os.environ.items() if _SECRET_VARIABLE.search(name) and len(value) >= _MIN_LENGTH
    }
    # a file or folder is where a key lies, such as SSL_CERT_KEY=/etc/...
    yield from sorted((value for value in values if not os.path.exists(value)), key=len, reverse=True)
