"""All results of a study for one training prompt: the teacher's two answers, and their outcome."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import read_column, scan_table
from scale_or_reason.common.wording import counted
from scale_or_reason.data.pairs import PairMaker
from scale_or_reason.data.shards import bounds_of
from scale_or_reason.reporting.inspect.files import CorpusFiles
from scale_or_reason.study.cells import FORMATS

Row = Mapping[str, Any]
#: Outcomes of a pair besides ``pairs.DROP_REASONS``: kept for training; pairs do not exist yet; dropped without stored
#: answers (released pairs); valid answers that are newer than the pairs.
KEPT, NO_PAIRS, NOT_STORED, OUTDATED = "kept", "no pairs yet", "not stored", "outdated"


@dataclass(frozen=True)
class PromptView:
    """The results for one prompt.

    ``answers``: the teacher's existing answers by format (``answer``, ``answer_tokens``, ``finish_reason``).
    ``outcome``: one of the constants above or of ``pairs.DROP_REASONS``. ``overlaps``: rows of that schema, None if not
    computed. ``tokens``: a row of schema token_counts by tokenizer. ``mixtures``: the prompt's row in each existing
    mixture (``seq/rho-0.25``), None if it is not in it.
    """

    corpus: str
    prompt_id: str
    prompt: str
    answers: Mapping[str, Row]
    outcome: str
    overlaps: Sequence[Row] | None
    tokens: Mapping[str, Row]
    mixtures: Mapping[str, Row | None]


def inspect_prompt(corpus: CorpusFiles, prompt_id: str) -> PromptView:
    """The results for a prompt. Raises :class:`StudyError` with neighbouring ids if the prompt is unknown."""
    ids = read_column(corpus.prompts, "prompts", "prompt_id")
    place = ids.index_of(prompt_id)
    if place is None:
        raise _unknown(prompt_id, ids, corpus.prompts)
    prompt = _rows(corpus.prompts, "prompts", prompt_id)
    shard = next(number for number in range(corpus.shards) if place < bounds_of(len(ids), number, corpus.shards)[1])
    generations = {name: _rows(corpus.generations(name, shard), "generations", prompt_id) for name in FORMATS}
    pairs = _rows(corpus.pairs, "pairs", prompt_id)
    overlaps = _rows(corpus.overlaps, "overlaps", prompt_id)
    answers: dict[str, Row]
    if pairs.is_empty():
        answers = {name: rows.row(0, named=True) for name, rows in generations.items() if rows.height}
    else:
        answers = {name: _answer_of_pair(pairs.row(0, named=True), name) for name in FORMATS}
    return PromptView(
        corpus.name,
        prompt_id,
        prompt["prompt"].item(),
        answers,
        _outcome(corpus, prompt, generations, pairs, overlaps),
        overlaps.to_dicts() if corpus.overlaps.is_file() else None,
        {name: counts for name, file in corpus.tokens().items() if (counts := _row(file, "token_counts", prompt_id))},
        {name: _row(file, "mixture", prompt_id) for name, file in corpus.mixtures().items()},
    )


def _outcome(
    corpus: CorpusFiles,
    prompt: pl.DataFrame,
    generations: Mapping[str, pl.DataFrame],
    pairs: pl.DataFrame,
    overlaps: pl.DataFrame,
) -> str:
    """The outcome of the pair. The audit has only counts, so the reason is recomputed from the answers."""
    if not pairs.is_empty():
        return KEPT
    if not corpus.pairs.is_file():
        return NO_PAIRS
    if any(rows.is_empty() for rows in generations.values()):
        return NOT_STORED
    maker = PairMaker(overlaps, teacher="", sampling="", seed=0)
    maker.pair(prompt, generations["ift"], generations["reasoning"])
    return next((reason for reason, count in maker.audit.dropped.items() if count), OUTDATED)


def _rows(file: Path, schema: str, prompt_id: str) -> pl.DataFrame:
    """The rows of a prompt; empty if the table does not exist yet."""
    if not file.is_file():
        return pl.DataFrame(schema=SCHEMAS[schema])
    return scan_table(file, schema).filter(pl.col("prompt_id") == prompt_id).collect()


def _row(file: Path, schema: str, prompt_id: str) -> dict[str, Any] | None:
    rows = _rows(file, schema, prompt_id)
    return rows.row(0, named=True) if rows.height else None


def _answer_of_pair(pair: Row, answer_format: str) -> Row:
    names = {"answer": answer_format, "answer_tokens": f"{answer_format}_tokens"}
    return {name: pair[column] for name, column in (names | {"finish_reason": f"{answer_format}_finish"}).items()}


def _unknown(prompt_id: str, ids: pl.Series, where: Path) -> StudyError:
    """The error for an unknown id, with neighbours in order, since an id is often abbreviated or mistyped."""
    known = ids.sort().to_list()
    place = bisect(known, prompt_id)
    near = known[max(place - 2, 0) : place + 2]
    return StudyError(
        "unknown prompt",
        where=where,
        key="prompt_id",
        found=prompt_id,
        expected=f"one of {counted(len(known), 'id')}; its neighbours: {', '.join(near)}",
        remedy="use an id of the prompts table",
    )
