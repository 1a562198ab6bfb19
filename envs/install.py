"""Install the locked CPU environment into .venv, unless it is there already.

    make venv                                  # what a person types
    python3 envs/install.py --venv .venv       # what it runs; needs nothing but Python itself

A stamp inside the environment names the lock, the Python and the place it was made for. Without that very
stamp (a changed lock, another Python, a moved folder, an interrupted installation) the environment is made anew.

pip does the work, since uv, which is faster, is not there before the environment is.

No syntax newer than Python 3.6 here: an old Python must get as far as the message that it is too old.
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ENVS = Path(__file__).resolve().parent
STAMP = ".installed"
#: The Pythons that the lock has wheels for: this one and later, but not the second.
OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 14)
#: Where PyTorch keeps its CPU builds; asked only if the configured index has none.
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
#: How much of pip's output an error message shows.
LAST_LINES = 15


class SetupError(Exception):
    """Something that the person at the keyboard has to change first; the text says what."""


def missing_tools() -> "list[str]":
    """What this machine lacks for the installation and for the engines, each with what to do about it."""
    missing = []
    if not OLDEST_PYTHON <= sys.version_info[:2] < TOO_NEW_PYTHON:
        wanted = "Python {}.{} or newer, but older than {}.{}".format(*OLDEST_PYTHON, *TOO_NEW_PYTHON)
        here = f"{sys.executable} is Python {platform.python_version()}"
        missing.append(f"{wanted}: {here}. Install one and say which: make PYTHON=python3.11")
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        missing.append(f"x86-64 Linux: the lock has no packages for {platform.platform()}")
    for tool in ("g++", "make"):  # g++: torch compiles kernels, DeepSpeed its shared-memory operator
        if shutil.which(tool) is None:
            missing.append(f"{tool}: install it (Debian, Ubuntu: apt-get install build-essential)")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append("Python.h, to compile against: install it (Debian, Ubuntu: apt-get install python3-dev)")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        missing.append("Python's venv module: install it (Debian, Ubuntu: apt-get install python3-venv)")
    return missing


def installation_key(venv: Path, lock: Path) -> str:
    """A hash of everything that the environment was made for: the lock, the Python and the place."""
    parts = [lock.read_bytes(), sys.version.encode(), str(venv.resolve()).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_installed(venv: Path, key: str) -> bool:
    stamp = venv / STAMP
    return stamp.exists() and stamp.read_text(encoding="utf-8").strip() == key


def write_stamp(venv: Path, key: str) -> None:
    """Say that the environment is whole: the last step, and in one piece."""
    partial = venv / (STAMP + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(str(partial), str(venv / STAMP))


def names_in(path: Path) -> "set[str]":
    """The normalised package names in a requirements file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = (re.match(r"[A-Za-z0-9][\w.-]*", line) for line in lines)
    return {re.sub(r"[-_.]+", "-", match.group()).lower() for match in found if match}


def pinned(lock: Path, name: str) -> str:
    """The line ``name==version`` of a lock."""
    match = re.search(rf"^{re.escape(name)}==\S+", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if match is None:
        raise SetupError(f"{lock} does not pin {name}")
    return match.group()


def pip(venv: Path, *arguments: str) -> str:
    """Run the environment's pip and show a counter for its output. Returns the last lines if it fails, else ""."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []  # shown if pip fails
    collected = 0
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Collecting "):
            collected += 1
            if sys.stdout.isatty():
                print(f"\r  package {collected} ...", end="", flush=True)
            elif collected % 50 == 0:
                print(f"  package {collected} ...", flush=True)
        elif line.startswith("Installing collected"):
            names = line.partition(":")[2].split(",")
            print(f"\r  installing {names[0].strip() if len(names) == 1 else f'{len(names)} packages'} ...", flush=True)
    return "" if process.wait() == 0 else "".join(lines[-LAST_LINES:])


def pip_or_stop(venv: Path, *arguments: str) -> None:
    """As :func:`pip`; raises SetupError where it fails."""
    failure = pip(venv, *arguments)
    if failure:
        raise SetupError("pip {} failed; run make again once this is fixed:\n{}".format(" ".join(arguments), failure))


def install_torch(venv: Path, requirement: str) -> None:
    """The CPU build of torch: from the index that pip is configured with, else from PyTorch's own."""
    if pip(venv, "install", "--no-deps", requirement):
        print(f"  the configured package index has no {requirement}: trying {TORCH_INDEX}", flush=True)
        pip_or_stop(venv, "install", "--no-deps", "--extra-index-url", TORCH_INDEX, requirement)


def unexpected_conflicts(check_output: str) -> "list[str]":
    """The lines of ``pip check`` that envs/cpu.excludes.txt and envs/overrides.txt do not account for."""
    allowed = [(r" requires {}, which is not installed", names_in(ENVS / "cpu.excludes.txt"))]
    allowed.append((r" has requirement {}\W", names_in(ENVS / "overrides.txt")))
    known = [re.compile(pattern.format(name)) for pattern, names in allowed for name in names]
    lines = [line for line in check_output.splitlines() if " requires " in line or " has requirement " in line]
    return [line for line in lines if not any(pattern.search(line) for pattern in known)]


def install(venv: Path, lock: Path, project: Path) -> None:
    """Make the environment from nothing. Raises SetupError where pip fails or packages do not fit together."""
    if venv.exists():
        print(f"{venv} is incomplete, or was made for something else: making it anew", flush=True)
        shutil.rmtree(str(venv))
    print(f"installing the packages of {lock} into {venv}: about 4 GB and 3 minutes", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    install_torch(venv, pinned(lock, "torch"))
    pip_or_stop(venv, "install", "--no-deps", "--requirement", str(lock))
    pip_or_stop(venv, "install", "--no-deps", "--no-build-isolation", "--editable", str(project))
    check = subprocess.run([str(venv / "bin" / "python"), "-m", "pip", "check"], stdout=subprocess.PIPE, text=True)
    conflicts = unexpected_conflicts(check.stdout)
    if conflicts:
        raise SetupError("the installed packages do not fit together:\n  " + "\n  ".join(conflicts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, default=ENVS.parent / ".venv", help="the environment (default: .venv)")
    parser.add_argument("--lock", type=Path, default=ENVS / "cpu.lock.txt", help="the lock (default: the CPU lock)")
    arguments = parser.parse_args()
    key = installation_key(arguments.venv, arguments.lock)
    if is_installed(arguments.venv, key):
        return
    missing = missing_tools()
    if missing:
        raise SetupError("this machine lacks\n  - " + "\n  - ".join(missing))
    install(arguments.venv, arguments.lock, ENVS.parent)
    write_stamp(arguments.venv, key)
    print(f"installed: {arguments.venv}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except SetupError as error:
        sys.exit(f"error: {error}")
