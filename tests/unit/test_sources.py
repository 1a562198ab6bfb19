"""The hub's library decodes rows as the readers expect: tried on local files, without a network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.dataset_rows import read_hub
from scale_or_reason.common.errors import StudyError

datasets = pytest.importorskip("datasets")


def test_class_label_decodes_to_a_position(tmp_path: Path) -> None:
    features = datasets.Features(
        {
            "question": datasets.Value("string"),
            "subject": datasets.Value("string"),
            "choices": datasets.List(datasets.Value("string")),
            "answer": datasets.ClassLabel(names=["A", "B", "C", "D"]),
        }
    )
    row = {"question": "Two and two?", "subject": "miscellaneous", "choices": ["3", "4", "5", "6"], "answer": "B"}
    datasets.Dataset.from_list([row], features=features).to_parquet(tmp_path / "test.parquet")
    rows = list(read_hub(str(tmp_path), "test", data_files=("test.parquet",)))
    assert [number for number, _ in rows] == [1]
    assert rows[0][1]["answer"] == 1
    assert get_benchmark("mmlu_misc").read(rows[0][1]).gold == ["B", "4"]


def test_padded_arguments_of_ifeval(tmp_path: Path) -> None:
    text, number = datasets.Value("string"), datasets.Value("int64")
    features = datasets.Features(
        {
            "key": number,
            "prompt": text,
            "instruction_id_list": datasets.List(text),
            "kwargs": datasets.List({"num_words": number, "relation": text}),
        }
    )
    row = {
        "key": 1,
        "prompt": "Write.",
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
        "kwargs": [{}, {"num_words": 30, "relation": "at least"}],
    }
    datasets.Dataset.from_list([row], features=features).to_parquet(tmp_path / "rows.parquet")
    ((_, read),) = read_hub(str(tmp_path), "train", data_files=("rows.parquet",))
    assert read["kwargs"][0] == {"num_words": None, "relation": None}  # padded as in the hub's file
    question = get_benchmark("ifeval").read(read)
    assert question.extra["kwargs"] == [{}, {"num_words": 30, "relation": "at least"}]


@pytest.mark.slow
@pytest.mark.parametrize("streaming", [False, True])
def test_chosen_files_only_and_json_arrays(tmp_path: Path, streaming: bool) -> None:
    for name, number in (("fund", "1"), ("thermo", "2"), ("fund_sol", "3")):
        row = {"problem_text": "How long?", "answer_number": number, "unit": "m"}
        (tmp_path / f"{name}.json").write_text(json.dumps([row]), encoding="utf-8")
    rows = read_hub(str(tmp_path), "train", data_files=("fund.json", "thermo.json"), streaming=streaming)
    assert [row["answer_number"] for _, row in rows] == ["1", "2"]


def test_split_that_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"question": "?"}\n', encoding="utf-8")
    with pytest.raises(StudyError, match="cannot be read"):
        list(read_hub(str(tmp_path), "validation"))
