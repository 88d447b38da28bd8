"""What a categoriser said of a prompt, read strictly, and what several of them say together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rmb.build.taxonomy import Taxonomy
from rmb.records import Answer, Failure, Json
from rmb.verdicts.quotations import FINISH_FAILURES, QUOTED, spoken, stands_in, unfenced

NONE = "none"
"""A judge's word for no category."""
LINE = re.compile(r"^[\s>*_`#-]*(category[*_`]*[ \t]*:[ \t]*(.*?))\s*$", re.IGNORECASE | re.MULTILINE)
AROUND = " \t\r\"'`*_.,;<>()[]{}“”‘’«»"


@dataclass(frozen=True, slots=True)
class Vote:
    """What one judge said of a prompt. said: a path, NONE, or None where it is unreadable: why, then, tells."""

    judge: str
    said: str | None
    why: str = ""
    answer: str = ""

    @property
    def goal(self) -> str | None:
        """The first part of what it said."""
        return None if self.said is None else self.said.partition("/")[0]

    def to_json(self) -> dict[str, Json]:
        """As a stage's file tells it; answer: the key of the reply in the store."""
        return {"judge": self.judge, "said": self.said, "why": self.why, "answer": self.answer}

    def __str__(self) -> str:
        """For a ledger."""
        return f"{self.judge}: {self.said or f'unreadable ({self.why})'}"


def read(reply: Answer, seen: Sequence[str], fence: str, taxonomy: Taxonomy) -> str | Failure:
    """The path on the last line "Category: …" of a reply, as the taxonomy spells it, or NONE; why there is none.

    seen: texts that the judge had before it, and fence: the word of its fences. A line that only repeats what stands in
    them is no verdict, nor is one in a thought. Letter case and marks around the path do not matter.
    """
    said = reply.text or ""
    text = unfenced(spoken(said), fence)
    cut = reply.finish_reason == "length"
    own = [line for line in LINE.finditer(text) if not repeated(said, line, seen)]
    if not own or (cut and not text[own[-1].end() :].strip()):
        reason = FINISH_FAILURES.get(reply.finish_reason or "", "parse")
        return Failure(reason, "the reply is cut" if cut else "no line of its own 'Category: …'")
    told = "/".join(part.strip() for part in own[-1][2].strip(AROUND).split("/"))
    found = NONE if told.casefold() == NONE else taxonomy.by_fold.get(told.casefold())
    return found or Failure("parse", f"{told[:80]!r} is no category")


def repeated(said: str, line: re.Match[str], seen: Sequence[str]) -> bool:
    """Whether a line stands in one of the texts as it stands in the reply."""
    return any(stands_in(said, line.start(1), line.end(1), text, QUOTED) for text in seen)


def settled(votes: Sequence[Vote], agree: int) -> tuple[str, str]:
    """("", path) where so many votes name one path, and no other as often; else the ledger's reason, and ""."""
    counts = Counter(vote.said for vote in votes if vote.said is not None).most_common(2)
    top, times = counts[0] if counts else (NONE, 0)
    ahead = len(counts) < 2 or counts[1][1] < times
    if times >= agree and ahead:
        return ("no-category", "") if top == NONE else ("", top)
    unread = sum(vote.said is None for vote in votes)
    return ("unreadable" if times < agree <= times + unread else "disagree"), ""
