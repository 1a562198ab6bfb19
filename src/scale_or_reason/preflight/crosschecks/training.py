"""Training: ratios, adaptations, learning rates, tokenizers, processes, batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from scale_or_reason.common.wording import counted
from scale_or_reason.study.catalogue import DEFAULT_TEMPLATE, SEARCH
from scale_or_reason.study.cells import format_ratio, ratio_of_format
from scale_or_reason.study.learning_rates import format_rate
from scale_or_reason.study.problems import KeyPath, Problem
from scale_or_reason.study.selection import data_fractions_of, formats_with_rates
from scale_or_reason.training.chat_templates import MODE_SWITCHES

Config = Mapping[str, Any]


def ratios(config: Config) -> Iterator[Problem]:
    """Ratios that a path cannot hold."""
    for index, ratio in enumerate(config["study"]["ratios"]):
        if float(format_ratio(ratio)) != ratio:
            path, expected = ("study", "ratios", index), "at most six digits after the point"
            yield Problem(
                path, "a reasoning ratio has too many digits", ratio, expected, f"write {format_ratio(ratio)}"
            )


def data_fractions(config: Config) -> Iterator[Problem]:
    """Parts of the data that a path cannot hold, and a study without the runs on all of it."""
    chosen = config["study"]["data_fractions"]
    fractions = data_fractions_of(config["study"])["fractions"]
    key: KeyPath = ("study", "data_fractions", *(["fractions"] if isinstance(chosen, Mapping) else []))
    if 1 not in fractions:
        expected, remedy = "1 among them: the other parts are branches of the run on the whole mixture", "add 1"
        yield Problem(key, "no model is trained on the whole mixture", fractions, expected, remedy)
    for index, fraction in enumerate(fractions):
        if float(format_ratio(fraction)) != fraction:
            path, expected = (*key, index), "at most six digits after the point"
            remedy = f"write {format_ratio(max(fraction, 1e-6))}"
            yield Problem(path, "a data fraction has too many digits", fraction, expected, remedy)


def hybrid_students(config: Config) -> Iterator[Problem]:
    """Ratios at which there is no second mode, ratios that a path cannot hold, and templates without a switch."""
    study = config["study"]
    chosen = study["hybrid_students"]["ratios"]
    for index, ratio in enumerate(chosen):
        path = ("study", "hybrid_students", "ratios", index)
        if ratio in (0, 1):
            problem, expected = "a hybrid student needs both modes", "a ratio above 0 and below 1"
            remedy = "remove it: study.ratios has the students of one format"
            yield Problem(path, problem, f"{ratio}, which has answers of one mode only", expected, remedy)
        elif float(format_ratio(ratio)) != ratio:
            problem, remedy = "a reasoning ratio has too many digits", f"write {format_ratio(max(ratio, 1e-6))}"
            yield Problem(path, problem, ratio, "at most six digits after the point", remedy)
    those = study["hybrid_students"].get("students")
    for name in study["students"] if chosen else ():
        if those is not None and name not in those:
            continue
        template = config["students"][name].get("template", DEFAULT_TEMPLATE)
        if template not in MODE_SWITCHES:
            problem = "prompts cannot carry the mode: the chat template has no switch for it"
            remedy = "set study.hybrid_students.ratios to [], or leave out this student"
            expected = f"a template with a switch: {', '.join(MODE_SWITCHES)}"
            yield Problem(("students", name, "template"), problem, template, expected, remedy)


def adaptations(config: Config) -> Iterator[Problem]:
    """Adaptations of models that the study does not train."""
    study = config["study"]
    start = study["adaptation_corpora"]["from"]
    if study["adaptations"] and start not in study["corpora"]:
        expected = f"one of study.corpora: {', '.join(study['corpora'])}"
        remedy = "add the corpus to study.corpora, or set study.adaptations to []"
        problem = "adaptations start from a corpus on which no student is trained"
        yield Problem(("study", "adaptation_corpora", "from"), problem, start, expected, remedy)
    for index, adaptation in enumerate(study["adaptations"]):
        ratio = ratio_of_format(adaptation.split("-then-")[0])
        if ratio not in study["ratios"] or not study["curricula"]:
            found = f"{adaptation}, with the ratios {study['ratios']} and the curricula {study['curricula']}"
            remedy = f"add {ratio} to study.ratios, or remove the adaptation"
            problem = "an adaptation starts from a ratio that is not trained"
            yield Problem(("study", "adaptations", index), problem, found, f"ratio {ratio}", remedy)


def learning_rates(config: Config) -> Iterator[Problem]:
    """Students without a learning rate for a format on which they are trained."""
    study = config["study"]
    for name in study["students"]:
        rates = config["students"][name]["learning_rate"]
        for answer_format in sorted(set(formats_with_rates(study)) - rates.keys()) if rates != SEARCH else ():
            path = ("students", name, "learning_rate", answer_format)
            remedy = "add it, or write `learning_rate: search` to find both"
            yield Problem(path, "a student has no learning rate for a format", dict(rates), answer_format, remedy)


def nodes(config: Config) -> Iterator[Problem]:
    """Training processes that the nodes cannot share evenly."""
    for name in config["study"]["students"]:
        student = config["students"][name]
        count, processes = student.get("nodes", 1), student["processes"]
        if processes % count:
            expected = "a multiple of `nodes`, so that each node has the same number"
            path, found = ("students", name, "processes"), f"{processes} on {counted(count, 'node')}"
            yield Problem(path, "the nodes cannot share the processes evenly", found, expected, "change one of the two")


def sizes(config: Config) -> Iterator[Problem]:
    """Entries of `compute.by_size` that never apply, since an earlier one covers the same students."""
    limits = [entry["max_params_b"] for entry in config["compute"]["by_size"]]
    for index, (before, limit) in enumerate(pairwise(limits), start=1):
        if limit <= before:
            path = ("compute", "by_size", index, "max_params_b")
            remedy = "sort the entries, smallest first"
            yield Problem(path, "an entry applies to no student", limit, f"more than {before}", remedy)


def learning_rate_search(config: Config) -> Iterator[Problem]:
    """A search that needs more prompts than its corpus has, or rates that a path cannot hold."""
    study, search = config["study"], config["training"]["learning_rate_search"]
    if not study["corpora"] or all(config["students"][name]["learning_rate"] != SEARCH for name in study["students"]):
        return
    corpus, needed = study["corpora"][0], search["samples"] + search["held_out"]
    available = config["corpora"][corpus]["num_prompts"]
    if needed > available:
        found = f"{counted(search['samples'], 'sample')} and {search['held_out']} held out"
        expected = f"at most corpora.{corpus}.num_prompts together, {available}"
        path = ("training", "learning_rate_search", "samples")
        problem = "the learning-rate search needs more prompts than the corpus has"
        yield Problem(path, problem, found, expected, "lower it")
    for index, rate in enumerate(search["rates"]):
        if float(format_rate(rate)) != rate:
            key: KeyPath = ("training", "learning_rate_search", "rates", index)
            remedy = f"write {format_rate(rate)}"
            yield Problem(key, "a learning rate has too many digits", rate, "at most six digits", remedy)


def tokenizers(config: Config) -> Iterator[Problem]:
    """Two tokenizers, or one tokenizer with two templates, whose tokens would share one folder."""
    owners: dict[str, Mapping[str, Any]] = {}
    for name in config["study"]["students"]:
        student = config["students"][name]
        tokenizer, template = student["tokenizer"], student.get("template", DEFAULT_TEMPLATE)
        owner = owners.setdefault(PurePath(tokenizer).name, student)
        other, shared = owner["tokenizer"], owner.get("template", DEFAULT_TEMPLATE)
        if other == tokenizer and shared != template:
            problem = "students with the same tokenizer have different chat templates"
            remedy = "give one of them a copy of the tokenizer in a folder with another name"
            yield Problem(("students", name, "template"), problem, template, f"{shared}, as the others", remedy)
        if other != tokenizer:
            problem = "two tokenizers have the same name"
            remedy = "rename a folder, or give both students the same tokenizer"
            yield Problem(("students", name, "tokenizer"), problem, tokenizer, f"another name than {other}", remedy)


def micro_batches(config: Config) -> Iterator[Problem]:
    """Samples that do not fit into a micro-batch."""
    execution, longest = config["training"]["execution"], config["training"]["max_length"]
    if execution["micro_batch_tokens"] < longest:
        path, found = ("training", "execution", "micro_batch_tokens"), execution["micro_batch_tokens"]
        remedy = "raise it, or lower training.max_length"
        expected = f"at least training.max_length, {longest}"
        yield Problem(path, "the longest sample does not fit into a micro-batch", found, expected, remedy)
