"""The arguments that every figure script takes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def figure_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser of ``--scores``, ``--sizes``, ``--families``, ``--style`` and ``--output-stem``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scores", type=Path, required=True, help="scores of all models (Parquet)")
    parser.add_argument("--sizes", type=json.loads, required=True, help="JSON: student -> billions of parameters")
    parser.add_argument("--families", nargs="+", help="a panel each (default: the paper's four where they are)")
    parser.add_argument("--style", type=Path, default=Path("config/style.yaml"), help="how figures look")
    parser.add_argument("--output-stem", type=Path, required=True, help="path of the files to write, without suffix")
    return parser
