"""How long 2,000 replicates of the whole grid take, and how much memory: ``make bench-bootstrap``.

    python tests/benchmarks/bootstrap_speed.py --items 3000 --replicates 2000

The models are those of the papers' study, the answers are made up: so many items for each of the 18 benchmarks, one
answer each. Timed are the replicates (from a table of outcomes to accuracies, FLOPs and lengths for all cells and
tasks) and the tables that follow from them.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import polars as pl
import yaml
from ratios import record
from scipy.stats import bootstrap as bootstrap_of_scipy

from scale_or_reason.analysis.bootstrap import REPLICATES, bootstrap
from scale_or_reason.analysis.contrasts import contrasts, frontier_table, uncertainty
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.study.study import Study

ROOT = Path(__file__).parents[2]


def made_up_outcomes(models: list[str], benchmarks: tuple[str, ...], items: int, seed: int = 0) -> pl.DataFrame:
    """An ``outcomes`` table: items differ in difficulty, models in ability."""
    generator = np.random.default_rng(seed)
    names = pl.Series([f"{item:05}" for item in range(items)])
    parts = []
    for benchmark in benchmarks:
        difficulty = generator.normal(size=items)
        for model in models:
            right = generator.normal(generator.normal(), 1, items) > difficulty
            tokens = generator.integers(5, 2000, items)
            columns = {"right": right, "prompt_tokens": tokens // 10, "answer_tokens": tokens, "flops": 1e9 * tokens}
            answer = pl.DataFrame({"item_id": names, **columns}).with_columns(
                model_id=pl.lit(model), benchmark=pl.lit(benchmark), sample=pl.lit(0, pl.Int64)
            )
            parts.append(answer.select(list(SCHEMAS["outcomes"])).cast(SCHEMAS["outcomes"]))
    return pl.concat(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=3000, help="items of each benchmark")
    parser.add_argument("--replicates", type=int, default=REPLICATES, help="replicates of the grid")
    parser.add_argument("--peer", action="store_true", help="compare with scipy.stats.bootstrap of one accuracy")
    arguments = parser.parse_args()
    study = Study.from_config(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    models = [model.model_id for model in study.evaluated()]
    families = {name: family for family, names in study.families.items() for name in names}
    sizes = {student.name: student.size_b for student in study.students.values()}
    outcomes = made_up_outcomes(models, study.benchmarks, arguments.items)
    training = {"stage": "training", "sequences": 1, "flops": 1e18}
    costs = pl.DataFrame([{"model_id": name, **training} for name in models], SCHEMAS["costs"])
    print(f"{len(models)} models, {len(study.benchmarks)} benchmarks of {arguments.items} items")
    print(f"{outcomes.height} answers, {memory():.1f} GB")
    start = time.perf_counter()
    evidence = bootstrap(outcomes, costs, families, sizes, seed=0, replicates=arguments.replicates)
    seconds = time.perf_counter() - start
    print(f"{arguments.replicates} replicates in {seconds:.0f} s, {memory():.1f} GB")
    if arguments.peer:
        own = seconds / (len(models) * len(study.benchmarks))
        peer = scipy_seconds(outcomes, models[0], study.benchmarks[0], arguments.replicates)
        print(f"an accuracy takes {1e3 * own:.2f} ms, scipy {1e3 * peer:.2f} ms")
        record("replicates of an accuracy, a length and a cost", "scipy.stats.bootstrap of the accuracy", [peer / own])
    start = time.perf_counter()
    rows = sum(table(evidence).height for table in (uncertainty, contrasts, frontier_table))
    print(
        f"{rows} rows of intervals, contrasts and frontiers in {time.perf_counter() - start:.0f} s, {memory():.1f} GB"
    )


def scipy_seconds(outcomes: pl.DataFrame, model: str, benchmark: str, replicates: int) -> float:
    """Seconds that scipy takes for the replicates of one accuracy."""
    right = outcomes.filter(model_id=model, benchmark=benchmark)["right"].cast(pl.Float64).to_numpy()
    start = time.perf_counter()
    bootstrap_of_scipy((right,), np.mean, n_resamples=replicates, method="percentile", rng=0)
    return time.perf_counter() - start


def memory() -> float:
    """Gigabytes of this process at its largest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
