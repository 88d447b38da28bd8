"""An item opened in Chromium: texts, responses and their diff, what judges said, and getting about by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import Watch
from tests.item_pages import Report, showing

if TYPE_CHECKING:
    from pathlib import Path

ASKED = (("system", "Be a judge."), ("user", "[A] the tide rises [B] the tide falls"))


def told() -> Report:
    """A pair that two judges saw, a list of three, and a pair without texts."""
    report = Report(("prompted", "scoring"), absent="The texts are left out: 5 MB are full.")
    answers = [
        report.answer(
            asked=ASKED,
            reply="It is [[A]]",
            tokens=[["A", [["A", -0.106], ["B", -2.303]]], ["x\n", []]],
            model="gpt-4o-2024",
            finish="stop",
            prompt_tokens=1812,
            completion_tokens=3,
            cost_usd=0.0021,
            seconds=0.8,
            why="the last letter in double brackets",
        ),
        report.answer(absent="This answer is not in this store."),
        report.answer(rewards=[0.3125, -1.5]),
    ]
    pair = {
        "0": [
            showing(answers=[answers[0]]),
            showing(
                position=1,
                said=None,
                best=None,
                rival=None,
                credit=0.0,
                failure=["parse", "no verdict in 12 words"],
                answers=[answers[1]],
            ),
        ],
        "1": [
            showing(
                position=None,
                said="rejected",
                best=0.3125,
                rival=1.5,
                credit=0.0,
                sample=1,
                answers=[answers[2], answers[2]],
            )
        ],
    }
    turns = [("user", "Why?"), ("assistant", "Because."), ("user", "Why\n  really?")]
    report.add(
        "pairwise/0",
        "iw",
        turns,
        [("the tide rises and  falls", "gpt-4o"), ("the tide sinks and falls", None)],
        judged=pair,
    )
    listed = [
        showing(
            loser=2, position=None, list=[0, 2, 0], said="tie", best=0.5, rival=0.5, graded=False, credit=None
        )
    ]
    report.add(
        "bon/0",
        "r-",
        [("user", "Pick")],
        [("one best", "a"), ("two", "b"), ("three\nlines", "c")],
        judged={"0": listed},
    )
    report.bare("pairwise/1", "rf")
    return report


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The three items as a page."""
    return told().write(tmp_path / "report.html")


def opened(watch: Watch, file: Path, name: str, **options: int) -> Page:
    """A page with this item open and drawn."""
    page = watch(file, f"#items?item={name}", **options).page
    expect(page.locator(".part")).to_have_count(3)
    return page


def test_the_conversation_and_the_responses_are_shown(watch: Watch, file: Path) -> None:
    """Turns with their roles, line breaks and spaces kept; responses with writer, lengths, and the label's best."""
    page = opened(watch, file, "pairwise/0")
    assert page.locator(".part").first.locator(".role").all_text_contents() == ["user", "assistant", "user"]
    assert page.locator(".part").first.locator(".text").all_text_contents()[2] == "Why\n  really?"
    expect(page.locator(".text").first).to_have_css("white-space-collapse", "preserve")
    best, other = page.locator(".response").all()
    assert "best by the label" in best.inner_text()
    assert "gpt-4o · 25 characters · 5 words" in best.inner_text()
    assert "writer not known · 24 characters · 5 words" in other.inner_text()
    assert "best by the label" not in other.inner_text()
    assert page.locator(".item :is(h3, h4, h5)").all_text_contents() == [
        "pairwise/0",
        "Conversation",
        "2 responses",
        "Response 1 ★ best by the label",
        "Response 2",
        "The judges",
        "prompted ⇄ inconsistent",
        "scoring ✗ wrong",
    ]


def test_what_each_judge_said_is_shown(watch: Watch, file: Path) -> None:
    """Order, verdict, scores, credit, why it was read so; a failure with its detail; each alone; a sample's number."""
    showings = opened(watch, file, "pairwise/0").locator(".showing").all_inner_texts()
    first, second, third = (" ".join(text.split()) for text in showings)
    assert first.startswith(
        "✓ chosen best shown first Scores 0.9 against 0.1 Credit 1 Read so: the last letter"
    )
    assert second.startswith("! failed best shown second Scores – Credit 0 parse: no verdict in 12 words")
    assert third.startswith("✗ rejected each rated alone, sample 1 Scores 0.3125 against 1.5 Credit 0")
    assert third.count("Asked and answered, ") == 2


def test_an_answer_shows_what_was_asked_and_what_came(watch: Watch, file: Path) -> None:
    """Messages with roles, the raw reply, log-probabilities beside probabilities, and what it took."""
    page = opened(watch, file, "pairwise/0")
    first, second, third, _ = page.locator("details").all()
    for details in (first, second, third):
        details.locator("summary").click()
    assert first.locator(".role").all_text_contents() == ["system", "user"]
    assert first.locator(".text").all_text_contents() == [*(text for _, text in ASKED), "It is [[A]]"]
    facts = dict(
        zip(first.locator("dt").all_inner_texts(), first.locator("dd").all_inner_texts(), strict=True)
    )
    assert facts == {
        "Model": "gpt-4o-2024",
        "Finish reason": "stop",
        "Tokens asked": "1,812",
        "Tokens answered": "3",
        "Cost": "$0.0021",
        "Seconds": "0.80",
    }
    rows = [" ".join(row.split()) for row in first.locator("tbody tr").all_inner_texts()]
    assert rows == ["1 A 89.9 % −0.11 B 10.0 % (−2.30)", "2 x↵ – – –"]
    assert "This answer is not in this store." in second.inner_text()
    assert "Rewards 0.3125, -1.5" in " ".join(third.inner_text().split())
    assert "What was asked is not kept." in third.inner_text()
    assert "No text came." in third.inner_text()


def test_a_list_sets_any_loser_against_the_best(watch: Watch, file: Path) -> None:
    """Of more than two responses the other one is chosen; showings of a list name slots from one on."""
    page = opened(watch, file, "bon/0")
    assert page.locator(".response .text").all_text_contents() == ["one best", "two"]
    page.get_by_label("Against the best").select_option("2")
    assert page.locator(".response .text").all_text_contents() == ["one best", "three\nlines"]
    said = " ".join(page.locator(".showing").inner_text().split())
    assert said == (
        "= tie against response 3, list order 0: best in slot 3, this one in slot 1 "
        "Scores 0.5 against 0.5 (a bare choice) Credit none"
    )
    expect(page.get_by_text("This judge was not asked about this item.")).to_be_visible()


def test_an_item_without_texts_says_why(watch: Watch, file: Path) -> None:
    """The index's own words stand where the texts would be, with the outcome of each judge."""
    page = watch(file, "#items?item=pairwise/1").page
    expect(page.locator(".item .notice")).to_have_text("The texts are left out: 5 MB are full.")
    assert [" ".join(text.split()) for text in page.locator(".outcomes li").all_inner_texts()] == [
        "prompted ✓ right",
        "scoring ! failed",
    ]


DIFFS = [
    # the texts, and what is marked in each
    (("a b c", "a x c"), ("b", "x")),
    (("same text", "same text"), ("", "")),
    (("a b", "a  b"), ("·", "··")),
    (("a\nb", "a b"), ("↵\n", "·")),
    (("a b c d", "a d"), ("b c", "")),
    (("", "new words"), ("", "new words")),
    (("don't go", "do go"), ("don't", "do")),
    (("潮が満ちる", "潮が引く"), ("満ちる", "引く")),
    (("end.", "end!"), (".", "!")),
    (("a b x", "x a b"), ("x", "x")),
    (("the cat the dog", "the dog the cat"), ("cat the", "the cat")),
]


def marks(page: Page) -> list[str]:
    """What is marked on each side."""
    return ["".join(side.locator("mark").all_text_contents()) for side in page.locator(".response").all()]


@pytest.mark.parametrize(("texts", "only"), DIFFS, ids=[repr(case[0]) for case in DIFFS])
def test_the_word_diff_marks_what_only_one_has(
    watch: Watch, tmp_path: Path, texts: tuple[str, str], only: tuple[str, str]
) -> None:
    """On demand: words that one of the two has; white space by itself is marked with signs."""
    report = Report()
    report.add("pairwise/0", "r", [("user", "?")], [(text, None) for text in texts])
    page = opened(watch, report.write(tmp_path / "diff.html"), "pairwise/0")
    assert marks(page) == ["", ""]
    page.get_by_role("button", name="Word diff").click()
    assert marks(page) == list(only)
    page.get_by_role("button", name="Word diff").click()
    assert marks(page) == ["", ""]


LONG = [
    ("\n".join(f"line {n} " + "w " * 80 for n in range(100)), "Too long to compare word by word", 1),
    ("\n".join(f"line {n} " for n in range(6_000)), "These two are too long to compare.", 0),
]


@pytest.mark.parametrize(("text", "told_so", "marked"), LONG, ids=["lines", "nothing"])
def test_long_texts_are_compared_by_lines_or_not_at_all(
    watch: Watch, tmp_path: Path, text: str, told_so: str, marked: int
) -> None:
    """Work is bounded: past it lines are compared, and past that the page says so."""
    other = text.replace("line 50 ", "row 50 ") if marked else text[::-1]
    report = Report()
    report.add(
        "pairwise/0", "r", [("user", "?")], [(f"first {text} last", None), (f"start {other} end", None)]
    )
    page = opened(watch, report.write(tmp_path / "diff.html"), "pairwise/0")
    page.get_by_role("button", name="Word diff").click()
    expect(page.get_by_text(told_so)).to_be_visible()
    assert all(bool(side) == bool(marked) for side in marks(page))


def test_the_keyboard_goes_everywhere(watch: Watch, file: Path) -> None:
    """Letters j and k step, Esc closes and gives the focus back to the row, Enter opens, / searches, ? shows the keys."""
    page = watch(file).page
    page.locator("tbody tr").first.wait_for()
    title, focused = page.locator("h3#item-title"), page.locator(":focus")
    page.keyboard.press("j")
    expect(title).to_have_text("pairwise/0")
    expect(focused).to_have_attribute("id", "item-title")
    page.keyboard.press("j")
    expect(title).to_have_text("bon/0")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(title).to_have_text("pairwise/1")
    page.keyboard.press("k")
    expect(title).to_have_text("bon/0")
    page.keyboard.press("Escape")
    expect(page.locator(".item")).to_be_hidden()
    expect(focused).to_have_text("bon/0")
    page.keyboard.press("Enter")
    expect(title).to_have_text("bon/0")
    page.keyboard.press("/")
    expect(focused).to_have_attribute("type", "search")
    page.keyboard.type("jk?/")
    expect(focused).to_have_value("jk?/")
    page.keyboard.press("Escape")
    expect(focused).to_have_count(0)
    expect(page.locator("#filter-q")).to_have_value("jk?/")
    expect(title).to_have_text("bon/0")


def test_keys_leave_the_browsers_own_alone(watch: Watch, file: Path) -> None:
    """With Ctrl or Alt, in the list of keys, and once they are switched off, letters do nothing."""
    page = watch(file).page
    page.locator("tbody tr").first.wait_for()
    page.keyboard.press("Alt+j")
    page.keyboard.press("Control+k")
    expect(page.locator(".item")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator(".item")).to_be_hidden()
    page.get_by_label("Single letters are keys").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator(".item")).to_be_hidden()


def test_keys_go_past_the_end_of_a_page(watch: Watch, tmp_path: Path) -> None:
    """From the last item of a page j leads to the first of the next, and k back."""
    report = Report()
    for number in range(120):
        report.bare(f"pairwise/{number}", "rw"[number % 2])
    page = watch(report.write(tmp_path / "many.html"), "#items?outcome=right&item=pairwise/98").page
    current = page.locator("tr[aria-current=true] button")
    expect(current).to_have_text("pairwise/98")
    page.keyboard.press("j")
    expect(current).to_have_text("pairwise/100")
    expect(page.locator(".where")).to_have_text("51–60 of 60")
    page.keyboard.press("k")
    expect(current).to_have_text("pairwise/98")


def test_back_closes_what_was_opened(watch: Watch, file: Path) -> None:
    """Opening is a step of its own: Back closes, Forward opens again; steps between items are none."""
    watched = watch(file, "#items?set=pairwise")
    page, title = watched.page, watched.page.locator("h3#item-title")
    page.locator("tbody tr").first.click()
    expect(title).to_have_text("pairwise/0")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(title).to_have_text("pairwise/1")
    page.wait_for_url(lambda url: url.endswith("#items?set=pairwise&item=pairwise/1"))
    page.go_back()
    expect(page.locator(".item")).to_be_hidden()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.go_forward()
    expect(title).to_have_text("pairwise/1")
    page.get_by_role("button", name="Back to the list").click()
    expect(page.locator(".item")).to_be_hidden()
    page.wait_for_url(lambda url: url.endswith("#items?set=pairwise"))


def test_a_filter_chosen_beside_an_open_item_stays(watch: Watch, file: Path) -> None:
    """Closing takes back the step that opening made, and keeps what was chosen since."""
    page = watch(file, "#items").page
    page.locator("tbody button").first.click()
    page.get_by_label("Set").select_option("pairwise")
    page.get_by_role("button", name="Back to the list").click()
    page.wait_for_url(lambda url: url.endswith("#items?set=pairwise"))
    expect(page.get_by_label("Set")).to_have_value("pairwise")
    expect(page.locator("tbody tr")).to_have_count(2)


def test_the_place_and_the_command_can_be_copied(watch: Watch, file: Path) -> None:
    """The address of the place and the command that shows the item are copied by a button each."""
    page = opened(watch, file, "bon/0&set=bon")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("report.html#items?set=bon&item=bon/0")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Copied")).to_have_count(2)
    assert page.evaluate("navigator.clipboard.readText()") == "rmb show … --item bon/0"


def test_where_copying_is_refused_the_text_is_selected(watch: Watch, file: Path) -> None:
    """Without a clipboard the command is selected and the page says what to press."""
    page = opened(watch, file, "bon/0")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Selected: press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "rmb show … --item bon/0"


def test_paper_shows_the_item_alone(watch: Watch, file: Path) -> None:
    """Printed, the filters and the buttons are left out, and the open item is there."""
    page = opened(watch, file, "pairwise/0")
    page.emulate_media(media="print")
    for hidden in (".bar", ".items", ".moves"):
        expect(page.locator(f"#browser {hidden}")).to_be_hidden()
    expect(page.locator(".response").first).to_be_visible()
