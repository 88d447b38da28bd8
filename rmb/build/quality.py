"""Which prompts are fit to be asked, as far as their text tells: language, length, letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence

from rmb.build.made import Dropped
from rmb.build.prompt import Prompt
from rmb.build.recipe import Filter

Check = Callable[[Prompt, Filter], str | None]
"""What is wrong with a prompt, in a line; None if nothing is."""
LETTERS = ("L", "M")
"""Unicode's classes of letters, and of the marks that are written on them."""


def language(prompt: Prompt, wanted: Filter) -> str | None:
    """Whether it is in another language than is wanted, or in one that the source does not name."""
    if wanted.languages is None:
        return None
    if prompt.language is None:
        return "the source names no language"
    known = {name.casefold() for name in wanted.languages}
    return None if prompt.language.casefold() in known else prompt.language[:80]


def length(prompt: Prompt, wanted: Filter) -> str | None:
    """Whether the last turn is too short or too long, space around it aside, or the whole conversation too long."""
    least, most = wanted.characters
    last = len(prompt.conversation[-1].content.strip())
    whole = sum(len(turn.content) for turn in prompt.conversation)
    if last < least:
        return f"the last turn has {last:,} characters, fewer than {least:,}"
    if last > most:
        return f"the last turn has {last:,} characters, more than {most:,}"
    if whole > wanted.most_characters:
        return f"the conversation has {whole:,} characters, more than {wanted.most_characters:,}"
    return None


def letters(prompt: Prompt, wanted: Filter) -> str | None:
    """Whether the last turn is mostly no letters of any script: symbols, digits, what a cat types."""
    share = share_of_letters(prompt.conversation[-1].content)
    return f"{share:.0%} letters, less than {wanted.letters:.0%}" if share < wanted.letters else None


def share_of_letters(text: str) -> float:
    """The share of a text's characters, space aside, that are letters or marks on them, in [0, 1]; 0 without any."""
    solid = "".join(text.split())
    return sum(unicodedata.category(one)[0] in LETTERS for one in solid) / len(solid) if solid else 0.0


CHECKS: Sequence[tuple[str, Check]] = (("language", language), ("length", length), ("letters", letters))
"""By the ledger's reason, the cheapest first."""


def passed(
    prompts: Iterable[Prompt], reason: str, check: Check, wanted: Filter
) -> tuple[list[Prompt], list[Dropped]]:
    """The prompts with which nothing is wrong, and the others for the ledger; in their order."""
    kept: list[Prompt] = []
    dropped: list[Dropped] = []
    for prompt in prompts:
        wrong = check(prompt, wanted)
        if wrong is None:
            kept.append(prompt)
        else:
            dropped.append(Dropped(prompt.id, reason, wrong))
    return kept, dropped
