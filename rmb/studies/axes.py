"""What the axes of a study do, over all its judges and for each of them, and what each level takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rmb.metrics import factors, grid
from rmb.metrics.columns import Columns
from rmb.metrics.intervals import RESAMPLES
from rmb.metrics.paired import MATTERS
from rmb.metrics.pareto import per_thousand
from rmb.outcomes import Convention
from rmb.records import JUDGE_FAILURES, RUN_FAILURES, Usage
from rmb.studies.results import Result

JUDGE = "judge"


@dataclass(frozen=True)
class Axes:
    """The cells of a study, to be looked at along their axes.

    judged: the verdicts of each cell; items: on how many of them it has a credit. All by the names of the cells.
    """

    results: Mapping[str, Result]
    judged: Mapping[str, Columns]
    items: Mapping[str, int]
    baseline: str
    convention: Convention
    matters: float = MATTERS
    resamples: int = RESAMPLES

    def to_json(self) -> dict[str, Any] | None:
        """What each axis does over all cells, and which depend on each other; None of one cell."""
        return self.of(list(self.results), self.baseline)

    def by_judge(self) -> dict[str, Any]:
        """The same of each judge's cells by themselves; a judge with one cell is left out. Empty for one judge alone.

        Holm corrects within a judge. The reference is the judge's cell with the baseline's levels, or else its first.
        """
        cells: dict[str, list[str]] = {}
        for name, one in self.results.items():
            cells.setdefault(one.cell.levels.get(JUDGE, ""), []).append(name)
        if len(cells) < 2:
            return {}
        return {judge: self.of(mine, self.reference(mine)) for judge, mine in cells.items() if len(mine) > 1}

    def reference(self, names: Sequence[str]) -> str:
        """Of the cells of a judge, the one that is as the baseline in all but the judge; the first where there is none."""
        wanted = self.others(self.baseline)
        return next((name for name in names if self.others(name) == wanted), names[0])

    def others(self, name: str) -> dict[str, str]:
        """A cell's levels but for the judge."""
        return {axis: level for axis, level in self.results[name].cell.levels.items() if axis != JUDGE}

    def of(self, names: Sequence[str], reference: str) -> dict[str, Any] | None:
        """What the axes do in some cells."""
        if len(names) < 2:
            return None
        cells = {name: grid.Cell(self.results[name].cell.levels, self.judged[name]) for name in names}
        found = factors.factors(
            cells, reference, convention=self.convention, matters=self.matters, resamples=self.resamples
        ).to_json()
        for axis, told in found["axes"].items():
            for level, one in told["levels"].items():
                mine = [name for name in names if self.results[name].cell.levels[axis] == level]
                one["takes"] = takes(
                    (self.results[name] for name in mine), sum(self.items[name] for name in mine)
                )
        return found


def takes(results: Iterable[Result], items: int) -> dict[str, Any]:
    """What some cells take together, for 1,000 items of theirs, whenever they were asked; None where that is unknown.

    items: on which they have a credit. Tokens are of prompts and of replies, thinking among these; seconds the answers'
    own, added. failures: each cell's questions without a verdict, by reason; no_verdict: the share of those answered that
    came back without one, in [0, 1].
    """
    mine = list(results)
    usage = Usage.total(one.usage for one in mine)
    failures = sum((Counter(one.run.failures) for one in mine), Counter[str]())
    failed = sum(failures[reason] for reason in JUDGE_FAILURES)
    unknown = sum(failures[reason] for reason in RUN_FAILURES)
    answered = sum(one.run.counts["questions"] for one in mine) - unknown
    totals = {
        "usd": usage.cost_usd,
        "seconds": usage.seconds,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
    }
    return {
        **{f"{name}_per_1000_items": per_thousand(total, items) for name, total in totals.items()},
        "no_verdict": failed / answered if answered else None,
        "failures": dict(failures),
    }
