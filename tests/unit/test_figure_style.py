"""The look of figures: the style file, colours, names of sizes and ratios."""

from __future__ import annotations

from itertools import pairwise

import pytest
import yaml

from scale_or_reason.common.errors import StudyError
from scale_or_reason.reporting.figures import drawing
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study import labels


@pytest.fixture
def style(root):
    return Style.from_file(root / "config" / "style.yaml")


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
