"""Resolve the paths of a config and of the workflow.

A relative path in a config is resolved against the working directory. If it does not exist there, it is resolved
against the project's folder, so that shipped files (``resources/micro``, ``config/deepspeed``) are found from
everywhere. Results are always in the working directory. The project's own files (scripts, templates) never come from
elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from os.path import exists, isdir, isfile
from pathlib import Path
from typing import Any

#: The project's root folder.
PROJECT = Path(__file__).resolve().parents[3]
#: Keys of a config whose values are paths; some of them may be hub ids instead.
PATH_KEYS = ("architecture", "mirror", "model", "path", "tokenizer")
RESULTS = "results"
#: In the results of an unpacked archive: its config, checksums and instructions.
ARCHIVE = "archive"
#: In a config, the results of the study itself.
OWN_RESULTS = "<results>"

#: At most 96 characters, as on the hub.
_HUB_ID = r"(?!.{97})(?!.*(?:--|\.\.))[A-Za-z0-9][\w.-]*(/[\w.-]+)?"


def project_file(path: str | Path, project: Path = PROJECT) -> str:
    """The path of a project file; relative if the project is the working directory, so that the project can move."""
    return str(path) if project == Path.cwd().resolve() else str(project / path)


def find_file(path: str | Path, project: Path = PROJECT) -> str:
    """A file in the working directory, or else in the project's folder; unchanged if it is in neither."""
    here, shipped = Path(path), project / path
    if here.is_absolute() or here.parts[:1] == (RESULTS,) or exists(here) or not exists(shipped):
        return str(path)
    return str(shipped)


def find_files(config: dict[str, Any], project: Path = PROJECT) -> None:
    """Replace each path in ``config`` by the result of :func:`find_file`.

    At its beginning, ``<results>`` stands for the study's results, so that these paths follow the study's name.
    """
    study = config.get("study")
    name = study.get("name") if isinstance(study, Mapping) else None
    for entry, key in _paths(config):
        path = entry[key]
        if isinstance(name, str):  # the config is not checked yet
            path = re.sub(f"^{OWN_RESULTS}(?=/|$)", lambda _: f"{RESULTS}/{name}", path)
        entry[key] = find_file(path, project)


def _paths(node: Any) -> Iterator[tuple[dict[str, Any], str]]:
    for value in node if isinstance(node, list) else ():
        yield from _paths(value)
    for key, value in node.items() if isinstance(node, Mapping) else ():
        if key in PATH_KEYS and isinstance(value, str) and value:
            yield node, key
        elif key != "endpoint":  # model names of a server are not paths
            yield from _paths(value)


def search_first(folder: Path, variable: str = "PATH") -> None:
    """Let programs that this process starts look into ``folder`` first: for programs, or as ``variable`` says."""
    default = os.defpath if variable == "PATH" else ""
    folders = [part for part in os.environ.get(variable, default).split(os.pathsep) if part]
    if folders[:1] != [str(folder)]:
        os.environ[variable] = os.pathsep.join([str(folder), *folders])


def is_hub_id(text: str) -> bool:
    """Whether ``text`` may be the name of a model or data set on the hub."""
    return re.fullmatch(_HUB_ID, text, re.ASCII) is not None


def is_local(model: str) -> bool:
    """Whether ``model`` is a folder: it exists, its parent folder exists, or it does not look like a hub id."""
    return not is_hub_id(model) or isdir(model) or ("/" in model and isdir(Path(model).parent))


def deepspeed_file(name: str, project: Path = PROJECT) -> Path:
    """The file of a DeepSpeed setting."""
    file = Path("config", "deepspeed", f"{name}.json")
    return file if isfile(file) else Path(project_file(file, project))


def study_of(path: str | Path) -> str | None:
    """The name of the study whose results contain ``path``; None outside of the results."""
    parts = Path(path).parts
    return parts[1] if parts[:1] == (RESULTS,) and len(parts) > 1 else None


def made_by_study(path: str | Path, study_name: str) -> bool:
    """Whether ``path`` is in the study's results, and so the output of a job."""
    return Path(path).is_relative_to(Path(RESULTS, study_name))
