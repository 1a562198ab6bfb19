"""Draw every figure of both versions from made-up tables of the papers' whole study, to be looked at.

    python tests/benchmarks/all_figures.py --output results/made_up/figures
    python tests/benchmarks/all_figures.py --output results/made_up/holes --figures v1/fig02 v2/fig05 --missing 0.1

Numbers follow plain laws with a little noise (tests/unit/full_grid.py) and say nothing about any model.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from dataclasses import replace
from pathlib import Path

from scale_or_reason.reporting.figures.registry import FIGURES
from scale_or_reason.reporting.figures.style import Style, save_figure

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    parser.add_argument("--figures", nargs="+", choices=FIGURES, default=list(FIGURES), help="which (default: all)")
    parser.add_argument("--missing", type=float, default=0.0, help="share of rows to leave out (default: 0)")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests" / "unit"))
    full_grid = importlib.import_module("full_grid")
    whole = full_grid.results()
    kept = {name: table.sample(fraction=1 - arguments.missing, seed=0) for name, table in whole.tables.items()}
    study = replace(whole, tables=kept) if arguments.missing else whole
    style = Style.from_file(ROOT / "config" / "style.yaml")
    for name in arguments.figures:
        start = time.perf_counter()
        figure_type = importlib.import_module(f"scale_or_reason.reporting.figures.{FIGURES[name].figure_type}")
        stem = arguments.output / name
        stem.parent.mkdir(parents=True, exist_ok=True)
        save_figure(stem, figure_type.table(study, **FIGURES[name].parameters), figure_type.draw, style)
        print(f"{stem}.png: {time.perf_counter() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
