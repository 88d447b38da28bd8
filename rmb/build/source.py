"""From the records of a source to prompts: conversations that end with a user's turn, each once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from rmb.build.made import Dropped
from rmb.build.prompt import Prompt
from rmb.build.recipe import Recipe, paths_beside
from rmb.build.rows import CONVERSATION, NAMED, Row, rows
from rmb.canonical import digest
from rmb.content import user_path
from rmb.errors import DataError
from rmb.records import Conversation, Json, Message
from rmb.run.rows import as_unicode

ROLES = ("user", "assistant", "system")
KEPT = (*NAMED, "turn", "timestamp", "toxic")
"""What a prompt's origin tells of its record, where that is a plain value."""
LONGEST = 200
"""Characters of a text in a prompt's origin."""
FORM = '{"conversation": [{"role": "user", "content": "…"}], "language": "English"}'


class NoPromptError(Exception):
    """A record is no prompt. reason: one word, as in the ledger; the message says more."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Found:
    """What a source holds. came: how many records; each is a prompt or in the ledger."""

    came: int
    prompts: Sequence[Prompt]
    dropped: Sequence[Dropped]


def of(recipe: Recipe, folder: Path) -> Found:
    """The prompts of a build's source; folder: of the build. Raises DataError as `read` does."""
    path = user_path(paths_beside(folder, recipe.source))
    return read(path, most_turns=recipe.most_turns, limit=recipe.limit)


def read(source: Path, *, most_turns: int, limit: int | None = None) -> Found:
    """The prompts of a source in its order; what is none is in the ledger, with the reason.

    most_turns: of users; a conversation is cut behind the last of these. limit: of the records. Raises DataError for a
    source that cannot be read, or in which there is no record at all.
    """
    came = 0
    prompts: dict[str, Prompt] = {}
    dropped: list[Dropped] = []
    broken: list[Row] = []
    for row in islice(rows(source), limit):
        came += 1
        broken += [row] if row.fault else []
        try:
            one = prompt(row, most_turns)
            refuse_twin(one, prompts.get(one.id))
            prompts[one.id] = one
        except NoPromptError as error:
            dropped.append(Dropped(as_unicode(row.where), error.reason, str(error)))
    if came == len(broken):
        first_fault = f"{broken[0].where}: {broken[0].fault}" if broken else "it is empty"
        raise DataError(f"{source} holds no record ({first_fault}); a line is {FORM}")
    return Found(came, list(prompts.values()), dropped)


def refuse_twin(one: Prompt, first: Prompt | None) -> None:
    """Raises NoPromptError for a prompt that came before, to the letter."""
    if first is not None:
        place = f"{first.origin['file']}:{first.origin['line']}"
        raise NoPromptError("duplicate", f"the same as {one.id}, {place}")


def prompt(row: Row, most_turns: int) -> Prompt:
    """The prompt that a record holds. Raises NoPromptError, with the reason, for what holds none."""
    record = row.record
    if row.fault or not isinstance(record, Mapping):
        raise NoPromptError("broken", row.fault or f"a {type(record).__name__}, not an object")
    raw = next((record[key] for key in CONVERSATION if record.get(key) is not None), None)
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise NoPromptError("fields", f"no list of turns under 'conversation': {kind(raw)}")
    conversation = cut(raw, most_turns)
    taken = raw[: len(conversation)]
    if redacted(record, taken):
        raise NoPromptError("redacted", "the source has taken something out of it")
    spelt: Json = [[turn.role, turn.content] for turn in conversation]
    return Prompt(
        digest(spelt)[:16], conversation, language(record, taken), {**origin(row), "turns": len(raw)}
    )


def cut(raw: Sequence[Any], most_turns: int) -> Conversation:
    """The turns up to the last of the first so many users'. Raises NoPromptError if there is none, or one is no turn."""
    if not raw:
        raise NoPromptError("empty", "a conversation without a turn")
    taken: list[Message] = []
    for number, each in enumerate(raw, 1):
        taken.append(turn(each, number))
        if sum(one.role == "user" for one in taken) == most_turns:
            break
    while taken and taken[-1].role != "user":
        taken.pop()
    if not taken:
        raise NoPromptError("no-user", "no turn of a user")
    empty = [number for number, one in enumerate(taken, 1) if not one.content.strip()]
    if empty:
        raise NoPromptError("empty", f"turn {empty[-1]} of {len(taken)} is empty")
    return tuple(taken)


def turn(value: Any, number: int) -> Message:
    """A turn as a message. Raises NoPromptError for what is none."""
    found = value if isinstance(value, Mapping) else {}
    role, content = found.get("role"), found.get("content")
    if not isinstance(role, str) or not isinstance(content, str):
        told = f"role {kind(role)}, content {kind(content)}" if found else kind(value)
        raise NoPromptError("fields", f"turn {number} is no role and content: {told}")
    if role not in ROLES:
        raise NoPromptError("role", f"turn {number} is of {role[:40]!a}; there are {', '.join(ROLES)}")
    if content != as_unicode(content):
        raise NoPromptError("encoding", f"turn {number} holds a lone surrogate, which is no character")
    return Message(role, content)


def kind(value: Any) -> str:
    """What sort of thing stands where another was expected, in a word."""
    return "nothing" if value is None else f"a {type(value).__name__}"


def redacted(record: Mapping[str, Any], taken: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the source says of one of these turns that something was taken out; of the record, if turns say nothing."""
    said = [each.get("redacted") for each in taken]
    return any(one is True for one in said) or (
        all(one is None for one in said) and record.get("redacted") is True
    )


def language(record: Mapping[str, Any], taken: Sequence[Mapping[str, Any]]) -> str | None:
    """The language as the source names it: of the record, else of its last turn; None if neither is told."""
    said = [each.get("language") for each in (record, taken[-1])]
    return next((as_unicode(one.strip()) for one in said if isinstance(one, str) and one.strip()), None)


def origin(row: Row) -> dict[str, Json]:
    """Where a record stands, and what the source calls it."""
    told: dict[str, Json] = {"file": as_unicode(row.file), "line": row.line}
    for name in KEPT:
        value = row.record.get(name)
        if isinstance(value, str):
            told[name] = as_unicode(value[:LONGEST])
        elif isinstance(value, date):
            told[name] = value.isoformat()
        elif isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            told[name] = value
    return told
