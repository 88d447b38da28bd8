"""Verdicts in log-probabilities: how likely each label was where the verdict stands."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rmb.records import Answer, Failure, Scores, Token
from rmb.verdicts.quotations import NOTHING, Read, own_words
from rmb.verdicts.rule import VerdictRule
from rmb.verdicts.written import from_text, no_verdict


def from_tokens(rule: VerdictRule, answer: Answer, seen: Read = NOTHING) -> Scores | Failure:
    """The expected scores under the labels' probabilities where the verdict stands, e.g. (0.7, 0.3).

    p(label) is the softmax over the declared labels only; a label that is not among the alternatives given
    counts as likely as it can be at most: see `floor`.
    """
    text = own_words(rule, "".join(token.text for token in answer.tokens), seen)
    place = label_place(rule, text)
    if place is None:
        return no_verdict(answer, text)
    token = token_at(answer.tokens, *place)
    if token is None:
        if rule.fallback == "text":
            return from_text(rule, answer, seen)
        return Failure(
            "parse",
            f"the verdict {text[slice(*place)]!r} is several tokens, and of none alone the probability",
        )
    logs = {label: label_logprob(label, token.alternatives) for label in rule.labels}
    known = [log for log in logs.values() if log > -math.inf]
    if not known:
        return Failure(
            "parse", f"no label among the {len(token.alternatives)} alternatives of the verdict token"
        )
    least = floor(token.alternatives)
    weights = {label: math.exp(max(log, least) - max(known)) for label, log in logs.items()}
    total = math.fsum(weights.values())
    width = len(next(iter(rule.labels.values())))
    values = (
        math.fsum(weights[label] * rule.labels[label][slot] for label in rule.labels) / total
        for slot in range(width)
    )
    return Scores(tuple(values), graded=True)


def floor(alternatives: Mapping[str, float]) -> float:
    """The highest log-probability that a token can have which is not among these alternatives.

    Providers list the likeliest: what they leave out is no likelier than the least likely they list, and no
    likelier than what the listed probabilities leave of 1.
    """
    rest = 1 - math.fsum(math.exp(min(log, 0.0)) for log in alternatives.values())
    return min(*alternatives.values(), math.log(rest) if rest > 0 else -math.inf)


def label_place(rule: VerdictRule, text: str) -> tuple[int, int] | None:
    """Where the label of the last verdict stands in the text that the tokens make."""
    matches = list((rule.in_json if rule.form == "json" else rule.pattern).finditer(text))
    return matches[-1].span(1) if matches else None


def token_at(tokens: tuple[Token, ...], start: int, end: int) -> Token | None:
    """The token that carries what stands at a place; None if it takes several."""
    offset = 0
    for token in tokens:
        offset += len(token.text)
        if offset > start and token.text.strip():
            return token if offset >= end else None
    return None


def label_logprob(label: str, alternatives: Mapping[str, float]) -> float:
    """The log-probability that the next token is the label in any letter case, spaces aside; -inf if unlisted."""
    same = [log for text, log in alternatives.items() if text.strip().casefold() == label.casefold()]
    logs = [log for log in same if log > -math.inf]
    if not logs:
        return -math.inf
    top = max(logs)
    return top + math.log(math.fsum(math.exp(log - top) for log in logs))
