"""Evaluation: graders, judges, few-shot examples, and lengths of answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os.path import isdir, isfile
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.inference.request_fields import RESERVED_FIELDS
from scale_or_reason.judging.protocols import get_protocol
from scale_or_reason.study.catalogue import HUMAN, RULE_GRADERS
from scale_or_reason.study.local_files import is_local
from scale_or_reason.study.problems import KeyPath, Problem
from scale_or_reason.study.selection import is_human, models_of_jury
from scale_or_reason.study.study import JURY_TABLES

Config = Mapping[str, Any]


def graders(config: Config) -> Iterator[Problem]:
    """A study without judges and without rule graders."""
    study = config["study"]
    if not study["judges"] and not study["rule_graders"]:
        remedy = "name a judge, or set study.rule_graders to true"
        expected = "a judge, or study.rule_graders: true"
        yield Problem(("study", "judges"), "the study has no grader", "no judge, no rule graders", expected, remedy)


def judges(config: Config) -> Iterator[Problem]:
    """Judges with an unknown protocol, and keys that an endpoint needs or that only an endpoint has."""
    for name in models_of_jury(config["study"]["judges"]):
        judge, path = config["judges"][name], ("judges", name)
        try:
            get_protocol(judge["protocol"])
        except StudyError as error:
            found = f"{judge['protocol']}: {error.where}: {error.found}" if error.where else error.found
            yield Problem((*path, "protocol"), error.problem, found, error.expected, error.remedy)
        if "endpoint" in judge and "tokenizer" not in judge:
            problem, expected = "a judge with an endpoint has no tokenizer", "a hub id or a folder"
            remedy = "name the judge's tokenizer, or any other: it measures judges.NAME.answer_tail_tokens"
            yield Problem((*path, "tokenizer"), problem, "nothing", expected, remedy)


def labels(config: Config) -> Iterator[Problem]:
    """People in a jury that has no labels, nobody else, or a rule by which answers without labels have no majority."""
    jurors = config["study"]["judges"]
    people = [name for name in jurors if is_human(name)]
    if not people:
        return
    path, found = ("study", "judges", jurors.index(people[0])), ", ".join(people)
    if len(jurors) == len(people):
        remedy, expected = "add a judge or rule_graders", "another judge: people label a part of the answers"
        yield Problem(path, "people are alone in the jury", found, expected, remedy)
    if HUMAN in people and len(people) > 1:
        expected = f"{HUMAN}, the majority of people, or single persons"
        yield Problem(path, "single persons vote beside the majority of people", found, expected, f"remove {HUMAN}")
    if config["labels"]["path"] is None:
        remedy = "name the file in labels.path; `snakemake label_sheet` writes a sheet to fill in"
        yield Problem(path, "people are in the jury, but there are no labels", found, "labels.path: a file", remedy)
    if config["jury"]["majority"] != "readable":
        problem, expected = (
            "people are in a jury that counts answers without a label",
            "readable, or a jury without human",
        )
        remedy = "set jury.majority to readable"
        yield Problem(("jury", "majority"), problem, config["jury"]["majority"], expected, remedy)


def jury_tables(config: Config) -> Iterator[Problem]:
    """Tables that compare verdicts, in a study where every answer has one verdict."""
    study = config["study"]
    if len({*study["judges"], *([RULE_GRADERS] if study["rule_graders"] else [])}) > 1 or config["labels"]["path"]:
        return
    for index, table in enumerate(study["tables"]):
        if table in JURY_TABLES:
            problem, found = f"the table {table} compares verdicts", "one verdict for each answer"
            remedy = f"add a judge, set study.rule_graders to true, or remove {table}"
            yield Problem(("study", "tables", index), problem, found, "two judges, or a judge and rule graders", remedy)


def request_fields(config: Config) -> Iterator[Problem]:
    """Further request fields of a server that the study itself sets."""
    study = config["study"]
    used = [("judges", name) for name in models_of_jury(study["judges"])]
    used += [("teachers", study["teacher"])] if study["teacher"] is not None else []
    for catalogue, name in used:
        for field in config[catalogue][name].get("endpoint", {}).get("body", {}):
            if field in RESERVED_FIELDS:
                path, problem = (catalogue, name, "endpoint", "body", field), "the study itself sets this request field"
                expected = f"other fields than {', '.join(RESERVED_FIELDS)}"
                yield Problem(path, problem, field, expected, "remove it")


def architectures(config: Config) -> Iterator[Problem]:
    """Models on servers whose FLOPs could not be counted: all answers would be there before the job of costs fails."""
    study = config["study"]
    used = [("judges", name) for name in models_of_jury(study["judges"])]
    used += [("teachers", study["teacher"])] if study["teacher"] is not None else []
    for catalogue, name in used:
        entry, path = config[catalogue][name], (catalogue, name, "architecture")
        if "endpoint" not in entry:
            if "architecture" in entry:
                problem = f"a {catalogue[:-1]} without an endpoint has the key `architecture`"
                expected = "no key `architecture`, or an `endpoint`: other FLOPs are computed from the model"
                yield Problem(path, problem, repr(entry["architecture"]), expected, "remove the key")
            continue
        source = entry.get("architecture", entry["model"] if catalogue == "teachers" else None)
        if fault := _architecture_fault(source):
            expected = "a hub id (ORGANISATION/NAME), a config.json, its values, or null if unknown"
            remedy = fault.remedy or f"set {catalogue}.{name}.architecture"
            yield Problem(path, fault.problem, fault.found, fault.expected or expected, remedy)


def _architecture_fault(source: Any) -> StudyError | None:
    """Why FLOPs cannot be computed from an architecture; hub ids are not looked up."""
    if source is None or (isinstance(source, str) and source.count("/") == 1 and not is_local(source)):
        return None
    from scale_or_reason.flops.exact import Decoder  # not on top: NumPy, which reading the Snakefile must not import

    try:
        if isinstance(source, Mapping):
            Decoder.from_config(dict(source))
        elif isfile(source) or isdir(source):
            Decoder.from_source(source)
        else:
            return StudyError("the architecture of a model on a server is unknown", found=source)
    except StudyError as error:
        return StudyError(error.problem, found=f"{error.key}: {error.found}", expected=error.expected)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        return StudyError("the values of an architecture cannot be used", found=f"{type(error).__name__}: {error}")
    return None


def shots(config: Config) -> Iterator[Problem]:
    """More few-shot examples than rows that are set aside for them."""
    most, kept = max(config["study"]["base_shots"], default=0), config["benchmarks"]["fewshot_pool"]
    if most > kept:
        path, problem = ("benchmarks", "fewshot_pool"), "there are too few rows for few-shot examples"
        remedy = f"raise it to {most} or more, or remove {most} from study.base_shots"
        yield Problem(path, problem, f"{counted(kept, 'row')} for {counted(most, 'shot')}", f"at least {most}", remedy)


def context_lengths(config: Config) -> Iterator[Problem]:
    """Answers that may be longer than the context of the engine."""
    study = config["study"]
    limits: list[tuple[str, str, KeyPath, Mapping[str, Any]]] = []
    for name in study["students"]:
        limits.append((name, "students", ("evaluation", "sampling"), config["evaluation"]["sampling"]))
    for name in study["adopted"]:
        limits.append((name, "adopted", ("evaluation", "sampling"), config["evaluation"]["sampling"]))
    for name in models_of_jury(study["judges"]):
        limits.append((name, "judges", ("judges", name, "sampling"), config["judges"][name]["sampling"]))
    if study["teacher"] is not None:
        for answer_format, sampling in config["teachers"][study["teacher"]]["sampling"].items():
            path = ("teachers", study["teacher"], "sampling", answer_format)
            limits.append((study["teacher"], "teachers", path, sampling))
    for name, catalogue, key, sampling in limits:
        context = _context_length(config, catalogue, name)
        if context is not None and sampling["max_tokens"] >= context:
            found = f"{sampling['max_tokens']}, with a context of {counted(context, 'token')} for {name}"
            remedy = "lower max_tokens or raise engine.max_model_len: prompt and answer share the context"
            problem = "an answer may be longer than the context"
            yield Problem((*key, "max_tokens"), problem, found, f"less than {context}", remedy)


def length_limits(config: Config) -> Iterator[Problem]:
    """Further limits that repeat the study's own limit, or that exceed the context."""
    own, limits = config["evaluation"]["sampling"]["max_tokens"], config["study"]["length_limits"]["max_tokens"]
    for index, limit in enumerate(limits):
        path = ("study", "length_limits", "max_tokens", index)
        if limit == own:
            expected = f"another limit than evaluation.sampling.max_tokens, {own}"
            remedy = "remove it: the main evaluation has this limit"
            yield Problem(path, "a further limit equals the study's own", limit, expected, remedy)
        for name in config["study"]["students"]:
            context = _context_length(config, "students", name)
            # equal is enough: the papers' 32,768 are the students' whole context, which the prompt shares
            if context is not None and limit > context:
                problem, found = (
                    "a limit is longer than the context",
                    f"{limit}, with {counted(context, 'token')} for {name}",
                )
                remedy = "lower it, or raise engine.max_model_len"
                yield Problem(path, problem, found, f"at most {context}", remedy)


def thinking_budgets(config: Config) -> Iterator[Problem]:
    """Budgets that leave no room for an answer, and students that do not think."""
    own, budgets = config["evaluation"]["sampling"]["max_tokens"], config["study"]["thinking_budgets"]
    for index, budget in enumerate(budgets["tokens"]):
        if budget >= own:
            path = ("study", "thinking_budgets", "tokens", index)
            expected = f"less than evaluation.sampling.max_tokens, {own}"
            remedy = "lower it: thought and answer share that limit"
            yield Problem(path, "a thinking budget leaves no room for an answer", budget, expected, remedy)
    if not (budgets["tokens"] or budgets["percentiles"]):
        return
    if 0 in budgets["ratios"]:
        path = ("study", "thinking_budgets", "ratios", budgets["ratios"].index(0))
        yield Problem(path, "students of ratio 0 do not think", 0, "ratios above 0", "remove it")
    yield from _no_thoughts(config["study"])


def _no_thoughts(study: Config) -> Iterator[Problem]:
    """Thinking budgets without a single answer whose thought could be cut."""
    budgets, path = study["thinking_budgets"], ("study", "thinking_budgets")
    problem, remedy = "no answer has a thought to cut", "name others, or set tokens and percentiles to []"
    if not budgets["ratios"]:
        yield Problem((*path, "ratios"), problem, budgets["ratios"], "values of study.ratios above 0", remedy)
    answered = [name for family in study["families"] for name in family["benchmarks"]]
    if not set(budgets["benchmarks"]) & set(answered):
        expected = f"benchmarks of study.families: {', '.join(answered)}"
        yield Problem((*path, "benchmarks"), problem, budgets["benchmarks"], expected, remedy)


def votes(config: Config) -> Iterator[Problem]:
    """Votes of no more answers than all models give, and votes without a benchmark of the study."""
    chosen, path = config["study"]["votes"], ("study", "votes")
    samples, given = chosen["samples_per_item"], config["benchmarks"]["samples_per_item"]
    if samples == 1:
        return
    answered = [name for family in config["study"]["families"] for name in family["benchmarks"]]
    voted = [name for name in chosen["benchmarks"] if name in answered]
    if not voted:
        expected = f"benchmarks of study.families: {', '.join(answered)}"
        remedy = "name others, or set samples_per_item to 1"
        yield Problem((*path, "benchmarks"), "no benchmark is left for votes", chosen["benchmarks"], expected, remedy)
    for index, name in enumerate(chosen["benchmarks"]):
        if name in voted and given.get(name, 1) >= samples:
            problem = "all models already give as many answers"
            found, expected = (
                f"{name}: {counted(given[name], 'answer')}",
                f"fewer than study.votes.samples_per_item, {samples}",
            )
            remedy = f"remove it here, or from benchmarks.samples_per_item, or raise study.votes to {given[name] + 1}"
            yield Problem((*path, "benchmarks", index), problem, found, expected, remedy)


def _context_length(config: Config, catalogue: str, name: str) -> int | None:
    return {**config["engine"], **config[catalogue][name].get("engine", {})}.get("max_model_len")
