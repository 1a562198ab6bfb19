"""Which files of a data set on the hub hold a split, and how they are read without the hub.

The hub's library reads a data set from its cache only if it has prepared it there before. Files that were downloaded
as they are need no preparation: their format follows from their names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CARD = "README.md"
_BUILDERS = {".parquet": "parquet", ".json": "json", ".jsonl": "json", ".csv": "csv", ".tsv": "csv"}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
#: Keys of a card's entry that are no arguments of the reader.
_NO_ARGUMENTS = (
    "config_name",
    "data_files",
    "data_dir",
    "default",
    "features",
    "drop_labels",
    "version",
    "description",
)


def split_patterns(card: str, config: str | None, split: str) -> list[str] | None:
    """The patterns of a split's files, from the text of the data set's card; None if the card does not name them."""
    files = _entry(card, config).get("data_files")
    if isinstance(files, Mapping):
        files = [{"split": name, "path": path} for name, path in files.items()]
    if isinstance(files, str):
        files = [files]
    chosen: list[str] = []
    for part in files if isinstance(files, list) else ():
        if isinstance(part, str):
            chosen += [part] if split == "train" else []  # files without a split are the train split
        elif isinstance(part, Mapping) and str(part.get("split")) == split:
            path = part.get("path")
            chosen += [path] if isinstance(path, str) else list(path or ())
    return chosen or None


def reading_options(folder: Path, config: str | None, split: str, data_files: tuple[str, ...]) -> dict[str, Any]:
    """Arguments of ``datasets.load_dataset`` for the files of a split in ``folder``, a download of the data set.

    Without a list of the split's files, the library finds out itself, which needs the whole data set.
    """
    card = _text(folder / CARD)
    patterns = list(data_files) or split_patterns(card, config, _name_of(split))
    files = [str(file) for pattern in patterns or () for file in sorted(folder.glob(pattern)) if file.is_file()]
    builder = _builder(files)
    if builder is None:
        found = {_name_of(split): list(data_files)} if data_files else None
        return {"path": str(folder), "name": config, "data_files": found}
    entry = {} if data_files else _entry(card, config)
    arguments = {name: value for name, value in entry.items() if name not in _NO_ARGUMENTS}
    if files[0].removesuffix(".gz").endswith(".tsv"):
        arguments.setdefault("sep", "\t")
    return {"path": builder, "data_files": {_name_of(split): files}, **arguments}


def _name_of(split: str) -> str:
    """``train`` of ``train[:1000]``."""
    return split.partition("[")[0]


def _builder(files: list[str]) -> str | None:
    """The reader of files of one format; None if there are none, or of several formats."""
    suffixes = set()
    for file in files:
        for compressed in _COMPRESSED:
            file = file.removesuffix(compressed)
        suffixes.add(Path(file).suffix)
    return _BUILDERS.get(suffixes.pop()) if len(suffixes) == 1 else None


def _entry(card: str, config: str | None) -> dict[str, Any]:
    """The entry of a configuration in a card's header; empty if there is none."""
    import yaml

    header = re.match(r"---\s*\n(.*?)\n---\s*(\n|$)", card, re.DOTALL)
    try:
        values = yaml.safe_load(header.group(1)) if header else {}
    except yaml.YAMLError:
        return {}
    entries = values.get("configs") if isinstance(values, Mapping) else None
    known = [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
    if config is None and len(known) != 1:
        known = [entry for entry in known if entry.get("default") or entry.get("config_name") == "default"]
    elif config is not None:
        known = [entry for entry in known if str(entry.get("config_name")) == config]
    return dict(known[0]) if known else {}


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
