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
from pathlib import Path

import snakemake.api
from snakemake.cli import get_argument_parser
from snakemake.settings.types import Quietness, StorageSettings
from snakemake_translations import CONFIGS, SNAKEFILES, compile_once

ROOT = Path(__file__).resolve().parent.parent
#: The small study, and the default one.
STUDIES = ([Path("config/studies/micro.yaml")], [])
#: More than there are patterns; beyond it ``re`` forgets.
PATTERNS = 5000
#: Tests change the project's packages, and look for imports of Slurm's.
OWN = ("scale_or_reason", "snakemake_study")


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
        compile_once(code, path, "exec")
    CONFIGS.update(configs)
    for module in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


re._MAXCACHE = PATTERNS  # type: ignore[attr-defined]
get_argument_parser()
for overlays in STUDIES:
    learn(overlays)
