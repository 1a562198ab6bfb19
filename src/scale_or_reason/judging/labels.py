"""Labels that people give to answers, read from a file and turned into verdicts of one more juror, ``human``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.wording import counted
from scale_or_reason.study.catalogue import HUMAN
from scale_or_reason.study.problems import did_you_mean

#: What a person may write; an empty field is no label yet. ``unsure`` counts as no label.
LABELS = ("yes", "no", "unsure")
KEY = ["model_id", "benchmark", "item_id", "sample"]
#: The columns that a file must have; it may have others.
COLUMNS = [*KEY, "answer_hash", "person", "label"]
_REFUSED = "correct the file, or remove the row"


@dataclass(frozen=True)
class Label:
    """A person's label, and the row of the file that it stands in (the heading is row 1)."""

    key: tuple[str, str, str, int]
    answer_hash: str
    person: str
    label: str
    row: int


def answer_hash(answer: str) -> str:
    """Sixteen hexadecimal digits that change with the answer: a label belongs to one text."""
    return hashlib.sha256(answer.encode()).hexdigest()[:16]


def read_labels(path: str | Path) -> list[Label]:
    """The labels in a CSV or Parquet file, without rows that nobody has labelled; a repeated label counts once.

    Raises :class:`StudyError` for missing columns, unknown labels, labels without a person, and different labels of a
    person for one answer.
    """
    found: dict[tuple[Any, ...], Label] = {}
    for number, row in enumerate(_read(Path(path)).iter_rows(named=True), start=2):
        word, person = ((row[name] or "").strip() for name in ("label", "person"))
        if not word:
            continue
        label = Label(_key(row, path, number), (row["answer_hash"] or "").strip(), person, word.lower(), number)
        if label.label not in LABELS:
            raise _refused("an unknown label", path, number, "label", word, f"{', '.join(LABELS)}, or nothing")
        if not person:
            raise _refused("a label without a person", path, number, "person", "nothing", "the name of who labelled")
        before = found.setdefault((label.key, person), label)
        if before.label != label.label:
            said = f"{label.label}, and {before.label} in row {before.row}"
            raise _refused("a person contradicts an own label", path, number, "label", said, "one label for an answer")
    return list(found.values())


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise StudyError(
            "the file of labels is missing",
            where=path,
            key="labels.path",
            remedy="`snakemake label_sheet` writes a sheet to fill in; or set labels.path to null",
        )
    try:
        if path.suffix == ".parquet":
            table = pl.read_parquet(path)
        else:
            table = pl.read_csv(path, infer_schema=False, encoding="utf8-lossy")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StudyError(
            "the file of labels cannot be read",
            where=path,
            found=str(error).partition("\n")[0],
            expected="a CSV file with commas (UTF-8), or a Parquet file",
            remedy="save it again in this format",
        ) from None
    table = table.rename({name: name.strip("\ufeff ") for name in table.columns})
    if missing := [name for name in COLUMNS if name not in table.columns]:
        raise StudyError(
            "the file of labels lacks columns",
            where=path,
            found=", ".join(table.columns),
            expected=", ".join(COLUMNS),
            remedy=f"add {', '.join(missing)}; `snakemake label_sheet` writes them",
        )
    return table.select(pl.col(COLUMNS).cast(pl.String()))


def _key(row: Mapping[str, str | None], path: object, number: int) -> tuple[str, str, str, int]:
    sample = (row["sample"] or "").strip()
    if not sample.isdecimal():
        raise _refused("a label without an answer's number", path, number, "sample", sample or "nothing", "0, 1, ...")
    model_id, benchmark, item_id = ((row[name] or "").strip() for name in KEY[:3])
    return model_id, benchmark, item_id, int(sample)


def _refused(problem: str, path: object, row: int, key: str, found: object, expected: str) -> StudyError:
    return StudyError(problem, where=path, key=f"row {row}, {key}", found=found, expected=expected, remedy=_REFUSED)


def juror_of(person: str) -> str:
    """The juror that a person is in ``study.judges`` and in tables: ``human-NAME``, fit for a path."""
    name = re.sub(r"[^\w.]+", "-", person)
    return f"{HUMAN}-{name}"


def by_person(labels: Iterable[Label], path: object) -> dict[str, list[Label]]:
    """The labels of each person, by juror. Raises :class:`StudyError` if two persons would be one juror."""
    found: dict[str, list[Label]] = {}
    for label in labels:
        own = found.setdefault(juror_of(label.person), [])
        if own and own[0].person != label.person:
            same = f"{label.person}, and {own[0].person} in row {own[0].row}"
            expected = "names that differ in more than signs"
            raise _refused("two persons have the same juror", path, label.row, "person", same, expected)
        own.append(label)
    return found


def check_persons(persons: Sequence[str], labels_of: Mapping[str, Sequence[Label]], path: object) -> None:
    """Raise :class:`StudyError` for jurors of one person each without labels in ``labels_of`` (:func:`by_person`)."""
    if missing := [name for name in persons if name not in labels_of]:
        close = [did_you_mean(name, labels_of, prefix=f"{HUMAN}-") for name in missing]
        hints = [hint for hint in close if hint]
        raise StudyError(
            "a person in the jury has no labels",
            where=path,
            key="study.judges",
            found=", ".join(missing),
            expected=f"one of {', '.join(labels_of)}" if labels_of else f"labels, of which {path} has none yet",
            remedy=" ".join([*hints, "correct study.judges, or the column person"]),
        )


def person_verdicts(people: pl.DataFrame, labels: Sequence[Label], juror: str) -> pl.DataFrame:
    """The verdicts of one person (columns of ``people``): on the answers in ``people``, the rows of ``human``."""
    words = {label.key: label.label for label in labels if label.label != "unsure"}
    verdict = [words.get(key, "unparsable") for key in people.select(KEY).iter_rows()]
    return people.with_columns(judge=pl.lit(juror), verdict=pl.Series(verdict, dtype=pl.String()))


def check_known(labels: Iterable[Label], known: Mapping[str, Sequence[str]], path: object) -> None:
    """Raise :class:`StudyError` for a label of a model that ``known`` (model id -> its benchmarks) lacks."""
    for label in labels:
        model_id, benchmark, _, _ = label.key
        if model_id not in known:
            expected = f"one of the study's {counted(len(known), 'model')}, such as {next(iter(known), 'none')}"
            raise _refused("a label for a model that the study lacks", path, label.row, "model_id", model_id, expected)
        if benchmark not in known[model_id]:
            expected = f"one of {', '.join(known[model_id])}"
            raise _refused("a label for an unknown benchmark", path, label.row, "benchmark", benchmark, expected)


def human_verdicts(answers: pl.DataFrame, labels: Sequence[Label], path: object, juror: str = HUMAN) -> pl.DataFrame:
    """A ``verdicts`` table of people on a model's answers to a benchmark (schema answers), in their order.

    The verdict is that of most people; without a label, and if as many say yes as no, it is ``unparsable``, which the
    jury's rule ``readable`` and the agreement of judges leave out. Raises :class:`StudyError` for a label of an answer
    that is not there, or that has another text.
    """
    texts = {row[:-1]: row[-1] for row in answers.select(*KEY, "answer").iter_rows()} if labels else {}
    votes: dict[tuple[str, str, str, int], list[Label]] = {}
    for label in labels:
        if label.key not in texts:
            items = {key[2] for key in texts}
            part = "sample" if label.key[2] in items else "item_id"
            found = label.key[3 if part == "sample" else 2]
            expected = (
                "the number of one of its answers"
                if part == "sample"
                else f"one of {counted(len(items), 'id')} of items"
            )
            raise _refused("a label for an answer that is not there", path, label.row, part, found, expected)
        now = answer_hash(texts[label.key])
        if label.answer_hash != now:
            raise StudyError(
                "a label for another text of this answer",
                where=path,
                key=f"row {label.row}, answer_hash",
                found=label.answer_hash or "nothing",
                expected=f"{now}, of the answer that the study has now",
                remedy="label this answer again: `snakemake label_sheet` writes a new sheet",
            )
        votes.setdefault(label.key, []).append(label)
    verdict = [_majority(votes.get(key, ())) for key in answers.select(KEY).iter_rows()]
    said = [
        "; ".join(f"{label.person}: {label.label}" for label in votes.get(key, ()))
        for key in answers.select(KEY).iter_rows()
    ]
    table = answers.select(KEY).with_columns(
        judge=pl.lit(juror),
        verdict=pl.Series(verdict, dtype=pl.String()),
        reply=pl.Series(said, dtype=pl.String()),
        judge_prompt_tokens=pl.lit(0, pl.Int64()),
        judge_tokens=pl.lit(0, pl.Int64()),
    )
    schema = SCHEMAS["verdicts"]
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in table.columns]
    return table.with_columns(absent).select(list(schema))


def _majority(labels: Sequence[Label]) -> str:
    yes, no = (sum(label.label == word for label in labels) for word in ("yes", "no"))
    return "unparsable" if yes == no else "yes" if yes > no else "no"
