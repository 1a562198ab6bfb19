"""The small world's tokenizer: byte-level BPE like Qwen's, with one token for each word of the world and each digit.

transformers loads every Qwen2 folder with the class ``Qwen2Tokenizer``, whatever the folder specifies. That class
splits text, digit by digit, before merging. So this tokenizer has that class; another class would silently be loaded
with other ids than in training.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN
from scale_or_reason.small_world.problem import LETTERS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Thinking = Literal["free", "switch", "never"]

END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"


def build_tokenizer(texts: Iterable[str], min_count: int = 45) -> Tokenizer:
    """A tokenizer with one token for every word that occurs ``min_count`` times in ``texts``, and for all bytes.

    A word's token includes the blank before it, as in Qwen. It does not include the brace of a box: the letter of an
    option is the same token before the option and in the box, so that a model can copy it. Other text, such as a row of
    a real benchmark, is split into letters and bytes without loss.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    counts = Counter(word for text in texts for word, _ in split.pre_tokenize_str(text))
    words = sorted(word for word, count in counts.items() if count >= min_count and not _joins_answer(word))
    merges = learn_merges([to_bytes.pre_tokenize_str(word)[0][0] for word in words])
    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *(left + right for left, right in merges)]
    vocabulary = {piece: place for place, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([END_OF_TEXT, START, END])
    # The think tags are part of an answer's text, so they are ordinary added tokens and survive decoding.
    tokenizer.add_tokens([THINK_OPEN, THINK_CLOSE])
    return tokenizer


def _joins_answer(word: str) -> bool:
    """Whether the word joins an option's letter or a boxed word with the preceding sign or brace."""
    return (word[1:] in LETTERS and len(word) == 2) or (word.startswith("{") and word[1:].isalpha())


def learn_merges(words: list[str]) -> list[tuple[str, str]]:
    """The merges by which byte-pair encoding makes each word a single token.

    The most frequent pair first (Sennrich et al. 2016), each word counted once; ties in alphabetical order.
    """
    merges: list[tuple[str, str]] = []
    split = [list(word) for word in words]
    while pairs := Counter(pair for pieces in split for pair in pairwise(pieces)):
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        split = [_merged(pieces, best) for pieces in split]
    return merges


def _merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """The pieces with every occurrence of the pair as one, from left to right."""
    merged: list[str] = []
    joined = False
    for piece in pieces:
        # a merged piece is not part of another pair: "aaa" is "aa", "a"
        if merged and not joined and (merged[-1], piece) == pair:
            merged[-1] += piece
            joined = True
        else:
            merged.append(piece)
            joined = False
    return merged


def chat_template(thinking: Thinking) -> str:
    """ChatML. An empty think block opens the answer: ``never`` always, ``switch`` if ``enable_thinking`` is false.

    ``switch`` is Qwen3's behaviour; ``free`` leaves the reasoning to the model.
    """
    plain = (resources.files("scale_or_reason.training") / "templates" / "chatml.jinja").read_text(encoding="utf-8")
    if thinking == "free":
        return plain
    generation = "{{- '<|im_start|>assistant\\n' }}"
    assert generation in plain, "chatml.jinja opens the assistant's turn in another way"
    empty_block = f"{{{{- '{THINK_OPEN}\\n\\n{THINK_CLOSE}\\n\\n' }}}}"
    if thinking == "switch":
        empty_block = f"{{%- if enable_thinking is defined and not enable_thinking %}}{empty_block}{{%- endif %}}"
    return plain.replace(generation, generation + empty_block)


def save_tokenizer(tokenizer: Tokenizer, folder: Path, eos: str, thinking: Thinking, max_length: int) -> None:
    """Write the files that ``AutoTokenizer`` reads. ``eos`` is the end token of the folder's model."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "Qwen2Tokenizer",
        "eos_token": eos,
        "pad_token": END_OF_TEXT,
        "additional_special_tokens": [START, END],
        "model_max_length": max_length,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(chat_template(thinking), encoding="utf-8")
