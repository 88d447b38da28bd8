"""Markdown that shows names and texts as they are, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rmb.plain_text import escaped
from rmb.records import Json

NOTHING = "–"
DEEPEST = 3
"""Levels of a nested value that are listed; what lies deeper stands on one line."""


def shown(value: Json) -> str:
    """A value in one line: numbers with thousands set off, texts escaped, None as a dash, what is nested as words."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:.3g}" if isinstance(value, float) and abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, str):
        return escaped(value).strip() or NOTHING
    if isinstance(value, Mapping):
        return (
            figure(value)
            or ", ".join(f"{label(name)} {shown(one)}" for name, one in value.items())
            or NOTHING
        )
    return ", ".join(map(shown, value)) or NOTHING


def figure(value: Mapping[str, Json]) -> str | None:
    """A measured figure with its interval, if it has one: "0.69 (0.61 to 0.77)"; None for what is no figure."""
    if set(value) != {"value", "low", "high", "n"}:
        return None
    known = [
        f"{number:.2f}" for name in ("value", "low", "high") if isinstance(number := value[name], int | float)
    ]
    return f"{known[0]} ({known[1]} to {known[2]})" if len(known) > 2 else known[0] if known else None


def label(name: str) -> str:
    """A key as words."""
    return shown(name.replace("_", " "))


def table(columns: Sequence[str], rows: Iterable[Sequence[Json]], *, names: int = 1) -> Iterator[str]:
    """A table of GitHub's Markdown, with an empty line before it. names: columns that are to the left, as texts are."""
    yield ""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * names}{'---:|' * (len(columns) - names)}"
    yield from (f"| {' | '.join(map(shown, row))} |" for row in rows)


def listed(told: Mapping[str, Json], depth: int = 0) -> Iterator[str]:
    """A value a line, those below it indented."""
    for name, value in told.items():
        below = inner(value) if depth < DEEPEST else None
        yield f"{'  ' * depth}- {label(name)}:{'' if below else ' ' + shown(value)}"
        yield from listed(below, depth + 1) if below else ()


def inner(value: Json) -> Mapping[str, Json] | None:
    """What is to be listed below a value's name: by its keys, or by number; None for what goes on one line."""
    if isinstance(value, Mapping):
        return None if figure(value) else value
    if isinstance(value, Sequence) and any(isinstance(one, Mapping) for one in value):
        return {str(number): one for number, one in enumerate(value, 1)}
    return None
