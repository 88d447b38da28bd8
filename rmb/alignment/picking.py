"""Which of the first n candidates a scorer picks, from what it said of them. Pure: every n is derived from one asking.

A pick is the weight of each candidate picked: those that share the top share the pick, so a figure is an expectation
and holds no luck. A failure of the run says that the pick is not known; one of the judge, that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rmb.records import Failure, Scores

Pick = Mapping[int, float] | Failure
Votes = Mapping[tuple[int, int], float | Failure]
"""By the candidates in the order shown: 1 for the first, 0 for the second, ½ for neither; or why there is no vote."""
ALONE: Pick = {0: 1.0}
"""Of one candidate: nothing is to be chosen, and nobody asked."""
UNRANKED = Failure(
    "unranked", "the judge names only the best of the whole list, so there is no pick of a part of it"
)


def top(values: Mapping[int, float]) -> dict[int, float]:
    """Equal weights for all that have the largest value; they sum to 1."""
    best = max(values.values())
    first = [place for place, value in values.items() if value == best]
    return dict.fromkeys(first, 1 / len(first))


def by_ratings(ratings: Sequence[float | Failure], seen: int) -> Pick:
    """The best rated of the first `seen` candidates; those without a rating cannot be picked.

    A failure where an answer is missing, or none of them has a rating.
    """
    if seen == 1:
        return ALONE
    failed = [rating for rating in ratings[:seen] if isinstance(rating, Failure)]
    known = {place: rating for place, rating in enumerate(ratings[:seen]) if not isinstance(rating, Failure)}
    return missing(failed) or (top(known) if known else failed[0])


def by_votes(votes: Votes, seen: int) -> Pick:
    """The candidate with the largest share of the votes between the first `seen`; a vote for neither is half for each.

    A share, and not a sum: a comparison without a verdict counts for neither. A failure as of `by_ratings`.
    """
    if seen == 1:
        return ALONE
    own = {pair: vote for pair, vote in votes.items() if max(pair) < seen}
    failed = [vote for vote in own.values() if isinstance(vote, Failure)]
    won, cast = dict.fromkeys(range(seen), 0.0), dict.fromkeys(range(seen), 0)
    for (one, other), vote in own.items():
        if not isinstance(vote, Failure):
            won[one] += vote
            won[other] += 1 - vote
            cast[one] += 1
            cast[other] += 1
    shares = {place: won[place] / count for place, count in cast.items() if count}
    return missing(failed) or (top(shares) if shares else failed[0])


def by_lists(lists: Sequence[Sequence[float] | Failure], seen: int) -> Pick:
    """The candidate with the largest mean score over the lists shown, of the first `seen`. A failure as of `by_ratings`.

    lists: scores in the order of the candidates, whatever order they were shown in.
    """
    if seen == 1:
        return ALONE
    failed = [one for one in lists if isinstance(one, Failure)]
    known = [one for one in lists if not isinstance(one, Failure)]
    means = {place: sum(one[place] for one in known) for place in range(seen)}
    return missing(failed) or (top(means) if known else failed[0])


def names_one(scores: Sequence[float]) -> bool:
    """Whether a verdict on a list of three or more tells one from the others, and nothing of these."""
    return len(scores) > 2 and len(set(scores)) == 2 and sorted(scores)[-2] == min(scores)


def challenge(holder: int, challenger: int, votes: Votes) -> int | Failure:
    """Who holds the place after a comparison in each order shown: the challenger needs more votes than the holder.

    A failure if an answer is missing; without any verdict the holder stays.
    """
    failed = [vote for vote in votes.values() if isinstance(vote, Failure)]
    lead = 0.0
    for (first, _), vote in votes.items():
        if not isinstance(vote, Failure):
            lead += (vote - 0.5) * (1 if first == challenger else -1)
    return missing(failed) or (challenger if lead > 0 else holder)


def missing(failed: Sequence[Failure]) -> Failure | None:
    """The first failure that is the run's: asking again may change what is concluded."""
    return next((failure for failure in failed if failure.unanswered), None)


def vote(scores: Scores | Failure) -> float | Failure:
    """The vote of a verdict on two responses."""
    if isinstance(scores, Failure):
        return scores
    return won(*scores.values)


def won(first: float, second: float) -> float:
    """1 if the first of two scores is the higher, 0 if the second is, ½ if they tie."""
    return 0.5 if first == second else float(first > second)
