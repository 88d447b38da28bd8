"""The failure ledger: every question without a verdict, why, and what was said instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rmb.records import Answer, Failure, Item, Json, Scores
from rmb.run.plan import Plan


@dataclass(frozen=True, slots=True)
class Unread:
    """A line of the failure ledger: a question without a verdict.

    items: ids of the items that it was to decide. text: the raw reply, if there is any. key: of the stored answer.
    """

    failure: Failure
    items: tuple[str, ...]
    key: str
    text: str | None
    finish_reason: str | None
    model: str | None

    def to_json(self) -> dict[str, Json]:
        """As in failures.jsonl."""
        return {
            "reason": self.failure.reason,
            "items": self.items,
            "detail": self.failure.detail,
            "text": self.text,
            "finish_reason": self.finish_reason,
            "model": self.model,
            "answer_key": self.key,
        }


def ledger(
    items: Sequence[Item],
    planned: Plan,
    keys: Sequence[str],
    replies: Mapping[str, Answer | Failure],
    verdicts: Mapping[str, Scores | Failure],
) -> tuple[Unread, ...]:
    """Every question without a verdict, in the order of the plan, with the items that it was to decide.

    keys: of the plan's questions; replies, verdicts: by key.
    """
    failed: dict[str, dict[str, None]] = {}
    for showing in planned.showings:
        for question, _ in (showing.best_at, showing.loser_at):
            key = keys[question]
            if isinstance(verdicts[key], Failure):
                failed.setdefault(key, {})[items[showing.item].id] = None
    return tuple(
        unread(key, tuple(decided), verdicts[key], replies.get(key)) for key, decided in failed.items()
    )


def unread(
    key: str, decided: tuple[str, ...], failure: Scores | Failure, reply: Answer | Failure | None
) -> Unread:
    """The ledger's line for a question, with what was answered, if anything was."""
    assert isinstance(failure, Failure)
    if not isinstance(reply, Answer):
        return Unread(failure, decided, key, None, None, None)
    return Unread(failure, decided, key, reply.text, reply.finish_reason, reply.model)
