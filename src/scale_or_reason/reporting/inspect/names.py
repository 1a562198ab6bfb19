"""Encoding of ids in paths, since ids of dataset items may contain slashes.

Standard library only: every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection
from urllib.parse import unquote

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted

#: Bytes of a name: file systems allow 255, including ``.html``, ``.tsv`` and the parts of temporary names.
LONGEST = 180
_DIGEST = 16
_PLAIN = re.compile(rb"[A-Za-z0-9_.-]")
_SHORTENED = re.compile(rf"(?!\.)(?:[A-Za-z0-9_.-]|%[0-9A-F]{{2}})+~[0-9a-f]{{{_DIGEST}}}")


def path_name(item_id: str) -> str:
    """The unique encoding of an id in a path.

    Letters, digits and ``_ . -`` stay, every other byte (UTF-8) becomes ``%XX``, and so does a dot at the beginning.
    The name of a very long id is its beginning, ``~`` and a hash of the whole.

    >>> path_name("test/algebra/2584.json")
    'test%2Falgebra%2F2584.json'
    """
    data = item_id.encode()
    parts = [chr(byte) if _PLAIN.match(bytes([byte])) else f"%{byte:02X}" for byte in data]
    if parts and parts[0] == ".":
        parts[0] = "%2E"
    name = "".join(parts)
    if len(name) <= LONGEST:
        return name
    while len(name) > LONGEST - _DIGEST - 1:
        name = name.removesuffix(parts.pop())
    return f"{name}~{hashlib.sha256(data).hexdigest()[:_DIGEST]}"


def check_name(requested: str, folder: str) -> str:
    """``requested`` if it is a valid page name in ``folder``; else :class:`StudyError` with the valid name."""
    shortened = _SHORTENED.fullmatch(requested) and len(requested) <= LONGEST
    if requested and (shortened or path_name(unquote(requested)) == requested):
        return requested
    raise StudyError(
        "invalid encoding of an id in a path",
        where=f"{folder}/{requested}.html",
        found=requested,
        expected="letters, digits and _ . - unchanged, every other byte as %XX",
        remedy=f"use {folder}/{path_name(unquote(requested)) or 'ID'}.html",
    )


def check_known(requested: str, known: Collection[str], what: str, path: str) -> str:
    """``requested`` if it is one of ``known``; else :class:`StudyError` with the closest match."""
    if requested in known:
        return requested
    close = difflib.get_close_matches(requested, known, n=1, cutoff=0)
    raise StudyError(
        f"the study does not have this {what}",
        where=path,
        found=requested,
        expected=", ".join(known),
        remedy=f"did you mean {close[0]}?" if close else None,
    )


def id_of_name(name: str, ids: Collection[str], where: object) -> str:
    """The id among ``ids`` with this name. Raises :class:`StudyError` with the closest ids if there is none."""
    by_name = {path_name(one): one for one in ids}
    if name in by_name:
        return by_name[name]
    plain = unquote(name)
    close = difflib.get_close_matches(plain, ids, n=3, cutoff=0.3) or list(ids)[:3]
    raise StudyError(
        "unknown item",
        where=where,
        key="item_id",
        found=plain,
        expected=f"one of {counted(len(ids), 'id')}; the closest: {', '.join(close)}"
        if close
        else "an id; the table has none",
        remedy=f"use {path_name(close[0])}.html" if close else "prepare the benchmark again",
    )
