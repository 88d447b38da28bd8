"""What was sent to a judge, in pieces: texts that a page holds anyway, and what stands between them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LEAST = 24
"""Characters of a text that is worth a piece of its own."""


def asked(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a stored request says, as pairs of a role and a text: its messages, then whatever else was sent.

    What is no message goes under the name that it was sent by, as JSON unless it is a text.
    """
    messages = request.get("messages")
    for message in messages if isinstance(messages, list) else ():
        content = message["content"]
        yield str(message["role"]), content if isinstance(content, str) else json.dumps(content)
    rest = {name: value for name, value in request.items() if name not in ("messages", "sample")}
    for name in [name for name in rest if isinstance(rest[name], str) and len(rest[name]) >= LEAST]:
        yield name, rest.pop(name)
    if rest:
        yield "parameters", json.dumps(rest, ensure_ascii=False)


def pieces(text: str, known: Sequence[str]) -> list[str]:
    """The text cut where known ones stand in it; joined, the pieces are the text. Longer ones are looked for first."""
    worth = {one for one in known if len(one) >= LEAST}
    found = [text]
    for one in sorted(worth, key=len, reverse=True):
        found = [piece for whole in found for piece in ([whole] if whole in worth else cut(whole, one))]
    return found


def cut(text: str, known: str) -> list[str]:
    """The text cut before and after each place where the known one stands; empty pieces are left out."""
    between = text.split(known)
    parts = [part for one in between for part in (one, known)][:-1]
    return [part for part in parts if part]
