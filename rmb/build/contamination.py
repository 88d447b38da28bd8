"""Prompts that a benchmark holds already: those that share a run of words with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rmb.build.prompt import Prompt
from rmb.build.recipe import paths_beside
from rmb.build.words import words
from rmb.datasets.rmb import read_items
from rmb.errors import DataError, one_line

PROMPT_KEYS = ("conversation", "conversation_input", "messages", "prompt", "text")
"""Where a line of JSONL has its prompt: a text, or a list of turns."""


@dataclass(frozen=True, slots=True)
class Known:
    """The runs of words in benchmarks' prompts, each with the place of the first. texts: how many, by benchmark."""

    ngram: int
    runs: Mapping[str, str]
    texts: Mapping[str, int]

    def met(self, prompt: Prompt) -> str | None:
        """Where the prompt is known from, with the words; None if it is not."""
        for turn in prompt.conversation:
            for run in runs(turn.content, self.ngram) if turn.role == "user" else ():
                if run in self.runs:
                    return f"{self.runs[run]}: {run}"
        return None


def known(place: Path, names: Sequence[str], ngram: int) -> Known:
    """What the benchmarks hold. names: as the recipe in a build's folder has them. Raises DataError naming the one that cannot be read."""
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name in names:
        read: set[str] = set()
        try:
            for where, text in texts(Path(paths_beside(place, name)).expanduser()):
                if text not in read:
                    read.add(text)
                    for run in runs(text, ngram):
                        found.setdefault(run, f"{name} ({where})")
        except DataError as error:
            raise DataError(f"assemble.against: {error}") from error
        counts[name] = len(read)
    return Known(ngram, found, counts)


def runs(text: str, ngram: int) -> Iterator[str]:
    """Every run of `ngram` words; of a shorter text all of it, which only meets what is as short."""
    said = words(text)
    last = max(len(said) - ngram, 0)
    yield from (" ".join(said[start : start + ngram]) for start in range(last + 1 if said else 0))


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """Place and text of every turn of a benchmark's prompts: JSONL, or whatever is in RMB's layout."""
    if path.suffix.lower() == ".jsonl":
        yield from in_lines(path)
        return
    items, _ = read_items(path)
    yield from ((item.id, turn.content) for item in items for turn in item.conversation)


def in_lines(path: Path) -> Iterator[tuple[str, str]]:
    """The texts in a file of JSON lines. Raises DataError naming the line without a prompt."""
    try:
        # Not splitlines, which breaks a line at characters that JSON leaves as they are.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot read {path}: {getattr(error, 'strerror', None) or one_line(error)}"
        ) from error
    for number, line in enumerate(lines, 1):
        try:
            found = prompt_texts(json.loads(line)) if line.strip() else []
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            wanted = ", ".join(PROMPT_KEYS)
            told = f"no prompt ({one_line(error)}); wanted is one of {wanted}"
            raise DataError(f"{path}, line {number}: {told}") from error
        yield from ((f"line {number}", text) for text in found)


def prompt_texts(record: Any) -> list[str]:
    """The texts of a record's prompt. Raises KeyError, TypeError or ValueError for a record without."""
    key = next((key for key in PROMPT_KEYS if key in record), None)
    if key is None:
        raise KeyError(f"keys {sorted(record)}")
    said = [record[key]] if isinstance(record[key], str) else record[key]
    found = [turn if isinstance(turn, str) else turn["content"] for turn in said]
    if not all(isinstance(text, str) for text in found):
        raise TypeError(f"{key} holds something else than texts")
    return found
