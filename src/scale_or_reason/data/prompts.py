"""The training prompts that the teacher answers: read, filtered, de-duplicated, sampled.

General corpus: Infinity-Instruct ``7M_core``. Math corpus: the math part of Llama-Nemotron-Post-Training-Dataset. Only
the prompts are taken; the answers are the study's own. The papers say nothing about how the prompts were chosen:
docs/explanation/data.md describes what is done here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from scale_or_reason.common.dataset_rows import RowOrFault
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.tables import table_writer
from scale_or_reason.data.external_sort import ExternalSort
from scale_or_reason.data.faulty_rows import FaultyRows, row_fault
from scale_or_reason.data.fingerprints import mixed, text_hashes
from scale_or_reason.data.near_duplicates import Signatures, first_of_group
from scale_or_reason.data.prompt_schemas import PromptSchema, get_prompt_schema, language_of, prompt_of
from scale_or_reason.data.prompt_words import prompt_words

#: What becomes of a row of the source, in the order of the checks.
OUTCOMES = (
    "faulty_row",  # it cannot be read, is of another schema, or its prompt is no valid Unicode text
    "no_prompt",  # the conversation opens with something else, or with nothing
    "other_language",  # its language is none of those asked for
    "too_short",
    "too_long",
    "duplicate",  # the same prompt as another row's, but for case and white space
    "near_duplicate",  # nearly the same words as another prompt
    "not_sampled",  # a good prompt, and enough of them
    "kept",
)


@dataclass(frozen=True)
class PromptRules:
    """Which prompts are taken.

    ``languages``: codes of the source's language column, None for all. ``min_chars`` and ``max_chars``: characters.
    ``jaccard``: the Jaccard similarity from which two prompts count as one; None keeps all. ``num_prompts``: at
    most so many prompts, None for all.
    """

    languages: tuple[str, ...] | None = None
    min_chars: int = 1
    max_chars: int | None = None
    jaccard: float | None = None
    num_prompts: int | None = None


def choose_prompts(
    rows: Iterable[RowOrFault],
    output: Path,
    *,
    corpus: str,
    schema: str,
    rules: PromptRules,
    seed: int,
    where: object,
    faults: FaultyRows,
) -> dict[str, int]:
    """Write the chosen prompts to ``output`` (schema prompts); return how many rows met which of ``OUTCOMES``.

    Their order is that of hashes of ``seed`` and prompt: it depends neither on the order of the source nor on
    ``rules.num_prompts``, so that a larger sample starts with the smaller one. Of equal or nearly equal prompts the
    first in this order stays. Memory: 0.1 kB a distinct prompt, 0.5 kB more if near duplicates are looked for, and a
    sixteenth of the texts, which wait beside ``output``. ``faults`` counts faulty rows. Raises
    :class:`StudyError` if most rows are faulty and if no prompt is left.
    """
    reader = get_prompt_schema(schema)
    outcomes = dict.fromkeys(OUTCOMES, 0)
    with ExternalSort.beside(output) as sorter:
        seen: set[int] = set()
        for number, row in rows:
            prompt, outcome = _read(row, reader, rules, faults, where, number)
            if prompt is None:
                outcomes[outcome] += 1
                continue
            prompt_id = stable_id(corpus, prompt)
            key = int(prompt_id, 16)
            if key in seen:
                outcomes["duplicate"] += 1
            else:
                seen.add(key)
                # this word belongs to the order of every study so far; it is no name of anything
                sorter.add(prompt_id, prompt, rank=stable_id(seed, "questions", prompt_id))
        faults.check()
        distinct = len(seen)
        del seen
        if not distinct:
            raise _no_prompts(corpus, outcomes, where)
        duplicate, near = _duplicates(sorter.frames(), distinct, rules.jaccard)
        outcomes["duplicate"] += int(duplicate.sum())
        outcomes["near_duplicate"] = int(near.sum())
        good = distinct - int(duplicate.sum()) - int(near.sum())
        outcomes["kept"] = good if rules.num_prompts is None else min(good, rules.num_prompts)
        outcomes["not_sampled"] = good - outcomes["kept"]
        _write(sorter.frames(), ~(duplicate | near), outcomes["kept"], output, corpus)
    return outcomes


def _read(
    row: Mapping[str, Any] | StudyError,
    reader: PromptSchema,
    rules: PromptRules,
    faults: FaultyRows,
    where: object,
    number: int,
) -> tuple[str | None, str]:
    """The row's prompt, or None and why the row gives no prompt."""
    if isinstance(row, StudyError):
        faults.add(row)
        return None, "faulty_row"
    try:
        prompt = prompt_of(row, reader)
        language = language_of(row, reader) if rules.languages else None
    except StudyError as error:
        faults.add(row_fault(error, where, number))
        return None, "faulty_row"
    faults.add_good()
    if prompt is None:
        return None, "no_prompt"
    if rules.languages and language not in rules.languages:
        return None, "other_language"
    if len(prompt) < rules.min_chars:
        return None, "too_short"
    if rules.max_chars is not None and len(prompt) > rules.max_chars:
        return None, "too_long"
    return prompt, "kept"


def _no_prompts(corpus: str, outcomes: Mapping[str, int], where: object) -> StudyError:
    found = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items() if count) or "0 rows"
    return StudyError(
        f"there are no prompts for the corpus {corpus}",
        where=where,
        found=found,
        expected="rows with a prompt",
        remedy="check the corpus's `schema` and `languages`, and `prompts`, in the config",
    )


def _duplicates(
    frames: Iterable[pl.DataFrame], distinct: int, threshold: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Two masks over the prompts in order: those that equal an earlier one, and those that nearly do."""
    keys = np.empty(distinct, dtype=np.uint64)
    signed = Signatures.empty(distinct if threshold is not None else 0)
    place = 0
    for frame in frames:
        part = slice(place, place + frame.height)
        keys[part] = _plain_hashes(frame["prompt"])
        if threshold is not None:
            signed.sign(frame["prompt"], place)
        place = part.stop
    duplicate = np.ones(distinct, dtype=bool)
    duplicate[np.unique(keys, return_index=True)[1]] = False
    near = np.zeros(distinct, dtype=bool)
    if threshold is not None:
        near = (first_of_group(signed, threshold) != np.arange(distinct)) & ~duplicate
    return duplicate, near


def _plain_hashes(texts: pl.Series) -> np.ndarray:
    """Hashes that do not depend on white space, nor on case except where case has a meaning (variables, units)."""
    plain = texts.str.to_lowercase().str.replace_all(r"\s+", " ").hash(seed=0).to_numpy()
    return mixed(plain + text_hashes(prompt_words(texts), len(texts)))


def _write(frames: Iterator[pl.DataFrame], good: np.ndarray, size: int, output: Path, corpus: str) -> None:
    place = written = 0
    with table_writer(output, "prompts") as append:
        for frame in frames:
            chosen = frame.filter(pl.Series(good[place : place + frame.height])).head(size - written)
            append(chosen.select("prompt_id", pl.lit(corpus).alias("corpus"), "prompt"))
            place += frame.height
            written += chosen.height
            if written == size:
                break
