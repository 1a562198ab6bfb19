"""An edit destroys nothing expensive: a run asks for a word first, and keeps what it replaces."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from workflow_tree import SMALL, SMALL_STUDY, Tree

pytestmark = pytest.mark.workflow

CELL = "models/general/micro-0.07M/seq/rho-1/seed-0"
RESULTS = Path("results/micro")
EDIT = "--config=students={micro-0.07M: {learning_rate: {reasoning: 0.003}}}"


def merge(base: dict, overlay: dict) -> dict:
    nested = {key: merge(base.get(key) or {}, value) for key, value in overlay.items() if isinstance(value, dict)}
    return base | overlay | nested


@pytest.fixture
def real(made: Tree) -> Tree:
    """The finished study as one that is not the small study: it takes the rows as files."""
    micro = yaml.safe_load((made.path / "config/studies/micro.yaml").read_text())
    del micro["small_world"]
    (made.path / "real.yaml").write_text(yaml.safe_dump(merge(micro, SMALL_STUDY)))
    return made


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    found = (file for file in folder.rglob("*") if file.is_file() and file.name != ".snakemake_timestamp")
    return {str(file.relative_to(folder)): (file.stat().st_mtime_ns, file.read_bytes()) for file in found}


def test_trainings_are_made_again_only_with_the_word_for_them(real: Tree, root: Path, tmp_path: Path) -> None:
    study = ("real.yaml",)
    results, launcher = real.path / RESULTS, real.path / "workflow" / "scripts" / "train_student.py"
    before = files(results / "models")

    dry = real.snakemake("-n", EDIT, "models", study=study)
    (word,) = re.findall(r"would make again what exists: 2 trainings; .*--config confirm=([a-z]{6})", dry.stderr)
    for options in ((EDIT,), (EDIT, "--forcerun=adapt_student"), ("--forceall",)):
        refused = real.snakemake("-c1", *options, "models", study=study, check=False)
        assert refused.status == 1 and "error: this run would make again what exists" in refused.stderr
        assert "Finished job" not in refused.stdout + refused.stderr
    assert files(results / "models") == before and not (results / "replaced").exists()

    # a failure after the deletion: the models are still there, beside
    works = launcher.read_text()
    launcher.write_text("import sys; sys.exit(1)")
    confirmed = (
        "-c1",
        "--keep-going",
        "--config",
        EDIT.removeprefix("--config="),
        f"confirm={word}",
        "--configfile",
        *study,
    )
    assert real.command(*confirmed, "--", "models", check=False).status == 1
    assert not (results / CELL).exists()
    kept = files(results / "replaced" / "models")
    assert kept == {name: before[name] for name in kept} and any(CELL.endswith(Path(name).parent.name) for name in kept)

    # in a copy: without the edit they come back, and the edit still counts as one
    undone = Tree(tmp_path / "undone")
    shutil.copytree(real.path, undone.path, symlinks=True)
    script = Path("workflow", "scripts", "restore_replaced.py")
    shutil.copy(root / script, undone.path / script)
    said = undone.snakemake("restore", study=study)
    assert f"{RESULTS / CELL}\n" in said.stdout and "brought back" in said.stdout
    assert files(undone.path / RESULTS / "models") == before
    assert not (undone.path / RESULTS / "replaced" / "models").exists()
    assert undone.dry_run("models", study=study) == {}
    assert undone.snakemake("-n", EDIT, "models", study=study).jobs["train_student"] == 1

    # the same word goes on after an interruption; then the copies go
    launcher.write_text(works)
    assert real.command(*confirmed, "--", "models").status == 0
    assert "--learning-rate 0.003" in (results / CELL / "manifest.json").read_text()
    assert not (results / "replaced" / "models").exists()


WAITS = """
import sys, time
from pathlib import Path

end = time.monotonic() + 120
while "math" in str(sys.argv) and time.monotonic() < end:
    newest = max(Path(".snakemake/log").glob("*.snakemake.log"), key=lambda log: log.stat().st_mtime_ns)
    if "Updating checkpoint dependencies" in newest.read_text():
        time.sleep(1)  # the update, which nothing logs
        break
    time.sleep(0.02)
"""


def test_the_small_study_asks_for_nothing(made: Tree) -> None:
    run = made.snakemake("-c1", EDIT, str(RESULTS / CELL), study=SMALL)
    assert run.status == 0 and "--learning-rate 0.003" in (made.path / RESULTS / CELL / "manifest.json").read_text()


def test_another_benchmark_trains_nobody_unless_it_overlaps_with_the_pairs(made: Tree) -> None:
    families = [*SMALL_STUDY["study"]["families"], {"name": "Law", "benchmarks": ["consumer_qa"]}]  # type: ignore[index]
    (made.path / "more.yaml").write_text(yaml.safe_dump({"study": {"families": families}}))
    study = (*SMALL, "more.yaml")
    before = files(made.path / RESULTS / "models")
    first = {"small_world_benchmark_rows": 1, "prepare_benchmark": 1, "decontaminate_prompts": 2}
    assert made.dry_run("models", study=study) == first
    # the graph is updated for one corpus while the job of the other one still runs
    program = made.path / "workflow" / "scripts" / "decontaminate_prompts.py"
    stand_in = program.read_text()
    program.write_text(WAITS + stand_in.replace("from __future__ import annotations", ""))
    run = made.snakemake("-c2", "models", study=study)
    assert len(re.findall("Updating checkpoint dependencies", run.stdout + run.stderr)) == 2
    program.write_text(stand_in)
    assert files(made.path / RESULTS / "models") == before
    assert made.dry_run("models", study=study) == {}

    # other items, and overlaps with pairs: the stand-in takes the revision of the exclusions from a file
    with (made.path / RESULTS / "benchmarks" / "consumer_qa.parquet").open("a") as table:
        table.write("more")
    (made.path / "revision").write_text("1")
    assert made.dry_run("models", study=study) == {"decontaminate_prompts": 2}
    run = made.snakemake("-c2", "models", study=study)
    assert re.search(r"pair the answers.*train micro", run.stdout + run.stderr, re.S)
    after = files(made.path / RESULTS / "models")
    assert {name for name in before if before[name][0] == after[name][0]} == set()
    assert made.dry_run("models", study=study) == {}
