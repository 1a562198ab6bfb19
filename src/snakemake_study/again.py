"""Run Snakemake with the command line of an earlier run, for other targets.

    python -m snakemake_study.again '{"targets": ["figure.pdf"], "forcerun": [], "report": "report.html"}' --cores 2

The targets and forced jobs of the command line are replaced. The run takes no locks: the run that started it holds
them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from snakemake.cli import args_to_api, parse_args


def changed(arguments: Any, changes: dict[str, Any]) -> Any:
    """Snakemake's parsed command line with the ``targets``, ``forcerun`` and ``report`` (a file) of ``changes``."""
    arguments.targets, arguments.forcerun = set(changes["targets"]), set(changes["forcerun"])
    arguments.force = arguments.forceall = False
    arguments.until, arguments.omit_from = set(), set()
    arguments.nolock = True
    arguments.report, arguments.report_after_run = Path(changes["report"]), True
    return arguments


def main() -> None:
    changes, words = json.loads(sys.argv[1]), sys.argv[2:]
    parser, arguments = parse_args(words)
    sys.argv = ["snakemake", *words]  # what the workflow sees, as in the earlier run
    sys.exit(0 if args_to_api(changed(arguments, changes), parser) else 1)


if __name__ == "__main__":
    main()
