"""Every prompt for the official files of RMB, where they are at hand: several turns, empty ones, odd characters, long texts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from rmb import content
from rmb.datasets.rmb import load
from rmb.records import Item, Message
from rmb.run.plan import plan
from rmb.scorers.examples import Examples
from rmb.templates import Known, Template

TEMPLATES = content.names("prompts")
COMBINATIONS = list(
    itertools.product(TEMPLATES, content.names("prompts/criteria"), content.names("prompts/styles"))
)


@pytest.fixture(scope="module")
def items(rmb_data: Path) -> Sequence[Item]:
    """All items."""
    return load(rmb_data).items


def rendered(template: Template, item: Item, examples: Examples) -> list[Sequence[Message]]:
    """What is sent for an item: its first question, and the last."""
    questions = plan([item], width=template.width).questions
    return [
        template.render(question, Known(examples=examples.of(question)))
        for question in (questions[0], questions[-1])
    ]


def test_every_combination_renders_and_every_item_is_rendered(items: Sequence[Item]) -> None:
    """Each item with one combination after the other, so that each of them has some twenty items."""
    loaded = [Template.load(name, criteria=criteria, style=style) for name, criteria, style in COMBINATIONS]
    drawn = [Examples(items, template, 0) for template in loaded]
    for number, item in enumerate(items):
        at = number % len(loaded)
        for messages in rendered(loaded[at], item, drawn[at]):
            assert all(message.content for message in messages)


@pytest.mark.slow
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_renders_every_item(name: str, items: Sequence[Item]) -> None:
    """With its own criteria and style, and every text of the item stands in what is sent."""
    template = Template.load(name)
    examples = Examples(items, template, 0)
    for item in items:
        for messages in rendered(template, item, examples):
            sent = "\n".join(message.content for message in messages)
            assert all(turn.content.strip() in sent for turn in item.conversation)
