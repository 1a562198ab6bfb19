"""What a JSON Schema can't say about a config: that names exist and parts fit together.

Each check yields a :class:`Problem` for everything it finds. Whether files are there is asked in
:mod:`~scale_or_reason.preflight.file_checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.registry import BENCHMARKS
from scale_or_reason.common.errors import StudyError
from scale_or_reason.data.prompt_schemas import PROMPT_SCHEMAS
from scale_or_reason.judging.protocols import get_protocol
from scale_or_reason.preflight.file_checks import missing_files, missing_pools
from scale_or_reason.study.cells import RESERVED_NAMES, format_ratio, ratio_of_format
from scale_or_reason.study.learning_rates import format_rate
from scale_or_reason.study.problems import KeyPath, Problem, did_you_mean
from scale_or_reason.study.study import DEFAULT_TEMPLATE, RULE_GRADERS, SEARCH, formats_with_rates, models_of_jury

Config = Mapping[str, Any]


def cross_problems(config: Config) -> Iterator[Problem]:
    """Every problem that the cross-checks find, the names first: what is misspelt makes other checks meaningless."""
    for check in CHECKS:
        problems = list(check(config))
        yield from problems
        if problems:
            return


def unknown_names(config: Config) -> Iterator[Problem]:
    """A student, corpus, judge or teacher that no catalogue has."""
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


def _unknown(name: str, path: tuple, catalogue: str, entries: Mapping[str, Any]) -> Iterator[Problem]:
    if name not in entries:
        remedy = did_you_mean(name, entries) or f"add it to the catalogue `{catalogue}`"
        yield Problem(path, f"the catalogue `{catalogue}` has no such entry", name, ", ".join(entries), remedy)


def reserved_names(config: Config) -> Iterator[Problem]:
    """Names that paths need for something else."""
    for name in config["corpora"]:
        if name in RESERVED_NAMES:
            expected = f"none of {', '.join(RESERVED_NAMES)}: paths begin with them for other models"
            yield Problem(("corpora", name), "a corpus has a reserved name", name, expected, "rename the corpus")
    if RULE_GRADERS in config["judges"]:
        expected = f"not {RULE_GRADERS!r}: that is the name of the rule graders"
        yield Problem(
            ("judges", RULE_GRADERS), "a judge has a reserved name", RULE_GRADERS, expected, "rename the judge"
        )


def benchmark_names(config: Config) -> Iterator[Problem]:
    """Unknown benchmarks, benchmarks in two families, families of one name."""
    home: dict[str, str] = {}
    names: set[str] = set()
    for index, family in enumerate(config["study"]["families"]):
        path = ("study", "families", index)
        if family["name"] in names:
            yield Problem((*path, "name"), "two families have one name", family["name"], "a name of its own")
        names.add(family["name"])
        for position, benchmark in enumerate(family["benchmarks"]):
            here = (*path, "benchmarks", position)
            yield from _unknown_benchmark(benchmark, here)
            if benchmark in home:
                found = f"{benchmark} in {home[benchmark]} and in {family['name']}"
                remedy = "take it out of one of the two, else it would count twice"
                yield Problem(here, "a benchmark is in two families", found, "one family for each benchmark", remedy)
            home[benchmark] = family["name"]
    for index, benchmark in enumerate(config["study"]["length_limits"]["benchmarks"]):
        yield from _unknown_benchmark(benchmark, ("study", "length_limits", "benchmarks", index))
    for key in ("max_items_by_benchmark", "samples_per_item", "options"):
        for benchmark in config["benchmarks"][key]:
            yield from _unknown_benchmark(benchmark, ("benchmarks", key, benchmark))


def benchmark_options(config: Config) -> Iterator[Problem]:
    """Options that a benchmark does not have, and values that an option does not have."""
    for name, chosen in config["benchmarks"]["options"].items():
        try:
            BENCHMARKS[name].with_options(chosen)
        except StudyError as error:
            yield Problem(("benchmarks", "options", name, str(error.key)), error.problem, error.found, error.expected)


def _unknown_benchmark(benchmark: str, path: tuple) -> Iterator[Problem]:
    if benchmark not in BENCHMARK_NAMES:
        remedy = did_you_mean(benchmark, BENCHMARK_NAMES) or "docs/benchmarks.md says how to add a benchmark"
        yield Problem(path, "there is no such benchmark", benchmark, ", ".join(BENCHMARK_NAMES), remedy)


def ratios(config: Config) -> Iterator[Problem]:
    """Ratios that a path could not spell."""
    for index, ratio in enumerate(config["study"]["ratios"]):
        if float(format_ratio(ratio)) != ratio:
            path, expected = ("study", "ratios", index), "at most six digits after the point"
            yield Problem(path, "a reasoning ratio is too precise", ratio, expected, f"write {format_ratio(ratio)}")


def adaptations(config: Config) -> Iterator[Problem]:
    """Adaptations whose starting point the grid does not train."""
    study = config["study"]
    start = study["adaptation_corpora"]["from"]
    if study["adaptations"] and start not in study["corpora"]:
        expected = f"one of study.corpora: {', '.join(study['corpora'])}"
        remedy = "add the corpus to study.corpora, or set study.adaptations to []"
        problem = "adaptations start from a corpus that is not trained on"
        yield Problem(("study", "adaptation_corpora", "from"), problem, start, expected, remedy)
    for index, adaptation in enumerate(study["adaptations"]):
        ratio = ratio_of_format(adaptation.split("-then-")[0])
        if ratio not in study["ratios"] or not study["curricula"]:
            found = f"{adaptation}, with the ratios {study['ratios']} and the curricula {study['curricula']}"
            remedy = f"add {ratio} to study.ratios, or take the adaptation out"
            problem = "an adaptation needs a ratio that is not trained"
            yield Problem(("study", "adaptations", index), problem, found, f"ratio {ratio}", remedy)


def learning_rates(config: Config) -> Iterator[Problem]:
    """Students without a learning rate for a format that they are trained on."""
    study = config["study"]
    for name in study["students"]:
        rates = config["students"][name]["learning_rate"]
        for answer_format in sorted(set(formats_with_rates(study)) - rates.keys()) if rates != SEARCH else ():
            path = ("students", name, "learning_rate", answer_format)
            remedy = "add it, or search for all: learning_rate: search"
            yield Problem(path, "a student has no learning rate for a format", dict(rates), answer_format, remedy)


def nodes(config: Config) -> Iterator[Problem]:
    """Processes of a training that its nodes cannot share evenly."""
    for name in config["study"]["students"]:
        student = config["students"][name]
        count, processes = student.get("nodes", 1), student["processes"]
        if processes % count:
            expected = "a multiple of `nodes`: each node has as many"
            path, found = ("students", name, "processes"), f"{processes}, on {count} nodes"
            yield Problem(path, "processes do not spread evenly over nodes", found, expected, "change one of the two")


def sizes(config: Config) -> Iterator[Problem]:
    """Lines of `compute.by_size` that no student would ever take, since one before is larger."""
    limits = [line["max_params_b"] for line in config["compute"]["by_size"]]
    for index, (before, limit) in enumerate(pairwise(limits), start=1):
        if limit <= before:
            path = ("compute", "by_size", index, "max_params_b")
            yield Problem(path, "a line that no student takes", limit, f"more than {before}", "put the smallest first")


def learning_rate_search(config: Config) -> Iterator[Problem]:
    """A search that needs more questions than its corpus has, or whose rates could not be told apart in paths."""
    study, search = config["study"], config["training"]["learning_rate_search"]
    if not study["corpora"] or all(config["students"][name]["learning_rate"] != SEARCH for name in study["students"]):
        return
    corpus, wanted = study["corpora"][0], search["samples"] + search["held_out"]
    if wanted > config["corpora"][corpus]["num_prompts"]:
        found = f"{search['samples']} samples and {search['held_out']} held out"
        expected = f"together at most corpora.{corpus}.num_prompts, {config['corpora'][corpus]['num_prompts']}"
        path = ("training", "learning_rate_search", "samples")
        yield Problem(path, "the search needs more questions than the corpus has", found, expected, "lower it")
    for index, rate in enumerate(search["rates"]):
        if float(format_rate(rate)) != rate:
            key: KeyPath = ("training", "learning_rate_search", "rates", index)
            remedy = f"write {format_rate(rate)}"
            yield Problem(key, "a learning rate is too precise", rate, "at most six digits", remedy)


def tokenizers(config: Config) -> Iterator[Problem]:
    """Two tokenizers, or one with two templates, whose tokens would be filed under one name."""
    owners: dict[str, Mapping[str, Any]] = {}
    for name in config["study"]["students"]:
        student = config["students"][name]
        tokenizer, template = student["tokenizer"], student.get("template", DEFAULT_TEMPLATE)
        owner = owners.setdefault(PurePath(tokenizer).name, student)
        other, shared = owner["tokenizer"], owner.get("template", DEFAULT_TEMPLATE)
        if other == tokenizer and shared != template:
            problem = "students with one tokenizer have two chat templates"
            remedy = "give one of them a copy of the tokenizer in a folder of another name"
            yield Problem(("students", name, "template"), problem, template, f"{shared}, as the others", remedy)
        if other != tokenizer:
            problem, remedy = (
                "two tokenizers have one name",
                "rename a folder, or give both students the same tokenizer",
            )
            yield Problem(("students", name, "tokenizer"), problem, tokenizer, f"another name than {other}", remedy)


def question_rules(config: Config) -> Iterator[Problem]:
    """Languages of a source that does not say its questions' language, and lengths that no question has."""
    for name, corpus in config["corpora"].items():
        schema = corpus["source"]["schema"]
        if corpus.get("languages") and PROMPT_SCHEMAS[schema].language is None:
            problem = f"rows of the schema {schema} do not say which language they are in"
            found = ", ".join(corpus["languages"])
            yield Problem(("corpora", name, "languages"), problem, found, "null", "set it to null")
    rules = config["prompts"]
    if rules["max_chars"] is not None and rules["max_chars"] < rules["min_chars"]:
        problem, expected = "no prompt has an allowed length", f"at least prompts.min_chars, {rules['min_chars']}"
        yield Problem(("prompts", "max_chars"), problem, rules["max_chars"], expected, "raise it")


def somebody_answers(config: Config) -> Iterator[Problem]:
    """A corpus whose questions nobody answers: neither a teacher nor published pairs."""
    study, released = config["study"], config["pairs"]["source"] == "released"
    names = [*study["corpora"], *([study["adaptation_corpora"]["to"]] if study["adaptations"] else [])]
    if study["teacher"] is None and names and not released:
        remedy = "name a teacher, set pairs.source to released, or set study.corpora and study.adaptations to []"
        found = f"null, with the corpora {', '.join(dict.fromkeys(names))}"
        yield Problem(("study", "teacher"), "nobody answers the corpora's questions", found, "a teacher", remedy)
    for name in dict.fromkeys(names) if released else ():
        if "released" not in config["corpora"][name]:
            problem, remedy = "a corpus has no released pairs", "say where they are, or set pairs.source to generate"
            yield Problem(("corpora", name), problem, "no key `released`", "kind, path, split", remedy)


def somebody_grades(config: Config) -> Iterator[Problem]:
    """A study without judges and without rules."""
    study = config["study"]
    if not study["judges"] and not study["rule_graders"]:
        remedy = "name a judge, or set study.rule_graders to true"
        yield Problem(("study", "judges"), "nothing grades the answers", "no judge, no graders", None, remedy)


def judges(config: Config) -> Iterator[Problem]:
    """Judges that are asked in no known way, or whose server leaves something open."""
    for name in models_of_jury(config["study"]["judges"]):
        judge, path = config["judges"][name], ("judges", name)
        try:
            get_protocol(judge["protocol"])
        except StudyError as error:
            found = f"{judge['protocol']}: {error.where}: {error.found}" if error.where else error.found
            yield Problem((*path, "protocol"), error.problem, found, error.expected, error.remedy)
        if "endpoint" in judge and "tokenizer" not in judge:
            problem, expected = "nothing measures the ends of answers for a server that judges", "a hub id or a folder"
            remedy = "name the judge's own tokenizer, or any other: it decides where an answer's end begins"
            yield Problem((*path, "tokenizer"), problem, "nothing", expected, remedy)
        if "architecture" in judge and "endpoint" not in judge:
            problem, expected = "a judge that we load has its own architecture", "only beside `endpoint`"
            yield Problem((*path, "architecture"), problem, repr(judge["architecture"]), expected, "remove the key")


def shots(config: Config) -> Iterator[Problem]:
    """Examples asked for where no rows are set aside for them."""
    most, kept = max(config["study"]["base_shots"], default=0), config["benchmarks"]["fewshot_pool"]
    if most > kept:
        found = f"{kept} rows kept as examples, {most} shots asked for"
        remedy = f"set benchmarks.fewshot_pool to {most} or more, or take {most} out of study.base_shots"
        yield Problem(
            ("benchmarks", "fewshot_pool"), "shots without a pool of examples", found, f"at least {most}", remedy
        )


def context_lengths(config: Config) -> Iterator[Problem]:
    """Answers that are allowed to be longer than the engine's context."""
    study = config["study"]
    limits: list[tuple[str, str, KeyPath, Mapping[str, Any]]] = []
    for name in study["students"]:
        limits.append((name, "students", ("evaluation", "sampling"), config["evaluation"]["sampling"]))
    for name in models_of_jury(config["study"]["judges"]):
        limits.append((name, "judges", ("judges", name, "sampling"), config["judges"][name]["sampling"]))
    if study["teacher"] is not None:
        for answer_format, sampling in config["teachers"][study["teacher"]]["sampling"].items():
            path = ("teachers", study["teacher"], "sampling", answer_format)
            limits.append((study["teacher"], "teachers", path, sampling))
    for name, catalogue, key, sampling in limits:
        engine = {**config["engine"], **config[catalogue][name].get("engine", {})}
        context = engine.get("max_model_len")
        if context is not None and sampling["max_tokens"] >= context:
            found = f"{sampling['max_tokens']}, with a context of {context} tokens for {name}"
            remedy = "lower max_tokens or raise engine.max_model_len: question and answer share the context"
            problem = "an answer may be longer than the context"
            yield Problem((*key, "max_tokens"), problem, found, f"less than {context}", remedy)


def length_limits(config: Config) -> Iterator[Problem]:
    """Limits that are no others than the study's own, or that no context has room for."""
    own, limits = config["evaluation"]["sampling"]["max_tokens"], config["study"]["length_limits"]["max_tokens"]
    for index, limit in enumerate(limits):
        path = ("study", "length_limits", "max_tokens", index)
        if limit == own:
            expected = f"another limit than evaluation.sampling.max_tokens, {own}"
            yield Problem(path, "this limit is the study's own", limit, expected, "take it out: it is asked anyway")
        for name in config["study"]["students"]:
            context = {**config["engine"], **config["students"][name].get("engine", {})}.get("max_model_len")
            # equal is enough: the papers' 32,768 are the students' whole context, which the question shares
            if context is not None and limit > context:
                problem, found = "a limit is longer than the context", f"{limit}, with {context} tokens for {name}"
                remedy = "lower it, or raise engine.max_model_len"
                yield Problem(path, problem, found, f"at most {context}", remedy)


def micro_batches(config: Config) -> Iterator[Problem]:
    """Samples that are longer than what a process takes at a time."""
    execution, longest = config["training"]["execution"], config["training"]["max_length"]
    if execution["micro_batch_tokens"] < longest:
        path, found = ("training", "execution", "micro_batch_tokens"), execution["micro_batch_tokens"]
        remedy = "raise it, or lower training.max_length"
        expected = f"at least training.max_length, {longest}"
        yield Problem(path, "the longest sample does not fit into a micro-batch", found, expected, remedy)


CHECKS: tuple[Callable[[Config], Iterator[Problem]], ...] = (
    reserved_names,
    unknown_names,
    benchmark_names,
    benchmark_options,
    ratios,
    adaptations,
    learning_rates,
    nodes,
    sizes,
    learning_rate_search,
    tokenizers,
    question_rules,
    somebody_answers,
    somebody_grades,
    judges,
    shots,
    context_lengths,
    length_limits,
    micro_batches,
    missing_files,
    missing_pools,
)
