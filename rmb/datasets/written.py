"""Records as they are written in the files: what an item does not keep, and what is no record at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rmb.datasets.findings import Finding, finding
from rmb.datasets.rmb import UID, category, uid
from rmb.records import Set

RECORD_KEYS: Mapping[Set, frozenset[str]] = {
    "bon": frozenset({"conversation_input", "bon_best", "loser_list", "bon_uid", "category_path"}),
    "pairwise": frozenset({"conversation_input", "chosen", "reject", "pair_uid", "category_path"}),
}
TURN_KEYS = frozenset({"role", "content", "language"})
ANSWER_KEYS = frozenset({"llm_name", "answer"})
PLACE = re.compile(r"(?:^|[/\\:])((?:BoN|Pairwise)_set[/\\].+)\.json$")
"""The part of a file's place that its records repeat as their category."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a record says and an item does not.

    turns, silent: messages of the conversation, and those of them that name no language.
    unknown: keys that RMB does not have, "reject.score".
    misplaced: True if it lies in another category's file.
    """

    id: str
    set: Set
    turns: int
    silent: int
    unknown: frozenset[str]
    misplaced: bool


def in_files(files: Iterable[tuple[str, object]]) -> Iterator[Finding]:
    """What is wrong with records as they are written, and files that hold none."""
    records, strays = read(files)
    yield from finding("file-not-loaded", strays)
    yield from finding("misplaced-record", (record.id for record in records if record.misplaced))
    for key in sorted({key for record in records for key in record.unknown}):
        yield from finding("unknown-key", (record.id for record in records if key in record.unknown), key=key)
    yield from without_language(records)


def read(files: Iterable[tuple[str, object]]) -> tuple[list[Written], list[str]]:
    """The records of all files, and the places of the files without any; one file is in memory at a time."""
    found: list[Written] = []
    strays: list[str] = []
    for where, content in files:
        records = content if isinstance(content, list) else [content]
        if any(isinstance(record, dict) and "category_path" in record for record in records):
            found += [written(record, where) for record in records]
        else:
            strays.append(where)
    return found, strays


def written(record: Any, where: str) -> Written:
    """A record that the loader has accepted, in a file at a place."""
    kind, *_ = category(record)
    turns = record["conversation_input"]
    place = PLACE.search(where)
    return Written(
        id=f"{kind}/{uid(record, UID[kind])}",
        set=kind,
        turns=len(turns),
        silent=sum("language" not in turn for turn in turns),
        unknown=unknown(record, kind),
        misplaced=bool(place and place[1].replace("\\", "/") != record["category_path"]),
    )


def unknown(record: Mapping[str, Any], kind: Set) -> frozenset[str]:
    """The keys of a record that RMB does not have; `rejected` is read for `reject` where that is missing."""
    known = RECORD_KEYS[kind] | ({"rejected"} if "reject" not in record else set())
    found = set(record) - known
    for name in known & set(record):
        inner = record[name] if isinstance(record[name], list) else [record[name]]
        allowed = TURN_KEYS if name == "conversation_input" else ANSWER_KEYS
        found |= {f"{name}.{key}" for part in inner if isinstance(part, dict) for key in set(part) - allowed}
    return frozenset(found)


def without_language(records: Sequence[Written]) -> Iterator[Finding]:
    """For each set the items with a turn that names no language; nothing where no turn names one."""
    if all(record.silent == record.turns for record in records):
        return
    for kind in RECORD_KEYS:
        mine = [record for record in records if record.set == kind]
        silent, turns = sum(record.silent for record in mine), sum(record.turns for record in mine)
        ids = (record.id for record in mine if record.silent)
        yield from finding("missing-language", ids, silent=silent, turns=turns)
