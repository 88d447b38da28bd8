"""What each scorer's picks are worth, beside picks that need no scorer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rmb.alignment.choosing import Picks
from rmb.alignment.measures import Text, Worth
from rmb.alignment.picking import ALONE, UNRANKED, Pick, top
from rmb.alignment.samples import Case
from rmb.records import Failure, Json

Fallback = Literal["first", "excluded"]
"""What a prompt counts for that a scorer answered without a verdict: the first sample, or nothing."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A scorer's pick among the first n samples of a case, and what it is worth.

    value: None where that is not known, for the reason in `failure`. pick: as the scorer made it.
    """

    case: Case
    n: int
    pick: Pick
    value: float | None
    failure: Failure | None = None

    def to_json(self, scorer: str) -> dict[str, Json]:
        """As a line of picks.jsonl. sample: the first place, from 0, at which the text came."""
        weights = {} if isinstance(self.pick, Failure) else self.pick
        candidates = self.case.candidates
        return {
            "policy": self.case.policy,
            "prompt": self.case.prompt.id,
            "scorer": scorer,
            "n": self.n,
            "picks": [
                {"sample": self.case.responses.index(candidates[place]), "weight": weight}
                for place, weight in weights.items()
            ],
            "value": self.value,
            **({"failure": self.failure.reason} if self.failure else {}),
        }


def counted(pick: Pick, fallback: Fallback) -> Mapping[int, float]:
    """The candidates that a pick counts for; none where it is not known, or left out.

    Without a verdict, samples are as good as they came: the first is what would be given to a user.
    """
    if not isinstance(pick, Failure):
        return pick
    return {} if pick.unanswered or pick is UNRANKED or fallback == "excluded" else {0: 1.0}


def needed(cases: Sequence[Case], picks: Sequence[Picks], fallback: Fallback) -> Iterator[Text]:
    """The responses that have to be measured for some picks."""
    for case, mine in zip(cases, picks, strict=True):
        for pick in mine.values():
            for place in counted(pick, fallback):
                yield case.prompt, case.candidates[place]


def valued(cases: Sequence[Case], picks: Sequence[Picks], worth: Worth, fallback: Fallback) -> list[Picked]:
    """Every pick with what it is worth: the weighted mean of what it picks."""
    return [
        priced(case, n, pick, worth, fallback)
        for case, mine in zip(cases, picks, strict=True)
        for n, pick in mine.items()
    ]


def priced(case: Case, n: int, pick: Pick, worth: Worth, fallback: Fallback) -> Picked:
    """A pick with what it is worth; not known if any of what it picks is not."""
    failure = pick if isinstance(pick, Failure) else None
    weights = counted(pick, fallback)
    if not weights:
        return Picked(case, n, pick, None, failure)
    worths = {place: worth[case.prompt.id, case.candidates[place]] for place in weights}
    unknown = [one for one in worths.values() if isinstance(one, Failure)]
    if unknown:
        return Picked(case, n, pick, None, Failure(unknown[0].reason, f"measure: {unknown[0].detail}"))
    value = sum(weights[place] * one for place, one in worths.items() if not isinstance(one, Failure))
    return Picked(case, n, pick, value, failure)


def first(cases: Sequence[Case], ns: Sequence[int]) -> list[Picks]:
    """Always the first sample: the policy itself."""
    return [dict.fromkeys(ns, ALONE) for _ in cases]


def longest(cases: Sequence[Case], ns: Sequence[int]) -> list[Picks]:
    """The longest sample, in characters."""
    return [
        {n: top({place: len(text) for place, text in enumerate(case.candidates[: case.seen(n)])}) for n in ns}
        for case in cases
    ]


def random(cases: Sequence[Case], ns: Sequence[int]) -> list[Picks]:
    """Any sample, each as likely as another."""
    return [{n: shares(case.responses[:n], case.candidates) for n in ns} for case in cases]


def shares(texts: Sequence[str], candidates: Sequence[str]) -> dict[int, float]:
    """How much of some texts each candidate is."""
    return {candidates.index(text): times / len(texts) for text, times in Counter(texts).items()}


def oracle(cases: Sequence[Case], ns: Sequence[int], worth: Worth) -> list[Picks]:
    """The best sample by the measure itself; a failure where one is not measured."""
    return [{n: best(case, n, worth) for n in ns} for case in cases]


def best(case: Case, n: int, worth: Worth) -> Pick:
    """The candidates of the first n samples that are worth the most."""
    worths = [worth[case.prompt.id, text] for text in case.candidates[: case.seen(n)]]
    failed = next((one for one in worths if isinstance(one, Failure)), None)
    if failed is not None:
        return Failure("cancelled", f"measure: {failed.detail}")
    return top({place: one for place, one in enumerate(worths) if not isinstance(one, Failure)})
