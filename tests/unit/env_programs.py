"""The programs of envs/, loaded as modules, and how its files are read."""

from __future__ import annotations

from pathlib import Path

from packaging.utils import canonicalize_name


def requirement_lines(path: Path) -> list[str]:
    """A requirements file without comments, with the files it includes."""
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    included = [path.parent / line.removeprefix("-r ") for line in lines if line.startswith("-r ")]
    own = [line for line in lines if line and not line.startswith("-r ")]
    return own + [line for file in included for line in requirement_lines(file)]


def pinned_versions(lines: list[str]) -> dict[str, str]:
    pairs = [line.split("==") for line in lines]
    return {canonicalize_name(name): version for name, version in pairs}
