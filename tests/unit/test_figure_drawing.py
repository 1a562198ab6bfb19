"""The shared parts of drawings: legends, notes, and labels that do not touch each other."""

from __future__ import annotations

from itertools import combinations, pairwise

import polars as pl
import pytest

from scale_or_reason.reporting.figures import drawing, legends
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study import labels


@pytest.fixture
def style(root):
    return Style.from_file(root / "config" / "style.yaml")


def test_a_long_name_costs_a_legend_no_further_lines(style):
    """The fewest lines of all ways to break the legend."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    names = ["IFT", "Reasoning", "Thoughts cut at a number of tokens", "Pareto frontier", *"ABCDE"]
    handles = [Line2D([], [], label=name) for name in names]
    with style.applied():
        drawn = Figure(figsize=(4, 3))
        fits = {
            (start, end): legends._legend_width(drawn, handles[start:end]) <= drawn.bbox.width
            for start, end in combinations(range(len(names) + 1), 2)
        }
        lines = legends._legend_lines(drawn, handles)
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
        legends.write_below(drawn, [], "; ".join(f"note {number}" for number in range(500)), style)
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
            legends.shrink_legend(axes, axes.legend())
        legends.write_below(drawn, [], "", style)
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
