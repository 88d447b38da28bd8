"""Which items of a benchmark are judged: by set, by scenario, and a stratified part of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Literal

from rmb.canonical import fraction
from rmb.errors import UnknownName, UsageError
from rmb.records import Item


def select(
    items: Sequence[Item],
    *,
    kind: Literal["pairwise", "bon", "all"] = "all",
    scenario: str | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> list[Item]:
    """The items of a set and of scenarios that match a glob, at most `limit` of them, in the benchmark's order.

    Raises UnknownName if no scenario of either set matches, UsageError if nothing is left.
    """
    asked = items
    if scenario is not None:
        matching = {path for path in {item.path for item in items} if matches(path, scenario)}
        if not matching:
            raise UnknownName("scenario", scenario, scenario_names(items))
        asked = [item for item in items if item.path in matching]
    chosen = [item for item in asked if kind in ("all", item.set)]
    if not asked:
        raise UsageError("no item in this data; name other data")
    if not chosen and scenario is not None:
        raise UsageError(f"scenario {scenario!r} has no {kind} item here; leave out --set, or name another")
    if not chosen:
        raise UsageError(f"no {kind} item in this data; leave out --set, or name other data")
    return chosen if limit is None else stratified(chosen, limit, seed)


def matches(path: str, glob: str) -> bool:
    """True if a glob matches the whole path of a scenario, a part of it, or some of its last parts.

    Letter case does not matter.

    >>> matches("helpfulness/Open QA/Factual", "open qa"), matches("helpfulness/Chat/Discussion", "chat/d*")
    (True, True)
    """
    parts, folded = path.casefold().split("/"), glob.casefold()
    tails = ["/".join(parts[start:]) for start in range(len(parts))]
    return any(fnmatchcase(name, folded) for name in (*tails, *parts, "/".join(parts[:2])))


def scenario_names(items: Sequence[Item]) -> list[str]:
    """Every name a scenario goes by in these items: goal, scenario, sub-scenario."""
    return sorted({part for item in items for part in item.path.split("/")})


def stratified(items: Sequence[Item], limit: int, seed: int) -> list[Item]:
    """`limit` items spread over the scenarios in proportion to their size, in the benchmark's order.

    A larger limit takes the same items and more, so that answers are used again.
    """
    strata: defaultdict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        strata[item.path].append(place)
    ranked = []
    for path, places in strata.items():
        shuffled = sorted(places, key=lambda place: fraction(seed, items[place].id))
        # Without an offset of its own each scenario would come in at the same rank, and small ones together.
        offset = fraction(seed, path)
        ranked += [((turn + offset) / len(places), place) for turn, place in enumerate(shuffled)]
    return [items[place] for place in sorted(place for _, place in sorted(ranked)[:limit])]


def by_id(items: Sequence[Item], name: str) -> Item:
    """The item of that id. Raises UnknownName with the nearest ids."""
    for item in items:
        if item.id == name:
            return item
    raise UnknownName("item", name, {item.id for item in items})
