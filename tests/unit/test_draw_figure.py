"""The program that draws a figure."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import polars as pl
import pytest
from drawn_figures import table_of
from full_grid import small_results
from programs import call, run_script

from scale_or_reason.common.checksums import is_record
from scale_or_reason.common.tables import write_csv, write_table


def draw_by_hand(root, folder, stem, *tables, figure_type="ratio_gap", hash_seed=None):
    small = small_results()
    settings = {"sizes": small.sizes, "corpora": small.corpora, "ratios": small.ratios, "curricula": small.curricula}
    settings["families"] = [{"name": name, "benchmarks": own} for name, own in small.families.items()]
    options = ["--type", figure_type, "--parameters", json.dumps({"tasks": "main families", "by": "size"})]
    options += ["--study", json.dumps(settings), "--tables", *tables, "--style", str(root / "config/style.yaml")]
    options += ["--output-stem", str(folder / stem)]
    script = root / "workflow/scripts/draw_figure.py"
    if hash_seed is None:
        return run_script(script, *options)
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.slow
def test_the_program_draws_the_same_bytes_again(root, tmp_path):
    write_table(small_results().table("scores"), tmp_path / "scores.parquet", "scores")
    # the hashes of this process, and others
    for stem, hash_seed in (("one", None), ("two", "1")):
        done = draw_by_hand(root, tmp_path, stem, f"scores={tmp_path / 'scores.parquet'}", hash_seed=hash_seed)
        assert (done.returncode, done.stderr) == (0, "")
    for suffix in (".pdf", ".png", ".csv"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert (tmp_path / "one.csv").read_text() == table_of("v1/fig04", small_results()).write_csv()
    assert not [path for path in tmp_path.glob(".*") if not is_record(path)]


@pytest.mark.slow
def test_the_program_refuses_a_table_that_its_type_does_not_know(root, tmp_path):
    done = draw_by_hand(root, tmp_path, "one", "costs=costs.parquet")
    assert done.returncode == 2
    assert "unknown table of this figure type" in done.stderr and "scores=FILE" in done.stderr


@pytest.mark.slow
def test_the_program_reads_csv_too(root, tmp_path, capsys):
    write_csv(small_results().table("early_stopping"), tmp_path / "early_stopping.csv")
    small = small_results()
    settings = {"sizes": small.sizes, "corpora": small.corpora}
    settings["families"] = [{"name": name, "benchmarks": own} for name, own in small.families.items()]
    arguments = ["--type", "early_stopping", "--parameters", '{"tasks": "main families"}']
    arguments += ["--study", json.dumps(settings), "--tables", f"early_stopping={tmp_path / 'early_stopping.csv'}"]
    arguments += ["--output-stem", str(tmp_path / "drawn"), "--style", str(root / "config/style.yaml")]
    call(root, "draw_figure.py", *arguments)
    assert (tmp_path / "drawn.csv").read_text() == table_of("v1/fig09", small_results()).write_csv()
    assert (tmp_path / "drawn.pdf").stat().st_size > 1000
    counted = small_results().table("early_stopping").with_columns(flops_by=pl.lit("exact"))
    write_csv(counted, tmp_path / "early_stopping.csv")
    with pytest.raises(SystemExit):
        call(root, "draw_figure.py", *arguments)
    assert "a table has another count of FLOPs than the study" in capsys.readouterr().err
