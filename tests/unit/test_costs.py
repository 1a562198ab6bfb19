"""Cost rows against sums worked out by hand with the tiny architecture of test_flops."""

from __future__ import annotations

import polars as pl
import pytest

from scale_or_reason.common.collecting import collect_tables
from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.costs import (
    cost_table,
    evaluation_rows,
    judging_rows,
    read_lengths,
    read_taught,
    teacher_rows,
    training_row,
)
from scale_or_reason.flops.exact import Decoder
from scale_or_reason.study.cells import Cell

#: A token's products with weights: 3 layers of 128 (four 4x4 projections) and 192 (three 4x8), and 80 of the head;
#: 16 in a layer for each token that it sees.
TINY = Decoder(
    Architecture(vocabulary=10, hidden=4, feed_forward=8, heads=2, layers=3),
    key_value_heads=2,
    head_width=2,
    windows=(None,) * 3,
)
MODEL = Cell("general", "small", "seq", 0.0).model_id
FAMILIES = {"gsm8k": "Math-OE", "squad": "General-OE"}


def test_training_counts_prompt_and_completion_as_one_sequence():
    row = training_row(TINY, pl.DataFrame({"prompt_tokens": [2, 1], "completion_tokens": [3, 4]}), seconds=12.5)
    # Two sequences of five tokens, 18,870 each.
    assert (row["flops"], row["sequences"], row["prompt_tokens"], row["completion_tokens"]) == (37_740, 2, 3, 7)
    # Each three times 5 tokens of 960 + 80, and 1 + 2 + 3 + 4 + 5 that are seen in 3 layers.
    assert row["exact_flops"] == 2 * 3 * (5 * 1040 + 15 * 3 * 16)
    assert row["seconds"] == 12.5


def test_evaluation_has_a_row_per_benchmark():
    answers = pl.DataFrame(
        {"benchmark": ["gsm8k", "squad", "gsm8k"], "prompt_tokens": [3, 3, 3], "answer_tokens": [2, 0, 2]}
    )
    rows = {row["benchmark"]: row for row in evaluation_rows(TINY, answers, 4.0)}
    # 5,668 for a prompt of three and two tokens; 3,218 for the prompt alone.
    assert (rows["gsm8k"]["flops"], rows["gsm8k"]["sequences"], rows["gsm8k"]["completion_tokens"]) == (11_336, 2, 4)
    assert rows["squad"]["flops"] == 3218
    # Five tokens but two heads less, and what they see; the prompt alone has one head.
    assert rows["gsm8k"]["exact_flops"] == 2 * (5 * 960 + 3 * 80 + 15 * 3 * 16)
    assert rows["squad"]["exact_flops"] == 3 * 960 + 80 + 6 * 3 * 16
    # The measured seconds are shared out by FLOPs.
    assert rows["gsm8k"]["seconds"] == pytest.approx(4.0 * 11_336 / (11_336 + 3218))
    assert rows["squad"]["seconds"] == pytest.approx(4.0 * 3218 / (11_336 + 3218))


def test_judging_adds_up_the_jury_and_leaves_out_the_rules():
    verdicts = pl.DataFrame(
        {
            "benchmark": ["gsm8k"] * 3,
            "judge": ["a", "b", "rule_graders"],
            "judge_prompt_tokens": [3, 3, 0],
            "judge_tokens": [2, 0, 0],
        }
    )
    (row,) = judging_rows({"a": TINY, "b": TINY}, verdicts, None)
    assert (row["flops"], row["sequences"]) == (5668 + 3218, 2)
    assert judging_rows({}, verdicts.tail(1), None) == []
    with pytest.raises(StudyError, match="architecture of a judge"):
        judging_rows({"a": TINY}, verdicts, None)


def test_a_jury_with_a_judge_of_unknown_architecture_has_unknown_flops():
    verdicts = pl.DataFrame(
        {
            "benchmark": ["gsm8k", "squad", "gsm8k"],
            "judge": ["a", "a", "served"],
            "judge_prompt_tokens": [3, 3, 10],
            "judge_tokens": [2, 0, 2],
        }
    )
    first, second = judging_rows({"a": TINY, "served": None}, verdicts, 4.0)
    assert (first["flops"], second["flops"]) == (None, None)
    assert (first["exact_flops"], second["exact_flops"]) == (None, None)
    assert (first["prompt_tokens"], first["completion_tokens"]) == (13, 4)
    assert (first["seconds"], second["seconds"]) == pytest.approx((4.0 * 17 / 20, 4.0 * 3 / 20))  # by tokens


def test_cost_table_has_cell_and_family():
    rows = evaluation_rows(
        TINY, pl.DataFrame({"benchmark": ["gsm8k"], "prompt_tokens": [3], "answer_tokens": [2]}), None
    )
    table = cost_table(MODEL, FAMILIES, rows)
    assert table.row(0, named=True) == {
        "model_id": MODEL,
        "kind": "distilled",
        "corpus": "general",
        "student": "small",
        "curriculum": "seq",
        "ratio": 0.0,
        "data_fraction": 1.0,
        "seed": 0,
        "shots": None,
        "stage": "evaluation",
        "format": None,
        "benchmark": "gsm8k",
        "family": "Math-OE",
        "sequences": 1,
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "flops": 5668.0,
        "exact_flops": 5760.0,
        "seconds": None,
    }
    with pytest.raises(StudyError, match="belongs to no family"):
        cost_table(MODEL, {"squad": "General-OE"}, rows)


def test_lengths_of_two_stages_are_read_together(tmp_path):
    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pl.DataFrame({"prompt_tokens": [1], "completion_tokens": [2]}).write_parquet(first)
    pl.DataFrame({"prompt_tokens": [3], "completion_tokens": [4], "position": [0]}).write_parquet(second)
    assert read_lengths([first, second]).rows() == [(1, 2), (3, 4)]
    with pytest.raises(StudyError, match="are missing"):
        read_lengths([tmp_path / "c.parquet"])
    pl.DataFrame({"prompt_tokens": [1.5], "completion_tokens": [2]}).write_parquet(first)
    with pytest.raises(StudyError, match="has wrong columns"):
        read_lengths([first])


def taught_files(folder):
    """Three pairs, and a mixture of which one question is answered with reasoning."""
    pairs = [
        {"prompt_id": name, "prompt_tokens": 3, "ift_tokens": 2, "reasoning_tokens": reasoning}
        for name, reasoning in (("a", 2), ("b", 7), ("c", 0))
    ]
    write_table(table_from_rows(pairs, "pairs"), folder / "pairs.parquet", "pairs")
    rows = [("a", "reasoning"), ("c", "ift"), ("b", "ift")]
    mixture = [{"position": n, "phase": 0, "prompt_id": name, "format": kind} for n, (name, kind) in enumerate(rows)]
    write_table(table_from_rows(mixture, "mixture"), folder / "mixture.parquet", "mixture")
    return folder / "mixture.parquet", folder / "pairs.parquet"


def test_what_the_teacher_wrote_is_counted_by_format(tmp_path):
    mixture, pairs = taught_files(tmp_path)
    taught = read_taught([(mixture, pairs), (mixture, pairs)])
    rows = {row["format"]: row for row in teacher_rows(TINY, taught)}
    # Prompts of three tokens with answers of two, as in the evaluation.
    assert (rows["reasoning"]["sequences"], rows["reasoning"]["flops"]) == (2, 2 * 5668)
    assert (rows["ift"]["sequences"], rows["ift"]["flops"]) == (4, 4 * 5668)
    assert rows["ift"]["exact_flops"] == 4 * 5760
    assert (rows["ift"]["prompt_tokens"], rows["ift"]["completion_tokens"]) == (12, 8)
    assert {row["stage"] for row in rows.values()} == {"teacher"}
    unknown = teacher_rows(None, taught)
    assert [(row["sequences"], row["flops"], row["exact_flops"]) for row in unknown] == [
        (2, None, None),
        (4, None, None),
    ]


def test_a_mixture_of_other_pairs_is_refused(tmp_path):
    mixture, pairs = taught_files(tmp_path)
    write_table(pl.read_parquet(pairs).head(1), pairs, "pairs")
    with pytest.raises(StudyError, match=r"missing in the pairs[\s\S]*2 of 3"):
        read_taught([(mixture, pairs)])
    with pytest.raises(StudyError, match="differ from its schema"):
        read_taught([(pairs, pairs)])
    with pytest.raises(StudyError, match="missing"):
        read_taught([(mixture, tmp_path / "nothing.parquet")])


def answers_file(path, model_id):
    row = {"model_id": model_id, "benchmark": "gsm8k", "item_id": "q", "sample": 0, "prompt_tokens": 3}
    row |= {"answer": "42", "answer_tokens": 2, "finish_reason": "stop"}
    write_table(table_from_rows([row], "answers"), path, "answers")
    return path


def test_columns_are_read_without_the_texts(tmp_path):
    path = answers_file(tmp_path / "gsm8k.parquet", MODEL)
    assert read_columns([path, path], "answers", ["item_id", "answer_tokens"], MODEL).rows() == [("q", 2), ("q", 2)]
    assert read_columns([], "answers", ["item_id"]).rows() == []


def test_a_file_of_another_model_table_or_place_is_refused(tmp_path):
    path = answers_file(tmp_path / "gsm8k.parquet", MODEL)
    with pytest.raises(StudyError, match="another model"):
        read_columns([path], "answers", ["item_id"], "base/small/shots-3")
    with pytest.raises(StudyError, match="differ from its schema"):
        read_columns([path], "verdicts", ["item_id"])
    with pytest.raises(StudyError, match="missing"):
        read_columns([tmp_path / "nothing.parquet"], "answers", ["item_id"])


def test_the_one_file_that_is_another_is_named(tmp_path):
    """They are read at once, and yet each is looked at."""
    good = answers_file(tmp_path / "good.parquet", MODEL)
    other = answers_file(tmp_path / "other.parquet", "base/small/shots-3")
    with pytest.raises(StudyError, match=r"(?s)another model.*other\.parquet.*found: base/small/shots-3"):
        read_columns([good, other], "answers", ["item_id"], MODEL)
    less, swapped = (tmp_path / f"{name}.parquet" for name in ("less", "swapped"))
    table = pl.read_parquet(good)
    table.drop("answer").write_parquet(less)
    table.select(reversed(table.columns)).write_parquet(swapped)
    for bad in (less, swapped):
        with pytest.raises(StudyError, match=rf"(?s)differ from its schema.*{bad.name}"):
            read_columns([good, bad], "answers", ["item_id"], MODEL)


def test_names_of_files_are_no_patterns(tmp_path):
    (tmp_path / "[ab]*").mkdir()
    path = answers_file(tmp_path / "[ab]*" / "gsm8k.parquet", MODEL)
    assert read_columns([path], "answers", ["item_id"], MODEL).height == 1


def test_collected_tables_are_sorted_and_without_repeats():
    tables = []
    for ratio in (1.0, 0.0):
        model_id = Cell("general", "small", "seq", ratio).model_id
        table = cost_table(
            model_id,
            FAMILIES,
            [training_row(TINY, pl.DataFrame({"prompt_tokens": [1], "completion_tokens": [1]}), None)],
        )
        tables.append(table)
    assert collect_tables(tables, "costs")["ratio"].to_list() == [0.0, 1.0]
    with pytest.raises(StudyError, match="duplicate rows"):
        collect_tables([tables[0], tables[0]], "costs")
