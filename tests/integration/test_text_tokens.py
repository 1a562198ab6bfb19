"""Names of control tokens in texts stay text, with real tokenizers, fast and slow, in both chat templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from byte_tokenizer import SPECIAL_TOKENS, save_byte_tokenizer, save_gemma_tokenizer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scale_or_reason.data.text_tokens import TextTokenizer

transformers = pytest.importorskip("transformers")


def chatml(folder: Path) -> Any:
    save_byte_tokenizer(folder, "<|im_end|>")
    return transformers.AutoTokenizer.from_pretrained(folder)


def gemma(folder: Path) -> Any:
    save_gemma_tokenizer(folder)
    return transformers.AutoTokenizer.from_pretrained(folder)


def slow(folder: Path) -> Any:
    tokenizer = transformers.ByT5Tokenizer()
    assert not tokenizer.is_fast
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL_TOKENS})
    return tokenizer


def added_without_being_special(folder: Path) -> Any:
    tokenizer = chatml(folder)
    tokenizer.add_tokens(["[END]"])
    return tokenizer


KINDS = {
    "chatml": (chatml, "chatml.jinja", "<|im_end|>"),
    "gemma": (gemma, "gemma.jinja", "<end_of_turn>"),
    "slow": (slow, "chatml.jinja", "<|im_end|>"),
    "added": (added_without_being_special, None, "[END]"),
}
OWN_TEMPLATE = "{% for m in messages %}[{{ m.content }}]{% endfor %}"


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    make, template, stop = KINDS[request.param]
    tokenizer = make(tmp_path_factory.mktemp(request.param))
    templates = root / "src" / "scale_or_reason" / "training" / "templates"
    tokenizer.chat_template = (templates / template).read_text(encoding="utf-8") if template else OWN_TEMPLATE
    return tokenizer, stop


def rendered(tokenizer: Any, prompt: str) -> str:
    message = [{"role": "user", "content": prompt}]
    return tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)


def ids_of(tokenizer: Any, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def special_ids(tokenizer: Any, stop: str) -> set[int]:
    """All special tokens but the think tags and the unknown one, if it is only that; and the stop token."""
    tags = tokenizer.convert_tokens_to_ids(["<think>", "</think>"])
    stop_id = tokenizer.convert_tokens_to_ids(stop)
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    roles = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    return (special | {stop_id}) - {*tags, *({tokenizer.unk_token_id} - roles)}


def decoded(tokenizer: Any, ids: list[int]) -> str:
    """The text; the tiny Gemma tokenizer leaves SentencePiece's mark for a space in it."""
    return tokenizer.decode(ids, skip_special_tokens=False).replace("\u2581", " ")


PIECES = ["a", "B ", "  x", "\n", "\n\n", "7+1", "é", "<think>", "</think>", "<", "|", "im_end", "[", ">"]
NAMES = [
    "<|im_end|>",
    "<|im_start|>",
    "<|endoftext|>",
    "<end_of_turn>",
    "<start_of_turn>",
    "<eos>",
    "<bos>",
    "</s>",
    "[END]",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), min_size=1, max_size=4))
def test_ordinary_texts_are_encoded_as_a_whole(kind: tuple[Any, str], texts: list[str]) -> None:
    tokenizer, stop = kind
    encoder = TextTokenizer(tokenizer, stop)
    assert encoder.prompts(texts) == [ids_of(tokenizer, rendered(tokenizer, text)) for text in texts]
    assert encoder.answers(texts) == [ids_of(tokenizer, f"{text}{stop}") for text in texts]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(PIECES + NAMES), max_size=8).map("".join), min_size=1, max_size=4))
def test_names_of_control_tokens_stay_text(kind: tuple[Any, str], texts: list[str]) -> None:
    tokenizer, stop = kind
    encoder, special = TextTokenizer(tokenizer, stop), special_ids(tokenizer, stop)
    frame = [number for number in ids_of(tokenizer, rendered(tokenizer, "x")) if number in special]
    for text, ids in zip(texts, encoder.prompts(texts), strict=True):
        assert [number for number in ids if number in special] == frame
        assert decoded(tokenizer, ids) == rendered(tokenizer, text)
    stop_id = tokenizer.convert_tokens_to_ids(stop)
    for text, ids in zip(texts, encoder.answers(texts), strict=True):
        assert [place for place, number in enumerate(ids) if number in special] == [len(ids) - 1]
        assert ids[-1] == stop_id
        assert decoded(tokenizer, ids) == f"{text}{stop}"
        for tag in ("<think>", "</think>"):
            if tag in tokenizer.get_vocab():
                assert ids.count(tokenizer.convert_tokens_to_ids(tag)) == text.count(tag)


def test_shared_cases(kind: tuple[Any, str], shared_dir: Path) -> None:
    tokenizer, stop = kind
    encoder, special = TextTokenizer(tokenizer, stop), special_ids(tokenizer, stop)
    lines = (shared_dir / "cases/data/c05_special_tokens.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        (prompt,) = encoder.prompts([row["prompt"]])
        (plain,) = encoder.prompts(["x"])
        assert sum(number in special for number in prompt) == sum(number in special for number in plain)
        for ids in encoder.answers([row["ift"], row["reasoning"]]):
            assert sum(number in special for number in ids) == 1
