"""Why a reply was read as it was, in one line for people."""

from __future__ import annotations

from collections.abc import Sequence

from rmb.records import Answer
from rmb.verdicts.likely import label_place
from rmb.verdicts.quotations import Read, own_words
from rmb.verdicts.rule import VerdictRule
from rmb.verdicts.written import found, short


def reason(rule: VerdictRule, answer: Answer, shown: Sequence[str] = ()) -> str | None:
    """Which words of an answer its verdict was taken from; None where there is nothing to point at.

    shown: the responses in their order; what the answer only repeats of them is left out, as when it was read.
    """
    rule, seen = rule.of(len(shown)), Read(shown)
    if rule.read == "logprob" and rule.labels and answer.tokens:
        return by_probability(rule, answer, seen)
    text = own_words(rule, answer.text or "", seen)
    verdicts = list(found(rule, text, seen))
    if not verdicts:
        return None
    last = verdicts[-1]
    which = "the only one" if len(verdicts) == 1 else f"the last of {len(verdicts)}"
    final = ", said to be final" if last.final else ""
    return f"the verdict {short(text[last.start : last.end])!r}, {which}{final}"


def by_probability(rule: VerdictRule, answer: Answer, seen: Read) -> str | None:
    """The place whose log-probabilities were taken; None without a verdict in the tokens."""
    text = own_words(rule, "".join(token.text for token in answer.tokens), seen)
    place = label_place(rule, text)
    if place is None:
        return None
    labels = " and ".join(rule.labels) if len(rule.labels) == 2 else "each label"
    return f"the log-probabilities of {labels} where the reply says {text[slice(*place)]!r}"
