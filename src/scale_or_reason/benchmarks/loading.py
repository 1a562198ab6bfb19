"""Convert a benchmark's rows to tables of items: read, check, assign ids, sub-sample."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import polars as pl

from scale_or_reason.benchmarks.base import Benchmark, Question, Row
from scale_or_reason.benchmarks.instructions import zero_shot_prompt
from scale_or_reason.benchmarks.row_sources import RowSource
from scale_or_reason.common.dataset_rows import NumberedRow, is_valid
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.common.wording import counted


def evaluation_items(benchmark: Benchmark, source: RowSource, limit: int | None = None, seed: int = 0) -> pl.DataFrame:
    """The evaluation items (schema items), in the order of their source.

    ``limit`` is the number of items to keep, chosen by hash of ``seed`` and item: a larger limit keeps all items of a
    smaller one.
    """
    where, rows = source.evaluation_rows(benchmark)
    return sample_items(_items(benchmark, rows, where), limit, seed)


def pool_items(
    benchmark: Benchmark, source: RowSource, limit: int | None = None, seed: int = 0, size: int = 32
) -> pl.DataFrame:
    """At most ``size`` items for few-shot examples (schema items), disjoint from the evaluation items.

    They come from the source's pool: the benchmark's train split, or NAME.pool.jsonl. Without a pool they are the rows
    that ``limit`` and ``seed`` exclude from the evaluation. The table is empty for a benchmark whose rows have no
    answer to show (ifeval).
    """
    if not benchmark.shots:
        return table_from_rows([], "items")
    where, rows = source.evaluation_rows(benchmark)
    everything = _items(benchmark, rows, where)
    pool_rows = source.pool_rows(benchmark)
    if pool_rows is None:
        chosen = sample_items(everything, limit, seed)
        pool = everything.filter(~pl.col("question").is_in(chosen["question"].implode()))
    else:
        pool = _distinct_pool(benchmark, *pool_rows, questions=set(everything["question"]), size=size, seed=seed)
    if pool.is_empty():
        raise StudyError(
            "no rows are left for few-shot examples",
            where=where,
            remedy=f"put rows that are not evaluation items into {benchmark.name}.pool.jsonl beside its rows "
            "(kind jsonl), set a limit below the number of rows, or evaluate without shots",
        )
    return _in_sample_order(pool, seed).head(size)


def sample_items(items: pl.DataFrame, limit: int | None, seed: int) -> pl.DataFrame:
    """A sample of ``limit`` items in their order (all if None or fewer); a larger limit extends the sample."""
    if limit is None or limit >= items.height:
        return items
    chosen = _in_sample_order(items, seed).head(limit)
    return items.filter(pl.col("item_id").is_in(chosen["item_id"].implode()))


def _in_sample_order(items: pl.DataFrame, seed: int) -> pl.DataFrame:
    rank = [stable_id(seed, "sample", name, item) for name, item in items.select("benchmark", "item_id").iter_rows()]
    return items.with_columns(pl.Series("rank", rank, dtype=pl.String)).sort("rank").drop("rank")


def _kept(benchmark: Benchmark, rows: Iterable[NumberedRow], where: str) -> list[NumberedRow]:
    """The rows that belong to the benchmark; raises if a column is missing, or if there are none or too few."""
    kept, seen = [], 0
    for number, row in rows:
        seen += 1
        missing = [column for column in benchmark.columns if column not in row]
        if missing:
            raise StudyError(
                f"a row of {benchmark.name} lacks a column",
                where=where,
                key=f"row {number}: {', '.join(missing)}",
                found=", ".join(row),
                expected=", ".join(benchmark.columns),
            )
        if benchmark.keep(row):
            kept.append((number, row))
    if not kept:
        raise StudyError(
            f"there are no rows of {benchmark.name}",
            where=where,
            key="rows",
            found=counted(seen, "row"),
            expected="at least one row of the benchmark",
        )
    for source in (benchmark.hub, benchmark.pool):
        if source is not None and str(source) == where and source.rows not in (None, len(kept)):
            raise StudyError(
                f"the number of rows of {benchmark.name} on the hub has changed",
                where=where,
                found=len(kept),
                expected=source.rows,
                remedy="if the dataset has changed for good, correct its `rows` and raise its `version`",
            )
    return kept


def _read(benchmark: Benchmark, number: int, row: Row, where: str) -> list[Question]:
    """The questions of a row; errors name the row."""
    try:
        return [_storable(benchmark.read(one)) for one in benchmark.expand(row)]
    except StudyError as error:
        raise StudyError(
            f"{benchmark.name}: {error.problem}",
            where=where,
            key=f"row {number}" + (f": {error.key}" if error.key else ""),
            found=error.found,
            expected=error.expected,
            remedy=error.remedy,
        ) from None


def _storable(question: Question) -> Question:
    """The question; :class:`StudyError` if one of its texts is no valid Unicode."""
    texts = [question.text, question.own_id or "", *question.gold, *question.choices]
    for text in (*texts, json.dumps(question.extra, ensure_ascii=False)):
        if not is_valid(text):
            raise StudyError(
                "a text is no valid Unicode",
                key="text",
                found=ascii(text[:80]),
                expected="text without lone surrogates and NUL",
                remedy="remove the character, or the row",
            )
    return question


def _items(benchmark: Benchmark, rows: Iterable[NumberedRow], where: str) -> pl.DataFrame:
    numbered = _kept(benchmark, rows, where)
    questions = [(number, question) for number, row in numbered for question in _read(benchmark, number, row, where)]
    return _table(benchmark, questions, where)


def _distinct_pool(
    benchmark: Benchmark, where: str, rows: Iterable[NumberedRow], *, questions: set[str], size: int, seed: int
) -> pl.DataFrame:
    """``size`` pool rows whose question is not among ``questions``, chosen by hash of the row.

    Train splits are large: only as many rows are read as are needed.
    """
    kept = _kept(benchmark, rows, where)
    order = sorted(kept, key=lambda entry: stable_id(seed, "pool", json.dumps(entry[1], sort_keys=True, default=str)))
    pool: dict[str, tuple[int, Question]] = {}
    for number, row in order:
        if len(pool) == size:
            break
        for question in _read(benchmark, number, row, where)[
            -1:
        ]:  # the last turn of a conversation includes the others
            if question.text not in questions:
                pool.setdefault(question.text, (number, question))
    return _table(benchmark, list(pool.values()), where)


def _table(benchmark: Benchmark, questions: list[tuple[int, Question]], where: str) -> pl.DataFrame:
    items = [
        {
            "benchmark": benchmark.name,
            "item_id": item_id,
            "prompt": zero_shot_prompt(benchmark.instruction, question.text),
            "question": question.text,
            "gold": question.gold,
            "choices": question.choices,
            "extra": json.dumps(question.extra, ensure_ascii=False, sort_keys=True),
        }
        for item_id, (_, question) in zip(_item_ids(benchmark, questions, where), questions, strict=True)
    ]
    return table_from_rows(items, "items")


def _item_ids(benchmark: Benchmark, questions: list[tuple[int, Question]], where: str) -> list[str]:
    """The dataset's ids, or hashes of the content; duplicates of a row without an id get a count as suffix."""
    first_row: dict[str, int] = {}
    copies: Counter[str] = Counter()
    ids = []
    for number, question in questions:
        if question.own_id is None:
            content = stable_id(benchmark.name, question.text, *question.gold)
            item_id = content if not copies[content] else f"{content}-{copies[content] + 1}"
            copies[content] += 1
        else:
            item_id = question.own_id
        if item_id in first_row:
            raise StudyError(
                f"two rows of {benchmark.name} have the same id",
                where=where,
                key=f"rows {first_row[item_id]} and {number}",
                found=item_id,
                remedy="remove one of them, or change its id",
            )
        first_row[item_id] = number
        ids.append(item_id)
    return ids
