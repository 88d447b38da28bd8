"""Pairs of responses to one prompt, from their ratings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from rmb.build.rated import Response
from rmb.canonical import fraction

Pair = tuple[Response, Response]
"""The better response and the worse."""


def pairs(
    responses: Sequence[Response], first: Iterable[Pair], *, gap: float, most: int, seed: int
) -> list[Pair]:
    """At most `most` pairs of responses whose ratings differ by `gap`.

    responses: to one prompt, each another text, the best first. first: pairs that are in whatever the others are, as lists need them.
    Then comes, one after the other, the pair whose two responses are in the fewest pairs so far, and of these the one
    with the widest gap: the widest of all first, and each response is seen once before any is seen much more often.
    """
    taken = list(dict.fromkeys(first))
    free = {
        pair: (pair[1].rating - pair[0].rating, fraction(seed, "pair", pair[0].id, pair[1].id))
        for pair in combinations(responses, 2)
        if pair[0].ahead(pair[1], gap) and pair not in set(taken)
    }
    used = Counter(one.id for pair in taken for one in pair)
    while free and len(taken) < most:
        best = min(free, key=lambda pair: (used[pair[0].id] + used[pair[1].id], *free[pair]))
        del free[best]
        taken.append(best)
        used.update(one.id for one in best)
    return taken
