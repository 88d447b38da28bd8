"""Where an item of the benchmark comes from: source, categorisers, models, ratings, each with its answers in the store."""

from __future__ import annotations

from rmb.build.rated import Contest, Response
from rmb.records import Json

OF_A_RESPONSE = (
    "served",
    "finish_reason",
    "sample",
    "answer",
    "ratings",
    "rating_answers",
    "key_points_answer",
)
"""What annotate.jsonl says of a response that its texts do not."""


def provenance(contest: Contest, uid: int, split: str) -> dict[str, Json]:
    """A line of provenance.jsonl. gap: by how much the winner is rated above the nearest loser.

    told: what the stages found out about the prompt, the categorisers' votes among it.
    """
    prompt = contest.prompt
    return {
        "uid": str(uid),
        "set": contest.set,
        "split": split,
        "category": contest.path,
        "prompt": prompt.id,
        "origin": dict(prompt.origin),
        "language": prompt.language,
        "gap": round(contest.gap, 9),
        "winner": side(contest.winner),
        "losers": [side(loser) for loser in contest.losers],
        "told": dict(prompt.told),
    }


def side(response: Response) -> dict[str, Json]:
    """A response without its text."""
    told = {name: response.record[name] for name in OF_A_RESPONSE if name in response.record}
    return {"id": response.id, "model": response.model, "rating": response.rating, **told}
