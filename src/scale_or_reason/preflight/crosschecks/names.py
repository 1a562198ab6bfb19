"""Names: that the catalogues hold them, that no two things share one, that paths can hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.own import read_own
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.catalogue import HUMAN, RULE_GRADERS
from scale_or_reason.study.cells import RESERVED_NAMES
from scale_or_reason.study.problems import KeyPath, Problem, did_you_mean
from scale_or_reason.study.selection import is_human

Config = Mapping[str, Any]

#: What the jury called the rule graders before.
_OLD_RULE_GRADERS = "rules"


def unknown(config: Config) -> Iterator[Problem]:
    """A student, corpus, judge or teacher that no catalogue holds."""
    study = config["study"]
    for catalogue in ("students", "corpora", "adopted", "judges"):
        for index, name in enumerate(study[catalogue]):
            if catalogue == "judges" and (name == RULE_GRADERS or is_human(name)):
                continue  # neither rule graders nor people need an entry
            yield from _unknown(name, ("study", catalogue, index), catalogue, config[catalogue])
    if study["teacher"] is not None:
        yield from _unknown(study["teacher"], ("study", "teacher"), "teachers", config["teachers"])
    if study["adaptations"]:
        for end, name in study["adaptation_corpora"].items():
            yield from _unknown(name, ("study", "adaptation_corpora", end), "corpora", config["corpora"])


def cell_choices(config: Config) -> Iterator[Problem]:
    """Settings for some cells only, with a student or corpus that no catalogue holds."""
    study = config["study"]
    for key in ("data_fractions", "thinking_budgets", "votes", "hybrid_students"):
        chosen = study[key] if isinstance(study[key], Mapping) else {}
        for catalogue in ("students", "corpora"):
            for index, name in enumerate(chosen.get(catalogue) or ()):
                yield from _unknown(name, ("study", key, catalogue, index), catalogue, config[catalogue])


def _unknown(name: str, path: KeyPath, catalogue: str, entries: Mapping[str, Any]) -> Iterator[Problem]:
    if name in entries:
        return
    remedy = did_you_mean(name, entries) or f"add it to the catalogue `{catalogue}`"
    if (catalogue, name) == ("judges", _OLD_RULE_GRADERS):
        remedy = f"write {RULE_GRADERS}: {_OLD_RULE_GRADERS} was renamed"
    known = ", ".join(entries) or f"an entry of `{catalogue}`, which is empty"
    yield Problem(path, f"the catalogue `{catalogue}` has no such entry", name, known, remedy)


def adopted(config: Config) -> Iterator[Problem]:
    """Adopted models with the name of a student or teacher, which tables and figures could not tell apart."""
    study = config["study"]
    taken = {*study["students"], *([study["teacher"]] if study["teacher"] else [])}
    for index, name in enumerate(study["adopted"]):
        if name in taken:
            problem, expected = "an adopted model has the name of a student or teacher", "a name of its own"
            yield Problem(("study", "adopted", index), problem, name, expected, "rename it in `adopted`, too")


def reserved(config: Config) -> Iterator[Problem]:
    """Entries whose names have another meaning in paths or in the jury."""
    for name in config["corpora"]:
        if name in RESERVED_NAMES:
            expected = f"none of {', '.join(RESERVED_NAMES)}: the paths of other models begin with them"
            yield Problem(("corpora", name), "the name of a corpus is reserved", name, expected, "rename the corpus")
    for name in config["judges"]:
        if name == RULE_GRADERS or is_human(name):
            meaning = "the rule graders" if name == RULE_GRADERS else f"the labels of people, as {HUMAN}-NAME is"
            expected = f"not {name!r}: that is the name of {meaning}"
            yield Problem(("judges", name), "the name of a judge is reserved", name, expected, "rename the judge")


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
            yield from _unknown_benchmark(config, benchmark, here)
            if benchmark in home:
                found = f"{benchmark} in {home[benchmark]} and in {family['name']}"
                remedy = "remove it from one of them; it would count twice"
                yield Problem(here, "a benchmark is in two families", found, "one family for each benchmark", remedy)
            home[benchmark] = family["name"]
    for key in ("length_limits", "thinking_budgets", "votes"):
        for index, benchmark in enumerate(config["study"][key]["benchmarks"]):
            yield from _unknown_benchmark(config, benchmark, ("study", key, "benchmarks", index))
    for key in ("max_items_by_benchmark", "samples_per_item", "options"):
        for benchmark in config["benchmarks"][key]:
            yield from _unknown_benchmark(config, benchmark, ("benchmarks", key, benchmark))


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
            yield from _unknown_benchmark(config, name, (*path, name))


def _unknown_benchmark(config: Config, benchmark: str, path: KeyPath) -> Iterator[Problem]:
    known = (*BENCHMARK_NAMES, *config["benchmarks"]["own"])
    if benchmark not in known:
        remedy = did_you_mean(benchmark, known) or "name the file of a benchmark of your own in benchmarks.own"
        yield Problem(path, "there is no such benchmark", benchmark, ", ".join(known), remedy)


def own_benchmarks(config: Config) -> Iterator[Problem]:
    """Files of benchmarks that cannot be read, names of the package's own, and benchmarks that nothing can grade."""
    study = config["study"]
    selected = {name for family in study["families"] for name in family["benchmarks"]}
    for name, entry in config["benchmarks"]["own"].items():
        path: KeyPath = ("benchmarks", "own", name)
        if name in BENCHMARK_NAMES:
            problem, expected = "a benchmark of the package has this name", "another name"
            yield Problem(path, problem, name, expected, "rename yours here and in study.families")
            continue
        try:
            benchmark = read_own(name, Path(entry["path"])) if name in selected else None
        except StudyError as error:
            found = f"{entry['path']}: {error.key}: {error.found}" if error.key else f"{entry['path']}: {error.found}"
            yield Problem((*path, "path"), error.problem, found, error.expected, error.remedy)
            continue
        except OSError as error:
            problem, expected = "a missing file: this benchmark has no file", "a YAML file"
            remedy = "correct the path; it is relative to the folder in which Snakemake runs"
            yield Problem((*path, "path"), problem, f"{entry['path']} ({error.strerror})", expected, remedy)
            continue
        if benchmark and benchmark.grader is None and (study["rule_graders"] or RULE_GRADERS in study["judges"]):
            remedy = f"name a grader in {entry['path']}, or set study.rule_graders to false: judges then grade alone"
            problem = "the rule graders cannot grade this benchmark"
            yield Problem((*path, "path"), problem, f"{entry['path']}: no grader", "a benchmark with a grader", remedy)


def benchmark_options(config: Config) -> Iterator[Problem]:
    """Options that a benchmark does not have, and values that an option does not have."""
    for name, chosen in config["benchmarks"]["options"].items():
        try:
            get_benchmark(name).with_options(chosen)
        except StudyError as error:
            yield Problem(("benchmarks", "options", name, str(error.key)), error.problem, error.found, error.expected)
