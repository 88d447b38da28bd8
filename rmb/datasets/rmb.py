"""RMB, the benchmark (arXiv 2410.09893): its official files, or data of your own in the same layout.

{BoN_set|Pairwise_set}/{Harmlessness/<class>.json | Helpfulness/<scenario>/<sub-scenario>.json}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rmb.content import content_root
from rmb.datasets import Benchmark
from rmb.datasets.files import json_files
from rmb.datasets.official import LISTS, PAIRS
from rmb.errors import DataError
from rmb.records import Candidate, Conversation, Item, Message, Set

SETS: Mapping[str, Set] = {"BoN_set": "bon", "Pairwise_set": "pairwise"}
UID = {"bon": "bon_uid", "pairwise": "pair_uid"}
EXPECTED = "RMB's layout: BoN_set/ and Pairwise_set/ with Helpfulness/ and Harmlessness/ below"
MOST_NAMED = 5


def load_sample() -> Benchmark:
    """The bundled sample: 49 scenarios, one conversation each, written by hand for this project."""
    root = content_root() / "sample"
    return Benchmark("bundled sample", "sample", tuple(read_items(root)))


def load(source: Path) -> Benchmark:
    """All items of a folder, archive or file in RMB's layout.

    Raises DataError naming file and record. Odd items (one candidate, empty or identical answers) are kept
    and told in the notices, as is every file whose count is not the official one.
    """
    items = tuple(read_items(source))
    if not items:
        raise DataError(f"{source} holds no RMB record; expected {EXPECTED}")
    notices = (*odd(items), *differences(items))
    return Benchmark("RMB" if official(items) else source.name, str(source), items, notices)


def read_items(source: Path) -> Iterator[Item]:
    """The items of every file, in the order of the files."""
    texts = Texts()
    seen = False
    for path, content in json_files(source):
        records = content if isinstance(content, list) else [content]
        if seen and not (records and isinstance(records[0], dict) and "category_path" in records[0]):
            continue  # a stray JSON file beside the data
        for index, record in enumerate(records):
            yield item(record, f"{path}, record {index + 1}", texts)
            seen = True


class Texts(dict[str, str]):
    """One copy of each text: RMB repeats every conversation and response several times."""

    def __missing__(self, text: str) -> str:
        """Keeps a text that was not seen before."""
        self[text] = text
        return text


def item(record: Any, where: str, texts: Texts) -> Item:
    """One record as an item; DataError says which key is missing or wrong."""
    try:
        parts = PurePosixPath(record["category_path"]).parts
        set_name, goal, scenario = SETS[parts[0]], parts[1].lower(), "/".join(parts[2:])
        uid = record[UID[set_name]]
        if set_name == "bon":
            answers = [record["bon_best"], *record["loser_list"]]
        else:
            answers = [record["chosen"], record["reject"] if "reject" in record else record["rejected"]]
        return Item(
            id=f"{set_name}/{uid}",
            set=set_name,
            goal=goal,
            scenario=scenario,
            conversation=conversation(record["conversation_input"], texts),
            candidates=tuple(
                Candidate(
                    texts[answer["answer"]], texts[answer["llm_name"]] if "llm_name" in answer else None
                )
                for answer in answers
            ),
        )
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        found = f"keys {sorted(record)}" if isinstance(record, dict) else f"a {type(record).__name__}"
        raise DataError(
            f"{where}: not an RMB record ({error!r}); found {found}; expected {EXPECTED}"
        ) from error


def conversation(turns: list[dict[str, str]], texts: Texts) -> Conversation:
    """The turns as messages; the language that RMB names for a turn is not kept."""
    return tuple(Message(texts[turn["role"]], texts[turn["content"]]) for turn in turns)


def counts(items: tuple[Item, ...]) -> dict[tuple[str, Set], int]:
    """Items by scenario path and set."""
    return Counter((one.path, one.set) for one in items)


def expected() -> dict[tuple[str, Set], int]:
    """The counts of the official release, by scenario path and set."""
    pairs: dict[tuple[str, Set], int] = {(path, "pairwise"): count for path, count in PAIRS.items()}
    return pairs | {(path, "bon"): count for path, count in LISTS.items()}


def official(items: tuple[Item, ...]) -> bool:
    """True if at least half of the scenarios found have the count of the official release."""
    found, release = counts(items), expected()
    return 2 * sum(release.get(key) == count for key, count in found.items()) >= len(found)


def differences(items: tuple[Item, ...]) -> list[str]:
    """What is missing or different against the official release; nothing for data of the user's own."""
    if not official(items):
        return []
    found, release = counts(items), expected()
    files = {"pairwise": "Pairwise_set", "bon": "BoN_set"}
    missing = [
        f"{files[kind]}/{path} ({release[path, kind]})" for path, kind in release if (path, kind) not in found
    ]
    other = [
        f"{files[kind]}/{path} ({count}, not {release[path, kind]})"
        for (path, kind), count in found.items()
        if release.get((path, kind)) not in (None, count)
    ]
    return [
        *told("missing against the official release", missing),
        *told("another count than the release", other),
    ]


def odd(items: tuple[Item, ...]) -> list[str]:
    """Items that are loaded as they are and that a reader should know of."""
    alone = [one.id for one in items if len(one.candidates) < 2]
    empty = [one.id for one in items if any(not candidate.text.strip() for candidate in one.candidates)]
    same = [
        one.id
        for one in items
        if any(one.candidates[loser].text == one.candidates[one.best].text for loser in one.losers)
    ]
    twice = [name for name, count in Counter(one.id for one in items).items() if count > 1]
    return [
        *told("with one candidate (nothing to compare)", alone),
        *told("with an empty response", empty),
        *told("where a loser is identical to the best (no judge can win)", same),
        *told("whose id is not its own alone", twice),
    ]


def told(what: str, names: list[str]) -> list[str]:
    """One line that counts the names and gives the first few; no line for none."""
    if not names:
        return []
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return [f"{len(names)} {what}: {', '.join(names[:MOST_NAMED])}{more}"]
