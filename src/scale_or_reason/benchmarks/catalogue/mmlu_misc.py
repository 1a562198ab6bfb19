"""MMLU, subject miscellaneous: the most literal reading of the papers' "mmlu-misc".

The other reading is the subcategory ``other`` of its authors' list, three subjects of which this is one.
"""

from __future__ import annotations

from scale_or_reason.benchmarks.instructions import KNOWLEDGE
from scale_or_reason.benchmarks.mmlu import mmlu_benchmark, of_subjects

SUBJECTS = {
    "miscellaneous": of_subjects(("miscellaneous",), rows=783),
    "other": of_subjects(("global_facts", "miscellaneous", "professional_accounting"), rows=1165),
}

BENCHMARK = mmlu_benchmark("mmlu_misc", "General", KNOWLEDGE, SUBJECTS)
