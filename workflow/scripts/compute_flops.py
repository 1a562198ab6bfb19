"""Count what models cost: FLOPs of their teacher, training, evaluation and judging, and measured seconds.

    python workflow/scripts/compute_flops.py --model-ids general/Qwen2.5-3B/seq/rho-1/seed-0 base/Qwen2.5-3B/shots-3 \
        --benchmarks gsm8k --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' --results results/v2 \
        --adaptation-corpora '{"from": "general", "to": "math"}' --teacher teacher=Qwen/Qwen3-235B-A22B \
        --architectures Qwen2.5-3B=Qwen/Qwen2.5-3B --judges gpt-oss-120b=openai/gpt-oss-120b \
        --parquet results/v2/tables/costs.parquet --csv results/v2/tables/costs.csv

RESULTS contains answers/ and verdicts/, and for models trained here also models/, mixtures/ and pairs/.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scale_or_reason.common.collecting import collect_tables
from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import StudyError, remake, run_script
from scale_or_reason.common.files import read_json
from scale_or_reason.common.tables import write_rounded_csv, write_table
from scale_or_reason.flops.costs import (
    ANSWER_COLUMNS,
    VERDICT_COLUMNS,
    cost_table,
    evaluation_rows,
    judging_rows,
    read_lengths,
    read_taught,
    teacher_rows,
    training_row,
)
from scale_or_reason.flops.exact import Decoder, named_decoder
from scale_or_reason.inference.requests import json_object
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.families import family_of
from scale_or_reason.study.lineage import Training, lineage
from scale_or_reason.study.result_paths import verdict_files

Rows = list[dict[str, Any]]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.model_ids("whose costs are counted"),
            shared_options.benchmarks(),
            shared_options.families(),
            shared_options.parquet_and_csv(),
        ],
    )
    parser.add_argument("--results", type=Path, required=True, help="the study's folder, with answers/, models/ ...")
    parser.add_argument(
        "--adaptation-corpora", default="{}", help="JSON: corpora from and to which students are adapted (from, to)"
    )
    parser.add_argument(
        "--architectures",
        nargs="*",
        default=[],
        metavar="NAME=SOURCE",
        help="config.json, model folder or hub id (or id@revision) of each student and teacher evaluated as published; "
        "trained models have their own",
    )
    parser.add_argument(
        "--teacher",
        default="teacher=",
        metavar="NAME=SOURCE",
        help="the same for the teacher of the training answers; empty if unknown",
    )
    parser.add_argument(
        "--training-flops", default="{}", help="JSON: FLOPs of the trainings of adopted models, by name; where known"
    )
    parser.add_argument(
        "--judges",
        nargs="*",
        default=[],
        metavar="NAME=SOURCE",
        help="the same for each judge; empty if unknown",
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    corpora = json_object(arguments.adaptation_corpora, "--adaptation-corpora")
    counter = CostCounter(
        arguments.results,
        arguments.benchmarks,
        corpora,
        models=dict(named_decoder(text, "--architectures") for text in arguments.architectures),
        judges=dict(named_decoder(text, "--judges") for text in arguments.judges),
        teacher=named_decoder(arguments.teacher, "--teacher")[1],
        stated_training=json_object(arguments.training_flops, "--training-flops"),
    )
    families = family_of(arguments.families)
    tables = [cost_table(model_id, families, counter.rows(model_id)) for model_id in arguments.model_ids]
    costs = collect_tables(tables, "costs")
    write_table(costs, arguments.parquet, "costs")
    write_rounded_csv(costs, arguments.csv)


@dataclass(frozen=True)
class CostCounter:
    """The study's results folder, its benchmarks, and the architectures of models that were not trained here."""

    results: Path
    benchmarks: Sequence[str]
    adaptation_corpora: Mapping[str, str]
    models: Mapping[str, Decoder | None]
    judges: Mapping[str, Decoder | None]
    teacher: Decoder | None
    #: FLOPs of the trainings of adopted models, where they are known.
    stated_training: Mapping[str, float]
    #: Cached by mixture, which all students share, since reading one dominates the time per model.
    taught: dict[tuple[str, ...], Rows] = field(default_factory=dict)

    def rows(self, model_id: str) -> Rows:
        """The costs of a model."""
        trainings = lineage(parse_model_id(model_id), self.adaptation_corpora)
        if not trainings:
            model = self._untrained(model_id)
            stated = self.stated_training.get(parse_model_id(model_id).student)
            adopted = [] if stated is None else [{"stage": "training", "flops": stated}]
            return [*adopted, *self._evaluation(model, model_id), *self._judging(model_id)]
        model = Decoder.from_source(self.results / "models" / trainings[-1].model_id / "config.json")
        learnt = [*self._teacher(trainings), self._training(model, trainings)]
        return [*learnt, *self._evaluation(model, model_id), *self._judging(model_id)]

    def _untrained(self, model_id: str) -> Decoder:
        name = parse_model_id(model_id).student
        model = self.models.get(name)
        if model is None:
            raise StudyError(
                "a model has no architecture",
                where="--architectures",
                found=f"{name}, of {model_id}",
                expected=f"{name}=SOURCE",
                remedy="pass the folder, config.json or hub id with its architecture",
            )
        return model

    def _teacher(self, trainings: Sequence[Training]) -> Rows:
        mixtures = [self._mixture(training) for training in trainings]
        key = tuple(map(str, mixtures))
        if key not in self.taught:
            pairs = [self.results / "pairs" / f"{training.corpus}.parquet" for training in trainings]
            files = list(zip(mixtures, pairs, strict=True))
            self.taught[key] = teacher_rows(self.teacher, read_taught(files))
        return self.taught[key]

    def _mixture(self, training: Training) -> Path:
        """What a training was given: a mixture, or the part of one that lies beside its model."""
        if training.data_fraction == 1:
            return self.results / "mixtures" / f"{training.mixture}.parquet"
        return self.results / "models" / training.model_id / "mixture.parquet"

    def _training(self, model: Decoder, trainings: Sequence[Training]) -> dict[str, Any]:
        folders = [self.results / "models" / training.model_id for training in trainings]
        lengths = read_lengths([folder / "sequence_lengths.parquet" for folder in folders])
        return training_row(model, lengths, measured_seconds(folders, "training"))

    def _evaluation(self, model: Decoder, model_id: str) -> Rows:
        folder = self.results / "answers" / model_id
        files = [folder / f"{benchmark}.parquet" for benchmark in self.benchmarks]
        answers = read_columns(files, "answers", ANSWER_COLUMNS, model_id)
        return evaluation_rows(model, answers, measured_seconds([folder]))

    def _judging(self, model_id: str) -> Rows:
        folder = self.results / "verdicts"
        files = verdict_files(folder, self.judges, [model_id], self.benchmarks)
        verdicts = read_columns(files, "verdicts", VERDICT_COLUMNS, model_id)
        return judging_rows(self.judges, verdicts, measured_seconds([folder / name / model_id for name in self.judges]))


def measured_seconds(folders: Sequence[Path], section: str | None = None) -> float | None:
    """The sum of the seconds in the manifests of all ``folders`` (in their ``section``); None if one is missing."""
    contents = [read_manifest(folder / "manifest.json") for folder in folders]
    seconds = [(content.get(section, {}) if section else content).get("seconds") for content in contents]
    known = [one for one in seconds if one is not None]
    return sum(known) if seconds and len(known) == len(seconds) else None


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest beside a job's results."""
    if not path.is_file():
        raise StudyError("a manifest is missing", where=path, remedy=remake(path))
    return read_json(path)


if __name__ == "__main__":
    run_script(main)
