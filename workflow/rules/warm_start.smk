# Engines, trainings, rule graders, tables and figures as forks of a process that has imported their libraries (`compute.warm_start`).
import atexit
import os
import shlex
import subprocess
import sys
import tempfile

from scale_or_reason.common.warm_start import FOLDER_VARIABLE
from scale_or_reason.study.local_files import is_local

_ENTRIES = [
    *STUDY.students.values(),
    *STUDY.adopted.values(),
    *([STUDY.teacher] if STUDY.teacher else []),
    *STUDY.judges.values(),
]
# Once imported, vLLM, torch and the hub's library no longer look whether there is a GPU or a network.
WARM_START = (
    config["compute"]["warm_start"]
    and not ON_GPU
    and all(is_local(entry.model) and not getattr(entry, "endpoint", None) for entry in _ENTRIES)
)


def warm_start_of(kind):
    """The script that starts another one as a fork, and the kind of its libraries; empty without `warm_start`."""
    return f"{shlex.quote(project_file('workflow/scripts/warm_start.py', PROJECT))} {kind} " if WARM_START else ""


def warm_program(name, kind="engine"):
    """Like :func:`program`, for a script that needs the libraries of this kind."""
    return lambda wildcards, threads: warm_start_of(kind) + program(name)(wildcards, threads)


def python_with(kind):
    """Python, or the start of a script as a fork, before the script."""
    return f"python {warm_start_of(kind)}".strip()


def warm_python(kind):
    """:func:`python_with` as a parameter, before a script that is an input; like :func:`program` never a reason to rerun.

    `src/snakemake_study/records.py` takes `{params.python}` in a command for `python`. With several threads a program
    may start processes, which cannot import a script that runs in a fork.
    """
    return lambda wildcards, threads: python_with(kind) if threads == 1 else "python"


def start_servers():
    """Start the processes that import the libraries when the first job needs them; they end with this one."""
    folder = tempfile.mkdtemp(prefix="warm-start-")
    script = project_file("workflow/scripts/warm_start.py", PROJECT)
    for kind in ("engine", "trainer", "analysis"):
        server = subprocess.Popen(
            [sys.executable, script, "--serve", kind, f"{folder}/{kind}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the jobs, which forward it
        )
        # referenced for as long as Snakemake runs: the server ends when this pipe is closed
        atexit.register(server.stdin.close)
    os.environ[FOLDER_VARIABLE] = folder
