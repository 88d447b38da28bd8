"""The section of several judges against each other, on the items that their runs share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

from rmb.metrics.columns import columns
from rmb.metrics.comparison import Contest, contest
from rmb.metrics.shared_items import shared
from rmb.outcomes import Convention, Outcome
from rmb.report import figures
from rmb.report.page.index import FAILED, INCONSISTENT, RIGHT, WRONG
from rmb.report.page.parts import Cell, Folded, Part, Row, Section, Table, Words, drawings
from rmb.report.page.told import Told, count, p_value, percent, pointer, points, score

COLUMNS = (
    "points",
    "p",
    "Holm p",
    "would show",
    "right alone",
    "other alone",
    "McNemar p",
    "agree",
    "κ",
    "same errors κ",
)


def faced(judges: Mapping[str, Sequence[Outcome]], convention: Convention) -> Contest | None:
    """The judges on the items that all of them have; None where they share none."""
    mine = shared(judges)
    if len(mine) < 2 or not next(iter(mine.values())):
        return None
    return contest({name: columns(outcomes) for name, outcomes in mine.items()}, convention)


def comparison(
    found: Contest | None, why: str, letters: Mapping[str, str], convention: Convention
) -> Section:
    """Who is better, by how much, and is it real; flips, agreement, conventions.

    why: there is no contest, if there is none. letters: by judge, what became of each item.
    """
    if found is None:
        return Section("comparison", "Comparison", [], [why])
    labels = list(letters)
    told = Told("comparison", found.to_json(), file="comparison")
    parts: list[Part] = [
        Words([f"{pair.words[:1].upper()}{pair.words[1:]}." for pair in found.pairs], "finding"),
        paired(told),
        flips(letters),
        *drawings(
            ("Agreement: share of comparisons on which two judges say the same", agreement(told, labels))
        ),
        Folded("Overall under other conventions", list(conventions(told, labels))),
    ]
    items = f"On the {found.items:,} items that all share; {convention}."
    return Section("comparison", "Comparison", [Words([items]), *parts])


def paired(told: Told) -> Table:
    """One line for every two judges."""
    rows = []
    for place, pair in enumerate(told.content["pairs"]):
        at = ("pairs", place)
        measured = pair.get("difference") is not None
        cells = [told.figure(*at, "difference", "overall", show=points)] if measured else [Cell()]
        cells += [told.cell(*at, name, show=p_value) if measured else Cell() for name in ("p", "p_holm")]
        cells += [
            told.cell(*at, "detectable", show=lambda share: f"{100 * share:.1f}") if measured else Cell()
        ]
        cells += [
            told.cell(*at, "mcnemar", name, show=count) if measured else Cell()
            for name in ("only_first", "only_second")
        ]
        cells += [told.cell(*at, "mcnemar", "p", show=p_value) if measured else Cell()]
        cells += [told.figure(*at, "agreement", "raw", show=percent)]
        cells += [told.figure(*at, "agreement", name, show=score) for name in ("kappa", "same_mistakes")]
        rows.append(Row(" – ".join(pair["judges"]), cells))
    note = (
        "Points: the first judge's Overall less the second's. Would show: the difference that this data would show in four of "
        "five cases. Alone: items that only one has right, in the one order drawn. κ: agreement beyond chance; same errors: on right and wrong."
    )
    return Table("Pairs", ["judges", *COLUMNS], rows, note)


def flips(letters: Mapping[str, str]) -> Table:
    """Items that one of two judges has right and the other has not; each count leads to these items."""
    rows = []
    for one, other in combinations(letters, 2):
        flipped = {
            "right-wrong": sum(map(is_flip, letters[one], letters[other])),
            "wrong-right": sum(map(is_flip, letters[other], letters[one])),
        }
        cells = [
            Cell(count(times), times, file="items.parquet", link=where(flip, one, other))
            for flip, times in flipped.items()
        ]
        rows.append(Row(f"{one} → {other}", cells))
    note = (
        "Items that the first judge has right in every order and sample and the second has not, and the reverse; "
        "items without an answer count in neither. A count leads to its items."
    )
    return Table("Flips", ["from → to", "right → wrong", "wrong → right"], rows, note)


def is_flip(before: str, after: str) -> bool:
    """Whether an item was right, and is not any more."""
    return before == RIGHT and after in (WRONG, INCONSISTENT, FAILED)


def agreement(told: Told, labels: Sequence[str]) -> str | None:
    """The agreement matrix: share of comparisons on which two judges say the same."""
    cells: dict[tuple[str, str], Any] = {}
    paths: dict[tuple[str, str], str] = {}
    for place, pair in enumerate(told.content["pairs"]):
        one, other = pair["judges"]
        cells[one, other] = cells[other, one] = (pair["agreement"] or {}).get("raw")
        paths[one, other] = paths[other, one] = pointer(("pairs", place, "agreement", "raw"))
    return figures.heatmap(
        labels,
        labels,
        [[cells.get((one, other)) for other in labels] for one in labels],
        paths=[[paths.get((one, other)) for other in labels] for one in labels],
        prefix="agreement",
    )


def conventions(told: Told, labels: Sequence[str]) -> Iterator[Part]:
    """Overall of each judge under every convention, and whether the ranking changes."""
    every = told.content["sensitivity"]["conventions"]
    changed = sum(bool(one["ranking_changes"]) for one in every)
    yield Words([f"The ranking changes under {changed} of {len(every)} conventions."])
    rows = [
        Row(
            f"tie {one['tie']:g}, failure {one['judge_failure']}, {one['credit_of_orders']}, {one['average']}",
            [
                *(
                    told.cell("sensitivity", "conventions", place, "overall", label, show=score)
                    for label in labels
                ),
                Cell("changes" if one["ranking_changes"] else ""),
            ],
        )
        for place, one in enumerate(every)
    ]
    yield Table("Overall under every convention", ["convention", *labels, "ranking"], rows)


def where(flip: str, one: str, other: str) -> str:
    """The address within the page of the items that one judge has right and another has not."""
    return "#items?" + urlencode({"flip": flip, "from": one, "to": other})
