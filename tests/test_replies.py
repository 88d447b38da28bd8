"""Replies of language models, one by one: what is read in each is what a careful person would say.

The replies stand in tests/replies.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from rmb.records import JUDGE_FAILURES, Answer, Failure
from rmb.verdicts import VerdictRule, read
from tests.replies import KINDS, Expected, Reply


def cases() -> Iterator[Any]:
    """Every reply of every kind with its rule and the responses shown."""
    for kind, (rule, responses, replies) in KINDS.items():
        for reply in replies:
            shown = responses if reply.responses is None else reply.responses
            yield pytest.param(rule, reply, shown, id=f"{kind}: {reply.name}")


def understood(rule: VerdictRule, reply: Reply, responses: tuple[str, ...]) -> Expected:
    """The scores that are read in a reply, or the reason of the failure."""
    verdict = read(rule, Answer(text=reply.text, finish_reason=reply.finish), responses)
    return verdict.reason if isinstance(verdict, Failure) else verdict.values


@pytest.mark.parametrize(("rule", "reply", "responses"), list(cases()))
def test_a_reply_is_read_as_a_person_reads_it(
    rule: VerdictRule, reply: Reply, responses: tuple[str, ...]
) -> None:
    """The verdict, or the reason why there is none."""
    assert understood(rule, reply, responses) == reply.expected


@pytest.mark.parametrize("kind", KINDS)
def test_each_reply_of_a_kind_is_another(kind: str) -> None:
    """Names and replies occur once, and what is expected is as wide as the question, or a known reason."""
    rule, responses, replies = KINDS[kind]
    assert set(Counter(reply.name for reply in replies).values()) == {1}
    assert set(Counter(reply[2:5] for reply in replies).values()) == {1}
    for reply in replies:
        shown = responses if reply.responses is None else reply.responses
        width = 1 if rule.scale else len(shown)
        assert reply.expected in JUDGE_FAILURES or len(reply.expected) == width


def test_the_tables_are_long() -> None:
    """At least 150 replies, and of most kinds both verdicts and failures."""
    assert sum(len(kind.replies) for kind in KINDS.values()) >= 150
    assert all(
        {isinstance(reply.expected, str) for reply in kind.replies} == {True, False}
        for kind in KINDS.values()
    )
