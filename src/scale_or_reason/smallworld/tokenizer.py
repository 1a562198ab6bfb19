"""The small world's tokenizer: a piece for each word of the world, one for each number up to 99, bytes for the rest.

A Unigram model over a fixed list of pieces, so that it is built and not trained. Text outside the world, such as a row
of a real benchmark, falls apart into letters and bytes and is never lost.
"""

from __future__ import annotations

import json
import re
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
#: Words keep the space before them; numbers do not, so that a number is one piece wherever it stands.
SPLIT = r" ?[A-Za-z_]+|[0-9]{1,2}|\n|\\boxed\{| "


def world_pieces(texts: Iterable[str], min_count: int) -> list[str]:
    """The words (with the space before them) and signs that occur at least ``min_count`` times, in sorted order."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(re.findall(SPLIT + r"|[^A-Za-z0-9_\s]", text))
    return sorted(piece for piece, count in counts.items() if count >= min_count)


def build_tokenizer(texts: Iterable[str], min_count: int = 5) -> Tokenizer:
    """The tokenizer whose pieces are the words of ``texts``, the numbers 0-99, printable ASCII and all bytes."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    numbers = [f"{n}" for n in range(100)] + [f"0{n}" for n in range(10)]
    ascii_signs = [chr(code) for code in range(32, 127)]
    pieces = dict.fromkeys(["\n", *numbers, *ascii_signs, *world_pieces(texts, min_count)])
    # Equal scores: the segmentation with the fewest pieces wins. Bytes are reached only where no piece fits.
    vocabulary = [("<unk>", -20.0)] + [(piece, -1.0) for piece in pieces]
    vocabulary += [(f"<0x{byte:02X}>", -10.0) for byte in range(256)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
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
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": eos,
        "pad_token": END_OF_TEXT,
        "unk_token": "<unk>",
        "additional_special_tokens": [START, END],
        "model_max_length": max_length,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(chat_template(thinking), encoding="utf-8")
