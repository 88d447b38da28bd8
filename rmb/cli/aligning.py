"""What `rmb align` does: read the set, open who is asked, say what it takes, ask, write the folder, show the figures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from rmb.alignment import folder
from rmb.alignment.choosing import Choice
from rmb.alignment.downstream import Downstream, check_references, of_benchmark, read_prompts
from rmb.alignment.measures import MEASURES, Measure, measure
from rmb.alignment.samples import Samples, read_samples
from rmb.alignment.study import Study, align
from rmb.cards import Baseline, Generative, NamedCard, open_card
from rmb.cli.ablating import consent
from rmb.cli.aligned import Session
from rmb.cli.dry_run import refuse_without_key
from rmb.cli.forecast import Forecast
from rmb.cli.judging import store_folder
from rmb.cli.opening import Options, configured, load_data, open_template, opened, options_from
from rmb.content import user_path
from rmb.datasets.rmb import load_sample
from rmb.errors import COMPLETE, UnknownName, UsageError
from rmb.records import Item
from rmb.report.progress import OnConsole, Watch
from rmb.run.desk import Desk, Seat
from rmb.run.names import distinct
from rmb.scorers import Scorer
from rmb.scorers.asking import lines_of
from rmb.scorers.language_model import open_writer
from rmb.store import Store

USUAL_N = 4
OF_MEASURE = {"rating": "pointwise_v2", "refusal": "pointwise_refused_v1"}
"""What the external judge is asked; for win_rate, what its card says."""


def align_all(given: Mapping[str, Any]) -> int:
    """Aligns policies with scorers; gives the exit code."""
    options = options_from(
        given, **{name: given[name] for name in ("template", "criteria", "style", "judges", "seed")}
    )
    console = Console(stderr=True, quiet=options.quiet)
    logging.getLogger("rmb").handlers = [OnConsole(console)]
    logging.getLogger("rmb").setLevel(logging.INFO)
    study = studied(given, options, console)
    with ExitStack() as stack:
        store = None
        if any(seat.stored for seat in seats_of(study)):
            store = stack.enter_context(Store(store_folder(options)))
        dry = desk(options, store, console, dry=True)
        asyncio.run(align(study, dry))
        forecast = Forecast(dry)
        if options.dry_run:
            forecast.show()
            for line in of_oracle(study):
                click.echo(line)
            return COMPLETE
        agree(study, forecast, yes=given["yes"], console=console)
        # Claimed before the first question: an answer that cannot be reported is not bought.
        place = folder.claim(Path(options.out).expanduser() if options.out else None)
        session = Session(study, desk(options, store, console), options, given, console, place)
        # One event loop for all: LiteLLM's clients do not outlive the loop they were made in.
        return asyncio.run(session.run())


def studied(given: Mapping[str, Any], options: Options, console: Console) -> Study:
    """All that is asked of whom. Raises UsageError or DataError where options or files do not fit."""
    if given["measure"] not in MEASURES:
        raise UnknownName("measure", given["measure"], MEASURES)
    if given["samples"] and given["policies"]:
        raise UsageError("--samples were drawn already, so no --policy is asked; leave one of the two out")
    downstream, samples = material(given, options, console)
    n = samples.n if samples else given["n"] or USUAL_N
    study = Study(
        downstream=downstream,
        policies=() if samples else policies(given, options, n),
        judges=judges(options),
        measure=measured(given, options),
        choice=Choice(sizes(n), given["pairs"], given["orders"], options.seed),
        samples=samples,
        reference=writer(given["reference"], options) if given["reference"] else None,
        fallback=given["failure"],
        oracle=given["oracle"],
    )
    if study.measure.needs_reference and study.reference is None:
        check_references(downstream.prompts, study.measure.name)
    return study


def sizes(n: int) -> tuple[int, ...]:
    """1, 2, 4, … below n, and n."""
    return (*(2**power for power in range(n.bit_length()) if 2**power < n), n)


def material(
    given: Mapping[str, Any], options: Options, console: Console
) -> tuple[Downstream, Samples | None]:
    """The downstream set, and the samples if they were drawn elsewhere."""
    if given["prompts"] and given["data"]:
        raise UsageError("--prompts and --data are two sets; name one")
    known, samples = None, None
    if given["prompts"]:
        known = read_prompts(user_path(given["prompts"]))
    elif given["data"] or not given["samples"]:
        known = of_benchmark(load_data(given["data"]))
    if given["samples"]:
        known, samples, strangers = read_samples(user_path(given["samples"]), known, given["n"])
        if strangers:
            line = f"{given['samples']}: {strangers:,} lines are to prompts that are not in the set, and left out"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    assert known is not None
    return known.narrowed(given["scenario"], given["limit"], options.seed), samples


def policies(given: Mapping[str, Any], options: Options, n: int) -> list[Seat]:
    """The policies, at the temperature given. Raises UsageError where all their samples would be alike."""
    if given["temperature"] == 0 and n > 1:
        raise UsageError(f"--temperature 0 would draw the same sample {n} times; give one above 0, or -n 1")
    sampling = replace(options, temperature=given["temperature"], max_tokens=given["max_tokens"])
    cards = [
        unseeded(configured(open_card(name), sampling))
        for name in dict.fromkeys(given["policies"] or ["embedded"])
    ]
    return [
        Seat("policy", name, card, open_writer(card, budget=options.budget))
        for name, card in zip(distinct(card.name for card in cards), cards, strict=True)
    ]


def unseeded(card: NamedCard) -> NamedCard:
    """The card without a sampling seed, by which every sample would be the same."""
    if not isinstance(card.card, Generative):
        return card
    sampling = card.card.sampling.model_copy(update={"seed": None})
    return card.model_copy(update={"card": card.card.model_copy(update={"sampling": sampling})})


def judges(options: Options) -> list[Seat]:
    """The scorers. Raises UsageError for the oracle, which knows labels and no samples."""
    plain = as_carded(options)
    cards = [configured(open_card(name), plain) for name in dict.fromkeys(options.judges)]
    if any(isinstance(card.card, Baseline) and card.card.rule == "oracle" for card in cards):
        raise UsageError(
            "judge oracle knows labels, and samples have none; the oracle of samples is --oracle"
        )
    return [
        seat("judge", name, card, plain)
        for name, card in zip(distinct(card.name for card in cards), cards, strict=True)
    ]


def as_carded(options: Options) -> Options:
    """The options with the sampling left to each card: what is given of it is the policies'."""
    return replace(options, temperature=None, max_tokens=None)


def seat(part: str, name: str, card: NamedCard, options: Options) -> Seat:
    """A scorer ready to be asked."""
    template = open_template(card, options)
    pool: Sequence[Item] = load_sample().items if template is not None and template.examples else ()
    judge = opened(card, template, (), pool, options)
    return Seat(part, name, card, judge.scorer, template.identity if template else None)


def writer(name: str, options: Options) -> Seat:
    """A language model that writes references."""
    card = configured(open_card(name), as_carded(options))
    return Seat("reference", card.name, card, open_writer(card, budget=options.budget))


def measured(given: Mapping[str, Any], options: Options) -> Measure:
    """The measure with its external judge, if it has one. Raises UsageError where template and measure do not fit."""
    name, by = given["measure"], given["by"]
    if by is None and (name == "match" or (name == "refusal" and not given["measure_template"])):
        return measure(name, None)
    card = configured(open_card(by or "embedded"), as_carded(options))
    asked = replace(
        as_carded(options),
        template=given["measure_template"] or OF_MEASURE.get(name),
        criteria=None,
        style=None,
    )
    template = open_template(card, asked)
    labels_of = template.verdict.labels.values() if template else ()
    if name == "refusal" and not (labels_of and all(0 <= value[0] <= 1 for value in labels_of)):
        raise UsageError(
            "refusal needs a template whose verdicts are worth 0 to 1, such as pointwise_refused_v1"
        )
    return measure(name, seat("measure", card.name, card, asked))


def seats_of(study: Study) -> list[Seat]:
    """All who may be asked."""
    others = (study.reference, study.measure.seat)
    return [*study.policies, *study.judges, *(seat for seat in others if seat is not None)]


def desk(options: Options, store: Store | None, console: Console, *, dry: bool = False) -> Desk:
    """What all are asked through."""

    def watching(who: str, scorer: Scorer) -> Watch:
        return Watch(who, console, quiet=options.quiet or dry, lines=lines_of([scorer]))

    return Desk(watching, store, dry)


def agree(study: Study, forecast: Forecast, *, yes: bool, console: Console) -> None:
    """Checks keys and has it agreed to what is asked: pairs grow with the square of N.

    Raises RefusedError for a missing key, UsageError where nobody can be asked, Abort for a no.
    """
    left = forecast.left
    for seat, count in left.items():
        refuse_without_key(seat.scorer, partial(int, count))
    # What is not shown is not made: to count tokens takes seconds.
    shown = not (yes and console.quiet)
    if left.total():
        for line in (*forecast.more, *of_oracle(study)):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        consent(left.total(), forecast.needs if shown else [], yes=yes, quiet=console.quiet)


def of_oracle(study: Study) -> list[str]:
    """What --oracle adds to what is asked."""
    by = study.measure.seat
    if not study.oracle or by is None:
        return []
    return [f"--oracle: {by.name} is asked about every sample, and not only about those picked"]
