"""Judges without a model: what they say is known beforehand, so they show what a figure is worth."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb import content
from rmb.cards import Baseline, NamedCard, open_card
from rmb.errors import ContentError
from rmb.metrics import summarise
from rmb.outcomes import Convention
from rmb.records import Answer, Item, Message, Question
from rmb.run import Settings
from rmb.scorers import KINDS, Scorer, Setup, open_scorer
from rmb.testing import ScorerContract
from tests.builders import credit, listing, pair, run
from tests.conftest import CHECKOUT

RULES = ["first", "last", "longest", "oracle", "random", "shortest"]


def baseline(rule: str, *, seed: int = 0, items: Sequence[Item] = ()) -> Scorer:
    """The baseline of a rule, opened from its card."""
    return open_scorer(open_card(rule), Setup(seed=seed, items=items))


def credits_of(rule: str, items: Sequence[Item], *, seed: int = 0) -> list[float | None]:
    """The headline credit of every item under a baseline."""
    ran = run(baseline(rule, seed=seed, items=items), items)
    return [credit(outcome) for outcome in ran.outcomes]


# The contract.


class TestFirst(ScorerContract):
    """The contract of scorers holds for "first"."""

    rule = "first"

    def open(self) -> Scorer:
        """The baseline, opened from its card."""
        return baseline(self.rule, items=[pair()])


class TestLast(TestFirst):
    """The contract of scorers holds for "last"."""

    rule = "last"


class TestLongest(TestFirst):
    """The contract of scorers holds for "longest"."""

    rule = "longest"


class TestOracle(TestFirst):
    """The contract of scorers holds for "oracle"."""

    rule = "oracle"


class TestRandom(TestFirst):
    """The contract of scorers holds for "random"."""

    rule = "random"


class TestShortest(TestFirst):
    """The contract of scorers holds for "shortest"."""

    rule = "shortest"


# Cards.


def test_every_rule_has_a_card() -> None:
    """Each baseline is named after its rule, and there is no other."""
    cards = [open_card(name) for name in content.names("judges")]
    assert [card.card.rule for card in cards if isinstance(card.card, Baseline)] == RULES
    assert [card.name for card in cards if isinstance(card.card, Baseline)] == RULES


def test_an_unknown_rule_is_refused(tmp_path: Path) -> None:
    """A card of one's own may name a rule of these only."""
    card = tmp_path / "mine.yaml"
    card.write_text("kind: baseline\nsummary: mine\nrule: wisest\n")
    with pytest.raises(ContentError, match="rule"):
        open_card(str(card))


def test_a_card_of_ones_own_may_use_a_rule() -> None:
    """What a card is called does not change what it does."""
    card = NamedCard(name="mine", sha256="", card=Baseline(kind="baseline", summary="", rule="longest"))
    assert open_scorer(card, Setup()).identity == baseline("longest").identity


def test_answers_of_baselines_are_not_stored() -> None:
    """They cost less than a look-up; and the oracle's depend on labels, which no key tells."""
    assert not KINDS["baseline"].stored


@pytest.mark.parametrize("rule", RULES)
def test_identities_tell_the_rules_apart(rule: str) -> None:
    """No two baselines share an identity."""
    assert [other for other in RULES if baseline(other).identity == baseline(rule).identity] == [rule]


def test_an_answer_without_rewards_is_a_failure() -> None:
    """Reading something else than a baseline's answer gives a reason and no verdict."""
    read = baseline("longest").read(Question((Message("user", "?"),), ("a",)), Answer(text="a"))
    assert getattr(read, "reason", None) == "empty"


# Length.


@pytest.mark.parametrize(
    ("text", "length"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("word", 4, id="ascii"),
        pytest.param("   \n", 4, id="white space counts"),
        pytest.param("é", 1, id="one code point, two bytes"),
        pytest.param("e\u0301", 2, id="a combining accent is a character"),
        pytest.param("🙂", 1, id="an emoji outside the basic plane"),
        pytest.param("👩\u200d🚀", 3, id="an emoji joined of three"),
        pytest.param("漢字", 2, id="two characters, six bytes"),
    ],
)
def test_length_is_counted_in_code_points(text: str, length: int) -> None:
    """Not in bytes, not in UTF-16 units, not in what a reader sees as one."""
    question = Question((Message("user", "?"),), (text,))
    rewards = {
        rule: baseline(rule).read(question, answer_of(rule, question)) for rule in ("longest", "shortest")
    }
    assert getattr(rewards["longest"], "values", None) == (length,)
    assert getattr(rewards["shortest"], "values", None) == (-length,)


def answer_of(rule: str, question: Question) -> Answer:
    """What a baseline answers."""

    class Asking(ScorerContract):
        """Asks as the contract's tests do."""

        def open(self) -> Scorer:
            """The baseline."""
            return baseline(rule)

    ((_, answer),) = Asking().ask([question])
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("item", "longest", "shortest"),
    [
        (pair("longer", "short"), 1.0, 0.0),
        (pair("short", "longer"), 0.0, 1.0),
        (pair("even", "same"), 0.0, 0.0),
        (listing("middle", ["a", "the longest of all"]), 0.0, 0.0),
        (listing("the longest", ["a", "b", "c"]), 1.0, 0.0),
    ],
    ids=["longer", "shorter", "a tie", "in the middle", "a list"],
)
def test_length_decides(item: Item, longest: float, shortest: float) -> None:
    """A tie is no win, for either."""
    assert (credits_of("longest", [item]), credits_of("shortest", [item])) == ([longest], [shortest])


# Position.


@pytest.mark.parametrize("rule", ["first", "last"])
@pytest.mark.parametrize(
    ("item", "worth"), [(pair(), 0.5), (listing("a", ["b", "c"]), 0.25)], ids=["pair", "list"]
)
def test_a_place_wins_half_of_the_comparisons(rule: str, item: Item, worth: float) -> None:
    """Shown in both orders, pure position bias is worth ½ a pair, ¼ a list of three, and is never consistent."""
    assert credits_of(rule, [item]) == [worth]
    (outcome,) = run(baseline(rule), [item]).outcomes
    assert credit(outcome, Convention(order="consistent")) == 0.0


@pytest.mark.parametrize(("rule", "rate"), [("first", 1.0), ("last", 0.0)])
def test_a_place_shows_in_the_first_position_rate(rule: str, rate: float) -> None:
    """The figures tell pure position bias for what it is."""
    summary = summarise(run(baseline(rule), [pair(), listing("a", ["b", "c"])]).outcomes, resamples=0)
    assert (summary["first_position_rate"]["value"], summary["position_consistency"]["value"]) == (rate, 0.0)


# Random.

MANY = [pair(uid=str(n), asked=f"Question {n}?") for n in range(500)]


def test_random_is_right_half_of_the_time() -> None:
    """Over 1,000 independent draws it has ½, within three standard deviations."""
    found = [worth for worth in credits_of("random", MANY) if worth is not None]
    assert len(found) == 500
    assert sum(found) / 500 == pytest.approx(0.5, abs=0.05)


def test_random_draws_each_order_anew() -> None:
    """About half of its verdicts differ between the orders: it has no opinion to be consistent in."""
    summary = summarise(run(baseline("random"), MANY).outcomes, resamples=0)
    assert summary["position_consistency"]["value"] == pytest.approx(0.5, abs=0.07)
    assert summary["first_position_rate"]["value"] == pytest.approx(0.5, abs=0.05)


def test_random_changes_with_seed_and_sample() -> None:
    """Another seed or sample is another draw; the same is the same."""
    once, again, other = (credits_of("random", MANY[:50], seed=seed) for seed in (0, 0, 1))
    assert once == again != other
    (outcome,) = run(baseline("random"), MANY[:1], Settings(samples=20)).outcomes
    assert len({showing.best for showing in outcome.showings}) == 40


ANOTHER_PROCESS = """
from tests.test_baselines import MANY, credits_of
print(credits_of("random", MANY[:20], seed=3))
"""


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_random_is_the_same_in_another_process(hash_seed: str) -> None:
    """Draws come from seed and question alone, and not from Python's hashes or generators."""
    ran = subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS],
        env={"PYTHONPATH": str(CHECKOUT), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == str(credits_of("random", MANY[:20], seed=3))


# Oracle.


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=6, unique_by=frozenset))
def test_the_oracle_is_right_about_all_that_differs(texts: list[tuple[str, str]]) -> None:
    """Where no label contradicts another, it loses only on identical texts."""
    items = [pair(best, loser, uid=str(n)) for n, (best, loser) in enumerate(texts)]
    assert credits_of("oracle", items) == [float(best != loser) for best, loser in texts]


def test_the_oracle_wins_lists() -> None:
    """It knows the best of a list against each of the others, wherever it stands in the data."""
    items = [listing("good", ["bad", "worse"]), listing("bad", ["good"], asked="And the other way round?")]
    assert credits_of("oracle", items) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        pytest.param([("a", "b"), ("b", "a")], [1.0, 0.0], id="once each: the first wins"),
        pytest.param([("b", "a"), ("a", "b")], [1.0, 0.0], id="once each, turned: the first wins"),
        pytest.param([("a", "b"), ("b", "a"), ("b", "a")], [0.0, 1.0, 1.0], id="the more frequent wins"),
        pytest.param([("a", "b"), ("b", "a"), ("b", "a"), ("a", "b")], [1.0, 0.0, 0.0, 1.0], id="twice each"),
        pytest.param([("a", "a")], [0.0], id="identical texts"),
    ],
)
def test_labels_that_contradict_each_other_cannot_all_be_met(
    labels: list[tuple[str, str]], found: list[float]
) -> None:
    """One question has one answer, so even who knows the labels loses some: the best that a judge can do."""
    items = [pair(best, loser, uid=str(n)) for n, (best, loser) in enumerate(labels)]
    assert credits_of("oracle", items) == found


def test_the_oracle_knows_conversations_apart() -> None:
    """Labels of one conversation say nothing of another's."""
    items = [pair("a", "b", asked="one"), pair("b", "a", asked="another")]
    assert credits_of("oracle", items) == [1.0, 1.0]


def test_the_oracle_says_nothing_of_what_was_never_labelled() -> None:
    """Texts outside the data are a tie."""
    question = Question((Message("user", "?"),), ("x", "y"))
    assert answer_of("oracle", question).rewards == (0.0, 0.0)
