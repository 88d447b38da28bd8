"""What SCORES and ALIGNMENT of `rmb correlate` may be: run folders, folders of them, leaderboards, tables, alignments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rmb.cli.ranking import run_folders
from rmb.errors import DataError
from rmb.report.leaderboard import entry_of_run
from rmb.report.scores import Scores, read_file, scores_of_runs
from rmb.run import folder
from rmb.run.names import known, labels

ALIGNMENT = "alignment.json"
SUMMARY = "summary.json"


def scores_at(places: Sequence[str], *, parts: bool = False) -> list[Scores]:
    """The scores in some places, one named twice once; all runs make one table. parts: with those of scenarios.

    Raises DataError, naming the place, for one that holds none.
    """
    paths = list({path.resolve(): path for path in (Path(place).expanduser() for place in places)}.values())
    runs = {run.resolve(): run for path in paths for run in runs_of(path)}
    files = [read_file(path / ALIGNMENT if path.is_dir() else path) for path in paths if is_file(path)]
    return [*([of_runs(list(runs.values()), parts=parts)] if runs else []), *files]


def is_file(path: Path) -> bool:
    """Whether a place holds its scores in one file."""
    return not path.is_dir() or (path / ALIGNMENT).is_file()


def runs_of(path: Path) -> Iterator[Path]:
    """The run folders in a place: itself, the cells of a study, or what lies below it."""
    if is_file(path):
        return
    if (path / SUMMARY).is_file() or folder.is_study(path):
        yield from run_folders(path)
        return
    below = sorted(each for each in path.iterdir() if (each / SUMMARY).is_file())
    if not below:
        raise DataError(f"{path} is no run folder, holds none, and has no {ALIGNMENT} of `rmb align`")
    yield from below


def of_runs(places: Sequence[Path], *, parts: bool) -> Scores:
    """The scores of some runs, each named by its judge."""
    runs = [known(place) for place in places]
    summaries = [folder.read_json(place, SUMMARY) for place in places]
    entries = [
        entry_of_run(label, run.folder, run.manifest, summary)
        for label, run, summary in zip(labels(runs), runs, summaries, strict=True)
    ]
    return scores_of_runs(entries, summaries, parts=parts)
