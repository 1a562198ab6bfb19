"""A copy of the project that runs a small study through profiles/slurm, with the real rules and programs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from throwaway_slurm import ThrowawaySlurm

MICRO = "config/studies/micro.yaml"
#: Snakemake for tests through Slurm, and what they change of the profile: the file system is local here.
SNAKEMAKE = [sys.executable, str(Path(__file__).with_name("impatient.py"))]
CHANGES = ["--slurm-study-init-seconds-before-status-checks", "2", "--latency-wait", "20"]


@dataclass(frozen=True)
class ClusterProject:
    """A folder with the project in it; ``cluster.yaml`` is its overlay on the small study."""

    path: Path

    @classmethod
    def plant(cls, root: Path, path: Path, overlay: dict[str, Any]) -> ClusterProject:
        """The project's files; results and Snakemake's lock stay out of the checkout."""
        for name in ("workflow", "config", "envs", "resources", "profiles", "src"):
            shutil.copytree(root / name, path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        project = cls(path)
        project.say(overlay)
        return project

    def say(self, overlay: dict[str, Any], file: str = "cluster.yaml") -> None:
        """Write an overlay."""
        (self.path / file).write_text(yaml.safe_dump(overlay), encoding="utf-8")

    def command(self, *arguments: str, targets: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> list[str]:
        """Snakemake with the overlays of the test."""
        study = ["--configfile", MICRO, "cluster.yaml", *more]
        return [*SNAKEMAKE, *arguments, *study, "--", *targets]

    def here(self, *targets: str, more: tuple[str, ...] = ()) -> None:
        """Make files on this machine, without Slurm."""
        command = self.command("--profile", "profiles/local", targets=targets, more=more)
        self._run(command, dict(os.environ))

    def start(
        self, slurm: ThrowawaySlurm, log: Path, *arguments: str, targets: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """Snakemake with the project's Slurm profile, in the background."""
        command = self.command("--profile", "profiles/slurm", *CHANGES, *arguments, targets=targets)
        with log.open("ab") as stream:
            return subprocess.Popen(
                command, cwd=self.path, env=environment(slurm), stdout=stream, stderr=subprocess.STDOUT
            )

    def through_slurm(self, slurm: ThrowawaySlurm, *arguments: str, targets: tuple[str, ...] = ()) -> str:
        """The same to its end, which has to be a good one; what it said."""
        command = self.command("--profile", "profiles/slurm", *CHANGES, *arguments, targets=targets)
        return self._run(command, environment(slurm), slurm)

    def _run(self, command: list[str], variables: dict[str, str], slurm: ThrowawaySlurm | None = None) -> str:
        done = subprocess.run(command, cwd=self.path, env=variables, capture_output=True, text=True, timeout=1100)
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{slurm.logs() if slurm else ''}\n{said}\n{self.logs()}"
        return said

    def logs(self) -> str:
        """What the programs said, for the message of a failed test."""
        files = sorted(self.path.glob("results/*/logs/**/*.log"), key=lambda file: file.stat().st_mtime)[-5:]
        return "".join(f"\n--- {file}\n{file.read_text(errors='replace')[-2000:]}" for file in files)


def environment(slurm: ThrowawaySlurm) -> dict[str, str]:
    """What Snakemake is run with on the login node of this Slurm."""
    return slurm.environment | {"PATH": f"{Path(sys.executable).parent}:{slurm.environment['PATH']}"}


#: One student and published pairs, so that a training needs no teacher: five light jobs, then trainings.
TRAININGS: dict[str, Any] = {
    "study": {
        "students": ["micro-0.07M"],
        "corpora": ["general"],
        "adaptations": [],
        "base_shots": [],
        "teacher": None,
        "judges": [],
        "families": [{"name": "Math-OE", "benchmarks": ["gsm8k"]}],
    },
    "pairs": {"source": "released", "tokenizer": "resources/micro/tokenizer"},
    "corpora": {"general": {"released": {"kind": "jsonl", "path": "data/pairs.jsonl"}}},
}


def model(ratio: float, curriculum: str = "seq") -> str:
    """The path of a trained student."""
    return f"results/micro/models/general/micro-0.07M/{curriculum}/rho-{ratio}/seed-0"


def mixture(ratio: float, curriculum: str = "seq") -> str:
    """The path of what it is trained on."""
    return f"results/micro/mixtures/general/{curriculum}/rho-{ratio}.parquet"


def ready_to_train(root: Path, path: Path, questions: int, overlay: dict[str, Any], *mixtures: str) -> ClusterProject:
    """A project in which only trainings are left to do, of so many questions."""
    merged = deepcopy({**TRAININGS, **overlay})
    merged["corpora"]["general"]["num_prompts"] = questions
    project = ClusterProject.plant(root, path, merged)
    write_pairs(path, questions)
    project.here(*mixtures, "results/micro/tokens/general/tokenizer")
    return project


def write_pairs(path: Path, questions: int) -> None:
    """Published pairs of additions for a project."""
    (path / "data").mkdir()
    with (path / "data" / "pairs.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(questions):
            total = number + number % 7
            row = {
                "prompt": f"question {number}: what is {number} plus {number % 7}?",
                "ift": str(total),
                "reasoning": f"<think>\n{number} plus {number % 7} is {total}\n</think>\n\n{total}",
            }
            stream.write(json.dumps(row) + "\n")
