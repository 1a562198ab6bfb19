"""Ids in paths. Datasets choose the ids of their items, and some have slashes in them.

Standard library only: every job on a cluster imports this with the Snakefile.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection
from urllib.parse import unquote

from scale_or_reason.common.errors import StudyError

#: Bytes of a name: file systems allow 255, and ``.html``, ``.tsv`` and temporary names want their part.
LONGEST = 180
_DIGEST = 16
_PLAIN = re.compile(rb"[A-Za-z0-9_.-]")
_SHORTENED = re.compile(rf"(?!\.)(?:[A-Za-z0-9_.-]|%[0-9A-F]{{2}})+~[0-9a-f]{{{_DIGEST}}}")


def path_name(item_id: str) -> str:
    """The one spelling of an id in a path. Different ids have different names.

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


def check_name(asked: str, folder: str) -> str:
    """``asked`` if it can be the name of a page in ``folder``; else :class:`StudyError`, with the name it should be."""
    shortened = _SHORTENED.fullmatch(asked) and len(asked) <= LONGEST
    if asked and (shortened or path_name(unquote(asked)) == asked):
        return asked
    raise StudyError(
        "this is not how an id is spelled in a path",
        where=f"{folder}/{asked}.html",
        found=asked,
        expected="letters, digits and _ . - as they are, every other byte as %XX",
        remedy=f"ask for {folder}/{path_name(unquote(asked)) or 'ID'}.html",
    )


def check_known(asked: str, known: Collection[str], what: str, path: str) -> str:
    """``asked`` if it is one of ``known``; else :class:`StudyError` with the nearest of them."""
    if asked in known:
        return asked
    close = difflib.get_close_matches(asked, known, n=1, cutoff=0)
    raise StudyError(
        f"the study has no such {what}",
        where=path,
        found=asked,
        expected=", ".join(known),
        remedy=f"did you mean {close[0]}?" if close else None,
    )


def id_of_name(name: str, ids: Collection[str], where: object) -> str:
    """The id among ``ids`` whose name this is. Raises :class:`StudyError` with the nearest ones if there is none."""
    by_name = {path_name(one): one for one in ids}
    if name in by_name:
        return by_name[name]
    plain = unquote(name)
    close = difflib.get_close_matches(plain, ids, n=3, cutoff=0.3) or list(ids)[:3]
    raise StudyError(
        "there is no such item",
        where=where,
        key="item_id",
        found=plain,
        expected=f"one of {len(ids)} ids; the nearest: {', '.join(close)}" if close else "an id; the table has none",
        remedy=f"ask for {path_name(close[0])}.html" if close else "prepare the benchmark again",
    )
