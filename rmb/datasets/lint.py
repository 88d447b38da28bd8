"""Defects in a benchmark's data: where a figure means something else than it seems to, or cannot reach 1.

Labels are taken for edges from the better response to the worse, within one conversation: labels that no
ranking of the responses satisfies show as a circle. So do labels that no ranking of the LLMs satisfies.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from rmb.datasets.rmb import UID, category, counts, expected, file_name, official, uid
from rmb.records import Candidate, Conversation, Item, Set

DEFECTS: Mapping[str, str] = {
    "duplicate-id": "Several items have one id: what is told by id may be of either.",
    "too-few-candidates": "There is one response and no other: the item says nothing about a judge.",
    "identical-responses": "Both responses are one text: a judge that treats them alike ties, and a tie is no win.",
    "unwinnable-list": "A loser is the same text as the best response: nobody can win, and the highest figure is below 1.",
    "contradictory-labels": "The same two responses are labelled one way in {one}, and the other way in {other}: no judge can win both.",
    "preference-cycle": "The labels go in a circle through {count} responses: no score of each response agrees with all of them.",
    "model-preference-cycle": "The labels go in a circle through LLMs, {models}: no ranking of these agrees with all of them.",
    "empty-response": "A response is empty: the label may be about a failed request and not about quality.",
    "empty-turn": "A turn of the conversation is empty: nobody can see what was asked, and some providers refuse it.",
    "turn-order": "User and assistant do not take turns up to a last turn of the user: chat templates may refuse it.",
    "unreadable-text": "A text holds U+FFFD or half a character, as wrong decoding leaves it: judges read another text than the labellers.",
    "duplicate-item": "The same texts have the same label again: what a judge says of them counts more than once.",
    "conversation-sampled-twice": "{models} gave other responses to this conversation in other items: it was sampled again, and weighs more than others; pairs with the same two LLMs: {again}.",
    "conversation-in-several-scenarios": "The conversation is in {paths}: the figures of these are not independent.",
    "missing-scenario": "{count:,} items of the official release are in files that are not here: figures are of the rest alone.",
    "other-count": "There are {count:,} items, not {release:,} as in the official release: figures may differ from published ones.",
    "file-not-loaded": "There is no RMB record in the file: nothing of it is in any figure.",
    "misplaced-record": "category_path is not the path of the file: the item counts for the scenario that category_path names.",
    "unknown-key": "RMB has no key {key}: nothing reads it, and no figure shows it.",
    "missing-model": "A response does not name its LLM, while others do: figures by LLM leave it out.",
    "missing-language": "{silent:,} of {turns:,} turns of this set name no language, while others do: figures by language leave them out.",
}
"""What can be found, in the order in which it is told, and what it does to the figures."""

UNREADABLE = re.compile("[\ufffd\ud800-\udfff]")
"""What a decoder leaves of a character that it cannot read; half a character, which UTF-8 cannot write."""

RECORD_KEYS: Mapping[Set, frozenset[str]] = {
    "bon": frozenset({"conversation_input", "bon_best", "loser_list", "bon_uid", "category_path"}),
    "pairwise": frozenset({"conversation_input", "chosen", "reject", "pair_uid", "category_path"}),
}
TURN_KEYS = frozenset({"role", "content", "language"})
ANSWER_KEYS = frozenset({"llm_name", "answer"})
PLACE = re.compile(r"(?:^|[/\\:])((?:BoN|Pairwise)_set[/\\].+)\.json$")
"""The part of a file's place that its records repeat as their category."""

Node = tuple[Conversation, str]
Labels = Mapping[tuple[Node, Node], list[str]]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect: some items that share it, or one group of items that are at odds with each other.

    defect: its stable name, one of DEFECTS.
    ids: every item concerned, or every file where the items themselves are missing; sorted, numbers by size.
    detail: a sentence on what is wrong and what it does to the figures.
    """

    defect: str
    ids: tuple[str, ...]
    detail: str


def lint(items: Sequence[Item], files: Iterable[tuple[str, object]]) -> list[Finding]:
    """All defects of a benchmark in the order of DEFECTS; none for clean data, whatever the order of its items.

    items: as loaded; files: place and content of the JSON files that they were loaded from.
    """
    found = [
        *in_items(items),
        *across_items(items),
        *in_labels(items),
        *in_conversations(items),
        *against_release(items),
        *in_files(files),
    ]
    order = list(DEFECTS)
    return sorted(found, key=lambda one: (order.index(one.defect), [*map(natural, one.ids)], one.detail))


def finding(defect: str, ids: Iterable[str], **facts: object) -> Iterator[Finding]:
    """The finding that these ids share, its sentence filled with facts; nothing where there is no id."""
    if names := ordered(ids):
        yield Finding(defect, names, DEFECTS[defect].format(**facts))


def natural(name: str) -> list[str | tuple[int, str]]:
    """A sorting key in which numbers inside a name go by size.

    >>> sorted(["bon/10", "bon/9"], key=natural)
    ['bon/9', 'bon/10']
    """
    parts = re.split(r"(\d+)", name)
    return [(len(part), part) if place % 2 else part for place, part in enumerate(parts)]


def ordered(ids: Iterable[str]) -> tuple[str, ...]:
    """Each id once, sorted."""
    return tuple(sorted(set(ids), key=natural))


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """The items by what they have in common."""
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


# An item by itself


def same_as_best(item: Item) -> bool:
    """True if a loser is the best response to the letter."""
    return any(item.candidates[loser].text == item.candidates[item.best].text for loser in item.losers)


def texts(item: Item) -> list[str]:
    """All that is to be read of an item."""
    turns = [message.content for message in item.conversation]
    return turns + [candidate.text for candidate in item.candidates]


def out_of_turn(item: Item) -> bool:
    """True unless user and assistant take turns, the user first and last; a system message may stand in front."""
    roles = [message.role for message in item.conversation]
    spoken = roles[roles[0] == "system" :]
    due = ["user", "assistant"] * len(spoken)
    return len(spoken) % 2 == 0 or spoken != due[: len(spoken)]


CHECKS: Mapping[str, Callable[[Item], bool]] = {
    "too-few-candidates": lambda item: len(item.candidates) < 2,
    "identical-responses": lambda item: item.set == "pairwise" and same_as_best(item),
    "unwinnable-list": lambda item: item.set == "bon" and same_as_best(item),
    "empty-response": lambda item: any(not candidate.text.strip() for candidate in item.candidates),
    "empty-turn": lambda item: any(not message.content.strip() for message in item.conversation),
    "turn-order": out_of_turn,
    "unreadable-text": lambda item: any(UNREADABLE.search(text) for text in texts(item)),
}
"""How a defect shows in an item by itself."""


def in_items(items: Sequence[Item]) -> Iterator[Finding]:
    """What is wrong with items one by one; all items with one defect make one finding."""
    for defect, faulty in CHECKS.items():
        yield from finding(defect, (item.id for item in items if faulty(item)))


# Items beside each other


def across_items(items: Sequence[Item]) -> Iterator[Finding]:
    """Ids and comparisons that are there more than once, and writers that only some responses name."""
    yield from finding("duplicate-id", repeated(item.id for item in items))
    for group in grouped(items, comparison).values():
        if len(ids := ordered(item.id for item in group)) > 1:
            yield from finding("duplicate-item", ids)
    anonymous = [item.id for item in items if any(one.model is None for one in item.candidates)]
    if any(one.model is not None for item in items for one in item.candidates):
        yield from finding("missing-model", anonymous)


def repeated(names: Iterable[Key]) -> list[Key]:
    """What is there more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def comparison(item: Item) -> tuple[Hashable, ...]:
    """What an item asks of a judge, with its label; equal for items that ask the same."""
    losers = sorted(item.candidates[loser].text for loser in item.losers)
    return (item.set, item.conversation, item.candidates[item.best].text, *losers)


# Labels that no ranking satisfies


def in_labels(items: Sequence[Item]) -> Iterator[Finding]:
    """Labels that contradict each other, directly or around a circle.

    A circle of LLMs is told only of items whose texts are in none: where texts go in a circle, their writers
    mostly do too.
    """
    by_text = labels(items, lambda candidate: candidate.text)
    circles = list(circular(by_text))
    yield from reversed_labels(by_text)
    for nodes, ids in circles:
        if len(nodes) > 2:
            yield from finding("preference-cycle", ids, count=len(nodes))
    told = {name for _, ids in circles for name in ids}
    rest = [item for item in items if item.id not in told]
    for nodes, ids in circular(labels(rest, lambda candidate: candidate.model)):
        yield from finding("model-preference-cycle", ids, models=", ".join(nodes))


def labels(items: Sequence[Item], name: Callable[[Candidate], str | None]) -> Labels:
    """The ids of the items that prefer one response to another, by (better, worse), each of a conversation.

    name: what a response is called; one without a name, or called like its rival, has no label here.
    """
    found = defaultdict(list)
    for item in items:
        best = name(item.candidates[item.best])
        for loser in item.losers:
            worse = name(item.candidates[loser])
            if best is not None and worse is not None and best != worse:
                found[(item.conversation, best), (item.conversation, worse)].append(item.id)
    return found


def reversed_labels(by_text: Labels) -> Iterator[Finding]:
    """Two texts that are preferred to each other, by different items."""
    for (better, worse), ids in by_text.items():
        against = by_text.get((worse, better), [])
        if against and better[1] < worse[1]:
            sides = sorted((ordered(ids), ordered(against)), key=lambda side: [*map(natural, side)])
            one, other = map(", ".join, sides)
            yield from finding("contradictory-labels", [*ids, *against], one=one, other=other)


def circular(edges: Labels) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """Names of the responses that are, through others, preferred to themselves, and ids of the labels among them.

    One result for each strongly connected part of the graph that has more than one node.
    """
    nodes = dict.fromkeys(node for edge in edges for node in edge)
    if not nodes:
        return
    place = {node: number for number, node in enumerate(nodes)}
    rows, columns = (np.array([place[edge[end]] for edge in edges]) for end in (0, 1))
    graph = csr_array((np.ones(len(edges), dtype=np.int8), (rows, columns)), shape=(len(place), len(place)))
    _, part = connected_components(graph, directed=True, connection="strong")
    inside: dict[int, list[tuple[Node, Node]]] = defaultdict(list)
    for edge in edges:
        if part[place[edge[0]]] == part[place[edge[1]]]:
            inside[part[place[edge[0]]]].append(edge)
    for circle in inside.values():
        names = {name for edge in circle for _, name in edge}
        yield sorted(names), ordered(name for edge in circle for name in edges[edge])


# Conversations


def in_conversations(items: Sequence[Item]) -> Iterator[Finding]:
    """Conversations that were sampled twice within a scenario, or that are in several."""
    for group in grouped(items, lambda item: (item.path, item.conversation)).values():
        if models := redrawn(group):
            again = ", ".join(rematches(group)) or "none"
            ids = [item.id for item in group]
            yield from finding("conversation-sampled-twice", ids, models=", ".join(models), again=again)
    for group in grouped(items, lambda item: item.conversation).values():
        if len(paths := sorted({item.path for item in group})) > 1:
            ids = [item.id for item in group]
            yield from finding("conversation-in-several-scenarios", ids, paths=" and in ".join(paths))


def redrawn(group: Sequence[Item]) -> list[str]:
    """The LLMs that answer one conversation with different texts in different items.

    Not those with two responses in one item, where several samples of an LLM are clearly meant.
    """
    answers: dict[str, set[str]] = defaultdict(set)
    meant: set[str | None] = set()
    for item in group:
        meant |= set(repeated(candidate.model for candidate in item.candidates))
        for candidate in item.candidates:
            if candidate.model is not None:
                answers[candidate.model].add(candidate.text)
    return sorted(model for model, given in answers.items() if len(given) > 1 and model not in meant)


def rematches(group: Sequence[Item]) -> list[str]:
    """The pairs that compare the same two LLMs by other texts, as "pairwise/1 and pairwise/5"."""
    met: dict[frozenset[str | None], dict[frozenset[str], str]] = defaultdict(dict)
    for item in sorted(group, key=lambda item: (natural(item.id), texts(item))):
        models = frozenset(candidate.model for candidate in item.candidates)
        if item.set == "pairwise" and len(models) == 2 and None not in models:
            met[models].setdefault(frozenset(candidate.text for candidate in item.candidates), item.id)
    return sorted((" and ".join(pairs.values()) for pairs in met.values() if len(pairs) > 1), key=natural)


# The official release


def against_release(items: Sequence[Item]) -> Iterator[Finding]:
    """Files of the official release that are missing or have another count; nothing for data of one's own."""
    if not official(tuple(items)):
        return
    found, release = counts(tuple(items)), expected()
    missing = {file_name(*key): count for key, count in release.items() if key not in found}
    yield from finding("missing-scenario", missing, count=sum(missing.values()))
    for key, count in found.items():
        if release.get(key, count) != count:
            yield from finding("other-count", [file_name(*key)], count=count, release=release[key])


# The records as they are written


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
