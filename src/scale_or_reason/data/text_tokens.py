"""Token ids of prompts and answers, in which text never becomes a control token.

``<|im_end|>`` within an answer would train a stop in mid-sentence; ``<|im_start|>`` within a prompt would open a turn.
The control tokens of a sequence come only from the chat template and from the end of the answer. Where their names
stand in a text, they are encoded as text. Think tags stay tokens: the student learns to write them.

Almost no text holds a control token. Texts are encoded as a whole, as the student reads them, and only those whose ids
hold a control token too many are encoded again, with special tokens split.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.common.errors import StudyError

THINK_TAGS = ("<think>", "</think>")
_PLACEHOLDER = "the prompt stands here"


class TextTokenizer:
    """Encodes the texts of pairs with the tokenizer of a student, fast or slow."""

    def __init__(self, tokenizer: Any, stop_token: str) -> None:
        self._tokenizer = tokenizer
        self._stop = stop_token
        vocabulary = tokenizer.get_vocab()
        special = {str(token) for token in getattr(tokenizer, "added_tokens_decoder", {}).values() if token.special}
        special |= {*getattr(tokenizer, "all_special_tokens", ()), stop_token}
        # An unknown character gives the unknown token: it controls nothing.
        control = special - {*THINK_TAGS, getattr(tokenizer, "unk_token", None)}
        self._control = re.compile("|".join(map(re.escape, sorted(control, key=len, reverse=True))))
        self._tags = {tag: vocabulary[tag] for tag in THINK_TAGS if tag in special and tag in vocabulary}
        self._is_control = np.zeros(max(vocabulary.values()) + 1, dtype=bool)
        self._is_control[[vocabulary[token] for token in control if token in vocabulary]] = True

    def prompts(self, prompts: Sequence[str]) -> list[list[int]]:
        """The ids of each prompt in the chat template, up to where the answer begins."""
        first, *rendered = self._rendered([_PLACEHOLDER, *prompts])
        before, _, behind = first.partition(_PLACEHOLDER)
        frame, *encoded = self._encode([first, *rendered])
        for place in self._suspects(encoded, int(self._is_control[frame].sum())):
            content = rendered[place].removeprefix(before).removesuffix(behind)
            encoded[place] = self._in_template(before, content, behind)
        return encoded

    def answers(self, answers: Sequence[str]) -> list[list[int]]:
        """The ids of each answer, with the token that ends it."""
        encoded = self._encode([f"{text}{self._stop}" for text in answers])
        for place in self._suspects(encoded, 1):
            encoded[place] = [*self._as_text(answers[place]), *self._encode([self._stop])[0]]
        return encoded

    def _rendered(self, prompts: list[str]) -> list[str]:
        chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
        return self._tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=True)

    def _encode(self, texts: list[str]) -> list[list[int]]:
        return self._tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []

    def _suspects(self, encoded: list[list[int]], expected: int) -> NDArray[np.intp]:
        """The places of sequences with more than the expected number of control tokens."""
        lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
        flat = np.fromiter(chain.from_iterable(encoded), dtype=np.int64, count=int(lengths.sum()))
        total = np.r_[0, np.cumsum(self._is_control[flat])]
        ends = np.cumsum(lengths)
        return np.flatnonzero(total[ends] - total[ends - lengths] != expected)

    def _in_template(self, before: str, content: str, behind: str) -> list[int]:
        """A prompt between the control tokens of its template, which stay; all text between them is one piece."""
        begin = max((match.end() for match in self._control.finditer(before)), default=0)
        found = self._control.search(behind)
        end = found.start() if found else len(behind)
        head, tail = self._encode([before[:begin], behind[end:]])
        return [*head, *self._as_text(before[begin:] + content + behind[:end]), *tail]

    def _as_text(self, text: str) -> list[int]:
        """The ids of a text, in which think tags alone are special."""
        pieces = re.split("|".join(f"({tag})" for tag in self._tags), text) if self._tags else [text]
        ids: list[int] = []
        for piece in filter(None, pieces):
            ids += [self._tags[piece]] if piece in self._tags else self._split(piece)
        return ids

    def _split(self, text: str) -> list[int]:
        ids = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        if self._is_control[ids].any():
            # Tokens that were added without being special are not split: encode them in two halves.
            halves = self._control.sub(lambda match: f"{match[0][0]}\0{match[0][1:]}", text).split("\0")
            ids = list(chain.from_iterable(self._encode(halves)))
        if self._is_control[ids].any():
            raise StudyError(
                "a text cannot be encoded without control tokens",
                key="stop token",
                found=repr(text[:80]),
                expected=f"a text without {self._stop}",
                remedy="choose another stop token, or drop the prompt",
            )
        return ids
