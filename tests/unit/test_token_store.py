"""Tokens made once and found again: every sequence is what tokenising its own texts gives."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import run_script

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.data.mixtures import build_mixture
from scale_or_reason.data.token_store import TokenStore, check_template, check_tokens, open_tokens, tokenise_pairs
from scale_or_reason.training.sequences import IGNORED, Sequences, arrange

STOP = "|"


class Letters:
    """A tokenizer whose ids are those of the letters, with a template of two marks."""

    def __call__(self, texts: Any, add_special_tokens: bool, split_special_tokens: bool = False) -> dict[str, Any]:
        assert not add_special_tokens
        if isinstance(texts, str):
            return {"input_ids": [ord(letter) for letter in texts]}
        return {"input_ids": [[ord(letter) for letter in text] for text in texts]}

    def get_vocab(self) -> dict[str, int]:
        return {chr(number): number for number in range(128)}

    def apply_chat_template(
        self, messages: list[Any], tokenize: bool, add_generation_prompt: bool = False
    ) -> list[str] | str:
        assert not tokenize
        if isinstance(messages[0], list):
            return [f"<{message['content']}>" for (message,) in messages]
        answer = f"{messages[1]['content']}{STOP}" if len(messages) > 1 else ""
        return f"<{messages[0]['content']}>{answer}"


def pairs_of(texts: list[tuple[str, str, str]]) -> pl.DataFrame:
    columns = ("prompt_id", "prompt", "ift", "reasoning")
    rows = [(f"q{number}", *row) for number, row in enumerate(texts)]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def stored(pairs: pl.DataFrame, part: int = 2) -> TokenStore:
    with TemporaryDirectory() as folder:
        count = tokenise_pairs(pairs.iter_slices(part), Letters(), STOP, {"tokenizer": "letters"}, Path(folder, "t"))
        assert count == pairs.height
        store = open_tokens(Path(folder, "t"), {"tokenizer": "letters"})
        return TokenStore(np.array(store.tokens), store.counts, store.manifest)


def texts_of(sequences: Sequences) -> list[tuple[str, str]]:
    """Prompt and completion of each sequence, told apart by its labels."""
    found = []
    for index in range(len(sequences)):
        ids, labels = sequences.input_ids(index), sequences.labels(index)
        assert (labels[labels != IGNORED] == ids[labels != IGNORED]).all()
        text = "".join(map(chr, ids))
        cut = int((labels == IGNORED).sum())
        assert (labels[:cut] == IGNORED).all()
        found.append((text[:cut], text[cut:]))
    return found


WORD = st.text("abc", max_size=6)


@pytest.mark.slow
@given(
    texts=st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=9),
    ratio=st.sampled_from([0, 0.25, 0.5, 1]),
    curriculum=st.sampled_from(["seq", "mix"]),
    longest=st.integers(2, 20),
    overlong=st.sampled_from(["drop", "truncate"]),
    part=st.integers(1, 4),
)
def test_sequences_are_the_texts_of_the_mixture(
    texts: list[tuple[str, str, str]], ratio: float, curriculum: str, longest: int, overlong: str, part: int
) -> None:
    pairs = pairs_of(texts)
    mixture = build_mixture(pairs["prompt_id"], curriculum, ratio, seed=0)
    sequences = arrange(mixture, stored(pairs, part), longest, overlong)
    expected, positions, truncated = [], [], 0
    for row in mixture.iter_rows(named=True):
        prompt, ift, reasoning = texts[int(row["prompt_id"][1:])]
        prompt, answer = f"<{prompt}>", (reasoning if row["format"] == "reasoning" else ift) + STOP
        too_long = len(prompt) + len(answer) > longest
        if len(prompt) >= longest or (too_long and overlong == "drop"):
            continue
        truncated += too_long
        expected.append((prompt, answer[: longest - len(prompt)]))
        positions.append(row["position"])
    assert texts_of(sequences) == expected
    assert sequences.positions.tolist() == positions
    assert sequences.phases.tolist() == mixture["phase"].gather(positions).to_list()
    assert sequences.lengths.tolist() == [len(prompt) + len(answer) for prompt, answer in expected]
    assert (sequences.dropped, sequences.truncated) == (len(texts) - len(expected), truncated)


def test_a_question_without_tokens() -> None:
    mixture = build_mixture(pl.Series("prompt_id", ["q0", "q1", "q2"]), "seq", 0.5, seed=0)
    with pytest.raises(StudyError, match="have no tokens") as caught:
        arrange(mixture, stored(pairs_of([("a", "b", "c")])), 100, "drop")
    assert "2 of 3" in str(caught.value)


@pytest.mark.parametrize("column", ["prompt", "ift", "reasoning"])
def test_a_pair_without_a_text(tmp_path: Path, column: str) -> None:
    pairs = pairs_of([("a", "b", "c")]).with_columns(pl.lit(None, pl.String).alias(column))
    with pytest.raises(StudyError, match="empty values") as caught:
        tokenise_pairs([pairs], Letters(), STOP, {}, tmp_path / "t")
    assert caught.value.key == column and list(tmp_path.iterdir()) == []


def test_a_text_that_cannot_be_encoded(tmp_path: Path) -> None:
    """The stop token of this tokenizer is a letter, and a letter cannot be split."""
    with pytest.raises(StudyError, match="without control tokens") as caught:
        tokenise_pairs([pairs_of([("a", f"b{STOP}", "c")])], Letters(), STOP, {}, tmp_path / "t")
    assert "b|" in str(caught.value) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["tokenizer", "chat_template"])
def test_tokens_of_another_kind(tmp_path: Path, name: str) -> None:
    facts = {"tokenizer": "letters", "chat_template": "marks"}
    tokenise_pairs([pairs_of([("a", "b", "c")])], Letters(), STOP, facts, tmp_path / "t")
    with pytest.raises(StudyError, match="another kind of student") as caught:
        open_tokens(tmp_path / "t", facts | {name: "other"})
    assert (caught.value.key, caught.value.found, caught.value.expected) == (name, facts[name], "other")


def test_the_manifest_knows_the_tokens(tmp_path: Path) -> None:
    hashes = set()
    for number, answer in enumerate("bcb"):
        tokenise_pairs([pairs_of([("a", answer, "c")])], Letters(), STOP, {}, tmp_path / str(number))
        hashes.add(json.loads((tmp_path / str(number) / "manifest.json").read_text())["tokens_sha256"])
    assert len(hashes) == 2


@pytest.mark.slow
@given(place=st.integers(0, 59), bit=st.integers(0, 7))
def test_a_flipped_bit(place: int, bit: int) -> None:
    """In 15 tokens."""
    with TemporaryDirectory() as parent:
        folder = Path(parent, "t")
        tokenise_pairs([pairs_of([("ab", "cz", "d"), ("", "e", "f")])], Letters(), STOP, {}, folder)
        assert check_tokens(folder) == max(map(ord, "<ab>cz|d|<>e|f|"))
        data = bytearray((folder / "tokens.bin").read_bytes())
        data[place] ^= 1 << bit
        (folder / "tokens.bin").write_bytes(data)
        open_tokens(folder, {})  # the size is right
        with pytest.raises(StudyError, match="damaged") as caught:
            check_tokens(folder)
        assert caught.value.where == folder / "tokens.bin" and "tokenise_pairs" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", None])
def test_a_damaged_manifest(tmp_path: Path, content: bytes | None) -> None:
    tokenise_pairs([pairs_of([("ab", "cz", "d")])], Letters(), STOP, {}, tmp_path / "t")
    manifest = tmp_path / "t" / "manifest.json"
    manifest.unlink()
    if content is not None:
        manifest.write_bytes(content)
    for read in (lambda: open_tokens(tmp_path / "t", {}), lambda: check_tokens(tmp_path / "t")):
        with pytest.raises(StudyError, match="damaged") as caught:
            read()
        assert caught.value.where == manifest


@pytest.mark.parametrize("size", [0, 1, 4, 59, 61, 64])
def test_tokens_that_are_cut_or_longer(tmp_path: Path, size: int) -> None:
    tokenise_pairs([pairs_of([("ab", "cz", "d"), ("", "e", "f")])], Letters(), STOP, {}, tmp_path / "t")
    data = (tmp_path / "t" / "tokens.bin").read_bytes()
    assert len(data) == 60
    (tmp_path / "t" / "tokens.bin").write_bytes((data + b"more")[:size])
    with pytest.raises(StudyError, match="damaged") as caught:
        open_tokens(tmp_path / "t", {})
    assert f"{size} byte{'' if size == 1 else 's'}" in str(caught.value) and "60 bytes, for the 15 tokens" in str(
        caught.value
    )


def test_a_template_with_another_end() -> None:
    check_template(Letters(), STOP, "template")
    for stop, problem in (("end of turn", "lacks the token"), (">", "does not put an answer between")):
        with pytest.raises(StudyError, match=problem):
            check_template(Letters(), stop, "template")


@pytest.mark.slow
def test_the_program(root: Path, tmp_path: Path) -> None:
    row = {"prompt_id": "q", "prompt": "What is 2 plus 2?", "ift": "4", "reasoning": "<think>\n4\n</think>\n\n4"}
    row |= dict.fromkeys(("teacher", "sampling", "ift_finish", "reasoning_finish"), "")
    row |= dict.fromkeys(("prompt_tokens", "ift_tokens", "reasoning_tokens", "seed"), 0)
    write_table(table_from_rows([row], "pairs"), tmp_path / "pairs.parquet", "pairs")
    template = root / "src" / "scale_or_reason" / "training" / "templates" / "chatml.jinja"
    script = root / "workflow" / "scripts" / "tokenise_pairs.py"
    options = {"--pairs": "pairs.parquet", "--tokenizer": root / "resources/micro/tokenizer", "--output": "tokens"}
    words = [word for option in options.items() for word in option]
    done = run_script(script, *words, "--threads", 1, "--chat-template", template, cwd=tmp_path)
    assert done.returncode == 0, done.stderr

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(root / "resources/micro/tokenizer")
    (counts,) = read_table(tmp_path / "tokens" / "counts.parquet", "token_counts").rows(named=True)
    tokens = np.fromfile(tmp_path / "tokens" / "tokens.bin", dtype=np.int32)
    prompt, ift, reasoning = (
        tokenizer.decode(part) for part in np.split(tokens, np.cumsum(list(counts.values())[1:3]))
    )
    assert prompt == "<|im_start|>user\nWhat is 2 plus 2?<|im_end|>\n<|im_start|>assistant\n"
    assert (ift, reasoning) == ("4<|im_end|>", f"{row['reasoning']}<|im_end|>")
    for student in ("micro-0.07M", "micro-1.9M"):
        other = AutoTokenizer.from_pretrained(root / "resources/micro/students" / student)
        assert other.get_vocab() == tokenizer.get_vocab()

    # in mixtures of both modes, each answer has a prompt that asks for it
    modes = {"suffixes": {"ift": " /no_think", "reasoning": " /think"}, "empty_thought": "<think>\n\n</think>\n\n"}
    hybrid = [*words, "--chat-template", template, "--prompt-modes", json.dumps(modes), "--output", "hybrid"]
    done = run_script(script, *hybrid, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (counts,) = read_table(tmp_path / "hybrid" / "counts.parquet", "hybrid_token_counts").rows(named=True)
    tokens = np.fromfile(tmp_path / "hybrid" / "tokens.bin", dtype=np.int32)
    parts = [tokenizer.decode(part) for part in np.split(tokens, np.cumsum(list(counts.values())[1:4]))]
    assert parts == [
        "<|im_start|>user\nWhat is 2 plus 2? /no_think<|im_end|>\n<|im_start|>assistant\n",
        "<think>\n\n</think>\n\n4<|im_end|>",
        "<|im_start|>user\nWhat is 2 plus 2? /think<|im_end|>\n<|im_start|>assistant\n",
        f"{row['reasoning']}<|im_end|>",
    ]

    done = run_script(script, *words, "--chat-template", "none.jinja", cwd=tmp_path)
    assert done.returncode == 2 and "a file is missing" in done.stderr
