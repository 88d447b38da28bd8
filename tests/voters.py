"""Judges whose accuracies are known, drawn from seeds, and their votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rmb.metrics.arrays import Floats
from rmb.metrics.ballots import Ballots
from rmb.metrics.voting import How, vote
from rmb.outcomes import Outcome, facts
from tests.builders import pair, told

WORDS = {1.0: "right", 0.5: "tie", 0.0: "wrong"}


def cast(votes: Sequence[Sequence[float]] | Floats, *, apart: bool = True) -> Ballots:
    """Votes as ballots; NaN abstains. apart: each comparison is a conversation of its own, else all are one."""
    array = np.array(votes, dtype=np.float64)
    judges, size = array.shape
    numbers = np.arange(size) if apart else np.zeros(size, dtype=np.int64)
    marks = tuple(f"{number:09}" for number in range(size if apart else 1))
    return Ballots(tuple(f"judge {n}" for n in range(judges)), array, np.full(size, True), numbers, marks)


def drawn(accuracies: Sequence[float], size: int, seed: int) -> Floats:
    """(J, size) votes of judges that err independently."""
    uniform = np.random.default_rng(seed).random((len(accuracies), size))
    return (uniform < np.array(accuracies)[:, None]).astype(np.float64)


def judge_of(votes: Sequence[float] | Floats) -> tuple[Outcome, ...]:
    """A judge's outcomes on as many pairs, each on a conversation of its own; NaN is a reply without a verdict."""
    made = []
    for number, each in enumerate(votes):
        if number not in FACTS:
            path = ("helpfulness/Chat", "harmlessness/S1")[number % 2]
            FACTS[number] = facts(pair(uid=str(number), asked=f"Question {number}", path=path))
        made.append(Outcome(FACTS[number], told(WORDS.get(float(each), "parse"))))
    return tuple(made)


FACTS: dict[int, Any] = {}
"""Of the pairs by number: hashed once for all judges."""


def judges_of(votes: Floats) -> dict[str, tuple[Outcome, ...]]:
    """Judges by name."""
    return {f"judge {number}": judge_of(each) for number, each in enumerate(votes)}


def voted(votes: Floats, **how: Any) -> dict[str, Any]:
    """What `rmb vote` tells of judges."""
    return vote(judges_of(votes), ["generative"] * len(votes), How(**how))
