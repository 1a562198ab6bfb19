"""What the explorer page is made of: its data against numbers worked out by hand, its text against other parsers."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from full_grid import FAMILIES as WHOLE_FAMILIES
from full_grid import SIZES as WHOLE_SIZES
from full_grid import results
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.analysis.contrasts import uncertainty
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.reporting.explorer.costs import Measured
from scale_or_reason.reporting.explorer.data import explorer_data, read_manifest_summaries
from scale_or_reason.reporting.explorer.encoding import Encoding, outline
from scale_or_reason.reporting.explorer.inspected import inspection_pages
from scale_or_reason.reporting.explorer.manifest_summary import manifest_summary, shareable
from scale_or_reason.reporting.explorer.page import SCRIPTS, embedded, page
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.inspect.files import items_with_pages
from scale_or_reason.scoring.evidence import evidence_from_tables
from scale_or_reason.study.cells import Adaptation, BaseStudent, Cell, Teacher

STYLE = Style.from_file(Path(__file__).parents[2] / "config" / "style.yaml")
#: A family of two benchmarks, and one whose name must not end the page's script.
NASTY = '</script><script>alert("1")</script>&\''
FAMILIES = {"easy": "Math-OE", "hard": "Math-OE", "odd": NASTY}
SIZES = {"s": 0.001, "m": 0.004}
IFT, MIXED = Cell("general", "s", "seq", 0.0), Cell("math", "m", "mix", 0.25)
REASONING = [Cell("general", "s", "seq", 1.0, seed) for seed in (0, 1)]
ADAPTED, BASE, TEACHER = Adaptation("m", "ift", "reasoning"), BaseStudent("s", 3), Teacher("t", "reasoning")
MODELS = [IFT, *REASONING, MIXED, ADAPTED, BASE, BaseStudent("s", 0), TEACHER]
#: FLOPs of training; nobody has counted those of the mixture.
TRAINING = {IFT: 10.0, REASONING[0]: 60.0, REASONING[1]: 80.0, ADAPTED: 200.0}


def scores(left_out=()):
    rows = [
        model.columns()
        | {"benchmark": benchmark, "family": family, "n": 10, "accuracy": 0.5, "answer_tokens_mean": 20.0 + rank}
        | {"truncated": rank, "unparsable": 0}
        for rank, model in enumerate(MODELS)
        for benchmark, family in FAMILIES.items()
        if (model, benchmark) not in left_out
    ]
    return table_from_rows(rows, "scores")


def costs():
    """An answer of the n-th model costs n FLOPs on the easy benchmark, 3n on the hard one, 5n on the odd one."""
    rows = [
        model.columns() | {"stage": "training", "sequences": 1, "flops": flops, "exact_flops": 2 * flops}
        for model, flops in TRAINING.items()
    ]
    # the teacher's answers are no cost of the student here
    rows.append(IFT.columns() | {"stage": "teacher", "sequences": 1, "flops": 1000.0, "exact_flops": 1000.0})
    rows += [
        model.columns()
        | {"stage": "evaluation", "benchmark": benchmark, "family": FAMILIES[benchmark], "sequences": 4}
        | {"flops": 4.0 * rank * factor, "exact_flops": 40.0 * rank * factor}
        for rank, model in enumerate(MODELS)
        for benchmark, factor in (("easy", 1), ("hard", 3), ("odd", 5))
    ]
    return table_from_rows(rows, "costs")


def estimate(model, benchmark, **values):
    columns = {name: value for name, value in model.columns().items() if name not in ("model_id", "seed")}
    return columns | {"family": FAMILIES.get(benchmark, "Math-OE"), "benchmark": benchmark, **values}


def estimates(*rows):
    return table_from_rows(list(rows), "uncertainty")


def data(**changes):
    tables = {"uncertainty": estimates(), "scores": scores(), "costs": costs(), "summaries": []}
    fixed = {"study": "mine", "families": FAMILIES, "sizes": SIZES, "shots": 3, "style": STYLE}
    return explorer_data(**{**fixed, **tables, **changes})


def place(content, model):
    name = re.sub("/seed-.*", "", model.model_id)
    return next(number for number, cell in enumerate(content["cells"]) if cell["name"] == name)


def task(content, name):
    return next(number for number, one in enumerate(content["tasks"]) if one["name"] == name)


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


# ---- manifests ----

MANIFEST = {
    "created": "2026-01-02T03:04:05+00:00",
    "settings": {
        "model": "/home/ann/models/mine",
        "revision": None,
        "learning_rate": 1e-5,
        "sampling": {"temperature": 0.5, "stop": ["a", "/b/c"]},
        "endpoint": "http://node17.cluster:8000/v1",
    },
    "inputs": {"mixture": {"path": "/data/x.parquet", "sha256": "0123456789abcdef" * 4}},
    "packages": {"torch": "2.13.0"},
    "python": "3.12.1",
    "git": {"commit": "f" * 40, "changed": True},
    "hardware": {"processor": "A", "cores": 2, "memory_gib": 3.5, "gpus": ["H100", "H100"]},
    "training": {"seconds": 12.5},
    "seconds": 99.0,
}


def test_manifest_summary_a_manifest():
    summary = manifest_summary(MANIFEST, "training", "m")
    assert summary["settings"] == {
        "model": ".../mine",
        "learning_rate": 1e-5,
        "sampling.temperature": 0.5,
        "sampling.stop": '["a", ".../c"]',
        "endpoint": "(a server)",
    }
    assert summary["inputs"] == {"mixture": "0123456789ab"}
    assert (summary["commit"], summary["changed"], summary["seconds"]) == ("f" * 40, True, 12.5)
    assert manifest_summary(MANIFEST, "answers", "m")["seconds"] == 99


def test_facts_that_a_manifest_lacks_are_unknown():
    summary = manifest_summary({}, "training", "m")
    assert set(summary) == set(manifest_summary(MANIFEST, "training", "m"))
    assert {name for name, value in summary.items() if value is not None} == {"stage", "model"}
    assert manifest_summary({"git": None, "settings": None}, "answers", "m")["commit"] is None


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("results/v2/models/a", "results/v2/models/a"),
        ("Qwen/Qwen2.5-3B", "Qwen/Qwen2.5-3B"),
        ("<|im_end|>", "<|im_end|>"),
        ("1/2", "1/2"),
        ("../shared/rows", "../shared/rows"),
        ("/scratch/ann/rows.jsonl", ".../rows.jsonl"),
        ("/scratch/ann/", ".../"),
        ("~/models/a", ".../a"),
        ("--x=/home/ann/a --y '/home/ann/b'", "--x=.../a --y '.../b'"),
        ("file:///home/ann/a", "(a server)"),
        ("https://ann:secret@host:1/v1?key=2", "(a server)"),
        (["/a/b", 1, None], [".../b", 1, None]),
        (0.5, 0.5),
    ],
)
def test_what_may_be_passed_on(told, shown):
    assert shareable(told) == shown


def test_what_manifests_share_is_there_once(tmp_path):
    for model in (IFT, *REASONING):
        folder = tmp_path / "models" / model.model_id
        folder.mkdir(parents=True)
        own = MANIFEST | {"settings": {"seed": getattr(model, "seed", 0)}}
        (folder / "manifest.json").write_text(json.dumps(own))
    answers = tmp_path / "answers" / IFT.model_id
    answers.mkdir(parents=True)
    (answers / "manifest.json").write_text(json.dumps(MANIFEST))
    content = data(summaries=read_manifest_summaries(scores(), tmp_path / "models", tmp_path / "answers"))
    by_model = {model: content["cells"][place(content, model)]["manifests"] for model in (IFT, REASONING[0], BASE)}
    assert [fact["stage"] for fact in by_model[IFT]] == ["training", "answers"]
    assert [fact["model"] for fact in by_model[REASONING[0]]] == [model.model_id for model in REASONING]
    assert by_model[BASE] == []
    assert len(content["pool"]) == 1 + 1 + 1 + 3  # packages, hardware, hashes; settings of two seeds and of the answers
    assert content["pool"][by_model[IFT][0]["packages"]] == {"torch": "2.13.0"}


@pytest.mark.parametrize("text", ["{", "[]", "3"])
def test_a_file_that_is_no_manifest_is_named(tmp_path, text):
    folder = tmp_path / IFT.model_id
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(StudyError, match=r"invalid manifest|JSON file is damaged") as caught:
        read_manifest_summaries(scores(), tmp_path, tmp_path / "none")
    assert IFT.model_id in str(caught.value)


# ---- the page ----


class Parts(HTMLParser):
    """The elements of a page, as a parser of HTML sees them: what loads something, and the texts of the scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.loads: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.policy = ""
        self.title = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._inside = tag
        self.loads += [pair for pair in attrs if pair[0] in ("src", "href", "srcset", "data", "action", "style")]
        if tag == "script":
            self.scripts.append("")
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, text):
        if self._inside == "script":
            self.scripts[-1] += text
        if self._inside == "title":
            self.title += text


def test_the_page_is_alone_and_whole():
    content = data(study=NASTY)
    parts = Parts(page(content))
    assert parts.loads == []
    shown, script = parts.scripts
    assert json.loads(shown) == content
    assert parts.title == f"Explorer of the study {NASTY}"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in parts.policy and parts.policy.startswith("default-src 'none'")
    addresses = set(re.findall(r"\b[a-z]+://[^\s\"'`]+", page(content)))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of a language, never asked for
    assert "{{" not in page(data())


def test_what_is_put_in_is_not_taken_for_a_template():
    content = data(study="{{data}}{{script}}")
    assert Parts(page(content)).title == "Explorer of the study {{data}}{{script}}"


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda values: st.lists(values) | st.dictionaries(st.text(), values)
    )
)
def test_any_text_can_be_embedded(value):
    text = embedded(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_numbers_that_json_lacks_are_refused():
    with pytest.raises(ValueError):
        embedded({"value": float("nan")})


def test_every_part_of_the_script_is_in_the_page(root):
    folder = root / "src" / "scale_or_reason" / "reporting" / "explorer" / "script"
    assert sorted(SCRIPTS) == sorted(file.stem for file in folder.glob("*"))


@pytest.mark.slow
def test_the_papers_grid_is_a_page_of_less_than_two_megabytes():
    """122 models on 18 benchmarks, each with settings of its own in both manifests."""
    tables = results().tables
    families = {benchmark: family for family, names in WHOLE_FAMILIES.items() for benchmark in names}
    evidence = evidence_from_tables(tables["scores"], tables["costs"], families, WHOLE_SIZES)
    measured = uncertainty(evidence)
    third = pl.lit(1 / 3)
    bounds = {name: third for name in measured.columns if name.endswith(("_low", "_high")) or name in ("p", "q")}
    summary = [
        manifest_summary(MANIFEST | {"settings": {f"setting_{number}": model for number in range(30)}}, stage, model)
        for model in tables["scores"]["model_id"].unique()
        for stage in ("training", "answers")
    ]
    text = page(
        explorer_data(
            "v2",
            measured.with_columns(**bounds),
            tables["scores"],
            tables["costs"],
            families,
            WHOLE_SIZES,
            3,
            STYLE,
            summary,
        )
    )
    assert len(text.encode()) < 2e6


def test_the_script_reads_tables_and_manifests(root, tmp_path, monkeypatch):
    write_table(estimates(estimate(IFT, "easy", accuracy=0.25)), tmp_path / "uncertainty.parquet", "uncertainty")
    write_table(scores(), tmp_path / "scores.parquet", "scores")
    write_table(costs(), tmp_path / "costs.parquet", "costs")
    folder = tmp_path / "models" / IFT.model_id
    folder.mkdir(parents=True)
    settings = {"settings": {"tokens": str(tmp_path / "tokens")}}
    (folder / "manifest.json").write_text(json.dumps(MANIFEST | settings))
    families = [{"name": "Math-OE", "benchmarks": ["easy", "hard"]}, {"name": NASTY, "benchmarks": ["odd"]}]
    options = {
        "--study": "mine",
        "--uncertainty": tmp_path / "uncertainty.parquet",
        "--scores": tmp_path / "scores.parquet",
        "--costs": tmp_path / "costs.parquet",
        "--models": tmp_path / "models",
        "--answers": tmp_path / "answers",
        "--families": json.dumps(families),
        "--sizes": json.dumps(SIZES),
        "--shots": 3,
        "--style": root / "config" / "style.yaml",
        "--output": tmp_path / "explorer.html",
    }
    words = [str(word) for pair in options.items() for word in pair]
    monkeypatch.setattr(sys, "argv", ["build_explorer.py", *words])
    runpy.run_path(str(root / "workflow" / "scripts" / "build_explorer.py"), run_name="__main__")
    text = (tmp_path / "explorer.html").read_text(encoding="utf-8")
    content = json.loads(Parts(text).scripts[0])
    cell = place(content, IFT)
    assert content["values"]["accuracy"][task(content, "easy")][cell] == 0.25
    assert content["pool"][content["cells"][cell]["manifests"][0]["settings"]] == {"tokens": ".../tokens"}
    assert str(tmp_path) not in text and str(root) not in text and "node17" not in text


def test_the_rule_names_what_the_page_depends_on(root):
    """Else an edit would leave an old page behind."""
    library = root / "src" / "scale_or_reason"
    rule = (root / "workflow" / "rules" / "explorer.smk").read_text()
    named = set(re.findall(r'"([\w/]+)"', rule))
    # how things are named, written and refused, not what the page shows
    plain = {"cells", "errors", "files", "thinking_budgets"}
    for file in (library / "reporting" / "explorer").glob("*.py"):
        for module in re.findall(r"^from scale_or_reason\.([\w.]+) import", file.read_text(), re.M):
            name = module.rpartition(".")[2]
            known = {name, module.replace(".", "/")} & named or name in plain
            assert known or module.startswith("reporting.explorer."), f"{file.name}: {module}"


# ---- parts of the data, ways to answer, the teacher's answers, hours ----

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
