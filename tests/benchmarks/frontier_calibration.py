"""Calibration of the probabilities of being on a Pareto frontier, or near it: ``make bench-frontiers``.

    python tests/benchmarks/frontier_calibration.py --studies 150

Made-up studies of five sizes and two formats, whose true accuracies rise up to a plateau. Models are sorted by the
probability that ``frontier_membership.csv`` states for them; beside its mean is the share of which it is true.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from simulated_studies import calibration, frontier_probabilities


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=150, help="made-up studies")
    parser.add_argument("--replicates", type=int, default=300, help="replicates of each")
    arguments = parser.parse_args()
    table = frontier_probabilities(arguments.studies, arguments.replicates, seed=1)
    for title, stated, truth in (
        ("on the frontier", "probability", "on"),
        ("at most 1 point below it", "probability_near", "near"),
    ):
        print(f"{title}\nstudents        stated  true  models")
        for row in calibration(table, stated, truth).iter_rows(named=True):
            students = "on a plateau" if row["plateau"] else "others"
            print(f"{students:14}  {row['stated']:6.2f}  {row['true']:4.2f}  {row['models']:6}")


if __name__ == "__main__":
    main()
