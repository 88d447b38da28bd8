"""The report: every number in it is one of the run's, and the items in it are the run's, in full."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from rmb.cli.main import rmb as group
from rmb.cli.main import run
from rmb.cli.opening import load_data
from rmb.records import Item
from rmb.report.page import dossiers
from rmb.report.page.blobs import unpacked
from rmb.report.page.items import MARGIN
from rmb.run import folder
from rmb.run.rows import read_rows
from tests import pages
from tests.fake_api import FakeApi, Reply, Request
from tests.judged import draw, write_judge
from tests.test_compare_command import Rmb, called

SENTENCE = "The first one answers what was asked, and the other one does not. "


def thoughtful(request: Request) -> Reply:
    """A script: verdicts with a reason, now and then none."""
    number = draw(request)
    said = "I cannot say." if number == 0 else SENTENCE + ("[[A]]" if number % 3 else "[[B]]")
    return Reply(said, delay_s=0.001 * number)


def done(*words: str) -> None:
    """Runs `rmb` with some words, to a good end."""
    with pytest.raises(SystemExit) as ended:
        run(group, args=list(words), prog_name="rmb")
    assert ended.value.code == 0


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judge asked over HTTP, and two without a model, on the bundled sample; and all of them in one report."""
    place = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch, FakeApi(thoughtful) as api:
        patch.setenv("RMB_CACHE", str(place / "cache"))
        patch.setenv("OPENAI_API_KEY", "sk-of-a-test-0123456789")
        patch.chdir(place)
        write_judge(place, api.openai_url)
        judges = [word for name in ("./mine.yaml", "random", "longest") for word in ("--judge", name)]
        done("judge", *judges, "--out", "runs", "--quiet")
        done("report", "runs/mine", "runs/random", "runs/longest", "--out", "all.html")
        done("panel", "runs/mine", "runs/random", "runs/longest", "--out", "runs/panel")
    return place


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


def summary(place: Path) -> dict[str, Any]:
    """A run's summary.json."""
    return folder.read_json(place, "summary.json")


@pytest.mark.parametrize("name", ["mine", "random", "longest", "panel"])
def test_every_number_of_a_run_is_in_its_summary(runs: Path, name: str) -> None:
    """Tables and drawings alike: each says where in summary.json it stands, and there it stands."""
    page, content = pages.read(runs / "runs" / name / "report.html"), summary(runs / "runs" / name)
    assert {told.file for told in page.told} == {"summary.json"}
    assert {told.pointer: told.value for told in page.told} == {
        told.pointer: pages.at(content, told.pointer) for told in page.told
    }
    assert [mark for mark in page.marks if pages.drawn(content, mark.path) != mark.value] == []
    assert len(page.told) > 200
    assert len(page.marks) > 90


def spelt(value: float) -> set[str]:
    """Every way in which a page may write a number."""
    shares = {f"{value:.3f}", f"{100 * value:.1f} %", f"{100 * value:+.1f}", f"{100 * value:.1f}"}
    others = {f"{value:,}", f"{value:+.2f}", f"{value:.3g} s", f"{value:,.0f} s", f"{value:.2g}"}
    usd = f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.2g}"
    whole = {f"{value:,.0f}"} if value == int(value) else set[str]()
    return {*shares, *others, *whole, usd, *(["<0.001"] if value < 0.001 else [])}


def test_the_numbers_shown_are_the_values_rounded(runs: Path) -> None:
    """What is read is the value behind it: a score to three digits, a percentage, points, a count, dollars, seconds."""
    for told in pages.read(runs / "all.html").told:
        assert told.text in spelt(told.value), told


def test_a_comparison_says_what_rmb_compare_says(
    runs: Path, rmb: Rmb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judges' figures are their summaries'; those of pairs, and under conventions, are `rmb compare --json`'s."""
    monkeypatch.chdir(runs)
    names = ["runs/mine", "runs/random", "runs/longest"]
    compared = json.loads(rmb("compare", *names, "--json").out)
    page = pages.read(runs / "all.html")
    files = {"summary.json": [summary(runs / name) for name in names], "comparison": [compared]}
    counted = [told for told in page.told if told.file == "items.parquet"]
    assert [told.value for told in counted] == list(flipped(page.index()["items"]["outcome"]))
    page.told = [told for told in page.told if told not in counted]
    assert {told.file for told in page.told} == set(files)
    wrong = [told for told in page.told if pages.at(files[told.file][told.run], told.pointer) != told.value]
    assert wrong == []
    assert len([told for told in page.told if told.file == "comparison"]) > 100
    assert all(f"{pair['words'][1:]}." in page.words for pair in compared["pairs"])
    by_judge = dict(zip(("mine", "random", "longest"), files["summary.json"], strict=True))
    for mark in page.marks:
        content = by_judge[mark.judge] if mark.judge else compared
        assert pages.drawn(content, mark.path) == mark.value


def flipped(outcomes: list[str]) -> Iterator[int]:
    """For every two judges, items that only the first has right, and that only the second has."""
    for one, other in combinations(outcomes, 2):
        both = list(zip(one, other, strict=True))
        yield sum(before == "r" and after in "wif" for before, after in both)
        yield sum(after == "r" and before in "wif" for before, after in both)


def test_the_letters_of_the_index_are_the_figure_consistent(runs: Path) -> None:
    """Right in the index is right in every order: its share in a goal and set is what summary.json calls consistent."""
    for number, name in enumerate(("mine", "random")):
        index, content = pages.read(runs / "all.html").index(), summary(runs / "runs" / name)
        seen: dict[tuple[str, str], Counter[str]] = {}
        items = index["items"]
        for scenario, kind, letter in zip(
            items["scenario"], items["set"], items["outcome"][number], strict=True
        ):
            goal = index["scenarios"][scenario].split("/")[0]
            seen.setdefault((goal, {"p": "pairwise", "b": "bon"}[kind]), Counter())[letter] += 1
        for (goal, kind), letters in seen.items():
            assert letters["r"] / letters.total() == pytest.approx(content["consistent"][goal][kind]["value"])
        assert sum(letters["f"] for letters in seen.values()) == (name == "mine") * failed_items(runs)


def failed_items(runs: Path) -> int:
    """Items of which a reply of the scripted judge holds no verdict."""
    return len({row["item"] for row in read_rows(runs / "runs/mine/items.parquet") if row["failure"]})


def test_every_item_is_there_in_full(runs: Path) -> None:
    """Conversation, responses with their writers, and which is best, as the benchmark has them."""
    page = pages.read(runs / "runs/mine/report.html")
    index = page.index()
    items: dict[str, Item] = {item.id: item for item in load_data(None).items}
    assert index["items"]["id"] == list(items)
    assert index["absent"] is None
    for name, item in items.items():
        told, chunk = page.item(name)
        texts = chunk["texts"]
        assert [(role, texts[text]) for role, text in told["turns"]] == [
            (message.role, message.content) for message in item.conversation
        ]
        assert [(texts[text], model) for text, model in told["candidates"]] == [
            (one.text, one.model) for one in item.candidates
        ]
        assert told["best"] == item.best


def test_what_was_asked_and_answered_is_there_to_the_letter(runs: Path) -> None:
    """Each answer's messages, joined from their pieces, are those in the store; so are reply, model, tokens and cost."""
    from rmb.store import Store

    page, seen = pages.read(runs / "runs/mine/report.html"), 0
    rows = read_rows(runs / "runs/mine/items.parquet")
    with Store(runs / "cache") as store:
        for row in rows:
            told, chunk = page.item(row["item"])
            same = [
                one
                for one in told["judged"]["0"]
                if (one["loser"], one["position"], one["sample"])
                == (row["loser"], row["position"], row["sample"])
            ]
            assert [(one["said"], one["best"], one["credit"]) for one in same] == [
                (row["verdict"], row["best_score"], row["credit"])
            ]
            stored = store.get(row["answer_keys"][0])
            assert stored is not None
            answer = chunk["answers"][same[0]["answers"][0]]
            asked = [
                (role, "".join(chunk["texts"][piece] for piece in pieces))
                for role, pieces in (chunk["messages"][number] for number in answer["asked"])
            ]
            messages = stored["request"]["messages"]
            assert asked[: len(messages)] == [(one["role"], one["content"]) for one in messages]
            assert chunk["texts"][answer["reply"]] == stored["answer"]["text"]
            assert answer["prompt_tokens"] == stored["answer"]["usage"]["prompt_tokens"]
            if row["failure"]:
                assert (same[0]["failure"][0], answer["why"]) == (row["failure"], None)
            else:
                marker = stored["answer"]["text"][-5:]
                assert answer["why"] == f"the verdict '{marker}', the only one"
            seen += 1
    assert seen == len(rows) > 100


def test_a_panel_s_verdict_shows_every_member_s_answer(runs: Path) -> None:
    """All answers that a verdict rests on are there, the members' one after the other."""
    page = pages.read(runs / "runs/panel/report.html")
    for row in read_rows(runs / "runs/panel/items.parquet"):
        told, _ = page.item(row["item"])
        (same,) = [
            one
            for one in told["judged"]["0"]
            if (one["loser"], one["position"], one["sample"])
            == (row["loser"], row["position"], row["sample"])
        ]
        assert len(same["answers"]) == len(row["answer_keys"]) >= 3


def test_a_report_is_written_once_and_for_all_alike(
    runs: Path, rmb: Rmb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same folder gives the same file, byte for byte; what was there before is replaced."""
    monkeypatch.chdir(runs)
    monkeypatch.setenv("RMB_CACHE", str(runs / "cache"))
    before = (runs / "runs/mine/report.html").read_bytes()
    assert rmb("report", "runs/mine").err == "report → runs/mine/report.html\n"
    assert (runs / "runs/mine/report.html").read_bytes() == before


def test_a_page_holds_no_more_than_it_is_allowed(
    runs: Path, rmb: Rmb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items that do not fit are listed without their texts, of every scenario some are there, and the page says so."""
    monkeypatch.chdir(runs)
    monkeypatch.setenv("RMB_CACHE", str(runs / "cache"))
    monkeypatch.setattr(dossiers, "CHUNK", 10_000)
    assert rmb("report", "runs/mine", "--out", "whole.html").code == 0
    chunks = [text for name, text in pages.read("whole.html").blobs.items() if name != "index"]
    # Room for the page, for all chunks but the last two, and for a part of these.
    size = Path("whole.html").stat().st_size - len(chunks[-1]) - len(chunks[-2]) // 2 + MARGIN
    assert rmb("report", "runs/mine", "--size", str(size / 1e6), "--out", "small.html").code == 0
    assert (runs / "small.html").stat().st_size <= size
    page = pages.read(runs / "small.html")
    index = page.index()
    held = [chunk >= 0 for chunk in index["items"]["chunk"]]
    assert 0 < sum(held) < len(held) == 147
    assert f"{sum(held)} of 147 items are in this file" in index["absent"]
    assert index["absent"] in page.words
    assert "rmb report runs/mine --size 50" in index["absent"]


def test_the_policy_allows_this_page_and_nothing_else(runs: Path) -> None:
    """Nothing is loaded from anywhere, nothing runs but the one script, and no text may become markup."""
    page = pages.read(runs / "all.html")
    rules = dict(rule.split(" ", 1) for rule in page.policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert all(rules[name].startswith("'sha256-") for name in ("script-src", "style-src"))
    assert " " not in rules["script-src"] + rules["style-src"]
    assert {rules[name] for name in ("base-uri", "form-action")} == {"'none'"}
    assert rules["require-trusted-types-for"] == "'script'"
    assert {name for name in page.blobs if not name.startswith("chunk-")} == {"index"}
    assert unpacked(page.blobs["chunk-0"])["items"]
