"""JSON objects in a text, and the verdicts in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

OBJECT = re.compile(r"\{")
COMMA = re.compile(r",(\s*[}\]])")


class Pairs(list[tuple[str, Any]]):
    """Keys and values of an object, as often as they stand there."""


def objects(text: str) -> Iterator[tuple[list[Any], int, int]]:
    """The verdicts of every JSON object in a text that has any, and its place; commas too many are forgiven."""
    end = 0
    for opening in OBJECT.finditer(text):
        if opening.start() < end:
            continue
        pairs, length = decoded(text[opening.start() :])
        values = [value for key, value in pairs if key.strip().casefold() == "verdict"]
        if values:
            end = opening.start() + length
            yield values, opening.start(), end


def decoded(text: str) -> tuple[Pairs, int]:
    """The JSON object that a text begins with, and its length; an empty one if it begins with none."""
    for candidate in (text, COMMA.sub(lambda match: " " + match[1], text)):
        try:
            found, length = json.JSONDecoder(strict=False, object_pairs_hook=Pairs).raw_decode(candidate)
        except (ValueError, RecursionError):
            continue
        return (found, length) if isinstance(found, Pairs) else (Pairs(), 0)
    return Pairs(), 0
