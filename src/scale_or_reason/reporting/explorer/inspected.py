"""The inspection pages that exist, for links of the explorer."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, unquote


def inspection_pages(folder: Path, page: Path) -> dict[str, list[dict[str, str]]]:
    """Benchmark -> its items with a page in ``folder`` (``inspect/items``): ``item`` and ``address``.

    Addresses are relative to the explorer, ``page``. The names of the files are encoded ids
    (:func:`scale_or_reason.reporting.inspect.names.path_name`), whose per cent signs an address encodes again.
    """
    found: dict[str, list[dict[str, str]]] = {}
    for file in sorted(folder.glob("*/*.html")):
        address = quote(Path(os.path.relpath(file, page.parent)).as_posix())
        found.setdefault(file.parent.name, []).append({"item": unquote(file.stem), "address": address})
    return found
