"""Whether a study that is killed again and again ends with the results of an undisturbed one: ``make test-faults``.

    python tests/benchmarks/faults.py --results results/micro --kills 50

Needs the finished small study of ``make demo`` and works on a copy. For each stage, the program of one of its jobs runs
once undisturbed, and then with SIGKILL at a random moment of each start until so many have come; before each start its
outputs are removed, as Snakemake does. The stage ``snakemake`` kills Snakemake itself, alone or with its jobs, while it
makes tables, figures and the explorer from verdicts. Prints a line per stage. Fails if a result differs from the
undisturbed one, if a file is damaged after a kill, or if a partial write is left.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random

from overhead import ROOT

from scale_or_reason.common.checksums import check_content, visible_files
from scale_or_reason.common.wording import counted
from scale_or_reason.integrity.files import check_files

STUDIES = [f"config/studies/{name}.yaml" for name in ("micro", "demo", "single_cells")]
STAGES = {
    "prompts": "prepare_prompts",
    "pairs": "build_pairs",
    "mixtures": "build_mixture",
    "tokens": "tokenise_pairs",
    "training": "train_student",
    "answers": "evaluate_model",
    "verdicts": "judge_answers",
    "grades": "grade_answers",
    "scores": "score_models",
    "outcomes": "tabulate_outcomes",
    "figures": "draw_figure",
    "explorer": "build_explorer",
}
#: What Snakemake makes while it is killed.
TARGETS = ("tables", "figures", "explorer.html")
#: The rules of these, so that nothing else runs if an input is younger in this copy.
RULES = """
figures tables explorer build_explorer figure_accuracy_by_flops figure_accuracy_by_size figure_training_curves table1
compute_flops tabulate_outcomes score_models measure_uncertainty compute_findings fit_curves compare_judges
jury_sensitivity
"""
#: Files with times of day and durations.
TIMED = (".json", "training_log.csv", "job_timings.csv")
PATIENCE = 1800


class Study:
    """A copy of the project with the results of the small study."""

    def __init__(self, folder: Path, results: Path) -> None:
        self.folder, self.results = folder, folder / "results" / "micro"
        for name in ("config", "envs", "profiles", "resources", "src", "workflow", "Snakefile"):
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
        shutil.copytree(results, self.results, symlinks=True)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # Snakemake gives a job of one thread one; more would wait for each other on a busy machine
        self.environment = os.environ | {"PYTHONPATH": str(folder / "src"), "PATH": path, "OMP_NUM_THREADS": "1"}

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Start a shell command in a session of its own, so that it can be killed with all it has started."""
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            start_new_session=True,
            stdout=(self.folder / "screen.txt").open("ab"),
            stderr=subprocess.STDOUT,
        )

    def finish(self, command: str) -> float:
        """Run a command to its end; return its seconds."""
        began = time.monotonic()
        status = self.start(command).wait(PATIENCE)
        if status != 0:
            screen = (self.folder / "screen.txt").read_text(encoding="utf-8", errors="replace")
            raise SystemExit(f"{screen[-3000:]}\nstatus {status}: {command[:300]}")
        return time.monotonic() - began

    def commands(self) -> list[str]:
        """The shell commands of all jobs of the study."""
        command = ["snakemake", "-c1", "--configfile", *STUDIES, "-n", "-p", "--forceall", "--", "all"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True
        )
        return re.findall(r"^Shell command: (.*)$", done.stdout, flags=re.MULTILINE)

    def written_since(self, began: float) -> list[Path]:
        """The results that are younger than ``began`` (seconds since the epoch)."""
        files = (file for file in visible_files(self.results) if file.relative_to(self.results).parts[0] != "logs")
        return [file for file in files if file.stat().st_mtime >= began]


def contents(files: list[Path]) -> dict[Path, bytes]:
    """The bytes of results that have no times in them."""
    return {file: file.read_bytes() for file in files if not file.name.endswith(TIMED)}


def kill(process: subprocess.Popen[bytes], whole: bool) -> None:
    """SIGKILL the shell's child, or with ``whole`` all processes of its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL) if whole else process.kill()
    process.wait()


def attack_program(study: Study, stage: str, command: str, kills: int, random: Random) -> str:
    """Kill the program of one job so many times, and compare what it makes in the end."""
    for log in re.findall(r"&> (\S+)", command):  # Snakemake makes its folder
        (study.folder / log).parent.mkdir(parents=True, exist_ok=True)
    began = time.time()
    study.finish(command)
    outputs = study.written_since(began)
    clear(outputs)
    forget(outputs)  # the copied study has replies from which the first run did not need to do its work
    seconds = study.finish(command)
    expected = contents(outputs)
    if not expected:
        raise SystemExit(f"{stage}: the undisturbed run has written nothing")
    done = starts = 0
    while done < kills:
        clear(outputs)
        starts += 1
        process = study.start(command)
        try:
            status = process.wait(random.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            kill(process, whole=True)
            done += 1
            check_whole(outputs, stage)
            continue
        if status != 0:
            raise SystemExit(f"{stage}: status {status} after {done} kills: {command[:300]}")
        compare(stage, expected, done)
        forget(outputs)
    clear(outputs)
    study.finish(command)
    compare(stage, expected, done)
    left = left_behind(outputs)
    if left:
        raise SystemExit(f"{stage}: left behind: {left}")
    same = f"{stage}: the same after {done} kills in {starts + 1} starts of {seconds:.1f} s"
    return f"{same}; {counted(len(expected), 'file')}"


def attack_snakemake(study: Study, kills: int, random: Random) -> str:
    """Kill Snakemake so many times, every other time without its jobs, and compare what it makes in the end."""
    config = f"--configfile {' '.join(STUDIES)}"
    allowed = f"--allowed-rules {' '.join(RULES.split())}"
    command = f"exec snakemake -c2 --rerun-incomplete {allowed} {config} -- figures tables explorer"
    study.finish(command)  # what is older than today's code
    names = [study.results / name for name in TARGETS]
    expected = contents([file for name in names for file in (visible_files(name) if name.is_dir() else [name])])
    clear(list(expected))
    began = time.monotonic()
    study.finish(command)
    seconds = time.monotonic() - began
    compare("snakemake", expected, 0)
    clear(list(expected))
    for number in range(kills):
        process = study.start(command)
        try:
            process.wait(random.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            kill(process, whole=number % 2 == 0)
        else:
            clear(list(expected))
        study.finish(f"snakemake --unlock {config}")
        check_whole(list(expected), "snakemake")
    study.finish(command)
    compare("snakemake", expected, kills)
    return f"snakemake: the same after {kills} kills of a run of {seconds:.0f} s; {counted(len(expected), 'file')}"


def clear(outputs: list[Path]) -> None:
    """Remove a job's outputs, as Snakemake does before it starts the job again."""
    for file in outputs:
        file.unlink(missing_ok=True)


def forget(outputs: list[Path]) -> None:
    """Remove what a program keeps to go on from: kept replies, checkpoints."""
    for folder in {file.parent for file in outputs}:
        for hidden in [*folder.glob(".replies"), *folder.parent.glob(f".{folder.name}.checkpoints-*")]:
            shutil.rmtree(hidden, ignore_errors=True)


def check_whole(outputs: list[Path], stage: str) -> None:
    for file in outputs:
        if file.is_file():
            with suppress(FileNotFoundError):  # replaced by a job that has survived its Snakemake
                check_content(file)


def compare(stage: str, expected: dict[Path, bytes], kills: int) -> None:
    for file, content in expected.items():
        if not file.is_file() or file.read_bytes() != content:
            raise SystemExit(f"{stage}: {file} differs from the undisturbed run after {kills} kills")


def left_behind(outputs: list[Path]) -> list[str]:
    """Partial writes of killed starts in the folders of the outputs, other than single temporary files."""
    folders = {folder for file in outputs for folder in (file.parent, file.parent.parent)}
    return sorted(str(path) for folder in folders for path in folder.glob(".*.partial") if path.is_dir())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "micro", help="a finished small study")
    parser.add_argument("--kills", type=int, default=50, help="of each stage (%(default)s)")
    parser.add_argument("--stages", nargs="+", choices=[*STAGES, "snakemake"], default=[*STAGES, "snakemake"])
    parser.add_argument("--seed", type=int, default=0, help="of the moments (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder), arguments.results)
        commands = study.commands()
        for stage in arguments.stages:
            random = Random(f"{arguments.seed} {stage}")
            if stage == "snakemake":
                line = attack_snakemake(study, arguments.kills, random)
            else:
                program = f"workflow/scripts/{STAGES[stage]}.py"
                command = next(command for command in commands if f"{program} " in command)
                line = attack_program(study, stage, command, arguments.kills, random)
            print(line, flush=True)
        findings = check_files(study.results)[0].findings
        if findings:
            raise SystemExit("\n".join(map(str, findings)))


if __name__ == "__main__":
    main()
