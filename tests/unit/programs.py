"""The project's programs in tests: loaded as modules, or run as programs within this process."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import runpy
import subprocess
import sys
import traceback
import warnings
from pathlib import Path
from types import ModuleType
from unittest import mock

from warm_start import exit_status


def load_program(path: Path) -> ModuleType:
    """A program as a module, which is not run. It is registered, since dataclasses look their module up."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def call_script(script: Path, *arguments: object) -> None:
    """Run ``python SCRIPT ARGUMENTS`` within this process, with the patches and the capture of the test.

    Raises what the script raises: :class:`SystemExit` where it ends with an error.
    """
    with (
        mock.patch.object(sys, "argv", [str(script), *map(str, arguments)]),
        mock.patch.object(sys, "path", [str(script.parent), *sys.path]),
    ):
        runpy.run_path(str(script), run_name="__main__")


def run_script(script: Path, *arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What ``python SCRIPT ARGUMENTS`` in the folder ``cwd`` ends with and writes, run within this process.

    Most of a short program's time is imports, which are done here. For programs that change nothing of their process
    but variables of the environment, which are put back; what a start itself does, signals and memory need a process.
    """
    words = [str(script), *map(str, arguments)]
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ))
        stack.enter_context(contextlib.chdir(cwd or Path.cwd()))
        stack.enter_context(warnings.catch_warnings())
        warnings.resetwarnings()  # pytest makes errors of them
        stack.enter_context(contextlib.redirect_stdout(stdout))
        stack.enter_context(contextlib.redirect_stderr(stderr))
        try:
            call_script(script, *arguments)
            status = 0
        except SystemExit as end:
            status = exit_status(end)
        except Exception:
            traceback.print_exc(file=stderr)
            status = 1
    return subprocess.CompletedProcess(words, status, stdout.getvalue(), stderr.getvalue())


def run(root: Path, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A script of the workflow, run to its end; nothing is raised if it fails."""
    return run_script(root / "workflow" / "scripts" / script, *arguments)


def call(root: Path, script: str, *arguments: object) -> None:
    """A script of the workflow within this process; see :func:`call_script`."""
    call_script(root / "workflow" / "scripts" / script, *arguments)
