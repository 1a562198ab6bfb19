"""All figures of a made-up study, whole and with holes: what is drawn and what is noted."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from drawn_figures import figure_type_of, table_of
from full_grid import small_results
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.reporting.figures.registry import FIGURES
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study import labels

STYLE = Style.from_file(Path(__file__).parents[2] / "config" / "style.yaml")
#: Elements of a figure's table that stand for results, and not for what was worked out from them or written about them.
MEASURED = ("point", "teacher", "cell")


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
