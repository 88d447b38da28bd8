"""What a reply only repeats: thoughts, verdicts that stand in a response or the prompt as they stand in the reply."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rmb.verdicts.objects import objects
from rmb.verdicts.rule import VerdictRule

FINISH_FAILURES: Mapping[str, str] = {
    "content_filter": "content_filter",
    "context_length": "context_length",
    "length": "truncated",
    "refusal": "refusal",
}
"""How a provider says that a reply ended, and what that means where there is no verdict."""
THINKING = re.compile(r"<(think(?:ing)?)>.*?(?:</\1>|\Z)", re.DOTALL)
UNOPENED = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL)
QUOTED = 12
"""Characters, space aside, that a verdict shares with a text around it before it counts as quoted from there."""
REACH = 4 * QUOTED
"""Characters on either side that are looked at for these."""
BARE = len('{"verdict":"A>>B"}')
"""The same inside an object: what it holds beyond a bare verdict is as good as what stands around it."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a judge had before it: the responses, other texts of the prompt, and the word of its fences ("": none)."""

    responses: Sequence[str] = ()
    others: Sequence[str] = ()
    fence: str = ""

    @property
    def texts(self) -> list[str]:
        """All that can be quoted."""
        return [*self.responses, *self.others]


NOTHING = Read()


def spoken(text: str, responses: Sequence[str] = ()) -> str:
    """The text with what is only thought blanked out, so that each letter left stays at its place.

    A </think> that nothing opens ends a thought that began in the prompt, unless a response holds the tag: then a
    reply that does may only quote it.
    """
    held = any("</think" in response for response in responses)
    for thought in (THINKING,) if held else (THINKING, UNOPENED):
        text = thought.sub(lambda match: " " * len(match[0]), text)
    return text


def own_words(rule: VerdictRule, said: str, seen: Read) -> str:
    """A reply without its thoughts and without verdicts that it only repeats; each letter left stays at its place."""
    text = unfenced(spoken(said, seen.responses), seen.fence)
    own = text
    for start, end, inside in places(rule, text):
        # Compared with its thoughts, which may be a response's own.
        if any(stands_in(said, start, end, other, QUOTED - inside) for other in seen.texts):
            # A bare label on a line of its own leaves a word there, or the line above would become the last.
            own = own[:start] + ("x" if rule.marker == "{}" else " ") * (end - start) + own[end:]
    return own


def unfenced(text: str, fence: str) -> str:
    """A text without what stands between the first fence line that it repeats and the last."""
    # Whole lines as templates write them, "=== response A 1998": the word alone may be a year.
    line = rf"^[^\w\n][^\n]*\b{re.escape(fence)}\W*?$"
    lines = [match.start() for match in re.finditer(line, text, re.MULTILINE)] if fence else []
    if len(lines) < 2:
        return text
    return text[: lines[0]] + re.sub(r"\S", " ", text[lines[0] : lines[-1]]) + text[lines[-1] :]


def places(rule: VerdictRule, text: str) -> Iterator[tuple[int, int, int]]:
    """Where verdicts stand, and how many characters they hold that are no verdict."""
    if rule.form == "json":
        for _, start, end in objects(text):
            yield start, end, max(0, len("".join(text[start:end].split())) - BARE)
    for match in rule.pattern.finditer(text):
        yield *(match.span(1) if rule.marker == "{}" else match.span()), 0


def stands_in(text: str, start: int, end: int, other: str, least: int) -> bool:
    """Whether at least so many characters, space aside, around a place of a text are the same around it in another."""
    at = other.find(text[start:end])
    while at >= 0:
        # Slices and not the whole: a judge in a loop repeats a long response marker by marker.
        its = at + end - start
        before = same(text[max(0, start - REACH) : start][::-1], other[max(0, at - REACH) : at][::-1])
        after = same(text[end : end + REACH], other[its : its + REACH])
        if before + after >= least:
            return True
        at = other.find(text[start:end], at + 1)
    return False


def same(one: str, other: str) -> int:
    """Characters, space aside, up to the first at which two differ."""
    count = 0
    for mine, its in zip(one, other, strict=False):
        if mine != its:
            break
        count += not mine.isspace()
    return count
