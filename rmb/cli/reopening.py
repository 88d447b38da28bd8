"""From a run's folder back to its judge and its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pydantic

from rmb.cards import CARD, Generative, NamedCard, open_card
from rmb.cli.opening import Judge, load_data
from rmb.datasets import Benchmark
from rmb.errors import DataError, UsageError, one_line
from rmb.records import Item
from rmb.run import Settings, folder
from rmb.run.panel import PANEL
from rmb.scorers import KINDS, Setup, open_scorer
from rmb.templates import Template


def data_of(kept: folder.Kept, named: str | None) -> Benchmark:
    """The data that the run was made on, where it was then, or where the user says it is.

    Raises UsageError for a panel: it has no answers of its own.
    """
    card = kept.manifest["judge"]["card"]
    if card["kind"] == PANEL:
        named_members = ", ".join(str(one["name"]) for one in card["members"])
        raise UsageError(
            f"{kept.judge} was made of stored verdicts and has no answers of its own; reread its members "
            f"({named_members}), then put them together again with rmb panel"
        )
    source = kept.manifest["data"]["source"]
    return load_data(named or (None if source == "sample" else source))


def judge_of(
    kept: folder.Kept,
    given: Mapping[str, Any],
    items: Sequence[Item],
    pool: Sequence[Item],
    settings: Settings,
) -> Judge:
    """The run's judge, with what the options put in the place of its card, template and parts.

    items: of the run; pool: all of the data, which examples are drawn from.
    Raises UsageError for a card of another kind than the run's, or for any where the run's has no stored answers.
    """
    card = card_of(kept)
    if given["judge"]:
        before, card = card.card.kind, open_card(given["judge"])
        # A judge without a model does not read: it would answer in the other's place.
        if card.card.kind != before or not KINDS[before].stored:
            raise UsageError(f"{card.name} cannot read what {kept.judge} answered; leave out --judge")
    template = None
    if isinstance(card.card, Generative):
        used = kept.manifest["template"] or {}
        names = {part: given[part] or used.get(part, {}).get("name") for part in ("criteria", "style")}
        template = Template.load(given["template"] or kept.template or card.card.template, **names)
    setup = Setup(template=template, seed=settings.seed, items=items, pool=pool)
    return Judge(card, template, open_scorer(card, setup))


def card_of(kept: folder.Kept) -> NamedCard:
    """The card that the run was made with, as its manifest has it."""
    told = kept.manifest["judge"]
    try:
        return NamedCard(name=told["name"], sha256=told["sha256"], card=CARD.validate_python(told["card"]))
    except (KeyError, pydantic.ValidationError) as error:
        raise DataError(
            f"the judge card in {kept.folder}/run.json cannot be used: {one_line(error)}; name one with --judge"
        ) from error
