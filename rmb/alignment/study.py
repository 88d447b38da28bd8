"""Alignment by best-of-N: samples drawn, picked by each scorer, and the picks measured; then S_align.

The paper's method (RMB, arXiv 2410.09893, section 5.2; best-of-N and no reinforcement learning).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rmb.alignment import valuing
from rmb.alignment.choosing import Choice, Picks, choose
from rmb.alignment.downstream import Downstream
from rmb.alignment.measures import Measure, Text
from rmb.alignment.samples import Case, Samples, draw, written
from rmb.alignment.valuing import Fallback, Picked
from rmb.records import Answer, Failure, Question
from rmb.run.desk import Desk, Seat


@dataclass(frozen=True, slots=True)
class Study:
    """What is asked of whom.

    policies: who write samples; none if `samples` has them. judges: the scorers. reference: who writes the references
    that are missing; None for nobody. oracle: whether every sample is measured, and not only those picked.
    """

    downstream: Downstream
    policies: Sequence[Seat]
    judges: Sequence[Seat]
    measure: Measure
    choice: Choice
    samples: Samples | None = None
    reference: Seat | None = None
    fallback: Fallback = "first"
    oracle: bool = False

    @property
    def whole(self) -> bool:
        """Whether every sample is measured: a rule costs nothing."""
        return self.oracle or self.measure.seat is None


@dataclass(frozen=True, slots=True)
class Aligned:
    """What came of it: every pick of the scorers and of those that need no scorer, by name.

    downstream: with the references that were written. reference: first, longest; random and oracle if all samples are
    measured.
    """

    downstream: Downstream
    samples: Samples
    cases: Sequence[Case]
    scorers: Mapping[str, Sequence[Picked]]
    reference: Mapping[str, Sequence[Picked]] = field(default_factory=dict)


async def align(study: Study, desk: Desk) -> Aligned:
    """Asks for all that is needed, through a desk; on a dry one, says what would be asked as far as that is known."""
    downstream = await referenced(study, desk)
    prompts, choice = downstream.prompts, study.choice
    samples = study.samples or await draw(desk, study.policies, prompts, choice.n)
    cases = samples.cases(prompts)
    waiting = len(prompts) * len(samples.policies) - len(cases) if study.policies else 0
    picks = {seat.name: await choose(desk, seat, cases, choice, waiting=waiting) for seat in study.judges}
    plain = {"first": valuing.first(cases, choice.ns), "longest": valuing.longest(cases, choice.ns)}
    texts = [text for mine in (*picks.values(), *plain.values()) for text in needed(study, cases, mine)]
    if study.whole:
        texts += [(case.prompt, text) for case in cases for text in case.candidates]
    if desk.dry and study.measure.seat:
        unmeasured = open_texts(cases, list(picks.values())) - {(one.id, text) for one, text in texts}
        each = study.measure.questions_each
        desk.owe(study.measure.seat, each * (len(unmeasured) + waiting * choice.n))
    worth = await study.measure.of(desk, texts)
    if study.whole:
        plain |= {
            "random": valuing.random(cases, choice.ns),
            "oracle": valuing.oracle(cases, choice.ns, worth),
        }
    return Aligned(
        downstream,
        samples,
        cases,
        {name: valuing.valued(cases, mine, worth, study.fallback) for name, mine in picks.items()},
        {name: valuing.valued(cases, mine, worth, study.fallback) for name, mine in plain.items()},
    )


async def referenced(study: Study, desk: Desk) -> Downstream:
    """The set, each prompt with the reference that a model writes where it has none, if one is to."""
    if study.reference is None:
        return study.downstream
    without = [one for one in study.downstream.prompts if one.reference is None]
    questions = [Question(one.conversation, (), path=one.path) for one in without]
    replies = await desk.replies(study.reference, questions)
    texts = {
        one.id: written(reply)
        for one, reply in zip(without, replies, strict=True)
        if isinstance(reply, Answer)
    }
    prompts = [
        replace(one, reference=texts[one.id]) if texts.get(one.id) else one
        for one in study.downstream.prompts
    ]
    return replace(study.downstream, prompts=tuple(prompts))


def needed(study: Study, cases: Sequence[Case], picks: Sequence[Picks]) -> list[Text]:
    """The responses that are measured for some picks."""
    return list(valuing.needed(cases, picks, study.fallback))


def open_texts(cases: Sequence[Case], picks: Sequence[Sequence[Picks]]) -> set[tuple[str, str]]:
    """The prompt's id and the text of all that may still be picked: every sample of a case with an open pick."""
    return {
        (case.prompt.id, text)
        for place, case in enumerate(cases)
        if any(isinstance(one, Failure) and one.unanswered for mine in picks for one in mine[place].values())
        for text in case.candidates
    }
