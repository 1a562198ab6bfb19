"""The papers' students as offers for advice: accuracies of table 1, and what training and answers cost.

Training FLOPs follow equations 1-3 at the mean lengths of the published sets. FLOPs of an answer follow the papers'
power laws where these can be used, otherwise equations 4-6 at the lengths of the published set. A power law can be used
if it implies at least one token of answer at every size: those of General with IFT do not, since they imply fewer
tokens than the questions alone have. The papers give inference costs for students of the general corpus only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.analysis.advice import Offers, offers
from scale_or_reason.analysis.paid_once import PARTS, paid_once
from scale_or_reason.claims.paper_results import CORPORA, POWER_LAW, read_columns, read_reference, reference_evidence
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.counts import answer_flops, count_note, sequence_flops
from scale_or_reason.flops.exact import Decoder
from scale_or_reason.flops.formulas import generated_tokens, generation_flops
from scale_or_reason.planning.shapes import shape_of
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.study.cells import FORMATS
from scale_or_reason.study.learning_rates import Search

Floats = NDArray[np.float64]

SETS = {"corpus", "pairs", "prompt_bytes", "bytes_per_token", *(f"{name}_bytes" for name in FORMATS)}
#: Mean tokens of a family's questions: those of its benchmarks in the default ``plan.tokens.benchmark_prompts``.
QUESTION_TOKENS = {"General-MC": 91.3, "General-OE": 280.7, "Math-MC": 100.3, "Math-OE": 98.3}
#: The papers' students: Qwen2.5 base models, named by their size in billions.
_STUDENT = "Qwen/Qwen2.5-{size:g}B"
#: The papers' teacher.
TEACHER = "Qwen/Qwen3-235B-A22B"
_UNKNOWN = (
    "Not known from published numbers: intervals and probabilities, your data, another teacher, other students. A pilot"
    " study measures them."
)


@dataclass(frozen=True)
class PaperAdvice:
    """What :func:`~scale_or_reason.analysis.advice.advice` needs, and ``notes``: where the numbers come from."""

    evidence: Evidence
    offered: list[Offers]
    notes: list[str]


def paper_advice(
    folder: Path, shares: Mapping[str, float] | None = None, search: Search | None = None, count: str = "papers"
) -> PaperAdvice:
    """The offers of the papers' students, from the tables in ``folder``.

    ``shares`` of what is paid once (:func:`~scale_or_reason.analysis.paid_once.asked_for`) are none by default. The
    papers searched learning rates without saying on how many samples: ``search`` has the number. ``count`` is that of
    FLOPs (:mod:`~scale_or_reason.flops.counts`): an exact count of a power law is that of the tokens that it implies.

    Raises :class:`~scale_or_reason.common.errors.StudyError` if a table is missing or lacks a column or row.
    """
    evidence = reference_evidence(folder)
    published = _general_set(folder / "published_sets.csv")
    laws = {
        (row["family"], row["supervision"]): (row["alpha"], row["beta"])
        for row in read_reference(folder, "v2", "inference_power_law", POWER_LAW).iter_rows(named=True)
    }
    cells = evidence.cells.to_dicts()
    training = np.array([_training_flops(cell, published, count) for cell in cells])
    once = paid_once(
        evidence,
        np.flatnonzero(np.isfinite(training)).tolist(),
        _paid_once(cells, training, published, search, count),
        shares or dict.fromkeys(PARTS, 0.0),
        {"judging": "the papers publish no tokens of verdicts"},
    )
    offered, by_law, by_length = [], [], []
    for family, prompt in QUESTION_TOKENS.items():
        answer = np.full(len(cells), np.nan)
        for number, name in enumerate(FORMATS):
            own = [place for place, cell in enumerate(cells) if _is_general(cell) and cell["ratio"] == number]
            sizes = [cells[place]["size_b"] for place in own]
            law = laws.get((family, name))
            if law and is_usable(*law, sizes, prompt):
                answer[own] = [_law_flops(size, law[0] * size ** law[1], prompt, count) for size in sizes]
                by_law.append(f"{family} {_format(name)}")
            else:
                completion = _tokens(published, name)
                answer[own] = [answer_flops(_student(size, count), prompt, completion) for size in sizes]
                by_length.append(f"{family} {_format(name)}")
        offered.append(offers(evidence, family, training, answer, once.parts))
    notes = [*_notes(published, by_law, by_length), count_note(count), *once.notes]
    return PaperAdvice(evidence, offered, [*notes, *_notes_of_parts(once.parts, search), _UNKNOWN])


def is_usable(alpha: float, beta: float, sizes: Sequence[float], prompt: float) -> bool:
    """Whether a power law implies at least one token of answer to a question of ``prompt`` tokens at every size."""
    return all(
        alpha * size**beta >= generation_flops(shape_of(_STUDENT.format(size=size), {}).architecture, prompt, 1)
        for size in sizes
    )


def _is_general(cell: Mapping[str, Any]) -> bool:
    return cell["kind"] == "distilled" and cell["corpus"] == CORPORA[0]


def _student(size_b: float, count: str) -> Architecture | Decoder:
    return _model(_STUDENT.format(size=size_b), count)


def _model(name: str, count: str) -> Architecture | Decoder:
    shape = shape_of(name, {})
    return shape.decoder if count == "exact" else shape.architecture


def _law_flops(size_b: float, flops: float, prompt: float, count: str) -> float:
    """FLOPs of an answer that has ``flops`` by the papers' formulas."""
    if count == "papers":
        return flops
    shape = shape_of(_STUDENT.format(size=size_b), {})
    return float(answer_flops(shape.decoder, prompt, generated_tokens(shape.architecture, prompt, flops)))


def _tokens(published: Mapping[str, Any], part: str) -> float:
    return float(published[f"{part}_bytes"] / published["bytes_per_token"])


def _general_set(path: Path) -> Mapping[str, Any]:
    rows = [row for row in read_columns(path, SETS).iter_rows(named=True) if row["corpus"] == CORPORA[0]]
    if len(rows) != 1:
        raise StudyError(
            "advice needs the general set's lengths",
            where=path,
            key="corpus",
            found=f"{counted(len(rows), 'row')} of {CORPORA[0]}",
            expected="one",
            remedy="take resources/papers/published_sets.csv as an example",
        )
    return rows[0]


def _training_flops(cell: Mapping[str, Any], published: Mapping[str, Any], count: str) -> float:
    """Equations 1-3, or exact FLOPs, for one epoch over the published general set; NaN for other models."""
    if not _is_general(cell):
        return float("nan")
    name = FORMATS[int(cell["ratio"])]
    length = _tokens(published, "prompt") + _tokens(published, name)
    return float(published["pairs"] * sequence_flops(_student(cell["size_b"], count), length))


def _paid_once(
    cells: Sequence[Mapping[str, Any]],
    training: Floats,
    published: Mapping[str, Any],
    search: Search | None,
    count: str,
) -> dict[str, Floats]:
    """FLOPs of the parts in full, (cells,); NaN for unknown ones and other models.

    A student of one format learnt from all answers in it, and its search takes trainings on samples of the same set.
    """
    teacher, prompt = np.full(len(cells), np.nan), _tokens(published, "prompt")
    model = _model(TEACHER, count)
    for place, cell in enumerate(cells):
        if _is_general(cell):
            completion = _tokens(published, FORMATS[int(cell["ratio"])])
            teacher[place] = published["pairs"] * answer_flops(model, prompt, completion)
    searched = np.nan if search is None else search.sequences / published["pairs"]
    return {"teacher": teacher, "search": searched * training, "judging": np.full(len(cells), np.nan)}


def _notes_of_parts(parts: Mapping[str, Floats], search: Search | None) -> list[str]:
    notes = []
    if "teacher" in parts:
        notes.append(f"The teacher is {TEACHER}; its dropped answers are not published and not counted.")
    if "search" in parts and search is not None:
        notes.append(
            f"The search trains on {counted(round(search.sequences), 'sequence')} in all, at "
            f"{counted(search.rates, 'rate')}: the config's training.learning_rate_search, "
            "since the papers do not publish theirs."
        )
    return notes


def _format(name: str) -> str:
    return "IFT" if name == "ift" else name


def _notes(published: Mapping[str, Any], by_law: Sequence[str], by_length: Sequence[str]) -> list[str]:
    pairs = published["pairs"]
    notes = [
        "Source: arXiv 2509.22193 version 2, table 1, students Qwen2.5 of 0.5B to 14B, corpus general. Training"
        f" on {counted(pairs, 'published pair')} of mean length.",
        f"Answers by the papers' power laws: {', '.join(by_law)}." if by_law else "",
        "Answers by the mean lengths of the published set, since the power laws imply fewer tokens than the questions"
        f" have: {', '.join(by_length)}."
        if by_length
        else "",
    ]
    return [note for note in notes if note]
