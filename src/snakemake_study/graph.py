"""Snakemake's graph, with ``ancient`` inputs that do not hide why later jobs have to run.

Snakemake 9.27.1 does not look for reasons of a job that comes after one that will run, since it will run anyway. Behind
an ``ancient`` input it may not run, and then its own reasons (other parameters, missing outputs) are overlooked in a
dry run, and in a run until the next checkpoint has ended.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import snakemake.api  # before snakemake.workflow, which cannot be imported first
import snakemake.workflow
from snakemake.dag import DAG


class TrueGraph(DAG):
    """Jobs after an ``ancient`` input that exists count as independent of the job that makes it.

    Files that an earlier run has deleted and not made again are made again. Snakemake makes a missing file only for a
    job that will run, so what had been made from the deleted file would count as up to date.
    """

    #: The files that an earlier run has deleted and not made again.
    deleted: Callable[[], Iterable[str]] | None = None
    #: Called with the files that are requested, before anything is planned.
    check_files: Callable[[Iterable[str]], None] | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        if self.check_files:
            self.check_files(options.get("targetfiles") or ())
        if self.deleted:
            options["forcefiles"] = {*(options.get("forcefiles") or ()), *self.deleted()}
        super().__init__(*arguments, **options)

    def bfs(self, direction: Any, *jobs: Any, stop: Callable[[Any], bool] = lambda job: False) -> Iterator[Any]:
        """All jobs in a direction from these jobs, breadth first."""
        if direction is not self.depending:
            yield from super().bfs(direction, *jobs, stop=stop)
            return
        queue = deque(jobs)
        visited = set(queue)
        while queue:
            job = queue.popleft()
            if stop(job):
                continue
            yield job
            for later, files in direction[job].items():
                if later not in visited and not all(file.is_ancient and os.path.exists(file) for file in files):
                    queue.append(later)
                    visited.add(later)


def replace_graph() -> None:
    """Have Snakemake use :class:`TrueGraph` from now on."""
    snakemake.workflow.DAG = TrueGraph
