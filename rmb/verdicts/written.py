"""Verdicts in what a judge wrote: the marker, the JSON object, or the bare rating; never in what it only quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rmb.records import Answer, Failure, Scores
from rmb.verdicts.rule import BEFORE_NUMBER, EMPHASIS, VerdictRule

THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
UNOPENED = re.compile(r"\A.*</think>", re.DOTALL)
FINISH_FAILURES: Mapping[str, str] = {
    "content_filter": "content_filter",
    "context_length": "context_length",
    "length": "truncated",
    "refusal": "refusal",
}
FINAL = re.compile(
    r"(?:\b(?:final|ultimate|overall)\s+(?:verdict|answer|decision|choice|rating|ranking|judge?ment)\b|最终(?:判断|结论|答案|裁决|评分|排名))"
    r"[\s*_`]*(?:is|as|:|：|是|为)?[\s*_`:：]*\Z",
    re.IGNORECASE,
)
"""What stands right before a verdict that replaces those before it."""
QUOTED = 12
"""Characters, space aside, that a verdict shares with a response around it before it counts as quoted from there."""
OBJECT = re.compile(r"\{")
COMMA = re.compile(r",(\s*[}\]])")


def spoken(text: str) -> str:
    """The text with what is only thought blanked out, so that each letter left stays at its place.

    A </think> that nothing opens ends a thought that began in the prompt.
    """
    for thought in (THINKING, UNOPENED):
        text = thought.sub(lambda match: " " * len(match[0]), text)
    return text


def from_text(rule: VerdictRule, answer: Answer, responses: Sequence[str] = ()) -> Scores | Failure:
    """The verdict written in the text, thinking and quotations left out.

    Two different verdicts are a contradiction, unless the last is said to be final.
    """
    text = unquoted(rule, spoken(answer.text or ""), responses)
    found = list(labels(rule, text))
    verdicts = [rule.scores(label) for label, _ in found]
    if not found:
        return no_verdict(answer, text)
    if None in verdicts:
        return Failure("parse", f"verdict {found[verdicts.index(None)][0]!r} is not among those asked for")
    if len(set(verdicts)) > 1 and not FINAL.search(text[: found[-1][1]]):
        return Failure(
            "contradiction", f"the reply says {' and '.join(dict.fromkeys(label for label, _ in found))}"
        )
    verdict = verdicts[-1]
    assert verdict is not None
    if responses and len(verdict.values) != len(responses):
        return Failure("parse", f"{len(verdict.values)} scores for {len(responses)} responses")
    return verdict


def labels(rule: VerdictRule, text: str) -> Iterator[tuple[str, int]]:
    """Each verdict's label, and where the verdict begins."""
    if rule.form == "json":
        for found, start, _ in objects(text):
            yield bare(rule, found["verdict"]), start
        return
    matches = list(rule.pattern.finditer(text))
    if not matches and rule.scale:
        # A reply that is a number and nothing else can mean nothing else.
        alone = re.fullmatch(rf"{EMPHASIS}{BEFORE_NUMBER}{rule.label}[\s*_`.]*", text)
        matches = [alone] if alone else []
    yield from ((match.group(1), match.start()) for match in matches)


def objects(text: str) -> Iterator[tuple[dict[str, Any], int, int]]:
    """Every JSON object in a text that has a verdict, and its place; commas too many are forgiven."""
    end = 0
    for opening in OBJECT.finditer(text):
        if opening.start() < end:
            continue
        found, length = decoded(text[opening.start() :])
        named = {str(key).strip().casefold(): value for key, value in found.items()}
        if "verdict" in named:
            end = opening.start() + length
            yield {"verdict": named["verdict"]}, opening.start(), end


def decoded(text: str) -> tuple[dict[str, Any], int]:
    """The JSON object that a text begins with, and its length; an empty one if it begins with none."""
    for candidate in (text, COMMA.sub(lambda match: " " + match[1], text)):
        try:
            found, length = json.JSONDecoder(strict=False).raw_decode(candidate)
        except (ValueError, RecursionError):
            continue
        return (found, length) if isinstance(found, dict) else ({}, 0)
    return {}, 0


def bare(rule: VerdictRule, value: Any) -> str:
    """The label that a JSON value is, in whatever form it was written; one that is none for any other value."""
    said = (
        str(value).strip()
        if isinstance(value, (str, int, float)) and not isinstance(value, bool)
        else repr(value)
    )
    marked = rule.pattern.fullmatch(said) if rule.marker != "{}" else None
    if marked is None and rule.scale:
        marked = re.fullmatch(rule.label, said)
    return marked.group(1) if marked else "nan" if rule.scale else said


def unquoted(rule: VerdictRule, text: str, responses: Sequence[str]) -> str:
    """The text with verdicts blanked out that stand in it as they stand in a response: quoted, and not given."""
    spans = [(start, end) for _, start, end in objects(text)] if rule.form == "json" else []
    spans += [match.span() for match in rule.pattern.finditer(text)]
    for start, end in spans:
        if any(shared(text, start, end, response) >= QUOTED for response in responses):
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def shared(text: str, start: int, end: int, response: str) -> int:
    """Characters, space aside, around a place of a text that are the same around it in a response; 0 if it is not there."""
    most, at = 0, response.find(text[start:end])
    while at >= 0:
        before, after = start, end
        while (
            before > 0
            and at - (start - before) > 0
            and text[before - 1] == response[at - (start - before) - 1]
        ):
            before -= 1
        limit = at - start
        while after < len(text) and after + limit < len(response) and text[after] == response[after + limit]:
            after += 1
        around = text[before:start] + text[end:after]
        most = max(most, len("".join(around.split())))
        at = response.find(text[start:end], at + 1)
    return most


def no_verdict(answer: Answer, text: str) -> Failure:
    """Why a reply without a verdict has none, as far as the provider's own words tell."""
    reason = FINISH_FAILURES.get(answer.finish_reason or "")
    if reason:
        return Failure(reason, f"the provider ended the reply with {answer.finish_reason!r}")
    if not text.strip():
        return Failure("empty", "the reply is empty")
    return Failure("parse", f"no verdict in {short(text)!r}")


def short(text: str, most: int = 80) -> str:
    """The end of a reply on one line, where its verdict should have been."""
    line = " ".join(text.split())
    return line if len(line) <= most else "…" + line[1 - most :]
