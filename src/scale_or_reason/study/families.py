"""The benchmark families of the config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scale_or_reason.common.errors import StudyError

#: The four families of the papers' main figures.
MAIN_FAMILIES = ("General-MC", "General-OE", "Math-MC", "Math-OE")


def family_of(families: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Benchmark -> family, in order, from the config's list of ``{"name": ..., "benchmarks": [...]}``.

    Raises :class:`StudyError` for anything else.
    """
    if not isinstance(families, list) or not all({"name", "benchmarks"} == set(family) for family in families):
        raise StudyError(
            "--families does not have the format of the config's families",
            where="--families",
            found=families,
            expected='[{"name": "General-MC", "benchmarks": ["winogrande", ...]}, ...]',
        )
    return {benchmark: family["name"] for family in families for benchmark in family["benchmarks"]}
