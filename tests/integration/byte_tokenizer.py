"""The tokenizers of the tests' tiny models: one token per byte, and the special tokens of a chat format."""

from __future__ import annotations

from pathlib import Path

SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
#: Tokens in all: the special ones come first, then the bytes.
VOCABULARY = len(SPECIAL_TOKENS) + 256


def save_byte_tokenizer(folder: Path, eos: str, chat_template: str | None = None) -> None:
    """Write a byte-level tokenizer without merges, of the class that transformers gives the folder of a Qwen2 model."""
    from tokenizers import AddedToken, pre_tokenizers
    from transformers import Qwen2Tokenizer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*SPECIAL_TOKENS, *alphabet])}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[], pad_token="<|endoftext|>", eos_token=eos)
    tokenizer.add_tokens([AddedToken(token, special=True) for token in SPECIAL_TOKENS], special_tokens=True)
    tokenizer.chat_template = chat_template
    tokenizer.save_pretrained(folder)


GEMMA_SPECIAL_TOKENS = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>"]
GEMMA_VOCABULARY = len(GEMMA_SPECIAL_TOKENS) + 256


def save_gemma_tokenizer(folder: Path) -> None:
    """As :func:`save_byte_tokenizer`, of the class that transformers gives the folder of a Gemma model."""
    from tokenizers import AddedToken
    from transformers import GemmaTokenizer

    tokens = [*GEMMA_SPECIAL_TOKENS, *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer = GemmaTokenizer(vocab={token: index for index, token in enumerate(tokens)}, merges=[])
    tokenizer.add_tokens([AddedToken(token, special=True) for token in GEMMA_SPECIAL_TOKENS], special_tokens=True)
    tokenizer.save_pretrained(folder)
