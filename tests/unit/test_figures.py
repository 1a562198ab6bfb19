"""All figures of a made-up study, whole and with holes: what is drawn, what is noted, the files, the registry."""

from __future__ import annotations

import ast
import importlib
import io
import json
import os
import runpy
import subprocess
import sys
from dataclasses import fields, replace
from itertools import combinations, pairwise
from pathlib import Path

import polars as pl
import pytest
import yaml
from full_grid import results, small_results
from hypothesis import given
from hypothesis import strategies as st
from programs import run_script

from scale_or_reason.common.checksums import is_record
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import write_csv, write_table
from scale_or_reason.reporting.figures import drawing
from scale_or_reason.reporting.figures.grid import arrange
from scale_or_reason.reporting.figures.registry import FIGURE_TYPES, FIGURES, SHARED_LIBRARY, SHARED_MODULES, figures_of
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import select_tasks
from scale_or_reason.study import labels

STYLE = Style.from_file(Path(__file__).parents[2] / "config" / "style.yaml")
#: Elements of a figure's table that stand for results, and not for what was worked out from them or written about them.
MEASURED = ("point", "teacher", "cell")
#: Modules that say how things are named, written and refused, not what a figure shows.
PLAIN = {"study/cells", "common/errors", "common/files"}


def figure_type_of(figure: str):
    return importlib.import_module(f"scale_or_reason.reporting.figures.{FIGURES[figure].figure_type}")


def table_of(figure: str, study: Results) -> pl.DataFrame:
    return figure_type_of(figure).table(study, **FIGURES[figure].parameters)


@pytest.fixture
def style():
    return STYLE


@pytest.mark.slow
@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_drawn(figure, style):
    """Without a note where nothing is missing, and with all that is written inside the figure."""
    table = table_of(figure, small_results())
    assert set(MEASURED) & set(table["element"])
    about_the_data = {"no fit: too few points"} | {
        f"no length of right answers: {sizes}{where}"
        for sizes in ("0.5B", "1.5B", "0.5B/1.5B")
        for where in ("", " aime")
    }
    assert set(table.filter(pl.col("element") == "note")["note"]) <= about_the_data
    with style.applied():
        drawn = figure_type_of(figure).draw(table, style)
        drawn.savefig(io.BytesIO(), format="png", dpi=25)
        texts = [*drawn.texts, *(text for legend in drawn.legends for text in legend.get_texts())]
        texts += [axes.title for axes in drawn.axes]
        boxes = [text.get_window_extent() for text in texts if text.get_text()]
    assert all(box.x0 >= -1 and box.x1 <= drawn.bbox.width + 1 for box in boxes)
    assert all(box.y0 >= -1 and box.y1 <= drawn.bbox.height + 1 for box in boxes)
    assert drawn.get_figwidth() <= style.width_in
    for axes in drawn.axes:
        labels_of_ticks = [text.get_window_extent() for text in axes.get_xticklabels() if text.get_text()]
        assert all(left.x1 < right.x0 for left, right in pairwise(sorted(labels_of_ticks, key=lambda box: box.x0)))
        panel = axes.get_window_extent()
        assert not any(panel.overlaps(legend.get_window_extent()) for legend in drawn.legends)


@pytest.mark.slow
@pytest.mark.parametrize("figure", FIGURES)
def test_nothing_at_all_is_drawn_as_gaps(figure, style):
    for empty in (replace(small_results(), tables={}), Results({})):
        table = table_of(figure, empty)
        assert not set(table.filter(pl.col("element") == "point")["element"])
        assert table.filter(pl.col("element") == "note").height
        with style.applied():
            figure_type_of(figure).draw(table, style)


@pytest.mark.slow
@given(st.sampled_from(list(FIGURES)), st.integers(0, 2**16), st.floats(0.02, 0.98))
def test_whatever_is_missing_leaves_a_note(figure, seed, kept):
    """Whatever rows of the tables are there: a panel with fewer values than of the whole study has a note."""
    holes = {name: table.sample(fraction=kept, seed=seed) for name, table in small_results().tables.items()}
    before, after = table_of(figure, small_results()), table_of(figure, replace(small_results(), tables=holes))
    panel = [name for name in ("block", "cost", "task") if name in before.columns]
    if figure == "test_time":  # the ways to answer of each format are those that the table still has in the panel
        before = before.join(after.select(*panel, "format", "serving"), [*panel, "format", "serving"], "semi")
    values = [name for name, dtype in before.schema.items() if dtype == pl.Float64 and name not in ("ratio", "size_b")]
    shown, left = (values_shown(table, panel, values) for table in (before, after))
    noted = set(after.filter(pl.col("element") == "note").select(pl.lit(0), *panel).rows())
    assert {key[:-2] for key, count in shown.items() if left.get(key, 0) < count} <= noted
    with STYLE.applied():
        figure_type_of(figure).draw(after, STYLE)


def values_shown(table: pl.DataFrame, panel: list[str], values: list[str]) -> dict[tuple, int]:
    """How many values of each column and element a panel shows."""
    rows = table.filter(pl.col("element").is_in(MEASURED)).group_by(*panel, "element").agg(pl.col(values).count())
    return {
        (0, *(row[name] for name in panel), row["element"], value): row[value]
        for row in rows.to_dicts()
        for value in values
    }


@pytest.mark.slow
def test_legends_hold_every_size_and_fit(style):
    """Legends grow with the study."""
    sizes = {f"s{rank}": 0.001 * 1.7**rank for rank in range(16)}
    base = small_results().table("scores").filter(student="Qwen2.5-3B", kind="base")
    scores = pl.concat(
        base.with_columns(student=pl.lit(name), model_id=pl.lit(name) + pl.col("model_id")) for name in sizes
    )
    table = table_of("v2/fig21", replace(small_results(), tables={"scores": scores}, sizes=sizes))
    with style.applied():
        drawn = figure_type_of("v2/fig21").draw(table, style)
        drawn.draw_without_rendering()  # places the words of a legend
        boxes = [legend.get_window_extent() for legend in drawn.legends]
        words = [[text.get_window_extent() for text in legend.get_texts()] for legend in drawn.legends]
    texts = [text.get_text() for legend in drawn.legends for text in legend.get_texts()]
    assert texts == [labels.size_label(size) for size in sizes.values()]
    assert all(box.x0 >= 0 and box.x1 <= drawn.bbox.width and box.y0 >= 0 for box in boxes)
    lines = [(min(box.y0 for box in line), max(box.y1 for box in line)) for line in words]
    assert all(lower_top < upper_bottom for (upper_bottom, _), (_, lower_top) in pairwise(lines))


def test_a_long_name_costs_a_legend_no_further_lines(style):
    """The fewest lines of all ways to break the legend."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    names = ["IFT", "Reasoning", "Thoughts cut at a number of tokens", "Pareto frontier", *"ABCDE"]
    handles = [Line2D([], [], label=name) for name in names]
    with style.applied():
        drawn = Figure(figsize=(4, 3))
        fits = {
            (start, end): drawing._legend_width(drawn, handles[start:end]) <= drawn.bbox.width
            for start, end in combinations(range(len(names) + 1), 2)
        }
        lines = drawing._legend_lines(drawn, handles)
    breaks = (
        (0, *inner, len(names)) for count in range(len(names)) for inner in combinations(range(1, len(names)), count)
    )
    fewest = next(len(ends) - 1 for ends in breaks if all(fits[line] for line in pairwise(ends)))
    assert [handle.get_label() for line in lines for handle in line] == names
    assert len(lines) == fewest < 5


def test_too_many_notes_are_cut_short(style):
    from matplotlib.figure import Figure

    with style.applied():
        drawn = Figure(figsize=(7, 2), layout="constrained")
        drawing.write_below(drawn, [], "; ".join(f"note {number}" for number in range(500)), style)
    assert drawn.texts[0].get_text().splitlines()[-1] == "(more notes in the CSV beside the figure)"
    assert drawn.get_figheight() < 4


@pytest.mark.slow
@pytest.mark.parametrize("width", [7.0, 5.5])
def test_labels_of_neighbouring_panels_do_not_touch(style, width):
    from matplotlib.figure import Figure

    with style.applied():
        drawn = Figure(figsize=(width, 2), layout="constrained")
        panels = drawn.subplots(1, 4)
        for axes in panels:
            axes.set(xlabel="Inference FLOPs per answer", title="Law and order")
            axes.plot([1], [1], label="c_code_summarization")
            drawing.shrink_legend(axes, axes.legend())
        drawing.write_below(drawn, [], "", style)
        drawn.draw_without_rendering()
        boxes = [axes.xaxis.label.get_window_extent() for axes in panels]
        names = [axes.get_legend().get_window_extent() for axes in panels]
    assert panels[0].get_xlabel().replace("\n", " ") == "Inference FLOPs per answer"
    assert ("\n" in panels[0].get_xlabel()) is (width < 7)
    assert boxes[0].x0 >= 0 and boxes[-1].x1 <= drawn.bbox.width
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert all(left.x1 < right.x0 for left, right in pairwise(names))


@pytest.mark.parametrize("width", [7.0, 5.5])
@pytest.mark.parametrize(
    ("sizes", "least"), [([0.00007, 0.00019, 0.00049, 0.001, 0.0019, 0.0095], 4), ([0.5, 1.5, 3, 7, 14], 4), ([3], 1)]
)
def test_labels_of_sizes_do_not_touch(style, width, sizes, least):
    from matplotlib.figure import Figure

    with style.applied():
        drawn = Figure(figsize=(width, 2), layout="constrained")
        for axes in drawn.subplots(1, 4):
            drawing.size_axis(axes, sizes)
        drawn.draw_without_rendering()
        names = [text for text in drawn.axes[1].get_xticklabels() if text.get_text()]
        boxes = [text.get_window_extent() for text in names]
    assert all(left.x1 + 1 < right.x0 for left, right in pairwise(boxes))
    assert len(names) >= least and len(drawn.axes[1].get_xticks()) == len(sizes)
    # a person can tell the range: the ends are named
    assert [names[0].get_text(), names[-1].get_text()] == [labels.size_label(sizes[0]), labels.size_label(sizes[-1])]


def test_names_of_points_do_not_cover_each_other(style):
    """Four points close to each other: their names find places apart."""
    from matplotlib.figure import Figure

    points = pl.DataFrame(
        {"x": [1.0, 1.02, 1.0, 1.02], "y": [1.0, 1.0, 1.05, 1.05], "name": ["aaaa", "bbbb", "cc", "dd"]}
    )
    with style.applied():
        axes = Figure(figsize=(3, 3), layout="constrained").subplots()
        axes.set(xlim=(0, 2), ylim=(0, 2))
        drawing.name_points(axes, points, "x", "y", "name", style)
        boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for rank, one in enumerate(boxes) for other in boxes[:rank])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tasks", "count", "first"),
    [
        ("main families", 4, "General-MC"),
        ("families", 7, "General-MC"),
        ("main benchmarks", 12, "winogrande"),
        ("other benchmarks", 6, "mmlu_pro_law"),
        ("benchmarks", 18, "winogrande"),
    ],
)
def test_tasks_of_the_papers(tasks, count, first):
    selected = select_tasks(results(), tasks)
    assert (len(selected), selected[0].name) == (count, first)


def test_in_a_study_without_the_papers_families_all_are_main():
    study = Results({}, families={"Cooking": ("recipes", "spices")})
    assert [task.name for task in select_tasks(study, "main families")] == ["Cooking"]
    (none,) = select_tasks(study, "other benchmarks")
    assert (none.name, none.benchmarks) == ("other benchmarks", ())


def test_single_benchmarks_stand_below_their_families():
    places = arrange([(task.name, task.family) for task in select_tasks(results(), "benchmarks")])
    assert [len(line) for line in places] == [4] * 5
    assert [line[3] for line in places] == ["gsm8k", "math_500", "aime", None, None]
    assert places[3] == ["mmlu_pro_law", "mmlu_pro_code", "mmlu_pro_physics", None]
    assert arrange([("mmlu_math", "Math-MC"), ("math_500", "Math-OE")]) == [["mmlu_math", "math_500"]]


# ---- the registry ----


def test_every_figure_of_both_versions_is_there():
    v1, v2 = ([name for name in FIGURES if name.startswith(version)] for version in ("v1/", "v2/"))
    assert v1 == [f"v1/fig{number:02}" for number in range(1, 19)]
    assert v2 == [*(f"v2/fig{number:02}" for number in range(1, 22)), "v2/table1"]
    assert sorted(FIGURES) == sorted(figure for figure_type in FIGURE_TYPES for figure in figures_of(figure_type))


def test_the_config_may_name_every_figure(root):
    schema = json.loads((root / "workflow/schemas/config.schema.json").read_text())
    allowed = schema["$defs"]["Study"]["properties"]["figures"]["items"]["enum"]
    assert allowed == [*FIGURES, "training_curves"]
    documented = (root / "docs/reference/figures.md").read_text()
    assert all(f"`{figure}`" in documented for figure in allowed)


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURE_TYPES)
def test_a_figure_type_names_what_it_depends_on(name, root):
    """Else an edit would leave old figures behind."""
    figure_type, library = FIGURE_TYPES[name], root / "src" / "scale_or_reason"
    assert set(figure_type.tables) <= set(SCHEMAS)
    assert set(figure_type.settings) <= {field.name for field in fields(Results)}
    modules = {name, *figure_type.modules, *SHARED_MODULES}
    named = {*figure_type.library, *SHARED_LIBRARY, *PLAIN, *(f"reporting/figures/{module}" for module in modules)}
    for module in modules:
        unnamed = imports_of(library / "reporting" / "figures" / f"{module}.py", library) - named
        assert not unnamed, f"{module} imports {unnamed}"
    assert (root / "workflow" / "report" / "figures" / f"{name}.rst").is_file()


def imports_of(file, library) -> set[str]:
    """The modules of our library that a file imports, as paths below the library without a suffix."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scale_or_reason."):
            place = node.module.removeprefix("scale_or_reason.").replace(".", "/")
            is_package = (library / place).is_dir()
            found |= {f"{place}/{alias.name}" for alias in node.names} if is_package else {place}
    return found


def test_the_registry_is_light(root):
    heavy = ("polars", "numpy", "matplotlib", "yaml")
    registry = "scale_or_reason.reporting.figures.registry"
    code = f"import sys, {registry}; assert not set({heavy}) & set(sys.modules), sys.modules"
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


# ---- the program ----


def draw_by_hand(root, folder, stem, *tables, figure_type="ratio_gap", hash_seed=None):
    small = small_results()
    settings = {"sizes": small.sizes, "corpora": small.corpora, "ratios": small.ratios, "curricula": small.curricula}
    settings["families"] = [{"name": name, "benchmarks": own} for name, own in small.families.items()]
    options = ["--type", figure_type, "--parameters", json.dumps({"tasks": "main families", "by": "size"})]
    options += ["--study", json.dumps(settings), "--tables", *tables, "--style", str(root / "config/style.yaml")]
    options += ["--output-stem", str(folder / stem)]
    script = root / "workflow/scripts/draw_figure.py"
    if hash_seed is None:
        return run_script(script, *options)
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.slow
def test_the_program_draws_the_same_bytes_again(root, style, tmp_path):
    write_table(small_results().table("scores"), tmp_path / "scores.parquet", "scores")
    # the hashes of this process, and others
    for stem, hash_seed in (("one", None), ("two", "1")):
        done = draw_by_hand(root, tmp_path, stem, f"scores={tmp_path / 'scores.parquet'}", hash_seed=hash_seed)
        assert (done.returncode, done.stderr) == (0, "")
    for suffix in (".pdf", ".png", ".csv"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert (tmp_path / "one.csv").read_text() == table_of("v1/fig04", small_results()).write_csv()
    assert not [path for path in tmp_path.glob(".*") if not is_record(path)]


@pytest.mark.slow
def test_the_program_refuses_a_table_that_its_form_does_not_know(root, tmp_path):
    done = draw_by_hand(root, tmp_path, "one", "costs=costs.parquet")
    assert done.returncode == 2
    assert "unknown table of this figure type" in done.stderr and "scores=FILE" in done.stderr


@pytest.mark.slow
def test_the_program_reads_csv_too(root, tmp_path, monkeypatch, capsys):
    write_csv(small_results().table("early_stopping"), tmp_path / "early_stopping.csv")
    small = small_results()
    settings = {"sizes": small.sizes, "corpora": small.corpora}
    settings["families"] = [{"name": name, "benchmarks": own} for name, own in small.families.items()]
    arguments = [
        "--type",
        "early_stopping",
        "--parameters",
        '{"tasks": "main families"}',
        "--study",
        json.dumps(settings),
    ]
    arguments += [
        "--tables",
        f"early_stopping={tmp_path / 'early_stopping.csv'}",
        "--output-stem",
        str(tmp_path / "drawn"),
    ]
    monkeypatch.setattr(sys, "argv", ["draw_figure.py", *arguments, "--style", str(root / "config/style.yaml")])
    runpy.run_path(str(root / "workflow/scripts/draw_figure.py"), run_name="__main__")
    assert (tmp_path / "drawn.csv").read_text() == table_of("v1/fig09", small_results()).write_csv()
    assert (tmp_path / "drawn.pdf").stat().st_size > 1000
    counted = small_results().table("early_stopping").with_columns(flops_by=pl.lit("exact"))
    write_csv(counted, tmp_path / "early_stopping.csv")
    with pytest.raises(SystemExit):
        runpy.run_path(str(root / "workflow/scripts/draw_figure.py"), run_name="__main__")
    assert "a table has another count of FLOPs than the study" in capsys.readouterr().err


# ---- the style ----


def test_settings_of_the_user_change_no_figure(style, monkeypatch):
    import matplotlib

    monkeypatch.setitem(matplotlib.rcParams, "text.usetex", True)
    monkeypatch.setitem(matplotlib.rcParams, "axes.grid", True)
    with style.applied():
        assert not matplotlib.rcParams["text.usetex"] and not matplotlib.rcParams["axes.grid"]
    assert matplotlib.rcParams["text.usetex"] and matplotlib.rcParams["axes.grid"]


def test_the_style_leaves_no_trace(style):
    import matplotlib

    before = matplotlib.rcParams["font.size"]
    with style.applied():
        assert matplotlib.rcParams["font.size"] == style.font_size
    assert matplotlib.rcParams["font.size"] == before


def test_a_style_file_of_an_earlier_version_has_a_label_for_reasoning_first(root, tmp_path):
    text = (root / "config" / "style.yaml").read_text(encoding="utf-8")
    (tmp_path / "old.yaml").write_text(text.replace("  seq-reversed: Reasoning first\n", ""), encoding="utf-8")
    assert "seq-reversed" not in (tmp_path / "old.yaml").read_text(encoding="utf-8")
    assert Style.from_file(tmp_path / "old.yaml").labels["seq-reversed"] == "Reasoning first"
    (tmp_path / "old.yaml").write_text(text.replace("  mix: Mixed\n", ""), encoding="utf-8")
    with pytest.raises(StudyError, match=r"missing: \['mix'\]"):
        Style.from_file(tmp_path / "old.yaml")


def test_colours_are_of_the_okabe_ito_palette(style):
    palette = {"#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
    series = {"ift", "reasoning", "teacher", "frontier", "suboptimal"}
    assert {style.colours[name] for name in series} | set(style.palette) <= palette
    assert len({style.colours[name] for name in series}) == len(series)
    assert len(set(style.palette)) == len(style.palette)


def test_sizes_get_lighter_and_stay_apart_in_grey(style):
    from matplotlib.colors import to_rgb

    grey = [
        sum(w * c for w, c in zip((0.299, 0.587, 0.114), to_rgb(colour), strict=True))
        for colour in colours_of(5, style)
    ]
    assert all(later - earlier > 0.08 for earlier, later in pairwise(grey))
    assert grey[-1] < 0.85  # can be seen on white
    assert len(colours_of(1, style)) == 1


def colours_of(count, style):
    return list(drawing.size_colours([float(size) for size in range(count)], style).values())


@pytest.mark.parametrize(
    "change", [{"widht_in": 5}, {"colours": {"ift": "red"}}, {"markers": None}], ids=["unknown", "lacking", "no map"]
)
def test_a_wrong_style_file_is_refused(root, tmp_path, change):
    content = yaml.safe_load((root / "config" / "style.yaml").read_text())
    (tmp_path / "style.yaml").write_text(yaml.safe_dump(content | change))
    with pytest.raises(StudyError, match="style file"):
        Style.from_file(tmp_path / "style.yaml")


def test_a_missing_style_file_is_refused(tmp_path):
    with pytest.raises(StudyError, match="style file is missing"):
        Style.from_file(tmp_path / "style.yaml")


@pytest.mark.parametrize(
    ("size_b", "label"), [(14, "14B"), (0.5, "0.5B"), (0.1, "0.1B"), (0.0041, "4.1M"), (0.001, "1M"), (0.0002, "200K")]
)
def test_size_labels(size_b, label):
    assert labels.size_label(size_b) == label


@pytest.mark.parametrize(("ratio", "label"), [(0.0, "IFT"), (0.25, "25 %"), (0.125, "12.5 %"), (1.0, "reasoning")])
def test_ratio_labels(ratio, label):
    assert labels.ratio_label(ratio) == label
