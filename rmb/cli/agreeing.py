"""What `rmb build agree` does: write a sheet for people, or read what they said and tell how far they agree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from rmb.build import folder, labels
from rmb.build.agree import agreed
from rmb.build.labels import Person
from rmb.build.recipe import read
from rmb.build.sheet import Key, Shown, draw
from rmb.canonical import digest
from rmb.errors import DataError, UsageError, one_line
from rmb.report import sheet
from rmb.report.agreed import tables
from rmb.report.table import wide_console
from rmb.run.folder import storage, whole, write_json, write_lines

FOLDER, KEY, RESULT = "agree", "key.jsonl", "agree.json"


def agree_on(where: str, filled: Sequence[str], given: Mapping[str, Any]) -> None:
    """Writes the sheet of a build, or the agreement of those who filled it in."""
    place = Path(where).expanduser()
    if filled:
        tell(place, [Path(name).expanduser() for name in filled], given)
        return
    rows = draw(place, read(place))
    if given["dry_run"]:
        told = Counter(key.category.partition("/")[0] for _, key in rows)
        goals = ", ".join(f"{goal} {count:,}" for goal, count in sorted(told.items()))
        click.echo(f"{len(rows):,} pairs to be labelled ({goals}); nothing is written")
        return
    write_sheet(place / FOLDER, rows)
    if given["as_json"]:
        click.echo(json.dumps({"pairs": len(rows), "sheet": str(place / FOLDER / "sheet.html")}))
    if not given["quiet"]:
        click.echo(
            f"{len(rows):,} pairs → {place / FOLDER}/sheet.html and sheet.csv; when people have saved their labels: "
            f"rmb build agree {where} --labels FILE --labels FILE",
            err=True,
        )


def write_sheet(place: Path, rows: Sequence[tuple[Shown, Key]]) -> None:
    """Writes the sheet in both forms, and the key. Raises UsageError where somebody has filled in the one that is there."""
    shown = [
        sheet.Row(one.id, [(turn.role, turn.content) for turn in one.conversation], one.first, one.second)
        for one, _ in rows
    ]
    path = place / "sheet.csv"
    if path.is_file() and any((row.get("label") or "").strip() for _, row in labels.rows(path)):
        raise UsageError(f"{path} has labels in it; save it under another name, and take it away")
    with storage(place):
        place.mkdir(parents=True, exist_ok=True)
        write_lines(place / KEY, [key.to_json() for _, key in rows])
        # With a mark that has spreadsheets read it as UTF-8.
        for name, text, encoding in (
            ("sheet.csv", sheet.comma_separated(shown), "utf-8-sig"),
            ("sheet.html", sheet.page(shown, digest([one.id for one in shown])[:12]), "utf-8"),
        ):
            with whole(place / name) as part:
                part.write_text(text, encoding=encoding, newline="")


def tell(place: Path, paths: Sequence[Path], given: Mapping[str, Any]) -> None:
    """Says how far people agree; writes agree.json and the data card's part."""
    keys = read_key(place)
    people = read_people(paths, {key.id for key in keys})
    found = agreed(keys, people)
    drawn_from = {"assemble": keys[0].assembled}
    if drawn_from["assemble"] != folder.sha256(folder.file_of(place, "assemble")):
        found["notes"].append("the sheet was drawn from a benchmark that has been assembled anew since")
    if not given["dry_run"]:
        with storage(place):
            write_json(place / RESULT, found)
            folder.tell(place, "agree", {"read": drawn_from, **found})
    if given["as_json"]:
        click.echo(json.dumps(found, allow_nan=False))
        return
    console = wide_console()
    for part in tables(found):
        console.print(part, markup=False, highlight=False, soft_wrap=isinstance(part, str))


def read_people(paths: Sequence[Path], known: set[str]) -> list[Person]:
    """Who filled in a sheet. Raises DataError for a file without labels, UsageError for two of one name."""
    people: dict[str, Path] = {}
    found = []
    for path in paths:
        one = labels.read(path, known)
        if not one.said:
            raise DataError(f"{path} has no label: its column `label` is empty")
        if one.name in people:
            raise UsageError(f"{people[one.name]} and {path} are both of {one.name}; give one file a person")
        people[one.name] = path
        found.append(one)
    return found


def read_key(place: Path) -> list[Key]:
    """What the rows of a build's sheet are. Raises DataError if there is no key, or it is damaged."""
    path = place / FOLDER / KEY
    if not path.is_file():
        raise DataError(f"{path} is not there; write the sheet first: rmb build agree {place}")
    try:
        found = [Key(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: {one_line(error)}; write the sheet again") from error
    if not found:
        raise DataError(f"{path} is empty; write the sheet again: rmb build agree {place}")
    return found
