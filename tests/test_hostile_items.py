"""Texts that would do harm as anything but text, in every field of the items; and files that are damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from rmb.report.page.blobs import blob
from tests.browsing import Watch
from tests.item_pages import Report, showing

if TYPE_CHECKING:
    from pathlib import Path

MARKUP = """\
<script>alert(1)</script> </script><script>alert(2)</script> <!-- <script> --><img src=x onerror=alert(3)> \
<img src=https://example.invalid/x.png> "><svg onload=alert(4)> '><iframe src=javascript:alert(5)> ]]>&lt;b&gt;&#x27; \
<a href='javascript:alert(6)'>x</a> <style>body{display:none}</style> ${alert(7)} {{alert(8)}} \
"""
HOSTILE = [
    MARKUP,
    "</script><script>alert(2)</script>",
    "<!-- <script>",
    "javascript:alert(5)",
    "__proto__",
    "constructor",
    f"a\0b\x1b[31m\x7f\x85 {chr(0xD800)} and {chr(0xDC00)} ab\u202edc\u2066\u2069\U000e0041\ufeff",
    "שלום (abc)! مرحبا 123",
    " ",
    "x" * 1_048_576,
]
SHOWN = [text for text in HOSTILE if text.isprintable() and text.strip() and len(text) < 2_000]


def everywhere(bad: str, number: int = 0) -> Report:
    """A report that holds this in each of its fields."""
    report = Report((bad, f"{bad}2"), absent=bad)
    answer = report.answer(
        asked=[(bad, bad)],
        reply=bad,
        tokens=[[bad, [[bad, -0.5], [f"{bad}!", -1.0]]]],
        model=bad,
        finish=bad,
        why=bad,
    )
    judged = {
        "0": [showing(answers=[answer]), showing(said=None, failure=[bad, bad], answers=[answer])],
        "1": [showing(answers=[report.answer(absent=bad)])],
    }
    turns, candidates = [(bad, bad)], [(f"{bad} one", bad), (f"{bad} two", bad), (bad, bad)]
    report.add(f"{bad}{number}", "rw", turns, candidates, scenario=f"{bad}/{bad}/{bad}", judged=judged)
    report.bare(f"bare {bad}", "w-", scenario=f"{bad}/other", opening=bad)
    return report


def look_at_all(page: Page) -> None:
    """Opens what can be opened, and uses every filter."""
    page.locator("tbody button").first.click()
    expect(page.locator(".part")).to_have_count(3)
    page.get_by_role("button", name="Word diff").click()
    page.locator("#rival").select_option("2")
    for details in page.locator("details").all():
        details.locator("summary").click()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.locator(".item .notice")).to_be_visible()
    page.get_by_role("button", name="Back to the list").click()
    for name in ("judge", "goal", "scenario", "flip", "from"):
        page.locator(f"#filter-{name}").select_option(index=1)
    page.get_by_role("button", name="Clear all").click()


STRANGERS = "#browser :is(script, style, img, svg, iframe, object, link, base, meta, [onerror], [onload], [onclick], [style])"


@pytest.mark.parametrize("bad", HOSTILE, ids=[ascii(text)[:40] for text in HOSTILE])
def test_whatever_a_field_holds_is_shown_as_text(watch: Watch, tmp_path: Path, bad: str) -> None:
    """In every field: nothing runs, asks, or fails (the fixture sees to it), no element comes of it, and it is there."""
    page = watch(everywhere(bad).write(tmp_path / "bad.html")).page
    look_at_all(page)
    assert page.locator(STRANGERS).count() == 0
    assert page.evaluate("Object.keys(Object.prototype).length + Object.keys(Array.prototype).length") == 0
    links = page.locator("#browser a").evaluate_all("all => all.map(one => one.protocol)")
    assert set(links) <= {"file:"}
    page.locator("tbody button").first.click()
    expect(page.locator(".part")).to_have_count(3)
    if bad in SHOWN:
        told = page.locator(".item").evaluate("item => item.textContent")
        assert told.count(bad) >= 12


def test_every_hostile_place_has_an_address(watch: Watch, tmp_path: Path) -> None:
    """The item, judge and scenario that a fragment names are found again, whatever they are called."""
    for number, bad in enumerate((f"<b>&=#%+ ?'\" {chr(0xD800)}", "__proto__", "a\0\u202e")):
        file = everywhere(bad, number).write(tmp_path / f"{number}.html")
        watched = watch(file)
        page = watched.page
        page.locator("#filter-judge").select_option("1")
        page.locator("#filter-scenario").select_option(index=2)
        page.locator("tbody button").first.click()
        page.wait_for_url(lambda url: "item=" in url)
        title = page.locator("h3#item-title").text_content()
        again = watch(file, f"#{page.url.partition('#')[2]}").page
        expect(again.locator("h3#item-title")).to_have_text(title or "")
        expect(again.locator("#filter-judge")).to_have_value("1")
        expect(again.locator(".notice").first).to_be_hidden()
        page.context.close()


UNSEEN = [
    ("a\0b", ["␀"]),
    ("\x1b[0m", ["␛"]),
    ("\x7f\x85", ["␡", "U+0085"]),
    ("a\rb", ["␍"]),
    ("\u202ex\u2066", ["U+202E", "U+2066"]),
    (chr(0xD83D), ["U+D83D"]),
    ("\0" * 1000, ["␀×1,000"]),
    ("\U000e0041", ["U+E0041"]),
    ("tab\tand\nline 😀 👩‍👩‍👧", []),
]


def test_what_cannot_be_seen_is_named(watch: Watch, tmp_path: Path) -> None:
    """Controls, marks of direction and lone surrogates stand as marked signs; a run of the same as one."""
    report = Report()
    for number, (text, _) in enumerate(UNSEEN):
        report.add(f"pairwise/{number}", "r", [("user", text)], [("a", None), ("b", None)])
    page = watch(report.write(tmp_path / "unseen.html")).page
    for number, (_, named) in enumerate(UNSEEN):
        page.locator("tbody button", has_text=f"pairwise/{number}").evaluate("one => one.click()")
        expect(page.locator("h3#item-title")).to_have_text(f"pairwise/{number}")
        expect(page.locator(".part").first.locator(".control")).to_have_text(named)


def test_a_megabyte_of_controls_is_named_in_bounded_work(watch: Watch, tmp_path: Path) -> None:
    """Of each portion the first thousand are marked, the rest named all the same; nothing is left raw."""
    report = Report()
    report.add("pairwise/0", "r", [("user", "a\0b\x01" * 260_000)], [("best", None), ("other", None)])
    page = watch(report.write(tmp_path / "controls.html"), "#items?item=pairwise/0").page
    page.get_by_role("button", name="Show all (1,040,000 characters)").click()
    text = page.locator(".part .text").first
    expect(text.locator(".portion").first.locator(".control")).to_have_count(1_000)
    counts = text.evaluate(
        "one => [...'\\u2400\\u2401\\0'].map((sign) => one.textContent.split(sign).length - 1)"
    )
    assert counts == [260_000, 260_000, 0]


def test_texts_keep_their_direction_to_themselves(watch: Watch, tmp_path: Path) -> None:
    """A right-to-left text runs so, and what stands beside it does not move."""
    page = watch(everywhere("שלום").write(tmp_path / "rtl.html")).page
    page.locator("tbody button").first.click()
    text = page.locator(".part .text").first
    expect(text).to_have_css("direction", "rtl")
    expect(text).to_have_css("unicode-bidi", "isolate")
    expect(page.locator("h3#item-title bdi")).to_have_css("unicode-bidi", "isolate")
    expect(page.locator(".part").first).to_have_css("direction", "ltr")


def test_a_megabyte_in_one_line_is_shown_in_part(watch: Watch, tmp_path: Path) -> None:
    """Of a long text the beginning is drawn, and all of it on demand; it breaks, and nothing scrolls sideways."""
    report, line = Report(), "x" * 19_999 + "😀" + "y" * (1_048_576 - 20_001)
    report.add("pairwise/0", "r", [("user", line)], [("best", None), ("other", None)])
    page = watch(report.write(tmp_path / "long.html"), "#items?item=pairwise/0", width=360).page
    text = page.locator(".part .text").first
    expect(text).to_have_text("x" * 19_999 + "😀…")
    page.get_by_role("button", name="Show all (1,048,575 characters)").click()
    assert text.evaluate("one => one.textContent.length") == 1_048_576
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


DAMAGED = [
    ("chunk_0", "AAAA", "The part “chunk-0” of this file cannot be unpacked"),
    ("chunk_0", "!!!!", "The part “chunk-0” of this file cannot be unpacked"),
    ("chunk_0", blob([])[:-8], "The part “chunk-0” of this file cannot be unpacked"),
    (
        "chunk_0",
        blob({"texts": [], "items": [], "answers": []}),
        "“chunk-0” of this file does not hold this item",
    ),
]


@pytest.mark.parametrize(("part", "blob", "told"), DAMAGED, ids=["deflate", "base64", "cut", "empty"])
def test_a_damaged_chunk_is_named(watch: Watch, tmp_path: Path, part: str, blob: str, told: str) -> None:
    """A visible message names the part; the list and its keys go on working, and other items open."""
    file = everywhere("text").write(tmp_path / "damaged.html", **{part: blob})
    page = watch(file, "#items?item=text0").page
    expect(page.locator(".item").get_by_role("alert")).to_contain_text(told)
    page.keyboard.press("j")
    expect(page.locator(".item .notice")).to_have_text("text")


def test_a_chunk_that_is_not_there_is_named(watch: Watch, tmp_path: Path) -> None:
    """An item may point at a part that was cut out of the file."""
    report = everywhere("text")
    report.columns["chunk"][0] = 7
    page = watch(report.write(tmp_path / "cut.html"), "#items?item=text0").page
    expect(page.locator(".item").get_by_role("alert")).to_have_text("The part “chunk-7” is not in this file.")


def test_a_damaged_index_is_named(watch: Watch, tmp_path: Path) -> None:
    """Without an index there is no list; the page says so instead of staying empty."""
    page = watch(everywhere("text").write(tmp_path / "damaged.html", index="AAAA")).page
    expect(page.locator("#browser").get_by_role("alert")).to_contain_text(
        "“index” of this file cannot be unpacked"
    )


def test_planted_trouble_is_seen(watch: Watch, tmp_path: Path) -> None:
    """What the fixture listens to is heard: a dialog, an error, a request, a line of the console."""
    watched = watch(everywhere("text").write(tmp_path / "report.html"), bypass_csp=True)
    watched.page.evaluate("""() => {
        console.error("planted");
        setTimeout(() => { throw new Error("thrown"); });
        new Image().src = "https://example.invalid/x.png";
        alert("shown");
    }""")
    watched.page.wait_for_timeout(200)
    heard = " ".join(watched.troubles)
    assert all(
        one in heard for one in ("planted", "thrown", "request: https://example.invalid", "dialog: shown")
    )
    watched.troubles.clear()
