"""Labels of people: what a sheet has, which files are refused, and the verdicts that follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from programs import call

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import write_json
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.judging.agreement import VERDICT_COLUMNS, judge_agreement
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.judging.label_sheet import SHEET, draw, sheet
from scale_or_reason.judging.labels import (
    COLUMNS,
    answer_hash,
    by_person,
    check_known,
    human_verdicts,
    person_verdicts,
    read_labels,
)
from scale_or_reason.study.cells import Cell
from scale_or_reason.study.result_paths import result_path

MODEL = Cell("general", "small", "seq", 1.0).model_id
TEXTS = [f"<think>x</think> answer {number}" for number in range(6)]


def answers() -> pl.DataFrame:
    key = {"model_id": MODEL, "benchmark": "gsm8k", "sample": 0}
    rest = {"prompt_tokens": 1, "answer_tokens": 2, "finish_reason": "stop"}
    rows = [{**key, **rest, "item_id": f"{n:02}", "answer": text} for n, text in enumerate(TEXTS)]
    return table_from_rows(rows, "answers")


def row(item: int, label: str, person: str = "anna", **changes: Any) -> dict[str, str]:
    values = {"model_id": MODEL, "benchmark": "gsm8k", "item_id": f"{item:02}", "sample": "0"}
    values |= {"answer_hash": answer_hash(TEXTS[item]), "person": person, "label": label}
    return values | changes


def file_of(folder: Path, *rows: dict[str, str], suffix: str = ".csv") -> Path:
    path, table = folder / f"labels{suffix}", pl.DataFrame(list(rows), schema=dict.fromkeys(COLUMNS, pl.String()))
    table.write_parquet(path) if suffix == ".parquet" else table.write_csv(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_labels_become_verdicts(tmp_path: Path, suffix: str) -> None:
    rows = [row(0, "yes"), row(1, "No "), row(2, "unsure"), row(3, ""), row(4, "yes"), row(4, "no", "ben")]
    path = file_of(tmp_path, *rows, row(0, "yes", "ben"), row(0, "yes"), suffix=suffix)
    labels = read_labels(path)
    assert len(labels) == 6  # a repeated label counts once, an empty one not
    table = human_verdicts(answers(), labels, path)
    assert table["verdict"].to_list() == ["yes", "no", "unparsable", "unparsable", "unparsable", "unparsable"]
    assert table["reply"].to_list() == ["anna: yes; ben: yes", "anna: no", "anna: unsure", "", "anna: yes; ben: no", ""]
    assert set(table["judge"]) == {"human"} and table.schema == pl.Schema(SCHEMAS["verdicts"])


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        ([row(0, "maybe")], ["row 2, label", "found: maybe", "yes, no, unsure"]),
        ([row(0, "yes"), row(1, "no", "")], ["row 3, person"]),
        ([row(0, "yes"), row(0, "no")], ["row 3, label", "yes in row 2", "a person contradicts an own label"]),
        ([row(0, "yes", sample="first")], ["row 2, sample", "found: first"]),
        ([row(0, "yes", item_id="99")], ["row 2, item_id", "found: 99", "one of 6 ids"]),
        ([row(0, "yes", sample="1")], ["row 2, sample", "found: 1"]),
        ([row(0, "yes", answer_hash="0" * 16)], ["row 2, answer_hash", "another text", "label this answer again"]),
        ([row(0, "yes", model_id="base/other/shots-0")], ["row 2, model_id", "base/other/shots-0", MODEL]),
        ([row(0, "yes", benchmark="aime")], ["row 2, benchmark", "found: aime", "gsm8k"]),
    ],
)
def test_bad_labels_are_refused_with_their_row(tmp_path: Path, rows: list[dict[str, str]], parts: list[str]) -> None:
    path = file_of(tmp_path, *rows)
    with pytest.raises(StudyError) as caught:
        labels = read_labels(path)
        check_known(labels, {MODEL: ["gsm8k"]}, path)
        human_verdicts(answers(), labels, path)
    message = str(caught.value)
    for part in [*parts, f"file: {path}", "expected:", "what to do:"]:
        assert part in message


def test_files_that_are_no_labels_are_refused(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    with pytest.raises(StudyError, match="labels is missing"):
        read_labels(missing)
    other = tmp_path / "other.csv"
    other.write_text("model_id;benchmark;label\na;b;yes\n")
    with pytest.raises(StudyError, match="lacks columns") as caught:
        read_labels(other)
    assert "answer_hash" in str(caught.value.expected)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no table")
    with pytest.raises(StudyError, match="cannot be read"):
        read_labels(broken)


def verdicts(judge: str, words: list[str]) -> pl.DataFrame:
    keys = answers().select("model_id", "benchmark", "item_id", "sample")
    return keys.with_columns(judge=pl.lit(judge), verdict=pl.Series(words)).select(VERDICT_COLUMNS)


def test_agreement_with_people_is_over_their_labels(tmp_path: Path) -> None:
    path = file_of(tmp_path, row(0, "yes"), row(1, "no"), row(2, "yes"), row(3, "no"))
    people = human_verdicts(answers(), read_labels(path), path).select(VERDICT_COLUMNS)
    # on the four labelled answers the judge agrees with people on three
    judge = verdicts("one", ["yes", "no", "no", "no", "yes", "yes"])
    table = judge_agreement([pl.concat([judge, people])], {"gsm8k": "Math-OE"}, 0, replicates=20)
    whole = table.filter(pl.col("benchmark").is_null()).row(0, named=True)
    assert (whole["first"], whole["second"], whole["answers"]) == ("one", "human", 4)
    assert (whole["first_only"], whole["second_only"], whole["agreement"]) == (0, 1, 0.75)
    # yes: one of four by the judge, two by people; by chance 1/4 * 1/2 + 3/4 * 1/2
    assert whole["kappa"] == pytest.approx((0.75 - 0.5) / 0.5)
    assert whole["difference"] is None


def test_each_person_is_compared_with_the_judges_and_the_others(tmp_path: Path) -> None:
    """Three persons with gaps; kappa and Krippendorff's alpha by hand, from their definitions."""
    said = {"anna": "yes yes no no -", "ben": "yes no no yes no", "Ch. D.": "- yes no no no"}
    rows = [
        row(item, label, person)
        for person, words in said.items()
        for item, label in enumerate(words.split())
        if label != "-"
    ]
    path = file_of(tmp_path, *rows)
    labels = read_labels(path)
    people = human_verdicts(answers(), labels, path).select(VERDICT_COLUMNS)
    persons = by_person(labels, path)
    assert list(persons) == ["human-anna", "human-ben", "human-Ch.-D."]
    each = [person_verdicts(people, own, name) for name, own in persons.items()]
    table = judge_agreement(
        [pl.concat([verdicts("one", ["yes"] * 6), people, *each])], {"gsm8k": "Math-OE"}, 0, replicates=20
    )
    whole = table.filter(pl.col("benchmark").is_null())
    pairs = set(whole.select("first", "second").iter_rows())
    names = list(persons)
    # nobody is compared with the majority that has the own vote
    assert pairs == {
        *(("one", name) for name in ["human", *names]), (names[0], names[1]), (names[0], names[2]),
        (names[1], names[2]), ("people", None),
    }  # fmt: skip
    two = whole.filter(first=names[0], second=names[1]).row(0, named=True)
    # of four answers they agree on the first and the third; each says yes twice, so half by chance
    assert (two["answers"], two["agreement"], two["kappa"], two["difference"]) == (4, 0.5, 0.0, None)
    all_three = whole.filter(first="people").row(0, named=True)
    # yy, yny, nnn, nyn, nn are 13 labels, 5 of them yes, 8 no. Ordered pairs that differ within answers, each divided
    # by the number of its other labels: 0, 4/2, 0, 4/2, 0, so 4/13 of all; among all labels 2*5*8/(13*12)
    assert all_three["alpha"] == pytest.approx(1 - (4 / 13) / (80 / 156))
    assert all_three["answers"] == 5 and all_three["agreement"] == pytest.approx(3 / 5)


def test_two_persons_with_one_juror_are_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path, row(0, "yes", "Anna B"), row(1, "yes", "Anna-B"))
    with pytest.raises(StudyError, match="two persons have the same juror") as caught:
        by_person(read_labels(path), path)
    assert caught.value.key == "row 3, person" and "Anna B in row 2" in str(caught.value.found)


def test_people_vote_where_they_have_labels(tmp_path: Path) -> None:
    path = file_of(tmp_path, row(0, "no"), row(1, "no"))
    people = human_verdicts(answers(), read_labels(path), path).select(VERDICT_COLUMNS)
    judges = [verdicts("one", ["yes", "yes"] * 3), verdicts("two", ["yes", "no"] * 3)]
    decided = JuryRule().decide(pl.concat([*judges, people])).sort("item_id")
    # a tie of the two judges stays undecided where nobody has a label
    assert decided["verdict"].to_list() == ["yes", "no", "yes", "unparsable", "yes", "unparsable"]


# ---- sheets ----


def many(count: int, every: int) -> pl.DataFrame:
    """Verdicts of two judges, who disagree on every so many answers."""
    rows = [
        {"model_id": MODEL, "benchmark": "gsm8k", "item_id": f"{n:04}", "sample": 0, "judge": judge}
        | {"verdict": "no" if judge == "two" and n % every == 0 else "yes"}
        for n in range(count)
        for judge in ("one", "two")
    ]
    return pl.DataFrame(rows)


def test_a_sheet_is_drawn_by_seed_and_by_disagreement() -> None:
    table = many(200, 10)
    drawn = draw([table], 20, 0.5, seed=1)
    assert drawn.height == 20 and drawn["disputed"].sum() == 10 and drawn["item_id"].n_unique() == 20
    assert drawn.equals(draw([table.sample(fraction=1.0, shuffle=True, seed=3)], 20, 0.5, seed=1))
    assert not drawn.equals(draw([table], 20, 0.5, seed=2))
    assert draw([table], 40, 1.0, seed=1)["disputed"].sum() == 20  # there are no more
    assert draw([table], 40, 0.0, seed=1)["disputed"].sum() == 0
    assert draw([table], 500, 0.0, seed=1).height == 200
    # over several benchmarks, each answer with the same probability
    second = table.with_columns(benchmark=pl.lit("aime"))
    both = draw([table, second], 100, 0.5, seed=1)
    assert both.height == 100 and 20 < both.filter(benchmark="aime").height < 80


def test_a_sheet_can_be_read_back_as_labels_without_any(tmp_path: Path) -> None:
    texts = ["<think>y</think> =1+1", "plain"]
    given = (
        answers()
        .head(2)
        .with_columns(answer=pl.Series(texts))
        .select("model_id", "benchmark", "item_id", "sample", "answer")
    )
    rows = [{"item_id": f"{n:02}", "question": f'q{n},\n"quoted"', "gold": ["2", "two"]} for n in range(2)]
    items = pl.DataFrame(rows).with_columns(benchmark=pl.lit("gsm8k"))
    made = sheet(given.drop("answer").with_columns(disputed=pl.lit(False)), given, items)
    assert made.columns == SHEET
    assert made.select("gold", "answer").rows() == [("2 | two", "'=1+1"), ("2 | two", "plain")]
    path = tmp_path / "sheet.csv"
    made.write_csv(path)
    assert read_labels(path) == []
    filled = pl.read_csv(path, infer_schema=False).with_columns(label=pl.lit("yes"), person=pl.lit("anna"))
    filled.write_csv(path)
    labels = read_labels(path)
    assert [label.key for label in labels] == [(MODEL, "gsm8k", "00", 0), (MODEL, "gsm8k", "01", 0)]
    assert [label.answer_hash for label in labels] == [answer_hash(text) for text in texts]


def run(root: Path, script: str, **options: Any) -> None:
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", *map(str, value))]
    call(root, script, *words)


def test_from_a_sheet_to_verdicts(tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, place = tmp_path / "results", {"model_id": MODEL, "benchmark": "gsm8k"}
    key = {"benchmark": "gsm8k", "prompt": "p", "gold": ["1"], "choices": [], "extra": "{}"}
    items = [{**key, "item_id": f"{n:02}", "question": f"q{n}"} for n in range(6)]
    judged = verdicts("one", ["yes"] * 6).to_dicts() + verdicts("two", ["no"] * 2 + ["yes"] * 4).to_dicts()
    files = [(answers(), result_path("answers", **place), "answers")]
    files += [(table_from_rows(items, "items"), result_path("items", benchmark="gsm8k"), "items")]
    for judge in ("one", "two"):
        own = [row for row in judged if row["judge"] == judge]
        files.append((table_from_rows(own, "verdicts"), result_path("verdicts", judge=judge, **place), "verdicts"))
    for table, name, schema in files:
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        write_table(table, results / name, schema)
    write_json({}, results / result_path("evaluation", model_id=MODEL))
    answered = [json.dumps([{"model_ids": [MODEL], "benchmarks": ["gsm8k"]}])]
    path = tmp_path / "sheet.csv"
    sheet_options: dict[str, Any] = {"results": [results], "judges": ["one", "two"], "answered": answered}
    sheet_options |= {"number": [4], "disputed": [0.5], "seed": [0], "output": [path]}
    run(root, "write_label_sheet.py", **sheet_options)
    assert "4 answers, 2 of them with different verdicts" in capsys.readouterr().out
    run(root, "write_label_sheet.py", **sheet_options)  # an empty sheet may be made again
    assert [file.name for file in tmp_path.iterdir() if file.name != "results"] == ["sheet.csv"]
    filled = pl.read_csv(path, infer_schema=False).with_columns(label=pl.lit("yes"), person=pl.lit("anna"))
    filled.write_csv(path)
    with pytest.raises(SystemExit):
        run(root, "write_label_sheet.py", **sheet_options)
    assert "4 labels" in capsys.readouterr().err and pl.read_csv(path)["label"].to_list() == ["yes"] * 4
    folder = results / "verdicts" / "human"
    run(
        root, "take_labels.py",
        labels=[path], answers=[results / "answers"], answered=answered, output_dir=[folder],
    )  # fmt: skip
    assert "4 labels of 4 answers: 4 by anna" in capsys.readouterr().out
    table = read_table(folder / MODEL / "gsm8k.parquet", "verdicts")
    assert table["verdict"].value_counts().sort("verdict").rows() == [("unparsable", 2), ("yes", 4)]
    # the sheet with another person, who is a juror, and the comparison of judges with both
    filled.vstack(filled.with_columns(label=pl.lit("no"), person=pl.lit("ben")).head(1)).write_csv(path)
    taking = {"labels": [path], "answers": [results / "answers"], "answered": answered, "output_dir": [folder]}
    run(root, "take_labels.py", **taking, persons=["human-ben"])
    own = read_table(folder.with_name("human-ben") / MODEL / "gsm8k.parquet", "verdicts")
    assert set(own["judge"]) == {"human-ben"} and own["verdict"].to_list().count("no") == 1
    with pytest.raises(SystemExit):
        run(root, "take_labels.py", **taking, persons=["human-carl"])
    said = capsys.readouterr().err
    assert "a person in the jury has no labels" in said and "human-anna, human-ben" in said
    families = [json.dumps([{"name": "Math-OE", "benchmarks": ["gsm8k"]}])]
    run(
        root, "compare_judges.py", verdicts=[results / "verdicts"], labels=[path], seed=[0],
        judges=["one", "human", "human-ben"], model_ids=[MODEL], families=families,
        parquet=[tmp_path / "a.parquet"], csv=[tmp_path / "a.csv"],
    )  # fmt: skip
    compared = read_table(tmp_path / "a.parquet", "judge_agreement").filter(pl.col("benchmark").is_null())
    assert dict(compared.select("second", "answers").filter(compared["first"] == "one").iter_rows()) == {
        "human": 3, "human-ben": 1, "human-anna": 4,
    }  # fmt: skip
    run(root, "take_labels.py", **taking)
    made = json.loads((folder / MODEL / "manifest.json").read_text())
    assert made["benchmarks"] == {"gsm8k": {"answers": 6, "labels": 5}} and "labels" in made["inputs"]
