"""What servers of reward models reply: the score, wherever vLLM and SGLang put it, or the complaint."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NO_SCORE = (ArithmeticError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What reading a reply of another shape raises."""


@dataclass(frozen=True, slots=True)
class RewardReply:
    """The numbers for one text (NaN for null), its tokens, and the model that the server says it serves."""

    numbers: tuple[float, ...]
    prompt_tokens: int
    model: str | None


def read(api: str, raw: bytes) -> RewardReply:
    """What a reply says. Raises ValueError for one without a number for each label of one text."""
    try:
        reply = json.loads(raw)
        values, tokens = READERS[api](reply)
        served = reply.get("model") if isinstance(reply, Mapping) else None
        return RewardReply(
            tuple(map(number, values)), int(tokens or 0), served if isinstance(served, str) else None
        )
    except NO_SCORE as error:
        raise ValueError(f"the reply holds no score ({type(error).__name__}: {error})") from error


def complaint(raw: bytes) -> str:
    """What an error's body says: its message, wherever vLLM and SGLang put it, or the body itself."""
    text = raw.decode(errors="replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    message = inner.get("message") if isinstance(inner, Mapping) else inner
    return message if isinstance(message, str) else text


def classified(reply: Any) -> tuple[Sequence[Any], Any]:
    """The numbers and the tokens of a reply by vLLM's /classify: one for each label."""
    (one,) = reply["data"]
    return some(one["probs"]), counted(reply)


def pooled(reply: Any) -> tuple[Sequence[Any], Any]:
    """The numbers and the tokens of a reply by vLLM's /pooling.

    A model with a sequence-classification head gives [score]. A reward model proper (InternLM2ForRewardModel) has no
    pooling: it gives the value at each token, as rows [[v], [v], …] or as one row [[v, v, …]], and its score is the
    value at the last token.
    """
    (one,) = reply["data"]
    values = some(one["data"])
    if isinstance(values[-1], list):
        row = some(values[-1])
        values = row[-1:] if len(values) == 1 else row
    return values, counted(reply)


def paired(reply: Any) -> tuple[Sequence[Any], Any]:
    """The number and the tokens of a reply by vLLM's /score: one for each pair of texts."""
    (one,) = reply["data"]
    return [one["score"]], counted(reply)


def embedded(reply: Any) -> tuple[Sequence[Any], Any]:
    """The numbers and the tokens of a reply by SGLang's /classify: as of an embedding; a list for a list of texts."""
    (one,) = reply if isinstance(reply, list) else [reply]
    return some(one["embedding"]), (one.get("meta_info") or {}).get("prompt_tokens")


READERS: Mapping[str, Callable[[Any], tuple[Sequence[Any], Any]]] = {
    "vllm_classify": classified,
    "vllm_pooling": pooled,
    "vllm_score": paired,
    "sglang_classify": embedded,
}


def counted(reply: Any) -> Any:
    """The tokens that vLLM counted; None if it says nothing of them."""
    return (reply.get("usage") or {}).get("prompt_tokens")


def some(values: Any) -> Sequence[Any]:
    """The values, if they are a list that is not empty. Raises TypeError or ValueError for anything else."""
    if not isinstance(values, list):
        raise TypeError(f"{type(values).__name__} in place of a list of numbers")
    if not values:
        raise ValueError("no numbers")
    return values


def number(value: Any) -> float:
    """A score; NaN for null, which is how JSON has it. Raises TypeError for what is no number."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{type(value).__name__} in place of a number")
    return float(value)
