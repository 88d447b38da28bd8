"""What `rmb report` does, and what a run and a study do when they end: read the folders, find the texts, write the page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click

from rmb.cli.opening import load_data
from rmb.errors import RmbError, UsageError
from rmb.records import Item
from rmb.report.page.build import report_of_runs, report_of_study
from rmb.report.page.dossiers import Shelf
from rmb.report.page.items import SIZE, Texts
from rmb.report.page.sources import Source, opened
from rmb.run import folder
from rmb.store import Store, default_folder


def report_on(places: Sequence[str], given: Mapping[str, Any]) -> None:
    """Writes the report of the runs, or of the study, in some folders; says where it is."""
    paths = list({path.resolve(): path for path in (Path(place).expanduser() for place in places)}.values())
    studies = [path for path in paths if folder.is_study(path)]
    if studies and len(paths) > 1:
        raise UsageError(f"{studies[0]} is a study, which has a report of its own: rmb report {studies[0]}")
    out = (
        Path(given["out"]).expanduser()
        if given["out"]
        else (paths[0] / folder.REPORT if len(paths) == 1 else Path(folder.REPORT))
    )
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a file in it, {out / folder.REPORT}")
    with ExitStack() as stack:
        page = made(paths, stack, given["data"], given["cache"], given["size"])
    write(out, page)
    click.echo(f"report → {out}", err=True)


def write_report(place: Path, items: Sequence[Item], store: Store | None) -> Path:
    """The report of the run or study that has just been written in a folder, in it. items: that were judged."""
    out = place / folder.REPORT
    write(out, page_of([place], Texts(partial(shelf_of, items, store), more=command([place]))))
    return out


def report_again(place: Path, data: str | None, cache: str | None) -> None:
    """The report of a run that was made from stored answers, in its folder; says where it is."""
    report_on([str(place)], {"out": None, "data": data, "cache": cache, "size": SIZE})


def made(paths: Sequence[Path], stack: ExitStack, data: str | None, cache: str | None, size: float) -> str:
    """The page of some folders, with texts from the data and the store at hand."""

    # When they are needed and not before: until then their memory is for the comparison.
    def shelf() -> Shelf:
        items = load_data(data or source_of(paths[0])).items
        store = stack.enter_context(Store(Path(cache).expanduser() if cache else default_folder()))
        return shelf_of(items, store)

    return page_of(paths, Texts(shelf, size, command(paths)))


def page_of(paths: Sequence[Path], texts: Texts) -> str:
    """The page of a study, or of runs."""
    if folder.is_study(paths[0]):
        study, results = (folder.read_json(paths[0], name) for name in ("study.json", "results.json"))
        return report_of_study(study, results, cells_of(paths[0], study, results), texts)
    return report_of_runs([opened(path) for path in paths], texts)


def cells_of(place: Path, study: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Source]:
    """The runs of a study's cells by name, best first, as far as their folders can be read."""
    folders = {str(cell["name"]): place / str(cell["folder"]) for cell in study.get("cells") or ()}
    found = {}
    for name in [line["cell"] for line in results["leaderboard"]]:
        try:
            found[name] = opened(folders[name])
        except (KeyError, RmbError):
            continue
    return found


def source_of(place: Path) -> str | None:
    """Where the data was that a run or study was made on; None for the bundled sample. Raises DataError if it does not tell."""
    told = folder.read_json(place, "study.json" if folder.is_study(place) else "run.json")
    source = (told.get("data") or {}).get("source")
    return None if source == "sample" or source is None else str(source)


def shelf_of(items: Sequence[Item], store: Store | None) -> Shelf:
    """The texts of some items, and the answers in a store."""
    by_id: dict[str, list[Item]] = {}
    for item in items:
        by_id.setdefault(item.id, []).append(item)
    return Shelf(by_id) if store is None else Shelf(by_id, store.get)


def command(paths: Sequence[Path]) -> str:
    """The command that writes a larger report."""
    return f"rmb report {shlex.join(map(str, paths))} --size {10 * SIZE:g}"


def write(out: Path, page: str) -> None:
    """Writes a page, whole or not at all."""
    with folder.storage(out), folder.whole(out) as part:
        part.write_text(page, encoding="utf-8", newline="")
