"""A build's folder: build.yaml, a file a stage, the ledgers, and the data card that tells how all of it came about.

build.yaml                 what is to be built, see rmb.build.recipe
<stage>.jsonl              what the stage made, a record a line
<stage>.dropped.jsonl      what it left out, each with the reason
<stage>.<name>.jsonl       further files of a stage
card.json, card.md         the data card: counts, agreement, judges, cost of every stage
benchmark/                 what `assemble` made, in RMB's layout
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rmb.build import benchmark, recipe
from rmb.build.card import in_words
from rmb.build.made import Made
from rmb.build.prompt import Prompt
from rmb.errors import DataError, one_line
from rmb.run.folder import storage, whole, write_json, write_lines

SCHEMA = 1
STAGES = ("categorise", "filter", "respond", "annotate", "assemble")
"""In their order; each reads what those before it made."""
CARD = "card.json"


def file_of(folder: Path, stage: str, part: str = "") -> Path:
    """The file of a stage's records, or a further one of it."""
    return folder / (f"{stage}.{part}.jsonl" if part else f"{stage}.jsonl")


def lines(folder: Path, stage: str, part: str = "") -> Iterator[dict[str, Any]]:
    """The records in a stage's file. Raises DataError if the stage was not run, or the file is damaged, with the line."""
    path = file_of(folder, stage, part)
    if not path.is_file():
        raise DataError(f"{path} is not there; run first: rmb build {stage} {folder}")
    try:
        # Not splitlines, which breaks a line at characters that JSON leaves as they are.
        with path.open(encoding="utf-8", newline="\n") as opened:
            for number, line in enumerate(opened, 1):
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise DataError(f"{path}, line {number}: a {type(record).__name__}, not an object")
                yield record
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {one_line(error)}; run again: rmb build {stage} {folder}") from error


def prompts(folder: Path, stage: str) -> list[Prompt]:
    """The prompts that a stage let through. Raises DataError as `lines` does."""
    found = []
    for number, record in enumerate(lines(folder, stage), 1):
        try:
            found.append(Prompt.from_json(record))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{file_of(folder, stage)}, line {number}: no prompt ({error!r})") from error
    return found


def write(folder: Path, stage: str, made: Made, told: Mapping[str, Any]) -> None:
    """Writes the files of a stage, and its part of the data card. told: what was asked, and of whom.

    Raises StorageError, naming the folder.
    """
    with storage(folder):
        if made.benchmark is not None:
            benchmark.write(folder, made.benchmark)
        write_lines(file_of(folder, stage), made.records)
        write_lines(file_of(folder, stage, "dropped"), [one.to_json() for one in made.dropped])
        for name, records in made.files.items():
            write_lines(file_of(folder, stage, name), records)
        write_card(folder, stage, made, told)


def write_card(folder: Path, stage: str, made: Made, told: Mapping[str, Any]) -> None:
    """The data card with a stage's part made anew, see `tell`."""
    counts = {
        "made": sha256(file_of(folder, stage)),
        "came": made.came,
        "kept": len(made.records),
        "waiting": made.waiting,
        "dropped": made.reasons,
    }
    tell(folder, stage, {**counts, **made.told, **told})


def tell(folder: Path, stage: str, told: Mapping[str, Any]) -> None:
    """The data card with a stage's part made anew; parts of stages after it stay, and are told to be out of date."""
    card = read_card(folder)
    card["recipe"] = recipe_of(folder)
    card["stages"][stage] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "read": {name: sha256(file_of(folder, name)) for name in before(stage)},
        **told,
    }
    card["stages"] = {name: card["stages"][name] for name in (*STAGES, "agree") if name in card["stages"]}
    write_json(folder / CARD, card)
    with whole(folder / "card.md") as part:
        words = in_words(card, outdated(folder, card))
        part.write_text(words, encoding="utf-8", errors="backslashreplace")


def recipe_of(folder: Path) -> dict[str, Any] | None:
    """What the card says of build.yaml: its hash and all settings; None where there is none."""
    path = folder / recipe.FILE
    return {"sha256": sha256(path), **recipe.read(folder).model_dump(mode="json")} if path.is_file() else None


def read_card(folder: Path) -> dict[str, Any]:
    """The data card; an empty one where no stage was run. Raises DataError for what is none."""
    path = folder / CARD
    if not path.exists():
        return {"schema": SCHEMA, "stages": {}}
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        card["stages"].items()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"{path} is no data card ({one_line(error)}); take it away and run the stages again"
        ) from error
    return card


def before(stage: str) -> Sequence[str]:
    """The stages whose files a stage rests on: the one before it, and what ratings are of."""
    place = STAGES.index(stage) if stage in STAGES else len(STAGES)
    several = {"annotate": ("filter", "respond"), "assemble": ("filter", "respond", "annotate")}
    return several.get(stage, STAGES[max(0, place - 1) : place])


def outdated(folder: Path, card: Mapping[str, Any]) -> list[str]:
    """Stages that rest on files that were made anew since, or on stages that are outdated, in their order."""
    found: list[str] = []
    for stage, told in card["stages"].items():
        changed = any(
            sha256(file_of(folder, name)) != hashed for name, hashed in told.get("read", {}).items()
        )
        if changed or any(name in found for name in before(stage)):
            found.append(stage)
    return found


def sha256(path: Path) -> str | None:
    """The hash of a file's bytes; None if there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
