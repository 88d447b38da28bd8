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

THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
UNOPENED = re.compile(r"\A.*</think>", re.DOTALL)
FINISH_FAILURES: Mapping[str, str] = {
    "content_filter": "content_filter",
    "context_length": "context_length",
    "length": "truncated",
    "refusal": "refusal",
}
EXPLANATION = r"[^\[\]]{1,600}"

# A marker that ends, or begins, with its label, a letter or a stop tells by what stands beside it whether the
# label is whole: "Both" is not B, "1.5" is not 1, and "8/100" is not 8 of 10.
OPEN = re.compile(r"(?:\A|[\w.,/'-])\s*\Z")
AFTER_WORD = r"(?![^\W_]|['’/-][^\W_])"
AFTER_NUMBER = AFTER_WORD + r"(?!\s*(?:[/–-]|out\s+of)\s*\d|[.,:]\d|\s*%)"
BEFORE_WORD = r"(?<![^\W_])"
BEFORE_NUMBER = BEFORE_WORD + r"(?<![−–.,/-])"


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

    @pydantic.field_validator("labels")
    @classmethod
    def _told_apart(cls, labels: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        if any(not label or label != label.strip() for label in labels):
            raise ValueError("labels are words without space around them")
        if len({label.casefold() for label in labels}) < len(labels):
            raise ValueError("labels differ by more than letter case")
        if len({len(scores) for scores in labels.values()}) > 1 or () in labels.values():
            raise ValueError("each label gives one score for each response shown")
        if not all(math.isfinite(score) for scores in labels.values() for score in scores):
            raise ValueError("scores are finite numbers")
        return labels

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
        """Finds a verdict; group 1 is its label. Spaces and letter case inside the marker do not matter.

        A bare label is a verdict if it is all that the last line with a word on it says.
        """
        start, end = (BEFORE_NUMBER, AFTER_NUMBER) if self.scale else (BEFORE_WORD, AFTER_WORD)
        if self.marker == "{}":
            start = start if self.scale else ""
            return re.compile(rf"(?m:^)[^\w\n]*?{start}{self.label}{end}[\s\W]*\Z", re.IGNORECASE)
        before, after = self.marker.split("{}")
        start, end = "" if before else start, end if OPEN.search(after) else ""
        parts = [start, re.escape(before), r"\s*", self.label, r"\s*" if after else "", re.escape(after), end]
        return re.compile("".join(parts), re.IGNORECASE)

    @property
    def label(self) -> str:
        """A regular expression for one label, as its group 1; of a scale, for any number."""
        if self.scale:
            return rf"(-?\d+(?:\.\d+)?)(?:\s*(?:/|out\s+of)\s*{self.scale[1]}(?:\.0+)?)?"
        longest_first = sorted(self.labels, key=len, reverse=True)
        return "(" + "|".join(re.escape(name) for name in longest_first) + ")"

    def grammar(self, *, explains: bool) -> str:
        """A GBNF grammar (llama.cpp) that lets a model write nothing but a verdict, at the end if it explains."""
        before, after = (quoted(half) for half in self.marker.split("{}"))
        choices = " | ".join(quoted(label) for label in self.known)
        # a bare label after an explanation is read only on a line of its own
        line = r'"\n" ' if self.marker == "{}" else ""
        return f"root ::= {EXPLANATION + ' ' + line if explains else ''}{before} ({choices}) {after}"

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
    by_probability = rule.read == "logprob" and bool(rule.labels)
    if by_probability and answer.tokens:
        return from_tokens(rule, answer)
    verdict = from_text(rule, answer)
    if by_probability and rule.fallback == "fail" and isinstance(verdict, Scores):
        return Failure("parse", "no log-probabilities in the reply, and the rule allows no other reading")
    return verdict


def spoken(text: str) -> str:
    """The text with what is only thought blanked out, so that each letter left stays at its place.

    A </think> that nothing opens ends a thought that began in the prompt.
    """
    for thought in (THINKING, UNOPENED):
        text = thought.sub(lambda match: " " * len(match[0]), text)
    return text


def from_text(rule: VerdictRule, answer: Answer) -> Scores | Failure:
    """The verdict written in the text, thinking left out. Two different verdicts are a contradiction."""
    text = spoken(answer.text or "")
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
    counts as likely as it can be at most: see `floor`.
    """
    text = spoken("".join(token.text for token in answer.tokens))
    token = verdict_token(rule, text, answer.tokens)
    if token is None:
        return no_verdict(answer, text)
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


def verdict_token(rule: VerdictRule, text: str, tokens: tuple[Token, ...]) -> Token | None:
    """The token that carries the label of the last verdict in the text that the tokens make."""
    matches = list(rule.pattern.finditer(text))
    if not matches:
        return None
    start, end = matches[-1].span(1)
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


def quoted(text: str) -> str:
    """A string literal of the GBNF grammar language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def short(text: str, most: int = 80) -> str:
    """The end of a reply on one line, where its verdict should have been."""
    line = " ".join(text.split())
    return line if len(line) <= most else "…" + line[1 - most :]
