"""Records are on disk at once, found by key, and damage costs only the damaged ones."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common import record_log
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.record_log import KEY_LENGTH, Record, RecordLog


def key(number: int) -> str:
    return f"{number:0{KEY_LENGTH}x}"


KEYS = [key(number) for number in range(6)]
RECORDS: dict[str, Record] = {name: {"text": f"é\u2028\n\0{name[-1]}", "n": i} for i, name in enumerate(KEYS)}


def write(folder: Path, records: dict[str, Record] = RECORDS) -> Path:
    """Write a segment; return its path."""
    before = set(folder.glob("*")) if folder.is_dir() else set()
    with RecordLog(folder, {"packages": {}}) as log:
        for name, record in records.items():
            log.append(name, record)
    (segment,) = set(folder.glob("*")) - before
    return segment


def test_records_are_found_by_key(tmp_path: Path) -> None:
    write(tmp_path / "log")
    log = RecordLog(tmp_path / "log")
    assert log.find(KEYS) == RECORDS
    assert log.find([KEYS[2], key(99)]) == {KEYS[2]: RECORDS[KEYS[2]]}
    assert log.find([]) == {}
    assert RecordLog(tmp_path / "none").find(KEYS) == {}
    assert not (tmp_path / "none").exists()


def test_every_program_has_its_own_segment_and_the_newest_record_counts(tmp_path: Path) -> None:
    with RecordLog(tmp_path) as first, RecordLog(tmp_path) as second:
        first.append(KEYS[0], {"n": 1})
        second.append(KEYS[0], {"n": 2})
        second.append(KEYS[1], {"n": 3})
        assert first.find(KEYS) == {KEYS[0]: {"n": 2}, KEYS[1]: {"n": 3}}
    assert len(list(tmp_path.iterdir())) == 2


@given(cut=st.integers(0, 700))
def test_a_segment_cut_anywhere_has_its_whole_records(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("log")
    segment = write(folder)
    whole = segment.read_bytes()
    segment.write_bytes(whole[: min(cut, len(whole))])
    log = RecordLog(folder)
    kept = log.find(KEYS)
    # the first line is the header
    assert list(kept) == KEYS[: max(0, whole[:cut].count(b"\n") - 1)]
    assert all(RECORDS[name] == record for name, record in kept.items())
    assert not log.damaged
    with log:
        for name in KEYS:
            if name not in kept:
                log.append(name, RECORDS[name])
    assert RecordLog(folder).find(KEYS) == RECORDS


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_costs_one_record_and_is_reported(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    segment = write(folder)
    content = bytearray(segment.read_bytes())
    place %= len(content)
    line = content[:place].count(b"\n")
    is_end = content[place : place + 1] == b"\n"
    content[place] ^= 1 << bit
    segment.write_bytes(content)
    log = RecordLog(folder)
    kept = log.find(KEYS)
    assert all(RECORDS[name] == record for name, record in kept.items())
    # a changed line end also costs the next line, with which it is one now
    lost = {KEYS[number - 1] for number in ([line, line + 1] if is_end else [line]) if 1 <= number <= len(KEYS)}
    assert set(kept) == set(KEYS) - lost
    at_the_end = is_end and place == len(content) - 1  # like a partial line
    assert bool(log.damaged.get(segment)) != at_the_end


KILLED = """
import os, signal, sys
from pathlib import Path
from scale_or_reason.common.record_log import RecordLog
log = RecordLog(Path(sys.argv[1]))
for number in range(1000):
    log.append(f"{number:032x}", {"text": "x" * 5000, "n": number})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_loses_no_record(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert len(RecordLog(tmp_path).find([key(number) for number in range(1000)])) == 1000


def test_records_are_flushed_by_time_although_nothing_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(record_log, "SYNC_SECONDS", 0.01)
    monkeypatch.setattr(record_log, "sync_file", lambda path: None)
    monkeypatch.setattr(os, "fsync", synced.append)
    with RecordLog(tmp_path) as log:
        log.append(KEYS[0], {})
        for _ in range(60_000):
            if synced:
                break
            time.sleep(0.01)
        assert len(synced) == 1
        time.sleep(0.05)
        assert len(synced) == 1  # there was nothing to flush
        log.append(KEYS[1], {})
    assert len(synced) == 2


def test_a_minute_is_the_most_that_a_crash_of_the_machine_loses() -> None:
    assert record_log.SYNC_SECONDS < 60


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: original(descriptor, bytes(data)[:7]))
    write(tmp_path)
    monkeypatch.undo()
    assert RecordLog(tmp_path).find(KEYS) == RECORDS


def test_a_full_disk_is_an_error_and_costs_no_earlier_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = os.write
    log = RecordLog(tmp_path)
    log.append(KEYS[0], RECORDS[KEYS[0]])

    def full(descriptor: int, data: bytes) -> int:
        if len(data) < 30:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(descriptor, bytes(data)[:-20])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StudyError, match="No space left") as caught:
        log.append(KEYS[1], RECORDS[KEYS[1]])
    assert str(tmp_path) in str(caught.value)
    monkeypatch.undo()
    with pytest.raises(StudyError):  # not behind a partial line
        log.append(KEYS[2], RECORDS[KEYS[2]])
    log.close()
    assert RecordLog(tmp_path).find(KEYS) == {KEYS[0]: RECORDS[KEYS[0]]}


def test_a_failed_flush_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = RecordLog(tmp_path)
    log.append(KEYS[0], {})

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StudyError, match="Input/output error"):
        log.close()


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="cannot be written"):
        RecordLog(tmp_path / "file" / "log").append(KEYS[0], {})


def test_a_segment_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "0.log").mkdir()
    with pytest.raises(StudyError, match="cannot be read") as caught:
        RecordLog(tmp_path).find(KEYS)
    assert str(tmp_path / "0.log") in str(caught.value)
