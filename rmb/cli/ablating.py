"""What `rmb ablate` does: read the study, open every cell, say what it takes, ask item by item, write the folder."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from rmb.cli.dry_run import need, refuse_without_key, taking
from rmb.cli.judging import store_folder
from rmb.cli.opening import load_data
from rmb.cli.options import convention
from rmb.cli.seats import Seat, options_of, seating
from rmb.cli.study import Session, Telling, cells_and_axes
from rmb.datasets.select import select
from rmb.errors import COMPLETE, UsageError
from rmb.outcomes import Convention
from rmb.report.progress import OnConsole
from rmb.report.study import Need, needs, show, time
from rmb.report.table import wide_console
from rmb.store import Store
from rmb.studies import design, folder
from rmb.studies.cells import Asked
from rmb.studies.execute import prepared

COUNTED = ("tie", "failure", "credit", "average")


def ablate_all(name: str | None, given: Mapping[str, Any]) -> int:
    """Runs a study, of the project's by its name or of a file; gives the exit code."""
    return run(study_of(name, given), given)


def study_of(name: str | None, given: Mapping[str, Any]) -> design.Study:
    """The study that a name or a file and the options of a command make."""
    return design.study(name, {key: given[key] for key in given if key in design.Study.model_fields})


def run(study: design.Study, given: Mapping[str, Any], tell: Telling = cells_and_axes) -> int:
    """Asks a study's cells and writes its folder; gives the exit code. tell: what is printed at the end."""
    counted = convention({name: getattr(study, name) for name in COUNTED}, Convention(seed=study.seed))
    options = options_of(study, given, counted)
    console = Console(stderr=True, quiet=options.quiet)
    logging.getLogger("rmb").handlers = [OnConsole(console)]
    logging.getLogger("rmb").setLevel(logging.INFO)
    benchmark = load_data(study.data)
    for notice in benchmark.notices:
        console.print(f"{benchmark.name}: {notice}", markup=False, highlight=False, soft_wrap=True)
    items = select(
        benchmark.items, kind=study.set, scenario=study.scenario, limit=study.limit, seed=study.seed
    )
    room = seating(study, options, items, benchmark.items)
    seats = list(room.seats())
    with ExitStack() as stack:
        store = None
        if any(seat.cell.stored for seat in seats):
            store = stack.enter_context(Store(store_folder(options)))
        asked = prepared([seat.cell for seat in seats], items, store)
        wanted = list(takes(seats, asked))
        if options.dry_run:
            show(wide_console(), needs(wanted))
            show(wide_console(), time(wanted))
            return COMPLETE
        for seat, each in zip(seats, wanted, strict=True):
            refuse_without_key(seat.cell.scorer, partial(int, each.left))
        # Judges whose answers are not worth keeping cost nothing either.
        left = sum(each.left for each, seat in zip(wanted, seats, strict=True) if seat.cell.stored)
        if left:
            consent(left, wanted, yes=given["yes"], quiet=options.quiet)
        # Claimed before the first question: an answer that cannot be reported is not bought.
        out = Path(options.out).expanduser() if options.out else None
        place = folder.claim(out, [seat.cell.name for seat in seats])
        session = Session(room, seats, asked, benchmark, store, console, place, tell)
        # One event loop for all: LiteLLM's clients do not outlive the loop they were made in.
        return asyncio.run(session.run())


def takes(seats: Sequence[Seat], asked: Sequence[Asked]) -> Iterator[Need]:
    """What each cell takes beyond those above it."""
    seen: set[str] = set()
    for seat, one in zip(seats, asked, strict=True):
        found = taking(one.scorer, one.planned.questions, one.asking, seen)
        yield need(seat.cell.name, seat.judge.card.card, found, judge=seat.cell.judge)


def consent(left: int, wanted: Sequence[Need], *, yes: bool, quiet: bool) -> None:
    """Says what is to be asked, and has it agreed to. Raises UsageError where nobody can be asked, Abort for a no."""
    if not quiet or not yes:
        show(wide_console(stderr=True), needs(wanted))
        show(wide_console(stderr=True), time(wanted))
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"{left:,} questions are to be asked; say --yes to ask them (--dry-run shows what it takes)"
        )
    click.confirm(f"Ask {left:,} questions?", abort=True, err=True)
