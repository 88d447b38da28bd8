"""Reading replies: text and log-probabilities to Scores, by the rule that the template declares.

Reading is pure: the same rule on the same stored answer gives the same verdict, with no call. Nothing is
ever guessed: a reply without a verdict is a Failure with its reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import pydantic

from rmb.records import Answer, Failure, Scores, Token

THINKING = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
FINISH_FAILURES: Mapping[str, str] = {
    "content_filter": "content_filter",
    "context_length": "context_length",
    "length": "truncated",
    "refusal": "refusal",
}
EXPLANATION = r"[^\[\]]{1,600}"


class VerdictRule(pydantic.BaseModel):
    """How a verdict is written in a reply, what it means, and how it is read.

    marker: how a verdict is written, "{}" standing for its label: "[[{}]]", or "{}" for a bare word.
    labels: each label and the scores it gives the responses in the order shown: {A: [1, 0], B: [0, 1]}.
    scale: lowest and highest rating, for a rule whose labels are numbers.
    read: "last_match" takes the text; "logprob" takes the expected scores under the log-probabilities of the
        labels at the place where the verdict stands.
    fallback: what "logprob" does when the provider gave none: a failure, or the text.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    marker: str = "[[{}]]"
    labels: dict[str, tuple[float, ...]] = {}
    scale: tuple[int, int] | None = None
    read: Literal["last_match", "logprob"] = "last_match"
    fallback: Literal["fail", "text"] = "fail"

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> VerdictRule:
        if self.marker.count("{}") != 1:
            raise ValueError("marker needs one {}")
        if bool(self.labels) == bool(self.scale):
            raise ValueError("a rule has either labels or a scale")
        if self.scale and self.scale[0] >= self.scale[1]:
            raise ValueError("scale is [lowest, highest]")
        return self

    @property
    def forms(self) -> list[str]:
        """Every verdict as it is to be written, in the order declared: ["[[A]]", "[[B]]"]."""
        return [self.marker.replace("{}", label) for label in self.known]

    @property
    def known(self) -> list[str]:
        """The labels; of a scale, its whole numbers."""
        if self.scale is None:
            return list(self.labels)
        low, high = self.scale
        return [str(number) for number in range(low, high + 1)]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds a verdict; group 1 is its label. Spaces and letter case inside the marker do not matter."""
        if self.scale:
            label = r"(-?\d+(?:\.\d+)?)(?:\s*/\s*\d+)?"
        else:
            label = "(" + "|".join(re.escape(name) for name in self.labels) + ")"
        if self.marker == "{}":
            return re.compile(rf"\A[\s\W]*{label}[\s\W]*\Z", re.IGNORECASE)
        before, after = (re.escape(half) for half in self.marker.split("{}"))
        return re.compile(rf"{before}\s*{label}\s*{after}", re.IGNORECASE)

    def grammar(self, *, explains: bool) -> str:
        """A GBNF grammar (llama.cpp) that lets a model write nothing but a verdict, at the end if it explains."""
        before, after = (quoted(half) for half in self.marker.split("{}"))
        choices = " | ".join(quoted(label) for label in self.known)
        return f"root ::= {EXPLANATION + ' ' if explains else ''}{before} ({choices}) {after}"

    def scores(self, label: str) -> Scores | None:
        """The scores that a label stands for; None if it is no label of this rule, or off the scale."""
        if self.scale:
            rating = float(label)
            low, high = self.scale
            return Scores((rating,), graded=True) if low <= rating <= high else None
        folded = {name.casefold(): values for name, values in self.labels.items()}
        values = folded.get(label.casefold())
        return None if values is None else Scores(values)


def read(rule: VerdictRule, answer: Answer) -> Scores | Failure:
    """The verdict in an answer: one score for each response shown, or why there is none."""
    if rule.read == "logprob" and rule.labels:
        if answer.tokens:
            return from_tokens(rule, answer)
        if rule.fallback == "fail" and answer.text:
            return Failure("parse", "no log-probabilities in the reply, and the rule allows no other reading")
    return from_text(rule, answer)


def from_text(rule: VerdictRule, answer: Answer) -> Scores | Failure:
    """The verdict written in the text, thinking left out. Two different verdicts are a contradiction."""
    text = THINKING.sub("", answer.text or "")
    found = [match.group(1) for match in rule.pattern.finditer(text)]
    verdicts = [rule.scores(label) for label in found]
    if not found:
        return no_verdict(answer, text)
    if None in verdicts:
        return Failure("parse", f"verdict {found[verdicts.index(None)]!r} is not among those asked for")
    if len(set(verdicts)) > 1:
        return Failure("contradiction", f"the reply says {' and '.join(dict.fromkeys(found))}")
    verdict = verdicts[-1]
    assert verdict is not None
    return verdict


def no_verdict(answer: Answer, text: str) -> Failure:
    """Why a reply without a verdict has none, as far as the provider's own words tell."""
    reason = FINISH_FAILURES.get(answer.finish_reason or "")
    if reason:
        return Failure(reason, f"the provider ended the reply with {answer.finish_reason!r}")
    if not text.strip():
        return Failure("empty", "the reply is empty")
    return Failure("parse", f"no verdict in {short(text)!r}")


def from_tokens(rule: VerdictRule, answer: Answer) -> Scores | Failure:
    """The expected scores under the labels' probabilities where the verdict stands, e.g. (0.7, 0.3).

    p(label) is the softmax over the declared labels only; a label that is not among the alternatives given
    counts as no likelier than the least likely one given.
    """
    token = verdict_token(rule, answer.tokens)
    if token is None:
        return no_verdict(answer, "".join(token.text for token in answer.tokens))
    logs = {label: label_logprob(label, token.alternatives) for label in rule.labels}
    known = [log for log in logs.values() if log > -math.inf]
    if not known:
        return Failure(
            "parse", f"no label among the {len(token.alternatives)} alternatives of the verdict token"
        )
    floor = min(log for log in token.alternatives.values() if log > -math.inf)
    weights = {label: math.exp(max(log, floor) - max(known)) for label, log in logs.items()}
    total = math.fsum(weights.values())
    width = len(next(iter(rule.labels.values())))
    values = (
        math.fsum(weights[label] * rule.labels[label][slot] for label in rule.labels) / total
        for slot in range(width)
    )
    return Scores(tuple(values), graded=True)


def verdict_token(rule: VerdictRule, tokens: tuple[Token, ...]) -> Token | None:
    """The token that carries the label of the last verdict in the reply."""
    written = "".join(token.text for token in tokens)
    matches = list(rule.pattern.finditer(written))
    if not matches:
        return None
    start, end = matches[-1].span(1)
    offset = 0
    for token in tokens:
        offset += len(token.text)
        if offset > start and token.text.strip():
            return token if offset >= end or token.alternatives else None
    return None


def label_logprob(label: str, alternatives: Mapping[str, float]) -> float:
    """The log-probability that the next token is the label, with or without a space before; -inf if unlisted."""
    logs = [log for text, log in alternatives.items() if text.strip() == label and log > -math.inf]
    if not logs:
        return -math.inf
    top = max(logs)
    return top + math.log(math.fsum(math.exp(log - top) for log in logs))


def quoted(text: str) -> str:
    """A string literal of the GBNF grammar language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def short(text: str, most: int = 80) -> str:
    """The end of a reply on one line, where its verdict should have been."""
    line = " ".join(text.split())
    return line if len(line) <= most else "…" + line[1 - most :]
