"""Dry runs of many studies in one process, each with other values in its config: jobs by rule, as JSON.

A dry run in a process of its own takes seconds, most of them for the import of Snakemake and for the translation of
files that all of these share.

    python dry_runs.py '["config/studies/micro.yaml"]' '[{}, {"study": {"ratios": [0]}}]' all models
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from snakemake.api import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    ResourceSettings,
    SnakemakeApi,
    StorageSettings,
    WorkflowSettings,
)
from snakemake.settings.types import Quietness

sys.path.append(str(Path(__file__).resolve().parent.parent))
importlib.import_module("snakemake_translations")

COLLECTIONS = {"all", "models", "answers", "scores", "figures", "tables", "explorer"}


def jobs(overlays: list[str], values: dict[str, Any], targets: list[str]) -> dict[str, int]:
    """The jobs that would run, by rule, without collections."""
    with SnakemakeApi(OutputSettings(dryrun=True, quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            ResourceSettings(cores=1),
            ConfigSettings(config=values, configfiles=[Path(file) for file in overlays]),
            StorageSettings(),
            WorkflowSettings(),
            snakefile=Path("Snakefile").absolute(),
        )
        workflow.dag(DAGSettings(targets=frozenset(targets))).execute_workflow(executor="dryrun")
        needed = workflow._workflow.dag.needrun_jobs(exclude_finished=False)
        return dict(Counter(job.rule.name for job in needed if job.rule.name not in COLLECTIONS))


if __name__ == "__main__":
    overlays, changes, targets = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
    found: list[dict[str, int]] = []
    for change in changes:
        try:
            found.append(jobs(overlays, change, targets))
        except SystemExit as refusal:
            print(refusal, file=sys.stderr)
            found.append({f"refused: {refusal}".replace("\n", " "): 1})
    print(json.dumps(found))
