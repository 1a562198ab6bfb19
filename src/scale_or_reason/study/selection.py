"""What the section ``study`` of a config selects from the catalogues, before it is a :class:`~study.study.Study`.

Standard library only: every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from scale_or_reason.study.catalogue import (
    HUMAN,
    RULE_GRADERS,
    SEARCH,
    AdoptedModel,
    CellChoice,
    Corpus,
    LengthLimits,
    Settings,
    Source,
    Student,
    ThinkingBudgets,
    Votes,
)
from scale_or_reason.study.cells import (
    CURRICULA,
    FORMATS,
    ratio_of_format,
)
from scale_or_reason.study.families import MAIN_FAMILIES
from scale_or_reason.study.thinking_budgets import ThinkingBudget

_Sized = TypeVar("_Sized", Student, AdoptedModel)


def models_of_jury(names: Sequence[str]) -> list[str]:
    """The jurors that are models; the rule graders and people may be jurors but are no models."""
    return [name for name in names if name != RULE_GRADERS and not is_human(name)]


def is_human(juror: str) -> bool:
    """Whether a juror is people: all of them, or one person."""
    return juror == HUMAN or juror.startswith(f"{HUMAN}-")


def max_items_of(benchmark: str, settings: Settings) -> int | None:
    """The smaller of the limit for all benchmarks and that for this one; None without any."""
    limits = (settings["max_items"], settings["max_items_by_benchmark"].get(benchmark))
    return min((limit for limit in limits if limit is not None), default=None)


def formats_with_rates(study: Settings) -> tuple[str, ...]:
    """The formats for which a study's students need a learning rate (``study`` is the config's section)."""
    needed = {answer_format for adaptation in study["adaptations"] for answer_format in adaptation.split("-then-")}
    if study["corpora"] and study["curricula"]:
        for answer_format in FORMATS:
            # a mixture needs the rates of both formats: it uses one of them or interpolates
            if any(ratio != 1 - ratio_of_format(answer_format) for ratio in study["ratios"]):
                needed.add(answer_format)
    if study["corpora"] and study["hybrid_students"]["ratios"]:
        needed.update(FORMATS)
    return tuple(sorted(needed))


def data_fractions_of(study: Settings) -> Settings:
    """``study.data_fractions`` as a map, which a config may spell as a list of fractions, too."""
    chosen = study["data_fractions"]
    return chosen if isinstance(chosen, Mapping) else {"fractions": chosen}


def undecidable(config: Settings) -> str | None:
    """Why a study can decide none of the papers' statements; None if it can decide some."""
    study = config["study"]
    if any(config["students"][name]["learning_rate"] == SEARCH for name in study["students"]):
        return None  # one statement is about searched learning rates
    if not all(study[key] for key in ("students", "corpora", "ratios", "curricula")):
        return "it trains no students"
    if not {family["name"] for family in study["families"]} & set(MAIN_FAMILIES):
        return f"no family of benchmarks has one of the papers' names {', '.join(MAIN_FAMILIES)}"
    return None


def by_size(students: Iterable[_Sized]) -> dict[str, _Sized]:
    """The models by name, from small to large; by name where sizes are equal."""
    return {student.name: student for student in sorted(students, key=lambda student: (student.size_b, student.name))}


def corpus_of(name: str, entry: Settings, pairs_source: str) -> Corpus:
    """With released pairs, the prompts also come from the release."""
    released = pairs_source == "released"
    source = Source(**entry["released"], schema="released_pairs") if released else Source(**entry["source"])
    return Corpus(
        name=name,
        source=source,
        num_prompts=entry["num_prompts"],
        shards=entry.get("shards", 1),
        languages=() if released else tuple(entry.get("languages") or ()),
    )


def _budgets(settings: Settings) -> list[ThinkingBudget]:
    """The budgets of the section ``study.thinking_budgets``."""
    percentiles = map(ThinkingBudget.at_percentile, settings["percentiles"])
    return [*map(ThinkingBudget.of_tokens, settings["tokens"]), *percentiles]


def length_limits_of(chosen: Settings) -> LengthLimits:
    """The limits of ``study.length_limits``; none without any of its benchmarks."""
    settings, benchmarks = chosen["length_limits"], _evaluated(chosen, chosen["length_limits"]["benchmarks"])
    limits = tuple(sorted(settings["max_tokens"])) if benchmarks else ()
    return LengthLimits(limits, tuple(sorted(settings["ratios"])), benchmarks)


def thinking_budgets_of(chosen: Settings) -> ThinkingBudgets:
    """The budgets of ``study.thinking_budgets``; none without any of its benchmarks."""
    settings, benchmarks = chosen["thinking_budgets"], _evaluated(chosen, chosen["thinking_budgets"]["benchmarks"])
    budgets = tuple(sorted(_budgets(settings))) if benchmarks else ()
    return ThinkingBudgets(budgets, cells_of(chosen, settings), benchmarks)


def votes_of(chosen: Settings, answered: Mapping[str, int]) -> Votes:
    """The votes of ``study.votes``."""
    settings = chosen["votes"]
    samples, evaluated = settings["samples_per_item"], _evaluated(chosen, settings["benchmarks"])
    benchmarks = tuple(name for name in evaluated if samples > answered.get(name, 1))
    return Votes(samples, cells_of(chosen, settings), benchmarks, answered)


def _evaluated(chosen: Settings, benchmarks: Sequence[str]) -> tuple[str, ...]:
    """Those that the study has, so that a smaller study need not repeat the list."""
    evaluated = {name for family in chosen["families"] for name in family["benchmarks"]}
    return tuple(name for name in benchmarks if name in evaluated)


def cells_of(chosen: Settings, settings: Settings) -> CellChoice:
    """The cells to which ``settings`` apply: all values of the study for a key that is absent."""

    def values(key: str) -> Sequence[Any]:
        found = settings.get(key)
        return chosen[key] if found is None else found

    names = {key: set(values(key)) for key in ("corpora", "students")}
    return CellChoice(
        corpora=tuple(name for name in chosen["corpora"] if name in names["corpora"]),
        students=tuple(name for name in chosen["students"] if name in names["students"]),
        curricula=tuple(sorted(values("curricula"), key=CURRICULA.index)),
        ratios=tuple(sorted(values("ratios"))),
    )


def formats_of(adaptation: str) -> tuple[str, str]:
    """The two formats of an adaptation such as ``ift-then-reasoning``."""
    first, second = adaptation.split("-then-")
    return first, second
