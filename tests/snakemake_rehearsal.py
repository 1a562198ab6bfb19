"""What each dry run would do again, done once where Snakemake is started by forks: import this after Snakemake.

Most of a short dry run are the search for plugins, late imports, the translation of Snakefiles and configs, and the
compilation of the patterns of all outputs. A fork reads the rules of two studies and returns what it translated and
compiled; reading leaves traces in Snakemake, so only that comes back. A file with another text is translated anew.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import snakemake.api
import snakemake.workflow
import yte
from snakemake.cli import get_argument_parser
from snakemake.settings.types import Quietness, StorageSettings

ROOT = Path(__file__).resolve().parent.parent
#: The small study, and the default one.
STUDIES = ([Path("config/studies/micro.yaml")], [])
#: More than there are patterns; beyond it ``re`` forgets.
PATTERNS = 5000
#: Tests change the project's packages, and look for imports of Slurm's.
OWN = ("scale_or_reason", "snakemake_study")
#: Snakefiles by text and number of rules before: the path, the translation, its lines, the number of rules after.
SNAKEFILES: dict[tuple[str, int], tuple[str, str, dict[int, int], int]] = {}
#: Values of configs by text.
CONFIGS: dict[str, Any] = {}
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


def read_config_once(file: Any, **options: Any) -> Any:
    """As ``yte.process_yaml`` of a file; a config that computes something is read each time."""
    text = file.read()
    if "__use_yte__" in text or options != {"require_use_yte": True}:
        return read_config(text, **options)
    if text not in CONFIGS:
        CONFIGS[text] = read_config(text, **options)
    return deepcopy(CONFIGS[text])


def read_rules(overlays: list[Path]) -> None:
    """Read the Snakefile and compile the patterns of its outputs."""
    with snakemake.api.SnakemakeApi(snakemake.api.OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            snakemake.api.ResourceSettings(cores=1),
            snakemake.api.ConfigSettings(configfiles=overlays),
            StorageSettings(),
            snakemake.api.WorkflowSettings(),
            snakefile=ROOT / "Snakefile",
        )
        for rule in workflow._workflow.rules:
            for output in rule.products():
                output.regex()


def rehearse(overlays: list[Path], answers: int) -> None:
    """In a fork: write what reading the rules compiles and imports to the descriptor ``answers``."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.chdir(ROOT)
        before = set(sys.modules)
        read_rules(overlays)
        patterns = [(pattern, flags) for kind, pattern, flags in re._cache if kind is str]  # type: ignore[attr-defined]
        modules = sorted(name for name in set(sys.modules) - before if not name.startswith(OWN) and "slurm" not in name)
        with os.fdopen(answers, "w") as stream:
            configs = {text: values for text, values in CONFIGS.items() if json.loads(json.dumps(values)) == values}
            json.dump([patterns, modules, list(SNAKEFILES.items()), configs], stream)
    finally:
        os._exit(0)


def learn(overlays: list[Path]) -> None:
    """Compile, import and keep what a rehearsal needed; without an answer every dry run does it for itself."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        rehearse(overlays, writing)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    os.waitpid(pid, 0)
    patterns, modules, snakefiles, configs = json.loads(text) if text else ([], [], [], {})
    for pattern, flags in patterns:
        re.compile(pattern, flags)
    for (source, before), (path, code, lines, rules) in snakefiles:
        SNAKEFILES[source, before] = path, code, {int(line): number for line, number in lines.items()}, rules
    CONFIGS.update(configs)
    for module in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


re._MAXCACHE = PATTERNS  # type: ignore[attr-defined]
snakemake.workflow.parse, yte.process_yaml = translate_once, read_config_once
get_argument_parser()
for overlays in STUDIES:
    learn(overlays)
