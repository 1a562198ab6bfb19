"""The figures of both versions and their types: plain data, which the Snakefile reads in milliseconds.

A figure type is a module beside this one with ``table(results, **parameters)`` and ``draw(table, style)``. v2's figures
are known only from short descriptions, so their layout is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Modules that every figure type uses; a change redraws all figures.
SHARED_MODULES = ("drawing", "grid", "legends", "parts", "results", "style", "tasks")
SHARED_LIBRARY = (
    "common/intervals",
    "common/table_schemas",
    "common/tables",
    "scoring/families",
    "scoring/model_points",
    "study/families",
    "study/labels",
)


@dataclass(frozen=True)
class FigureType:
    """The inputs of a figure type: tables, settings of the study, and code besides the shared modules.

    ``settings`` are fields of :class:`~scale_or_reason.reporting.figures.results.Results`.
    """

    tables: tuple[str, ...]
    settings: tuple[str, ...]
    modules: tuple[str, ...] = ()  # modules of this package besides the type's own
    library: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A figure: its type, a short description, and the parameters of ``table``."""

    figure_type: str
    shows: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


_STUDENTS = ("sizes", "families", "corpora")
_FRONTIER = ("analysis/frontiers", "analysis/saturating_fit", "common/seeds")

FIGURE_TYPES = {
    "accuracy_by_size": FigureType(("scores",), (*_STUDENTS, "shots")),
    "accuracy_by_flops": FigureType(("scores", "costs"), (*_STUDENTS, "ratios", "seed"), ("hybrids",), _FRONTIER),
    "accuracy_by_data": FigureType(
        ("scores", "costs"),
        (*_STUDENTS, "ratios", "data_fractions", "part_cells"),
        ("accuracy_by_flops", "hybrids"),
        _FRONTIER,
    ),
    "ratio_gap": FigureType(("scores",), (*_STUDENTS, "ratios", "curricula"), ("gaps",)),
    "sequential": FigureType(
        ("scores", "costs"), (*_STUDENTS, "ratios"), ("accuracy_by_flops", "gaps", "hybrids", "ratio_gap"), _FRONTIER
    ),
    "overhead": FigureType(("scores",), _STUDENTS, ("gaps",)),
    "answer_length": FigureType(("scores", "answer_lengths"), _STUDENTS),
    "early_stopping": FigureType(
        ("early_stopping",), _STUDENTS, ("students_by_flops",), ("analysis/frontiers", "scoring/outcomes")
    ),
    "accuracy_by_serving": FigureType(("test_time",), _STUDENTS, ("students_by_flops",), ("analysis/frontiers",)),
    "length_limit": FigureType(
        ("length_limits",), (*_STUDENTS, "limits", "limited_benchmarks"), library=("common/wording",)
    ),
    "inference_by_size": FigureType(("scores", "costs"), _STUDENTS, library=("analysis/power_laws",)),
    "shots": FigureType(("scores",), ("sizes", "families", "base_shots"), library=("common/wording",)),
    "adaptation": FigureType(("scores",), (*_STUDENTS, "adaptations", "adaptation_corpora"), ("gaps",)),
    "family_table": FigureType(("scores",), _STUDENTS, library=("analysis/table1",)),
}

_FAMILIES, _BENCHMARKS = {"tasks": "main families"}, {"tasks": "main benchmarks"}
_OTHERS, _ALL = {"tasks": "other benchmarks"}, {"tasks": "benchmarks"}
_TRAINING = {"costs": ["training"], "sequential": True, "fits": False}

FIGURES = {
    "v1/fig01": Figure("overhead", "gain and extra tokens by benchmark", {**_BENCHMARKS, "by_size": False}),
    "v1/fig02": Figure("accuracy_by_size", "accuracy by size, format and corpus", _FAMILIES),
    "v1/fig03": Figure("ratio_gap", "sequential and mixed training, with lengths", {**_FAMILIES, "by": "curriculum"}),
    "v1/fig04": Figure("ratio_gap", "gap to IFT over the reasoning ratio, by size", {**_FAMILIES, "by": "size"}),
    "v1/fig05": Figure("adaptation", "general students trained further on math", _FAMILIES),
    "v1/fig06": Figure("accuracy_by_flops", "accuracy against training FLOPs, all ratios", {**_FAMILIES, **_TRAINING}),
    "v1/fig07": Figure("accuracy_by_flops", "accuracy against inference FLOPs", {**_FAMILIES, "costs": ["inference"]}),
    "v1/fig08": Figure("answer_length", "length of right and wrong answers by size", _FAMILIES),
    "v1/fig09": Figure("early_stopping", "answers cut off at percentiles of length", _FAMILIES),
    "v1/fig10": Figure("length_limit", "accuracy under a longer length limit"),
    "v1/fig11": Figure("inference_by_size", "inference FLOPs by size, power laws", {**_FAMILIES, "extended": False}),
    "v1/fig12": Figure("accuracy_by_size", "figure 2 by benchmark", _BENCHMARKS),
    "v1/fig13": Figure("ratio_gap", "figure 3 by benchmark", {**_BENCHMARKS, "by": "curriculum"}),
    "v1/fig14": Figure("ratio_gap", "figure 4 by benchmark", {**_BENCHMARKS, "by": "size"}),
    "v1/fig15": Figure("adaptation", "figure 5 by benchmark", _BENCHMARKS),
    "v1/fig16": Figure("accuracy_by_flops", "figure 6 by benchmark", {**_BENCHMARKS, **_TRAINING}),
    "v1/fig17": Figure("accuracy_by_flops", "figure 7 by benchmark", {**_BENCHMARKS, "costs": ["inference"]}),
    "v1/fig18": Figure("answer_length", "figure 8 by benchmark", _BENCHMARKS),
    "v2/fig01": Figure("overhead", "gain and extra tokens by benchmark and size", {**_ALL, "by_size": True}),
    "v2/fig02": Figure("accuracy_by_flops", "accuracy against FLOPs", _FAMILIES),
    "v2/fig03": Figure("accuracy_by_flops", "accuracy against FLOPs: law, code, physics", _OTHERS),
    "v2/fig04": Figure("answer_length", "length of right and wrong answers by size", _FAMILIES),
    "v2/fig05": Figure("sequential", "sequential ratios: gap to IFT, training FLOPs", _FAMILIES),
    "v2/fig06": Figure("ratio_gap", "sequential and mixed training, with lengths", {**_FAMILIES, "by": "curriculum"}),
    "v2/fig07": Figure("sequential", "sequential ratios: law, code, physics", _OTHERS),
    "v2/fig08": Figure(
        "accuracy_by_flops",
        "inference FLOPs, all ratios: law, code, physics",
        {**_OTHERS, "costs": ["inference"], "sequential": True, "fits": False},
    ),
    "v2/fig09": Figure("overhead", "second pair: gain and extra tokens", {**_ALL, "by_size": True}),
    "v2/fig10": Figure("accuracy_by_flops", "second pair: accuracy against FLOPs", _FAMILIES),
    "v2/fig11": Figure("accuracy_by_flops", "second pair: law, code, physics", _OTHERS),
    "v2/fig12": Figure("early_stopping", "answers cut off at percentiles of length", _FAMILIES),
    "v2/fig13": Figure("length_limit", "accuracy under a longer length limit"),
    "v2/fig14": Figure("inference_by_size", "power laws, extended to a larger size", {**_FAMILIES, "extended": True}),
    "v2/fig15": Figure("accuracy_by_flops", "figure 2 above, by benchmark", {**_ALL, "costs": ["training"]}),
    "v2/fig16": Figure("accuracy_by_flops", "figure 2 below, by benchmark", {**_ALL, "costs": ["inference"]}),
    "v2/fig17": Figure("answer_length", "figure 4 by benchmark", _ALL),
    "v2/fig18": Figure("ratio_gap", "figure 5 above, by benchmark", {**_ALL, "by": "size"}),
    "v2/fig19": Figure("accuracy_by_flops", "figure 5 below, by benchmark", {**_ALL, **_TRAINING}),
    "v2/fig20": Figure("ratio_gap", "figure 6 by benchmark", {**_ALL, "by": "curriculum"}),
    "v2/fig21": Figure("shots", "base students by number of examples", {"tasks": "families"}),
    "v2/table1": Figure("family_table", "family averages and shifts", _FAMILIES),
    "data_fractions": Figure("accuracy_by_data", "accuracy against training FLOPs, curves of equal data", _FAMILIES),
    "test_time": Figure("accuracy_by_serving", "accuracy against inference FLOPs: votes and cut thoughts"),
}


def figures_of(figure_type: str) -> list[str]:
    """The figures of a type."""
    return [name for name, figure in FIGURES.items() if figure.figure_type == figure_type]
