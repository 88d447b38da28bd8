"""Best-of-N lists of responses to one prompt, from their ratings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from rmb.build.rated import Response
from rmb.canonical import fraction

FURTHER = 0.25
"""How likely a list has one more loser than it must: in RMB 2,878 lists have two, 712 three, 165 four, 24 five, 7 six."""

List = tuple[Response, tuple[Response, ...]]
"""A winner and its losers, the best first."""


def lists(
    responses: Sequence[Response],
    *,
    margin: float,
    losers: tuple[int, int],
    most: int,
    comparisons: int,
    seed: int,
) -> list[List]:
    """At most `most` lists of responses to one prompt, each with another winner.

    responses: the best first. margin: by which a winner is rated above each of its losers. losers: fewest and most;
    how many there are is drawn, see FURTHER, and so is who: among all that are far enough below. Winners are drawn
    among all with enough losers. comparisons: different pairs of a winner and a loser in all lists together, at most.
    """
    found: list[List] = []
    left = comparisons
    for winner in sorted(responses, key=lambda one: fraction(seed, "winner", one.id)):
        below = [one for one in responses if winner.ahead(one, margin)]
        if len(found) == most or min(left, len(below)) < losers[0]:
            continue
        count = min(drawn_count(winner, losers, seed), len(below), left)
        chosen = set(sorted(below, key=lambda one: fraction(seed, "loser", winner.id, one.id))[:count])
        found.append((winner, tuple(one for one in responses if one in chosen)))
        left -= count
    return found


def drawn_count(winner: Response, losers: tuple[int, int], seed: int) -> int:
    """How many losers a winner's list is to have."""
    further = range(losers[0], losers[1])
    return losers[0] + len(
        list(takewhile(lambda n: fraction(seed, "further", winner.id, n) < FURTHER, further))
    )
