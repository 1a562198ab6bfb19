"""Data: which prompts can be selected, and who answers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scale_or_reason.data.prompt_schemas import PROMPT_SCHEMAS
from scale_or_reason.study.problems import Problem

Config = Mapping[str, Any]


def prompts(config: Config) -> Iterator[Problem]:
    """A language filter on a source without languages, and limits that no prompt meets."""
    for name, corpus in config["corpora"].items():
        schema = corpus["source"]["schema"] if "source" in corpus else "released_pairs"
        if corpus.get("languages") and PROMPT_SCHEMAS[schema].language is None:
            problem = f"rows of the schema {schema} have no language column"
            found = ", ".join(corpus["languages"])
            yield Problem(("corpora", name, "languages"), problem, found, "null", "set it to null")
    limits = config["prompts"]
    if limits["max_chars"] is not None and limits["max_chars"] < limits["min_chars"]:
        problem, expected = "no prompt has an allowed length", f"at least prompts.min_chars, {limits['min_chars']}"
        yield Problem(("prompts", "max_chars"), problem, limits["max_chars"], expected, "raise it")


def pair_sources(config: Config) -> Iterator[Problem]:
    """Corpora without answers: there is neither a teacher nor published pairs."""
    study, released = config["study"], config["pairs"]["source"] == "released"
    names = [*study["corpora"], *([study["adaptation_corpora"]["to"]] if study["adaptations"] else [])]
    if study["teacher"] is None and names and not released:
        remedy = "name a teacher, set pairs.source to released, or set study.corpora and study.adaptations to []"
        found = f"null, with the corpora {', '.join(dict.fromkeys(names))}"
        yield Problem(("study", "teacher"), "no teacher answers the prompts of the corpora", found, "a teacher", remedy)
    for name in dict.fromkeys(names):
        if released and "released" not in config["corpora"][name]:
            problem, remedy = "a corpus has no released pairs", "add their location, or set pairs.source to generate"
            yield Problem(("corpora", name), problem, "no key `released`", "kind, path, split", remedy)
        if not released and "source" not in config["corpora"][name]:
            problem, remedy = "a corpus has no prompts", "add their location, or set pairs.source to released"
            yield Problem(("corpora", name), problem, "no key `source`", "kind, path, schema", remedy)
