"""How far people agree with a benchmark's labels, and with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from rmb.build.labels import Person
from rmb.build.sheet import Key
from rmb.metrics.agreement import kappa_figure, krippendorff
from rmb.metrics.arrays import Floats
from rmb.metrics.intervals import FEW, RESAMPLES, Figure, alike, figures, tabulate

CODE = {"A": 0.0, "tie": 1.0, "B": 2.0}
TIE_RULE = "a tie agrees with no label"
BANDS = 3
"""Parts that the pairs are put into by the gap of their ratings."""


def agreed(keys: Sequence[Key], people: Sequence[Person], *, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Agreement of people with the labels and with each other, as in agree.json; null where it is not defined.

    Each figure: {value, low, high, n}, with a 95 % interval over conversations where there are 30 of them at least.
    raw: the share of pairs on which both say the same. kappa: Cohen's κ of A, B and tie. alpha: Krippendorff's α of
    all people. majority: what more people said than anything else, a tie if nothing was; of pairs that two labelled.
    by_goal, by_gap: all people's labels together.
    """
    measure = Measure(keys, resamples)
    lines: list[tuple[str, str, Sequence[Person]]] = []
    lines += [("person", one.name, (one,)) for one in people]
    if len(people) > 1:
        lines += [("all", "all", tuple(people)), ("majority", "majority", (majority(people),))]
    return {
        "pairs": len(keys),
        "ties": TIE_RULE,
        "people": [{"name": one.name, "labelled": len(one.said)} for one in people],
        "with_labels": [
            {"who": name, "kind": kind, **measure.with_labels(them, name)} for kind, name, them in lines
        ],
        "between": [
            {"people": [one.name, other.name], **measure.between(one, other)}
            for one, other in combinations(people, 2)
        ],
        "alpha": alpha(keys, people),
        "by_goal": {
            goal: measure.with_labels(people, goal, {one.id for one in keys if goal_of(one) == goal})
            for goal in sorted(set(map(goal_of, keys)))
        },
        "by_gap": [
            {"low": low, "high": high, **measure.with_labels(people, f"gaps {low:g} to {high:g}", ids)}
            for low, high, ids in bands(keys)
        ],
        "notes": list(measure.notes),
    }


class Measure:
    """Figures of a sheet's pairs. notes: why some of them are missing, each once."""

    def __init__(self, keys: Sequence[Key], resamples: int) -> None:
        """keys: of all rows; resamples: bootstrap draws."""
        self.keys = {one.id: one for one in keys}
        prompts = {name: place for place, name in enumerate(dict.fromkeys(one.prompt for one in keys))}
        self.conversation = {one.id: prompts[one.prompt] for one in keys}
        self.conversations = len(prompts)
        self.resamples = resamples
        self.notes: dict[str, None] = {}

    def with_labels(
        self, people: Sequence[Person], what: str, among: set[str] | None = None
    ) -> dict[str, Any]:
        """What people said against the benchmark's labels. among: ids of rows; None: all."""
        told = [
            (row, word, self.keys[row].label)
            for one in people
            for row, word in one.said.items()
            if among is None or row in among
        ]
        decided = [one for one in told if one[1] != "tie"]
        found = self.figures(told, f"{what} and the labels")
        return {**found, "ties": len(told) - len(decided), "decided": self.raw(decided)}

    def between(self, one: Person, other: Person) -> dict[str, Any]:
        """Two people on the pairs that both labelled."""
        told = [(row, word, other.said[row]) for row, word in one.said.items() if row in other.said]
        return self.figures(told, f"{one.name} and {other.name}")

    def figures(self, told: Sequence[tuple[str, str, str]], what: str) -> dict[str, Any]:
        """Raw agreement and κ of (row, one word, other word)."""
        conversations = len({self.conversation[row] for row, _, _ in told})
        if not told:
            self.notes[f"{what}: no pair has both labels"] = None
        elif conversations < FEW:
            self.notes[f"{what}: {conversations} conversations, too few for an interval ({FEW})"] = None
        kappa = self.kappa(told)
        if told and kappa is None:
            self.notes[f"{what}: κ is not defined, as chance alone would always agree"] = None
        return {"pairs": len(told), "raw": self.raw(told), "kappa": kappa}

    def raw(self, told: Sequence[tuple[str, str, str]]) -> dict[str, Any] | None:
        """The share on which both words are the same."""
        same = np.array([one == other for _, one, other in told], dtype=np.float64)
        at, resamples = self.at(told)
        table = tabulate(alike("raw", len(same)), same, at, self.conversations)
        return as_json(figures(table, {}, resamples=resamples)["raw"])

    def kappa(self, told: Sequence[tuple[str, str, str]]) -> dict[str, Any] | None:
        """Cohen's κ of the words."""
        if not told:
            return None
        one, other = (np.array([CODE[words[place]] for words in told]) for place in (1, 2))
        at, resamples = self.at(told)
        return as_json(kappa_figure(one, other, at, self.conversations, resamples))

    def at(self, told: Sequence[tuple[str, str, str]]) -> tuple[Any, int]:
        """The conversation of each, and how many draws: none where they are too few for an interval."""
        at = np.array([self.conversation[row] for row, _, _ in told], dtype=np.int64)
        return at, self.resamples if len(set(at.tolist())) >= FEW else 0


def as_json(figure: Figure | None) -> dict[str, Any] | None:
    """A figure as in summary.json."""
    return None if figure is None else figure.to_json()


def goal_of(one: Key) -> str:
    """The first part of a row's category."""
    return one.category.partition("/")[0]


def majority(people: Sequence[Person]) -> Person:
    """What more people said of a pair than anything else, a tie where nothing was; of pairs that two labelled."""
    votes: dict[str, Counter[str]] = {}
    for one in people:
        for row, word in one.said.items():
            votes.setdefault(row, Counter())[word] += 1
    return Person("majority", {row: winner(found) for row, found in votes.items() if found.total() > 1})


def winner(votes: Mapping[str, int]) -> str:
    """The word with the most votes; "tie" where two have as many."""
    most = [word for word, count in votes.items() if count == max(votes.values())]
    return most[0] if len(most) == 1 else "tie"


def alpha(keys: Sequence[Key], people: Sequence[Person]) -> float | None:
    """Krippendorff's α of all people; None with one of them, or where it is not defined."""
    if len(people) < 2:
        return None
    said: Floats = np.array([[CODE.get(one.said.get(key.id, ""), np.nan) for key in keys] for one in people])
    return krippendorff(said)


def bands(keys: Sequence[Key]) -> list[tuple[float, float, set[str]]]:
    """Up to three parts of the rows by the gap of their ratings, with the smallest and largest gap in each."""
    gaps = np.array([one.gap for one in keys])
    edges = np.unique(np.quantile(gaps, np.arange(1, BANDS) / BANDS))
    place = np.searchsorted(edges, gaps, side="left")
    parts = [[key for key, at in zip(keys, place, strict=True) if at == number] for number in range(BANDS)]
    return [
        (min(one.gap for one in part), max(one.gap for one in part), {one.id for one in part})
        for part in parts
        if part
    ]
