"""The explorer page in a real browser, headless Chromium, opened from the disk as a person opens it.

What it draws is compared with the tables it was made of and with frontiers.py, not with its own data.
"""

from __future__ import annotations

import base64
import math
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from explorer_study import MANIFEST, NASTY, SIZES, UNCOUNTED, Entry, MadeStudy, make_study, saved_rows

from scale_or_reason.frontiers import pareto_frontier

pytestmark = pytest.mark.integration

CHROMIUM = shutil.which("chromium")
#: Nothing of the browser's own may use the network either; root has no sandbox.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = {"width": 1400, "height": 900}, {"width": 360, "height": 740}
Chosen = Callable[[str], bool]


@pytest.fixture(scope="module")
def study(root: Path, tmp_path_factory: pytest.TempPathFactory) -> MadeStudy:
    return make_study(root, tmp_path_factory.mktemp("explorer"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium with a profile of its own."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page, and all that it asked for and complained about."""

    page: Any
    file: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def go(self, hash_text: str = "") -> None:
        self.page.goto(f"{self.file.as_uri()}{hash_text}")

    def chosen(self, name: str, value: str, on: bool = True) -> None:
        """Click on a checkbox or a radio button, as it is found by its label."""
        box = next(
            one
            for one in self.page.locator(f"#controls input[name={name}]").all()
            if one.get_attribute("value") == value
        )
        box.set_checked(on)

    def points(self, task: str) -> dict[str, tuple[float, float]]:
        """Cell -> cost and accuracy of the points of a plot."""
        found = self.page.locator(f"figure[data-task='{task}'] .point").evaluate_all(
            "nodes => nodes.map(node => [node.dataset.cell, Number(node.dataset.cost), Number(node.dataset.accuracy)])"
        )
        return {name: (cost, accuracy) for name, cost, accuracy in found}

    def frontier(self, task: str) -> set[str]:
        found = self.page.locator(f"figure[data-task='{task}'] .point.best")
        return set(found.evaluate_all("nodes => nodes.map(node => node.dataset.cell)"))

    def point(self, task: str, cell: str) -> Any:
        return self.page.locator(f"figure[data-task='{task}'] .point[data-cell='{cell}']")

    def details(self) -> str:
        """All that the details say, in one line."""
        return " ".join(self.page.locator("#details").inner_text().split())

    def said(self) -> str:
        return self.page.locator("#live").inner_text()


@pytest.fixture
def open_page(browser: Any, study: MadeStudy) -> Iterator[Callable[..., Opened]]:
    """Opens the page; in the end nothing else was asked for and nobody has complained."""
    contexts, pages = [], []

    def open_one(hash_text: str = "", viewport: dict[str, int] = DESKTOP, **options: Any) -> Opened:
        context = browser.new_context(viewport=viewport, **options)
        context.set_default_timeout(5000)
        opened = Opened(context.new_page(), study.page)
        context.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
        opened.go(hash_text)
        contexts.append(context)
        pages.append(opened)
        return opened

    yield open_one
    for opened in pages:
        assert {address.partition("#")[0] for address in opened.requests} == {study.page.as_uri()}
        assert opened.complaints == []
    for context in contexts:
        context.close()


def first_view(name: str) -> bool:
    """Students of the first corpus, one format after the other."""
    return name.startswith("general/") and "/seq/" in name


def drawn(
    study: MadeStudy, task: str, chosen: Chosen, axis: str = "training", queries: float = 1e9, exact: bool = False
) -> dict[str, tuple[float, float]]:
    """What a plot should draw, from the tables: no place on a logarithmic axis for nothing, none for the unknown."""
    entries = {name: entry for name, entry in study.entries[task].items() if chosen(name)}
    values = {name: (entry.cost(axis, queries, exact), entry.accuracy) for name, entry in entries.items()}
    return {name: pair for name, pair in values.items() if pair[0] > 0 and not math.isnan(pair[1])}


def check(opened: Opened, study: MadeStudy, task: str, chosen: Chosen, *cost: Any, **counted: bool) -> None:
    """Points and frontier of a plot are those of the tables; ``cost`` and ``counted`` as for :func:`drawn`."""
    expected, found = drawn(study, task, chosen, *cost, **counted), opened.points(task)
    assert found.keys() == expected.keys()
    for name, pair in expected.items():
        assert found[name] == pytest.approx(pair, rel=1e-12)
    names = list(expected)
    costs, accuracies = (np.array(column) for column in zip(*expected.values(), strict=True))
    best = pareto_frontier(costs, accuracies)
    assert opened.frontier(task) == {name for name, on in zip(names, best, strict=True) if on}


def is_distilled(name: str) -> bool:
    return name.startswith(("general/", "math/"))


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
    assert ("not drawn, cost nothing here: tiny, Base, 3 shots" in words) == (queries == 0)


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
    # at ratios 0 and 1 both schedules are one training
    opened.chosen("schedules", "seq", on=False)
    opened.chosen("schedules", "mix")
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


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def test_hovering_shows_the_interval_and_the_manifest(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page()
    assert not opened.page.locator("#details").is_visible()
    cell, entry = "general/tiny/seq/rho-0", study.entries["General-MC"]["general/tiny/seq/rho-0"]
    opened.point("General-MC", cell).hover()
    words = opened.details()
    assert cell in words and percent(entry.accuracy) in words
    assert f"{percent(entry.low)} to {percent(entry.high)}" in words
    for fact in ("0123456789ab", "2026-01-02 03:04 UTC", "73.5 s", "Abacus, 2 cores, 3.5 GiB", "3.12.1", "10.0 %"):
        assert fact in words
    for title in ("Packages", "Settings", "Hashes of inputs"):
        opened.page.locator("#details summary").get_by_text(title, exact=True).click()
    words = opened.details()
    for fact in (MANIFEST["packages"]["torch"], "learning_rate", "0.00125", ".../tiny", "ab" * 6):
        assert fact in words
    assert "/home" not in opened.page.content()
    # another one has no manifest; what was unfolded does not matter
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


# ---- keyboard ----


def test_the_keyboard_reaches_every_control_and_plot(open_page: Callable[..., Opened]) -> None:
    opened = open_page()
    page, reached = opened.page, []
    for _ in range(120):
        page.keyboard.press("Tab")
        where = page.evaluate("""() => {
            const node = document.activeElement, box = node.getBoundingClientRect();
            const style = getComputedStyle(node), ring = node.querySelector(".ring");
            const seen = style.outlineStyle !== "none" || (ring !== null && getComputedStyle(ring).stroke !== "none");
            const name = node.name || node.dataset.focus || node.className.baseVal || node.tagName;
            return [name, node.getAttribute("type") === "radio" ? "" : String(node.value ?? ""), seen, box.width > 0];
        }""")
        if where[0] == "BODY":
            break
        reached.append(where)
    assert all(seen and there for *_, seen, there in reached), [one for one in reached if not (one[2] and one[3])]
    names = {(name, value) for name, value, *_ in reached}
    boxes = page.locator("#controls input[type=checkbox]:visible").evaluate_all(
        "all => all.map(one => [one.name, one.value])"
    )
    assert {tuple(box) for box in boxes} <= names and len(boxes) > 15
    assert {"axis", "colour", "sort-accuracy", "save"} <= {name for name, _ in names}
    # one stop for each plot, and that is a point
    assert sum("point" in name for name, *_ in reached) == 2 and "g" not in {name for name, _ in names}


def test_arrow_keys_go_from_point_to_point(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page()
    page, task = opened.page, "General-MC"
    points = opened.points(task)
    by_cost = sorted(points, key=lambda name: points[name])
    by_accuracy = sorted(points, key=lambda name: points[name][1])

    def here() -> str:
        return page.evaluate("document.activeElement.dataset.cell")

    opened.point(task, by_cost[0]).focus()
    for name in by_cost[1:]:
        page.keyboard.press("ArrowRight")
        assert here() == name
    page.keyboard.press("ArrowRight")
    assert here() == by_cost[-1]
    page.keyboard.press("Home")
    assert here() == by_cost[0]
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert here() == by_cost[-2]
    rank = by_accuracy.index(here())
    page.keyboard.press("ArrowDown")
    assert here() == by_accuracy[rank - 1]
    page.keyboard.press("ArrowUp")
    assert here() == by_accuracy[rank]
    # it is announced, and shown
    entry: Entry = study.entries[task][here()]
    live = page.locator("#live")
    assert live.get_attribute("aria-live") == "polite"
    for part in (task, percent(entry.accuracy), f"{percent(entry.low)} to {percent(entry.high)}"):
        assert part in opened.said() and part in opened.details()
    assert ("on the frontier" in opened.said()) == (here() in opened.frontier(task))
    # the same cell in the plot before, into the details and back
    page.keyboard.press("PageUp")
    assert page.evaluate("document.activeElement.closest('figure').dataset.task") == "Math-OE"
    assert here() == entry.name and opened.said().startswith("Math-OE")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "details"
    page.keyboard.press("Escape")
    assert here() == entry.name and not page.locator("#details").is_visible()
    ring = opened.point("Math-OE", entry.name).locator(".ring")
    assert ring.evaluate("node => getComputedStyle(node).stroke") != "none"
    # the tab key leaves the plot and comes back to the same point
    page.keyboard.press("Tab")
    assert here() != entry.name or page.evaluate("document.activeElement.closest('figure').dataset.task") == task
    page.keyboard.press("Shift+Tab")
    assert here() == entry.name and opened.said().startswith("Math-OE")


def test_a_change_of_controls_is_announced_and_keeps_the_focus(open_page: Callable[..., Opened]) -> None:
    opened = open_page()
    box = opened.page.locator("#controls input[name=ratios]").first
    box.focus()
    opened.page.keyboard.press("Space")
    assert "accuracy against training FLOPs" in opened.said() and opened.said().startswith("9 cells, ")
    assert box.evaluate("node => node === document.activeElement")


# ---- views that are shared, tables, screens ----


def test_an_address_is_a_view(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page()
    opened.chosen("axis", "lifetime")
    opened.page.locator("#queries").fill("5e6")
    opened.chosen("corpora", "math")
    opened.chosen("students", NASTY, on=False)
    opened.point("Math-OE", "math/big/seq/rho-0").click()
    opened.page.wait_for_url(re.compile("at="))
    address = opened.page.evaluate("location.hash")
    again = open_page(address)

    def chosen(name: str) -> bool:
        return is_distilled(name) and "/seq/" in name and NASTY not in name

    for one in (opened, again):
        check(one, study, "Math-OE", chosen, "lifetime", 5e6)
        assert "math/big/seq/rho-0" in one.details()
    again.page.get_by_role("button", name="Back to the first view").click()
    again.page.locator("figure[data-task='Math-OE'] .point[data-cell='general/tiny/seq/rho-0']").wait_for()
    check(again, study, "Math-OE", first_view)
    # a view of another study, and a broken one
    other = open_page("#axis=weight&queries=many&tasks=Math-OE,unheard&students=gpt&at=a,b&sort=%E0%A4%A&colour")
    assert other.page.locator("figure").count() == 1 and other.points("Math-OE") == {}
    other.page.evaluate("location.hash = '#axis=inference'")
    other.page.locator(".point").first.wait_for()
    check(other, study, "General-MC", first_view, "inference")


def test_the_table_sorts_and_is_saved(open_page: Callable[..., Opened], study: MadeStudy, tmp_path: Path) -> None:
    opened = open_page("#axis=inference")
    expected = {
        (name, task): entry
        for task in ("Math-OE", "General-MC")
        for name, entry in study.entries[task].items()
        if first_view(name)
    }

    def column(title: str) -> list[str]:
        titles = [text.strip(" ↑↓") for text in opened.page.locator("#rows thead th").all_inner_texts()]
        return opened.page.locator(f"#rows tbody tr > :nth-child({titles.index(title) + 1})").all_inner_texts()

    def save() -> Any:
        with opened.page.expect_download() as download:
            opened.page.get_by_role("button", name="Save as CSV").click()
        download.value.save_as(tmp_path / "saved.csv")
        return saved_rows(tmp_path / "saved.csv")

    assert len(column("Cell")) == len(expected)
    for presses in (1, 2):
        opened.page.locator("#rows thead button", has_text="Accuracy").click()
        shown = [float(text.removesuffix(" %")) for text in column("Accuracy") if text != "unknown"]
        assert shown == sorted(shown, reverse=presses == 2) and len(shown) == len(expected) - 1
        assert column("Accuracy")[-1] == "unknown"
        direction = opened.page.locator("#rows thead th", has_text="Accuracy").get_attribute("aria-sort")
        assert direction == ("descending" if presses == 2 else "ascending")
    rows = save()
    assert {(row["model"], row["task"]) for row in rows.to_dicts()} == set(expected)
    for row in rows.to_dicts():
        entry = expected[row["model"], row["task"]]
        for name, value in (("accuracy", entry.accuracy), ("training", entry.training), ("inference", entry.inference)):
            assert row[name] is None if math.isnan(value) else row[name] == pytest.approx(value, rel=1e-12)


def test_nothing_is_wider_than_a_phone(open_page: Callable[..., Opened], tmp_path: Path) -> None:
    opened = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page = opened.page

    def width() -> int:
        return page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")

    assert width() <= 360 and not page.locator("#controls").is_visible()
    page.locator("#choose > summary").tap()
    assert page.locator("#controls").is_visible() and width() <= 360
    page.get_by_text("Single benchmarks", exact=True).first.tap()
    opened.chosen("tasks", "winogrande")
    page.locator("#choose > summary").tap()
    # at the lower edge of the screen, where the details will be
    box = opened.point("winogrande", "general/tiny/seq/rho-0").locator(".mark").bounding_box()
    page.evaluate("by => scrollBy(0, by)", box["y"] - PHONE["height"] + 40)
    box = opened.point("winogrande", "general/tiny/seq/rho-0").locator(".mark").bounding_box()
    assert box["y"] > 0.8 * PHONE["height"]
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "general/tiny/seq/rho-0" in opened.details() and width() <= 360
    assert not page.locator(".shown").evaluate("""node => {
        const point = node.querySelector(".ring").getBoundingClientRect();
        return point.bottom > document.getElementById("details").getBoundingClientRect().top;
    }"""), "the details cover the point"
    page.screenshot(path=tmp_path / "phone.png")
    assert_drawn(tmp_path / "phone.png", light=True)
    page.get_by_role("button", name="Close the details").tap()
    assert not page.locator("#details").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_looks_right_in_light_and_dark(open_page: Callable[..., Opened], tmp_path: Path, scheme: str) -> None:
    opened = open_page("#at=Math-OE,general%2Fbig%2Fseq%2Frho-0.5", color_scheme=scheme)
    opened.page.screenshot(path=tmp_path / f"{scheme}.png")
    assert_drawn(tmp_path / f"{scheme}.png", light=scheme == "light")


def assert_drawn(file: Path, light: bool) -> None:
    """The right ground, and pixels in the colours of IFT and reasoning, which are a little lighter in the dark."""
    pixels = matplotlib.image.imread(file)[..., :3]
    ground = np.median(pixels.reshape(-1, 3), axis=0).mean()
    assert ground > 0.9 if light else ground < 0.2
    for name, hue in (("IFT", (0x00, 0x72, 0xB2)), ("reasoning", (0xD5, 0x5E, 0x00))):
        near = np.abs(pixels - np.array(hue) / 255).max(axis=-1) < (0.02 if light else 0.4)
        assert near.sum() > 40, f"no points in the colour of {name}"


def test_print_has_the_results_and_no_controls(open_page: Callable[..., Opened], tmp_path: Path) -> None:
    opened = open_page(color_scheme="dark")
    opened.page.emulate_media(media="print")
    assert not opened.page.locator("#choose").is_visible()
    assert opened.page.locator("figure").first.is_visible() and opened.page.locator("#rows table").is_visible()
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"


def test_it_works_within_the_report(browser: Any, study: MadeStudy) -> None:
    """Snakemake's report shows a page of HTML in a frame whose address is the page itself."""
    page, complaints = browser.new_page(viewport=DESKTOP), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    encoded = base64.b64encode(study.page.read_bytes()).decode()
    page.set_content(
        f'<iframe style="width: 1300px; height: 800px" src="data:text/html;charset=utf8;base64,{encoded}">'
    )
    frame = page.frame_locator("iframe")
    frame.locator("#controls input[name=axis][value=inference]").check()
    frame.locator(".point").first.click()
    page.wait_for_timeout(300)  # the address is written after 150 ms
    found = frame.locator("figure[data-task='General-MC'] .point").count()
    assert found == len(drawn(study, "General-MC", first_view, "inference")) == 4 * len(SIZES)
    assert complaints == []
    page.close()
