"""The page for everybody: accessibility rules, narrow windows, light and dark, tooltips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browsing import Watch
from tests.item_pages import page as page_of
from tests.test_hostile_items import everywhere
from tests.test_open_item import told

if TYPE_CHECKING:
    from pathlib import Path

FIGURE = """<section id="headline"><h2>Figures</h2><svg width="100" height="50" role="img" aria-label="a drawing">
<circle cx="20" cy="20" r="9" tabindex="0" data-tip="S1: 0.5&#10;n 12"></circle></svg></section>
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Items of all kinds under a drawing with a tooltip."""
    path = tmp_path / "report.html"
    path.write_text(page_of(told().blobs(), body=FIGURE), encoding="utf-8")
    return path


def serious(page: Page) -> list[str]:
    """The serious and critical violations that axe-core finds, each with the first element concerned."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def open_everything(page: Page) -> None:
    """The diff, and all that is folded away."""
    expect(page.locator(".part")).to_have_count(3)
    page.get_by_role("button", name="Word diff").click()
    for details in page.locator("details").all():
        details.locator("summary").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_no_serious_fault(watch: Watch, file: Path, scheme: str, width: int) -> None:
    """With the list, with an item whose parts are all open, and with the list of keys."""
    page = watch(file, width=width, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce").page
    page.locator("tbody tr").first.wait_for()
    assert serious(page) == []
    page.locator("tbody button").first.click()
    open_everything(page)
    assert serious(page) == []
    page.keyboard.press("?")
    assert serious(page) == []


@pytest.mark.parametrize("name", ["", "pairwise/0", "bon/0"])
def test_nothing_scrolls_sideways_at_360_pixels(watch: Watch, file: Path, name: str) -> None:
    """The list, and items with all parts open, fit a telephone."""
    page = watch(file, f"#items?item={name}" if name else "", width=360).page
    page.locator(".count").wait_for(state="attached")
    if name:
        open_everything(page)
        expect(page.locator(".items")).to_be_hidden()
        expect(page.locator(".bar")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_long_words_are_broken(watch: Watch, tmp_path: Path) -> None:
    """A word of 300 letters in every field fits a telephone, and none of it is cut off."""
    page = watch(everywhere("w" * 300).write(tmp_path / "long.html"), width=360).page
    page.locator("tbody button").first.click()
    open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    texts = page.locator(".item :is(.text, bdi, p)")
    assert (
        texts.evaluate_all("all => all.filter((one) => one.getBoundingClientRect().right > 360).length") == 0
    )


def test_a_wide_window_shows_list_and_item_side_by_side(watch: Watch, file: Path) -> None:
    """Where there is room the list stays beside the item, and the search can be used."""
    page = watch(file, "#items?item=bon/0").page
    expect(page.locator(".part")).to_have_count(3)
    listed, item = page.locator(".items").bounding_box(), page.locator("section.item").bounding_box()
    assert listed is not None
    assert item is not None
    assert listed["x"] + listed["width"] < item["x"]
    page.keyboard.press("/")
    expect(page.locator(":focus")).to_have_attribute("id", "filter-q")


def test_in_a_narrow_window_the_search_brings_the_list_back(watch: Watch, file: Path) -> None:
    """The bar is hidden behind an open item there; / closes it first."""
    page = watch(file, "#items?item=bon/0", width=700).page
    expect(page.locator(".part")).to_have_count(3)
    page.keyboard.press("/")
    expect(page.locator(":focus")).to_have_attribute("id", "filter-q")
    expect(page.locator("section.item")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_theme_follows_the_system_until_it_is_chosen(
    watch: Watch, file: Path, scheme: str, other: str
) -> None:
    """The button leads to the other theme, which stays when the page is read again."""
    paper = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}
    page = watch(file, color_scheme=scheme).page
    body, button = page.locator("body"), page.locator("#theme")
    expect(body).to_have_css("background-color", paper[scheme])
    expect(button).to_have_text(other.capitalize())
    page.emulate_media(color_scheme=other)
    expect(button).to_have_text(scheme.capitalize())
    page.emulate_media(color_scheme=scheme)
    button.click()
    expect(body).to_have_css("background-color", paper[other])
    expect(button).to_have_text(scheme.capitalize())
    page.reload()
    expect(body).to_have_css("background-color", paper[other])


def test_a_browser_without_memory_keeps_the_theme_for_the_page(watch: Watch, file: Path) -> None:
    """Where the browser refuses its memory to files, the button works all the same."""
    watched = watch(file)
    watched.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
    )
    watched.page.reload()
    watched.page.locator("#theme").click()
    expect(watched.page.locator("html")).to_have_attribute("data-theme", "dark")


def test_tooltips_of_drawings(watch: Watch, file: Path) -> None:
    """A drawing's text is shown under the pointer and on focus, described to screen readers, and hidden by Esc."""
    page = watch(file).page
    mark, tip = page.locator("circle"), page.get_by_role("tooltip")
    mark.hover()
    expect(tip).to_have_text("S1: 0.5\nn 12")
    expect(mark).to_have_attribute("aria-describedby", "tip")
    page.mouse.move(600, 300)
    expect(tip).to_be_hidden()
    mark.focus()
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    assert mark.get_attribute("aria-describedby") is None
    box = page.viewport_size
    assert box is not None
    mark.hover()
    shown = tip.bounding_box()
    assert shown is not None
    assert shown["x"] >= 0
    assert shown["x"] + shown["width"] <= box["width"]
