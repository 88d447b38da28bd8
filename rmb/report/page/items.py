"""What a page holds of the items: the index of all of them, and as many in full as fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rmb.errors import RmbError
from rmb.report.page.blobs import blob
from rmb.report.page.dossiers import Dossiers, Shelf, dossiers
from rmb.report.page.index import entries, packed
from rmb.report.page.sources import Source

SIZE = 5.0
"""Megabytes that a report may have, unless more is asked for."""
MARGIN = 150_000
"""Characters that are kept free for what is not known before the items are chosen: their places in the index."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Where the items' texts come from. shelf: opens them, or raises RmbError that says why they are not at hand.

    size: megabytes that the file may have; more: how to have one with more items in it.
    """

    shelf: Callable[[], Shelf]
    size: float = SIZE
    more: str = "rmb report … --size 100"


@dataclass(frozen=True, slots=True)
class Items:
    """Packed items, see rmb.report.page.blobs. index: None where no run tells of items. absent: why some are not in full.

    outcomes: by run, a letter for each item, as in the index.
    """

    index: str | None = None
    chunks: Sequence[str] = ()
    absent: str | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)


def items(runs: Mapping[str, Source], texts: Texts, *, taken: int) -> Items:
    """The items of some runs, by their labels. taken: bytes of the file that the rest of the page needs."""
    sources = list(runs.values())
    found = entries(sources)
    if not found:
        return Items()
    bare = packed(found, list(runs), Dossiers(), None)
    outcomes = dict(zip(runs, bare["items"]["outcome"], strict=True))
    room = int(texts.size * 1e6) - taken - len(blob(bare)) - MARGIN
    try:
        made = dossiers(found, sources, texts.shelf(), room=room)
        absent = cut(made, len(found), texts)
    except RmbError as error:
        made, absent = Dossiers(), f"The texts of the items are not in this file: {error}"
    return Items(blob(packed(found, list(runs), made, absent)), made.chunks, absent, outcomes)


def cut(made: Dossiers, every: int, texts: Texts) -> str | None:
    """That only some items are in full, and why; None if all are."""
    told, held = [], len(made.places)
    if held + made.unknown < every:
        told.append(
            f"The texts of {held:,} of {every:,} items are in this file, a few conversations of each scenario, so that it "
            f"stays below {texts.size:g} MB. For one with more: {texts.more}"
        )
    if made.unknown:
        told.append(
            f"Of {made.unknown:,} of {every:,} items the texts are not shown: the data at hand does not hold them, or "
            "others by now."
        )
    return " ".join(told) or None
