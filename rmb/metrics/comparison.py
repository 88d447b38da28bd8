"""Several judges on the items that they share: who is better, is it real, and where do they differ?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from rmb.metrics.agreement import Agreement, agreement, alpha, disagreements
from rmb.metrics.columns import Columns, columns
from rmb.metrics.intervals import RESAMPLES
from rmb.metrics.paired import MATTERS, Finding, Paired, finding, holm, in_words, paired
from rmb.metrics.sensitivity import Sensitivity, sensitivity
from rmb.metrics.shared_items import shared
from rmb.metrics.summary import summarise
from rmb.outcomes import HEADLINE, Convention, Outcome

Judges = Mapping[str, Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two judges. difference, agreement: None where no item has a credit, or verdicts, from both.

    p: of the sign-flip test on Overall, adjusted for all the pairs (Holm); words: what may be said.
    """

    judges: tuple[str, str]
    difference: Paired | None
    agreement: Agreement | None
    p: float | None
    finding: Finding
    words: str

    def to_json(self) -> dict[str, Any]:
        """As in `rmb compare --json`."""
        told: dict[str, Any] = {
            "judges": self.judges,
            "finding": self.finding,
            "words": self.words,
            "p_holm": self.p,
        }
        if self.difference is not None:
            told |= {
                "items": self.difference.items,
                "conversations": self.difference.conversations,
                "difference": self.difference.cells,
                "p": self.difference.p,
                "mcnemar": self.difference.mcnemar.to_json(),
                "detectable": self.difference.detectable,
            }
        return {**told, "agreement": self.agreement and self.agreement.to_json()}


@dataclass(frozen=True, slots=True)
class Contest:
    """How judges fare against each other. items: that all of them share. alpha: Krippendorff's, of all judges."""

    items: int
    pairs: tuple[Pair, ...]
    sensitivity: Sensitivity
    alpha: float | None

    def to_json(self) -> dict[str, Any]:
        """As in `rmb compare --json`."""
        return {
            "items": self.items,
            "pairs": [pair.to_json() for pair in self.pairs],
            "sensitivity": self.sensitivity.to_json(),
            "alpha": self.alpha,
        }


@dataclass(frozen=True, slots=True)
class Comparing(Contest):
    """All that `rmb compare` tells.

    summaries: of each judge on the shared items; sanity: of the judges without a model. disagreements: see
    rmb.metrics.agreement.
    """

    convention: Convention
    summaries: Mapping[str, Mapping[str, Any]]
    sanity: Mapping[str, Mapping[str, Any]]
    disagreements: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """As in `rmb compare --json`."""
        return {
            **Contest.to_json(self),
            "convention": self.convention.to_json(),
            "judges": self.summaries,
            "sanity": self.sanity,
            "disagreements": self.disagreements,
        }


def compare(
    judges: Judges,
    *,
    sanity: Judges | None = None,
    convention: Convention = HEADLINE,
    matters: float = MATTERS,
    resamples: int = RESAMPLES,
) -> Comparing:
    """Judges on the items that all of them have.

    sanity: outcomes of judges without a model, shown beside the others; those that lack a shared item are left
    out. matters: the smallest difference in Overall that matters, in [0, 1].
    """
    mine = shared(judges)
    judged = {name: columns(outcomes) for name, outcomes in mine.items()}
    first = next(iter(mine.values()))
    beside = {
        name: found[name]
        for name, outcomes in (sanity or {}).items()
        for found in [shared({name: outcomes, "": first})]
        if len(found[name]) == len(first)
    }
    found = contest(judged, convention, matters=matters, resamples=resamples)
    return Comparing(
        items=found.items,
        pairs=found.pairs,
        sensitivity=found.sensitivity,
        alpha=found.alpha,
        convention=convention,
        summaries={
            name: summarise(one, convention=convention, resamples=resamples) for name, one in mine.items()
        },
        sanity={name: summarise(one, convention=convention, resamples=0) for name, one in beside.items()},
        disagreements=disagreements(judged),
    )


def contest(
    judged: Mapping[str, Columns],
    convention: Convention,
    *,
    matters: float = MATTERS,
    resamples: int = RESAMPLES,
) -> Contest:
    """Judges of the same items against each other. matters: as for `compare`."""
    return Contest(
        items=len(next(iter(judged.values())).items),
        pairs=tuple(pairs_of(judged, convention, matters, resamples)),
        sensitivity=sensitivity(judged, convention),
        alpha=alpha(list(judged.values())),
    )


def pairs_of(
    judged: Mapping[str, Columns], convention: Convention, matters: float, resamples: int
) -> list[Pair]:
    """Every two judges, in the order given, their p-values adjusted for each other."""
    names = list(combinations(judged, 2))
    differences = [
        paired(judged[one], judged[other], convention, pairs=len(names), resamples=resamples)
        for one, other in names
    ]
    known = [result.p for result in differences if result is not None]
    adjusted = iter(holm(known))
    pairs = []
    for both, result in zip(names, differences, strict=True):
        p = None if result is None else next(adjusted)
        agreed = agreement(judged[both[0]], judged[both[1]], resamples=resamples)
        pairs.append(told(both, result, p, agreed, matters))
    return pairs


def told(
    names: tuple[str, str],
    result: Paired | None,
    p: float | None,
    agreed: Agreement | None,
    matters: float,
) -> Pair:
    """A pair with what may be said of it."""
    if result is None or p is None:
        words = f"not enough data to tell {names[0]} from {names[1]}: no item has a credit from both"
        return Pair(names, None, agreed, None, "not enough data", words)
    return Pair(
        names,
        result,
        agreed,
        p,
        finding(result, p, matters=matters),
        in_words(names, result, p, matters=matters),
    )
