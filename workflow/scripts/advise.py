"""Advise what to train: for each family the most accurate model whose training and answers stay within a budget.

    snakemake advise --config 'advise={budget_flops: 1e21, queries: 1e6}'

calls it with the study's whole config as JSON. By hand:

    python workflow/scripts/advise.py --config "$(python -c 'import json, yaml; print(json.dumps(yaml.safe_load(
        open("config/config.yaml"))))')" --budget-flops 1e21 --queries 1e6 \\
        --outcomes results/v2/tables/outcomes.parquet --costs results/v2/tables/costs.parquet \\
        --output-dir results/v2/advice

    python workflow/scripts/advise.py --from-papers resources/papers --budget-flops 1e21 --queries 1e6 \\
        --config ... --output-dir results/papers/advice

advises from the papers' published numbers instead, without a study.

Writes advice.csv (a row per family), advice.txt (what it prints) and regions.pdf, .png and .csv: the best model
for every budget and number of answers. A budget in GPU-hours assumes the GPUs and speeds of the config's plan.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.analysis.advice import Offers, advice, candidates, grid_around, offers, regions
from scale_or_reason.analysis.advice_words import costs_on_screen, hours_on_screen, hybrid_note, screen, sentences
from scale_or_reason.analysis.bootstrap import REPLICATES, bootstrap
from scale_or_reason.analysis.paid_once import asked_for, flops_paid_once, paid_once
from scale_or_reason.analysis.serving import CutAt, Serving, cut_at, evidence_of_servings
from scale_or_reason.claims.paper_advice import PaperAdvice, paper_advice
from scale_or_reason.claims.paper_results import CORPORA
from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import write_text
from scale_or_reason.common.tables import read_table, write_rounded_csv
from scale_or_reason.flops.counts import COUNT_NAMES, check_counted_by, count_note, counted_by
from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.estimate import Estimator
from scale_or_reason.planning.lifetimes import Floats, hours_paid_once, lifetime_hours
from scale_or_reason.planning.measured_hours import measured_hours
from scale_or_reason.reporting.figures import advice as picture
from scale_or_reason.reporting.figures.style import Style, save_figure
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.study import shared_options
from scale_or_reason.study.families import family_of
from scale_or_reason.study.learning_rates import Search
from scale_or_reason.study.study import Study

_ONE_ANSWER = "Votes and cut thoughts are left out, since only single answers have GPU-hours; give a budget in FLOPs."
_WITHOUT_GPUS = "The study ran without GPUs: measured hours are those of its processes."


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, parents=[shared_options.config()]
    )
    budget = parser.add_mutually_exclusive_group(required=True)
    budget.add_argument("--budget-flops", type=float, help="FLOPs for training and answers together")
    budget.add_argument("--budget-gpu-hours", type=float, help="GPU-hours for training and answers together")
    parser.add_argument("--queries", type=float, required=True, help="number of answers over the model's lifetime")
    parser.add_argument("--outcomes", type=Path, help="outcomes of all answers (Parquet)")
    parser.add_argument("--costs", type=Path, help="costs of all models (Parquet)")
    parser.add_argument("--servings", type=Path, help="further ways to answer (Parquet), for a budget in FLOPs")
    parser.add_argument("--from-papers", type=Path, help="folder with the papers' tables, in place of both")
    parser.add_argument(
        "--replicates", type=int, default=REPLICATES, help="number of bootstrap replicates (default: %(default)s)"
    )
    parser.add_argument("--style", type=Path, default=Path("config/style.yaml"), help="how figures look")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder of the advice")
    arguments = parser.parse_args()
    if arguments.from_papers is not None and arguments.budget_flops is None:
        parser.error("--from-papers needs --budget-flops: the papers publish no times")
    if arguments.from_papers is None and (arguments.outcomes is None or arguments.costs is None):
        parser.error("--outcomes and --costs are required without --from-papers")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    config = arguments.config
    in_flops, queries = arguments.budget_flops is not None, arguments.queries
    budget = arguments.budget_flops if in_flops else arguments.budget_gpu_hours
    for name, value in (("budget-flops" if in_flops else "budget-gpu-hours", budget), ("queries", queries)):
        if not 0 < value < float("inf"):
            raise StudyError(
                "invalid budget or number of answers",
                where=f"--{name}",
                found=value,
                expected="a positive number",
                remedy="set the budget for training and answers together, and the number of answers",
            )
    notes: Sequence[str]
    if arguments.from_papers is not None:
        published = published_offers(arguments.from_papers, config)
        evidence, offered, notes = published.evidence, published.offered, published.notes
    else:
        evidence, offered, notes = measured_offers(arguments, in_flops, queries)
    unit = "FLOPs" if in_flops else f"{config['plan']['gpu']} GPU-hours"
    table = advice(evidence, offered, budget, queries, unit)
    budgets, numbers = grid_around(offered, budget, queries)
    mapped = pl.concat([regions(evidence, each, budgets, numbers) for each in offered])
    write_rounded_csv(table, arguments.output_dir / "advice.csv")
    draw = partial(picture.draw, budget=budget, queries=queries, unit=unit)
    save_figure(arguments.output_dir / "regions", mapped, draw, Style.from_file(arguments.style))
    tables = [part for part in (screen(table), costs_on_screen(table), hours_on_screen(table)) if part]
    text = "\n\n".join([*tables, "\n".join(sentences(table)), "\n".join([*notes, *hybrid_note(table)])])
    write_text(text + "\n", arguments.output_dir / "advice.txt")
    print(text)


def published_offers(folder: Path, config: Mapping[str, Any]) -> PaperAdvice:
    """The papers' students."""
    # the papers searched the rates of all students
    search = Search.from_config(config["training"], (), CORPORA[0])
    return paper_advice(folder, asked_for(config["advise"]), search, config["study"]["flops"])


def measured_offers(
    arguments: argparse.Namespace, in_flops: bool, queries: float
) -> tuple[Evidence, list[Offers], Sequence[str]]:
    """The study's own models, and notes on what their costs contain."""
    config, study = arguments.config, Study.from_config(arguments.config)
    outcomes, costs = read_table(arguments.outcomes, "outcomes"), read_table(arguments.costs, "costs")
    families = family_of(config["study"]["families"])
    count = config["study"]["flops"]
    check_count(outcomes, costs, count, arguments.outcomes)
    evidence = bootstrap(outcomes, costs, families, sizes_of(study), study.seed, arguments.replicates, count)
    shares = asked_for(config["advise"])
    search = Search.from_config(config["training"], study.searched, (*study.grid_corpora, "")[0])
    if in_flops:
        lifetimes: Sequence[tuple[Floats | None, Floats | None]] = [(None, None)] * len(evidence.families)
        parts = flops_paid_once(evidence, counted_by(costs, count), search, len(study.judges))
    else:
        estimator = Estimator(config, Assumptions(config, study))
        lifetimes = [lifetime_hours(estimator, study, evidence, costs, name, queries) for name in evidence.families]
        asked = [name for name, share in shares.items() if share]
        parts = hours_paid_once(estimator, study, evidence, costs, search, asked)
    trained = [cell for cell in candidates(evidence) if evidence.cells["training_flops"][cell] is not None]
    once = paid_once(evidence, trained, parts, shares, {} if in_flops else on_servers(study))
    results, on_gpu = arguments.costs.parent.parent, config["compute"]["device"] == "gpu"
    measured = measured_hours(study, evidence, costs, search, results, on_gpu)
    timed = {"training": 1.0, "answer": 1.0} | {name: shares[name] for name in once.parts}
    servings: dict[Serving, Evidence] = {}
    tokens: CutAt = {}
    if arguments.servings is not None and in_flops:
        servings, tokens = further_ways(arguments, study, costs, families)
    offered = [
        offers(
            evidence,
            family,
            *costs_of,
            once.parts,
            {name: share * measured[family][name] for name, share in timed.items()},
            servings,
            tokens,
        )
        for family, costs_of in zip(evidence.families, lifetimes, strict=True)
    ]
    notes = [*([count_note(count)] if in_flops else []), *once.notes]
    if arguments.servings is not None and not in_flops:
        notes.append(_ONE_ANSWER)
    return evidence, checked(offered), [*notes, *([] if on_gpu else [_WITHOUT_GPUS])]


def further_ways(
    arguments: argparse.Namespace, study: Study, costs: pl.DataFrame, families: Mapping[str, str]
) -> tuple[dict[Serving, Evidence], CutAt]:
    """The evidence of each way to answer but a single whole answer, and the tokens at which thoughts are cut."""
    count = arguments.config["study"]["flops"]
    ways = read_table(arguments.servings, "servings")
    check_counted_by(ways, count, arguments.servings)
    cut = pl.any_horizontal(pl.col("budget", "percentile").is_not_null())
    further = ways.filter((pl.col("k") > 1) | cut)
    known, sizes = counted_by(costs, count), sizes_of(study)
    servings = evidence_of_servings(further, known, families, sizes, study.seed, arguments.replicates)
    return servings, cut_at(ways, families)


def sizes_of(study: Study) -> dict[str, float]:
    """Billions of parameters by student."""
    return {student.name: student.size_b for student in study.students.values()}


def on_servers(study: Study) -> dict[str, str]:
    """Why GPU-hours of a part are not known."""
    reasons = {}
    if study.teacher and study.teacher.endpoint:
        reasons["teacher"] = f"{study.teacher.name} runs on a server, whose GPUs are not known"
    if served := [judge.name for judge in study.judges.values() if judge.endpoint]:
        reasons["judging"] = f"{served[0]} runs on a server, whose GPUs are not known"
    return reasons


def check_count(outcomes: pl.DataFrame, costs: pl.DataFrame, count: str, where: Path) -> None:
    """Raise :class:`StudyError` if the FLOPs of the outcomes are not those of ``count`` in the costs.

    Advice reads tables as they are, perhaps from before a change of ``study.flops``.
    """
    key = ["model_id", "benchmark"]
    answered = outcomes.group_by(key).agg(found=pl.col("flops").sum())
    counted = counted_by(costs, count).filter(stage="evaluation").select(*key, expected="flops")
    both = answered.join(counted, on=key).drop_nulls()
    if both.filter((pl.col("found") / pl.col("expected") - 1).abs() > 1e-6).height:
        raise StudyError(
            "the table of outcomes has another count of FLOPs",
            where=where,
            key="study.flops",
            found="FLOPs that differ from those in the table of costs",
            expected=f"FLOPs that are counted {COUNT_NAMES[count]}",
            remedy="make the tables again: snakemake -- tables",
        )


def checked(offered: list[Offers]) -> list[Offers]:
    """Raise :class:`StudyError` if there is no candidate model."""
    if not any(map(len, offered)):
        raise StudyError(
            "no model qualifies for advice",
            where="--costs",
            found="no trained model with an accuracy on a whole family, training costs and costs of answers",
            remedy="train and score models of the study first",
        )
    return offered


if __name__ == "__main__":
    run_script(main)
