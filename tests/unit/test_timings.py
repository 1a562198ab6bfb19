"""The time table against hand-computed sums of files as Snakemake writes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.planning.timings import job_timings

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def timings(tmp_path: Path) -> Path:
    jobs = {
        "train_student/general/small/seq/rho-0/seed-0.tsv": "30.0\t0:00:30\t900.5\t0\t0\t0\t0\t0\t90\t25.0\n",
        "train_student/general/large/seq/rho-0/seed-0.tsv": "50.0\t0:00:50\t700.0\t0\t0\t0\t0\t0\t90\t45.5\n",
        "build_pairs.tsv": "0.2\t0:00:00\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA\n",
        "table1.tsv": "19.8\t0:00:19\t100.0\t0\t0\t0\t0\t0\t90\t1.5\n",
    }
    for name, row in jobs.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(HEADER + row, encoding="utf-8")
    return tmp_path


def test_sums_by_rule(timings: Path) -> None:
    assert job_timings(timings).rows() == [
        ("train_student", 2, 80.0, 0.8, 40.0, 50.0, 70.5, 900.5),
        ("table1", 1, 19.8, 0.198, 19.8, 19.8, 1.5, 100.0),
        ("build_pairs", 1, 0.2, 0.002, 0.2, 0.2, 0.0, 0.0),
    ]


def test_what_a_warm_start_hides_is_null(timings: Path) -> None:
    """Snakemake measures the client, which waits for the fork."""
    header = HEADER.removesuffix("\n") + "\tparams\n"
    for name, launcher in {"forked": "python workflow/scripts/warm_start.py trainer", "own": "python"}.items():
        row = f"7.0\t0:00:07\t13.6\t0\t0\t0\t0\t0\t0\t0.04\t{{'launcher': '{launcher}'}}\n"
        (timings / f"{name}.tsv").write_text(header + row, encoding="utf-8")
    rows = {row[0]: row[2:3] + row[6:] for row in job_timings(timings).rows()}
    assert rows["forked"] == (7.0, None, None)
    assert rows["own"] == (7.0, 0.04, 13.6)
    assert rows["train_student"] == (80.0, 70.5, 900.5)


@pytest.mark.slow
def test_the_script(root: Path, timings: Path, tmp_path: Path) -> None:
    output = tmp_path / "tables" / "timings.csv"
    script = root / "workflow" / "scripts" / "job_timings.py"
    subprocess.run([sys.executable, script, "--timings", timings, "--output", output], check=True)
    assert pl.read_csv(output)["rule"].to_list() == ["train_student", "table1", "build_pairs"]


def test_before_any_job(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there are no job timings"):
        job_timings(tmp_path)
