"""Records: what flows through the program, and the one of them that is written to disk."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.records import JUDGE_FAILURES, NO_ANSWER, RUN_FAILURES, Answer, Failure, Item, Question, Token, Usage
from tests.builders import listing, pair

numbers = st.floats(allow_nan=False, allow_infinity=False)
usages = st.builds(Usage, cost_usd=st.none() | numbers, prompt_tokens=st.integers(0, 9**9))
answers = st.builds(
    Answer,
    text=st.none() | st.text(),
    tokens=st.lists(st.builds(Token, st.text(), st.dictionaries(st.text(), numbers)), max_size=3).map(tuple),
    rewards=st.none() | st.lists(numbers, max_size=5).map(tuple),
    model=st.none() | st.text(),
    finish_reason=st.sampled_from([None, "stop", "length"]),
    usage=usages,
)


@given(answers)
def test_an_answer_survives_json(answer: Answer) -> None:
    """An answer written as JSON text and read back is equal to what it was."""
    assert Answer.from_json(json.loads(json.dumps(answer.to_json()))) == answer


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_have_survive(number: float) -> None:
    """A reward or log-probability may be any float; what is written is JSON all the same."""
    stored = json.dumps(
        Answer(rewards=(number,), tokens=(Token("A", {"A": number}),)).to_json(), allow_nan=False
    )
    found = Answer.from_json(json.loads(stored))
    assert found.rewards is not None
    assert [str(found.rewards[0]), str(found.tokens[0].alternatives["A"])] == [str(number)] * 2


@pytest.mark.parametrize(
    "part",
    [{"text": 7}, {"rewards": ["much"]}, {"tokens": [["A"]]}, {"usage": {"seconds": []}}, {"tokens": 1}],
)
def test_an_answer_of_another_shape_is_refused(part: dict[str, object]) -> None:
    """A part of another type is an error when the answer is read, not later."""
    with pytest.raises(NO_ANSWER):
        Answer.from_json(Answer().to_json() | part)


@pytest.mark.parametrize("key", [field.name for field in fields(Answer)])
def test_an_answer_with_a_part_missing_is_refused(key: str) -> None:
    """Nothing is filled in: JSON without one of the parts of an answer is no answer."""
    stored = Answer(text="A").to_json()
    del stored[key]
    with pytest.raises(KeyError):
        Answer.from_json(stored)


def test_an_answer_with_unknown_usage_is_refused() -> None:
    """Usage that this program does not know is an error, not dropped in silence."""
    stored = Answer(text="A").to_json() | {"usage": {"thoughts": 7}}
    with pytest.raises(TypeError):
        Answer.from_json(stored)


@pytest.mark.parametrize(
    ("item", "path", "losers"),
    [
        pytest.param(pair(path="harmlessness/S1"), "harmlessness/S1", (1,), id="pair"),
        pytest.param(listing("a", ["b", "c"]), "helpfulness/Chat/Discussion", (1, 2), id="list"),
        pytest.param(listing("a", []), "helpfulness/Chat/Discussion", (), id="one candidate"),
    ],
)
def test_an_item_knows_its_path_and_its_losers(item: Item, path: str, losers: tuple[int, ...]) -> None:
    """The path is goal and scenario; the losers are all candidates but the best."""
    assert (item.path, item.losers) == (path, losers)


def test_the_best_candidate_may_stand_anywhere() -> None:
    """Losers are the others, wherever the best one stands."""
    three = listing("a", ["b", "c"])
    moved = Item(
        three.id, three.set, three.goal, three.scenario, three.conversation, three.candidates, best=1
    )
    assert moved.losers == (0, 2)


def test_questions_say_nothing_of_labels() -> None:
    """A scorer sees conversation, responses, sample and path, and nothing that tells which is right."""
    assert [field.name for field in fields(Question)] == ["conversation", "responses", "sample", "path"]


def test_records_are_frozen() -> None:
    """A record never changes once made."""
    with pytest.raises(FrozenInstanceError):
        pair().best = 1  # type: ignore[misc]


@pytest.mark.parametrize("reason", sorted(JUDGE_FAILURES | RUN_FAILURES))
def test_a_failure_is_the_judges_or_the_runs(reason: str) -> None:
    """Only where the run failed is a question unanswered, so that it is worth asking again."""
    assert Failure(reason).unanswered == (reason in RUN_FAILURES)


def test_no_reason_is_both_the_judges_and_the_runs() -> None:
    """The two kinds of failure count differently, so no reason may be of both."""
    assert JUDGE_FAILURES.isdisjoint(RUN_FAILURES)
