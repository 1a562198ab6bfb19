"""The dry run of the papers' study: its jobs, and how little work it takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from stated_jobs import MEASUREMENTS, TRAININGS, numbers_on, stated_jobs
from workflow_tree import MICRO, Run, Tree

from scale_or_reason.benchmarks.names import BENCHMARK_NAMES

pytestmark = pytest.mark.workflow

REFUSE = 'raise ImportError("a dry run imports no {name}")\n'
#: Programs refuse the network; the dry run itself counts the calls of functions that it takes.
CUSTOMISE = """
import atexit, cProfile, os, socket

def refuse(*arguments, **options):
    raise OSError("a dry run needs no network")

def write():
    profile.disable()
    with open(path, "w") as stream:
        print(sum(entry.callcount for entry in profile.getstats()), file=stream)

socket.socket.connect = socket.getaddrinfo = refuse
if path := os.environ.pop("COUNT_CALLS", None):
    profile = cProfile.Profile()
    profile.enable()
    atexit.register(write)
"""


@pytest.fixture(scope="module")
def paper(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, float]:
    """A dry run of the paper's study where heavy libraries and the network refuse.

    With the calls of functions that it takes in dry runs of a workflow of one job: no clock, which other work on the
    machine moves.
    """
    refusing = tmp_path_factory.mktemp("refusing")
    for name in ("torch", "vllm", "transformers", "datasets", "polars"):
        (refusing / f"{name}.py").write_text(REFUSE.format(name=name))
    (refusing / "sitecustomize.py").write_text(CUSTOMISE)
    single = tmp_path_factory.mktemp("single")
    (single / "Snakefile").write_text("rule all:\n    output: 'a'\n    shell: 'touch {output}'\n")
    count = refusing / "calls"
    search = os.pathsep.join([str(refusing), os.environ.get("PYTHONPATH", "")])
    environment = {"PYTHONPATH": search.rstrip(os.pathsep), "COUNT_CALLS": str(count)}
    runs, calls = [], []
    for place in (single, tree.path):
        runs.append(Tree(place, environment).snakemake("-n", "--quiet=reason"))
        calls.append(int(count.read_text()))
    assert tree.known is not None
    tree.known[(), ()] = runs[1].jobs
    return runs[1], calls[1] / calls[0]


def test_the_papers_study(paper: tuple[Run, float]) -> None:
    run, single_runs = paper
    jobs = run.jobs
    assert (jobs["train_student"], jobs["adapt_student"]) == (80, 20)
    assert jobs["evaluate_model"] == 100
    assert (jobs["evaluate_base_student"], jobs["evaluate_teacher"]) == (5, 1)
    # in batches of eight: all that a student was trained on with one corpus
    assert (jobs["judge_student_1"], jobs["judge_adapted_student_1"]) == (10 * 3, 5 * 3)
    assert (jobs["judge_base_student_1"], jobs["judge_teacher_1"]) == (5 * 3, 3)
    assert jobs["grade_answers"] == 122
    assert jobs["score_models"] == jobs["score_models_within_limit"] == jobs["compute_flops"] == 1
    assert jobs["prepare_benchmark"] == len(BENCHMARK_NAMES)
    assert jobs["build_mixture"] == 2 * (5 + 3)
    assert jobs["tokenise_pairs"] == 2  # all students share a tokenizer
    assert jobs["evaluate_within_limit"] == jobs["grade_within_limit"] == 20
    assert jobs["judge_student_within_limit_1"] == 10 * 3  # both formats of a student on a corpus
    assert single_runs < 25, f"the calls of {single_runs:.1f} dry runs of one job"  # measured: 20.2


#: Reads a Snakefile of bare rules, and ours as every job on a cluster does; builds no graph. Prints rules and calls of
#: functions, ours first, and the libraries that ours brings.
PARSE = """
import cProfile, sys
from pathlib import Path
import smart_open, snakemake.cli
from snakemake.api import ConfigSettings, OutputSettings, ResourceSettings, SnakemakeApi, WorkflowSettings
from snakemake.settings.types import Quietness, StorageSettings
from snakemake_interface_executor_plugins.settings import ExecMode

def read(snakefile):
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            ResourceSettings(cores=1),
            ConfigSettings(),
            StorageSettings(),
            WorkflowSettings(exec_mode=ExecMode.REMOTE),
            snakefile=snakefile.absolute(),
        )
        profile = cProfile.Profile()
        profile.enable()
        rules = list(workflow._workflow.rules)
        profile.disable()
        return len(rules), sum(entry.callcount for entry in profile.getstats())

bare = Path(sys.argv[1])
read(bare)  # Snakemake loads some of itself only now
before = set(sys.modules)
print(*read(Path("workflow", "Snakefile")), *read(bare))
print(*{name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)
"""


def test_the_snakefile_is_read_with_little_work(tree: Tree, tmp_path: Path) -> None:
    """Each job on a cluster does it twice. Work is calls of functions, which no other work on the machine changes."""
    bare = tmp_path / "Snakefile"
    bare.write_text("".join(f"rule r{n}:\n    output: '{n}'\n    shell: 'touch {{output}}'\n" for n in range(50)))
    command = [sys.executable, "-c", PARSE, str(bare)]
    done = subprocess.run(command, cwd=tree.path, capture_output=True, text=True, check=True)
    counts, libraries = done.stdout.splitlines()[-2:]
    rules, calls, bare_rules, bare_calls = map(int, counts.split())
    assert rules > 30 and bare_rules == 50
    bare_times = (calls / rules) / (bare_calls / bare_rules)
    assert bare_times < 19, f"{bare_times:.1f} times the calls that a bare rule takes"  # measured: 14.9
    # Snakemake's own, for files of settings and versions
    assert set(libraries.split()) - {"dpath", "packaging", "yte"} == {"scale_or_reason", "snakemake_study"}


def test_the_dry_run_of_the_papers_study_is_small(tree: Tree) -> None:
    """As on a cluster, with groups; megabytes at the peak."""
    program = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    dry_run = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", "-n"]
    done = subprocess.run([sys.executable, "-c", program, *dry_run], cwd=tree.path, capture_output=True, check=True)
    assert int(done.stdout) / 1024 < 500


def test_the_page_of_measurements_counts_the_jobs_of_the_papers_study(paper: tuple[Run, float]) -> None:
    """In the table of commands, and by kind in the table of jobs on Slurm."""
    jobs = paper[0].jobs
    total = sum(jobs.values()) + 1  # and the rule `all`
    assert stated_jobs("snakemake -n") == (total, None)
    trained = (jobs["train_student"], jobs["adapt_student"])
    assert numbers_on("README.md", r"(\d+) trainings on two corpora and (\d+) adaptations") == trained
    words = r"so (\d+) trainings serve 100 cells. There are also (\d+) adaptations"
    assert numbers_on("docs/explanation/architecture.md", words) == trained
    table = re.search(r"^This table has the (\d+) jobs.*?\n\n\|(.*?)\n\n", MEASUREMENTS.read_text(), re.M | re.S)
    assert table is not None and int(table[1]) == total
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2].splitlines()[2:]]
    stated = {name: int(count) for name, count, *_ in rows}
    assert stated.pop("total") == sum(stated.values()) == total
    kinds = {"teacher answers to prompts": "generate_", "evaluations": "evaluate_", "judges": "judge_"}
    kinds |= {"rule graders": "grade_"}
    for kind, start in kinds.items():
        assert stated[kind] == sum(count for rule, count in jobs.items() if rule.startswith(start)), kind
    assert stated["trainings, adaptations"] == sum(count for rule, count in jobs.items() if rule in TRAININGS)


def test_the_first_line_says_which_study_runs(paper: tuple[Run, float], tree: Tree) -> None:
    assert paper[0].stderr.startswith("study v2: 5 students, 100 trainings, 122 models")
    assert tree.snakemake("-n", "table1", study=MICRO).stderr.startswith("study micro: ")
