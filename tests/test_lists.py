"""Lists judged at once: all of an item's responses in one question, in one order and its reverse."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from rmb.cards import Generative, Limits, NamedCard
from rmb.metrics.summary import summarise
from rmb.run import Run
from rmb.scorers import Setup, open_scorer
from rmb.templates import Template
from tests.builders import listing, pair, run
from tests.fake_api import FakeApi, Reply, Request

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
