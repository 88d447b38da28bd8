"""What a run's folder tells, read as leniently as can be: a report says what is missing, and shows the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rmb.errors import DataError
from rmb.run import folder

NEEDED = (
    "item",
    "number",
    "set",
    "goal",
    "scenario",
    "conversation",
    "best",
    "best_mark",
    "loser",
    "verdict",
    "failure",
)
"""Columns without which the rows of items.parquet say nothing of items."""
SHOWN = (
    *(
        "position",
        "list_order",
        "slot",
        "loser_slot",
        "sample",
        "best_score",
        "loser_score",
        "graded",
        "credit",
    ),
    *("detail", "answer_keys"),
)
"""Columns that say more of a showing, where they are there."""
OFTEN = ["set", "goal", "scenario", "conversation", "best_mark", "verdict", "failure", "detail"]
"""Columns of few different texts, which are kept once."""


@dataclass(frozen=True, slots=True)
class Source:
    """A run as its folder tells of it.

    manifest, summary: run.json and summary.json; empty where there is none. gaps: what is missing, for people.
    """

    folder: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    gaps: tuple[str, ...]

    def rows(self) -> Any:
        """A pyarrow table of items.parquet, with NEEDED columns and as many of SHOWN as it has; None where it is amiss."""
        path = self.folder / "items.parquet"
        return None if amiss(path) else read_table(path)

    @property
    def judge(self) -> str:
        """The judge's name, or the folder's where nothing names a judge."""
        named = self.manifest.get("judge")
        return str(named["name"]) if isinstance(named, Mapping) and "name" in named else self.folder.name

    @property
    def template(self) -> str | None:
        """The template's name; None for a judge without one."""
        used = self.manifest.get("template") or {}
        return str(used["template"]["name"]) if "template" in used else None


def opened(place: Path) -> Source:
    """The run in a folder. Raises DataError for a folder that holds neither run.json nor summary.json."""
    found: dict[str, Mapping[str, Any]] = {}
    gaps = []
    for name in ("run.json", "summary.json"):
        try:
            found[name] = folder.read_json(place, name)
        except DataError as error:
            gaps.append(str(error))
    if not found:
        raise DataError(gaps[0])
    wrong = amiss(place / "items.parquet")
    gaps += [f"{wrong}; its items are not shown"] if wrong else []
    manifest, summary = found.get("run.json", {}), found.get("summary.json", {})
    return Source(place, manifest, summary, (*gaps, *shortcomings(manifest)))


def shortcomings(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What a run itself says it lacks: an early end, an older program."""
    ended = manifest.get("ended", "complete")
    if ended != "complete":
        yield f"the run did not end as it should: {ended}; what was answered by then is shown"
    schema = manifest.get("schema", folder.SCHEMA)
    if schema != folder.SCHEMA:
        other = "an older" if isinstance(schema, int) and schema < folder.SCHEMA else "another"
        yield f"{other} version of the program wrote this run (schema {schema}, now {folder.SCHEMA})"


def amiss(path: Path) -> str | None:
    """Why a file cannot be read as a run's rows; None if it can."""
    import pyarrow
    from pyarrow import parquet

    try:
        names = parquet.read_schema(path).names
    except (OSError, pyarrow.ArrowException) as error:
        return f"cannot read {path}: {' '.join(str(error).split())}"
    absent = [name for name in NEEDED if name not in names]
    return f"{path} has no column {absent[0]!r}: another version wrote it" if absent else None


def read_table(path: Path) -> Any:
    """A run's rows as a pyarrow table, with the columns that there are."""
    from pyarrow import parquet

    there = parquet.read_schema(path).names
    kept = [name for name in (*NEEDED, *SHOWN) if name in there]
    with parquet.ParquetFile(path, read_dictionary=[name for name in OFTEN if name in kept]) as file:
        return file.read(columns=kept, use_threads=False)
