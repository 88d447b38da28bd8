"""What an answer is stored under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rmb.canonical import digest
from rmb.records import NO_ANSWER, Answer, Json

SCHEMA = "answers-v1"


def answer_key(identity: Mapping[str, Json], request: Json) -> str:
    """The key of an answer: sha256 of who is asked and of all that is sent, sample number included."""
    return digest({"schema": SCHEMA, "scorer": identity, "request": request})


def is_answer(key: str, value: Any) -> bool:
    """Whether a value holds a whole answer, and the key is the hash of who was asked and what was sent."""
    try:
        Answer.from_json(value["answer"])
        return answer_key(value["scorer"], value["request"]) == key
    except (*NO_ANSWER, RecursionError):
        return False
