"""Install a locked environment, unless it is there already: the CPU one into .venv, the GPU one into .venv-gpu.

    make venv                                  # what a person types, or: make venv-gpu
    python3 envs/install.py                    # what it runs, or: --kind gpu; needs nothing but Python itself

A stamp inside the environment names the lock, the Python and the place it was made for. Without that very
stamp (a changed lock, another Python, a moved folder, an interrupted installation) the environment is made anew.

uv does the work: pip fetches it from the index that pip is configured with, and it takes the packages from there, too.
Where that fails, pip installs them. Settings of pip or uv that change what is installed, or where, are left aside.

No syntax newer than Python 3.6 here: an old Python must get as far as the message that it is too old.
"""

import argparse
import ast
import ctypes
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ENVS = Path(__file__).resolve().parent
STAMP = ".installed"
#: The Pythons that a lock has wheels for: this one and later, but not that of its kind.
OLDEST_PYTHON = (3, 11)
TOO_NEW_PYTHON = {"cpu": (3, 14), "gpu": (3, 13)}
VENVS = {"cpu": ".venv", "gpu": ".venv-gpu"}
SIZES = {"cpu": "about 4 GB and 2 minutes", "gpu": "about 12 GB"}
NUMA = "libnuma.so.1"
#: Where PyTorch keeps its CPU builds; asked only if the configured index has none.
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
#: Several times as fast as pip; envs/lock.py makes the locks with the same version.
UV = "uv==0.13.8"
#: How much of the output of pip or uv an error message shows.
SHOWN_LINES = 15
#: pip's settings about where packages come from and how to get there; for uv, the variables that say the same.
SOURCE_SETTINGS = {
    "index-url": ["UV_DEFAULT_INDEX"],
    "extra-index-url": ["UV_INDEX"],
    "find-links": ["UV_FIND_LINKS"],
    "no-index": ["UV_NO_INDEX"],
    "trusted-host": ["UV_INSECURE_HOST"],
    "cert": ["SSL_CERT_FILE"],
    "client-cert": ["SSL_CLIENT_CERT"],
    "proxy": ["HTTP_PROXY", "HTTPS_PROXY"],
    "timeout": ["UV_HTTP_TIMEOUT"],
    "default-timeout": ["UV_HTTP_TIMEOUT"],
    "retries": ["UV_HTTP_RETRIES"],
    "keyring-provider": [],
    "cache-dir": [],
    "no-cache-dir": ["UV_NO_CACHE"],
    "use-feature": [],
    "use-deprecated": [],
}
#: uv's own variables that change neither what is installed nor where.
UV_KEPT = ("UV_CACHE_DIR", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_INSTALLS", "UV_LINK_MODE", "UV_NATIVE_TLS")


class SetupError(Exception):
    """Something that the person at the keyboard has to change first; the text says what."""


def missing_tools(kind: str = "cpu") -> "list[str]":
    """What this machine lacks for the installation and for the engines, each with what to do about it."""
    missing = []
    too_new = TOO_NEW_PYTHON[kind]
    if not OLDEST_PYTHON <= sys.version_info[:2] < too_new:
        wanted = "Python {}.{} or newer, but older than {}.{}".format(*OLDEST_PYTHON, *too_new)
        here = f"{sys.executable} is Python {platform.python_version()}"
        missing.append(f"{wanted}: {here}. Install one and say which: make PYTHON=python3.11")
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        missing.append(f"x86-64 Linux: the lock has no packages for {platform.platform()}")
    for tool in ("g++", "make"):  # g++: torch compiles kernels, DeepSpeed its shared-memory operator
        if shutil.which(tool) is None:
            missing.append(f"{tool}: install it (Debian, Ubuntu: apt-get install build-essential)")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append("Python.h, to compile against: install it (Debian, Ubuntu: apt-get install python3-dev)")
    if kind == "cpu":  # vLLM's kernels for CPUs load it; without it, the first engine fails hours later
        try:
            ctypes.CDLL(NUMA)
        except OSError:
            missing.append(f"{NUMA}: install it (Debian, Ubuntu: apt-get install libnuma1)")
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


def source_settings(venv: Path) -> "dict[str, str]":
    """The settings of SOURCE_SETTINGS in pip's files and the environment."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "config", "list"]
    # `user = true`, meant for installations, would make `pip config` show the user's file alone
    every_file = dict(os.environ, PIP_USER="0", PIP_GLOBAL="0", PIP_SITE="0")
    listed = subprocess.run(command, env=every_file, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if listed.returncode != 0:
        raise SetupError("pip cannot read its settings:\n" + excerpt(listed.stdout.splitlines(keepends=True)))
    found = {}
    for section in ("global.", "install.", ":env:."):  # the later ones take precedence
        for line in listed.stdout.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section) and name[len(section) :] in SOURCE_SETTINGS:
                found[name[len(section) :]] = ast.literal_eval(value)
    return found


def pip_environment(settings: "dict[str, str]") -> "dict[str, str]":
    """The environment with ``settings``, and no others of pip and uv; packages elsewhere do not count as installed."""
    dropped = ("PIP_", "UV_", "PYTHONPATH", "PYTHONHOME")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    environment.update(PIP_CONFIG_FILE=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    environment.update(("PIP_" + name.upper().replace("-", "_"), value) for name, value in settings.items())
    return environment


def uv_environment(settings: "dict[str, str]") -> "dict[str, str]":
    """As :func:`pip_environment`, for uv: the same indexes, from which it takes the best version, as pip does."""
    environment = {name: value for name, value in pip_environment({}).items() if not name.startswith("PIP_")}
    environment.update((name, os.environ[name]) for name in UV_KEPT if name in os.environ)
    for name, value in settings.items():
        words = value.split()
        separator = "," if name == "find-links" else " "
        environment.update((variable, separator.join(words)) for variable in SOURCE_SETTINGS[name])
    environment.update(UV_NO_CONFIG="1", UV_PYTHON_DOWNLOADS="never", UV_INDEX_STRATEGY="unsafe-best-match")
    return environment


def excerpt(lines: "list[str]") -> str:
    """What an error message shows of an output: broken connections, and all from the first error on."""
    broken = [line for line in lines if "connection broken" in line]
    first = next((i for i, line in enumerate(lines) if re.match(r"\s*(ERROR|error|×)", line)), -SHOWN_LINES)
    return "".join(broken[:1] + lines[first:][:SHOWN_LINES])


def progress(line: str, collected: int) -> str:
    """What to show when pip or uv prints this line; ``collected`` is the number of packages that pip has collected."""
    if line.startswith("Collecting "):
        return f"package {collected} ..." if sys.stdout.isatty() or collected % 50 == 0 else ""
    if line.startswith("Installing collected"):
        names = [name for name in line.partition(":")[2].split(",") if name.strip()]
        if not names:
            return ""
        return "installing {} ...".format(names[0].strip() if len(names) == 1 else f"{len(names)} packages")
    large = re.match(r"Downloading \S+ \((?:\d{2,}\.\d+MiB|.*GiB)\)", line)
    return line.strip() if large or re.match(r"(Resolved|Prepared|Installed) [1-9]\d* packages?\b", line) else ""


def run_shown(command: "list[str]", environment: "dict[str, str]") -> str:
    """Run pip or uv and show its progress. Returns an excerpt of its output if it fails, else ""."""
    lines = []  # shown if the command fails
    options = {"env": environment, "encoding": "utf-8", "errors": "replace"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options) as process:
        try:
            for line in process.stdout:
                lines.append(line)
                shown = progress(line, sum(line.startswith("Collecting ") for line in lines))
                if shown:
                    end = "" if shown.startswith("package") and sys.stdout.isatty() else "\n"
                    print(f"\r  {shown}", end=end, flush=True)
        except KeyboardInterrupt:
            process.terminate()
            raise
    return excerpt(lines) if process.returncode else ""


def pip(venv: Path, settings: "dict[str, str]", *arguments: str) -> str:
    """Run the environment's pip. Returns an excerpt of its output if it fails, else ""."""
    return run_shown([str(venv / "bin" / "python"), "-m", "pip", *arguments], pip_environment(settings))


def pip_or_stop(venv: Path, settings: "dict[str, str]", *arguments: str) -> None:
    """As :func:`pip`; raises SetupError where it fails."""
    failure = pip(venv, settings, *arguments)
    if failure:
        raise SetupError("pip {} failed; run make again once this is fixed:\n{}".format(" ".join(arguments), failure))


def with_torch_index(settings: "dict[str, str]") -> "dict[str, str]":
    """``settings`` and PyTorch's own index."""
    return dict(settings, **{"extra-index-url": " ".join([settings.get("extra-index-url", ""), TORCH_INDEX]).strip()})


def lacks(failure: str, requirement: str) -> bool:
    """Whether pip or uv failed because the index has no such package, and not for another reason."""
    name = requirement.partition("==")[0]
    absent = rf"No matching distribution found for {name}\b|no version of {name}\b|{name} was not found"
    return re.search(absent, failure) is not None and "connection broken" not in failure


def note_torch_index(requirement: str) -> None:
    print(f"  the configured package index has no {requirement}: trying {TORCH_INDEX}", flush=True)


def install_with_uv(venv: Path, settings: "dict[str, str]", lock: Path) -> str:
    """Install the packages of the lock with uv. Returns an excerpt of the output where that fails, else ""."""
    with tempfile.TemporaryDirectory(prefix="uv-", dir=str(venv)) as folder:
        failure = pip(venv, settings, "install", "--no-deps", "--target", folder, UV)
        if failure:
            return failure
        python = str(venv / "bin" / "python")
        install = [str(Path(folder, "bin", "uv")), "pip", "install", "--python", python, "--no-deps"]
        command = [*install, "--requirement", str(lock)]
        failure = run_shown(command, uv_environment(settings))
        torch = pinned(lock, "torch")
        if lacks(failure, torch):
            note_torch_index(torch)
            failure = run_shown(command, uv_environment(with_torch_index(settings)))
        return failure


def install_with_pip(venv: Path, settings: "dict[str, str]", lock: Path) -> None:
    """Install the packages of the lock with pip: the CPU build of torch, then the rest."""
    torch = pinned(lock, "torch")
    failure = pip(venv, settings, "install", "--no-deps", torch)
    if lacks(failure, torch):
        note_torch_index(torch)
        pip_or_stop(venv, with_torch_index(settings), "install", "--no-deps", torch)
    elif failure:
        raise SetupError(f"pip install {torch} failed; run make again once this is fixed:\n{failure}")
    pip_or_stop(venv, settings, "install", "--no-deps", "--requirement", str(lock))


def unexpected_conflicts(check_output: str) -> "list[str]":
    """The lines of ``pip check`` that envs/cpu.excludes.txt and envs/overrides.txt do not account for."""
    allowed = [(r" requires {}, which is not installed", names_in(ENVS / "cpu.excludes.txt"))]
    allowed.append((r" has requirement {}\W", names_in(ENVS / "overrides.txt")))
    known = [re.compile(pattern.format(name)) for pattern, names in allowed for name in names]
    lines = [line for line in check_output.splitlines() if " requires " in line or " has requirement " in line]
    return [line for line in lines if not any(pattern.search(line) for pattern in known)]


def install(venv: Path, lock: Path, project: Path, size: str = SIZES["cpu"]) -> None:
    """Make the environment from nothing. Raises SetupError where pip fails or packages do not fit together."""
    if venv.exists():
        print(f"{venv} is incomplete, or was made for something else: making it anew", flush=True)
        shutil.rmtree(str(venv))
    print(f"installing the packages of {lock} into {venv}: {size}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    settings = source_settings(venv)
    failure = install_with_uv(venv, settings, lock)
    if failure:
        words = "; ".join(line.strip() for line in failure.splitlines()[:2])
        print(f"  uv cannot be used here, so pip installs, which takes longer ({words})", flush=True)
        install_with_pip(venv, settings, lock)
    pip_or_stop(venv, settings, "install", "--no-deps", "--no-build-isolation", "--editable", str(project))
    command = [str(venv / "bin" / "python"), "-m", "pip", "check"]
    check = subprocess.run(command, env=pip_environment(settings), stdout=subprocess.PIPE, text=True)
    conflicts = unexpected_conflicts(check.stdout)
    if conflicts:
        raise SetupError("the installed packages do not fit together:\n  " + "\n  ".join(conflicts))


def check_gpu(venv: Path) -> None:
    """Use the machine's GPU with the environment. Raises SetupError where that fails."""
    if subprocess.run([str(venv / "bin" / "python"), str(ENVS / "check_gpu.py")]).returncode:
        raise SetupError(f"{venv} is installed, but cannot use a GPU here; see above. Check again: make venv-gpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=sorted(VENVS), default="cpu", help="the machine's kind (default: cpu)")
    parser.add_argument("--venv", type=Path, help="the environment (default: .venv, for GPUs .venv-gpu)")
    parser.add_argument("--lock", type=Path, help="the lock (default: that of the kind)")
    arguments = parser.parse_args()
    venv = arguments.venv or ENVS.parent / VENVS[arguments.kind]
    lock = arguments.lock or ENVS / f"{arguments.kind}.lock.txt"
    key = installation_key(venv, lock)
    if not is_installed(venv, key):
        missing = missing_tools(arguments.kind)
        if missing:
            raise SetupError("this machine lacks\n  - " + "\n  - ".join(missing))
        install(venv, lock, ENVS.parent, SIZES[arguments.kind])
        write_stamp(venv, key)
        print(f"installed: {venv}", flush=True)
    if arguments.kind == "gpu":
        check_gpu(venv)


def run() -> "str | int":
    """Install, and return what to end the process with: an error, or 0."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except SetupError as error:
        return f"error: {error}"
    except KeyboardInterrupt:
        return (
            "stopped: the environment is incomplete, and nothing else has been changed.\n"
            "What to do: run the same command again. It makes the environment anew; finished downloads are reused."
        )
    return 0


if __name__ == "__main__":
    sys.exit(run())
