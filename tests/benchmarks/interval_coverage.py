"""How often 95 % intervals hold the truth, for single accuracies and for means over a family: ``make bench-coverage``.

    python tests/benchmarks/interval_coverage.py --repeats 2000

Single accuracies: exact coverage of the mid-P interval, summed over the binomial distribution, at one probability and
averaged over those from half of it to twice of it. At one probability coverage jumps, since counts are whole numbers.
Means over a family: made-up models, of which each answers the items of each benchmark right with the probability given;
both for the replicates of ``analysis/bootstrap.py`` and for the interval that ``scoring/families.py`` combines.
"""

from __future__ import annotations

import argparse
import sys
from itertools import product
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from simulated_studies import coverage

from scale_or_reason.common.intervals import mid_p_interval

ITEMS, SHARES = (30, 100, 500, 3000), (0.002, 0.005, 0.02, 0.1, 0.5)
#: Items of a family's benchmarks, and the probability of a right answer to each.
FAMILIES = [
    ((30, 500, 1319), (0.005, 0.3, 0.5)),
    ((30, 500, 1319), (0.005, 0.02, 0.05)),
    ((30, 500, 1319), (0.03, 0.4, 0.7)),
    ((30, 500, 1319), (0.3, 0.9, 0.95)),
    ((30, 100, 200), (0.005, 0.1, 0.3)),
    ((30, 30, 30), (0.005, 0.1, 0.3)),
    ((30, 30, 30), (0.005, 0.01, 0.02)),
]


def single(count: int, share: float) -> tuple[float, float]:
    """Exact coverage at ``share``, and averaged around it."""
    right = np.arange(count + 1)
    low, high = mid_p_interval(right / count, count)
    shares = np.append(share, np.geomspace(share / 2, min(2 * share, 0.999), 100))[:, None]
    covered = (stats.binom.pmf(right, count, shares) * ((low <= shares) & (shares <= high))).sum(axis=1)
    return float(covered[0]), float(covered[1:].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2000, help="made-up models for each family")
    parser.add_argument("--replicates", type=int, default=1000, help="replicates of each")
    arguments = parser.parse_args()
    print("items  accuracy  coverage there  coverage around it")
    for count, share in product(ITEMS, SHARES):
        there, around = single(count, share)
        print(f"{count:5}  {share:8}  {there:14.3f}  {around:18.3f}")
    print("\nitems of the benchmarks  accuracies          bootstrap  MOVER")
    for seed, (items, truth) in enumerate(FAMILIES):
        found = coverage(items, truth, arguments.repeats, arguments.replicates, seed)
        names = " ".join(map(str, items)), " ".join(map(str, truth))
        print(f"{names[0]:23}  {names[1]:18}  {found.bootstrap:9.3f}  {found.mover:5.3f}")


if __name__ == "__main__":
    main()
