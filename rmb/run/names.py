"""What runs are called where several stand beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rmb.errors import DataError
from rmb.run import folder
from rmb.run.rows import as_unicode


class Named(Protocol):
    """A run that has a name. template: None for a judge without one."""

    @property
    def folder(self) -> Path:
        """Where it is."""

    @property
    def judge(self) -> str:
        """Who judged."""

    @property
    def template(self) -> str | None:
        """What was asked."""


@dataclass(frozen=True, slots=True)
class Known:
    """A run of which only run.json is known, whatever version of the program wrote it."""

    folder: Path
    manifest: Mapping[str, Any]
    judge: str
    template: str | None


def known(place: Path) -> Known:
    """The run in a folder, by its name. Raises DataError where run.json does not say who judged."""
    manifest = folder.read_json(place, "run.json")
    try:
        template = manifest.get("template")
        name = None if template is None else str(template["template"]["name"])
        return Known(place, manifest, str(manifest["judge"]["name"]), name)
    except (KeyError, TypeError) as error:
        raise DataError(f"{place}/run.json does not say who judged ({error!r})") from error


def labels(runs: Sequence[Named]) -> list[str]:
    """What each run's judge is called: its name, with its template where two share one, else with its folder.

    "?" for each lone surrogate, which no terminal shows.
    """
    for spell in (by_judge, by_template, by_folder):
        names = [as_unicode(spell(run)) for run in runs]
        if max(Counter(names).values(), default=1) == 1:
            return names
    return [as_unicode(f"{run.judge} ({run.folder})") for run in runs]


def by_judge(run: Named) -> str:
    """The judge's name."""
    return run.judge


def by_template(run: Named) -> str:
    """The judge's name and its template's."""
    return f"{run.judge} {run.template}" if run.template else run.judge


def by_folder(run: Named) -> str:
    """The judge's name and its folder's."""
    return f"{run.judge} ({run.folder.name})"


def distinct(names: Iterable[str]) -> list[str]:
    """The names, numbered where two are the same: "a", "a-2".

    >>> distinct(["a", "b", "a"])
    ['a', 'b', 'a-2']
    """
    found: list[str] = []
    for each in names:
        found.append(next(name for name in folder.numbered(each) if name not in found))
    return found
