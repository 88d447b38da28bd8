"""The item browser in Chromium: the list, its filters, and the address that tells the place."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import Watch, Watched
from tests.item_pages import Report, big

if TYPE_CHECKING:
    from pathlib import Path

JUDGES = ("strict", "kind")
ROWS = (
    # id, outcome of each judge, scenario, opening
    ("pairwise/0", "rr", "help/Chat/Talk", "Why do tides rise?"),
    ("pairwise/1", "rw", "help/Chat/Talk", "Why do TIDES fall twice?"),
    ("pairwise/2", "wr", "help/Code", "Sort a list"),
    ("bon/0", "fi", "harm/S1", "How to pick a lock"),
    ("bon/1", "mr", "harm/S1", None),
    ("bon/2", "ir", "harm/S2", "Sort it out"),
    ("bon/3", "r-", "harm/S2", "The last"),
)
ALL = [row[0] for row in ROWS]


def small(judges: tuple[str, ...] = JUDGES) -> Report:
    """Seven rows without texts."""
    report = Report(judges, absent="The texts are left out.")
    for name, told, scenario, opening in ROWS:
        report.bare(name, told[: len(judges)], scenario=scenario, opening=opening)
    return report


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The seven rows as a page."""
    return small().write(tmp_path / "report.html")


def ids(page: Page) -> list[str]:
    """The ids in the list, once it is there."""
    page.locator(".count").wait_for()
    return page.locator("tbody button").all_inner_texts()


def address(watched: Watched, holding: str) -> str:
    """The fragment, decoded, once it holds this; it is written after a short pause."""
    watched.page.wait_for_url(lambda url: holding in unquote_plus(url))
    return unquote_plus(watched.page.url.partition("#")[2])


CHOICES = [
    ({"Goal": "harm"}, ["bon/0", "bon/1", "bon/2", "bon/3"], "goal=harm"),
    ({"Goal": "help", "Scenario": "help/Code"}, ["pairwise/2"], "goal=help&scenario=help/Code"),
    ({"Scenario": "help/Chat"}, ["pairwise/0", "pairwise/1"], "goal=help&scenario=help/Chat"),
    ({"Set": "bon"}, ["bon/0", "bon/1", "bon/2", "bon/3"], "set=bon"),
    ({"Set": "pairwise"}, ["pairwise/0", "pairwise/1", "pairwise/2"], "set=pairwise"),
    (
        {"Outcome": "right"},
        ["pairwise/0", "pairwise/1", "pairwise/2", "bon/1", "bon/2", "bon/3"],
        "outcome=right",
    ),
    (
        {"Outcome": "right", "of judge": "0"},
        ["pairwise/0", "pairwise/1", "bon/3"],
        "outcome=right&judge=strict",
    ),
    ({"Outcome": "wrong", "of judge": "1"}, ["pairwise/1"], "outcome=wrong&judge=kind"),
    ({"Outcome": "inconsistent"}, ["bon/0", "bon/2"], "outcome=inconsistent"),
    ({"Outcome": "failed"}, ["bon/0"], "outcome=failed"),
    ({"Outcome": "missing"}, ["bon/1"], "outcome=missing"),
    ({"of judge": "1"}, ["pairwise/0", "pairwise/1", "pairwise/2", "bon/0", "bon/1", "bon/2"], "judge=kind"),
    ({"Judges disagree": "yes"}, ["pairwise/1", "pairwise/2", "bon/2"], "differ=1"),
    ({"Flips": "right-wrong"}, ["pairwise/1"], "flip=right-wrong&from=strict&to=kind"),
    ({"Flips": "wrong-right"}, ["pairwise/2", "bon/2"], "flip=wrong-right&from=strict&to=kind"),
    ({"Search": "sort"}, ["pairwise/2", "bon/2"], "q=sort"),
    ({"Search": "tides FALL"}, ["pairwise/1"], "q=tides FALL"),
    ({"Search": "bon/ s1"}, ["bon/0", "bon/1"], "q=bon/ s1"),
    ({"Search": "sort", "Set": "bon"}, ["bon/2"], "set=bon&q=sort"),
    ({"Search": "nothing has this"}, [], "q=nothing has this"),
]


def choose(page: Page, chosen: dict[str, str]) -> None:
    """Makes these choices in the bar, and no others."""
    if page.get_by_role("button", name="Clear all").is_enabled():
        page.get_by_role("button", name="Clear all").click()
    for label, value in chosen.items():
        field = page.get_by_label(label, exact=True)
        if label == "Judges disagree":
            field.check()
        elif label == "Search":
            field.fill(value)
        else:
            field.select_option(value)


def test_each_choice_leaves_its_items_and_writes_the_address(watch: Watch, file: Path) -> None:
    """A choice in the bar leaves these items, they are counted, and the address says what was chosen."""
    watched = watch(file)
    for chosen, left, fragment in CHOICES:
        choose(watched.page, chosen)
        assert ids(watched.page) == left, fragment
        expect(watched.page.locator(".count")).to_have_text(f"{len(left)} of 7 items")
        assert address(watched, fragment) == f"items?{fragment}"


def test_each_address_restores_its_choice(watch: Watch, file: Path) -> None:
    """The address that a choice wrote leads to the same items, with the choice in the bar."""
    page = watch(file).page
    for _, left, fragment in CHOICES:
        page.evaluate("fragment => { location.hash = fragment; }", f"#items?{fragment}")
        expect(page.locator(".count")).to_have_text(f"{len(left)} of 7 items")
        assert ids(page) == left, fragment


def test_everything_can_be_cleared(watch: Watch, file: Path) -> None:
    """Clear all brings every item back, empties the address, and has nothing to do then."""
    watched = watch(file, "#items?goal=harm&q=lock&differ=1")
    assert ids(watched.page) == []
    expect(watched.page.get_by_text("No item passes these filters.")).to_be_visible()
    watched.page.get_by_role("button", name="Clear all").click()
    assert ids(watched.page) == ALL
    expect(watched.page.get_by_role("button", name="Clear all")).to_be_disabled()
    watched.page.wait_for_url(lambda url: url.endswith("#items"))


def test_only_scenarios_of_the_goal_are_offered(watch: Watch, file: Path) -> None:
    """The list of scenarios follows the goal; one of another goal is let go."""
    page = watch(file, "#items?scenario=help/Chat/Talk").page
    options = page.get_by_label("Scenario").locator("option")
    assert [option.get_attribute("value") for option in options.all()] == [
        "",
        "help/Chat",
        "help/Chat/Talk",
        "help/Code",
    ]
    page.get_by_label("Goal").select_option("harm")
    assert [option.get_attribute("value") for option in options.all()] == ["", "harm/S1", "harm/S2"]
    assert ids(page) == ["bon/0", "bon/1", "bon/2", "bon/3"]


def test_the_judges_of_a_flip_are_two(watch: Watch, file: Path) -> None:
    """The second judge becomes the first when it is chosen as the first: flips the other way round."""
    watched = watch(file, "#items?flip=right-wrong")
    assert ids(watched.page) == ["pairwise/1"]
    watched.page.get_by_label("from judge").select_option("1")
    expect(watched.page.get_by_label("to judge")).to_have_value("0")
    assert ids(watched.page) == ["pairwise/2", "bon/2"]
    assert address(watched, "from=kind") == "items?flip=right-wrong&from=kind&to=strict"


def test_one_judge_has_nobody_to_disagree_with(watch: Watch, tmp_path: Path) -> None:
    """With one judge there are no flips and no disagreement to choose."""
    page = watch(small(JUDGES[:1]).write(tmp_path / "one.html")).page
    assert ids(page) == ALL
    expect(page.get_by_label("Judges disagree")).to_have_count(0)
    expect(page.get_by_label("Flips")).to_have_count(0)


def test_the_list_says_outcomes_in_words_and_signs(watch: Watch, file: Path) -> None:
    """Each judge has a column; an outcome is a sign and a word, not a colour alone."""
    page = watch(file).page
    headers = page.locator("thead th").all_inner_texts()
    assert headers == ["Item", "Set", "Scenario", "Opening", "strict", "kind"]
    cells = page.locator("tbody tr").nth(3).locator("td.judge .mark").all_inner_texts()
    assert [" ".join(cell.split()) for cell in cells] == ["! failed", "⇄ inconsistent"]
    assert page.locator("tbody tr").nth(4).locator(".opening").inner_text() == "not known"


NONSENSE = [
    ("#items?judge=nobody", "judge=nobody", ALL),
    ("#items?item=pairwise/77&set=bon", "item=pairwise/77", ["bon/0", "bon/1", "bon/2", "bon/3"]),
    ("#items?goal=%E0%A4%A&outcome=wonderful", "outcome=wonderful", ALL),
    ("#items?__proto__=1&constructor=x&set=toString", "__proto__=1, constructor=x, set=toString", ALL),
    ("#items?%00&&==&differ=2", "differ=2", ALL),
    ("#items?" + "x" * 5000, "x" * 50, ALL),
]


@pytest.mark.parametrize(("fragment", "told", "left"), NONSENSE, ids=[case[1][:40] for case in NONSENSE])
def test_an_address_that_makes_no_sense_is_said(
    watch: Watch, file: Path, fragment: str, told: str, left: list[str]
) -> None:
    """What the report does not know is named in one line; the rest of the address holds, and the list is there."""
    page = watch(file, fragment).page
    expect(page.locator(".notice")).to_contain_text(told)
    assert ids(page) == left
    assert len(page.locator(".notice").inner_text()) < 300
    expect(page.locator(".item")).to_be_hidden()


def test_other_places_of_the_page_are_left_to_the_browser(watch: Watch, file: Path) -> None:
    """A fragment of another section changes nothing in the list."""
    page = watch(file, "#items?set=bon").page
    assert ids(page) == ["bon/0", "bon/1", "bon/2", "bon/3"]
    page.evaluate("location.hash = '#scenarios'")
    assert ids(page) == ["bon/0", "bon/1", "bon/2", "bon/3"]
    page.evaluate("location.hash = '#items?set=pairwise'")
    expect(page.locator(".count")).to_have_text("3 of 7 items")
    page.go_back()
    page.go_back()
    expect(page.get_by_label("Set")).to_have_value("bon")


def test_of_many_items_only_a_page_is_drawn(watch: Watch, tmp_path: Path) -> None:
    """Of 25,000 items 50 are in the document, whatever the filter; pages are turned."""
    page = watch(big(25_000, ("a", "b", "c")).write(tmp_path / "big.html")).page
    expect(page.locator(".count")).to_have_text("25,000 items")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Next →").click()
    expect(page.locator("tbody button").first).to_have_text("pairwise/50")
    expect(page.locator(".where")).to_have_text("51–100 of 25,000")
    page.get_by_label("Goal").select_option("harmlessness")
    expect(page.locator(".where")).to_have_text("1–50 of 12,500")
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_role("button", name="← Previous")).to_be_disabled()


def test_an_item_far_down_is_shown_on_its_page(watch: Watch, tmp_path: Path) -> None:
    """An address of an item opens it, turns the list to its page, and marks its row."""
    page = watch(big(1_000, ("a",)).write(tmp_path / "big.html"), "#items?item=pairwise/700").page
    expect(page.locator("h3#item-title")).to_have_text("pairwise/700")
    expect(page.locator("tr[aria-current=true] button")).to_have_text("pairwise/700")
    expect(page.locator(".where")).to_have_text("701–750 of 1,000")
