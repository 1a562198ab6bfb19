"""Tokenising pairs beside the way in which TRL's ``SFTTrainer`` tokenises prompts and completions: ``make bench``.

    python tests/benchmarks/tokenising_speed.py --pairs 2000 --rounds 2

The pairs are those of the small world, with answers ten times as long. Both sides tokenise with one thread and write
the tokens to disk. The peer is a map of ``datasets`` over the conversations of both formats: the chat template is
applied to the prompt and to the whole conversation. The program fails if the numbers of tokens differ by more than 1 %.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

os.environ["RAYON_NUM_THREADS"] = "1"  # tokenizers reads it at its import

import polars as pl
from datasets import Dataset, disable_progress_bars
from overhead import ROOT
from ratios import record

from scale_or_reason.data.token_store import open_tokens, tokenise_pairs
from scale_or_reason.inference.tokenizers import load_tokenizer
from scale_or_reason.small_world.exercises import user_message
from scale_or_reason.small_world.generate import GENERATORS, QUESTION_KINDS
from scale_or_reason.study.cells import FORMATS

TOKENIZER = ROOT / "resources" / "micro" / "tokenizer"
TEMPLATE = ROOT / "src" / "scale_or_reason" / "training" / "templates" / "chatml.jinja"
STOP, LONGER = "<|im_end|>", 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2000, help="number of pairs (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="of both sides in turns (default: %(default)s)")
    arguments = parser.parse_args()
    disable_progress_bars()
    tokenizer = load_tokenizer(str(TOKENIZER), None, TEMPLATE)
    speeds = []
    for number in range(arguments.rounds):
        pairs = made_up_pairs(arguments.pairs, number)
        with tempfile.TemporaryDirectory() as folder:
            own, own_seconds = tokenised(pairs, tokenizer, Path(folder, "own"))
            peer, peer_seconds = mapped(pairs, tokenizer, Path(folder, "peer"))
        if abs(own - peer) > 0.01 * peer:
            raise SystemExit(f"not the same work: {own} tokens against {peer} of the peer")
        print(f"{pairs.height} pairs, {own} tokens: {own_seconds:.2f} s, as TRL does {peer_seconds:.2f} s")
        speeds.append(peer_seconds / own_seconds)
    record("tokens of pairs, both formats", "map of datasets, as TRL's SFTTrainer", speeds)


def made_up_pairs(count: int, seed: int) -> pl.DataFrame:
    """Prompts of all kinds with both answers."""
    rng = Random(seed)
    kinds = [rng.choice(QUESTION_KINDS) for _ in range(count)]
    problems = [(kind, GENERATORS[kind](rng)) for kind in kinds]
    return pl.DataFrame(
        {
            "prompt_id": [str(number) for number in range(count)],
            "prompt": [user_message(kind, problem) for kind, problem in problems],
            "ift": [" ".join([problem.ift] * LONGER) for _, problem in problems],
            "reasoning": [longer_thought(problem.reasoning) for _, problem in problems],
        }
    )


def longer_thought(text: str) -> str:
    """A reasoning answer whose thought is there several times."""
    thought, tag, answer = text.removeprefix("<think>").partition("</think>")
    return f"<think>{thought * LONGER}{tag}{answer}"


def tokenised(pairs: pl.DataFrame, tokenizer: Any, folder: Path) -> tuple[int, float]:
    """The tokens of all conversations, and the seconds to make them."""
    began = time.perf_counter()
    tokenise_pairs([pairs], tokenizer, STOP, {}, folder)
    seconds = time.perf_counter() - began
    counts = open_tokens(folder, {}).counts
    return sum(int((counts["prompt_tokens"] + counts[f"{name}_tokens"]).sum()) for name in FORMATS), seconds


def mapped(pairs: pl.DataFrame, tokenizer: Any, folder: Path) -> tuple[int, float]:
    """As :func:`tokenised`, by the peer."""
    rows = [
        {
            "prompt": [{"role": "user", "content": row["prompt"]}],
            "completion": [{"role": "assistant", "content": row[name]}],
        }
        for row in pairs.iter_rows(named=True)
        for name in FORMATS
    ]
    data = Dataset.from_list(rows)

    def tokenise(row: dict[str, Any]) -> dict[str, Any]:
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)["input_ids"]
        ids = tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=True)["input_ids"]
        return {"input_ids": ids, "completion_mask": [0] * len(prompt) + [1] * (len(ids) - len(prompt))}

    began = time.perf_counter()
    data.map(tokenise, remove_columns=["prompt", "completion"]).save_to_disk(str(folder))
    seconds = time.perf_counter() - began
    line_ends = data.num_rows * len(tokenizer("\n")["input_ids"])  # the template's, behind each conversation
    return sum(len(row["input_ids"]) for row in Dataset.load_from_disk(str(folder))) - line_ends, seconds


if __name__ == "__main__":
    main()
