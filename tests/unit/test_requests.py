"""Options of the engines' programs: JSON, sampling, model folders, output kept off the screen."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scale_or_reason.common import hash_cache
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.hash_cache import cached_hash
from scale_or_reason.inference.model_files import check_generator, model_fingerprint
from scale_or_reason.inference.quiet import first_cause
from scale_or_reason.inference.requests import SamplingParameters, json_object


def test_sampling_from_json() -> None:
    assert SamplingParameters.from_json(
        '{"temperature": 0.6, "top_p": 0.95, "max_tokens": 16384}'
    ) == SamplingParameters(0.6, 0.95, 16384)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"temperature": 0.6, "top_p": 0.95}', "max_tokens"),
        ('{"temperature": 0.6, "top_p": 0.95, "max_tokens": 1.5}', "max_tokens"),
        ('{"temperature": 0.6, "top_p": 0.95, "max_tokens": 0}', "max_tokens"),
        ('{"temperature": 3, "top_p": 0.95, "max_tokens": 5}', "temperature"),
        ('{"temperature": 1, "top_p": 0, "max_tokens": 5}', "top_p"),
        ('{"temperature": "1", "top_p": 1, "max_tokens": 5}', "temperature"),
        ('{"temperature": true, "top_p": 1, "max_tokens": 5}', "temperature"),
        ('{"temperature": 1, "top_p": 1, "max_tokens": 5, "top_q": 1}', "top_q"),
    ],
)
def test_bad_sampling_is_refused(text: str, key: str) -> None:
    with pytest.raises(StudyError) as caught:
        SamplingParameters.from_json(text)
    assert caught.value.key == key


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", "{'a': 1}"])
def test_malformed_json_is_refused(text: str) -> None:
    with pytest.raises(StudyError, match="JSON") as caught:
        json_object(text, "--engine")
    assert caught.value.where == "--engine"


def model_folder(folder: Path, *files: str) -> str:
    folder.mkdir()
    for name in files:
        (folder / name).write_text("{}")
    return str(folder)


def test_model_folders_are_checked(tmp_path: Path) -> None:
    check_generator(model_folder(tmp_path / "whole", "config.json", "model.safetensors", "tokenizer.json"))
    check_generator("Qwen/Qwen2.5-0.5B")
    cases = {
        "does not exist": str(tmp_path / "nowhere"),
        "no config.json": model_folder(tmp_path / "empty"),
        "no safetensors": model_folder(tmp_path / "pickled", "config.json", "pytorch_model.bin", "tokenizer.json"),
        "no tokenizer": model_folder(tmp_path / "mute", "config.json", "model.safetensors"),
    }
    for problem, model in cases.items():
        with pytest.raises(StudyError, match=problem):
            check_generator(model)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_model_is_known_by_its_content(tmp_path: Path, cache: Path) -> None:
    folder = Path(model_folder(tmp_path / "model", "config.json", "model.safetensors"))
    before = model_fingerprint(str(folder), None)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, copy_function=shutil.copy)  # other times, as cp -r does
    (copy / "manifest.json").write_text("the account of another training")
    (copy / "training_log.csv").write_text("step,loss")
    assert model_fingerprint(str(copy), None) == before
    for name in ("config.json", "model.safetensors"):
        whole = (copy / name).read_text()
        (copy / name).write_text("{ }")
        assert model_fingerprint(str(copy), None) != before
        (copy / name).write_text(whole)
        assert model_fingerprint(str(copy), None) == before
    assert model_fingerprint("a/b", "x") != model_fingerprint("a/b", "y")


def test_a_file_is_hashed_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    expected = hashlib.sha256(b"one").hexdigest()
    assert cached_hash(file) == expected
    with monkeypatch.context() as patch:
        patch.setattr(hash_cache, "content_hash", lambda _: pytest.fail("hashed again"))
        assert cached_hash(file) == expected
    times = file.stat()
    while file.stat().st_ctime_ns == times.st_ctime_ns:  # until the clock of the file system ticks
        file.write_bytes(b"two")  # of the same size, and with the same time
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert cached_hash(file) == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize("damage", ["{", "[]", "null", '{"state": 1}', "\udcff"])
def test_a_damaged_cache_is_not_believed(tmp_path: Path, cache: Path, damage: str) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    cached_hash(file)
    (entry,) = cache.rglob("*.json")
    entry.write_bytes(damage.encode("utf-8", "surrogateescape"))
    assert cached_hash(file) == hashlib.sha256(b"one").hexdigest()


def test_without_a_cache_folder_every_program_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"one")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))  # no folder can be made here
    assert cached_hash(tmp_path / "file") == hashlib.sha256(b"one").hexdigest()


NOISY = """
import os, signal, sys
from pathlib import Path
from scale_or_reason.inference.quiet import quiet
from scale_or_reason.common.errors import StudyError
print("before")
with quiet(Path(sys.argv[1])) as screen:
    print("python noise", flush=True)
    print("python noise", file=sys.stderr)
    os.write(1, b"native noise")
    os.system("echo noise of a child >&2")
    screen.write("progress\\n")
    FAIL
print("after")
"""


def run_noisy(failure: str, log: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", NOISY.replace("FAIL", failure), str(log)]
    return subprocess.run(command, capture_output=True, text=True)


def test_noise_is_kept_off_the_screen(tmp_path: Path) -> None:
    done = run_noisy("pass", tmp_path / "logs" / "engine.log")
    assert (done.stdout, done.stderr) == ("before\nafter\n", "progress\n")
    assert not list((tmp_path / "logs").iterdir())


@pytest.mark.parametrize("failure", ["1 / 0", "raise StudyError('wrong')", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_log_stays_after_a_failure_and_a_kill(tmp_path: Path, failure: str) -> None:
    log = tmp_path / "engine.log"
    done = run_noisy(failure, log)
    assert done.returncode
    assert "noise" not in done.stdout + done.stderr
    assert (str(log) in done.stderr) == (failure == "1 / 0")
    for text in ("python noise", "native noise", "noise of a child"):
        assert text in log.read_text()


ENGINE_LOG = """\
ValueError: an earlier start
(EngineCore_DP0 pid=7) ERROR 11-26 10:00:00 [core.py:842]   File "x.py", line 3, in load
(EngineCore_DP0 pid=7) ERROR 11-26 10:00:00 [core.py:842] torch.cuda.OutOfMemoryError: CUDA out of memory. Tried 2 GiB
Exception: WorkerProc initialization failed due to an exception in a background process.
RuntimeError: Engine core initialization failed. See root cause above.
"""


def test_the_cause_of_a_failed_worker_is_found(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    reason = "Engine core initialization failed. See root cause above."
    assert first_cause(reason, log) == reason
    log.write_text(ENGINE_LOG)
    assert first_cause(reason, log) == "OutOfMemoryError: CUDA out of memory. Tried 2 GiB"
    assert first_cause("the context is too long", log) == "the context is too long"


LEAVING = """
import sys
from scale_or_reason.inference.vllm_engine import run_and_leave
from scale_or_reason.common.errors import Interrupted, StudyError
class Leaked:
    def __del__(self):
        print("leaked", file=sys.stderr)
leaked = Leaked()
def main():
    FAIL
run_and_leave(main)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failure", "status", "last"),
    [
        ("pass", 0, ""),
        ("raise StudyError('wrong')", 2, "error: wrong"),
        ("raise Interrupted('stopped')", 75, "stopped"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("raise KeyboardInterrupt", 130, ""),
    ],
)
def test_nothing_is_printed_below_an_error(failure: str, status: int, last: str) -> None:
    command = [sys.executable, "-c", LEAVING.replace("FAIL", failure)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == status
    assert (done.stderr.splitlines() or [""])[-1] == last
