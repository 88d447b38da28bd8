"""Texts of strangers as plain text: on one line, in Markdown, in a cell of a spreadsheet."""

from __future__ import annotations

import re

TURNING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""
MARKDOWN = re.compile(r"[\\`*_\[\]<>&~|$]")


def plain(text: str) -> str:
    """A text in one line, without characters that control a screen or turn the direction of writing."""
    return TURNING.sub(" ", text)


def escaped(text: str) -> str:
    """A text as Markdown that shows it."""
    return MARKDOWN.sub(lambda found: f"\\{found[0]}", plain(text))


def unformulated(text: str) -> str:
    """A text that no spreadsheet takes for a formula: such a one has a ' before it."""
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def guarded(text: str) -> str:
    """A text in one line that no spreadsheet takes for a formula."""
    return unformulated(plain(text))
