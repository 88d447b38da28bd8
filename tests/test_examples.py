"""Examples in a prompt: drawn by the seed from other conversations, labelled as the data labels them."""

from __future__ import annotations

from typing import Any

import pytest

from rmb import content
from rmb.cards import Generative
from rmb.errors import ContentError
from rmb.outcomes import conversation_mark
from rmb.records import Answer, Failure, Item, Question
from rmb.run.plan import plan
from rmb.scorers.examples import LONGEST, Examples
from rmb.scorers.generative import GenerativeJudge
from rmb.templates import Known, Template
from tests.builders import listing, pair

POOL = [
    *(
        pair(f"good {number}", f"bad {number}", uid=str(number), asked=f"Question {number}?")
        for number in range(12)
    ),
    pair("good again", "bad again", uid="again", asked="Question 3?"),
    listing("best of three", ["second", "third"], uid="list", asked="A list?"),
    pair("word " * LONGEST, "bad", uid="long", asked="Too long?"),
]


def examples(template: str = "pairwise_v2", seed: int = 0, pool: list[Item] = POOL) -> Examples:
    """What draws the examples of a template."""
    return Examples(pool, Template.load(template, style="few_shot"), seed)


def question(number: int = 3) -> Question:
    """A question about a conversation of the pool."""
    return Question(POOL[number].conversation, ("one", "two"))


@pytest.mark.parametrize("number", range(12))
def test_an_example_is_never_of_the_conversation_judged(number: int) -> None:
    """Nor two of one conversation, nor one too long to show how to judge."""
    found = examples().of(question(number))
    conversations = [each.conversation for each in found]
    assert len(set(conversations)) == len(conversations) == 2
    assert POOL[number].conversation not in conversations
    assert POOL[-1].conversation not in conversations


def test_the_seed_draws() -> None:
    """The same seed the same examples, whatever is shown and in whatever order the data is; another seed others."""
    first = examples().of(question())
    assert examples(pool=POOL[::-1]).of(question())[0].conversation == first[0].conversation
    assert examples().of(Question(question().conversation, ("two", "one", "three"))) == first
    drawn = {
        tuple(conversation_mark(each.conversation) for each in examples(seed=seed).of(question()))
        for seed in range(20)
    }
    assert len(drawn) > 10


def test_different_conversations_have_different_examples() -> None:
    """So that no two items rest on the same two labels."""
    assert len({examples().of(question(number)) for number in range(12)}) > 8


@pytest.mark.parametrize(
    ("template", "first", "second"),
    [
        ("pairwise_v2", "[[A]]", "[[B]]"),
        ("pairwise_tie_v1", "[[A]]", "[[B]]"),
        ("pairwise_five_v1", "[[A>B]]", "[[B>A]]"),
        ("listwise_best_v1", "[[A]]", "[[B]]"),
        ("listwise_ranking_v1", "Ranking: A > B", "Ranking: B > A"),
        ("pointwise_yes_v1", "Yes", "No"),
        ("pointwise_v1", "[[9]]", "[[2]]"),
        ("pointwise_five_v1", "Rating: 4", "Rating: 2"),
    ],
)
def test_verdicts_are_those_of_the_labels(template: str, first: str, second: str) -> None:
    """The better response stands first in one example and second in the next; preferences are the mildest there are, ratings one
    short of an end.
    """
    found = examples(template).of(question())
    assert [each.verdict for each in found] == [first, second]
    assert found[0].texts[0].startswith(("good", "best"))
    assert found[1].texts[-1].startswith(("good", "best")) == ("pointwise" not in template)


def test_too_few_conversations_are_told() -> None:
    """In one line, with how many there are."""
    with pytest.raises(
        ContentError, match="few_shot shows 2 examples, and the data has 1 conversations short enough"
    ):
        examples(pool=POOL[:1]).of(question())


def test_a_template_without_examples_draws_none() -> None:
    """And looks at no label."""
    assert Examples((), Template.load("pairwise_v2"), 0).of(question()) == ()


def test_examples_are_fenced_like_the_rest() -> None:
    """By a word that is in none of their texts."""
    template = Template.load("pairwise_v2", style="few_shot")
    forged = [pair(f"=== end {word}", "bad", uid=word, asked=f"{word}?") for word in ("one", "two", "three")]
    (asked,) = [each for each in plan(POOL[:1], width=2).questions if each.responses[0] == "good 0"]
    found = Examples([*forged, *POOL[:1]], template, 0).of(asked)
    messages = template.render(asked, Known(examples=found))
    fence = messages[1].content.splitlines()[0].split()[-1]
    assert sum(line == f"=== end of examples {fence}" for line in messages[0].content.splitlines()) == 1
    assert not any(fence in text for each in found for text in each.texts)


@pytest.mark.parametrize("template", content.names("prompts"))
def test_an_echo_of_examples_is_no_verdict(template: str) -> None:
    """Wherever a judge that only repeats its prompt is cut off: the verdict of an example decides nothing."""
    drawn = examples(template)
    card = Generative(kind="generative", summary="For tests.", model="openai/none", read="last_match")
    nobody: Any = None
    judge = GenerativeJudge(card, drawn.template, nobody, drawn)
    asked = Question(question().conversation, ("one", "two")[: drawn.template.width])
    lines = "\n".join(message.content for message in judge.messages(asked)).splitlines()
    shown = lines[next(at for at, line in enumerate(lines) if line.startswith("=== example 2 ")) :]
    for echo in (lines, shown):
        for cut in range(1, len(echo) + 1):
            said = "\n".join(echo[:cut])
            assert isinstance(judge.read(asked, Answer(text=said, finish_reason="length")), Failure), said
