"""A sheet for people to label: pairs drawn over the categories, shown as A and B, and the key that says which is which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rmb.build import folder
from rmb.build.benchmark import FOLDER, SPLITS
from rmb.build.recipe import Recipe
from rmb.canonical import digest, fraction
from rmb.datasets.rmb import read_items
from rmb.datasets.select import stratified
from rmb.errors import DataError
from rmb.records import Conversation, Item

Label = Literal["A", "B"]
ID_DIGITS = 11


@dataclass(frozen=True, slots=True)
class Shown:
    """A pair as people see it: no label, no names. id: of its texts as shown, so that no other pair has it."""

    conversation: Conversation
    first: str
    second: str

    @property
    def id(self) -> str:
        """Stands for the texts in this order. It begins with a letter, or spreadsheets would take 12e345 for a number."""
        turns = [[turn.role, turn.content] for turn in self.conversation]
        return f"p{digest([turns, self.first, self.second])[:ID_DIGITS]}"


@dataclass(frozen=True, slots=True)
class Key:
    """What a row of the sheet is. label: which response the benchmark prefers; gap: of the two ratings.

    assembled: the hash of the assemble.jsonl that it was drawn from.
    """

    id: str
    item: str
    split: str
    category: str
    prompt: str
    label: Label
    gap: float
    assembled: str | None

    def to_json(self) -> dict[str, Any]:
        """As a line of key.jsonl."""
        return {name: getattr(self, name) for name in self.__slots__}


def draw(place: Path, recipe: Recipe) -> list[tuple[Shown, Key]]:
    """The rows of a build's sheet, in the order in which they are to be labelled: a mixed one, so that whoever stops
    early has labelled a sample as well. Raises DataError where nothing is assembled, or the split has no pair.
    """
    hashed = folder.sha256(folder.file_of(place, "assemble"))
    told = {f"{one.get('set')}/{one.get('uid')}": one for one in folder.lines(place, "assemble")}
    found = list(pairs(place))
    if any(item.id not in told for item in found):
        raise DataError(
            f"{place / FOLDER} is not what assemble.jsonl tells of; run again: rmb build assemble {place}"
        )
    wanted = recipe.agree.split
    items = [item for item in found if wanted in ("all", told[item.id]["split"])]
    if not items:
        raise DataError(f"{place / FOLDER} has no pair in the split {wanted!r}; agree.split names another")
    rows = []
    for item in stratified(items, recipe.agree.items, recipe.seed):
        shown, label = laid_out(item, recipe.seed)
        rows.append((shown, key(shown, label, told[item.id], hashed)))
    return sorted(rows, key=lambda row: fraction(recipe.seed, "row", row[0].id))


def pairs(place: Path) -> Iterator[Item]:
    """The pairs of a build's benchmark. Raises DataError if there is none, or it cannot be read."""
    splits = [path for name in SPLITS if (path := place / FOLDER / name).is_dir()]
    if not splits:
        raise DataError(f"{place / FOLDER} holds no item; run first: rmb build assemble {place}")
    for path in splits:
        items, _ = read_items(path)
        yield from (item for item in items if item.set == "pairwise")


def laid_out(item: Item, seed: int) -> tuple[Shown, Label]:
    """A pair in an order that is drawn from the seed and its texts, and which of the two the label prefers."""
    best, loser = item.candidates[item.best].text, item.candidates[item.losers[0]].text
    first, second = sorted((best, loser))
    turns = [[turn.role, turn.content] for turn in item.conversation]
    if fraction(seed, "order", turns, first, second) < 0.5:
        first, second = second, first
    return Shown(item.conversation, first, second), "A" if first == best else "B"


def key(shown: Shown, label: Label, told: Mapping[str, Any], hashed: str | None) -> Key:
    """The key of a row. told: its line of assemble.jsonl."""
    return Key(
        id=shown.id,
        item=f"pairwise/{told['uid']}",
        split=told["split"],
        category=told["category"],
        prompt=told["prompt"],
        label=label,
        gap=told["gap"],
        assembled=hashed,
    )
