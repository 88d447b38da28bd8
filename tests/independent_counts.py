"""Independent re-computation of the RMB benchmark figures: standard library only, no project code.

Use: python independent_counts.py ROOT, where ROOT holds BoN_set and Pairwise_set.
"""

import hashlib
import json
import sys
from collections import Counter, defaultdict
from math import prod
from pathlib import Path

Label = tuple[tuple[tuple[str, str], ...], str, str]  # (conversation, preferred text, other text)
Record = tuple[str, str, list[Label]]  # ("bon" or "pairwise", "<Goal>/<Scenario>[/<Sub>]", one label a loser)
JUDGES = ("longest", "shortest", "first", "last", "oracle", "random")
SUBSETS = ("helpfulness.bon", "helpfulness.pairwise", "harmlessness.bon", "harmlessness.pairwise")


def read(root: str | Path) -> list[Record]:
    """All records in reading order: BoN_set first, files by relative path, records in file order."""
    records: list[Record] = []
    for kind, folder in (("bon", Path(root) / "BoN_set"), ("pairwise", Path(root) / "Pairwise_set")):
        for name in sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.json")):
            for raw in json.loads((folder / name).read_text(encoding="utf-8")):
                talk = tuple((turn["role"], turn["content"]) for turn in raw["conversation_input"])
                good = raw["bon_best" if kind == "bon" else "chosen"]["answer"]
                losers = raw["loser_list"] if kind == "bon" else [raw["reject"]]
                labels = [(talk, good, bad["answer"]) for bad in losers]
                records.append((kind, name.removesuffix(".json"), labels))
    return records


def oracle_wins(records: list[Record]) -> dict[Label, bool]:
    """For each label seen: do its texts differ, and do all labels, net, favour its preferred text?"""
    count = Counter(label for *_, labels in records for label in labels)  # in order of first labelling
    place = {label: position for position, label in enumerate(count)}
    wins: dict[Label, bool] = {}
    for talk, good, bad in place:
        this, other = (talk, good, bad), (talk, bad, good)
        net = count[this] - count[other]
        wins[this] = good != bad and (net > 0 or (net == 0 and place[this] < place[other]))
    return wins


def drawn(place: int, talk: tuple[tuple[str, str], ...], shown: list[str]) -> float:
    """The judge `random`, seed 0: 13 digits of the sha256 of [seed, place, question] in JSON without spaces."""
    question = {"conversation": talk, "responses": shown, "sample": 0}
    spelt = json.dumps([0, place, question], sort_keys=True, separators=(",", ":"))
    return int(hashlib.sha256(spelt.encode()).hexdigest()[:13], 16) / 16**13


def credit(judge: str, label: Label, wins: dict[Label, bool]) -> float:
    """Mean over both orders of the judge's credit for one labelled comparison."""
    talk, good, bad = label
    if judge == "random":
        ahead, behind = (
            drawn(0, talk, shown) - drawn(1, talk, shown) for shown in ([good, bad], [bad, good])
        )
        return ((ahead > 0) + (behind < 0)) / 2
    if judge in ("first", "last"):
        winning_place = 0 if judge == "first" else 1
        return sum(place == winning_place for place in (0, 1)) / 2  # the preferred text's place in each order
    longer, shorter = len(good) > len(bad), -len(good) > -len(bad)
    return float({"longest": longer, "shortest": shorter, "oracle": wins[label]}[judge])


def figures(root: str | Path, judge: str) -> dict[str, float]:
    """Flat figures of one judge: "overall", "<goal>.<set>" and "scenarios/<path>/<set>"."""
    records = read(root)
    wins = oracle_wins(records)
    groups: dict[str, list[float]] = defaultdict(list)
    for kind, path, labels in records:
        goal, scenario = path.split("/")[:2]
        for key in {f"{goal.lower()}.", f"scenarios/{goal}/{scenario}/", f"scenarios/{path}/"}:
            groups[key + kind].append(prod(credit(judge, label, wins) for label in labels))
    means = {key: sum(values) / len(values) for key, values in sorted(groups.items())}
    return {"overall": sum(means[subset] for subset in SUBSETS) / len(SUBSETS)} | means


def distinct(root: str | Path) -> dict[str, int]:
    """Counts of records, scored responses and comparisons, with and without repeats (model names ignored)."""
    records = read(root)
    labels = [label for *_, some in records for label in some]
    return {
        "records.bon": sum(kind == "bon" for kind, *_ in records),
        "records.pairwise": sum(kind == "pairwise" for kind, *_ in records),
        "scored": 2 * len(labels),
        "responses": len({(talk, text) for talk, *texts in labels for text in texts}),
        "comparisons": len(labels),
        "comparisons.distinct": len({(talk, frozenset((good, bad))) for talk, good, bad in labels}),
        "comparisons.distinct_labelled": len(set(labels)),
    }


if __name__ == "__main__":
    report = {"distinct": distinct(sys.argv[1])} | {judge: figures(sys.argv[1], judge) for judge in JUDGES}
    json.dump(report, sys.stdout, indent=2, ensure_ascii=False)
    print()
