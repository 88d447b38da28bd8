"""Benchmarks: files to items. What is odd in the data is loaded, and reported; what is broken is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rmb.records import Item

__all__ = ["Benchmark"]


@dataclass(frozen=True)
class Benchmark:
    """The items of a benchmark as loaded.

    name: how a person would call it; source: path it was read from; notices: what a user should know of it.
    """

    name: str
    source: str
    items: Sequence[Item]
    notices: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """A hash of every item, labels included: equal for equal data, whatever folder or archive it came in."""
        total = hashlib.sha256()
        for item in sorted(self.items, key=lambda item: item.id):
            parts = [item.id, item.set, item.path, str(item.best)]
            parts += [f"{message.role}\0{message.content}" for message in item.conversation]
            parts += [f"{candidate.model}\0{candidate.text}" for candidate in item.candidates]
            total.update("\1".join(parts).encode("utf-8", "surrogatepass"))
        return total.hexdigest()
