"""Lists judged at once: all of an item's responses in one question, in an order and its reverse, or in all rotations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rmb import content
from rmb.cards import Generative, Limits, NamedCard
from rmb.metrics.summary import summarise
from rmb.run import Run
from rmb.scorers import Setup, open_scorer
from rmb.templates import Template
from tests.builders import listing, pair, run
from tests.fake_api import FakeApi, Reply, Request
from tests.test_cli import KEY, Ended, read, write_card
from tests.test_compare_command import called, pair_record, write_records
from tests.test_reread import told

ITEMS = [
    listing("good", ["bad", "worse", "worst"], uid="1", asked="One?"),
    listing("good", ["bad", "worse"], uid="2", asked="Two?"),
    pair("good", "bad", uid="3", asked="Three?"),
]
WORTH = ("good", "bad", "worse", "worst")


def shown(request: Request) -> dict[str, str]:
    """The responses of a request by their letters."""
    return dict(re.findall(r"=== response (\w) \w+\n(.*)\n", request.messages[-1]["content"]))


def best(request: Request) -> Reply:
    """Names the letter of the best response."""
    texts = shown(request)
    return Reply(f"Since it is clear. [[{min(texts, key=lambda letter: WORTH.index(texts[letter]))}]]")


def order(request: Request) -> Reply:
    """All letters, the best response's first."""
    texts = shown(request)
    letters = sorted(texts, key=lambda letter: WORTH.index(texts[letter]))
    return Reply(f"**Ranking:** {' > '.join(letters)}")


def judged(template: str, script: Callable[[Request], Reply]) -> tuple[Run, int]:
    """A run, and the number of requests that it took."""
    with FakeApi(script) as api:
        card = Generative(
            kind="generative",
            summary="For tests.",
            model="openai/m",
            base_url=api.openai_url,
            limits=Limits(attempts=1),
        )
        scorer = open_scorer(
            NamedCard(name="mine", sha256="0", card=card),
            Setup(template=Template.load(template, style="verdict_only")),
        )
        return run(scorer, ITEMS), len(api.requests)


@pytest.mark.parametrize(("template", "script"), [("listwise_best_v1", best), ("listwise_ranking_v1", order)])
def test_a_list_is_one_question_in_two_orders(template: str, script: Callable[[Request], Reply]) -> None:
    """Two calls an item, however long its list; every comparison of the list is decided by them."""
    ran, requests = judged(template, script)
    assert (requests, ran.counts["questions"], ran.counts["comparisons"]) == (6, 6, 6)
    assert all(showing.said == "chosen" for one in ran.outcomes for showing in one.showings)
    assert {showing.position for one in ran.outcomes for showing in one.showings} == {0, 1}
    assert summarise(ran.outcomes, resamples=0)["helpfulness"]["bon"]["value"] == 1.0


def test_a_ranking_says_by_how_much() -> None:
    """Places between two responses can be added over both orders; a pick cannot."""
    ranked, picked = (
        judged(*each)[0] for each in (("listwise_ranking_v1", order), ("listwise_best_v1", best))
    )
    assert all(showing.graded for one in ranked.outcomes for showing in one.showings)
    assert not any(showing.graded for one in picked.outcomes for showing in one.showings)


def test_a_pick_says_nothing_of_those_not_picked() -> None:
    """Who picks a loser prefers it to the best, and ties the best with the others."""
    ran, _ = judged(
        "listwise_best_v1",
        lambda request: Reply(f"[[{next(k for k, v in shown(request).items() if v == 'bad')}]]"),
    )
    said = {showing.loser: showing.said for showing in ran.outcomes[0].showings}
    assert said == {1: "rejected", 2: "tie", 3: "tie"}


@pytest.mark.parametrize("reply", ["[[Z]]", "Ranking: A > B", "Ranking: A > B > C > D > E"])
def test_a_letter_that_was_not_shown_is_no_verdict(reply: str) -> None:
    """Nor is an order of too few, or of too many."""
    template = "listwise_ranking_v1" if "Ranking" in reply else "listwise_best_v1"
    ran, _ = judged(template, lambda _: Reply(reply))
    assert ran.failures["parse"] >= 4


# All rotations, from the command line.

Rmb = Callable[..., Ended]
ROTATED = (
    "--judge",
    "mine.yaml",
    "--data",
    "data.json",
    "--orders",
    "rotations",
    "--template",
    "listwise_best_v1",
)


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Rmb:
    """Runs `rmb` with some words, in this process; beside it data.json, two lists of four and a pair."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    lists = [
        {
            "bon_uid": str(number),
            "category_path": "BoN_set/Helpfulness/Chat",
            "conversation_input": [{"role": "user", "content": f"Question {number}?"}],
            "bon_best": {"llm_name": "a", "answer": "good"},
            "loser_list": [{"llm_name": "b", "answer": text} for text in WORTH[1:]],
        }
        for number in range(2)
    ]
    write_records("data.json", [*lists, pair_record(7, "good", "bad")])
    return partial(called, capsys)


@pytest.fixture
def first_slot() -> Iterator[FakeApi]:
    """A provider that always picks the first response, and mine.yaml."""
    with FakeApi(Reply("[[A]]")) as api:
        write_card("mine.yaml", api)
        yield api


def by_slot(summary: dict[str, Any], kind: str) -> list[float | None]:
    """One kind of figure of the slots of lists of four."""
    return [line[kind] and line[kind]["value"] for line in summary["slots"]["4"]]


def test_rotations_show_where_a_judge_picks(rmb: Rmb, first_slot: FakeApi) -> None:
    """Four questions a list and two the pair: right in the first slot alone, so a quarter of each list."""
    ended = rmb("judge", *ROTATED, "--out", "run")
    summary = read("run/summary.json")
    assert (ended.code, len(first_slot.requests)) == (0, 2 * 4 + 2)
    assert by_slot(summary, "picked") == [1, 0, 0, 0, 0]
    assert by_slot(summary, "accuracy") == [1, 0, 0, 0, None]
    assert by_slot(summary, "best_here") == [0.25, 0.25, 0.25, 0.25, None]
    assert summary["helpfulness"]["bon"]["value"] == 0.25
    assert summary["helpfulness"]["pairwise"]["value"] == 0.5
    assert summary["convention"]["orders"] == read("run/run.json")["settings"]["orders"] == "rotations"
    assert "Slots of lists, mine" in rmb("show", "run").out


def test_rotations_are_resumed_from_the_store(rmb: Rmb, first_slot: FakeApi) -> None:
    """The same command again asks nothing; both orders share the first rotation and the pair."""
    rmb("judge", *ROTATED, "--out", "run")
    again = rmb("judge", *ROTATED, "--out", "again")
    assert "nothing is asked" in again.err
    assert len(first_slot.requests) == 10
    assert read("again/summary.json")["slots"] == read("run/summary.json")["slots"]
    rmb("judge", *ROTATED, "--orders", "both", "--out", "both")
    assert len(first_slot.requests) == 10 + 2
    assert read("both/summary.json")["counts"]["from_store"] == 4


@pytest.mark.usefixtures("first_slot")
def test_rotations_can_be_read_again(rmb: Rmb) -> None:
    """Every verdict goes back to its own rotation, though two of them have the same two in the same order."""
    rmb("judge", *ROTATED, "--out", "run")
    ended = rmb("reread", "run", "--out", "again")
    assert (ended.code, ended.err) == (0, told(0))
    for name in ("slots", "overall", "helpfulness", "consistent", "position_consistency", "behaviour"):
        assert read("again/summary.json")[name] == read("run/summary.json")[name]


@pytest.mark.usefixtures("first_slot")
def test_verdicts_that_differ_are_counted_in_every_rotation(rmb: Rmb) -> None:
    """A reader that finds no verdict any more: each loser's in each of four orders, and the pair's two."""
    rmb("judge", *ROTATED, "--out", "run")
    source = content.read("prompts", "listwise_best_v1").text
    Path("mine.jinja").write_text(
        source.replace('marker: "[[{}]]"', 'marker: "Verdict: {}"', 1), encoding="utf-8"
    )
    ended = rmb("reread", "run", "--template", "./mine.jinja", "--out", "again")
    assert ended.err.startswith(f"{2 * 3 * 4 + 2} verdicts differ")


@pytest.mark.usefixtures("first_slot")
def test_show_says_the_slots_of_a_list(rmb: Rmb) -> None:
    """Slots from 1, as in the table; a pair that was shown as a list is one."""
    rmb("judge", *ROTATED, "--out", "run")
    out = rmb("show", "run", "--item", "bon/0").out
    assert "--> loser 1, list order 0, best in slot 1, loser in slot 2, sample 0: chosen (1 against 0)" in out
    assert (
        "--> loser 1, list order 1, best in slot 4, loser in slot 1, sample 0: rejected (0 against 1)" in out
    )
    assert out.count("--> ") == 4 * 3


def test_judges_of_pairs_are_asked_under_rotations_as_in_both_orders(rmb: Rmb, first_slot: FakeApi) -> None:
    """The rotations of a pair are its two orders: nothing is asked twice, and there are no slots."""
    words = ("judge", "--judge", "mine.yaml", "--data", "data.json", "--out")
    rmb(*words, "both")
    asked = len(first_slot.requests)
    rmb(*words, "rotations", "--orders", "rotations")
    assert len(first_slot.requests) == asked
    assert read("rotations/summary.json")["overall"] == read("both/summary.json")["overall"]
    assert read("rotations/summary.json")["slots"] is None
    assert "Slots" not in rmb("show", "rotations").out
    assert Path("rotations/items.parquet").read_bytes() == Path("both/items.parquet").read_bytes()
