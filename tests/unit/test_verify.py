"""Damage planted in every kind of file of a small results folder is found and named, and nothing else is."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from configs import load
from hypothesis import given
from hypothesis import strategies as st
from made_results import ANSWERS, FILES, MODEL, ROOT, make_study, table
from safetensors.numpy import save_file

from scale_or_reason.common.checksums import is_record, record_of, visible_files
from scale_or_reason.common.files import atomic_directory, write_json, write_text
from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.record_log import KEY_LENGTH, RecordLog
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.integrity.files import check_files
from scale_or_reason.integrity.findings import Checked, Finding
from scale_or_reason.integrity.manifests import check_manifests
from scale_or_reason.integrity.quarantine import quarantine, restore_times
from scale_or_reason.integrity.report import outcome, report


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole study in ``results/micro`` of a working directory."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make_study(Path("results/micro"))
    return folder


@pytest.fixture
def results(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(original, tmp_path / "work", symlinks=True)
    monkeypatch.chdir(tmp_path / "work")
    return Path("results/micro")


def verify(results: Path, config: dict | None = None) -> Checked:
    checked, files = check_files(results)
    check_manifests(results, files, checked, config)
    return checked


def named(checked: Checked) -> dict[str, str]:
    return {str(finding.path): finding.kind for finding in checked.findings if finding.kind != "outdated"}


@pytest.mark.slow
def test_a_whole_study_has_nothing_wrong(results: Path) -> None:
    checked = verify(results, load(ROOT, "micro"))
    assert checked.findings == []
    assert sum(checked.files.values()) == sum(checked.compared.values()) == len(FILES)
    assert outcome(checked, results) == f"results/micro: nothing is wrong with {len(FILES)} files"


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "longer"])
def test_damage_in_every_kind_of_file_is_named_and_nothing_else(results: Path, name: str, damage: str) -> None:
    file = results / name
    data = bytearray(file.read_bytes())
    place = random.Random(name).randrange(len(data))
    flipped = data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]
    file.write_bytes({"empty": b"", "truncated": data[:place], "flipped": flipped, "longer": data + b"\0"}[damage])
    assert named(verify(results)) == {str(file): "damaged"}


@pytest.mark.slow
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), name=st.sampled_from(FILES))
def test_any_flipped_bit_is_found(original: Path, place: int, bit: int, name: str) -> None:
    file = original / "results" / "micro" / name
    data = file.read_bytes()
    changed = bytearray(data)
    changed[place % len(data)] ^= 1 << bit
    try:
        file.write_bytes(changed)
        assert list(named(verify(original / "results" / "micro"))) == [str(file)]
    finally:
        file.write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(results: Path, name: str) -> None:
    (results / name).unlink()
    assert named(verify(results)).get(str(results / name)) in ("missing", "damaged")


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".parquet", ".json", ".safetensors"))])
def test_results_without_records_are_checked_by_their_format(results: Path, name: str) -> None:
    for record in filter(is_record, list(results.rglob("*"))):
        record.unlink()
    assert verify(results).findings == []
    data = (results / name).read_bytes()
    (results / name).write_bytes(data[: len(data) // 2])
    assert list(named(verify(results))) == [str(results / name)]


def test_weights_without_a_record_must_be_finite(results: Path) -> None:
    (results / MODEL / ".sha256").unlink()
    save_file({"a.weight": np.array([1, np.nan], np.float32)}, results / MODEL / "model.safetensors")
    (finding,) = verify(results).findings
    assert finding.path == results / MODEL / "model.safetensors" and "not finite" in finding.problem


def test_a_link_that_leads_nowhere_is_named(results: Path) -> None:
    link = results / "tables" / "old.csv"
    link.symlink_to("nowhere.csv")
    assert named(verify(results)) == {str(link): "missing"}


def test_other_inputs_are_named_by_the_manifest_that_used_them(results: Path) -> None:
    write_text("another\n", results / "mixtures/general/seq/rho-0.5.parquet")
    (finding,) = [finding for finding in verify(results).findings if finding.kind == "outdated"]
    assert finding.path == results / MODEL / "manifest.json" and "mixture" in finding.problem


def test_other_settings_are_named(results: Path) -> None:
    config = load(ROOT, "micro")
    config["evaluation"]["sampling"]["temperature"] = 0.123
    config["training"]["optimizer"]["weight_decay"] = 0.321
    found = {finding.path: finding for finding in verify(results, config).findings}
    assert set(found) == {results / ANSWERS / "manifest.json", results / MODEL / "manifest.json"}
    answers, model = found.values()
    if answers.path != results / ANSWERS / "manifest.json":
        answers, model = model, answers
    assert "sampling" in answers.problem and "0.123" in answers.expected
    assert (model.kind, model.found, model.expected) == ("outdated", "0.0", "0.321, as in the config")


def test_several_versions_of_a_package_are_a_note(results: Path) -> None:
    path = results / ANSWERS / "manifest.json"
    write_json(json.loads(path.read_text()) | {"packages": {"numpy": "0.1"}}, path)
    (note,) = [note for note in verify(results).notes if note.startswith("numpy")]
    assert "0.1 in 1 manifest" in note and f"{np.__version__} in 1 manifest" in note


def test_a_moved_and_renamed_study_is_verified_where_it_is(original: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(original / "results" / "micro", moved, symlinks=True)
    checked = verify(moved)
    assert checked.findings == [] and checked.notes == []
    write_text("another\n", moved / "mixtures/general/seq/rho-0.5.parquet")
    assert [finding.kind for finding in verify(moved).findings] == ["outdated"]


def test_quarantine_moves_a_table_alone_and_a_model_with_its_folder(results: Path) -> None:
    for name in (f"{ANSWERS}/gsm8k.parquet", f"{MODEL}/model.safetensors", "tokens/general/tok/tokens.bin"):
        (results / name).write_bytes(b"broken")
    moved = quarantine(check_files(results)[0].findings, results)
    assert {str(path.relative_to(results)) for path, _ in moved} == {
        f"{ANSWERS}/gsm8k.parquet",
        MODEL,
        "tokens/general/tok",
    }
    assert (results / "damaged" / MODEL / "config.json").is_file() and not (results / MODEL).exists()
    assert (results / ANSWERS / "manifest.json").is_file()
    assert named(verify(results)) == {
        str(results / ANSWERS / "gsm8k.parquet"): "missing",
        str(results / "models/general/micro-1M/mix/rho-0.5/seed-0"): "missing",
    }
    (results / MODEL).mkdir()  # as if trained again
    table(results / ANSWERS / "gsm8k.parquet", "answers")
    assert named(verify(results)) == {}


def test_what_is_made_again_with_the_same_content_keeps_its_time(results: Path) -> None:
    """A job makes two tables again of which one was damaged: the one that comes out different keeps its new time."""
    files = [results / "benchmarks" / f"{name}.parquet" for name in ("gsm8k", "squad", "other")]
    for file in files:
        table(file, "items")
    for file in files[1:]:
        os.utime(file, ns=(10**18, 10**18))
    files[0].write_bytes(b"broken")
    quarantine(check_files(results)[0].findings, results)
    assert (results / "damaged" / "targets.txt").read_text() == f"{files[0]}\n"
    assert restore_times(results) == []  # not made again yet
    written = record_of(results / "damaged" / files[0].relative_to(results))
    assert not written.exists()
    noted = json.loads((results / "damaged" / "times.json").read_text())["benchmarks/gsm8k.parquet"]["mtime_ns"]
    table(files[0], "items")
    table(files[1], "items")
    table(files[2], "overlaps")
    assert restore_times(results) == files[:2]
    assert [file.stat().st_mtime_ns for file in files[:2]] == [noted, 10**18]
    assert files[2].stat().st_mtime_ns > 10**18
    table(files[1], "items")  # from here on a time is a time
    assert restore_times(results) == [] and files[1].stat().st_mtime_ns > 10**18


def test_a_model_made_again_keeps_its_time_although_durations_differ(results: Path) -> None:
    folder = results / MODEL
    (folder / ".snakemake_timestamp").touch()
    whole = {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix in (".json", ".safetensors")}
    (folder / "model.safetensors").write_bytes(b"broken")
    quarantine(check_files(results)[0].findings, results)
    with atomic_directory(folder) as again:
        for name, content in whole.items():
            (again / name).write_bytes(content if name != "manifest.json" else b'{"seconds": 7}')
    (folder / ".snakemake_timestamp").touch()
    assert folder in restore_times(results)


def test_a_damaged_record_is_moved_alone(results: Path) -> None:
    (results / MODEL / ".sha256").write_text("{")
    ((old, _),) = quarantine(check_files(results)[0].findings, results)
    assert old == results / MODEL / ".sha256"
    assert (results / MODEL / "model.safetensors").is_file() and not (results / "damaged" / "targets.txt").exists()
    assert verify(results).findings == []


def test_the_list_of_findings_has_an_end() -> None:
    findings = [Finding("damaged", Path(f"results/s/a/{n}"), "p", "f", "e") for n in range(5000)]
    text = report(Checked(findings=findings), Path("results/s"))
    assert len(text.splitlines()) < 250 and "and 4950 more" in text and "5000 damaged" in text.splitlines()[-1]


PERCENTILE = "answers/general/micro-1M/seq/rho-1/seed-0/think-tokens-p50"
#: Lengths of thoughts on two benchmarks, None for an answer without one, and their medians by hand: of an even number
#: the longer of the two in the middle.
THOUGHTS = {"gsm8k": [9, 30, None, 12, 44], "aime": [7, 3, 5], "squad": [None, None]}
MEDIANS = {"gsm8k": 30, "aime": 5, "squad": None}


def add_percentile(results: Path, resolved: dict[str, int | None] | None = None, number: int = 50) -> Path:
    """The files of a model with its thoughts cut at a percentile, as `evaluate_within_budget.py` writes them."""
    rows = [
        {
            "model_id": PERCENTILE.removeprefix("answers/"),
            "benchmark": name,
            "item_id": str(item),
            "sample": 0,
            "cut": length is not None and length > MEDIANS[name],
            "prompt_tokens": 5,
            "thought_tokens": None if length is None else min(length, MEDIANS[name]),
            "closing_tokens": 0,
            "continued_tokens": 0,
        }
        for name, lengths in THOUGHTS.items()
        for item, length in enumerate(lengths)
    ]
    write_table(table_from_rows(rows, "cuts"), results / PERCENTILE / "cuts.parquet", "cuts")
    settings = {"think_percentile": number, "resolved_tokens": resolved or MEDIANS, "seed": 0}
    write_json(manifest({}, settings), results / PERCENTILE / "manifest.json")
    return results / PERCENTILE / "manifest.json"


@pytest.mark.slow
def test_the_tokens_of_a_percentile_are_those_of_the_cut_thoughts(results: Path) -> None:
    config = load(ROOT, "micro")
    path = add_percentile(results)
    assert verify(results, config).findings == []
    # other numbers with a whole record, as a program with a fault would write them
    for wrong in ({"gsm8k": 31}, {"gsm8k": 29}, {"aime": None}, {"squad": 4}):
        add_percentile(results, MEDIANS | wrong)
        (finding,) = verify(results, config).findings
        assert (finding.kind, finding.path) == ("damaged", path) and "percentile 50" in finding.problem
        assert json.loads(finding.found) == MEDIANS | wrong and json.loads(finding.expected) == MEDIANS
    add_percentile(results, {"gsm8k": 30, "aime": 5})  # a benchmark without tokens
    assert len(verify(results).findings) == 1
    # a manifest of another percentile than its folder says
    add_percentile(results, {"gsm8k": 30, "aime": 5, "squad": None}, number=49)
    (finding,) = verify(results, config).findings
    assert (finding.kind, finding.found, finding.expected) == ("outdated", "49", "50, as in the config")


def test_a_percentile_is_checked_beside_damaged_files(results: Path) -> None:
    path = add_percentile(results)
    text = path.read_text()
    path.write_text(text.replace(": 30", ": 31"))  # without a record of its own, it is one finding and not two
    (finding,) = verify(results).findings
    assert (finding.kind, finding.path) == ("damaged", path)
    path.write_text(text)
    (path.parent / "cuts.parquet").write_bytes(b"broken")
    assert named(verify(results)) == {str(path.parent / "cuts.parquet"): "damaged"}
    (path.parent / "cuts.parquet").unlink()
    assert named(verify(results)) == {str(path.parent / "cuts.parquet"): "missing"}


@pytest.mark.slow
def test_the_programs_exit_with_the_outcome(root: Path, results: Path) -> None:
    def run(script: str) -> tuple[int, str]:
        command = [sys.executable, str(root / "workflow" / "scripts" / script), "--results", "results/micro"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()[-1]

    (results / "explorer.html").write_text("broken")
    assert run("verify_study.py")[0] == 1
    status, line = run("quarantine_damaged.py")
    assert status == 0 and line.endswith("xargs snakemake OPTIONS -- < results/micro/damaged/targets.txt")
    assert run("verify_study.py")[1].startswith("results/micro: 1 missing")
    (results / ".explorer.html.sha256").unlink()
    assert run("verify_study.py")[0] == 0


def test_damaged_replies_and_partial_writes_are_notes(results: Path) -> None:
    folder = results / ANSWERS / ".replies" / "abc"
    with RecordLog(folder) as log:
        for number in range(3):
            log.append(str(number).rjust(KEY_LENGTH, "0"), {"text": "a reply"})
    (segment,) = folder.glob("*.log")
    (note,) = verify(results).notes
    assert note.startswith(f"{segment.stat().st_size} B of replies are kept")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([lines[0], lines[1].replace(b"reply", b"relpy"), lines[2]]))
    (results / "tables" / ".x.123.partial.csv").write_text("half")
    checked = verify(results)
    assert checked.findings == []
    assert checked.notes[0].startswith(f"1 damaged reply in {segment}") and "1 partial write of" in checked.notes[2]

    # the command of the note removes the replies and nothing else
    before = visible_files(results)
    subprocess.run(note.partition("while no job runs: ")[2], shell=True, check=True)
    assert not list(results.rglob(".replies*")) and visible_files(results) == before
