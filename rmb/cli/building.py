"""What `rmb build` does: read the recipe, open what a stage asks with, run it, write its files, say what came of it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import click
from rich.console import Console

from rmb.build import folder
from rmb.build.desk import Desk
from rmb.build.made import Made
from rmb.build.recipe import FILE, Recipe, blank, read
from rmb.cards import open_card
from rmb.cli.forecast import Forecast
from rmb.cli.judging import MOST_COMPLAINTS, say_of_the_store, spending, store_folder
from rmb.cli.manifest import command_line
from rmb.cli.opening import Options, configured, options_from
from rmb.errors import COMPLETE, INCOMPLETE, INTERRUPTED, UsageError
from rmb.report.progress import OnConsole, Watch
from rmb.run.folder import storage
from rmb.scorers import Scorer
from rmb.scorers.asking import lines_of
from rmb.store import Store


class Stage(Protocol):
    """What a stage is: `make` in the module rmb.build.<stage>."""

    async def __call__(self, place: Path, recipe: Recipe, desk: Desk) -> Made:
        """What the stage makes of the files in a build's folder; asks through the desk, writes nothing."""


def begin(name: str, source: str) -> None:
    """Makes a build's folder with a build.yaml in it. Raises UsageError where there is one."""
    place = Path(name).expanduser()
    recipe = place / FILE
    if recipe.exists():
        raise UsageError(f"{recipe} is there already; name another folder")
    with storage(place):
        place.mkdir(parents=True, exist_ok=True)
        recipe.write_text(blank(Path(source).expanduser().resolve()), encoding="utf-8")
    click.echo(f"{recipe}: say in it which models are asked; then: rmb build categorise {name}", err=True)


def run_stage(name: str, where: str, given: Mapping[str, Any]) -> int:
    """Runs a stage of a build; gives the exit code."""
    place = Path(where).expanduser()
    recipe = read(place)
    options = options_from(given)
    console = Console(stderr=True, quiet=options.quiet)
    logging.getLogger("rmb").handlers = [OnConsole(console)]
    logging.getLogger("rmb").setLevel(logging.INFO)
    make: Stage = import_module(f"rmb.build.{name}").make
    with ExitStack() as stack:
        store = stack.enter_context(Store(store_folder(options)))
        desk = opened(options, store, console)
        # One event loop for all that a stage asks: LiteLLM's clients do not outlive the loop they were made in.
        made = asyncio.run(make(place, recipe, desk))
        if options.dry_run:
            tell_dry(made, desk)
            return COMPLETE
        told = desk.told() if desk.seats else {}
        folder.write(place, name, made, told)
        return Ended(name, place, made, desk, options, console).say(store)


def opened(options: Options, store: Store, console: Console) -> Desk:
    """What a stage asks through."""

    def watching(who: str, scorer: Scorer) -> Watch:
        return Watch(who, console, quiet=options.quiet, lines=lines_of([scorer]))

    return Desk(
        card=lambda name: configured(open_card(name), options),
        watching=watching,
        store=store,
        budget=options.budget,
        dry=options.dry_run,
    )


def tell_dry(made: Made, dry: Desk) -> None:
    """What the stage would ask, as far as it is known now."""
    if not dry.wanted:
        click.echo(f"{made.came:,} in, {len(made.records):,} out; nothing would be asked")
        return
    Forecast(dry).show()


@dataclass(frozen=True, slots=True)
class Ended:
    """A stage that was run and written."""

    stage: str
    place: Path
    made: Made
    desk: Desk
    options: Options
    console: Console

    def say(self, store: Store) -> int:
        """Says what came of it; gives the exit code."""
        made, desk = self.made, self.desk
        if self.options.as_json:
            card = folder.read_card(self.place)
            click.echo(json.dumps(card["stages"][self.stage], allow_nan=False))
        dropped = ", ".join(f"{reason} {count:,}" for reason, count in made.reasons.items())
        left = f", {len(made.dropped):,} dropped ({dropped})" if made.dropped else ""
        line = f"{self.stage}: {made.came:,} in, {len(made.records):,} out{left}"
        self.tell(f"{line} → {folder.file_of(self.place, self.stage)}")
        if desk.seats:
            told = desk.told()
            spent = spending(told["cost_usd"], self.options.budget.untold_usd)
            self.tell(f"{told['asked']:,} asked, {told['from_store']:,} from store, {spent}")
        say_of_the_store(store)
        for error in desk.errors:
            click.echo(f"rmb: {error}", err=True)
        for complaint, times in desk.complaints.most_common(MOST_COMPLAINTS):
            click.echo(f"rmb: {times:,} × {complaint}", err=True)
        if made.waiting:
            click.echo(f"rmb: {made.waiting:,} are waiting for answers; to go on: {command_line()}", err=True)
        return self.code

    def tell(self, line: str) -> None:
        """A line on stderr, unless all is to be quiet."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    @property
    def code(self) -> int:
        """What the end means to a shell."""
        if self.desk.interrupted:
            return INTERRUPTED
        if self.desk.errors:
            return self.desk.errors[0].exit_code
        return INCOMPLETE if self.made.waiting else COMPLETE
