"""What `rmb reread` does: open the run's judge, read its stored answers, write a folder, show the tables."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import pydantic
from rich.console import Console

from rmb.cards import CARD, Generative, NamedCard, open_card
from rmb.cli.opening import Judge, load_data
from rmb.cli.options import convention
from rmb.cli.recording import Recorded, sanity_outcomes, sanity_rows, show_tables
from rmb.datasets import Benchmark
from rmb.errors import COMPLETE, INCOMPLETE, DataError, one_line
from rmb.outcomes import Outcome
from rmb.records import Item
from rmb.report.progress import Watch
from rmb.report.table import Row
from rmb.run import Run, Settings, execute, folder
from rmb.run.reread import items_of, reread
from rmb.scorers import Setup, open_scorer
from rmb.store import Store, default_folder
from rmb.templates import Template


def read_again(place: Path, given: Mapping[str, Any]) -> int:
    """Reads the run in a folder again; gives the exit code."""
    kept = folder.read(place)
    benchmark = data_of(kept, given["data"])
    items = items_of(kept.outcomes, benchmark.items)
    settings = Settings(**kept.manifest["settings"])
    judge = judge_of(kept, given, items, settings)
    counted = convention(given, kept.convention)
    run = again(judge, items, settings, kept.outcomes, given["cache"])
    sanity = asyncio.run(sanity_outcomes(items, settings))
    # Claimed when all is read: a run that cannot be read again leaves no folder behind.
    template = judge.template.source.name if judge.template else None
    out = folder.claim(
        Path(given["out"]).expanduser()
        if given["out"]
        else folder.default_folder(judge.card.name, Path(template).stem if template else None)
    )
    summary = Recorded(judge, benchmark, run, settings, counted).write(out, sanity)
    click.echo(
        f"{changed(kept.outcomes, run.outcomes):,} verdicts differ, nothing was asked → {out}", err=True
    )
    if given["as_json"]:
        click.echo(json.dumps(summary))
    else:
        show_tables([Row(judge.card.name, summary)], sanity_rows(sanity, {judge.card.name}, counted))
    return INCOMPLETE if run.unanswered else COMPLETE


def data_of(kept: folder.Kept, named: str | None) -> Benchmark:
    """The data that the run was made on, where it was then, or where the user says it is."""
    source = kept.manifest["data"]["source"]
    return load_data(named or (None if source == "sample" else source))


def judge_of(kept: folder.Kept, given: Mapping[str, Any], items: Sequence[Item], settings: Settings) -> Judge:
    """The run's judge, with what the options put in the place of its card, template and parts."""
    card = open_card(given["judge"]) if given["judge"] else card_of(kept)
    template = None
    if isinstance(card.card, Generative):
        before = kept.manifest["template"] or {}
        names = {part: given[part] or before.get(part, {}).get("name") for part in ("criteria", "style")}
        template = Template.load(given["template"] or kept.template or card.card.template, **names)
    return Judge(card, template, open_scorer(card, Setup(template=template, seed=settings.seed, items=items)))


def card_of(kept: folder.Kept) -> NamedCard:
    """The card that the run was made with, as its manifest has it."""
    told = kept.manifest["judge"]
    try:
        return NamedCard(name=told["name"], sha256=told["sha256"], card=CARD.validate_python(told["card"]))
    except (KeyError, pydantic.ValidationError) as error:
        raise DataError(
            f"the judge card in {kept.folder}/run.json cannot be used: {one_line(error)}; name one with --judge"
        ) from error


def again(
    judge: Judge, items: Sequence[Item], settings: Settings, before: Sequence[Outcome], cache: str | None
) -> Run:
    """The run read again from the store; a judge whose answers are not kept, since they cost nothing, answers anew."""
    if not judge.stored:
        watch = Watch(judge.card.name, Console(quiet=True), quiet=True)
        return asyncio.run(execute(judge.scorer, items, settings, store=None, watcher=watch))
    with ExitStack() as stack:
        store = stack.enter_context(Store(Path(cache).expanduser() if cache else default_folder()))
        return reread(judge.scorer, items, settings, before, store)


def changed(before: Sequence[Outcome], after: Sequence[Outcome]) -> int:
    """Showings whose verdict, or reason for having none, is another than it was."""
    told = [
        {
            (outcome.item.id, showing.loser, showing.position, showing.sample): (
                showing.said,
                showing.failure and showing.failure.reason,
            )
            for outcome in outcomes
            for showing in outcome.showings
        }
        for outcomes in (before, after)
    ]
    return sum(told[0].get(place) != verdict for place, verdict in told[1].items())
