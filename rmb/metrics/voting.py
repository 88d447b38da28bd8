"""Can a majority of judges stand in for the labels: with which judges, how many, and would it rank judges alike?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from rmb.metrics.agreement import by_text, kappa_figure, krippendorff, verdicts
from rmb.metrics.arrays import Flags, Floats, summed
from rmb.metrics.averages import Groups, block
from rmb.metrics.ballots import FOLDS, SMOOTHING, WEIGHINGS, Ballots, Weighing, ballots
from rmb.metrics.columns import Columns, columns, starts
from rmb.metrics.condorcet import independent
from rmb.metrics.intervals import RESAMPLES, Figure, Part, Table, beside, figure, found_in, ratio, resampled
from rmb.metrics.majority import Tally, contributions, credits_of, makeups, mean, panels_of, tally
from rmb.metrics.replaced import leaderboards
from rmb.metrics.shared_items import shared
from rmb.metrics.summary import scenarios
from rmb.metrics.together import sign_flips
from rmb.outcomes import HEADLINE, Convention, Outcome

MOST = 500
"""Panels of each size that vote, at most: all that there are of eleven judges."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class How:
    """What is computed. rules: how votes are weighed, the first is the main one; most: panels of each size at most;
    seed: of the folds and of the panels that are drawn.
    """

    rules: tuple[Weighing, ...] = WEIGHINGS
    convention: Convention = HEADLINE
    most: int = MOST
    seed: int = 0
    resamples: int = RESAMPLES


def vote(judges: Mapping[str, Sequence[Outcome]], kinds: Sequence[str], how: How | None = None) -> Json:
    """What `rmb vote --json` tells, but for its sentences and warnings; docs/voting.md says what is what.

    judges: their outcomes by name; kinds: of each, as its card says. A figure is {"value", "low", "high", "n"} with a
    95 % interval by a bootstrap over conversations; None stands for what is not defined. Raises UsageError as `ballots`.
    """
    how = how or How()
    judged = {name: columns(outcomes) for name, outcomes in shared(judges).items()}
    votes = ballots(judged)
    signed = {rule: votes.signed(rule, how.seed) for rule in how.rules}
    tallies = {rule: list(tallied(votes, each, how)) for rule, each in signed.items()}
    alone = [tally(votes, votes.signed("majority", how.seed), one, how.convention) for one in singles(votes)]
    best = int(np.argmax([np.nan_to_num(one.agreement[0], nan=-1) for one in alone]))
    figures = agreements(votes, tallies, alone, best, how.resamples)
    boards = leaderboards(judged, votes, how.rules, how.convention, seed=how.seed, resamples=how.resamples)
    first = next(iter(judged.values()))
    sets = by_set(first, votes, signed, best, how)
    return {
        "items": len(first.items),
        "comparisons": len(votes.conversation),
        "unanswered": int((~votes.kept).sum()),
        "conversations": len(np.unique(votes.conversation)),
        "convention": how.convention.to_json(),
        "seed": how.seed,
        "folds": FOLDS,
        "smoothing": SMOOTHING,
        "judges": list(each_judge(votes, kinds, figures, tallies, how.seed)),
        "best_single": {"name": votes.judges[best], "sets": sets["best"]},
        "dependence": dependence(judged, votes),
        "rules": {
            rule: {
                "sizes": [line(votes, one, figures[f"{rule} {one.size}"], how, rule) for one in mine],
                "gain": figures[f"{rule} gain"],
                "sets": sets[rule],
                "makeup": [asdict(one) for one in makeups(mine, kinds)] if len(set(kinds)) > 1 else [],
                "replaced": boards[rule].to_json(),
            }
            for rule, mine in tallies.items()
        },
    }


def singles(votes: Ballots) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
    """Each judge as a panel of one."""
    yield from (np.array([[number]]) for number in range(len(votes.judges)))


def tallied(votes: Ballots, signed: Floats, how: How) -> Iterator[Tally]:
    """The panels of every size."""
    judges = len(votes.judges)
    for size in range(1, judges + 1):
        members = panels_of(judges, size, most=how.most, seed=how.seed)
        yield tally(votes, signed, members, how.convention)


def agreements(
    votes: Ballots,
    tallies: Mapping[Weighing, Sequence[Tally]],
    alone: Sequence[Tally],
    best: int,
    resamples: int,
) -> dict[str, Json | None]:
    """Figures from the same draws: "<rule> <size>", the mean of its panels; "judge <number>"; "<rule> gain", the whole
    panel less the judge that agrees best alone, with the p of a sign-flip test by conversation.
    """
    named = {f"{rule} {one.size}": one for rule, mine in tallies.items() for one in mine}
    named |= {f"judge {number}": one for number, one in enumerate(alone)}
    table = by_conversation(votes, named)
    value = ratio(table.sums.sum(axis=0), table.counts.sum(axis=0))
    parts = ratio(table.sums, np.broadcast_to(table.counts.sum(axis=0), table.sums.shape))
    draws = resampled(table.sums, table.counts, seed=0, resamples=resamples)
    units = {name: int((one.counted > 0).sum()) for name, one in named.items()}
    clusters = (table.counts > 0).sum(axis=0)
    place = {name: number for number, name in enumerate(named)}
    found = {name: told(value[at], draws[:, at], units[name], clusters[at]) for name, at in place.items()}
    single = place[f"judge {best}"]
    wholes = [place[f"{rule} {mine[-1].size}"] for rule, mine in tallies.items()]
    p_values = sign_flips(parts[:, wholes] - parts[:, [single]])
    for rule, whole, p in zip(tallies, wholes, p_values, strict=True):
        gain, gains = value[whole] - value[single], draws[:, whole] - draws[:, single]
        between = told(gain, gains, units[f"judge {best}"], clusters[single])
        found[f"{rule} gain"] = between and {**between, "p": p}
    return found


def by_conversation(votes: Ballots, named: Mapping[str, Tally]) -> Table:
    """Credits and how many count, of some panels together, put into conversations."""
    size = len(votes.marks)
    sums = [summed(votes.conversation, one.credit, size) for one in named.values()]
    counts = [summed(votes.conversation, one.counted, size) for one in named.values()]
    return Table(tuple(named), np.stack(sums, axis=1), np.stack(counts, axis=1))


def told(value: float, draws: Floats, units: int, conversations: int) -> Json | None:
    """A figure as JSON; None for NaN; without an interval where one conversation was measured."""
    if np.isnan(value):
        return None
    known = draws[~np.isnan(draws)] if conversations > 1 else draws[:0]
    return figure(float(value), known, units, int(conversations)).to_json()


def line(votes: Ballots, mine: Tally, agreed: Json | None, how: How, rule: Weighing) -> Json:
    """The panels of one size: mean agreement, the best and the worst with its judges, and what independent judges
    would reach; that is None for weights that are not equal.
    """
    condorcet = independent(votes.shares, mine.members, how.convention) if rule == "majority" else np.empty(0)
    return {
        "size": mine.size,
        "panels": len(mine.members),
        "of": mine.of,
        "mean": agreed,
        "worst": extreme(votes, mine, -mine.agreement),
        "best": extreme(votes, mine, mine.agreement),
        "independent": mean(condorcet),
        "unlabelled": float(mine.unlabelled.mean()),
    }


def extreme(votes: Ballots, mine: Tally, by: Floats) -> Json | None:
    """The first panel that is highest by something; None where no comparison counts."""
    if np.isnan(by).all():
        return None
    at = int(np.nanargmax(by))
    names = [votes.judges[number] for number in mine.members[at]]
    return {"judges": names, "value": float(mine.agreement[at])}


def each_judge(
    votes: Ballots,
    kinds: Sequence[str],
    figures: Mapping[str, Json | None],
    tallies: Mapping[Weighing, Sequence[Tally]],
    seed: int,
) -> Iterator[Json]:
    """What each judge is alone, its accuracy and what it weighs in the mean over the folds, and what it adds to panels."""
    added = {rule: contributions(mine, len(votes.judges)) for rule, mine in tallies.items()}
    accuracies = votes.accuracies(seed).mean(axis=1)
    weights = {rule: votes.weights(rule, seed).mean(axis=1) for rule in tallies}
    for number, name in enumerate(votes.judges):
        yield {
            "name": name,
            "kind": kinds[number],
            "agreement": figures[f"judge {number}"],
            "abstains": float(votes.shares[number, 3]),
            "accuracy": float(accuracies[number]) if votes.known[number].any() else None,
            "weight": {rule: float(each[number]) for rule, each in weights.items()},
            "contribution": {rule: each[number] for rule, each in added.items()},
        }


def by_set(
    first: Columns, votes: Ballots, signed: Mapping[Weighing, Floats], best: int, how: How
) -> dict[str, Json]:
    """Figures of the whole panel by goal, set and scenario, under each rule; under "best", of the best single judge.

    A list counts by the product over its comparisons, as a judge's does; one that was not answered by all is left out.
    """
    margins = {str(rule): each.sum(axis=0) for rule, each in signed.items()}
    margins["best"] = votes.signed("majority", how.seed)[best]
    groups, parts = Groups(first, present=True), []
    for name, each in margins.items():
        worth = np.full(first.comparisons, np.nan)
        heard: Flags = np.logical_or.reduce(votes.known[[best] if name == "best" else slice(None)])
        worth[votes.kept] = credits_of(each, heard, how.convention)
        by_item = np.multiply.reduceat(worth, starts(first.item))
        levels = [groups.table(level, by_item, f"{name}/scenario:") for level in groups.levels]
        parts += [groups.part(name, by_item, how.convention.average), Part(beside(levels), {})]
    found = {name: one and one.to_json() for name, one in found_in(parts, resamples=how.resamples).items()}
    return {
        name: {**block(found, name, groups.goals), "scenarios": scenarios(below(found, f"{name}/"))}
        for name in margins
    }


def below(found: Mapping[str, Any], prefix: str) -> Json:
    """What is named with a prefix, without it."""
    return {name.removeprefix(prefix): one for name, one in found.items() if name.startswith(prefix)}


def dependence(judged: Mapping[str, Columns], votes: Ballots) -> Json:
    """How alike the judges are: Krippendorff's α, and over all pairs the mean of Cohen's κ of what they say and of κ of
    where they are right. None where it is not defined.
    """
    said = np.array([by_text(one, verdicts(one))[votes.kept] for one in judged.values()])
    pairs: dict[str, list[float]] = {"kappa": [], "same_errors": []}
    right = np.where(votes.known, 1.0 * (votes.votes == 1), np.nan)
    for one, other in combinations(range(len(said)), 2):
        here = votes.known[one] & votes.known[other]
        for name, each in (("kappa", said), ("same_errors", right)):
            found = pair_kappa(each[one, here], each[other, here])
            pairs[name] += [] if found is None else [found.value]
    means = {name: mean(np.array(values)) for name, values in pairs.items()}
    return {"alpha": krippendorff(said), **means}


def pair_kappa(one: Floats, other: Floats) -> Figure | None:
    """Cohen's κ of two judges' categories, without an interval."""
    return kappa_figure(one, other, np.zeros(len(one), dtype=np.int64), 1, 0)
