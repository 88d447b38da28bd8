"""How much a judge's verdict depends on the place where a response is shown."""

from __future__ import annotations

from collections import defaultdict

from rmb.outcomes import Comparison


def consistent_verdict(comparison: Comparison) -> float | None:
    """Share of samples in which both orders gave the same verdict (a tie in both counts as the same): 0 or 1
    for one sample. None where not both orders have a verdict.
    """
    said: defaultdict[int, dict[int | None, str]] = defaultdict(dict)
    for showing in comparison.showings:
        if showing.said is not None:
            said[showing.sample][showing.position] = showing.said
    both = [verdicts[0] == verdicts[1] for verdicts in said.values() if {0, 1} <= set(verdicts)]
    return sum(both) / len(both) if both else None


def first_shown(comparison: Comparison) -> list[float]:
    """For each showing with a preference: 1 if the response shown first was preferred, else 0. Ties are left out,
    as are scorers that see one response at a time.
    """
    preferred = {"chosen": 0, "rejected": 1}
    return [
        float(showing.position == preferred[showing.said])
        for showing in comparison.showings
        if showing.position is not None and showing.said in preferred
    ]
