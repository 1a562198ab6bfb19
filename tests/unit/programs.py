"""The project's programs in tests: loaded as modules, or run in a process of their own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType


def load_program(path: Path) -> ModuleType:
    """A program as a module, which is not run. It is registered, since dataclasses look their module up."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def run(root: Path, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A script of the workflow, run to its end; nothing is raised if it fails."""
    command = [sys.executable, str(root / "workflow" / "scripts" / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
