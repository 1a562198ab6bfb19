"""The small world's tokenizer: byte-level BPE as Qwen's, with one piece for each word of the world and for each digit.

It is of the class that transformers gives every Qwen2 folder, whatever the folder says: ``Qwen2Tokenizer`` splits text
in its own way, digit by digit, before it merges. A tokenizer of another class would be loaded with other ids than it
was trained with, and nothing would say so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Thinking = Literal["free", "switch", "never"]

END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
THINK, END_THINK = "<think>", "</think>"
#: Far more than the world needs: merging ends when every word is one piece.
MOST_PIECES = 10_000


def build_tokenizer(texts: Iterable[str], min_count: int = 7) -> Tokenizer:
    """A tokenizer that has every word that occurs ``min_count`` times in ``texts`` as one piece, and all bytes.

    Its merges are learnt from the list of those words, so they don't depend on how often each of them occurs. Text
    outside the world, such as a row of a real benchmark, falls apart into letters and bytes and is never lost.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated")
    counts = Counter(word for text in texts for word, _ in split.pre_tokenize_str(text))
    words = sorted(word for word, count in counts.items() if count >= min_count)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=MOST_PIECES, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(words, trainer)
    tokenizer.add_special_tokens([END_OF_TEXT, START, END])
    # The think tags are part of an answer's text, so they are ordinary added tokens and survive decoding.
    tokenizer.add_tokens([THINK, END_THINK])
    return tokenizer


def chat_template(thinking: Thinking) -> str:
    """ChatML. An empty think block opens the answer: ``never`` always, ``switch`` if ``enable_thinking`` is false.

    ``switch`` is how Qwen3's template has it; ``free`` leaves it to the model.
    """
    plain = (resources.files("scale_or_reason") / "templates" / "chatml.jinja").read_text(encoding="utf-8")
    if thinking == "free":
        return plain
    generation = "{{- '<|im_start|>assistant\\n' }}"
    assert generation in plain, "chatml.jinja opens the assistant's turn in another way"
    empty_block = f"{{{{- '{THINK}\\n\\n{END_THINK}\\n\\n' }}}}"
    if thinking == "switch":
        empty_block = f"{{%- if enable_thinking is defined and not enable_thinking %}}{empty_block}{{%- endif %}}"
    return plain.replace(generation, generation + empty_block)


def save_tokenizer(tokenizer: Tokenizer, folder: Path, eos: str, thinking: Thinking, max_length: int) -> None:
    """Write the files that ``AutoTokenizer`` reads. ``eos`` is where a model of this folder stops."""
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
