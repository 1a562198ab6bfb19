"""The archive of a study: what is in it, that it verifies elsewhere, and that drawing it again needs no engine."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from configs import load
from made_results import ANSWERS, MODEL, ROOT, make_study

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import write_text
from scale_or_reason.integrity.archive import write_archive
from scale_or_reason.integrity.files import check_files
from scale_or_reason.study.local_files import PROJECT

#: Programs that archives are drawn with; the others need models, sources or engines.
SCRIPTS = """
draw_figure build_explorer table1 tabulate_outcomes score_models measure_uncertainty compute_findings fit_curves
measure_answer_lengths compare_judges jury_sensitivity compare_length_limits compare_with_papers figure_training_curves
measure_test_time fit_data job_timings verify_study archive_study inspect_item inspect_prompt plan_study advise
"""
PACKAGES = ("common", "study", "scoring", "analysis", "claims", "planning", "integrity", "reporting", "preflight")


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_study(Path("results/micro"))


def archived(results: Path, *parts: str) -> dict[str, bytes]:
    write_archive(results, Path("out.zip"), parts, load(ROOT, "micro"), ["figures"])
    with ZipFile("out.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.slow
def test_an_archive_has_tables_figures_and_manifests_and_the_parts_that_are_wanted(results: Path) -> None:
    small = set(archived(results))
    always = {"tables/scores.csv", "figures/v2/fig02.png", "explorer.html", f"{MODEL}/manifest.json"}
    assert {f"results/micro/{name}" for name in always} <= small
    assert not any(name.endswith((".safetensors", ".bin", ".log", ".jsonl")) for name in small)
    assert set(archived(results, "answers")) - small == {
        *(f"results/micro/{ANSWERS}/{name}" for name in ("gsm8k.parquet", ".gsm8k.parquet.sha256")),
        *(f"results/micro/benchmarks/{name}" for name in ("gsm8k.parquet", ".gsm8k.parquet.sha256")),
    }
    assert f"results/micro/{MODEL}/model.safetensors" in archived(results, "models")
    assert "results/micro/tokens/general/tok/tokens.bin" in archived(results, "pairs")


@pytest.mark.slow
def test_an_unpacked_archive_verifies_and_its_damage_is_found(results: Path, tmp_path: Path) -> None:
    archived(results, "answers")
    with ZipFile("out.zip") as archive:
        archive.extractall(tmp_path / "elsewhere")
    place = tmp_path / "elsewhere" / "results" / "micro"
    assert check_files(place)[0].findings == []
    listed = dict(line.split("  ")[::-1] for line in (place / "archive" / "SHA256SUMS").read_text().splitlines())
    assert "results/micro/tables/scores.csv" in listed
    for name, digest in listed.items():
        assert hashlib.sha256((tmp_path / "elsewhere" / name).read_bytes()).hexdigest() == digest
    (place / MODEL / "manifest.json").write_text("{}")
    (finding,) = check_files(place)[0].findings
    assert finding.path == place / MODEL / "manifest.json"


@pytest.mark.slow
def test_a_damaged_file_is_not_archived(results: Path) -> None:
    (results / "tables" / "scores.csv").write_text("a,b\n1,3\n")
    with pytest.raises(StudyError, match="damaged") as caught:
        archived(results)
    assert caught.value.where == results / "tables" / "scores.csv"
    assert not Path("out.zip").exists()


def test_nothing_to_archive_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match="nothing to archive"):
        write_archive(Path("results/none"), Path("out.zip"), [], {}, [])


@pytest.mark.slow
def test_the_config_of_an_archive_has_no_path_of_this_machine(results: Path) -> None:
    config = load(ROOT, "micro")
    config["students"]["micro-1M"]["model"] = f"{PROJECT}/resources/micro/students/micro-1M"
    write_archive(results, Path("out.zip"), [], config, ["figures"])
    with ZipFile("out.zip") as archive:
        text = archive.read("results/micro/archive/config.yaml").decode()
        profile = yaml.safe_load(archive.read("results/micro/archive/profile/config.yaml"))
    assert str(PROJECT) not in text
    assert yaml.safe_load(text)["students"]["micro-1M"]["model"] == "resources/micro/students/micro-1M"
    assert profile["configfile"] == ["results/micro/archive/config.yaml"] and profile["allowed-rules"] == ["figures"]


@pytest.mark.slow
def test_an_archive_of_other_files_keeps_their_order_in_time(results: Path) -> None:
    """Snakemake compares times: a table must not become older than what it was made from."""
    write_text("x", results / "tables" / "later.csv")
    archived(results)
    with ZipFile("out.zip") as archive:
        times = {info.filename: info.date_time for info in archive.infolist()}
    first, last = (times[f"results/micro/tables/{name}.csv"] for name in ("scores", "later"))
    assert first <= last


def extra() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["analysis"]]


#: Imports modules and programs where only the distributions of the extra, and what they require, can be imported.
IMPORTER = """
import importlib, importlib.metadata as metadata, importlib.util, re, sys
from pathlib import Path
root, extra, modules, scripts = Path(sys.argv[1]), *(part.split() for part in sys.argv[2:])
plain = lambda name: re.sub(r"[-_.]+", "-", re.match(r"[\\w.-]+", name)[0]).lower()
allowed, waiting = {"scale-or-reason"}, [plain(name) for name in extra]
while waiting:
    name = waiting.pop()
    if name in allowed:
        continue
    allowed.add(name)
    try:
        needed = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        continue
    waiting += [plain(line) for line in needed if "extra ==" not in line]
owners = {module: {plain(name) for name in names} for module, names in metadata.packages_distributions().items()}
class Only:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        refused = top not in sys.stdlib_module_names and owners.get(top) and not owners[top] & allowed
        return None if refused else self.finder.find_spec(name, path, target)
sys.meta_path[:] = map(Only, sys.meta_path)
for module in modules:
    importlib.import_module(module)
for script in scripts:
    spec = importlib.util.spec_from_file_location(script, root / "workflow" / "scripts" / f"{script}.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
print(len(modules))
"""


@pytest.mark.slow
def test_figures_pages_and_rules_import_nothing_beyond_the_analysis_environment() -> None:
    source = ROOT / "src"
    files = [file for name in PACKAGES for file in (source / "scale_or_reason" / name).rglob("*.py")]
    modules = {".".join(file.relative_to(source).with_suffix("").parts) for file in files if file.stem != "__main__"}
    for rules in (ROOT / "workflow").rglob("*.smk"):  # what Snakemake itself imports
        modules |= set(re.findall(r"^from (scale_or_reason[\w.]+) import", rules.read_text(), flags=re.MULTILINE))
    command = [
        sys.executable,
        "-c",
        IMPORTER,
        str(ROOT),
        " ".join(extra()),
        " ".join(sorted(modules)),
        SCRIPTS,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


#: They read what no archive has: trainings, mixtures and pairs; the timings of jobs.
NOT_REDRAWN = {"compute_flops", "job_timings", "resource_usage"}
#: Not with other small jobs in a group: tables that others wait for, bootstraps, and what waits for those.
NOT_GROUPED = NOT_REDRAWN | {"score_models", "tabulate_outcomes", "measure_answer_lengths", "measure_uncertainty"}
NOT_GROUPED |= {"compare_with_papers"}


def test_rules_that_write_tables_run_in_archives_and_in_groups() -> None:
    folder = ROOT / "workflow" / "rules"
    text = "\n".join(file.read_text() for file in sorted(folder.glob("*.smk")))
    blocks = re.findall(r"^ *rule (\w+):\n(.*?)(?=^ *(?:use )?rule \w|\Z)", text, re.M | re.S)
    writers = {name for name, block in blocks if re.search(r"^ *output:\n(?:(?! *log:).*\n)*.*/tables/", block, re.M)}
    (listed,) = re.findall(r"^REDRAWN \+= \[\n(.*?)^\]", text, re.M | re.S)
    assert {"measure_test_time", "score_models", "fit_data"} < writers
    assert writers - {*re.findall(r'"(\w+)"', listed)} == NOT_REDRAWN
    groups = yaml.safe_load((ROOT / "profiles" / "slurm" / "profile.yaml").read_text())["groups"]
    assert writers - {*groups} == NOT_GROUPED
