"""A mixture and its tokens, made for tests of training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from scale_or_reason.common.tables import write_table
from scale_or_reason.data.token_store import tokenise_pairs
from scale_or_reason.inference.tokenizers import load_tokenizer, tokens_identity


@dataclass(frozen=True)
class MadeMixture:
    """Where the mixture and its tokens lie, and the texts of its rows in their order."""

    mixture: Path
    tokens: Path
    rows: list[dict[str, str]]


def make_rows(questions: int, reasoning_from: int | None = None) -> list[dict[str, str]]:
    """Question i has its own number of letters, and reasoning from ``reasoning_from`` on."""
    border = questions if reasoning_from is None else reasoning_from
    return [
        {
            "format": "reasoning" if i >= border else "ift",
            "prompt": f"question {i}: " + "say " * (i % 7),
            "completion": f"<think>\nit is {i}\n</think>\n\nyes {i}" if i >= border else f"yes {i}",
        }
        for i in range(questions)
    ]


def make_mixture(
    folder: Path, model: Path, template: Path, rows: list[dict[str, str]], stop: str = "<|im_end|>"
) -> MadeMixture:
    """A sequential mixture of ``rows``, tokenised for ``model``; pairs stand in another order than the mixture."""
    ids = [f"q{i}" for i in range(len(rows))]
    phases = [int(row["format"] == "reasoning") for row in rows]
    formats = [row["format"] for row in rows]
    columns = {"position": range(len(rows)), "phase": phases, "prompt_id": ids, "format": formats}
    write_table(pl.DataFrame(columns), folder / "mixture.parquet", "mixture")
    other = "the answer in the other format, which no test trains on"
    pairs = pl.DataFrame(
        {
            "prompt_id": ids,
            "prompt": [row["prompt"] for row in rows],
            **{
                name: [row["completion"] if row["format"] == name else other for row in rows]
                for name in ("ift", "reasoning")
            },
        }
    )
    tokenizer = load_tokenizer(str(model), None, template)
    facts = tokens_identity(tokenizer, stop)
    tokenise_pairs([pairs.reverse()[:7], pairs.reverse()[7:]], tokenizer, stop, facts, folder / "tokens")
    return MadeMixture(folder / "mixture.parquet", folder / "tokens", rows)
