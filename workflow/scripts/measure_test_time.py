"""Measure what ways to answer are worth: majority votes, pass@k and cut thoughts, with FLOPs and intervals.

    python workflow/scripts/measure_test_time.py --outcomes results/v2/tables/outcomes.parquet \\
        --costs results/v2/tables/costs.parquet --items results/v2/benchmarks/aime.parquet \\
        --answers results/v2/answers --verdicts results/v2/verdicts --jurors gpt-oss-120b --rule-graders \\
        --jury '{"majority": "readable", "tie": "undecided"}' --budget-benchmarks aime \\
        --budgets general/Qwen2.5-3B/seq/rho-1/seed-0/think-tokens-1024 \\
        --families '[{"name": "Math-OE", "benchmarks": ["aime"]}]' \\
        --sizes '{"Qwen2.5-3B": 3}' --architectures Qwen2.5-3B=Qwen/Qwen2.5-3B@main --seed 0 \\
        --servings results/v2/tables/servings.parquet --parquet results/v2/tables/test_time.parquet \\
        --csv results/v2/tables/test_time.csv --contrasts results/v2/tables/test_time_contrasts.csv

Votes need the answers that the rule graders extracted; without --rule-graders only pass@k is computed. --budgets has
the models under thinking budgets, --further the answers of models beyond those in the table of outcomes (their ids end
with samples-K), which join these.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from scale_or_reason.analysis.bootstrap import REPLICATES
from scale_or_reason.analysis.serving import cut_at, evidence_of_servings, serving_table
from scale_or_reason.analysis.serving_contrasts import trace_contrasts
from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import read_json
from scale_or_reason.common.tables import read_table, write_rounded_csv, write_table
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.counts import counted_by, named_model
from scale_or_reason.flops.exact import Decoder
from scale_or_reason.inference.requests import json_object
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.scoring.outcomes import ANSWER_COLUMNS, VERDICT_COLUMNS, model_outcomes
from scale_or_reason.scoring.servings import EXTRACT_COLUMNS, ITEM_COLUMNS, Items, model_servings
from scale_or_reason.study import shared_options
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.study.cells import BudgetedCell, Cell, SampledCell, parse_model_id
from scale_or_reason.study.families import family_of
from scale_or_reason.study.result_paths import verdict_files
from scale_or_reason.study.thinking_budgets import RESOLVED_TOKENS


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.outcomes(),
            shared_options.costs(),
            shared_options.items(),
            shared_options.answers(),
            shared_options.verdicts(),
            shared_options.jury(),
            shared_options.families(),
            shared_options.flops(),
            shared_options.sizes(),
            shared_options.architectures(),
            shared_options.replicates(REPLICATES),
            shared_options.parquet_and_csv(),
        ],
    )
    parser.add_argument("--rule-graders", action="store_true", help="count votes over the answers that they extracted")
    parser.add_argument("--budgets", nargs="*", default=[], help="ids of models under thinking budgets")
    parser.add_argument("--budget-benchmarks", nargs="*", default=[], help="the benchmarks that these have answered")
    parser.add_argument(
        "--further", nargs="*", default=[], help="ids of further answers of models, which end with samples-K"
    )
    parser.add_argument("--further-benchmarks", nargs="*", default=[], help="the benchmarks of these")
    parser.add_argument("--servings", type=Path, required=True, help="table of servings by item to write (Parquet)")
    parser.add_argument("--contrasts", type=Path, required=True, help="traces against votes to write (CSV)")
    return parser.parse_args()


def tabulate(arguments: argparse.Namespace) -> pl.DataFrame:
    """The table of servings of all models on all benchmarks."""
    items: Items = {
        (row["benchmark"], row["item_id"]): row
        for row in read_columns(arguments.items, "items", ITEM_COLUMNS).iter_rows(named=True)
    }
    models = dict(named_model(text, "--architectures", arguments.flops) for text in arguments.architectures)
    tables = []
    for model_id, own in outcomes_of_models(arguments, models):
        extracts = extracted(arguments, model_id, own) if arguments.rule_graders else None
        resolved = resolved_tokens(arguments.answers, model_id)
        tables.append(model_servings(own, extracts, items, models[parse_model_id(model_id).student], resolved))
    return pl.concat(tables)


def extracted(arguments: argparse.Namespace, model_id: str, outcomes: pl.DataFrame) -> pl.DataFrame | None:
    """What the rule graders extracted where an item has several answers; None where none has."""
    several = outcomes.filter(pl.len().over("benchmark", "item_id") > 1)["benchmark"].unique(maintain_order=True)
    tables = []
    for own, benchmarks in (
        (model_id, several),
        *((further, arguments.further_benchmarks) for further in further_of(arguments, model_id)),
    ):
        if files := verdict_files(arguments.verdicts, [RULE_GRADERS], [own], benchmarks):
            table = read_columns(files, "verdicts", EXTRACT_COLUMNS, own)
            tables.append(table.with_columns(model_id=pl.lit(model_id)))
    return pl.concat(tables) if tables else None


def further_of(arguments: argparse.Namespace, model_id: str) -> list[str]:
    """The ids of a model's further answers, none for most."""
    return [further for further in arguments.further if cell_of(further).model_id == model_id]


def cell_of(further: str) -> Cell:
    """The model that has given further answers. Raises :class:`StudyError` for an id of other answers."""
    model = parse_model_id(further)
    if not isinstance(model, SampledCell):
        raise StudyError(
            "the model id has no number of answers",
            where="--further",
            found=further,
            expected="CORPUS/STUDENT/CURRICULUM/rho-R/seed-N/samples-K",
            remedy="name the folder of further answers",
        )
    return model.cell


def resolved_tokens(answers: Path, model_id: str) -> dict[str, int | None] | None:
    """The tokens of a model's percentile by benchmark, from its manifest; None for models without a percentile."""
    model = parse_model_id(model_id)
    if not isinstance(model, BudgetedCell) or not model.budget.is_percentile:
        return None
    path = answers / model_id / "manifest.json"
    return read_json(path)["settings"][RESOLVED_TOKENS]


def outcomes_of_models(
    arguments: argparse.Namespace, models: Mapping[str, Architecture | Decoder | None]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each model and its outcomes, those of its further answers among them."""
    outcomes = read_table(arguments.outcomes, "outcomes")
    jury = JuryRule.from_settings(json_object(arguments.jury, "--jury"))

    def read(model_id: str, benchmarks: Sequence[str]) -> pl.DataFrame:
        answers = [arguments.answers / model_id / f"{name}.parquet" for name in benchmarks]
        verdicts = verdict_files(arguments.verdicts, arguments.jurors, [model_id], benchmarks)
        return model_outcomes(
            model_id,
            read_columns(answers, "answers", ANSWER_COLUMNS, model_id),
            read_columns(verdicts, "verdicts", VERDICT_COLUMNS, model_id),
            jury,
            models[parse_model_id(model_id).student],
        )

    for (model_id,), own in outcomes.group_by("model_id", maintain_order=True):
        more = [read(further, arguments.further_benchmarks) for further in further_of(arguments, str(model_id))]
        yield str(model_id), pl.concat([own, *(table.with_columns(model_id=pl.lit(model_id)) for table in more)])
    for model_id in arguments.budgets:
        yield model_id, read(model_id, arguments.budget_benchmarks)


def main() -> None:
    arguments = parse_arguments()
    servings, costs = tabulate(arguments), counted_by(read_table(arguments.costs, "costs"), arguments.flops)
    families = family_of(arguments.families)
    measure = partial(
        evidence_of_servings,
        costs=costs,
        families=families,
        sizes=arguments.sizes,
        seed=arguments.seed,
        replicates=arguments.replicates,
    )
    found = measure(servings)
    single = {serving: evidence for serving, evidence in found.items() if serving.k == 1}
    passed = measure(servings.filter(pl.col("k") > 1), measure="pass_at_k")
    tokens = cut_at(servings, families)
    table = serving_table(found, single | passed, tokens)  # pass@1 is the accuracy of a single answer
    write_table(servings, arguments.servings, "servings")
    write_table(table, arguments.parquet, "test_time")
    write_rounded_csv(table, arguments.csv)
    write_rounded_csv(trace_contrasts(found), arguments.contrasts)


if __name__ == "__main__":
    run_script(main)
