"""Whether a person's own files hold what the config says: first rows of prompts, pairs and benchmarks, graders, labels.

Jobs check every row. A wrong column or schema shows in the first rows, before any job has run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scale_or_reason.preflight.own_files.benchmarks import benchmark_files
from scale_or_reason.preflight.own_files.labels import label_file
from scale_or_reason.preflight.own_files.prompts import prompt_files, too_few_prompts
from scale_or_reason.study.problems import Problem

__all__ = ["own_files", "too_few_prompts"]


def own_files(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Files whose first rows cannot be read as the config says, graders that cannot work, and unusable labels."""
    yield from prompt_files(config)
    yield from benchmark_files(config)
    yield from label_file(config)
