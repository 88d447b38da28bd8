"""Train and test: whole conversations go to one of them, in each category as many as its size allows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rmb.build.prompt import Prompt
from rmb.build.words import words
from rmb.canonical import fraction


def split(prompts: Sequence[Prompt], test: float, seed: int) -> dict[str, str]:
    """The split of each prompt by its id, "test" or "train", whatever their order.

    test: the share of conversations that are for testing. Conversations that begin with the same words of the user
    count as one. They stand by category, in an order drawn from the seed, and every 1/test-th of them is taken: of
    all of them, and of each category, as many as the share says, but for one.
    """
    groups: dict[str, list[Prompt]] = {}
    for prompt in sorted(prompts, key=lambda prompt: prompt.id):
        groups.setdefault(beginning(prompt), []).append(prompt)
    ranked = sorted(groups, key=lambda name: (path(groups[name][0]), fraction(seed, "split", name), name))
    start = fraction(seed, "split")
    found = {}
    for place, name in enumerate(ranked):
        taken = math.floor((place + 1) * test + start) > math.floor(place * test + start)
        found.update({prompt.id: "test" if taken else "train" for prompt in groups[name]})
    return found


def beginning(prompt: Prompt) -> str:
    """The words of the user's first turn; the prompt's id where it has none."""
    first = next((turn.content for turn in prompt.conversation if turn.role == "user"), "")
    return " ".join(words(first)) or prompt.id


def path(prompt: Prompt) -> str:
    """Of its category; empty for none."""
    return prompt.category.path if prompt.category else ""
