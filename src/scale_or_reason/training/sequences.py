"""The token sequences of one training, looked up in the tokenised pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.data.token_store import TokenStore

#: Treatment of samples longer than the limit. ``truncate`` cuts the end of the completion with its stop token, so that
#: the sample does not teach an early stop. A prompt that leaves no room for an answer is always dropped.
OVERLONG = ("drop", "truncate")
#: The loss ignores labels with this value.
IGNORED = -100


@dataclass(frozen=True)
class Sequences:
    """Token sequences in training order, as offsets into memory-mapped tokens.

    All arrays but ``tokens`` have one value per sequence; ``completion_lengths`` are those after truncation.
    """

    tokens: NDArray[np.int32]
    prompt_starts: NDArray[np.int64]
    prompt_lengths: NDArray[np.int64]
    completion_starts: NDArray[np.int64]
    completion_lengths: NDArray[np.int64]
    phases: NDArray[np.int64]
    positions: NDArray[np.int64]  # in the mixture; gaps where a sample was dropped
    dropped: int
    truncated: int

    def __len__(self) -> int:
        return len(self.prompt_starts)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each sequence, prompt and completion."""
        return self.prompt_lengths + self.completion_lengths

    def input_ids(self, index: int) -> NDArray[np.int64]:
        """The tokens of a sequence: the prompt, then the completion."""
        prompt, completion = self.prompt_starts[index], self.completion_starts[index]
        return np.concatenate(
            [
                self.tokens[prompt : prompt + self.prompt_lengths[index]],
                self.tokens[completion : completion + self.completion_lengths[index]],
            ]
        ).astype(np.int64)

    def labels(self, index: int) -> NDArray[np.int64]:
        """The input ids, with :data:`IGNORED` on the prompt: the loss is on the completion only."""
        labels = self.input_ids(index)
        labels[: self.prompt_lengths[index]] = IGNORED
        return labels


def arrange(mixture: pl.DataFrame, store: TokenStore, max_length: int, overlong: str) -> Sequences:
    """The rows of ``mixture`` (schema mixture) in their order, within ``max_length`` tokens.

    Raises :class:`StudyError` if a prompt of the mixture has no tokens.
    """
    rows = mixture.join(store.starts(), on="prompt_id", how="left", maintain_order="left")
    if missing := rows["ift_tokens"].null_count():
        raise StudyError(
            "prompts of the mixture have no tokens",
            found=f"{missing} of {counted(rows.height, 'prompt')} missing",
            expected="tokens of all pairs that the mixture was made from",
            remedy="run the rules tokenise_pairs and build_mixture again",
        )
    own = {"prompt_start": "prompt_start", "prompt_tokens": "prompt_tokens", "start": "start", "length": "tokens"}
    reasons = pl.col("format") == "reasoning"
    rows = rows.with_columns(
        **{name: pl.when(reasons).then(f"reasoning_{part}").otherwise(f"ift_{part}") for name, part in own.items()}
    )
    too_long = pl.col("prompt_tokens") + pl.col("length") > max_length
    prompt_too_long = pl.col("prompt_tokens") >= max_length
    kept = rows.filter(~(prompt_too_long | too_long if overlong == "drop" else prompt_too_long))
    return Sequences(
        tokens=store.tokens,
        prompt_starts=kept["prompt_start"].to_numpy(),
        prompt_lengths=kept["prompt_tokens"].to_numpy(),
        completion_starts=kept["start"].to_numpy(),
        completion_lengths=np.minimum(kept["length"].to_numpy(), max_length - kept["prompt_tokens"].to_numpy()),
        phases=kept["phase"].to_numpy(),
        positions=kept["position"].to_numpy(),
        dropped=rows.height - kept.height,
        truncated=kept.select(too_long.sum()).item(),
    )
