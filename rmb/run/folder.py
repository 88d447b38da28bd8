"""The folder that a run writes: run.json, items.parquet, summary.json. Each file appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rmb.errors import DataError, StorageError, UsageError
from rmb.outcomes import HEADLINE, Outcome, Showing
from rmb.records import Item

SCHEMA = 1
FILES = {"run.json", "items.parquet", "summary.json", "report.html"}
PROBE = ".probe"
LEFT = {PROBE, *(f".{name}.part" for name in FILES)}
"""What a killed run may leave behind."""


def default_folder(judge: str, template: str | None, *, now: datetime | None = None) -> Path:
    """runs/<UTC time>-<judge>-<template>, below the working folder."""
    at = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    name = "-".join(part for part in (at, judge, template) if part)
    return Path("runs") / "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


def claim(folder: Path) -> Path:
    """Makes the folder, before anything is asked; a folder that holds something else than a run is refused.

    What a killed run left half written is no stranger.
    """
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        strangers = sorted({path.name for path in folder.iterdir()} - FILES - LEFT)
        probe = folder / PROBE
        probe.touch()
        probe.unlink()
    if strangers:
        raise UsageError(f"{folder} holds {strangers[0]!r}, so it is no run folder; name another with --out")
    return folder


def write(
    folder: Path, *, manifest: Mapping[str, Any], summary: Mapping[str, Any], outcomes: Sequence[Outcome]
) -> None:
    """Writes the three files. Raises StorageError if the disk fails."""
    with storage(folder):
        write_items(folder / "items.parquet", outcomes)
        write_json(folder / "summary.json", summary)
        write_json(folder / "run.json", manifest)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of a run folder. Raises DataError if it is absent or broken."""
    path = folder / name
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{folder} is no run folder: it has no {name}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} holds no JSON object")
    return value


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of items.parquet as dicts. Raises DataError if it is absent or broken."""
    import pyarrow
    from pyarrow import parquet

    path = folder / "items.parquet"
    try:
        rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    return rows


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """A JSON file for people and programs: indented, keys in the order given, no NaN.

    Letters stand as they are, but for lone surrogates, which UTF-8 does not have: these are escaped.
    """
    with whole(path) as part:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        part.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def write_items(path: Path, outcomes: Sequence[Outcome]) -> None:
    """One row for each item × loser × order × sample."""
    import pyarrow
    from pyarrow import parquet

    rows = [
        row(outcome.item, showing)
        for outcome in outcomes
        for comparison in outcome.comparisons
        for showing in comparison.showings
    ]
    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()])
    schema = schema.append(pyarrow.field("answer_keys", pyarrow.list_(pyarrow.string())))
    with whole(path) as part:
        parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), part, compression="zstd")


COLUMNS: Mapping[str, str] = {
    "item": "string",
    "set": "string",
    "goal": "string",
    "scenario": "string",
    "loser": "int32",
    "best_model": "string",
    "loser_model": "string",
    "position": "int32",
    "sample": "int32",
    "verdict": "string",
    "best_score": "float64",
    "loser_score": "float64",
    "graded": "bool_",
    "credit": "float64",
    "failure": "string",
    "detail": "string",
    "prompt_tokens": "int64",
    "completion_tokens": "int64",
    "cost_usd": "float64",
    "seconds": "float64",
    "attempts": "int32",
}
"""Columns of items.parquet and their Arrow types; `answer_keys`, a list of strings, comes last.

position: where the best response was shown, 0 or 1, null if it was rated alone. verdict: "chosen", "rejected",
"tie" or null. credit: under the headline convention; null where the run failed.
"""


def row(item: Item, showing: Showing) -> dict[str, Any]:
    """A showing as a row of items.parquet; of a text that is not Unicode, "?" stands for what is not."""
    failure, usage = showing.failure, showing.usage
    values = {
        "item": item.id,
        "set": item.set,
        "goal": item.goal,
        "scenario": item.scenario,
        "loser": showing.loser,
        "best_model": item.candidates[item.best].model,
        "loser_model": item.candidates[showing.loser].model,
        "position": showing.position,
        "sample": showing.sample,
        "verdict": showing.said,
        "best_score": showing.best,
        "loser_score": showing.rival,
        "graded": showing.graded,
        "credit": showing.credit(HEADLINE),
        "failure": failure.reason if failure else None,
        "detail": failure.detail if failure else None,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": usage.cost_usd,
        "seconds": usage.seconds,
        "attempts": usage.attempts,
        "answer_keys": list(showing.keys),
    }
    return {name: as_unicode(value) if isinstance(value, str) else value for name, value in values.items()}


def as_unicode(text: str) -> str:
    """The text with "?" for each lone surrogate, which JSON and file names may hold and Parquet may not."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to that takes the name of `path` only when all is written."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def storage(folder: Path) -> Iterator[None]:
    """Turns the errors of the disk into StorageError, which names the folder."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write {folder}: {error.strerror or error}; name another with --out"
        ) from error
