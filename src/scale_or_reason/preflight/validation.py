"""The check of a config before the first job.

:func:`check_config` raises :class:`StudyError` for the first problem that the search for secrets, the schema
(generated from :mod:`preflight.description`) or the cross-checks (:mod:`preflight.crosschecks`) find. Only the process
that a person started calls it; jobs on a cluster rely on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.crosschecks import cross_problems
from scale_or_reason.preflight.duplicate_keys import check_duplicate_keys
from scale_or_reason.preflight.locate import locate
from scale_or_reason.preflight.plain_values import unusable_values
from scale_or_reason.preflight.schema_problems import schema_problems
from scale_or_reason.preflight.secret_values import secrets
from scale_or_reason.study.problems import spell


def check_config(config: Mapping[str, Any], schema_file: Path, config_files: Sequence[Path]) -> None:
    """Raise :class:`StudyError` for the first problem in ``config``.

    ``config_files`` are the files it was merged from, the last one winning; the error names the one with the key.
    """
    check_duplicate_keys(config_files)
    schema = json.loads(schema_file.read_text(encoding="utf-8"))
    checks = (unusable_values(config), secrets(config), schema_problems(config, schema), cross_problems(config))
    problem = next(chain.from_iterable(checks), None)
    if problem is None:
        return
    raise StudyError(
        problem.problem,
        where=locate(problem.path, config, config_files),
        key=spell(problem.path),
        found=problem.found,
        expected=problem.expected,
        remedy=problem.remedy or "correct it; docs/reference/config.md describes every key",
    )
