"""What the analysis of the papers' study takes, from verdicts to figures: ``make bench-analysis``.

    python tests/benchmarks/analysis_scale.py --items 3000

The study is the second version's as ``config/config.yaml`` has it: all its models, 18 benchmarks, three judges and the
rule graders. Its answers and verdicts are made up, so many items for each benchmark, in the files and folders in which
the workflow has them (texts are short: the analysis reads none). Making them is not counted. Then Snakemake runs what
comes behind them, with two cores: scores, costs, agreement of judges, sensitivity to the jury, outcomes, intervals,
findings, fits, every table and every figure of the study. Nothing else may run.

Printed are the jobs, seconds and memory of each rule as Snakemake measured them, and of all: seconds on the clock,
seconds of computing, and the memory of all processes together at its largest, looked at ten times a second. The program
fails if an aim is missed. Two cores that do other work too need longer: compare the seconds of computing, of which two
cores have twice as many as there are on the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import yaml
from snakemake.utils import update_config

from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import check_table
from scale_or_reason.planning.timings import job_timings
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.study.cells import AnyModel, BaseStudent, Cell, Teacher, format_ratio
from scale_or_reason.study.study import Study

ROOT = Path(__file__).parents[2]
NAME = "made_up"
#: The rules between answers and the report. A rule that is not among them would make something that is made up here.
ANALYSIS = ("score_", "compute_flops", "compare_", "jury_sensitivity", "fit_curves", "tabulate_outcomes")
ANALYSIS += (
    "measure_",
    "compute_findings",
    "figure_",
    "table1",
    "build_explorer",
    "all",
    "figures",
    "tables",
    "scores",
)
#: Aims at the papers' size: seconds on the clock, with two cores, and gigabytes.
SECONDS, GIGABYTES = 180, 6
#: Of a training's log: as many steps as a million pairs are in batches of 32.
STEPS, PAIRS = 31_000, {"general": 990_098, "math": 152_609}
_UNPARSABLE, _DISAGREEMENT = 0.01, 0.03


@dataclass(frozen=True)
class Place:
    """The folder in which the workflow runs: a copy of it, and the made-up study's results."""

    folder: Path
    items: int
    pairs: float  # share of the papers' pairs

    @property
    def results(self) -> Path:
        return self.folder / "results" / NAME


def plant(folder: Path, changes: dict) -> dict:
    """A copy of the workflow with an overlay for the made-up study; returns the study's whole config.

    Models are folders with their shapes, as ``planning/shapes.yaml`` knows them: no hub is asked. ``changes`` make
    another study than the papers'.
    """
    for name in ("workflow", "config", "envs", "profiles", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, changes)
    shapes = yaml.safe_load((ROOT / "src/scale_or_reason/planning/shapes.yaml").read_text(encoding="utf-8"))
    chosen = {
        "students": config["study"]["students"],
        "teachers": [config["study"]["teacher"]],
        "judges": config["study"]["judges"],
    }
    overlay: dict = {"study": {**changes.get("study", {}), "name": NAME}, "paper_results": {"path": None}}
    for catalogue, names in chosen.items():
        overlay[catalogue] = {}
        for name in names:
            model = Path("models", name)
            shape = shapes[config[catalogue][name]["model"]]
            (folder / model).mkdir(parents=True, exist_ok=True)
            (folder / model / "config.json").write_text(json.dumps(_as_published(shape)))
            for file in ("tokenizer.json", "chat_template.jinja"):  # looked for before the first job, and not read
                (folder / model / file).touch()
            overlay[catalogue][name] = {"model": str(model)}
            config[catalogue][name]["model"] = str(model)
    (folder / "made_up.yaml").write_text(yaml.safe_dump(overlay))
    config["study"]["name"] = NAME
    return config


def _as_published(shape: dict) -> dict:
    """A shape as a config.json has it: of models found by architecture search, each block on its own."""
    blocks = [
        {"attention": {"no_op": True} if heads is None else {"n_heads_in_group": heads}, "ffn": _ffn(multiple)}
        for count, heads, multiple in shape.get("blocks", ())
        for _ in range(count)
    ]
    plain = {name: value for name, value in shape.items() if name != "blocks"}
    return plain | ({"block_configs": blocks} if blocks else {})


def _ffn(multiple: float | None) -> dict:
    return {"no_op": True} if multiple is None else {"ffn_mult": multiple}


# ---- what is made up ----


def make_up(place: Place, study: Study) -> tuple[int, int]:
    """Write the study's answers, verdicts and trainings; return how many answers and verdicts there are."""
    generator = np.random.default_rng(0)
    names = pl.Series("item_id", [f"{item:016x}" for item in generator.integers(0, 2**63, place.items)], pl.String())
    for benchmark in study.benchmarks:
        _write(_items(benchmark, names), place.results / "benchmarks" / f"{benchmark}.parquet", "items")
    difficulty = {benchmark: generator.normal(size=place.items) for benchmark in study.benchmarks}
    models = [*study.evaluated(), *study.limited()]
    for model in models:
        for benchmark in study.benchmarks_of(model):
            right = generator.normal(_ability(model, benchmark), 1, place.items) > difficulty[benchmark]
            _answers(place, study, model, benchmark, names, right, generator)
        for folder in (place.results / "answers", *(place.results / "verdicts" / judge for judge in study.judges)):
            _json({"seconds": 3600.0}, folder / model.model_id / "manifest.json")
    _trainings(place, study)
    now = time.time_ns()
    for path in place.folder.rglob("*"):
        os.utime(path, ns=(now, now))  # nothing is younger than what it would be made from
    answers = place.items * sum(len(study.benchmarks_of(model)) for model in models)
    return answers, answers * len(study.verdict_sources)


def _ability(model: AnyModel, benchmark: str) -> float:
    """Larger students and those that reason are better; base students are worse."""
    size = 235.0 if isinstance(model, Teacher) else float(model.student.split("-")[1].rstrip("B"))
    gain = {Teacher: 0.5, BaseStudent: -0.8}.get(type(model), 0.0)
    return 0.35 * np.log(size) + gain + 0.3 * _reasons(model) - 0.1 * (len(benchmark) % 5)


def _reasons(model: AnyModel) -> float:
    """How much a model thinks, from 0 to 1."""
    if isinstance(model, Cell):
        return model.ratio
    return float(getattr(model, "second", getattr(model, "format", "ift")) == "reasoning")


def _answers(
    place: Place,
    study: Study,
    model: AnyModel,
    benchmark: str,
    names: pl.Series,
    right: np.ndarray,
    generator: np.random.Generator,
) -> None:
    count = len(names)
    key = {"model_id": pl.lit(model.model_id), "benchmark": pl.lit(benchmark), "sample": pl.lit(0, pl.Int64)}
    tokens = np.minimum(generator.lognormal(5 + 2.5 * _reasons(model), 0.6, count).astype(np.int64) + 1, 16_384)
    cut = tokens == 16_384
    answer = pl.DataFrame({"item_id": names, "right": right, "answer_tokens": tokens, "cut": cut}).with_columns(
        **key,
        prompt_tokens=pl.Series(generator.integers(60, 300, count)),
        answer=pl.when("right").then(pl.lit(r"\boxed{right}")).otherwise(pl.lit(r"\boxed{wrong}")),
        finish_reason=pl.when("cut").then(pl.lit("length")).otherwise(pl.lit("stop")),
    )
    own = f"{model.model_id}/{benchmark}.parquet"
    _write(answer, place.results / "answers" / own, "answers")
    for judge in study.verdict_sources:
        drawn = generator.random(count)
        said = np.where(drawn < _DISAGREEMENT, ~right, right)
        word = pl.when("silent").then(pl.lit("unparsable")).when("said").then(pl.lit("yes")).otherwise(pl.lit("no"))
        given = answer.select(
            "item_id", *key, said=pl.Series(said), silent=pl.Series(drawn > 1 - _UNPARSABLE)
        ).with_columns(verdict=word, judge=pl.lit(judge))
        measured = {"strict": pl.col("said"), "lenient": pl.col("said"), "how": pl.lit("box")}
        texts = {"reply": pl.concat_str(pl.lit("\\boxed{"), "verdict", pl.lit("}")), "extracted": pl.lit("right")}
        if judge != RULE_GRADERS:
            measured = {"judge_prompt_tokens": pl.lit(300, pl.Int64), "judge_tokens": pl.lit(90, pl.Int64)}
            texts |= {"extraction": pl.lit("\\boxed{right}")}
        _write(given.with_columns(**measured, **texts), place.results / "verdicts" / judge / own, "verdicts")


def _items(benchmark: str, names: pl.Series) -> pl.DataFrame:
    texts = {name: pl.lit("?") for name in ("prompt", "question")} | {"extra": pl.lit("{}")}
    lists = {"gold": pl.lit(["right"]), "choices": pl.lit([], pl.List(pl.String))}
    return pl.DataFrame({"item_id": names}).with_columns(benchmark=pl.lit(benchmark), **texts, **lists)


def _write(frame: pl.DataFrame, path: Path, schema: str) -> None:
    """As ``tables.write_table``, without waiting for the disk thousands of times; what is lacking is null."""
    lacking = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMAS[schema].items() if name not in frame.columns]
    table = frame.with_columns(lacking).select(list(SCHEMAS[schema]))
    check_table(table, schema, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.write_parquet(path)


def _json(value: object, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def _trainings(place: Place, study: Study) -> None:
    """Models as their trainings leave them, without weights: shape, lengths of the samples, log, seconds."""
    generator = np.random.default_rng(1)
    steps = max(2, int(STEPS * place.pairs))
    log = pl.DataFrame({"step": range(1, steps + 1)}).with_columns(
        loss=0.6 + 1 / (1 + pl.col("step") / 100),
        learning_rate=pl.lit(1e-5),
        grad_norm=pl.lit(1.0),
        tokens_per_second=pl.lit(2e5),
    )
    _mixtures(place, study)
    for model in [*study.trainings(), *study.adapted()]:
        corpus = getattr(model, "corpus", study.adaptation_corpora["to"])
        pairs = max(2, int(PAIRS[corpus] * place.pairs))
        folder = place.results / "models" / model.model_id
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(place.folder / "models" / model.student / "config.json", folder)
        lengths = {"prompt_tokens": generator.integers(20, 400, pairs)}
        lengths["completion_tokens"] = generator.integers(50, 16_000, pairs)
        pl.DataFrame(lengths).write_parquet(folder / "sequence_lengths.parquet")
        log.write_csv(folder / "training_log.csv")
        _json({"training": {"seconds": 36_000.0}}, folder / "manifest.json")


def _mixtures(place: Place, study: Study) -> None:
    """What was trained on: pairs without their texts, and which answer of each a mixture takes."""
    generator = np.random.default_rng(2)
    for corpus in study.corpora:
        count = max(2, int(PAIRS[corpus] * place.pairs))
        ids = pl.Series("prompt_id", [f"{number:016x}" for number in generator.integers(0, 2**63, count)])
        most = {"prompt_tokens": 400, "ift_tokens": 1500, "reasoning_tokens": 16_000}
        lengths = {name: generator.integers(20, limit, count) for name, limit in most.items()}
        _write(pl.DataFrame({"prompt_id": ids, **lengths}), place.results / "pairs" / f"{corpus}.parquet", "pairs")
        for curriculum, ratio in product(study.curricula, study.ratios):
            reasons = pl.Series(generator.random(count) < ratio)
            mixture = pl.DataFrame({"prompt_id": ids.shuffle(seed=1), "position": range(count)}).with_columns(
                phase=pl.lit(0, pl.Int64), format=pl.when(reasons).then(pl.lit("reasoning")).otherwise(pl.lit("ift"))
            )
            name = f"{corpus}/{curriculum}/rho-{format_ratio(ratio)}.parquet"
            _write(mixture, place.results / "mixtures" / name, "mixture")


# ---- what is measured ----


class Watch:
    """The memory of this process' children and their children, looked at until it is left."""

    def __init__(self) -> None:
        self.most = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        own = psutil.Process()
        while not self._done.wait(0.1):
            self.most = max(self.most, sum(_resident(child) for child in own.children(recursive=True)))


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def snakemake(place: Place, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the analysis of the made-up study with two cores."""
    profile = ["--profile", "profiles/local", "--cores", "2"]
    command = [sys.executable, "-m", "snakemake", *profile, "--configfile", "made_up.yaml", *options]
    paths = f"{place.folder / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    environment = os.environ | {"PYTHONPATH": paths, "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2"}
    return subprocess.run(
        command,
        cwd=place.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def jobs_of(dry_run: str) -> Iterator[tuple[str, int]]:
    """The rules of a dry run and how many jobs each has."""
    table = dry_run.partition("Job stats:\n")[2].split("\n\n")[0].splitlines()
    for line in table:
        words = line.split()
        if len(words) == 2 and words[1].isdigit() and words[0] != "total":
            yield words[0], int(words[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=3000, help="items of each benchmark (default: %(default)s)")
    parser.add_argument("--pairs", type=float, default=1.0, help="share of the papers' training pairs (default: all)")
    parser.add_argument("--study", type=json.loads, default={}, help="JSON: changes of the config's part study")
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "made_up" / "analysis", help="emptied first")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="aim on the clock (default: %(default)s)")
    parser.add_argument("--gigabytes", type=float, default=GIGABYTES, help="aim for memory (default: %(default)s)")
    arguments = parser.parse_args()
    place = Place(arguments.folder.resolve(), arguments.items, arguments.pairs)
    shutil.rmtree(place.folder, ignore_errors=True)
    study = Study.from_config(plant(place.folder, {"study": arguments.study}))
    began = time.perf_counter()
    answers, verdicts = make_up(place, study)
    print(
        f"{len(study.evaluated())} models, {len(study.limited())} under other limits; {len(study.benchmarks)}", end=" "
    )
    print(f"benchmarks of {place.items} items: {answers:,} answers, {verdicts:,} verdicts", flush=True)
    print(f"made up in {time.perf_counter() - began:.0f} s", flush=True)
    dry = snakemake(place, "--dry-run", "--quiet", "reason")
    others = [rule for rule, _ in jobs_of(dry.stdout) if not rule.startswith(ANALYSIS)]
    if dry.returncode or others:
        sys.exit(f"{dry.stdout[-4000:]}\nmore than the analysis would run: {', '.join(others)}")
    used, began = _computing(), time.perf_counter()
    with Watch() as watch:
        done = snakemake(place)
    seconds, computing = time.perf_counter() - began, _computing() - used
    if done.returncode:
        sys.exit(done.stdout[-8000:])
    report(place, seconds, computing, watch.most / 1e9)
    missed = [
        f"{name}: {value:.1f} {unit}, the aim is {aim:g}"
        for name, value, aim, unit in (
            ("time", seconds, arguments.seconds, "s"),
            ("memory", watch.most / 1e9, arguments.gigabytes, "GB"),
        )
        if value > aim
    ]
    if missed:
        sys.exit("\n".join(missed))


def report(place: Place, seconds: float, computing: float, memory: float) -> None:
    """Print what each rule took, and all together."""
    print(f"{'rule':30}{'jobs':>6}{'seconds':>9}{'longest':>9}{'computing':>11}{'memory, GB':>12}")
    for row in job_timings(place.results / "timings").iter_rows(named=True):
        print(
            f"{row['rule']:30}{row['jobs']:>6}{row['seconds']:>9.1f}{row['longest_seconds']:>9.1f}"
            f"{row['cpu_seconds']:>11.1f}{row['most_memory_mb'] / 1e3:>12.2f}"
        )
    print(f"all: {seconds:.0f} s, {computing:.0f} s of computing in all processes, {memory:.1f} GB at most")


def _computing() -> float:
    """Seconds of computing of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
