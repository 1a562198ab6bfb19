"""What a JSON Schema cannot express: names that must exist, and values that must fit together.

Each check yields a :class:`Problem` for everything it finds. :mod:`~scale_or_reason.preflight.file_checks` checks that
files exist. :mod:`~scale_or_reason.preflight.student_checks` and :mod:`~scale_or_reason.preflight.own_files` check what
is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scale_or_reason.preflight.crosschecks import data, evaluation, names, training
from scale_or_reason.preflight.crosschecks.restrictions import hybrid_combinations, restrictions
from scale_or_reason.preflight.file_checks import missing_files, missing_pools, worlds_of_others
from scale_or_reason.preflight.own_files import own_files
from scale_or_reason.preflight.student_checks import (
    adopted_weights,
    cpu_heads,
    deepspeed_settings,
    own_templates,
    student_limits,
    templates,
)
from scale_or_reason.study.problems import Problem

#: The names come first: a misspelt name makes the other checks meaningless.
CHECKS: tuple[Callable[[Mapping[str, Any]], Iterator[Problem]], ...] = (
    names.reserved,
    names.unknown,
    names.cell_choices,
    names.adopted,
    names.own_benchmarks,
    names.benchmarks,
    names.benchmark_options,
    names.assumptions,
    training.ratios,
    training.data_fractions,
    training.hybrid_students,
    restrictions,
    hybrid_combinations,
    training.adaptations,
    training.learning_rates,
    training.nodes,
    training.sizes,
    training.learning_rate_search,
    training.tokenizers,
    data.prompts,
    data.pair_sources,
    evaluation.graders,
    evaluation.judges,
    evaluation.labels,
    evaluation.jury_tables,
    evaluation.request_fields,
    evaluation.architectures,
    evaluation.shots,
    evaluation.context_lengths,
    evaluation.length_limits,
    evaluation.thinking_budgets,
    evaluation.votes,
    training.micro_batches,
    worlds_of_others,
    missing_files,
    missing_pools,
    own_files,
    deepspeed_settings,
    templates,
    cpu_heads,
    student_limits,
    adopted_weights,
    own_templates,
)


def cross_problems(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Every problem of the first check that finds any."""
    for check in CHECKS:
        problems = list(check(config))
        yield from problems
        if problems:
            return
