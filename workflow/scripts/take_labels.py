"""Turn people's labels of answers into verdicts of the juror `human`, and of single persons.

    python workflow/scripts/take_labels.py --labels labels.csv --answers results/v2/answers \\
        --answered '[{"model_ids": ["base/Qwen2.5-3B/shots-3"], "benchmarks": ["gsm8k"]}]' \\
        --output-dir results/v2/verdicts/human

Writes BENCHMARK.parquet and manifest.json of every model, and those of persons into folders beside --output-dir. Prints
how many labels there are, by person.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import write_json
from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.tables import write_table
from scale_or_reason.common.wording import counted
from scale_or_reason.judging.labels import (
    KEY,
    Label,
    by_person,
    check_known,
    check_persons,
    human_verdicts,
    read_labels,
)
from scale_or_reason.study import shared_options
from scale_or_reason.study.catalogue import HUMAN


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.answers(), shared_options.answered()],
    )
    parser.add_argument("--labels", type=Path, required=True, help="file of labels (CSV or Parquet)")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for MODEL_ID/BENCHMARK.parquet")
    parser.add_argument("--persons", nargs="+", default=[], help="jurors of one person each: human-NAME")
    return parser.parse_args()


def write_verdicts(
    arguments: argparse.Namespace, labels: Sequence[Label], known: Mapping[str, Sequence[str]], juror: str, folder: Path
) -> None:
    """Write the tables and manifests of a juror whose verdicts are ``labels``."""
    by_place: dict[tuple[str, str], list[Label]] = {}
    for label in labels:
        by_place.setdefault(label.key[:2], []).append(label)
    for model_id, benchmarks in known.items():
        counts = {}
        for name in benchmarks:
            own = by_place.get((model_id, name), [])
            columns = [*KEY, "answer"] if own else KEY  # the texts are needed for their hashes only
            answers = read_columns([arguments.answers / model_id / f"{name}.parquet"], "answers", columns, model_id)
            verdicts = human_verdicts(answers, own, arguments.labels, juror)
            write_table(verdicts, folder / model_id / f"{name}.parquet", "verdicts")
            counts[name] = {"answers": answers.height, "labels": len(own)}
        made = manifest({"labels": arguments.labels}, {"model_id": model_id})
        write_json({"benchmarks": counts, **made}, folder / model_id / "manifest.json")


def main() -> None:
    arguments = parse_arguments()
    labels, known = read_labels(arguments.labels), shared_options.benchmarks_of(arguments.answered)
    check_known(labels, known, arguments.labels)
    labels_of = by_person(labels, arguments.labels)
    check_persons(arguments.persons, labels_of, arguments.labels)
    write_verdicts(arguments, labels, known, HUMAN, arguments.output_dir)
    for name in arguments.persons:
        write_verdicts(arguments, labels_of[name], known, name, arguments.output_dir.with_name(name))
    persons = Counter(label.person for label in labels)
    answers = counted(len({label.key for label in labels}), "answer")
    print(f"{counted(len(labels), 'label')} of {answers}: {', '.join(f'{n} by {p}' for p, n in persons.items())}")


if __name__ == "__main__":
    run_script(main)
