"""Token ids of prompts and answers, in which text never becomes a control token.

``<|im_end|>`` within an answer would train a stop in mid-sentence; ``<|im_start|>`` within a prompt would open a turn.
The control tokens of a sequence come only from the chat template and from the end of the answer. Where their names
stand in a text, they are encoded as text. Think tags stay tokens: the student learns to write them.

Almost no text holds a control token. Texts are encoded as a whole, as the student reads them, and only those whose ids
hold a control token too many are encoded again, with special tokens split.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN

#: Names of control tokens of common models, for texts whose tokenizer is unknown.
CONTROL_NAME = re.compile(
    r"<\|[\w-]{1,40}\|>|<\uff5c[^\uff5c\s]{1,40}\uff5c>|</?s>|<(?:bos|eos|(?:start|end)_of_turn)>|\[/?INST\]"
)
_PLACEHOLDER = "the prompt stands here"
_SHOWN = 80


class TextTokenizer:
    """Encodes texts with a tokenizer, fast or slow; ``stop_token`` ends an answer, "" for prompts only."""

    def __init__(self, tokenizer: Any, stop_token: str = "") -> None:
        self._tokenizer = tokenizer
        self._stop = stop_token
        vocabulary = tokenizer.get_vocab()
        special = {str(token) for token in getattr(tokenizer, "added_tokens_decoder", {}).values() if token.special}
        special |= {*getattr(tokenizer, "all_special_tokens", ()), *filter(None, [stop_token])}
        # An unknown character gives the unknown token: it controls nothing, unless it has another role as well.
        roles = {getattr(tokenizer, f"{role}_token", None) for role in ("bos", "eos", "pad")} | {stop_token}
        unknown = getattr(tokenizer, "unk_token", None)
        control = special - {THINK_OPEN, THINK_CLOSE, *({unknown} - roles)}
        self._unknown = vocabulary.get(unknown)
        # without control tokens a pattern that nothing matches
        names = [re.escape(token) for token in sorted(control, key=len, reverse=True)]
        self._control = re.compile("|".join(names) or r"(?!)")
        self._tags = {tag: vocabulary[tag] for tag in (THINK_OPEN, THINK_CLOSE) if tag in special and tag in vocabulary}
        self._is_control = np.zeros(max(vocabulary.values()) + 1, dtype=bool)
        self._is_control[[vocabulary[token] for token in control if token in vocabulary]] = True

    def prompts(self, prompts: Sequence[str]) -> list[list[int]]:
        """The ids of each prompt in the chat template, up to where the answer begins."""
        first, *rendered = self._rendered([_PLACEHOLDER, *prompts])
        frame, *encoded = self._encode([first, *rendered])
        for place in self.with_control(encoded, frame):
            encoded[place] = self._in_template(first, rendered[place])
        return encoded

    def chats(self, prompts: Sequence[str], render: Callable[[list[str]], list[str]]) -> list[list[int]]:
        """The ids of each prompt in the chat that ``render`` gives, whose control tokens may depend on the text."""
        first, *rendered = render([_PLACEHOLDER, *prompts])
        frame, *encoded = self._encode([first, *rendered])
        places = self.with_control(encoded, frame)
        bare = self._encode([prompts[place] for place in places])
        for place in places[self.with_control(bare, [])]:
            encoded[place] = self._in_template(first, rendered[place])
        return encoded

    def plain(self, prompts: Sequence[str]) -> list[list[int]]:
        """As :meth:`prompts`, without a template, and with the tokens that the tokenizer puts around every text."""
        around, *encoded = self._tokenizer(["", *prompts])["input_ids"]
        for place in self.with_control(encoded, around):
            encoded[place] = [*around, *self._as_text(prompts[place])]
        return encoded

    def begun_answers(self, answers: Sequence[str]) -> list[list[int]]:
        """The ids of answers that are not finished, without the token that ends them; only think tags are special."""
        return [self._as_text(text) for text in answers]

    def answers(self, answers: Sequence[str]) -> list[list[int]]:
        """The ids of each answer, with the token that ends it."""
        encoded = self._encode([f"{text}{self._stop}" for text in answers])
        for place in self.with_control(encoded, self._encode([self._stop])[0]):
            encoded[place] = [*self._as_text(answers[place]), *self._encode([self._stop])[0]]
        return encoded

    def _rendered(self, prompts: list[str]) -> list[str]:
        chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
        return self._tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=True)

    def _encode(self, texts: list[str]) -> list[list[int]]:
        return self._tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []

    def with_control(self, encoded: list[list[int]], frame: list[int]) -> NDArray[np.intp]:
        """The places of sequences with another number of control tokens than ``frame``, which has no text."""
        expected = int(self._is_control[frame].sum())
        lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
        flat = np.fromiter(chain.from_iterable(encoded), dtype=np.int64, count=int(lengths.sum()))
        total = np.r_[0, np.cumsum(self._is_control[flat])]
        ends = np.cumsum(lengths)
        return np.flatnonzero(total[ends] - total[ends - lengths] != expected)

    def _in_template(self, first: str, rendered: str) -> list[int]:
        """A prompt between the control tokens of its template, which stay; all text between them is one piece.

        ``first`` is the placeholder in the template, ``rendered`` the prompt.
        """
        before, _, behind = first.partition(_PLACEHOLDER)
        if not (rendered.startswith(before) and rendered.endswith(behind)):
            raise StudyError(
                "a prompt cannot be encoded without control tokens: the chat template changes with its text",
                found=repr(rendered[:_SHOWN]),
                expected=f"a text that starts with {before[:_SHOWN]!r} and ends with {behind[-_SHOWN:]!r}",
                remedy="use another chat template, or drop the prompt",
            )
        content = rendered[len(before) : len(rendered) - len(behind)]
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
        if self._is_control[[number for number in ids if number != self._unknown]].any():
            raise StudyError(
                "a text cannot be encoded without control tokens",
                key="stop token",
                found=repr(text[:_SHOWN]),
                expected="a text without control tokens",
                remedy="choose another stop token, or drop the prompt",
            )
        return ids
