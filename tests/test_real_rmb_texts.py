"""What a reward model has to read for the official files of RMB, where they are at hand, against RewardBench's way.

Its way: both texts of every comparison, in the order of the data, in batches of 64 that are padded to the longest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from rmb.cards import RewardModel
from rmb.datasets.rmb import load
from rmb.records import Conversation, Item, Question
from rmb.run.plan import plan
from rmb.scorers.local.batches import Work, batches, windows
from rmb.scorers.local.text import Text
from rmb.scorers.reward_model import FIRST, WINDOW

BATCH = 64
FEWER_TOKENS = 7
BUDGET = RewardModel.model_fields["batch_tokens"].default
NO_LIMIT = 10**6

Read = tuple[Counter[Question], Work]


class Tokens:
    """Stands in for a tokenizer and a chat template: a token for every four characters, one around each turn."""

    def __init__(self) -> None:
        """No token is known yet, beside the two around a turn."""
        self.known: dict[str, int] = {}
        self.prompts: dict[Conversation, tuple[int, ...]] = {}

    def words(self, text: str) -> tuple[int, ...]:
        """The tokens of a text."""
        return tuple(
            self.known.setdefault(text[at : at + 4], len(self.known) + 2) for at in range(0, len(text), 4)
        )

    def prompt(self, conversation: Conversation) -> tuple[int, ...]:
        """The tokens of a conversation up to where the response begins."""
        if conversation not in self.prompts:
            said = [(0, *self.words(turn.content), 1) for turn in conversation]
            self.prompts[conversation] = (*(token for turn in said for token in turn), 0)
        return self.prompts[conversation]

    def text(self, question: Question, limit: int) -> Text:
        """The last tokens of a question."""
        tokens = (*self.prompt(question.conversation), *self.words(question.responses[0]), 1)
        return Text(question, tokens[-limit:])


@pytest.fixture(scope="module")
def items(rmb_data: Path) -> tuple[Item, ...]:
    """All items of the files."""
    return tuple(load(rmb_data).items)


@pytest.fixture(scope="module")
def questions(items: tuple[Item, ...]) -> tuple[Question, ...]:
    """What a scorer of single responses is asked."""
    return plan(items, width=1).questions


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    """One tokenizer for all tests, for it remembers."""
    return Tokens()


@pytest.fixture(scope="module")
def ours(questions: tuple[Question, ...], tokens: Tokens) -> Callable[[int], Read]:
    """The questions in the batches that a model is given, and its work on them, by the limit; each made once."""

    @cache
    def made(limit: int) -> Read:
        read, work = Counter[Question](), Work()
        for window in windows(questions, WINDOW, first=FIRST):
            texts = [tokens.text(question, limit) for question in window]
            for batch in batches(texts, BUDGET, longest=NO_LIMIT):
                read.update(text.question for text in batch.texts)
                work.batch(batch)
        return read, work

    return made


def theirs(items: tuple[Item, ...], tokens: Tokens, limit: int) -> int:
    """Tokens, with the padding, that RewardBench's way takes."""
    padded = 0
    compared = [(item, loser) for item in items for loser in item.losers]
    for start in range(0, len(compared), BATCH):
        batch = compared[start : start + BATCH]
        chosen = [(item, item.best) for item, _ in batch]
        for side in (chosen, batch):
            lengths = [
                len(tokens.prompt(item.conversation)) - (-len(item.candidates[place].text) // 4) + 1
                for item, place in side
            ]
            padded += len(side) * min(max(lengths), limit)
    return padded


def test_each_response_is_read_once(questions: tuple[Question, ...], ours: Callable[[int], Read]) -> None:
    """18,397 distinct responses are what is asked, and each is in exactly one batch."""
    assert len(questions) == len(set(questions)) == 18_397
    read, _ = ours(NO_LIMIT)
    assert read == Counter(questions)


@pytest.mark.parametrize(
    ("limit", "peers"),
    [(NO_LIMIT, NO_LIMIT), (NO_LIMIT, 2_048), (2_048, 2_048)],
    ids=["both read all", "the peer as its script sets it", "both cut"],
)
def test_seven_times_fewer_tokens_than_rewardbench(
    limit: int, peers: int, items: tuple[Item, ...], tokens: Tokens, ours: Callable[[int], Read]
) -> None:
    """With whole texts on both sides 11 times fewer; 8 and 7.3 where texts are cut to its script's 2,048 tokens.

    Texts that are cut at the left have no common beginning any more, so that cutting ours saves nothing.
    """
    _, work = ours(limit)
    assert theirs(items, tokens, peers) / work.padded > FEWER_TOKENS
