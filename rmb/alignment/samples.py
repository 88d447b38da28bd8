"""Samples: what policies wrote to the prompts of a downstream set, drawn now or elsewhere. All scorers see the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from rmb.alignment.downstream import Downstream, Prompt, lines, prompt
from rmb.canonical import digest
from rmb.errors import DataError
from rmb.records import Answer, Conversation, Failure, Json, Question
from rmb.run.desk import Desk, Seat
from rmb.run.rows import as_unicode
from rmb.verdicts.quotations import spoken

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """The samples of one policy to one prompt, in the order drawn."""

    policy: str
    prompt: Prompt
    responses: Texts

    @property
    def candidates(self) -> Texts:
        """The distinct ones, in the order in which they first came: two alike are one candidate."""
        return tuple(dict.fromkeys(self.responses))

    def seen(self, n: int) -> int:
        """How many candidates there are among the first n samples; these are the first candidates."""
        return len(set(self.responses[:n]))

    def question(self, *places: int) -> Question:
        """The question that shows the candidates at some places."""
        shown = tuple(self.candidates[place] for place in places)
        return Question(self.prompt.conversation, shown, path=self.prompt.path)


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples by policy and prompt id, as far as they came without a gap; the first n of them count.

    failures: samples that did not come, by reason. cut: samples that their model had to break off.
    """

    n: int
    policies: tuple[str, ...]
    responses: Mapping[tuple[str, str], Texts]
    failures: Mapping[str, int] = field(default_factory=dict)
    cut: int = 0

    def cases(self, prompts: Sequence[Prompt]) -> list[Case]:
        """One for each policy and prompt that all n samples are there of, by policy."""
        return [
            Case(policy, one, texts[: self.n])
            for policy in self.policies
            for one in prompts
            if len(texts := self.responses.get((policy, one.id), ())) >= self.n
        ]

    def to_lines(self, prompts: Sequence[Prompt]) -> Iterator[dict[str, Json]]:
        """As in samples.jsonl; `read_samples` gives them back, with their prompts."""
        for policy in self.policies:
            for one in prompts:
                texts = self.responses.get((policy, one.id), ())
                if texts:
                    yield {**one.to_json(), "model": policy, "responses": list(texts)}


def asked_for(prompts: Sequence[Prompt], n: int) -> list[Question]:
    """The questions that draw n samples to each prompt."""
    return [
        Question(one.conversation, (), sample=sample, path=one.path) for one in prompts for sample in range(n)
    ]


async def draw(desk: Desk, policies: Sequence[Seat], prompts: Sequence[Prompt], n: int) -> Samples:
    """Has each policy write n samples to each prompt. What did not come is a gap."""
    responses: dict[tuple[str, str], Texts] = {}
    failures: Counter[str] = Counter()
    cut = 0
    for policy in policies:
        replies = await desk.replies(policy, asked_for(prompts, n))
        failures.update(reply.reason for reply in replies if isinstance(reply, Failure))
        cut += sum(isinstance(reply, Answer) and reply.finish_reason == "length" for reply in replies)
        for place, one in enumerate(prompts):
            came = takewhile(lambda reply: isinstance(reply, Answer), replies[place * n : place * n + n])
            responses[policy.name, one.id] = tuple(map(written, came))
    return Samples(n, tuple(policy.name for policy in policies), responses, failures, cut)


def written(reply: Answer | Failure) -> str:
    """What a policy says, thinking left out; "" if it says nothing. Raises TypeError for a failure."""
    if isinstance(reply, Failure):
        raise TypeError(f"no sample: {reply}")
    return spoken(reply.text or "").strip()


def read_samples(path: Path, known: Downstream | None, n: int | None) -> tuple[Downstream, Samples, int]:
    """The samples of a JSONL file, the set that they are to, and how many lines are to prompts of no known set.

    known: the set; without it, the prompts are the file's own. n: the first that count; None for all of the longest
    line. Raises DataError naming the line that is none, or that samples a prompt a second time.
    """
    by_id = {} if known is None else {one.id: one for one in known.prompts}
    by_turns = {} if known is None else {one.conversation: one for one in known.prompts}
    found: dict[tuple[str, str], Texts] = {}
    prompts: dict[str, Prompt] = {}
    strangers = 0
    for _, where, row in lines(path):
        model, texts = sampled(row, where)
        one = whose(row, where, by_id, by_turns, alone=known is None)
        if one is None:
            strangers += 1
            continue
        if (model, one.id) in found:
            raise DataError(f"{where}: a second line of {model} to the prompt {one.id!r}")
        if prompts.setdefault(one.id, one).conversation != one.conversation:
            raise DataError(f"{where}: another prompt with the id {one.id!r} than further up")
        found[model, one.id] = texts
    if not found:
        raise DataError(f"{path} holds no sample to a prompt of this set")
    most = n or max(map(len, found.values()))
    policies = tuple(dict.fromkeys(model for model, _ in found))
    return known or Downstream(str(path), tuple(prompts.values())), Samples(most, policies, found), strangers


def sampled(row: Mapping[str, Any], where: str) -> tuple[str, Texts]:
    """The model and the responses of a line. Raises DataError naming the place."""
    model, texts = row.get("model"), row.get("responses")
    if not isinstance(model, str) or not model.strip():
        raise DataError(f'{where}: expected "model", the name of the policy')
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise DataError(f'{where}: expected "responses", a list of texts')
    return as_unicode(model), tuple(texts)


def whose(
    row: Mapping[str, Any],
    where: str,
    by_id: Mapping[str, Prompt],
    by_turns: Mapping[Conversation, Prompt],
    *,
    alone: bool,
) -> Prompt | None:
    """The prompt of a line: by its id, or by its conversation; None for one that the set does not have."""
    named = None if row.get("id") is None else by_id.get(str(row["id"]))
    if named is not None:
        return named
    if "prompt" not in row and "conversation" not in row:
        if not alone and row.get("id") is not None:
            return None
        raise DataError(f'{where}: samples to no prompt; expected "prompt" or "conversation"')
    one = prompt(row, where, 0)
    if not alone:
        return by_turns.get(one.conversation)
    turns: Json = [[turn.role, turn.content] for turn in one.conversation]
    return one if row.get("id") is not None else Prompt(digest(turns)[:12], *fields(one))


def fields(one: Prompt) -> tuple[Conversation, str | None, str]:
    """All of a prompt but its id."""
    return one.conversation, one.reference, one.path
