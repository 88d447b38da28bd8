"""The report of a real run on data that would do harm as anything but text, asked of a model that replies with more of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from rmb.run.rows import as_unicode
from tests.browsing import Watch
from tests.real_reports import BAD, NAME, hostile, records
from tests.test_compare_command import called
from tests.test_report_in_browser import HALF, OPEN_ALL, Markup, grave, ready

pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The report, made once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("hostile")
        patch.chdir(folder)
        patch.setenv("RMB_CACHE", str(folder / "cache"))
        yield hostile()


def seen(text: str) -> str:
    """A text as the page shows it: what cannot be seen by its picture or its number."""

    def sign(found: re.Match[str]) -> str:
        code = ord(found[0])
        if code == 0x7F:
            return "\u2421"
        return chr(0x2400 + code) if code < 0x20 else f"U+{code:04X}"

    return UNSEEN.sub(sign, text)


def texts(record: Mapping[str, Any]) -> list[list[str]]:
    """What an open item shows of a record: for each of its losers the turns, the best response and this one."""
    turns = [turn["content"] for turn in record["conversation_input"]]
    best = record.get("chosen") or record["bon_best"]
    losers = record.get("loser_list") or [record["reject"]]
    return [[seen(text) for text in (*turns, best["answer"], loser["answer"])] for loser in losers]


def name_of(record: Mapping[str, Any]) -> str:
    """The id of a record's item, as a run has it."""
    uid = record.get("pair_uid")
    return as_unicode(f"pairwise/{uid}" if uid else f"bon/{record['bon_uid']}")


def test_hostile_data_adds_no_markup(place: Path) -> None:
    """Tags of scripts are the page's own and those around packed items; there is no comment, and nothing unprintable."""
    text = place.read_text(encoding="utf-8")
    packed = len(
        re.findall(
            r'<script type="application/octet-stream" id="(?:index|chunk-\d+)">[\w+/=]+</script>\n', text
        )
    )
    assert packed >= 2
    assert len(re.findall("<script", text, re.IGNORECASE)) == packed + 1
    assert len(re.findall("</script", text, re.IGNORECASE)) == packed + 1
    assert "<!--" not in text
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)
    tags = {tag for tag, _, _ in Markup(text).attributes}
    assert tags.isdisjoint({"img", "iframe", "object", "embed", "form", "base", "link"})


def unfold(buttons: Locator) -> None:
    """Presses buttons, each of which is gone then."""
    for _ in range(buttons.count()):
        buttons.first.click()


def shown(page: Page) -> list[str]:
    """The texts of the conversation and of the responses of the open item, all of them."""
    unfold(page.locator(".part:nth-child(-n+2) .long > button"))
    found: list[str] = page.locator(".part:nth-child(-n+2) .text").evaluate_all(
        "all => all.map(one => one.textContent)"
    )
    return found


def test_every_text_is_shown_as_it_is(watch: Watch, place: Path) -> None:
    """All items in turn: turns, responses, writers and names letter for letter, controls by their signs; nothing runs."""
    page = ready(watch(place).page)
    wanted = {seen(name_of(record)): record for record in records()}
    title = page.locator("h3#item-title")
    for place_in_list in range(len(wanted)):
        page.locator("h1").click()  # out of the choice of a rival, where letters are no keys
        page.keyboard.press("j")
        expect(page.locator("#browser tbody tr").nth(place_in_list)).to_have_attribute("aria-current", "true")
        expect(page.locator(".part")).to_have_count(3)
        record = wanted.pop(str(title.text_content()))
        for loser, told in enumerate(texts(record), start=1):
            if loser > 1:
                page.locator("#rival").select_option(str(loser))
            assert shown(page) == told
        assert page.locator(".writer").first.text_content() == seen(
            (record.get("chosen") or record["bon_best"])["llm_name"]
        )
    assert wanted == {}


def test_replies_and_questions_are_shown_as_they_are(watch: Watch, place: Path) -> None:
    """Each reply is one of those that the model gave, and each question holds the response."""
    page = ready(watch(place, "#items?set=bon").page)
    replies = {f"{seen(bad)} {end}" for bad in BAD for end in ("[[A]]", "[[B]]", "neither")}
    read = set()
    for number in range(3):
        page.locator("#browser tbody button").nth(number).click()
        expect(page.locator(".part")).to_have_count(3)
        best = shown(page)[3]
        for details in page.locator(".answer").all():
            details.locator("summary").click()
            unfold(details.get_by_role("button", name="Show all"))
            told = details.locator(".text").evaluate_all("all => all.map(one => one.textContent)")
            read.add(told[-1])
            assert any(best in text for text in told)
    assert len(read) > 3
    assert read <= replies


STRANGERS = ":is(img, iframe, object, embed, form[action], base, link, a:not([href^='#']), [onerror], [onload], [onclick], [onmouseover], [style]:not(.tip))"


def test_nothing_comes_of_it(watch: Watch, place: Path) -> None:
    """With all unfolded and an item open there is no element but the page's own, wide or narrow."""
    page = ready(watch(place, width=360).page)
    page.locator("#browser tbody button").first.click()
    expect(page.locator(".part")).to_have_count(3)
    page.evaluate(OPEN_ALL)
    assert page.locator(STRANGERS).count() == 0
    assert page.locator("script").count() == len(re.findall("<script", place.read_text(encoding="utf-8")))
    expect(page.locator("h1")).to_have_text(NAME)
    expect(page).to_have_title(NAME)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_tips_are_texts(watch: Watch, place: Path) -> None:
    """What a mark of a drawing tells holds names of scenarios, and no element."""
    page = ready(watch(place).page)
    mark, tip = page.locator("#scenarios [data-value]").first, page.get_by_role("tooltip")
    mark.scroll_into_view_if_needed()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    mark.hover()
    expect(tip).to_contain_text("<")
    assert tip.evaluate("one => one.textContent") == mark.get_attribute("data-tip")
    assert tip.locator("*").count() == 0


def test_axe_finds_no_serious_fault(watch: Watch, place: Path) -> None:
    """Names of any kind break no rule either."""
    assert grave(ready(watch(place, "#items?set=bon", bypass_csp=True).page), *HALF) == []


def test_a_terminal_shows_it_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`rmb show` prints every item whose name can be typed; no control reaches the terminal."""
    names = [name for name in map(name_of, records()) if "\0" not in name and len(name) < 150]
    assert len(names) > 10
    for name in names:
        words = (
            "--item",
            name,
            "--data",
            str(place.parents[1] / "bad"),
            "--cache",
            str(place.parents[1] / "cache"),
        )
        ended = called(capsys, "show", str(place.parent), *words)
        assert ended.code == 0
        assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", ended.out)
