"""The headline under every convention: does it matter which one was chosen, and would it change the ranking?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, get_args

import numpy as np

from rmb.metrics.averages import Groups
from rmb.metrics.columns import Columns
from rmb.metrics.credits import item_credits
from rmb.metrics.intervals import found_in
from rmb.outcomes import CHANCE, HEADLINE, Average, Convention, Order

CHOICES: Mapping[str, Sequence[Any]] = {
    "order": get_args(Order),
    "tie": (0.0, 0.5),
    "failure": (0.0, CHANCE, None),
    "average": get_args(Average),
}
"""What a convention may say, field by field."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Overall of each judge under each convention.

    overall: by convention and judge; None where it is not defined (nothing was measured, one order was shown).
    ranked: the judges best first, where all have a figure; judges with equal figures are one step of it.
    idle: fields of a convention that change no figure here (no ties, no failures): one value stands for all.
    """

    overall: Mapping[Convention, Mapping[str, float | None]]
    headline: Convention
    idle: tuple[str, ...]

    def ranking(self, convention: Convention) -> tuple[frozenset[str], ...] | None:
        """The judges best first under a convention, equals together; None where one has no figure."""
        figures = self.overall[convention]
        steps: dict[float, set[str]] = {}
        for judge, value in figures.items():
            if value is None:
                return None
            steps.setdefault(round(value, 12), set()).add(judge)
        return tuple(frozenset(steps[value]) for value in sorted(steps, reverse=True))

    @property
    def upset(self) -> list[Convention]:
        """Conventions under which the judges rank otherwise than under the headline's."""
        usual = self.ranking(self.headline)
        rankings = {convention: self.ranking(convention) for convention in self.overall}
        return [one for one, ranking in rankings.items() if None not in (ranking, usual) and ranking != usual]

    def to_json(self) -> dict[str, Any]:
        """As in summary.json and `rmb compare --json`."""
        return {
            "conventions": [
                {
                    **convention.to_json(),
                    "overall": dict(figures),
                    "ranking_changes": convention in self.upset,
                }
                for convention, figures in self.overall.items()
            ],
            "no_effect": list(self.idle),
        }


def sensitivity(judges: Mapping[str, Columns], headline: Convention = HEADLINE) -> Sensitivity:
    """Overall of the judges under every convention; a field that changes nothing is held at the headline's value.

    Averaged scores are compared only where all judges have graded ones.
    """
    graded = all(judged.graded.any() for judged in judges.values())
    orders = [order for order in CHOICES["order"] if order != "averaged" or graded]
    choices = {**CHOICES, "order": orders}
    idle = tuple(name for name, used in matters(judges).items() if not used)
    for name in idle:
        choices[name] = [getattr(headline, name)]
    groups = {name: Groups(judged, present=True) for name, judged in judges.items()}
    conventions = dict.fromkeys([headline, *every(choices, headline)])
    overall = {one: {name: value(group, one) for name, group in groups.items()} for one in conventions}
    return Sensitivity(overall, headline, idle)


def matters(judges: Mapping[str, Columns]) -> dict[str, bool]:
    """Which fields of a convention can change a figure of these judges."""
    failures = any((np.isnan(judged.vote) & ~judged.unanswered).any() for judged in judges.values())
    # A failure is a vote as well, and with it a majority may come out even.
    ties = failures or any((judged.vote == 0.5).any() or is_split(judged) for judged in judges.values())
    return {"tie": bool(ties), "failure": bool(failures)}


def is_split(judged: Columns) -> bool:
    """Whether any comparison has both preferences in its showings, which makes a tie of a majority."""
    return bool((judged.total(judged.vote == 1) * judged.total(judged.vote == 0)).any())


def every(choices: Mapping[str, Sequence[Any]], headline: Convention) -> Iterator[Convention]:
    """All conventions that can be made of the choices, otherwise as the headline's."""
    for chosen in product(*choices.values()):
        yield replace(headline, **dict(zip(choices, chosen, strict=True)))


def value(groups: Groups, convention: Convention) -> float | None:
    """Overall over the cells that have an item; None where one of them has no figure."""
    worth = item_credits(groups.judged, convention)
    figure = found_in([groups.part("it", worth, convention.average)], resamples=0)["it:overall"]
    return None if figure is None else figure.value
