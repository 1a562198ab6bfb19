"""Snakemake translates, compiles and reads each text once in a process: a fifth to a half of a short dry run.

Import this after Snakemake. A file with another text is translated anew, so tests may change files between two runs.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from types import CodeType
from typing import Any

import snakemake.workflow
import yte

#: Snakefiles by text and number of rules before: the path, the translation, its lines, the number of rules after.
SNAKEFILES: dict[tuple[str, int], tuple[str, str, dict[int, int], int]] = {}
#: Values of configs by text.
CONFIGS: dict[str, Any] = {}
#: Compiled translations by text, in which ``HERE`` stands for the path of the file.
COMPILED: dict[str, CodeType] = {}
HERE = "<the path of the file>"
translate, read_config = snakemake.workflow.parse, yte.process_yaml


def translate_once(path: Any, workflow: Any, linemap: dict[int, int], rulecount: int = 0) -> tuple[str, int]:
    """As ``snakemake.parser.parse``; a translation holds the path of its file, as Python writes it."""
    name = path.get_path_or_uri(secret_free=True)
    try:
        key = (Path(name).read_text(encoding="utf-8"), rulecount)
    except (OSError, UnicodeDecodeError):
        return translate(path, workflow, linemap=linemap, rulecount=rulecount)
    if key not in SNAKEFILES:
        code, rules = translate(path, workflow, linemap=linemap, rulecount=rulecount)
        SNAKEFILES[key] = name, code, dict(linemap), rules
    own_name, code, lines, rules = SNAKEFILES[key]
    linemap |= lines
    return code.replace(repr(own_name), repr(name)), rules


def compile_once(code: str, path: str, mode: str) -> CodeType:
    """As ``compile``, for translations."""
    text = code.replace(repr(path), repr(HERE))
    if text not in COMPILED:
        COMPILED[text] = compile(text, HERE, mode)
    return moved(COMPILED[text], path)


def moved(constant: Any, path: str) -> Any:
    """A constant of compiled code with ``path`` in the place of ``HERE``."""
    if isinstance(constant, CodeType):
        constants = tuple(moved(each, path) for each in constant.co_consts)
        return constant.replace(co_consts=constants, co_filename=path)
    if isinstance(constant, tuple):
        return tuple(moved(each, path) for each in constant)
    return path if constant == HERE else constant


def read_config_once(file: Any, **options: Any) -> Any:
    """As ``yte.process_yaml`` of a file; a config that computes something is read each time."""
    text = file.read()
    if "__use_yte__" in text or options != {"require_use_yte": True}:
        return read_config(text, **options)
    if text not in CONFIGS:
        CONFIGS[text] = read_config(text, **options)
    return deepcopy(CONFIGS[text])


snakemake.workflow.parse, yte.process_yaml = translate_once, read_config_once
# hides the function of Python's own in this module
snakemake.workflow.compile = compile_once  # type: ignore[attr-defined]
