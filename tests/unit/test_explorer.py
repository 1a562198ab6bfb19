"""What the explorer shows, against numbers worked out by hand."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest
from made_explorer import (
    ADAPTED,
    BASE,
    IFT,
    MIXED,
    MODELS,
    NASTY,
    REASONING,
    STYLE,
    TEACHER,
    costs,
    data,
    estimate,
    estimates,
    place,
    scores,
    task,
)

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.reporting.explorer.costs import Measured
from scale_or_reason.reporting.explorer.encoding import Encoding, outline
from scale_or_reason.reporting.explorer.inspected import inspection_pages
from scale_or_reason.reporting.explorer.page import embedded
from scale_or_reason.reporting.inspect.files import items_with_pages
from scale_or_reason.study.cells import Cell


def test_costs_of_a_cell_and_a_task():
    content = data()
    training = {model: content["cells"][place(content, model)]["training"]["papers"] for model in MODELS}
    assert (training[IFT], training[REASONING[0]], training[ADAPTED]) == (10, 70, 200)  # 70: the mean of two seeds
    assert training[MIXED] is None
    assert training[BASE] == training[TEACHER] == 0
    inference = content["values"]["inference_papers"]
    # the reasoning student is the models 1 and 2: 1.5 and 4.5 FLOPs, 3 in the mean of the family
    expected = {"easy": 1.5, "hard": 4.5, "odd": 7.5, "Math-OE": 3.0, NASTY: 7.5}
    assert {name: inference[task(content, name)][place(content, REASONING[0])] for name in expected} == expected
    cell = place(content, REASONING[0])
    assert content["cells"][cell]["training"]["exact"] == 140
    assert content["values"]["inference_exact"][0][cell] == 30
    assert [one["name"] for one in content["tasks"]] == ["Math-OE", NASTY, "easy", "hard", "odd"]
    assert content["tasks"][0]["benchmarks"] == ["easy", "hard"] and content["tasks"][2]["benchmarks"] == []


def test_lengths_and_what_was_cut_off():
    content = data()
    cell = place(content, REASONING[1])
    assert content["cells"][cell]["seeds"] == 2
    assert content["values"]["tokens"][0][cell] == 21.5
    assert content["values"]["truncated"][0][cell] == pytest.approx(0.15)
    assert content["values"]["unparsable"][0][cell] == 0


def test_estimates_find_their_cell_and_task():
    own = {"accuracy": 0.4, "accuracy_low": 0.3, "accuracy_high": 0.55, "gap": 0.1, "q": 0.02, "finding": "gain"}
    content = data(uncertainty=estimates(estimate(MIXED, "hard", **own), estimate(BASE, None, accuracy=0.2)))
    values = content["values"]
    cell, hard = place(content, MIXED), task(content, "hard")
    assert {name: values[name][hard][cell] for name in own} == own
    assert values["gap_low"][hard][cell] is None
    assert values["accuracy"][0][place(content, BASE)] == 0.2
    given = [value for column in values["accuracy"] for value in column if value is not None]
    assert sorted(given) == [0.2, 0.4]


def test_a_missing_benchmark_leaves_a_gap_and_no_average():
    content = data(scores=scores(left_out={(IFT, "hard")}))
    inference, cell = content["values"]["inference_papers"], place(content, IFT)
    assert inference[task(content, "hard")][cell] is None and inference[0][cell] is None
    assert inference[task(content, "easy")][cell] == 0
    assert json.loads(embedded(content)) == content


def test_tables_of_different_studies_are_refused():
    with pytest.raises(StudyError, match="disagree"):
        data(uncertainty=estimates(estimate(Cell("general", "xl", "seq", 0.0), "easy", accuracy=0.1)))
    with pytest.raises(StudyError, match="disagree"):
        data(uncertainty=estimates(estimate(IFT, "easy", accuracy=0.1) | {"benchmark": "unheard"}))


def test_what_is_shown_first():
    def chosen(group):
        return {choice["value"]: choice["chosen"] for choice in data()["choices"][group]}

    assert chosen("tasks") == {"Math-OE": True, NASTY: False, "easy": False, "hard": False, "odd": False}
    assert chosen("kinds") == {"distilled": True, "adapted": False, "base": False}
    assert chosen("students") == {"s": True, "m": True}
    assert chosen("corpora") == {"general": True, "math": False}
    assert chosen("ratios") == {"0": True, "0.25": True, "1": True}
    assert chosen("curricula") == {"seq": True, "mix": False}
    assert chosen("adaptations") == {"ift-then-reasoning": True}
    assert chosen("shots") == {"0": False, "3": True}


def test_a_study_of_base_students_only():
    base = pl.col("kind") == "base"
    content = data(scores=scores().filter(base), costs=costs().filter(base))
    assert [choice["value"] for choice in content["choices"]["kinds"] if choice["chosen"]] == ["base"]
    assert content["choices"]["corpora"] == content["choices"]["ratios"] == []


def test_cells_look_as_in_the_figures():
    content = data()
    cells = {model: content["cells"][place(content, model)] for model in MODELS}
    assert cells[IFT]["colours"]["ratio"].upper() == STYLE.colours["ift"]
    assert cells[REASONING[0]]["colours"]["ratio"].upper() == STYLE.colours["reasoning"]
    assert cells[BASE]["colours"]["ratio"] == STYLE.colours["base"]
    assert cells[IFT]["side"] ** 2 == pytest.approx(STYLE.marker_area[0])
    assert cells[MIXED]["side"] ** 2 == pytest.approx(STYLE.marker_area[1])
    assert [cells[model]["fill"] for model in (IFT, MIXED, ADAPTED, BASE)] == ["full", "open", "dot", "full"]
    labels = [cells[model]["label"] for model in (REASONING[0], MIXED, ADAPTED, BASE, TEACHER)]
    assert labels == [
        "s, general, Reasoning",
        "m, math, 25 % mixed",
        "m, adapted: IFT then Reasoning",
        "s, Base, 3 shots",
        "t, Teacher, thinking on",
    ]


def test_reasoning_first_has_an_outline_and_a_label_of_its_own():
    encoding = Encoding(STYLE, [])
    cell = {
        "kind": "distilled",
        "corpus": "c",
        "student": "s",
        "curriculum": "seq-reversed",
        "ratio": 0.5,
        "size_b": None,
    }
    assert encoding.of_cell(cell)["fill"] == "dashed"
    assert encoding.label(cell) == "s, c, 50 % reasoning first"


def test_a_student_of_unknown_size_is_there():
    cells = data(sizes={"m": 0.004})["cells"]
    assert [cell["size_b"] for cell in cells if cell["student"] == "s"] == [None] * 4
    assert {cell["keys"]["size"] for cell in cells if cell["student"] == "s"} == {"unknown size"}


def test_a_square_is_a_square():
    numbers = [tuple(map(float, pair.split())) for pair in re.findall(r"[ML]([^MLZ]+)", outline("s"))]
    assert set(numbers) == {(0.5, 0.5), (0.5, -0.5), (-0.5, 0.5), (-0.5, -0.5)}
    assert outline("s").startswith("M") and outline("s").endswith("Z")


def test_a_triangle_points_upwards():
    points = [tuple(map(float, pair.split())) for pair in re.findall(r"[ML]([^MLZ]+)", outline("^"))]
    tip = min(points, key=lambda point: point[1])
    assert tip[0] == 0 and sum(point[1] > 0 for point in points) == 2


PART = Cell("general", "s", "seq", 1.0, 0, 0.25)


def seconds(table):
    """A training takes an hour, an answer of the n-th model to the easy benchmark n seconds."""
    return table.with_columns(
        seconds=pl.when(pl.col("stage") == "training").then(3600.0).otherwise(pl.col("flops")),
    )


def measured(tmp_path):
    folder = tmp_path / "generate_teacher_answers" / "general" / "reasoning"
    folder.mkdir(parents=True)
    (folder / "0.tsv").write_text("s\tmax_rss\tcpu_time\n1800\t1\t1\n")
    settings = {"unit": "GPU-hours", "training": {"s": 4, "m": 8}, "answering": {"s": 2}, "teacher": 16}
    return Measured.from_settings(settings | {"adaptation_corpora": {"from": "general", "to": "math"}}, tmp_path)


def test_hours_are_seconds_times_the_gpus_of_the_job(tmp_path):
    content = data(costs=seconds(costs()), measured=measured(tmp_path))
    assert content["units"] == {"papers": "FLOPs", "exact": "FLOPs", "hours": "GPU-hours"}
    cells = {model: content["cells"][place(content, model)] for model in (IFT, REASONING[0], MIXED, BASE)}
    assert [cell["training"]["hours"] for cell in cells.values()] == [4, 4, None, 0]
    # half an hour of 16 GPUs; nobody has timed the plain answers
    assert [cell["teacher"]["hours"] for cell in cells.values()] == [None, 8, None, 0]
    easy, inference = task(content, "easy"), content["values"]["inference_hours"]
    assert inference[easy][place(content, REASONING[0])] == pytest.approx(1.5 * 2 / 3600)
    assert inference[easy][place(content, MIXED)] is None  # its engine's GPUs are not given
    assert "hours" not in data()["units"]
    assert "hours" not in data(costs=costs(), measured=measured(tmp_path / "untimed"))["units"]


def test_the_teachers_answers_are_a_cost_of_their_own():
    content = data(teacher_share=0.25)
    teacher = {model: content["cells"][place(content, model)]["teacher"]["papers"] for model in (IFT, MIXED, BASE)}
    assert teacher == {IFT: 1000, MIXED: None, BASE: 0}
    assert content["teacher_share"] == 0.25


def test_a_part_of_the_data_is_a_cell_of_its_own():
    own = PART.columns() | {"benchmark": "easy", "family": "Math-OE", "n": 10, "accuracy": 0.5}
    table = pl.concat([scores(), table_from_rows([own | {"answer_tokens_mean": 9.0}], "scores")])
    content = data(scores=table)
    cell = content["cells"][place(content, PART)]
    assert (cell["name"], cell["series"]) == ("general/s/seq/rho-1/data-0.25", "general/s/seq/rho-1")
    assert cell["label"] == "s, general, Reasoning, 25 % of the data"
    assert [(one["value"], one["chosen"]) for one in content["choices"]["data"]] == [("0.25", False), ("1", True)]
    assert cell["colours"]["data"] != content["cells"][place(content, IFT)]["colours"]["data"]


def test_a_percentile_is_a_cell_with_its_tokens():
    row = estimate(REASONING[0], "easy", accuracy=0.5, serving="budget-p50", budget=37, percentile=50, k=1)
    single = estimate(REASONING[0], "easy", accuracy=0.5, serving="single", k=1)
    content = data(test_time=table_from_rows([single, row], "test_time"))
    cell = content["cells"][-1]
    assert cell["label"].endswith("thoughts cut at percentile 50")
    assert cell["models"][1] == f"{REASONING[1].model_id}/think-tokens-p50"
    assert content["values"]["budget"][task(content, "easy")][-1] == 37


def test_votes_and_cut_thoughts_are_cells_where_they_were_measured():
    rows = [
        estimate(REASONING[0], "easy", accuracy=accuracy, serving=serving, budget=budget, k=k, pass_at_k=0.75)
        | {"inference_flops": flops, "gain": 0.125}
        for serving, budget, k, accuracy, flops in [
            ("single", None, 1, 0.1, 1.0),
            ("vote@4", None, 4, 0.25, 5.0),
            ("budget-16 vote@4", 16, 4, None, 3.0),
            ("budget-8", 8, 1, 0.3, 2.0),
        ]
    ]
    content = data(test_time=table_from_rows(rows, "test_time"), count="exact")
    names = [cell["name"] for cell in content["cells"][-3:]]
    assert names == [f"general/s/seq/rho-1 {serving}" for serving in ("vote@4", "budget-16 vote@4", "budget-8")]
    labels = [cell["label"].removeprefix("s, general, Reasoning, ") for cell in content["cells"][-3:]]
    assert labels == ["vote of 4", "thoughts cut at 16, vote of 4", "thoughts cut at 8"]
    assert [cell["models"][1] for cell in content["cells"][-3:]] == [
        REASONING[1].model_id + ending for ending in ("", "/think-tokens-16", "/think-tokens-8")
    ]
    servings = [(one["value"], one["chosen"]) for one in content["choices"]["servings"]]
    assert servings == [("single", True), ("vote@4", False), ("budget-8", False), ("budget-16 vote@4", False)]
    values, easy, hard = content["values"], task(content, "easy"), task(content, "hard")
    assert [values[name][easy][-3:] for name in ("accuracy", "inference_exact", "inference_papers")] == [
        [0.25, None, 0.3],
        [5.0, 3.0, 2.0],
        [None] * 3,  # the table has one count
    ]
    assert values["pass_at_k"][easy][-3:] == [0.75] * 3 and values["gain"][easy][-1] == 0.125
    assert values["accuracy"][hard][-3:] == [None] * 3
    assert {len(column) for table in values.values() for column in table} == {len(content["cells"])}
    assert json.loads(embedded(content)) == content


def test_existing_inspection_pages_are_linked(tmp_path):
    folder = tmp_path / "inspect" / "items"
    (folder / "easy").mkdir(parents=True)
    (folder / "easy" / "test%2F1.json.html").touch()
    (folder / "easy" / ".2.tsv").touch()
    found = inspection_pages(folder, tmp_path / "partial" / "explorer.html")
    assert found == {
        "easy": [{"item": "test/1.json", "address": "../inspect/items/easy/test%252F1.json.html"}],
    }
    assert inspection_pages(tmp_path / "none", tmp_path / "explorer.html") == {}
    before = items_with_pages(folder)
    (folder / "easy" / "3.html").touch()
    assert before and items_with_pages(folder) not in (before, items_with_pages(tmp_path / "none"))
