"""A copy of the workflow in an empty folder, and Snakemake run there.

Programs can be replaced by one that only writes the files that it is asked for (``stand_in.py``): the graph, the
triggers and the paths are Snakemake's own and real, no engine is started.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from warm_start import WarmPython

HERE = Path(__file__).parent
MICRO = ("config/studies/micro.yaml",)
MODELS = ("teacher", "judge", *(f"students/micro-{size}" for size in ("0.07M", "0.19M", "0.49M", "1M", "1.9M")))


#: What Snakemake and the workflow's files import: most of the time of a dry run of a few jobs.
IMPORTED = (
    "snakemake.cli",
    "snakemake.dag",
    "snakemake.persistence.file",
    "snakemake.report",
    "snakemake.scheduling.job_scheduler",
    "snakemake_executor_plugin_slurm",
    "scale_or_reason.study.batches",
    "scale_or_reason.preflight.file_checks",
    "scale_or_reason.preflight.validation",
    "scale_or_reason.reporting.figures.registry",
    "scale_or_reason.reporting.inspect.files",
    "snakemake_rehearsal",
)


@functools.cache
def warm_snakemake() -> WarmPython:
    """A process that has imported Snakemake."""
    return WarmPython(*IMPORTED)


@dataclass(frozen=True)
class Run:
    """What Snakemake said."""

    status: int
    stdout: str
    stderr: str

    @property
    def jobs(self) -> dict[str, int]:
        """Jobs of a dry run by rule, without ``all`` and other collections; empty if there is nothing to do."""
        table = re.search(r"^Job stats:\njob +count\n[- ]+\n(.*?)^total", self.stdout + self.stderr, re.M | re.S)
        rows = [line.split() for line in table.group(1).splitlines()] if table else []
        collections = {"all", "models", "answers", "scores", "figures", "tables", "explorer"}
        return {rule: int(count) for rule, count in rows if rule not in collections}


@dataclass(frozen=True)
class Tree:
    """A folder with the workflow in it."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)
    #: The jobs of dry runs by targets and shipped overlays, in a folder that no test changes.
    known: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[str, int]] | None = None
    #: A process that has imported Snakemake with the ``PYTHONPATH`` of ``environment``, for many runs of the same code.
    warm: WarmPython | None = None

    def snakemake(self, *arguments: str, study: tuple[str, ...] = (), check: bool = True) -> Run:
        """Run Snakemake with the overlays ``study``."""
        overlays = ["--configfile", *study, "--"] if study else []
        # overlays take every word up to the next option, so targets come after `--`
        options = [word for word in arguments if word.startswith("-")]
        targets = [word for word in arguments if not word.startswith("-")]
        return self.command(*options, *overlays, *targets, check=check)

    def command(self, *words: str, check: bool = True) -> Run:
        """Run Snakemake with these words in this order."""
        warm = self.warm or warm_snakemake()
        done = warm.run(["-m", "snakemake", *words], self.path, os.environ | self.environment)
        run = Run(done.returncode, done.stdout, done.stderr)
        assert not check or run.status == 0, run.stdout[-2000:] + run.stderr[-4000:]
        return run

    def dry_run(self, *arguments: str, study: tuple[str, ...] = ()) -> dict[str, int]:
        """Which jobs would run."""
        if self.known is None or not all(name.startswith("config/studies/") for name in study):
            return self.snakemake("-n", "--quiet=reason", *arguments, study=study).jobs
        if (arguments, study) not in self.known:
            self.known[arguments, study] = self.snakemake("-n", "--quiet=reason", *arguments, study=study).jobs
        return dict(self.known[arguments, study])

    def edit(self, file: str, before: str, after: str) -> None:
        """Replace text in a file; it must be there."""
        text = (self.path / file).read_text()
        assert before in text
        (self.path / file).write_text(text.replace(before, after))


def plant(root: Path, folder: Path) -> Tree:
    """A copy of the workflow with model folders that look like models."""
    for name in ("workflow", "config", "envs", "profiles", "src/scale_or_reason", "src/snakemake_study"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "Snakefile", folder)
    (folder / "README.md").write_text("a readme\n")
    shutil.copytree(root / "resources" / "papers", folder / "resources" / "papers")
    recipe = root / "resources" / "micro" / "recipe.yaml"
    for model in MODELS:
        place = folder / "resources" / "micro" / model
        place.mkdir(parents=True)
        (place / "config.json").write_text("{}\n")
        (place / "model.safetensors").write_text(model)
        (place / "tokenizer.json").write_text("{}\n")
        (place / "chat_template.jinja").write_text("{{ messages }}\n")
    shutil.copy(recipe, folder / "resources" / "micro")
    tokenizer = folder / "resources" / "micro" / "tokenizer"
    tokenizer.mkdir()
    (tokenizer / "tokenizer.json").write_text("{}\n")
    return Tree(folder)


def replace_programs(folder: Path) -> None:
    """Put stand-ins in the place of the programs of the workflow in ``folder``."""
    for script in (folder / "workflow" / "scripts").glob("*.py"):
        shutil.copy(HERE / "stand_in.py", script)


SMALL_STUDY = {
    "compute": {"warm_start": False},  # a stand-in imports nothing
    "study": {
        "students": ["micro-0.07M"],
        "corpora": ["general"],
        "ratios": [0, 1],
        "adaptations": ["ift-then-reasoning"],
        "adaptation_corpora": {"from": "general", "to": "math"},
        "base_shots": [1],
        "figures": ["v1/fig02", "v1/fig12", "v2/fig02", "v2/fig04", "v2/fig05", "training_curves"],
        "length_limits": {"max_tokens": [80], "benchmarks": ["gsm8k"]},
        "families": [{"name": "General-OE", "benchmarks": ["squad"]}, {"name": "Math-OE", "benchmarks": ["gsm8k"]}],
    },
}
SMALL = (*MICRO, "small.yaml")


def make_small_study(root: Path, folder: Path) -> Tree:
    """A study of one student, run to its end with stand-ins for the programs."""
    plant(root, folder)
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL_STUDY))
    replace_programs(folder)
    made = Tree(folder)
    run = made.snakemake("-c4", "all", "models", study=SMALL)
    places = ("figures/", "tables/", "explorer.html")
    assert f"Look at {', '.join(f'results/micro/{place}' for place in places)}" in run.stderr
    return made
