"""What can go wrong, as one tree. Each error is one line for the user and carries its exit code.

RmbError                 2   anything this project reports; never a bug
├── UsageError           2   an option or a name is wrong
│   └── UnknownName      2   no such template, judge, scenario …; lists the nearest names
├── ContentError         2   a template, card or part cannot be used as it is written
├── DataError            2   a benchmark file is not what it should be; names file and position
├── MissingExtra         2   an optional package is needed; names what to install
├── RefusedError         3   no key, a bad key, or a model the provider does not serve
├── BudgetError          4   what is left of the budget does not pay for another call
├── UnreachableError     1   nothing answers any more; the same command may work later
└── StorageError        74   the disk or the store failed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

COMPLETE, INCOMPLETE, REFUSED, BUDGET, STORAGE, INTERRUPTED = 0, 1, 3, 4, 74, 130
"""Exit codes of a run; 2 (wrong usage or bad input) is the code of most errors below."""


class RmbError(Exception):
    """Anything this project reports to its user in one line."""

    exit_code = 2


class UsageError(RmbError):
    """An option, or options together, make no sense."""


class UnknownName(UsageError):
    """A name that nothing answers to.

    what: the sort of thing asked for ("template"); name: as asked; known: the names there are.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], *, hint: str = "") -> None:
        names = sorted(known)
        near = nearest(name, names)
        if near:
            advice = f"did you mean {' or '.join(near)}?"
        elif len(names) <= 12:
            advice = f"there are: {', '.join(names) or 'none'}"
        else:
            advice = f"there are {len(names)}, {names[0]} … {names[-1]}"
        super().__init__(f"no {what} {name!r}; {advice}{' ' + hint if hint else ''}")


class ContentError(RmbError):
    """A template, part or card cannot be used as it is written."""


class DataError(RmbError):
    """A benchmark file or folder is not what it should be."""


class MissingExtra(RmbError):
    """An optional package is needed for what was asked."""


class RefusedError(RmbError):
    """The provider will answer nothing: no key, a bad key, no such model."""

    exit_code = REFUSED


class BudgetError(RmbError):
    """What is left of the budget does not pay for another call; what was answered is kept."""

    exit_code = BUDGET


class UnreachableError(RmbError):
    """Nothing is left that answers: an endpoint's first questions all failed, or a cluster's last worker is gone."""

    exit_code = INCOMPLETE


class StorageError(RmbError):
    """The disk, or the answer store on it, failed; what was stored before is kept."""

    exit_code = STORAGE


def nearest(name: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Up to `most` of the known names that begin with or look like `name`, best first; letter case is ignored.

    >>> nearest("pairwise_v3", ["pairwise_v1", "pairwise_v2", "pointwise_v1"], most=2)
    ['pairwise_v2', 'pairwise_v1']
    """
    by_fold = {known_name.casefold(): known_name for known_name in known}
    asked = name.casefold()
    longer = sorted(fold for fold in by_fold if asked and fold.startswith(asked))
    close = difflib.get_close_matches(asked, by_fold, n=most, cutoff=0.6)
    return [by_fold[fold] for fold in dict.fromkeys([*longer, *close])][:most]


def one_line(error: Exception) -> str:
    """A parser's complaint without its line breaks; of pydantic's, each key with what is wrong with it.

    Of YAML's the place, and not the text that stands there, which may be a key that was pasted in.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        told = [getattr(error, "context", None), getattr(error, "problem", None), f"line {mark.line + 1}"]
        return ", ".join(one for one in told if one)
    faults = getattr(error, "errors", None)
    if callable(faults):
        return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults())
    return " ".join(str(error).split())
