"""Winners that are not known by their length or by who wrote them: surplus items are taken out until shares hold."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from rmb.build.made import Dropped
from rmb.build.rated import NEAR, Contest
from rmb.canonical import fraction


@dataclass(frozen=True, slots=True)
class Shares:
    """What is to hold of the items of a goal in a set. longer, generator: as in the recipe; None: any.

    needed: comparisons of lists; pairs that hold one go last. seed: of the order in which items go.
    """

    longer: float | None
    generator: float | None
    seed: int
    needed: Collection[tuple[str, str]] = ()

    def surplus(self, items: Sequence[Contest], keep: int, kind: str) -> list[Contest]:
        """Of some items those beyond `keep`, in the order in which they go."""
        ranked = sorted(
            items,
            key=lambda one: (
                not (one.set == "pairwise" and one.comparisons[0] in self.needed),
                fraction(self.seed, kind, one.id),
            ),
        )
        return ranked[keep:]


@dataclass(frozen=True, slots=True)
class Balanced:
    """Items that hold the shares, as far as these can be had. said: where they cannot, a sentence each."""

    items: list[Contest]
    dropped: list[Dropped]
    said: list[str]


def balanced(items: Sequence[Contest], shares: Shares) -> Balanced:
    """The items without the surplus, in their order. items: of one goal, set and split.

    Taking out for one share can break the other, so it goes on until neither takes out anything.
    """
    kept, dropped, said = list(items), list[Dropped](), dict[str, None]()
    rules: Mapping[str, Callable[..., tuple[list[Contest], str | None]]] = {
        "longer": too_long,
        "generator": too_frequent,
    }
    changed = True
    while changed and kept:
        changed = False
        for name, rule in rules.items():
            gone, complaint = rule(kept, shares)
            if complaint:
                said[complaint] = None
            dropped += [Dropped(one.id, name, f"{one.set}, {one.path}") for one in gone]
            ids = {one.id for one in gone}
            kept = [one for one in kept if one.id not in ids]
            changed = changed or bool(gone)
    return Balanced(kept, dropped, list(said))


def too_long(items: Sequence[Contest], shares: Shares) -> tuple[list[Contest], str | None]:
    """The surplus of items whose winner is the longest; with a sentence where there are no others, so that all stay."""
    share = shares.longer
    longest = [one for one in items if one.longer]
    others = len(items) - len(longest)
    if share is None or share == 1 or not longest:
        return [], None
    if not others:
        return [], f"longer {share:g} cannot be had: in all {len(items)} the winner is the longest"
    return shares.surplus(longest, math.floor(share / (1 - share) * others + NEAR), "longer"), None


def too_frequent(items: Sequence[Contest], shares: Shares) -> tuple[list[Contest], str | None]:
    """The surplus of models that win more than their share.

    Where k models win, no share below 1/k can be had: then 1/k is aimed at, with a sentence that says so.
    """
    share, wins = shares.generator, Counter(one.winner.model for one in items)
    if share is None or not wins:
        return [], None
    low = share * len(wins) < 1 - NEAR
    aim = 1 / len(wins) if low else share
    said = f"generator {share:g} cannot be had: {len(wins)} models win; aimed at {aim:.3f}" if low else None
    cap = largest(wins, aim)
    gone = [
        one
        for model in sorted(wins)
        for one in shares.surplus([item for item in items if item.winner.model == model], cap, "generator")
    ]
    return gone, said


def largest(wins: Mapping[str, int], share: float) -> int:
    """The most wins that each model may keep so that none has more than its share of what is left."""
    total = sum(wins.values())
    while True:
        cap = math.floor(share * total + NEAR)
        left = sum(min(count, cap) for count in wins.values())
        if left == total:
            return cap
        total = left
