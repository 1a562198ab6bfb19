"""A full disk, a folder that cannot be written, links: one error, nothing half written, and the next run goes on."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from scale_or_reason.common import checksums, files
from scale_or_reason.common.checksums import check_content, is_record
from scale_or_reason.common.errors import StudyError, refusal
from scale_or_reason.common.files import atomic_directory, write_json, write_text
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_writer, write_table

ROOT = Path(__file__).resolve().parents[2]
#: Every write to it fails as on a full disk. Only ever written to through a link: a writer that renames its file over
#: the path it was given would replace the device of the whole machine.
FULL = Path("/dev/full")
TABLE = pl.DataFrame({name: [None] * 9 for name in SCHEMAS["overlaps"]}, schema=SCHEMAS["overlaps"])


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A file on a full disk."""
    if not FULL.is_char_device():
        pytest.skip("needs /dev/full")
    link = tmp_path / "full"
    link.symlink_to(FULL)
    return link


def write_plainly(file: Path) -> None:
    with file.open("w") as stream:
        stream.write("x" * 10**5)


def write_by_pyarrow(file: Path) -> None:
    import pyarrow.parquet

    pyarrow.parquet.write_table(TABLE.to_arrow(compat_level=pl.CompatLevel.oldest()), str(file))


def as_safetensors(_: Path) -> None:
    """Its own error: it renames a finished file into place."""
    from safetensors import SafetensorError

    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize("write", [write_plainly, TABLE.write_parquet, write_by_pyarrow, as_safetensors])
def test_a_full_disk_is_recognised_in_the_errors_of_every_writer(full: Path, write) -> None:
    try:
        write(full)
    except Exception as caught:
        error = refusal(caught)
        assert error is not None and "No space left on device" in str(error) and "free disk space" in str(error)
    else:
        pytest.fail("nothing was refused")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EIO, errno.EMFILE])
def test_other_refusals_name_the_file_and_a_remedy(number: int) -> None:
    try:
        raise OSError(number, "text", "results/micro/x.parquet")
    except OSError as cause:
        error = refusal(RuntimeError("while writing"))
        assert error is None
        wrapped = RuntimeError("while writing")
        wrapped.__cause__ = cause
        error = refusal(wrapped)
    assert error is not None and error.where == "results/micro/x.parquet"
    assert error.found == os.strerror(number) and error.remedy


@pytest.mark.parametrize("error", [ValueError("no space"), OSError("no number"), FileNotFoundError(2, "x", "y")])
def test_other_errors_are_none_of_the_system(error: Exception) -> None:
    assert refusal(error) is None


STEPS = ["sync_file", "file_checksum", "os.replace", "write_record", "os.fsync"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("call", [1, 2])
def test_a_refusal_at_any_step_leaves_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, call: int
) -> None:
    write_text("old", tmp_path / "a.txt")
    module, _, name = step.rpartition(".")
    owner = os if module else files
    original, calls = getattr(owner, name), []

    def refuse(*arguments, **options):
        calls.append(1)
        if len(calls) == call:
            raise OSError(number, os.strerror(number), "a.txt")
        return original(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, refuse)
        try:
            write_text("new", tmp_path / "a.txt")
        except OSError as error:
            assert refusal(error) is not None
    assert (tmp_path / "a.txt").read_text() in ("old", "new")
    check_content(tmp_path / "a.txt")  # its record is right, or there is none
    assert {path.name for path in tmp_path.iterdir()} <= {"a.txt", ".a.txt.sha256"}
    write_text("next", tmp_path / "a.txt")
    check_content(tmp_path / "a.txt")
    assert checksums.recorded_checksum(tmp_path / "a.txt") is not None


@pytest.mark.parametrize("write", ["table", "parts", "folder"])
def test_a_full_disk_leaves_neither_a_table_nor_a_folder_behind(tmp_path: Path, write: str, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(files, "sync_file", full)
    with pytest.raises(OSError, match="full"):
        if write == "table":
            write_table(TABLE, tmp_path / "t.parquet", "overlaps")
        elif write == "parts":
            with table_writer(tmp_path / "t.parquet", "overlaps") as append:
                append(TABLE)
        else:
            with atomic_directory(tmp_path / "model") as folder:
                (folder / "config.json").write_text("{}")
    assert list(tmp_path.iterdir()) == []


def test_results_behind_a_link_are_written_and_checked_there(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "results").symlink_to("scratch")
    write_json({"a": 1}, tmp_path / "results" / "a.json")
    check_content(tmp_path / "scratch" / "a.json")
    with atomic_directory(tmp_path / "results" / "model") as folder:
        (folder / "x").write_text("x")
    check_content(tmp_path / "scratch" / "model" / "x")
    (tmp_path / "results" / "b.json").symlink_to("a.json")
    write_json({"b": 2}, tmp_path / "results" / "b.json")  # replaces the link, not what it points to
    check_content(tmp_path / "scratch" / "a.json")
    assert (tmp_path / "results" / "a.json").read_text() == '{\n  "a": 1\n}\n'


def test_a_clock_that_is_set_back_changes_no_check(tmp_path: Path) -> None:
    write_text("x", tmp_path / "a.txt")
    os.utime(tmp_path / "a.txt", (0, 0))
    os.utime(tmp_path / ".a.txt.sha256", (2**33, 2**33))
    check_content(tmp_path / "a.txt")


FAILING = """
import sys
from scale_or_reason.common.errors import run_script
def main():
    with open(sys.argv[1], "w") as stream:
        stream.write("x" * 10**6)
run_script(main)
"""


def test_a_program_on_a_full_disk_prints_one_error(full: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", FAILING, str(full)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the operating system refuses") and "Traceback" not in done.stderr


def test_records_have_names_of_their_own(tmp_path: Path) -> None:
    for name in ("a", "a.sha256", "b" * 200):
        write_text(name, tmp_path / name)
        check_content(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir() if not is_record(path)) == sorted(
        ["a", "a.sha256", "b" * 200]
    )
    with pytest.raises(StudyError, match="damaged"):
        (tmp_path / "a.sha256").write_text("changed")
        check_content(tmp_path / "a.sha256")
