"""Names: that the catalogues hold them, that no two things share one, that paths can hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.registry import BENCHMARKS
from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.cells import RESERVED_NAMES
from scale_or_reason.study.problems import KeyPath, Problem, did_you_mean
from scale_or_reason.study.study import RULE_GRADERS

Config = Mapping[str, Any]

#: What the jury called the rule graders before.
_OLD_RULE_GRADERS = "rules"


def unknown(config: Config) -> Iterator[Problem]:
    """A student, corpus, judge or teacher that no catalogue holds."""
    study = config["study"]
    for catalogue in ("students", "corpora", "judges"):
        for index, name in enumerate(study[catalogue]):
            if (catalogue, name) == ("judges", RULE_GRADERS):
                continue  # the rule graders need no entry
            yield from _unknown(name, ("study", catalogue, index), catalogue, config[catalogue])
    if study["teacher"] is not None:
        yield from _unknown(study["teacher"], ("study", "teacher"), "teachers", config["teachers"])
    if study["adaptations"]:
        for end, name in study["adaptation_corpora"].items():
            yield from _unknown(name, ("study", "adaptation_corpora", end), "corpora", config["corpora"])


def _unknown(name: str, path: KeyPath, catalogue: str, entries: Mapping[str, Any]) -> Iterator[Problem]:
    if name in entries:
        return
    remedy = did_you_mean(name, entries) or f"add it to the catalogue `{catalogue}`"
    if (catalogue, name) == ("judges", _OLD_RULE_GRADERS):
        remedy = f"write {RULE_GRADERS}: {_OLD_RULE_GRADERS} was renamed"
    known = ", ".join(entries) or f"an entry of `{catalogue}`, which is empty"
    yield Problem(path, f"the catalogue `{catalogue}` has no such entry", name, known, remedy)


def reserved(config: Config) -> Iterator[Problem]:
    """Entries whose names have another meaning in paths or in the jury."""
    for name in config["corpora"]:
        if name in RESERVED_NAMES:
            expected = f"none of {', '.join(RESERVED_NAMES)}: the paths of other models begin with them"
            yield Problem(("corpora", name), "the name of a corpus is reserved", name, expected, "rename the corpus")
    if RULE_GRADERS in config["judges"]:
        expected = f"not {RULE_GRADERS!r}: that is the name of the rule graders"
        path = ("judges", RULE_GRADERS)
        yield Problem(path, "the name of a judge is reserved", RULE_GRADERS, expected, "rename the judge")


def benchmarks(config: Config) -> Iterator[Problem]:
    """Unknown benchmarks, benchmarks in two families, families with the same name."""
    home: dict[str, str] = {}
    names: set[str] = set()
    for index, family in enumerate(config["study"]["families"]):
        path = ("study", "families", index)
        if family["name"] in names:
            yield Problem((*path, "name"), "two families have the same name", family["name"], "a name of its own")
        names.add(family["name"])
        for position, benchmark in enumerate(family["benchmarks"]):
            here = (*path, "benchmarks", position)
            yield from _unknown_benchmark(benchmark, here)
            if benchmark in home:
                found = f"{benchmark} in {home[benchmark]} and in {family['name']}"
                remedy = "remove it from one of them; it would count twice"
                yield Problem(here, "a benchmark is in two families", found, "one family for each benchmark", remedy)
            home[benchmark] = family["name"]
    for index, benchmark in enumerate(config["study"]["length_limits"]["benchmarks"]):
        yield from _unknown_benchmark(benchmark, ("study", "length_limits", "benchmarks", index))
    for key in ("max_items_by_benchmark", "samples_per_item", "options"):
        for benchmark in config["benchmarks"][key]:
            yield from _unknown_benchmark(benchmark, ("benchmarks", key, benchmark))


def assumptions(config: Config) -> Iterator[Problem]:
    """Assumptions of the plan about a corpus, benchmark or type of GPU that does not exist: nothing would use them."""
    plan, corpora = config["plan"], config["corpora"]
    yield from _unknown(plan["gpu"], ("plan", "gpu"), "plan.gpu_types", plan["gpu_types"])
    for index, name in enumerate(plan["tokens"]["dropped_reach_limit"]):
        yield from _unknown(name, ("plan", "tokens", "dropped_reach_limit", index), "corpora", corpora)
    for path, entries in (
        (("plan", "tokens", "training"), plan["tokens"]["training"]),
        (("plan", "kept_pair_share"), plan["kept_pair_share"]),
    ):
        for name in entries:
            yield from _unknown(name, (*path, name), "corpora", corpora)
    for path, entries in (
        (("plan", "tokens", "benchmark_prompts"), plan["tokens"]["benchmark_prompts"]),
        (("plan", "benchmark_items"), plan["benchmark_items"]),
    ):
        for name in entries:
            yield from _unknown_benchmark(name, (*path, name))


def _unknown_benchmark(benchmark: str, path: KeyPath) -> Iterator[Problem]:
    if benchmark not in BENCHMARK_NAMES:
        remedy = did_you_mean(benchmark, BENCHMARK_NAMES) or "CONTRIBUTING.md explains how to add a benchmark"
        yield Problem(path, "there is no such benchmark", benchmark, ", ".join(BENCHMARK_NAMES), remedy)


def benchmark_options(config: Config) -> Iterator[Problem]:
    """Options that a benchmark does not have, and values that an option does not have."""
    for name, chosen in config["benchmarks"]["options"].items():
        try:
            BENCHMARKS[name].with_options(chosen)
        except StudyError as error:
            yield Problem(("benchmarks", "options", name, str(error.key)), error.problem, error.found, error.expected)
