"""What `rmb judge` does: load, open the judges, run each, write its folder, show the tables."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console

from rmb.cards import Generative, NamedCard, open_card
from rmb.cli.manifest import command_line, manifest
from rmb.datasets import Benchmark
from rmb.datasets.rmb import load, load_sample
from rmb.datasets.select import select
from rmb.errors import COMPLETE, INCOMPLETE, INTERRUPTED, UsageError
from rmb.metrics import summarise
from rmb.records import Item, Orders
from rmb.report.progress import Watch
from rmb.report.table import Row, headline, scenarios
from rmb.run import Run, Settings, execute, folder
from rmb.scorers import KINDS, Scorer, Setup, open_scorer
from rmb.store import Store, default_folder
from rmb.templates import Template

SANITY = ("longest", "shortest", "first", "last", "random", "oracle")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `rmb judge`, as given; None where the judge's or template's own default holds."""

    template: str | None
    criteria: str | None
    style: str | None
    judges: tuple[str, ...]
    data: str | None
    kind: Literal["pairwise", "bon", "all"]
    scenario: str | None
    limit: int | None
    orders: Orders
    samples: int
    temperature: float | None
    max_tokens: int | None
    base_url: str | None
    concurrency: int | None
    seed: int
    cache: str | None
    out: str | None
    as_json: bool
    dry_run: bool
    quiet: bool
    verbose: bool

    @property
    def settings(self) -> Settings:
        """How items are shown."""
        return Settings(orders=self.orders, samples=self.samples, seed=self.seed)


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge ready to be asked: its card with the options laid over it, its template if it has one."""

    card: NamedCard
    template: Template | None
    scorer: Scorer

    @property
    def stored(self) -> bool:
        """Whether its answers are worth keeping."""
        return KINDS[self.card.card.kind].stored


def judge_all(options: Options) -> int:
    """Runs every judge named; gives the exit code, the most serious of the judges'."""
    console = Console(stderr=True, quiet=options.quiet)
    cards = [configured(open_card(name), options) for name in dict.fromkeys(options.judges)]
    templates = [open_template(card, options) for card in cards]
    benchmark = load_data(options.data)
    if not options.quiet:
        for notice in benchmark.notices:
            console.print(f"{benchmark.name}: {notice}", markup=False, highlight=False, soft_wrap=True)
    items = select(
        benchmark.items, kind=options.kind, scenario=options.scenario, limit=options.limit, seed=options.seed
    )
    judges = [opened(card, template, items, options) for card, template in zip(cards, templates, strict=True)]
    if options.verbose:
        say_what_is_used(judges, benchmark, options, console)
    with ExitStack() as stack:
        needs_store = any(judge.stored for judge in judges)
        store = stack.enter_context(Store(store_folder(options))) if needs_store else None
        if options.dry_run:
            from rmb.cli.dry_run import dry_run

            return dry_run(
                [(one.card, one.template, one.scorer) for one in judges], items, options.settings, store
            )
        return run_judges(judges, benchmark, items, options, store=store, console=console)


def run_judges(
    judges: Sequence[Judge],
    benchmark: Benchmark,
    items: Sequence[Item],
    options: Options,
    *,
    store: Store | None,
    console: Console,
) -> int:
    """Runs the judges one after the other, writes their folders, and prints tables or JSON."""
    places = [run_folder(judge, options, several=len(judges) > 1) for judge in judges]
    rows, codes = [], []
    for judge, place in zip(judges, places, strict=True):
        with Watch(judge.card.name, console, quiet=options.quiet) as watch:
            run = asyncio.run(
                execute(
                    judge.scorer,
                    items,
                    options.settings,
                    store=store if judge.stored else None,
                    watcher=watch,
                )
            )
        summary = summary_of(run)
        record = manifest(
            judge.card, judge.template, judge.scorer, benchmark=benchmark, run=run, settings=options.settings
        )
        folder.write(place, manifest=record, summary=summary, outcomes=run.outcomes)
        rows.append(Row(judge.card.name, summary))
        codes.append(exit_code(run))
        report_end(run, place, console, store)
        if run.interrupted:
            break
    if options.as_json:
        click.echo(
            json.dumps(rows[0].summary if len(judges) == 1 else {row.judge: row.summary for row in rows})
        )
    else:
        show_tables(rows, items, options)
    return max(codes)


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


def load_data(name: str | None) -> Benchmark:
    """The bundled sample, or the data at a path or below $RMB_DATA."""
    if name is None:
        return load_sample()
    path = Path(name).expanduser()
    below = Path(os.environ.get("RMB_DATA", "")) / name
    return load(below if not path.exists() and "RMB_DATA" in os.environ and below.exists() else path)


def configured(card: NamedCard, options: Options) -> NamedCard:
    """The card with the options of the command line laid over it."""
    if not isinstance(card.card, Generative):
        return card
    sampling = {"temperature": options.temperature, "max_tokens": options.max_tokens}
    changes: dict[str, Any] = {
        "sampling": card.card.sampling.model_copy(update={k: v for k, v in sampling.items() if v is not None})
    }
    if options.concurrency:
        changes["limits"] = card.card.limits.model_copy(update={"concurrency": options.concurrency})
    if options.base_url:
        if card.card.serve:
            raise UsageError(
                f"judge {card.name} is served by this program; --base-url is for a server of your own"
            )
        changes["base_url"] = options.base_url
    return card.model_copy(update={"card": card.card.model_copy(update=changes)})


def open_template(card: NamedCard, options: Options) -> Template | None:
    """The template a judge is asked through; None for a judge that is not prompted."""
    if not isinstance(card.card, Generative):
        return None
    return Template.load(
        options.template or card.card.template,
        criteria=options.criteria,
        style=options.style or card.card.style,
    )


def opened(card: NamedCard, template: Template | None, items: Sequence[Item], options: Options) -> Judge:
    """The judge with its scorer."""
    scorer = open_scorer(card, Setup(template=template, seed=options.seed, items=items))
    return Judge(card, template, scorer)


def store_folder(options: Options) -> Path:
    """Where answers are kept."""
    return Path(options.cache).expanduser() if options.cache else default_folder()


def run_folder(judge: Judge, options: Options, *, several: bool) -> Path:
    """The folder of a judge's run, made before anything is asked; below --out if there are several judges."""
    if options.out:
        place = Path(options.out).expanduser()
        return folder.claim(place / judge.card.name if several else place)
    template = Path(judge.template.source.name).stem if judge.template else None
    return folder.claim(folder.default_folder(judge.card.name, template))


def summary_of(run: Run) -> dict[str, Any]:
    """summary.json: the figures, and what the run counted."""
    figures = summarise(run.outcomes)
    return {
        **figures,
        "failures": dict(run.failures),
        "counts": dict(run.counts),
        "cost_usd": run.cost_usd,
        "convention": {
            "tie": 0.0,
            "judge_failure": 0.0,
            "run_failure": "missing",
            "orders": "expected",
            "average": "micro",
        },
    }


def exit_code(run: Run) -> int:
    """What a run's end means to a shell."""
    if run.interrupted:
        return INTERRUPTED
    if run.error:
        return run.error.exit_code
    unanswered = run.counts["questions"] - run.counts["asked"] - run.counts["from_store"]
    return INCOMPLETE if unanswered else COMPLETE


def report_end(run: Run, place: Path, console: Console, store: Store | None) -> None:
    """Says how a run ended, where it is, and how to go on; errors are said even when quiet."""
    counts = run.counts
    spent = "cost unknown" if run.cost_usd is None else f"${run.cost_usd:.4f}"
    line = f"{counts['asked']:,} asked, {counts['from_store']:,} from store, {spent}, {run.seconds:.1f} s → {place}"
    console.print(line, markup=False, highlight=False, soft_wrap=True)
    if store is not None and store.damaged:
        click.echo(
            f"rmb: {len(store.damaged)} damaged rows in the store were not used and asked again", err=True
        )
    if run.error:
        click.echo(f"rmb: {run.error}", err=True)
    if exit_code(run) != COMPLETE:
        left = counts["questions"] - counts["asked"] - counts["from_store"]
        click.echo(
            f"rmb: {left:,} questions unanswered, every answer is kept; to resume: {command_line()}", err=True
        )


def show_tables(rows: Sequence[Row], items: Sequence[Item], options: Options) -> None:
    """The judges beside the sanity judges, and each judge's scenarios, on stdout."""
    quiet = replace(options, judges=())
    named = {row.judge for row in rows}
    sanity = [
        Row(name, sanity_figures(name, items, quiet), sanity=True) for name in SANITY if name not in named
    ]
    console = Console(soft_wrap=False, width=None if Console().is_terminal else 160)
    for row in rows:
        console.print(scenarios(row.judge, row.summary))
        console.print()
    console.print(headline([*rows, *sanity]))


def sanity_figures(name: str, items: Sequence[Item], options: Options) -> dict[str, Any]:
    """The figures of a judge without a model on the same items and orders, without intervals."""
    judge = opened(open_card(name), None, items, options)
    watch = Watch(name, Console(stderr=True), quiet=True)
    run = asyncio.run(execute(judge.scorer, items, options.settings, store=None, watcher=watch))
    return summarise(run.outcomes, resamples=0)
