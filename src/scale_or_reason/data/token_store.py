"""The pairs of a corpus as token ids: tokenised once for all students with one tokenizer, and mapped by every training.

A folder with ``tokens.bin`` (int32: of each pair the prompt in the chat template, the IFT answer and the reasoning
answer, each answer with the token that ends it, end to end), ``counts.parquet`` (schema token_counts, in the same
order) and ``manifest.json``, which names tokenizer and template. Where prompts carry the mode, each answer has
a prompt of its own before it (schema hybrid_token_counts).

A plain array, since a training reads arbitrary pieces of it: numpy maps it, where ``datasets`` would build row by row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import atomic_directory
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import read_table, write_table
from scale_or_reason.common.wording import counted
from scale_or_reason.data.text_tokens import TextTokenizer
from scale_or_reason.study.cells import FORMATS

#: Facts that folders of earlier versions lack.
_LATER = ("tokenizer_probes",)
_BYTES_AT_ONCE = 1 << 24
_SCHEMAS = ("token_counts", "hybrid_token_counts")
#: The parts of a pair in ``tokens.bin``, by the schema of its counts.
_PARTS = {schema: [name for name in SCHEMAS[schema] if name != "prompt_id"] for schema in _SCHEMAS}


@dataclass(frozen=True)
class PromptModes:
    """How prompts and answers carry the mode.

    ``suffixes`` stand behind the prompt, by format of the answer; ``empty_thought`` stands before IFT answers.
    """

    suffixes: Mapping[str, str]
    empty_thought: str

    @classmethod
    def from_json(cls, text: str, where: str) -> PromptModes:
        """From a JSON object with these two names. Raises :class:`StudyError` for anything else."""
        expected = '{"suffixes": {"ift": " /no_think", "reasoning": " /think"}, "empty_thought": TEXT}'
        try:
            values = json.loads(text)
            modes = cls(**values)
            if set(modes.suffixes) == set(FORMATS) and len({*modes.suffixes.values()} - {""}) == len(FORMATS):
                return modes
        except (ValueError, TypeError):
            pass
        raise StudyError("invalid modes of prompts", where=where, found=text, expected=expected)

    def prompts(self, prompts: pl.Series, answer_format: str) -> list[str]:
        """The prompts that ask for answers in this format."""
        return [f"{prompt}{self.suffixes[answer_format]}" for prompt in prompts]

    def answers(self, answers: pl.Series, answer_format: str) -> list[str]:
        """The answers as the student learns to write them."""
        return [f"{self.empty_thought if answer_format == 'ift' else ''}{answer}" for answer in answers]


def check_template(tokenizer: Any, stop_token: str, template_file: object) -> None:
    """Raise :class:`StudyError` unless the template ends the assistant's turn with ``stop_token``, one known token.

    A student is trained to write that token and is stopped at it; with a template that ends otherwise it never stops.
    """
    if stop_token not in tokenizer.get_vocab():
        raise StudyError(
            "the tokenizer lacks the token that ends an answer",
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


def tokenise_pairs(
    parts: Iterable[pl.DataFrame],
    tokenizer: Any,
    stop_token: str,
    identity: Mapping[str, Any],
    folder: Path,
    modes: PromptModes | None = None,
) -> int:
    """Tokenise the pairs (schema pairs, part by part) into ``folder``, whole or not at all; return their number.

    Prompt and answers are tokenised apart, as they are when the student answers. ``identity``, of the tokenizer,
    goes into the manifest. With ``modes`` the prompts carry the mode. Raises :class:`StudyError` for a pair without
    one of its texts.
    """
    encoder = TextTokenizer(tokenizer, stop_token)
    digest = hashlib.sha256()
    schema = _SCHEMAS[modes is not None]
    counts = [pl.DataFrame(schema=SCHEMAS[schema])]
    with atomic_directory(folder) as temporary:
        with (temporary / "tokens.bin").open("wb") as stream:
            for part in parts:
                _check_texts(part)
                encoded = _encoded(part, encoder, modes)
                data = np.fromiter(
                    chain.from_iterable(chain.from_iterable(zip(*encoded, strict=True))), dtype=np.int32
                ).tobytes()
                digest.update(data)
                stream.write(data)
                lengths = {name: [len(ids) for ids in one] for name, one in zip(_PARTS[schema], encoded, strict=True)}
                counts.append(pl.DataFrame({"prompt_id": part["prompt_id"], **lengths}, schema=SCHEMAS[schema]))
        table = pl.concat(counts)
        write_table(table, temporary / "counts.parquet", schema)
        made = {**identity, "pairs": table.height, "tokens_sha256": digest.hexdigest()}
        made |= {} if modes is None else {"modes": asdict(modes)}
        (temporary / "manifest.json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    return table.height


def _encoded(part: pl.DataFrame, encoder: TextTokenizer, modes: PromptModes | None) -> list[list[list[int]]]:
    """The parts of each pair, in the order of ``_PARTS``."""
    if modes is None:
        answers = [encoder.answers(part[name].to_list()) for name in FORMATS]
        return [encoder.prompts(part["prompt"].to_list()), *answers]
    texts = [(modes.prompts(part["prompt"], name), modes.answers(part[name], name)) for name in FORMATS]
    return [ids for prompts, answers in texts for ids in (encoder.prompts(prompts), encoder.answers(answers))]


def _check_texts(part: pl.DataFrame) -> None:
    for column in ("prompt", "ift", "reasoning"):
        if missing := part[column].null_count():
            raise StudyError(
                "the pairs have empty values",
                key=column,
                found=f"{counted(missing, 'row')} without a value",
                expected="a text in every row",
                remedy="make the pairs again; a pair is kept or dropped as a whole",
            )


@dataclass(frozen=True)
class TokenStore:
    """A mapped folder of :func:`tokenise_pairs`. Reading from it copies only what is read."""

    tokens: NDArray[np.int32]
    counts: pl.DataFrame
    manifest: Mapping[str, Any]

    def starts(self) -> pl.DataFrame:
        """Of every pair: prompt_id, the lengths of its parts, and where each begins in ``tokens``.

        The parts are ``ift_prompt``, ``ift``, ``reasoning_prompt``, ``reasoning``; both formats may share the prompt.
        """
        parts = _PARTS[_schema_of(self.manifest)]
        lengths = self.counts.select(parts).to_numpy()
        ends = np.cumsum(lengths).reshape(lengths.shape) if len(lengths) else lengths
        begins = {f"{name.removesuffix('_tokens')}_start": (ends - lengths)[:, i] for i, name in enumerate(parts)}
        found = self.counts.with_columns(**{name: pl.Series(values) for name, values in begins.items()})
        if "prompt_tokens" not in parts:
            return found
        shared = {f"{name}_prompt_{what}": f"prompt_{what}" for name in FORMATS for what in ("start", "tokens")}
        return found.with_columns(**{name: pl.col(column) for name, column in shared.items()})


def open_tokens(folder: Path, expected: Mapping[str, Any]) -> TokenStore:
    """Map a folder of :func:`tokenise_pairs`.

    Raises :class:`StudyError` if its manifest does not say ``expected``: ids of another tokenizer or
    template would train a student in gibberish, silently. Also if ``tokens.bin`` does not have the size of its counts;
    :func:`check_tokens` compares the contents.
    """
    file, manifest = folder / "manifest.json", _manifest_of(folder)
    for name, value in expected.items():
        if manifest.get(name, value if name in _LATER else None) != value:
            raise StudyError(
                "the pairs were tokenised for another kind of student",
                where=file,
                key=name,
                found=manifest.get(name),
                expected=value,
                remedy="students share tokens only if they share a tokenizer: check `students.*.tokenizer`",
            )
    schema = _schema_of(manifest)
    counts = read_table(folder / "counts.parquet", schema)
    return TokenStore(_mapped(folder / "tokens.bin", counts, _PARTS[schema]), counts, manifest)


def _schema_of(manifest: Mapping[str, Any]) -> str:
    return _SCHEMAS["modes" in manifest]


def _mapped(file: Path, counts: pl.DataFrame, parts: Sequence[str]) -> NDArray[np.int32]:
    expected = int(counts.select(pl.sum_horizontal(pl.col(parts).sum())).item())
    size = file.stat().st_size if file.is_file() else 0
    if size != 4 * expected:
        raise _damaged(
            file,
            counted(size, "byte"),
            f"{counted(4 * expected, 'byte')}, for the {counted(expected, 'token')} of counts.parquet",
        )
    return np.memmap(file, dtype=np.int32, mode="r") if size else np.empty(0, np.int32)


def check_tokens(folder: Path) -> int:
    """The highest id in a folder of :func:`tokenise_pairs`, after ``tokens.bin`` has been compared with its hash.

    Reads every token once. Raises :class:`StudyError` if the file has changed since it was written.
    """
    file, manifest = folder / "tokens.bin", _manifest_of(folder)
    digest, highest = hashlib.sha256(), -1
    with file.open("rb") as stream:
        while data := stream.read(_BYTES_AT_ONCE):
            digest.update(data)
            highest = max(highest, int(np.frombuffer(data, dtype=np.int32, count=len(data) // 4).max(initial=-1)))
    if (found := digest.hexdigest()) != (expected := manifest.get("tokens_sha256")):
        raise _damaged(file, f"sha256 {found}", f"sha256 {expected}, as in manifest.json")
    return highest


def _manifest_of(folder: Path) -> dict[str, Any]:
    file = folder / "manifest.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(file, str(error), "a JSON object") from None
    if not isinstance(manifest, dict):
        raise _damaged(file, type(manifest).__name__, "a JSON object")
    return manifest


def _damaged(file: Path, found: str, expected: str) -> StudyError:
    remedy = f"remove {file.parent}, or run `snakemake quarantine`, and run the rule tokenise_pairs again"
    problem = "the tokenised pairs are damaged: the file is not as it was written"
    return StudyError(problem, where=file, found=found, expected=expected, remedy=remedy)
