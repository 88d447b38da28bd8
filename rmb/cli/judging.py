"""What `rmb judge` does: load, open the judges, run each, write its folder, show the tables.

The composition root behind the command: everything meets here, and only the command imports it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from rmb.cards import open_card
from rmb.cli.batching import asked
from rmb.cli.dry_run import dry_run, refuse_without_key, taking
from rmb.cli.manifest import command_line
from rmb.cli.opening import Judge, Options, configured, load_data, open_template, opened
from rmb.cli.recording import Recorded, sanity_block, sanity_outcomes, sanity_rows, show_samples, show_tables
from rmb.cli.reporting import write_report
from rmb.datasets import Benchmark
from rmb.datasets.select import select
from rmb.errors import COMPLETE, INCOMPLETE, INTERRUPTED
from rmb.outcomes import Outcome
from rmb.records import Item
from rmb.report.progress import OnConsole, Watch, money
from rmb.report.table import Row
from rmb.run import Run, execute, folder
from rmb.run.execute import prepare
from rmb.run.names import distinct
from rmb.scorers.asking import lines_of
from rmb.store import Store, default_folder

MOST_COMPLAINTS = 3
MOST_CUT = 0.01
"""Share of texts that may be cut without a word."""


def judge_all(options: Options) -> int:
    """Runs every judge named; gives the exit code, the most serious of the judges'."""
    console = Console(stderr=True, quiet=options.quiet)
    logging.getLogger("rmb").handlers = [OnConsole(console)]
    logging.getLogger("rmb").setLevel(logging.INFO)
    cards = [configured(open_card(name), options) for name in dict.fromkeys(options.judges)]
    templates = [open_template(card, options) for card in cards]
    benchmark = load_data(options.data)
    for notice in benchmark.notices:
        console.print(f"{benchmark.name}: {notice}", markup=False, highlight=False, soft_wrap=True)
    items = select(
        benchmark.items, kind=options.kind, scenario=options.scenario, limit=options.limit, seed=options.seed
    )
    judges = [
        opened(card, template, items, benchmark.items, options)
        for card, template in zip(cards, templates, strict=True)
    ]
    if options.verbose:
        say_what_is_used(judges, benchmark, options, console)
    with ExitStack() as stack:
        store = None
        if any(judge.stored for judge in judges):
            store = stack.enter_context(Store(store_folder(options)))
        if options.dry_run:
            return dry_run(judges, items, options.settings, store, batch=options.batch)
        for judge in judges:
            refuse_without_key(judge.scorer, partial(left_of, judge, items, options, store))
        session = Session(options, benchmark, items, store, console)
        # One event loop for all: LiteLLM's clients do not outlive the loop they were made in.
        return asyncio.run(session.run(judges))


@dataclass(frozen=True, slots=True)
class Session:
    """What the judges of one command have in common."""

    options: Options
    benchmark: Benchmark
    items: Sequence[Item]
    store: Store | None
    console: Console

    async def run(self, judges: Sequence[Judge]) -> int:
        """Runs the judges one after the other, writes their folders, and prints tables or JSON."""
        names = distinct(judge.card.name for judge in judges)
        several = len(judges) > 1
        # Folders are claimed before the first question: an answer that cannot be reported is not bought.
        pairs = list(zip(judges, names, strict=True))
        places = [run_folder(judge, name, self.options, several=several) for judge, name in pairs]
        rows, codes, sanity, beside = [], [], dict[str, tuple[Outcome, ...]](), list[Row]()
        for (judge, name), place in zip(pairs, places, strict=True):
            run = await self.judged(judge, place)
            codes.append(exit_code(run))
            recorded = Recorded(judge, self.benchmark, run, self.options.settings, self.options.convention)
            summary = recorded.summary()
            # After the first figures, which take the most memory: what these leave free is enough for the others.
            sanity = sanity or await sanity_outcomes(self.items, self.options.settings)
            beside = beside or sanity_rows(sanity, self.options.convention)
            summary["sanity"] = sanity_block(beside, judge.card.name)
            recorded.write(place, summary, sanity)
            rows.append(Row(name, summary))
            self.say_how_it_ended(run, place)
            if run.interrupted:
                break
        if self.options.as_json:
            click.echo(json.dumps({row.judge: row.summary for row in rows} if several else rows[0].summary))
        elif any(row.summary["coverage"] for row in rows):
            show_tables(rows, beside)
            show_samples(rows)
        if len(rows) > 1:
            line = f"which is better, and is it real: rmb compare {shlex.join(map(str, places[: len(rows)]))}  (rmb report: as a page)"
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        return max(codes)

    async def judged(self, judge: Judge, place: Path) -> Run:
        """A judge's run, with progress. place: its folder, which is told of batches while they are under way."""
        store, budget = self.store if judge.stored else None, self.options.budget
        untold, most, lines = budget.untold, budget.untold_usd, lines_of([judge.scorer])
        scorer = asked(judge, self.items, self.options, store, place)
        with Watch(judge.card.name, self.console, quiet=self.options.quiet, lines=lines) as watch:
            run = await execute(scorer, self.items, self.options.settings, store=store, watcher=watch)
        return replace(run, untold=budget.untold - untold, untold_usd=budget.untold_usd - most)

    def say_how_it_ended(self, run: Run, place: Path) -> None:
        """What was asked, where the run and its report are, and how to go on; errors are said even when quiet."""
        counts = run.counts
        spent = spending(run.cost_usd, run.untold_usd, run.usd_per_1000_verdicts)
        line = f"{counts['asked']:,} asked, {counts['from_store']:,} from store, {spent}, {run.seconds:.1f} s"
        self.console.print(f"{line} → {place}", markup=False, highlight=False, soft_wrap=True)
        if self.options.report:
            told = f"report → {write_report(place, self.items, self.store)}"
            self.console.print(told, markup=False, highlight=False, soft_wrap=True)
        say_of_the_store(self.store)
        if run.error:
            click.echo(f"rmb: {run.error}", err=True)
        for complaint, times in list(run.complaints.items())[:MOST_COMPLAINTS]:
            click.echo(f"rmb: {times:,} × {complaint}", err=True)
        if run.ledger:
            told = ", ".join(f"{reason} {times:,}" for reason, times in run.failures.items())
            line = f"{len(run.ledger):,} without a verdict ({told}) → {place / 'failures.jsonl'}"
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        if run.cut > MOST_CUT * counts["questions"]:
            share = 100 * run.cut / counts["questions"]
            click.echo(f"rmb: {run.cut:,} texts ({share:.1f} %) were cut to fit the model", err=True)
        left = run.unanswered
        if left:
            click.echo(
                f"rmb: {left:,} questions unanswered, every answer is kept; to resume: {command_line()}",
                err=True,
            )


def spending(usd: float | None, untold_usd: float, per_1000: float | None = None) -> str:
    """Dollars that were spent, in a few words. untold_usd: that may have been besides; per_1000: verdicts' price."""
    if usd is None:
        return "cost unknown"
    more = [f"up to {money(untold_usd)} more for requests that broke off"] if untold_usd else []
    each = [f"${per_1000:.2f} per 1,000 verdicts"] if per_1000 else []
    return money(usd) + (f" ({'; '.join([*more, *each])})" if more or each else "")


def left_of(judge: Judge, items: Sequence[Item], options: Options, store: Store | None) -> int:
    """How many questions are left to ask a judge."""
    planned, asking = prepare(judge.scorer, items, options.settings, store if judge.stored else None)
    return len(taking(judge.scorer, planned.questions, asking, set()).requests)


def say_of_the_store(store: Store | None) -> None:
    """What was wrong with the store, if anything."""
    if store is not None and store.damaged:
        click.echo(f"rmb: {len(store.damaged)} damaged rows of the store were asked again", err=True)
    if store is not None and store.mended:
        click.echo(f"rmb: {len(store.mended)} rows of the store came back from its journal", err=True)


def say_what_is_used(
    judges: Sequence[Judge], benchmark: Benchmark, options: Options, console: Console
) -> None:
    """Names and hashes of what goes into the figures."""
    lines = [
        f"data: {benchmark.source}, fingerprint {benchmark.fingerprint}",
        f"store: {store_folder(options)}",
    ]
    for one in judges:
        lines.append(f"{one.card.name}: card sha256 {one.card.sha256}")
        parts = one.template.identity if one.template else {}
        lines += [f"  {role}: {part}" for role, part in parts.items()]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def store_folder(options: Options) -> Path:
    """Where answers are kept."""
    return Path(options.cache).expanduser() if options.cache else default_folder()


def run_folder(judge: Judge, label: str, options: Options, *, several: bool) -> Path:
    """The folder of a judge's run, made before anything is asked; below --out if there are several judges."""
    if options.out:
        out = Path(options.out).expanduser()
        return folder.claim(out / label if several else out)
    return folder.new_folder(label, Path(judge.template.source.name).stem if judge.template else None)


def exit_code(run: Run) -> int:
    """What a run's end means to a shell."""
    if run.interrupted:
        return INTERRUPTED
    if run.error:
        return run.error.exit_code
    return INCOMPLETE if run.unanswered else COMPLETE
