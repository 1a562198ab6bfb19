"""What the explorer page draws and says in a real browser, headless Chromium.

It is compared with the tables it was made of and with frontiers.py, not with its own data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from explorer_page import Opened, check, first_view, percent
from explorer_study import MANIFEST, NASTY, UNCOUNTED, MadeStudy

pytestmark = pytest.mark.integration


# ---- what is drawn ----


def test_the_first_view(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page()
    assert opened.page.locator("figure").evaluate_all("all => all.map(one => one.dataset.task)") == [
        "Math-OE",
        "General-MC",
    ]
    for task in ("Math-OE", "General-MC"):
        check(opened, study, task, first_view)
    assert UNCOUNTED not in opened.points("Math-OE")
    assert (
        "not drawn, training FLOPs unknown: tiny, general, 25 % sequential"
        in opened.page.locator("figure").nth(1).inner_text()
    )
    assert "not drawn, no accuracy: big, general, Reasoning" in opened.page.locator("figure").nth(0).inner_text()


@pytest.mark.parametrize("queries", [0, 250000, 3e12])
def test_lifetime_is_training_and_queries(open_page: Callable[..., Opened], study: MadeStudy, queries: float) -> None:
    opened = open_page()
    opened.chosen("axis", "lifetime")
    opened.page.locator("#queries").fill(str(queries))
    check(opened, study, "Math-OE", first_view, "lifetime", queries)
    # with base students, who have no training here: with no queries they cost nothing and are not drawn
    opened.chosen("kinds", "base")
    check(opened, study, "General-MC", lambda name: first_view(name) or name.endswith("shots-3"), "lifetime", queries)
    words = opened.page.locator("figure").nth(1).inner_text()
    assert ("not drawn, cost is zero: tiny, Base, 3 shots" in words) == (queries == 0)


def test_flops_are_counted_in_two_ways(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page()
    by_papers = opened.frontier("Math-OE")
    opened.chosen("count", "exact")
    check(opened, study, "Math-OE", first_view, exact=True)
    assert opened.frontier("Math-OE") != by_papers
    assert opened.page.locator("#summary").inner_text().endswith("accuracy against training FLOPs, exact.")
    for axis in ("inference", "lifetime"):
        opened.chosen("axis", axis)
        check(opened, study, "General-MC", first_view, axis, exact=True)


def test_a_number_of_queries_that_is_none_changes_nothing(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page("#axis=lifetime&queries=1000")
    for text in ("", "-5"):
        opened.page.locator("#queries").fill(text)
        assert opened.page.locator("#queries-wrong").is_visible()
        check(opened, study, "Math-OE", first_view, "lifetime", 1000)
    opened.page.locator("#queries").fill("2e3")
    assert not opened.page.locator("#queries-wrong").is_visible()
    check(opened, study, "Math-OE", first_view, "lifetime", 2000)


def test_every_choice_changes_the_points_and_the_frontier(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page()
    opened.chosen("axis", "inference")
    check(opened, study, "Math-OE", first_view, "inference")
    opened.chosen("students", NASTY, on=False)
    check(opened, study, "Math-OE", lambda name: first_view(name) and NASTY not in name, "inference")
    opened.chosen("students", NASTY)
    opened.chosen("corpora", "general", on=False)
    opened.chosen("corpora", "math")
    check(opened, study, "Math-OE", lambda name: name.startswith("math/") and "/seq/" in name, "inference")
    # at ratios 0 and 1 both curricula are one training
    opened.chosen("curricula", "seq", on=False)
    opened.chosen("curricula", "mix")
    mixed = re.compile("^math/.*/(mix/.*|seq/rho-[01])$", re.S)
    check(opened, study, "Math-OE", lambda name: bool(mixed.match(name)), "inference")
    opened.chosen("ratios", "0.5", on=False)
    check(opened, study, "Math-OE", lambda name: bool(mixed.match(name)) and "rho-0.5" not in name, "inference")
    opened.chosen("kinds", "distilled", on=False)
    opened.chosen("kinds", "adapted")
    check(opened, study, "Math-OE", lambda name: name.startswith("adapted/"), "inference")
    opened.chosen("kinds", "base")
    opened.chosen("shots", "0")
    check(opened, study, "Math-OE", lambda name: name.startswith(("adapted/", "base/")), "inference")
    # a single benchmark beside the families
    opened.page.get_by_text("Single benchmarks", exact=True).first.click()
    opened.chosen("tasks", "winogrande")
    check(opened, study, "winogrande", lambda name: name.startswith(("adapted/", "base/")), "inference")
    opened.chosen("kinds", "base", on=False)
    opened.chosen("kinds", "adapted", on=False)
    assert opened.points("Math-OE") == {} and "nothing to draw" in opened.page.locator("figure").first.inner_text()


def test_points_stand_where_the_axes_say(open_page: Callable[..., Opened]) -> None:
    opened = open_page("#axis=inference")
    labels, places, size = opened.page.locator("figure").first.evaluate("""figure => {
        const number = (node, name) => Number(node.getAttribute(name));
        const all = (selector) => [...figure.querySelectorAll(selector)];
        const labels = all("text[data-cost]").map(node => [number(node, "data-cost"), number(node, "x")]);
        const heights = all("text[data-accuracy]").map(node => [number(node, "data-accuracy"), number(node, "y") - 4]);
        const places = all(".point").map(node => {
            const ring = node.querySelector(".ring");
            return [Number(node.dataset.cost), Number(node.dataset.accuracy), number(ring, "cx"), number(ring, "cy")];
        });
        const { width, height } = figure.querySelector("svg").viewBox.baseVal;
        return [[labels, heights], places, [width, height]];
    }""")
    across, along = (np.array(one) for one in labels)
    slope, start = np.polyfit(np.log10(across[:, 0]), across[:, 1], 1)
    rise, ground = np.polyfit(along[:, 0], along[:, 1], 1)
    assert len(across) >= 2 and slope > 0 and rise < 0 and places
    width, height = size
    assert all(0 < x < width and 0 < y < height for *_, x, y in places)
    for cost, accuracy, x, y in places:
        assert x == pytest.approx(start + slope * math.log10(cost), abs=0.01)
        assert y == pytest.approx(ground + rise * accuracy, abs=0.01)


def test_a_single_point_has_axes(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page("#students=tiny&ratios=0&teacher=false&intervals=false")
    check(opened, study, "General-MC", lambda name: name == "general/tiny/seq/rho-0")
    plot = opened.page.locator("figure[data-task='General-MC']")
    box, dot = plot.locator("svg").bounding_box(), plot.locator(".mark").bounding_box()
    assert box["x"] < dot["x"] < box["x"] + box["width"] and box["y"] < dot["y"] < box["y"] + box["height"]
    assert plot.locator("text[data-cost]").count() >= 1 and plot.locator("text[data-accuracy]").count() >= 2


def test_intervals_teacher_and_frontier_can_be_left_out(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page()
    plot = opened.page.locator("figure").first
    counts = {".bar": len(opened.points("Math-OE")), "svg .teacher": 1, ".teacher-band": 1, "svg .frontier": 1}
    assert {name: plot.locator(name).count() for name in counts} == counts
    told = float(plot.locator(".teacher").get_attribute("data-accuracy"))
    assert told == study.entries["Math-OE"]["teacher/teacher/reasoning"].accuracy
    for name in ("teacher", "frontier", "intervals"):
        opened.page.locator(f"#controls input[name={name}]").uncheck()
    assert {name: plot.locator(name).count() for name in counts} == dict.fromkeys(counts, 0)


def test_colours_are_those_of_the_style(open_page: Callable[..., Opened]) -> None:
    opened = open_page("#kinds=distilled,base")

    def hue(cell: str) -> str:
        return opened.point("General-MC", cell).evaluate("node => node.style.getPropertyValue('--hue')").upper()

    assert hue("general/big/seq/rho-0") == "#0072B2" and hue("general/big/seq/rho-1") == "#D55E00"
    opened.chosen("colour", "size")
    assert hue("general/big/seq/rho-0") == hue("general/big/seq/rho-1") != hue("general/tiny/seq/rho-1")
    assert {"1M", "8M"} <= set(opened.page.locator("#legend").inner_text().split("\n"))


# ---- details ----


def test_hovering_shows_the_interval_and_a_click_the_manifest(
    open_page: Callable[..., Opened], study: MadeStudy
) -> None:
    opened = open_page()
    cell, entry = "general/tiny/seq/rho-0", study.entries["General-MC"]["general/tiny/seq/rho-0"]
    place = opened.page.locator("figure").last.bounding_box()
    opened.point("General-MC", cell).hover()
    tip = opened.page.locator("#tip")
    for text in (percent(entry.accuracy), f"{percent(entry.low)} to {percent(entry.high)}", "Training FLOPs: "):
        assert text in tip.inner_text()
    assert "same" in opened.point("Math-OE", cell).get_attribute("class")
    # nothing moves under the pointer
    assert not opened.page.locator("#details").is_visible()
    assert opened.page.locator("figure").last.bounding_box() == place
    opened.page.mouse.move(700, 2)
    assert not tip.is_visible()
    opened.point("General-MC", cell).click()
    assert not tip.is_visible()
    words = opened.details()
    assert cell in words and percent(entry.accuracy) in words
    assert f"{percent(entry.low)} to {percent(entry.high)}" in words
    for text in ("0123456789ab", "2026-01-02 03:04 UTC", "73.5 s", "Abacus, 2 cores, 3.5 GiB", "3.12.1", "10.0 %"):
        assert text in words
    for title in ("Packages", "Settings", "Hashes of inputs"):
        opened.page.locator("#details summary").get_by_text(title, exact=True).click()
    words = opened.details()
    for text in (MANIFEST["packages"]["torch"], "learning_rate", "0.00125", ".../tiny", "ab" * 6):
        assert text in words
    assert "/home" not in opened.page.content()
    # open details follow the pointer; another one has no manifest; what was unfolded does not matter
    opened.point("Math-OE", "general/big/seq/rho-0").hover()
    words = opened.details()
    assert "general/big/seq/rho-0" in words and "Manifest unknown" in words
    # the same cell has a ring in the other plot too
    assert "same" in opened.point("General-MC", "general/big/seq/rho-0").get_attribute("class")


def test_what_is_not_known_is_said_to_be_unknown(open_page: Callable[..., Opened]) -> None:
    opened = open_page("#axis=inference")
    opened.point("General-MC", UNCOUNTED).click()
    assert "Training unknown Inference" in opened.details() and "Lifetime unknown Tokens" in opened.details()


def test_a_nasty_name_is_a_name(open_page: Callable[..., Opened]) -> None:
    opened = open_page()
    assert opened.page.locator("img").count() == 0
    opened.page.locator("#rows tbody button", has_text="onerror").first.click()
    assert NASTY in opened.details()
    assert NASTY in opened.page.locator("#controls").inner_text()
    # back to where one came from
    opened.page.keyboard.press("Escape")
    assert "onerror" in opened.page.evaluate("document.activeElement.textContent")
