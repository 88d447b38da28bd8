"""Reports of real runs in a real browser, from disk and without a network: what a reader does with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from rmb.report.page.markup import digest
from tests.browsing import Watch
from tests.real_reports import NAMES, Reports, made

pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    """The reports by name, made once; before a browser is used, whose event loop is not for sharing."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("reports")
        patch.chdir(folder)
        patch.setenv("RMB_CACHE", str(folder / "cache"))
        yield made()


def ready(page: Page) -> Page:
    """The page when its script has listed the items."""
    page.locator("#browser tbody tr").first.wait_for()
    return page


class Markup(HTMLParser):
    """What a page's markup holds: its policy, scripts and styles, and every attribute."""

    def __init__(self, text: str) -> None:
        """text: the whole file."""
        super().__init__()
        self.policy: dict[str, list[str]] = {}
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self.attributes: list[tuple[str, str, str]] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the attributes, and the policy if they tell it."""
        told = dict(attrs)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if told.get("http-equiv") == "Content-Security-Policy":
            directives = [one.split() for one in (told["content"] or "").split(";")]
            self.policy = {name: values for name, *values in directives}
        self.inside = tag if tag in self.texts and told.get("type") is None else ""

    def handle_endtag(self, tag: str) -> None:
        """Leaves the element."""
        self.inside = ""

    def handle_data(self, data: str) -> None:
        """Notes the text of scripts and styles, but for packed items."""
        if self.inside:
            self.texts[self.inside].append(data)


# What the file holds.


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_lets_nothing_run_but_the_page_s_own(reports: Reports, name: str) -> None:
    """Nothing from anywhere, one script and one style by their hashes; and there is nothing else to run or to fetch."""
    held = Markup(reports[name].read_text(encoding="utf-8"))
    (script,), (style,) = held.texts["script"], held.texts["style"]
    assert held.policy == {
        "default-src": ["'none'"],
        "script-src": [f"'{digest(script)}'"],
        "style-src": [f"'{digest(style)}'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
    fetching = {"src", "style", "srcset", "action", "data", "srcdoc", "ping", "xlink:href"}
    assert [one for one in held.attributes if one[1] in fetching or one[1].startswith("on")] == []
    assert {value[:1] for _, key, value in held.attributes if key == "href"} == {"#"}
    assert "url(" not in style
    assert "@import" not in style


# How it is read.


@pytest.mark.parametrize("name", NAMES)
def test_without_a_script_all_figures_are_there(watch: Watch, reports: Reports, name: str) -> None:
    """Tables, drawings and what is folded away are markup; only the items need the script, and that is said."""
    counts = []
    for on in (True, False):
        page = watch(reports[name], java_script_enabled=on).page
        parts = (
            ":is(section:not(#items)) table",
            "figure svg",
            "td data",
            "details:not(#items *)",
            "main > section:not(#items) dl > div",
        )
        counts.append([page.locator(one).count() for one in parts])
    assert counts[0] == counts[1]
    assert all(count > 0 for count in counts[1])
    expect(page.locator("#items noscript p")).to_be_visible()


@pytest.mark.parametrize("name", NAMES)
def test_headings_and_landmarks_are_in_order(watch: Watch, reports: Reports, name: str) -> None:
    """One heading of the page, no level left out; header, sections to go to, main; each section has its heading's name."""
    page = ready(watch(reports[name]).page)
    levels = [
        int(tag[1])
        for tag in page.locator(":is(h1,h2,h3,h4,h5,h6):visible").evaluate_all(
            "all => all.map(one => one.tagName)"
        )
    ]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for role in ("banner", "main"):
        expect(page.get_by_role(role)).to_have_count(1)
    links = page.get_by_role("navigation", name="Sections").get_by_role("link")
    ids = [str(link.get_attribute("href"))[1:] for link in links.all()]
    assert ids == page.locator("main > section").evaluate_all("all => all.map(one => one.id)")
    for link, place in zip(links.all(), ids, strict=True):
        expect(page.locator(f"#{place}")).to_have_accessible_name(link.inner_text())


HALF, OTHER_HALF = ((1280, "light"), (360, "dark")), ((1280, "dark"), (360, "light"))


def grave(page: Page, *ways: tuple[int, str]) -> list[str]:
    """The serious and critical violations that axe-core finds with everything unfolded, each with the first element
    concerned. ways: widths and colours.
    """
    page.evaluate(OPEN_ALL)
    told = []
    for width, scheme in ways:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [one for one in found if one["impact"] in {"serious", "critical"}]
        told += [f"{width} {scheme} {one['id']}: {one['nodes'][0]['html'][:200]}" for one in serious]
    return told


@pytest.mark.parametrize(
    "ways", [HALF, pytest.param(OTHER_HALF, marks=pytest.mark.slow)], ids=["half", "other half"]
)
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_no_serious_fault(
    watch: Watch, reports: Reports, name: str, ways: Sequence[tuple[int, str]]
) -> None:
    """In no window, in no colours; of the items a few are enough."""
    few = "#items?set=bon&goal=harmlessness&q=S1"
    page = ready(watch(reports[name], few if name == "both" else "", bypass_csp=True).page)
    assert grave(page, *ways) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_telephone_shows_it_without_scrolling_sideways(watch: Watch, reports: Reports, name: str) -> None:
    """Tables and drawings scroll by themselves, and no drawing is made smaller than its letters can be read."""
    page = ready(watch(reports[name], width=360).page)
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    drawn = page.locator("figure svg").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().width / one.getAttribute('width'))"
    )
    assert min(drawn) > 0.99


def colours(page: Page) -> list[str]:
    """Of the paper, a text, and a drawing's text."""
    found: list[str] = page.evaluate(
        """() => [['body', 'backgroundColor'], ['h1', 'color'], ['.figure text', 'fill']].map(
            ([where, what]) => getComputedStyle(document.querySelector(where))[what])"""
    )
    return found


def test_light_and_dark(watch: Watch, reports: Reports) -> None:
    """As the system has it, until the button is used; drawings go with the page."""
    page = ready(watch(reports["often"], color_scheme="light").page)
    light = colours(page)
    page.emulate_media(color_scheme="dark")
    dark = colours(page)
    assert all(one != other for one, other in zip(light, dark, strict=True))
    page.get_by_role("button", name="Light colours").click()
    assert colours(page) == light
    page.get_by_role("button", name="Dark colours").click()
    page.emulate_media(color_scheme="light")
    assert colours(page) == dark


@pytest.mark.parametrize("chosen", [False, True])
def test_on_paper(watch: Watch, reports: Reports, chosen: bool) -> None:
    """Nothing to press, nothing cut off, dark ink on white whatever the screen shows."""
    page = ready(watch(reports["both"], color_scheme="light" if chosen else "dark").page)
    if chosen:
        page.locator("#theme").click()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(":is(nav, button:not(.id), .bar, .skip):visible").count() == 0
    assert set(
        page.locator("main .scroll").evaluate_all("all => all.map(one => getComputedStyle(one).overflowX)")
    ) == {"visible"}
    assert colours(page) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)", "rgb(27, 31, 36)"]
    expect(page.locator("figure svg").first).to_be_visible()


def test_everything_is_reached_by_keyboard(watch: Watch, reports: Reports) -> None:
    """Tab goes to the link past the sections, then to all that scrolls, unfolds, filters or opens."""
    page = ready(watch(reports["often"], width=600).page)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="To the figures")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    wanted = "body > nav a, #theme, main .scroll:not(details *), summary:not(details details *), #browser :is(input, select, button:enabled):not(dialog *)"
    page.evaluate("addEventListener('focusin', ({ target }) => { target.dataset.met = ''; })")
    for _ in range(page.locator(wanted).count() + 5):
        page.keyboard.press("Tab")
    missed = (
        page.locator(wanted)
        .locator("visible=true")
        .evaluate_all(
            "all => all.filter(one => !('met' in one.dataset)).map(one => one.outerHTML.slice(0, 90))"
        )
    )
    assert missed == []
    skip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_in_viewport()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_mark_of_a_drawing_tells_its_figures(watch: Watch, reports: Reports) -> None:
    """Under the pointer, as text and nothing else; Esc hides it."""
    page = ready(watch(reports["both"]).page)
    mark, tip = page.locator("#scenarios [data-value]").last, page.get_by_role("tooltip")
    told = mark.get_attribute("data-tip")
    mark.scroll_into_view_if_needed()
    # Scrolling hides it, and is told of in the next frame.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    mark.hover()
    expect(tip).to_be_visible()
    assert tip.evaluate("one => one.textContent") == told
    assert tip.locator("*").count() == 0
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def dotted(pointer: str) -> str:
    """A JSON pointer to a figure's value as drawings name the figure."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return ".".join(steps).removesuffix(".value")


@pytest.mark.parametrize("name", ["both", "often"])
def test_whoever_has_no_pointer_finds_the_same_in_a_table(watch: Watch, reports: Reports, name: str) -> None:
    """Each mark of the scenarios' drawings stands for a number that the tables below them hold."""
    page = ready(watch(reports[name]).page)
    drawn = page.locator("#scenarios [data-value]").evaluate_all(
        "all => all.map(one => [one.dataset.path, Number(one.dataset.value)])"
    )
    listed = page.locator("#scenarios td data").evaluate_all(
        "all => all.map(one => [one.dataset.pointer, Number(one.value)])"
    )
    assert drawn
    assert {(place, value) for place, value in drawn} <= {(dotted(place), value) for place, value in listed}


# The items.


def test_an_item_is_found_read_and_sent_to_someone(watch: Watch, reports: Reports) -> None:
    """Filters leave some; j and k go through these alone; the address opens the same item elsewhere; Esc goes back."""
    page = ready(watch(reports["both"]).page)
    page.get_by_label("Goal").select_option("harmlessness")
    page.get_by_label("Outcome").select_option("wrong")
    page.get_by_label("of judge").select_option("1")
    left = int(str(page.locator(".count").text_content()).split()[0])
    assert 3 < left < 147
    title = page.locator("h3#item-title")
    seen = []
    for key in "jjjk":
        page.keyboard.press(key)
        expect(page.locator(".part")).to_have_count(3)
        seen.append(title.text_content())
    assert len(set(seen)) == 3
    assert seen[1] == seen[3]
    expect(page.locator(".said", has_text="random").locator("h5 .mark")).to_have_text("✗ wrong")
    page.wait_for_url(lambda url: f"item={seen[3]}" in url)
    again = watch(reports["both"], f"#{page.url.partition('#')[2]}").page
    expect(again.locator("h3#item-title")).to_have_text(str(seen[3]))
    expect(again.locator(".count")).to_have_text(f"{left} of 147 items")
    expect(again.locator(".part .text").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(title).to_be_hidden()
    expect(page.locator("tbody tr", has_text=str(seen[3])).get_by_role("button")).to_be_focused()


def test_a_count_of_flips_leads_to_these_items(watch: Watch, reports: Reports) -> None:
    """Each number of the table is the number of items that its link leaves."""
    page = ready(watch(reports["both"]).page)
    links = page.locator("#comparison td a")
    expect(links).to_have_count(2)
    for link in links.all():
        flips = link.inner_text()
        assert int(flips) > 0
        link.click()
        expect(page.locator(".count")).to_have_text(f"{flips} of 147 items")
        expect(page.locator("#items")).to_be_in_viewport()


def test_rows_and_replies_of_an_item_asked_often(watch: Watch, reports: Reports) -> None:
    """Every rotation of a list, three times: each with its reply, what was asked, and why it was read so."""
    page = ready(watch(reports["often"], "#items?set=bon").page)
    page.locator("#browser tbody button").first.click()
    expect(page.locator(".showing").first).to_be_visible()
    told = " ".join(page.locator(".showing .order").all_inner_texts())
    assert all(part in told for part in ("list order 0", "list order 2", "sample 2", "against response 3"))
    answer = page.locator(".showing details").first
    answer.locator("summary").click()
    expect(answer.get_by_text("Raw reply")).to_be_visible()
    expect(answer.locator(".message").last).to_contain_text("openai/model")
    expect(page.locator(".why").first).to_be_visible()


def test_a_drawing_is_beside_another_where_there_is_room(watch: Watch, reports: Reports) -> None:
    """Heat maps of a study stand in one row on a wide page and below each other on a telephone."""
    for width, rows in ((1280, 1), (360, 3)):
        page = ready(watch(reports["study"], width=width).page)
        tops: list[Any] = page.locator("#axes figure").evaluate_all(
            "all => all.map(one => Math.round(one.getBoundingClientRect().top))"
        )
        assert len(set(tops)) == rows


def test_reports_stay_small(reports: Reports) -> None:
    """A sample's report, with all its items, is half a megabyte at most."""
    assert {path.stat().st_size < 500_000 for path in reports.values()} == {True}


def test_reports_are_files_of_their_own(reports: Reports, tmp_path: Path, watch: Watch) -> None:
    """Moved elsewhere, away from its run, a report is whole."""
    moved = tmp_path / "a folder" / "moved #1 ?.html"
    moved.parent.mkdir()
    moved.write_bytes(reports["often"].read_bytes())
    page = ready(watch(moved, "#items?set=bon").page)
    page.locator("#browser tbody button").first.click()
    expect(page.locator(".part")).to_have_count(3)
