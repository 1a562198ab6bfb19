"""Turn people's labels of answers into verdicts of the juror `human`.

    python workflow/scripts/take_labels.py --labels labels.csv --answers results/v2/answers \\
        --answered '[{"model_ids": ["base/Qwen2.5-3B/shots-3"], "benchmarks": ["gsm8k"]}]' \\
        --output-dir results/v2/verdicts/human

Writes BENCHMARK.parquet and manifest.json of every model. Prints how many labels there are, by person.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import write_json
from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.tables import write_table
from scale_or_reason.common.wording import counted
from scale_or_reason.judging.labels import KEY, Label, check_known, human_verdicts, read_labels
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.answers(), shared_options.answered()],
    )
    parser.add_argument("--labels", type=Path, required=True, help="file of labels (CSV or Parquet)")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for MODEL_ID/BENCHMARK.parquet")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    labels, known = read_labels(arguments.labels), shared_options.benchmarks_of(arguments.answered)
    check_known(labels, known, arguments.labels)
    by_place: dict[tuple[str, str], list[Label]] = {}
    for label in labels:
        by_place.setdefault(label.key[:2], []).append(label)
    for model_id, benchmarks in known.items():
        folder, counts = arguments.output_dir / model_id, {}
        for name in benchmarks:
            own = by_place.get((model_id, name), [])
            columns = [*KEY, "answer"] if own else KEY  # the texts are needed for their hashes only
            answers = read_columns([arguments.answers / model_id / f"{name}.parquet"], "answers", columns, model_id)
            write_table(human_verdicts(answers, own, arguments.labels), folder / f"{name}.parquet", "verdicts")
            counts[name] = {"answers": answers.height, "labels": len(own)}
        made = manifest({"labels": arguments.labels}, {"model_id": model_id})
        write_json({"benchmarks": counts, **made}, folder / "manifest.json")
    persons = Counter(label.person for label in labels)
    answers = counted(len({label.key for label in labels}), "answer")
    print(f"{counted(len(labels), 'label')} of {answers}: {', '.join(f'{n} by {p}' for p, n in persons.items())}")


if __name__ == "__main__":
    run_script(main)
