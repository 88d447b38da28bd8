"""What `rmb leaderboard` does: read the runs and the cards, rank the judges, write the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from rmb.errors import DataError, UsageError
from rmb.report.boards import ENDINGS, FORMATS, board
from rmb.report.leaderboard import Entry, entry_of_run, published_entries
from rmb.run import folder
from rmb.run.names import known, labels


def rank_runs(places: Sequence[str], given: Mapping[str, Any]) -> None:
    """The leaderboard of the runs in some folders, on stdout or in a file; what its rows differ in goes to stderr."""
    if not places and not given["published"]:
        raise UsageError(
            "leaderboard takes a run: rmb leaderboard RUN…, or --published for the paper's rows alone"
        )
    out = Path(given["out"]).expanduser() if given["out"] else None
    write = FORMATS[format_of(given["kind"], out)]
    found = board(
        [*runs_in(places), *(published_entries() if given["published"] else ())],
        sort=given["sort"],
    )
    text = write(found)
    for warning in found.warnings:
        click.echo(f"rmb: {warning}", err=True)
    if out is None:
        click.echo(text, nl=False)
        return
    with folder.storage(out), folder.whole(out) as part:
        part.write_text(text, encoding="utf-8", newline="")


def format_of(kind: str | None, out: Path | None) -> str:
    """The format asked for, or that of the file's ending; Markdown on stdout. Raises UsageError if the two differ."""
    if out is None:
        return kind or "md"
    ending = ENDINGS.get(out.suffix.lower())
    if kind is None and ending is None:
        known = ", ".join(ENDINGS)
        raise UsageError(
            f"--out {out}: no format has the ending {out.suffix!r}; name one with --format, or end in {known}"
        )
    if kind and ending and kind != ending:
        raise UsageError(
            f"--format {kind} does not go with --out {out}, which is {ending}; leave out one of them"
        )
    return kind or str(ending)


def runs_in(places: Sequence[str]) -> list[Entry]:
    """A row for each run, and for each cell of a study; one named twice has one row.

    A cell's figures are those of its run: several samples count by their mean there, as votes in results.json alone.
    """
    paths = {path.resolve(): path for place in places for path in run_folders(Path(place).expanduser())}
    runs = [known(path) for path in paths.values()]
    return [
        entry_of_run(label, run.folder, run.manifest, folder.read_json(run.folder, "summary.json"))
        for label, run in zip(labels(runs) if runs else [], runs, strict=True)
    ]


def run_folders(place: Path) -> Iterator[Path]:
    """The folder of a run, or those of a study's cells. Raises DataError for a study without any."""
    if not folder.is_study(place):
        yield place
        return
    cells = sorted(path for path in (place / "cells").glob("*") if path.is_dir())
    if not cells:
        raise DataError(f"the study {place} has no cell")
    yield from cells
