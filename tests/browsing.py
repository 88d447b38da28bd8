"""A real browser for tests: Debian's Chromium, driven by Playwright, with the network cut and everything noted."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
LOCAL = ("file:", "data:", "blob:")
PATIENCE = 30_000
"""Milliseconds that a test waits for something to appear; the machine may be busy."""


def missing(what: str) -> None:
    """Skips the test, or fails it where a browser is required (RMB_BROWSER=required)."""
    if os.environ.get("RMB_BROWSER") == "required":
        pytest.fail(f"RMB_BROWSER=required, but {what}")
    pytest.skip(what)


def executable() -> str:
    """Where Chromium is."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing("there is no chromium on this machine")
    return str(found)


@dataclass(frozen=True, slots=True)
class Chromium:
    """The browser of the session, and the event loop that Playwright drives it with."""

    browser: Browser
    loop: asyncio.AbstractEventLoop


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One Chromium for all tests of the session. Between tests its event loop does not count as running, or no
    other test of this process could use asyncio.run.
    """
    path = executable()
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        missing("playwright is not installed")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield Chromium(browser, loop)
        asyncio._set_running_loop(loop)
        browser.close()


@dataclass  # without slots: Playwright leaves notes on the owners of its listeners
class Watched:
    """A page, and what happened in it that must not: errors, dialogs, requests that would have left the machine."""

    page: Page
    troubles: list[str] = field(default_factory=list)

    def note(self, what: str) -> Callable[[Any], None]:
        """A listener that writes down what it is called with."""
        return lambda found: self.troubles.append(f"{what}: {getattr(found, 'text', found)}")

    def listen(self) -> None:
        """Listens to all of it, before anything is loaded."""
        self.page.on("pageerror", self.note("error"))
        self.page.on("dialog", self.answer)
        self.page.on("popup", self.note("window"))
        self.page.on("console", self.hear)
        self.page.on("worker", self.note("worker"))
        self.page.context.route("**/*", self.stop)

    def answer(self, dialog: Any) -> None:
        """A dialog is noted and closed, or the page would wait for ever."""
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def hear(self, message: Any) -> None:
        """Errors and warnings of the console, those of the policy among them."""
        if message.type in {"error", "warning"}:
            self.troubles.append(f"console: {message.text}")

    def stop(self, route: Route) -> None:
        """Lets through what is on this disk and nothing else."""
        if route.request.url.startswith(LOCAL):
            route.continue_()
        else:
            self.troubles.append(f"request: {route.request.url}")
            route.abort()


Watch = Callable[..., Watched]


@pytest.fixture
def watch(chromium: Chromium) -> Iterator[Watch]:
    """Opens a file as a page that is watched: `watch(path, "#items", width=360, color_scheme="dark")`.

    At the end of the test there must be no trouble in any of its pages; a test that plants some clears the list.
    """
    asyncio._set_running_loop(chromium.loop)
    opened: list[Watched] = []

    def open_page(
        path: Path, fragment: str = "", *, width: int = 1280, height: int = 900, **options: Any
    ) -> Watched:
        viewport = {"width": width, "height": height}
        context = chromium.browser.new_context(viewport=viewport, offline=True, **options)
        context.set_default_timeout(PATIENCE)
        watched = Watched(context.new_page())
        watched.listen()
        opened.append(watched)
        watched.page.goto(f"file://{quote(str(path.absolute()))}{fragment}")
        return watched

    try:
        yield open_page
        assert [trouble for one in opened for trouble in one.troubles] == []
    finally:
        for one in opened:
            one.page.context.close()
        asyncio._set_running_loop(None)
