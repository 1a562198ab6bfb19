"""Write the answers of a model to a benchmark, with all verdicts, as a log of inspect_ai.

    python workflow/scripts/write_inspect_log.py --results results/v2 --study v2 --benchmark gsm8k \\
        --model-id general/Qwen2.5-3B/seq/rho-1/seed-0 --judges gpt-oss-120b rule_graders --jurors gpt-oss-120b \\
        --jury '{"majority": "readable", "tie": "undecided"}' --seed 0 --templates '{"Qwen2.5-3B": "qwen"}' \\
        --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --output results/v2/inspect_logs/general/Qwen2.5-3B/seq/rho-1/seed-0/gsm8k.eval

It needs the package inspect_ai, which has an environment of its own: docs/how-to/inspect_with_inspect_ai.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.benchmarks.fewshot import pool_beside
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import read_json
from scale_or_reason.common.tables import read_table
from scale_or_reason.common.wording import counted
from scale_or_reason.inference.requests import json_object
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.reporting.eval_logs.log import header, results, stats, write_log
from scale_or_reason.reporting.eval_logs.samples import Asked, Tables, samples
from scale_or_reason.scoring.scores import score_model
from scale_or_reason.study import shared_options
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.study.result_paths import result_path, verdict_files


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.judges("judges whose verdicts are in the log"),
            shared_options.jury(),
            shared_options.families(),
            shared_options.seed("chooses the examples"),
            shared_options.chat_formats(),
            shared_options.output("log to write (.eval)"),
        ],
    )
    parser.add_argument("--results", type=Path, required=True, help="the study's folder, with answers/ and verdicts/")
    parser.add_argument("--study", required=True, help="the study's name")
    parser.add_argument("--model-id", required=True, help="the model")
    parser.add_argument("--benchmark", required=True, help="the benchmark")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    root, model_id, benchmark = arguments.results, arguments.model_id, arguments.benchmark
    place = {"model_id": model_id, "benchmark": benchmark}
    item_file = root / result_path("items", benchmark=benchmark)
    answers = read_table(root / result_path("answers", **place), "answers")
    files = verdict_files(root / "verdicts", arguments.judges, [model_id], [benchmark])
    verdicts = pl.concat(read_table(file, "verdicts") for file in files)
    items, jury = read_table(item_file, "items"), JuryRule.from_settings(json_object(arguments.jury, "--jury"))
    asked = Asked(arguments.templates, arguments.modes, pool_beside(item_file, benchmark), arguments.seed)
    written = list(samples(Tables(model_id, items, answers, verdicts), arguments.jurors, jury, asked))
    score = score_model(
        model_id,
        arguments.families,
        items,
        answers,
        verdicts.filter(pl.col("judge").is_in(arguments.jurors)),
        verdicts.filter(judge=RULE_GRADERS),
        jury,
    ).row(0, named=True)
    manifest = read_json(root / result_path("evaluation", model_id=model_id))
    spec = header(arguments.study, benchmark, model_id, manifest, written)
    found = results(written, score)
    write_log(arguments.output, spec, written, found, stats(written, manifest["created"]))
    print(f"{benchmark}: {counted(score['n'], 'answer')} of {model_id}, {score['accuracy']:.1%} right")


if __name__ == "__main__":
    run_script(main)
