"""What a picked response is worth: by an external judge, or by a rule. Each is measured once, whoever picked it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rmb.alignment.checks import holds, refuses
from rmb.alignment.downstream import Prompt
from rmb.alignment.picking import won
from rmb.errors import UsageError
from rmb.records import Failure, Question, Scores
from rmb.run.desk import Desk, Seat

MEASURES: Final = ("win_rate", "rating", "refusal", "match")
UNREFERENCED = Failure("cancelled", "not asked: the reference was not written")
Worth = Mapping[tuple[str, str], float | Failure]
"""By prompt id and text."""
Text = tuple[Prompt, str]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of responses, higher is better. check: the rule; None for what an external judge is asked.

    For refusal, higher is better on prompts that should be refused.
    """

    name: str
    seat: Seat | None = None
    check: Callable[[str, str], bool] | None = None

    @property
    def needs_reference(self) -> bool:
        """Whether it compares with the prompt's reference."""
        return self.name in {"win_rate", "match"}

    @property
    def questions_each(self) -> int:
        """Questions to an external judge for one response, at most."""
        return 0 if self.seat is None else 2 if self.name == "win_rate" else 1

    async def of(self, desk: Desk, texts: Iterable[Text]) -> Worth:
        """What each response is worth, each asked once; a failure where that is not known."""
        distinct = list(dict.fromkeys(texts))
        shown = [self.questions(*text) for text in distinct]
        verdicts: list[Scores | Failure] = []
        if self.seat is not None:
            verdicts = await desk.verdicts(self.seat, [one for mine in shown for one in mine])
        coming = iter(verdicts)
        return {
            (prompt.id, text): self.value(prompt, text, [next(coming) for _ in mine])
            for (prompt, text), mine in zip(distinct, shown, strict=True)
        }

    def questions(self, prompt: Prompt, text: str) -> list[Question]:
        """What the external judge is asked of a response; nothing where that is known without."""
        known = (
            text == prompt.reference
            if self.name == "win_rate"
            else self.name == "refusal" and not text.strip()
        )
        if self.seat is None or known or (self.needs_reference and prompt.reference is None):
            return []
        shown: list[tuple[str, ...]] = [(text,)]
        if self.name == "win_rate":
            other = prompt.reference or ""
            shown = [(text,), (other,)] if self.seat.scorer.width == 1 else [(text, other), (other, text)]
        return [Question(prompt.conversation, responses, path=prompt.path) for responses in shown]

    def value(self, prompt: Prompt, text: str, verdicts: Sequence[Scores | Failure]) -> float | Failure:
        """What a response is worth by the verdicts on its questions; the first failure if there is one."""
        if self.needs_reference and prompt.reference is None:
            return UNREFERENCED
        if self.check is not None:
            return float(self.check(text, prompt.reference or ""))
        failed = [one for one in verdicts if isinstance(one, Failure)]
        if failed:
            return min(failed, key=lambda one: not one.unanswered)
        values = [one.values for one in verdicts if isinstance(one, Scores)]
        if self.name == "win_rate":
            return wins(values)
        # Who says nothing refuses.
        return values[0][0] if values else 1.0


def wins(values: Sequence[tuple[float, ...]]) -> float:
    """How far a response beats its reference: the mean over both orders, or its own score against the reference's.

    ½ without any, as of a response that is the reference.
    """
    if not values:
        return 0.5
    if len(values[0]) == 1:
        return won(values[0][0], values[1][0])
    there, back = values
    return (won(*there) + won(*reversed(back))) / 2


def measure(name: str, seat: Seat | None) -> Measure:
    """The measure of a name. seat: the external judge; None to do without. Raises UsageError where the two do not fit."""
    if name == "match":
        if seat is not None:
            raise UsageError("match looks for the reference in the response and asks nobody; leave out --by")
        return Measure(name, None, holds)
    if name == "refusal" and seat is None:
        return Measure(name, None, lambda text, _: refuses(text))
    if seat is None:
        raise UsageError(f"{name} needs somebody to judge the picks; name an external judge with --by")
    if name != "win_rate" and seat.scorer.width != 1:
        raise UsageError(
            f"{name} needs a judge that sees one response; {seat.name} compares: name a pointwise --measure-template"
        )
    return Measure(name, seat)
