"""JSONL files as people have them: compressed, cut, in another encoding, with single bad lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.dataset_rows import read_jsonl, read_jsonl_leniently
from scale_or_reason.common.errors import StudyError

ROWS = [{"text": "one"}, {"text": "caf\u00e9 \u2028 \u0085 \x0c \ud83d"}, {"text": None}]
LINES = [json.dumps(ROWS[0]), json.dumps(ROWS[1]), "", json.dumps(ROWS[2])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    "compress", [bytes, gzip.compress, lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])]
)
def test_the_same_rows_in_every_wrapping(tmp_path: Path, end: str, mark: bytes, compress) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "rows.jsonl"  # the content says whether it is compressed, not the name
    path.write_bytes(compress(mark + end.join(LINES).encode()))
    assert list(read_jsonl(path)) == [(1, ROWS[0]), (2, ROWS[1]), (4, ROWS[2])]


def test_line_separators_within_strings(tmp_path: Path) -> None:
    text = "a\u2028b\u2029c\u0085d\u200b\u202e"
    (tmp_path / "rows.jsonl").write_text(json.dumps({"text": text}, ensure_ascii=False), encoding="utf-8")
    assert list(read_jsonl(tmp_path / "rows.jsonl")) == [(1, {"text": text})]


BAD_LINES = [
    b'{"text": "caf\xe9"}',
    b"{",
    b"[1]",
    b"7",
    b'{"a": 1} {"b": 2}',
    b"[" * 100_000,
    b"1" * 5_000,
    b"\xff\xfe\x00",
]


@pytest.mark.parametrize("bad", BAD_LINES)
def test_one_bad_line(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"n": 1}\n' + bad + b'\n{"n": 3}\n')
    first, fault, last = read_jsonl_leniently(path)
    assert (first, last) == ((1, {"n": 1}), (3, {"n": 3}))
    assert isinstance(fault[1], StudyError) and fault[1].where == path and fault[1].key == "line 2"
    with pytest.raises(StudyError) as caught:
        list(read_jsonl(path))
    assert caught.value.key == "line 2"


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PAR1", "Parquet"),
        (b"PK\x03\x04", "ZIP"),
        (b"BZh91", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, start: bytes, kind: str) -> None:
    (tmp_path / "rows.jsonl").write_bytes(start + b"\x00" * 20)
    with pytest.raises(StudyError, match="not a JSONL file") as caught:
        list(read_jsonl_leniently(tmp_path / "rows.jsonl"))
    assert kind in caught.value.found  # type: ignore[operator]


@given(st.integers(11, 60))
def test_a_cut_archive(cut: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.jsonl.gz")
        path.write_bytes(gzip.compress("\n".join(LINES).encode())[:cut])
        with pytest.raises(StudyError, match="damaged"):
            list(read_jsonl_leniently(path))
