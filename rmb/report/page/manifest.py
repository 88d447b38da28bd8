"""The section that says how the figures came about, and how to have them again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rmb.report.page.parts import Folded, Pairs, Part, Section
from rmb.report.page.sources import Source

PLAIN = ("command", "started", "seconds", "ended", "cost_usd", "batches")
NESTED = ("data", "settings", "counts", "served_models", "versions", "axes", "study")


def manifest(runs: Mapping[str, Source], study: Mapping[str, Any] | None = None) -> Section:
    """What run.json of each run says, and what study.json does, if it is a study."""
    parts: list[Part] = [Pairs(list(entries(study, {})))] if study else []
    for label, source in runs.items():
        told = Pairs([("folder", source.folder.name), *entries(source.manifest, source.summary)])
        parts.append(told if len(runs) == 1 and not study else Folded(label, [told]))
    return Section("manifest", "How it was made", parts)


def entries(told: Mapping[str, Any], summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The entries of a manifest, in words or as JSON; what it does not have is left out."""
    yield from ((name, plain(told[name])) for name in PLAIN if told.get(name) is not None)
    judge = told.get("judge") or {}
    if judge:
        yield "judge", f"{judge.get('name')}, card sha256 {judge.get('sha256')}"
        yield "card", indented(judge.get("card"))
    for role, part in (told.get("template") or {}).items():
        yield role.replace("_", " "), f"{part['name']}, sha256 {part['sha256']}"
    yield from ((name.replace("_", " "), indented(told[name])) for name in NESTED if told.get(name))
    if summary.get("convention"):
        yield "convention", indented(summary["convention"])


def plain(value: Any) -> str:
    """A value in words; of a number the digits that it was made of, without what adding them up left."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def indented(value: Any) -> str:
    """A value as people read JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)
