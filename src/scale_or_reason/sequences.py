"""A mixture as token ids: prompt by the chat template, completion, and the token that ends the assistant's turn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.errors import StudyError
from scale_or_reason.files import atomic_directory

#: What happens to a sample longer than the limit. ``truncate`` cuts the completion's end, and with it the stop token:
#: such a sample teaches no early stop. A prompt that leaves no room for an answer is always dropped.
OVERLONG = ("drop", "truncate")
#: Labels of this value take no part in the loss.
IGNORED = -100
_ROWS_AT_A_TIME = 4096


@dataclass(frozen=True)
class Sequences:
    """Token sequences in training order, on disk as flat arrays so that every process maps the same memory."""

    tokens: NDArray[np.int32]  # of all sequences, end to end
    offsets: NDArray[np.int64]  # where each sequence starts; one more at the end
    prompt_lengths: NDArray[np.int64]
    phases: NDArray[np.int64]
    positions: NDArray[np.int64]  # in the mixture; gaps where a sample was dropped
    dropped: int
    truncated: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    @property
    def completion_lengths(self) -> NDArray[np.int64]:
        return self.lengths - self.prompt_lengths

    def input_ids(self, index: int) -> NDArray[np.int64]:
        return self.tokens[self.offsets[index] : self.offsets[index + 1]].astype(np.int64)

    def labels(self, index: int) -> NDArray[np.int64]:
        """The input ids, with :data:`IGNORED` on the prompt: the loss is on the completion only."""
        labels = self.input_ids(index)
        labels[: self.prompt_lengths[index]] = IGNORED
        return labels


def check_template(tokenizer: Any, stop_token: str, template_file: object) -> None:
    """Raise :class:`StudyError` unless the template ends the assistant's turn with ``stop_token``, one known token.

    A student is trained to write that token and is stopped at it; with a template that ends otherwise it never stops.
    """
    if stop_token not in tokenizer.get_vocab():
        raise StudyError(
            "the tokenizer does not know the token that ends an answer",
            where=template_file,
            key="stop token",
            found=stop_token,
            expected="a token of the tokenizer's vocabulary",
            remedy="choose the stop token that belongs to the model's chat template",
        )
    question = [{"role": "user", "content": "ask"}]
    prompt = tokenizer.apply_chat_template(question, tokenize=False, add_generation_prompt=True)
    both = tokenizer.apply_chat_template([*question, {"role": "assistant", "content": "reply"}], tokenize=False)
    if both.rstrip() != f"{prompt}reply{stop_token}":
        raise StudyError(
            "the chat template does not put an answer between its generation prompt and the stop token",
            where=template_file,
            key="stop token",
            found=repr(both),
            expected=repr(f"{prompt}reply{stop_token}"),
            remedy="use a template without an end of its own, or name its stop token",
        )


def tokenise_mixture(
    mixture: pl.DataFrame, tokenizer: Any, stop_token: str, max_length: int, overlong: str, folder: Path
) -> None:
    """Tokenise the rows of ``mixture`` in their order and write them to ``folder``, whole or not at all.

    Prompt and completion are tokenised apart, as they are when the student answers.
    """
    arrays: dict[str, list[int]] = {"lengths": [], "prompt_lengths": [], "phases": [], "positions": []}
    truncated = 0
    with atomic_directory(folder) as temporary:
        with (temporary / "tokens.bin").open("wb") as stream:
            for first in range(0, len(mixture), _ROWS_AT_A_TIME):
                rows = mixture.slice(first, _ROWS_AT_A_TIME)
                for position, phase, prompt, completion in _encoded(rows, tokenizer, stop_token):
                    if len(prompt) >= max_length or (overlong == "drop" and len(prompt) + len(completion) > max_length):
                        continue
                    truncated += len(prompt) + len(completion) > max_length
                    ids = (prompt + completion)[:max_length]
                    stream.write(np.array(ids, dtype=np.int32).tobytes())
                    for values, value in zip(arrays.values(), (len(ids), len(prompt), phase, position), strict=True):
                        values.append(value)
        for name, values in arrays.items():
            np.save(temporary / f"{name}.npy", np.array(values, dtype=np.int64))
        counts = {"dropped": len(mixture) - len(arrays["positions"]), "truncated": truncated}
        (temporary / "counts.json").write_text(json.dumps(counts))


def load_sequences(folder: Path) -> Sequences:
    """Map what :func:`tokenise_mixture` wrote."""
    lengths = np.load(folder / "lengths.npy")
    empty = not lengths.sum()
    return Sequences(
        tokens=np.empty(0, np.int32) if empty else np.memmap(folder / "tokens.bin", dtype=np.int32, mode="r"),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        prompt_lengths=np.load(folder / "prompt_lengths.npy"),
        phases=np.load(folder / "phases.npy"),
        positions=np.load(folder / "positions.npy"),
        **json.loads((folder / "counts.json").read_text()),
    )


def _encoded(rows: pl.DataFrame, tokenizer: Any, stop_token: str) -> Iterator[tuple[int, int, list[int], list[int]]]:
    chats = [[{"role": "user", "content": prompt}] for prompt in rows["prompt"]]
    prompts = tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=True)
    completions = [completion + stop_token for completion in rows["completion"]]
    prompt_ids = tokenizer(prompts, add_special_tokens=False)["input_ids"]
    completion_ids = tokenizer(completions, add_special_tokens=False)["input_ids"]
    return zip(rows["position"].to_list(), rows["phase"].to_list(), prompt_ids, completion_ids, strict=True)
