from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from scale_or_reason.common import checksums
from scale_or_reason.common.dataset_rows import read_jsonl
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import atomic_directory, atomic_path, read_json, write_json, write_text
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import read_column, read_parts, read_table, scan_table, table_height, write_table

READERS = {
    "whole": lambda path: read_table(path, "overlaps"),
    "parts": lambda path: list(read_parts(path, "overlaps")),
    "lazy": lambda path: scan_table(path, "overlaps").collect(),
    "height": lambda path: table_height(path, "overlaps"),
    "column": lambda path: read_column(path, "overlaps", next(iter(SCHEMAS["overlaps"]))),
}


def a_table(path: Path) -> Path:
    values = {name: ["x"] * 5 if kind == pl.String else [1] * 5 for name, kind in SCHEMAS["overlaps"].items()}
    write_table(pl.DataFrame(values, schema=SCHEMAS["overlaps"]), path, "overlaps")
    return path


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_a_file_is_recorded_with_size_and_hash(tmp_path):
    write_text("some text", tmp_path / "a.txt")
    record = json.loads((tmp_path / ".a.txt.sha256").read_text())
    assert record == {"a.txt": {"bytes": 9, "sha256": hashlib.sha256(b"some text").hexdigest()}}


def test_a_folder_has_one_record_for_all_its_visible_files(tmp_path):
    with atomic_directory(tmp_path / "model") as folder:
        write_json({"a": 1}, folder / "manifest.json")
        (folder / "sub").mkdir()
        (folder / "sub" / "tokens.bin").write_bytes(b"1234")
        (folder / ".hidden").write_text("x")
    hidden = sorted(path.name for path in (tmp_path / "model").rglob(".*"))
    assert hidden == [".hidden", ".sha256"]
    assert set(checksums.read_record(tmp_path / "model" / ".sha256")) == {"manifest.json", "sub/tokens.bin"}


def test_the_next_writer_of_a_folder_removes_what_killed_ones_have_left(tmp_path):
    token = "0123456789abcdef"
    others = [tmp_path / name for name in (f".model-2.{token}.partial", f".model.5.{token}.partial", ".model.json")]
    killed = [tmp_path / f".model.{name}.partial" for name in (token, token[::-1])]
    for folder in killed + others:
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "weights").write_text("1234")
    with atomic_directory(tmp_path / "model") as folder:
        (folder / "weights").write_text("5678")
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "model"])


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_writer_that_lives_on_cannot_publish_what_is_left_of_its_folder(tmp_path, written):
    first = atomic_directory(tmp_path / "model")
    folder = first.__enter__()
    for number in range(written):
        (folder / f"{number}.txt").write_text("first")
    with atomic_directory(tmp_path / "model") as second:
        (second / "weights").write_text("second")
    with pytest.raises(FileNotFoundError):
        first.__exit__(None, None, None)
    assert [path.name for path in (tmp_path / "model").glob("[!.]*")] == ["weights"]


def test_a_kill_between_the_two_renames_leaves_a_file_without_a_record(tmp_path, monkeypatch):
    write_text("old", tmp_path / "a.txt")
    monkeypatch.setattr(
        "scale_or_reason.common.files.write_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        write_text("new", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert checksums.recorded_checksum(tmp_path / "a.txt") is None


def test_a_failed_write_keeps_the_old_file_and_its_record(tmp_path):
    write_text("old", tmp_path / "a.txt")
    with pytest.raises(ZeroDivisionError), atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        _ = 1 / 0
    checksums.check_content(tmp_path / "a.txt")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.txt.sha256", "a.txt"]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_table_is_named_before_use(tmp_path, reader, share):
    path = a_table(tmp_path / "t.parquet")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(StudyError, match="damaged") as caught:
        READERS[reader](path)
    assert caught.value.where == path and f"{len(data):,} bytes" in caught.value.expected


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["whole", "parts", "lazy"])
def test_every_flipped_bit_of_a_table_is_found_before_use(tmp_path, reader):
    path = a_table(tmp_path / "t.parquet")
    for place in range(0, path.stat().st_size, 7):
        flip(path, place)
        with pytest.raises(StudyError, match="damaged"):
            READERS[reader](path)
        flip(path, place)
    READERS[reader](path)


@pytest.mark.parametrize("reader", READERS)
def test_a_truncated_table_without_a_record_is_one_error(tmp_path, reader):
    path = a_table(tmp_path / "t.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    checksums.record_of(path).unlink()
    with pytest.raises(StudyError, match="cannot be read"):
        READERS[reader](path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"t.parquet": {"bytes": 1}}', '{"t.parquet": 3}'])
def test_a_damaged_record_is_named(tmp_path, content):
    path = a_table(tmp_path / "t.parquet")
    checksums.record_of(path).write_text(content)
    with pytest.raises(StudyError, match="record of checksums is damaged") as caught:
        read_table(path, "overlaps")
    assert caught.value.where == tmp_path / ".t.parquet.sha256"


@pytest.mark.parametrize("damage", ["", "{", '{"a": 2}', '{"a": 1} '])
def test_json_is_checked_before_use(tmp_path, damage):
    write_json({"a": 1}, tmp_path / "a.json")
    assert read_json(tmp_path / "a.json") == {"a": 1}
    (tmp_path / "a.json").write_text(damage)
    with pytest.raises(StudyError, match="damaged") as caught:
        read_json(tmp_path / "a.json")
    assert caught.value.where == tmp_path / "a.json"
    checksums.record_of(tmp_path / "a.json").unlink()
    if damage in ("", "{"):
        with pytest.raises(StudyError, match="JSON file is damaged"):
            read_json(tmp_path / "a.json")


def test_rows_that_a_job_has_written_are_checked_before_use(tmp_path):
    write_text('{"a": 1}\n', tmp_path / "rows.jsonl")
    assert list(read_jsonl(tmp_path / "rows.jsonl")) == [(1, {"a": 1})]
    (tmp_path / "rows.jsonl").write_text('{"a": 7}\n')
    with pytest.raises(StudyError, match="damaged"):
        list(read_jsonl(tmp_path / "rows.jsonl"))
