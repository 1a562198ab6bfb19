"""A headless Chromium with the explorer page of a made-up study, opened from the disk as a person opens it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from explorer_page import DESKTOP, Opened
from explorer_study import MadeStudy, make_study

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


@pytest.fixture
def open_page(browser: Any, study: MadeStudy) -> Iterator[Callable[..., Opened]]:
    """Opens the page; in the end nothing else was asked for and nobody has complained."""
    contexts, pages = [], []

    def open_one(hash_text: str = "", viewport: dict[str, int] = DESKTOP, **options: Any) -> Opened:
        context = browser.new_context(viewport=viewport, **options)
        context.set_default_timeout(300_000)  # long enough for a machine that is busy
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
