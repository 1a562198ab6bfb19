"""The files of a study's results: the one place that turns a result into a path and a path into a result.

Paths are relative to ``results/NAME``. The rules write the same patterns, with Snakemake's wildcards; a test compares
the two. Standard library only: every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import product
from pathlib import Path

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.cells import CURRICULA, FORMATS, MODEL_ID_PATTERN, NAME, NUMBER, RATIO

#: By the kind of result.
PATTERNS: dict[str, str] = {
    "small_world_prompts": "world/prompts/{corpus}.jsonl",
    "small_world_rows": "world/benchmarks/{benchmark}.jsonl",
    "small_world_fewshot_rows": "world/benchmarks/{benchmark}.pool.jsonl",
    "prompts": "prompts/{corpus}.parquet",
    "overlaps": "prompts/{corpus}.overlaps.parquet",
    "exclusions": "prompts/{corpus}.exclusions.json",
    "items": "benchmarks/{benchmark}.parquet",
    "fewshot_pool": "benchmarks/{benchmark}.pool.parquet",
    "teacher_answers": "pairs/{corpus}/{format}/shard-{shard}-of-{shards}.parquet",
    "pairs": "pairs/{corpus}.parquet",
    "mixture": "mixtures/{corpus}/{curriculum}/rho-{ratio}.parquet",
    "tokens": "tokens/{corpus}/{tokenizer}/manifest.json",
    "token_counts": "tokens/{corpus}/{tokenizer}/counts.parquet",
    "hybrid_tokens": "hybrid_tokens/{corpus}/{tokenizer}/manifest.json",
    "hybrid_token_counts": "hybrid_tokens/{corpus}/{tokenizer}/counts.parquet",
    "search_data": "learning_rates/{corpus}/samples/{format}.parquet",
    "search_trial": "learning_rates/{corpus}/{student}/{format}/lr-{rate}.json",
    "learning_rate": "learning_rates/{student}.json",
    "model": "models/{model_id}/manifest.json",
    "evaluation": "answers/{model_id}/manifest.json",
    "answers": "answers/{model_id}/{benchmark}.parquet",
    "cuts": "answers/{model_id}/cuts.parquet",
    "judging": "verdicts/{judge}/{model_id}/manifest.json",
    "verdicts": "verdicts/{judge}/{model_id}/{benchmark}.parquet",
    "table": "tables/{table}.parquet",
}
#: ``general.overlaps.parquet`` is the overlaps of general, and no prompts of a corpus "general.overlaps".
_MOST_SPECIFIC_FIRST = sorted(PATTERNS, key=lambda kind: -len(re.sub(r"\{\w+\}", "", PATTERNS[kind])))
_VALUES = {
    "format": "|".join(FORMATS),
    "shard": NUMBER,
    "shards": NUMBER,
    "curriculum": "|".join(CURRICULA),
    "ratio": RATIO,
    "rate": r"[0-9.e+-]+",
    "model_id": MODEL_ID_PATTERN,
}


def result_path(kind: str, **values: object) -> str:
    """The path of a result: ``result_path("pairs", corpus="math")`` is ``pairs/math.parquet``.

    ``kind`` is a key of :data:`PATTERNS`; ``values`` are the values of its pattern.
    """
    return PATTERNS[kind].format(**values)


def parse_result_path(path: str) -> tuple[str, dict[str, str]]:
    """The kind and the values of a path below the results. Raises :class:`StudyError` for any other path."""
    for kind in _MOST_SPECIFIC_FIRST:
        if match := _expression(kind).fullmatch(path):
            return kind, match.groupdict()
    raise StudyError(
        "the path belongs to no result",
        found=path,
        expected="a path below the study's results, such as pairs/general.parquet",
        remedy="use a path that `snakemake -n` lists",
    )


@cache
def _expression(kind: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", PATTERNS[kind])
    texts, names = parts[::2], parts[1::2]
    groups = [f"(?P<{name}>{_VALUES.get(name, NAME)})" for name in names]
    pieces = [piece for pair in zip(map(re.escape, texts), [*groups, ""], strict=True) for piece in pair]
    return re.compile("".join(pieces))


def verdict_files(
    folder: Path, judges: Iterable[str], model_ids: Iterable[str], benchmarks: Iterable[str]
) -> list[Path]:
    """The verdict tables below ``folder``, the folder ``verdicts`` of a study.

    The scripts build these paths themselves: the command line with all of them would be too long in the papers' study.
    """
    keys = product(judges, model_ids, benchmarks)
    below = PATTERNS["verdicts"].removeprefix("verdicts/")
    return [folder / below.format(judge=judge, model_id=model, benchmark=name) for judge, model, name in keys]
