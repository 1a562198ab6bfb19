"""The explorer page with a keyboard, with shared views, on a phone, in print and within the report."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import matplotlib.image
import numpy as np
import pytest
from explorer_page import DESKTOP, PHONE, Opened, check, drawn, first_view, is_distilled, percent
from explorer_study import NASTY, SERVED, SERVINGS, SIZES, Entry, MadeStudy, saved_rows

pytestmark = pytest.mark.integration


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
    # the first stop leads past all controls
    page.locator("#skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('#panels .point')")


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
    again.page.get_by_role("button", name="Reset view").click()
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


@pytest.mark.parametrize("width", [1400, 2200])
def test_a_wide_screen_is_used(open_page: Callable[..., Opened], width: int) -> None:
    opened = open_page("#tasks=Math-OE,General-MC,gsm8k,winogrande", viewport={"width": width, "height": 1200})
    page = opened.page

    def edges() -> tuple[list[float], list[float]]:
        boxes = [one.bounding_box() for one in page.locator("figure > svg").all()]
        return [box["y"] for box in boxes], [box["x"] + box["width"] for box in boxes]

    room = page.evaluate("document.documentElement.clientWidth")
    rows, right = edges()
    # full rows, up to the edge, and the whole table
    assert len(rows) == 4 and len(set(rows)) == (2 if width == 1400 else 1) and room - max(right) < 40
    assert page.evaluate("(wide => wide.scrollWidth - wide.clientWidth)(document.querySelector('.wide'))") == 0
    # the details get room beside the plots, and the point keeps the focus
    opened.point("winogrande", "general/big/seq/rho-0.5").click()
    details = page.locator("#details").bounding_box()
    page.wait_for_function(
        "edge => [...document.querySelectorAll('figure > svg')].every(one => one.getBoundingClientRect().right < edge)",
        arg=details["x"],
    )
    assert room - details["x"] - details["width"] < 40
    assert page.evaluate("document.activeElement.dataset.cell") == "general/big/seq/rho-0.5"
    assert "general/big/seq/rho-0.5" in opened.details() and "winogrande" in opened.details()
    page.keyboard.press("Escape")
    page.wait_for_function(
        "right => Math.max(...[...document.querySelectorAll('figure > svg')]"
        ".map(one => one.getBoundingClientRect().right)) === right",
        arg=max(right),
    )
    assert page.evaluate("document.activeElement.dataset.cell") == "general/big/seq/rho-0.5"


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
    # a sheet of A4 at 96 pixels per inch, less its margins
    opened = open_page(color_scheme="dark", viewport={"width": 718, "height": 1000})
    opened.page.emulate_media(media="print")
    assert not opened.page.locator("#choose").is_visible()
    assert opened.page.locator("figure").first.is_visible() and opened.page.locator("#rows table").is_visible()
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    table = opened.page.locator("#rows table").bounding_box()
    assert table["x"] + table["width"] <= 718


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


def test_parts_votes_hours_and_the_teachers_answers(open_page: Callable[..., Opened], study: MadeStudy) -> None:
    opened = open_page("#corpora=general&students=tiny,big&ratios=0,1")

    def pure(name: str) -> bool:
        return first_view(name) and "/big/" in name.replace("/tiny/", "/big/") and name.endswith(("rho-0", "rho-1"))

    check(opened, study, "General-MC", pure)
    opened.chosen("data", "0.5")

    def with_parts(name: str) -> bool:
        return pure(name.removesuffix("/data-0.5"))

    check(opened, study, "General-MC", with_parts)
    # a line through both parts of each cell
    assert opened.page.locator("figure[data-task='General-MC'] .series").count() == 4
    opened.page.locator("#teacher_share").fill("0.25")
    check(opened, study, "General-MC", with_parts, share=0.25)
    assert "25 % of the teacher's answers" in opened.page.locator("#summary").inner_text()
    opened.page.locator("#teacher_share").fill("2")
    assert opened.page.locator("#teacher_share-wrong").is_visible()
    check(opened, study, "General-MC", with_parts, share=0.25)
    opened.page.locator("#teacher_share").fill("0")
    opened.chosen("count", "hours")
    check(opened, study, "General-MC", with_parts, hours=True)
    assert "accuracy against training GPU-hours." in opened.page.locator("#summary").inner_text()
    # votes and cut thoughts on the benchmarks that have them
    opened.chosen("count", "papers")
    opened.chosen("axis", "inference")
    for serving in SERVINGS:
        opened.chosen("servings", serving)

    def served(name: str) -> bool:
        return with_parts(name) or name.startswith(f"{SERVED} ")

    check(opened, study, "Math-OE", served, "inference")
    check(opened, study, "General-MC", with_parts, "inference")
    opened.chosen("colour", "serving")
    assert "vote of 4" in opened.page.locator("#legend").inner_text()


def test_existing_inspection_pages_are_a_key_away(open_page: Callable[..., Opened]) -> None:
    opened = open_page()
    opened.point("General-MC", SERVED).click()
    assert "Inspection pages" not in opened.details()
    opened.point("Math-OE", SERVED).focus()
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.press("Tab")  # the button that closes
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Enter")
    link = opened.page.locator("#details .links a")
    assert link.inner_text() == "gsm8k test/1"
    opened.page.keyboard.press("Tab")
    assert link.evaluate("node => node === document.activeElement")
    address = link.evaluate("node => node.href")
    assert unquote(unquote(address)).endswith(f"inspect/items/gsm8k/test/1.html#{SERVED}/seed-0")
    assert Path(unquote(urlsplit(address).path)).is_file()
