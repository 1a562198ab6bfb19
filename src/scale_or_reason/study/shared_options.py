"""Options that several programs share, as parents of their argument parsers.

Each function returns a parser for ``argparse.ArgumentParser(parents=[...])``. Options that always go together come from
one function. Where programs use an option for different purposes, its help text is the function's argument.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def _option(name: str, **settings: Any) -> argparse.ArgumentParser:
    """A parent with one option, which is required unless ``settings`` have a default."""
    parser = _parent()
    parser.add_argument(name, required="default" not in settings, **settings)
    return parser


def _parent(*parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """A parent with the options of other ``parents``."""
    return argparse.ArgumentParser(add_help=False, parents=list(parents))


# The study.


def families() -> argparse.ArgumentParser:
    """The benchmark families."""
    return _option("--families", type=json.loads, help="JSON: the config's list study.families")


def sizes() -> argparse.ArgumentParser:
    """The students' sizes."""
    return _option("--sizes", type=json.loads, help="JSON: student -> billions of parameters")


def architectures() -> argparse.ArgumentParser:
    """The architectures of students and teacher."""
    meaning = "config.json, model folder or hub id (or id@revision) of each student and teacher"
    return _option("--architectures", nargs="+", metavar="NAME=SOURCE", help=meaning)


def flops() -> argparse.ArgumentParser:
    """How FLOPs are counted."""
    counts = "by the papers' formulas, or exactly (default: %(default)s)"
    return _option("--flops", choices=["papers", "exact"], default="papers", help=f"how FLOPs are counted, {counts}")


def benchmarks() -> argparse.ArgumentParser:
    """The benchmarks of all models."""
    return _option("--benchmarks", nargs="+", help="benchmarks of all models")


def config() -> argparse.ArgumentParser:
    """The study's whole config."""
    return _option(
        "--config", type=_config_from, help="JSON: the study's config, checked; or env:NAME, the variable that holds it"
    )


def _config_from(text: str) -> Any:
    return json.loads(os.environ[text.removeprefix("env:")] if text.startswith("env:") else text)


def corpus() -> argparse.ArgumentParser:
    """One corpus."""
    return _option("--corpus", help="the corpus's name")


def model_ids(meaning: str) -> argparse.ArgumentParser:
    """One or more models."""
    return _option("--model-ids", nargs="+", help=meaning)


def judges(meaning: str) -> argparse.ArgumentParser:
    """One or more sources of verdicts."""
    return _option("--judges", nargs="+", help=f"{meaning}; rule_graders for the rule graders")


def jury() -> argparse.ArgumentParser:
    """The judges that decide, and their rule."""
    return _parent(
        _option("--jurors", nargs="+", help="judges that decide; rule_graders for the rule graders"),
        _option("--jury", help="JSON: the jury rule (keys majority, tie)"),
    )


def chat_formats() -> argparse.ArgumentParser:
    """How models receive prompts."""
    return _parent(
        _option("--templates", type=json.loads, help="JSON: student -> name of its chat template"),
        _option("--modes", type=json.loads, default={}, help="JSON: the teacher's thinking mode by format"),
    )


def seed(use: str = "") -> argparse.ArgumentParser:
    """The study's seed, and what it is used for."""
    return _option("--seed", type=int, help=f"the study's seed; {use}" if use else "the study's seed")


def replicates(default: int) -> argparse.ArgumentParser:
    """The bootstrap's seed and number of replicates."""
    number = _option("--replicates", type=int, default=default, help="number of replicates (default: %(default)s)")
    return _parent(seed("draws the replicates"), number)


# Files that programs read.


def items() -> argparse.ArgumentParser:
    """Tables of benchmark items."""
    return _option("--items", type=Path, nargs="+", help="Parquet files, schema items")


def prompts() -> argparse.ArgumentParser:
    """A corpus's prompts."""
    return _option("--prompts", type=Path, help="Parquet file, schema prompts")


def pairs() -> argparse.ArgumentParser:
    """A corpus's pairs."""
    return _option("--pairs", type=Path, help="Parquet file, schema pairs")


def answers() -> argparse.ArgumentParser:
    """The folder of all answers."""
    return _option("--answers", type=Path, help="folder with MODEL_ID/BENCHMARK.parquet")


def answered() -> argparse.ArgumentParser:
    """Which models have answered which benchmarks."""
    meaning = 'JSON: [{"model_ids": [...], "benchmarks": [...]}, ...]: models and the benchmarks that they answer'
    return _option("--answered", type=json.loads, help=meaning)


def benchmarks_of(groups: Iterable[Mapping[str, Sequence[str]]]) -> dict[str, Sequence[str]]:
    """Model id -> its benchmarks, from the value of ``--answered``."""
    return {model_id: group["benchmarks"] for group in groups for model_id in group["model_ids"]}


def verdicts() -> argparse.ArgumentParser:
    """The folder of all verdicts."""
    return _option("--verdicts", type=Path, help="folder with JUDGE/MODEL_ID/BENCHMARK.parquet")


def outcomes() -> argparse.ArgumentParser:
    """The table of outcomes."""
    return _option("--outcomes", type=Path, help="table of outcomes, a row per answer (Parquet)")


def scores() -> argparse.ArgumentParser:
    """The table of scores."""
    return _option("--scores", type=Path, help="scores of all models (Parquet)")


def costs() -> argparse.ArgumentParser:
    """The table of costs."""
    return _option("--costs", type=Path, help="costs of all models (Parquet)")


def timings() -> argparse.ArgumentParser:
    """Snakemake's measurements of jobs."""
    return _option("--timings", type=Path, help="folder of Snakemake's benchmark files")


def paper_tables() -> argparse.ArgumentParser:
    """The papers' results."""
    return _option("--reference", type=Path, help="folder with the papers' tables")


def style() -> argparse.ArgumentParser:
    """The style of figures."""
    return _option("--style", type=Path, default=Path("config/style.yaml"), help="colours, fonts and sizes of figures")


# Files that programs write.


def output(meaning: str) -> argparse.ArgumentParser:
    """The file or folder that a program writes."""
    return _option("--output", type=Path, help=meaning)


def model_folders() -> argparse.ArgumentParser:
    """The folder of several models' tables."""
    return _option("--output-dir", type=Path, help="folder for MODEL_ID/ with tables and manifest")


def parquet_and_csv() -> argparse.ArgumentParser:
    """A table in two file formats."""
    return _parent(
        _option("--parquet", type=Path, help="table to write"),
        _option("--csv", type=Path, help="the same table as CSV"),
    )


def kept_and_dropped_pairs() -> argparse.ArgumentParser:
    """The inputs and outputs of a table of pairs: overlaps with benchmarks, seed, table, audit."""
    return _parent(
        _option("--overlaps", type=Path, help="Parquet file, schema overlaps"),
        seed("recorded in the table"),
        output("Parquet file, schema pairs"),
        _option("--audit-csv", type=Path, help="number of dropped pairs by reason: reason,count"),
        _option(
            "--audit-json", type=Path, help="kept, dropped, overlaps, length ratio and, for released pairs, the commit"
        ),
    )


def note() -> argparse.ArgumentParser:
    """A sentence on what is missing."""
    return _option("--note", default="", help="a sentence that is shown with the results, such as on missing models")


def figure_files() -> argparse.ArgumentParser:
    """A figure's files and style."""
    return _parent(
        style(), note(), _option("--output-stem", type=Path, help="path of the output files, without suffix")
    )


def page() -> argparse.ArgumentParser:
    """A page about the study."""
    return _parent(_option("--study", help="the study's name"), output("page to write (HTML)"))
