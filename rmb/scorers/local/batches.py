"""Which texts go through a model together: sorted by length, packed by a budget of tokens, prompts shared.

Two ways, of equal scores. Padded: whole texts, padded on the right to the longest of a batch. Shared: the texts of
one conversation begin with the same tokens, so these go through the model once and leave their keys and values for
the rest of each text (for RMB, some six responses a conversation).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rmb.records import Conversation, Question
from rmb.scorers.local.text import Text

WORTH = 16
"""Tokens that texts have in common before they share them: fewer are hardly worth a pass. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class Family:
    """Texts of one conversation, and how many tokens at their beginning they have in common."""

    texts: tuple[Text, ...]
    shared: int


@dataclass(frozen=True, slots=True)
class Padded:
    """Texts that go through the model as they are."""

    texts: tuple[Text, ...]

    def halves(self) -> tuple[Batch, ...]:
        """The batch in two, for a device that has no room for it; empty if it is one text already."""
        middle = len(self.texts) // 2
        return (Padded(self.texts[:middle]), Padded(self.texts[middle:])) if middle else ()


@dataclass(frozen=True)
class Shared:
    """Families whose beginnings go through the model first, together; then the rests, at most `budget` tokens at once."""

    families: tuple[Family, ...]
    budget: int

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """All texts, family by family."""
        return tuple(text for family in self.families for text in family.texts)

    @cached_property
    def owners(self) -> tuple[int, ...]:
        """The place of each text's family."""
        return tuple(place for place, family in enumerate(self.families) for _ in family.texts)

    def rests(self) -> Iterator[list[int]]:
        """The places of the texts that go on together.

        Keys and values of the beginnings are copied for each row, so they count as tokens of it.
        """
        most = max(family.shared for family in self.families)
        return packed([most + length for length in self.lengths], self.budget)

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each text after its family's common beginning."""
        return tuple(len(text.tokens) - family.shared for family in self.families for text in family.texts)

    def halves(self) -> tuple[Batch, ...]:
        """The batch in two; a single family goes as padded texts, which can be halved on."""
        middle = len(self.families) // 2
        if not middle:
            return (Padded(self.texts),)
        return Shared(self.families[:middle], self.budget), Shared(self.families[middle:], self.budget)


Batch = Padded | Shared


@dataclass(slots=True)
class Work:
    """What went through a model. padded: tokens with the padding; real: without it."""

    passes: int = 0
    padded: int = 0
    real: int = 0

    def batch(self, batch: Batch) -> None:
        """What a batch takes."""
        if isinstance(batch, Padded):
            self.rows([len(text.tokens) for text in batch.texts])
            return
        self.rows([family.shared for family in batch.families])
        for places in batch.rests():
            self.rows([batch.lengths[place] for place in places])

    def rows(self, lengths: Sequence[int]) -> None:
        """One pass over rows of some lengths, padded to the longest."""
        self.passes += 1
        self.padded += len(lengths) * max(lengths)
        self.real += sum(lengths)


def windows(
    questions: Sequence[Question], size: int, *, first: int | None = None
) -> Iterator[list[Question]]:
    """The questions, conversation by conversation, in parts of at most `size`, the first of `first`: each once.

    No conversation is split, unless it has more questions of its own than a part.
    """
    by_conversation: dict[Conversation, list[Question]] = {}
    for question in questions:
        by_conversation.setdefault(question.conversation, []).append(question)
    window: list[Question] = []
    most = first or size
    for each in by_conversation.values():
        if window and len(window) + len(each) > most:
            yield window
            window, most = [], size
        window.extend(each)
        while len(window) > most:
            yield window[:most]
            window, most = window[most:], size
    if window:
        yield window


def batches(texts: Sequence[Text], budget: int, *, longest: int) -> Iterator[Batch]:
    """The texts in batches whose padded size is at most `budget` tokens: each text once.

    longest: tokens of a text that may share its beginning with others; 0 has every text go whole.
    """
    families, alone = related(texts, longest)
    for places in packed([family.shared for family in families], budget):
        yield Shared(tuple(families[place] for place in places), budget)
    for places in packed([len(text.tokens) for text in alone], budget):
        yield Padded(tuple(alone[place] for place in places))


def related(texts: Iterable[Text], longest: int) -> tuple[list[Family], list[Text]]:
    """The texts that have enough in common with others of their conversation, and those that go alone."""
    groups: dict[Conversation, list[Text]] = {}
    alone: list[Text] = []
    for text in texts:
        if len(text.tokens) > longest:
            alone.append(text)
        else:
            groups.setdefault(text.question.conversation, []).append(text)
    families = []
    for group in groups.values():
        shared = in_common([text.tokens for text in group]) if len(group) > 1 else 0
        if shared < WORTH:
            alone += group
        else:
            families.append(Family(tuple(group), shared))
    return families, alone


def in_common(rows: Sequence[tuple[int, ...]]) -> int:
    """Tokens at the beginning that all rows share, of each row at least one less than it has.

    >>> in_common([(1, 2, 3), (1, 2, 4), (1, 2)])
    1
    """
    # The least and the greatest row differ first where any two do.
    least, greatest = min(rows), max(rows)
    most = min(map(len, rows)) - 1
    return next((at for at in range(most) if least[at] != greatest[at]), most)


def packed(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """The places of rows, in batches whose padded size is at most `budget` tokens; each place once.

    lengths: tokens of each row. Longest first, so that what does not fit into memory shows at once; a row
    longer than the budget is a batch of its own. Neighbours are alike in length, so little is padded.

    >>> list(packed([3, 9, 4, 1], budget=10))
    [[1], [2, 0], [3]]
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        # The first of a batch is its longest: all others are padded to it.
        if batch and (len(batch) + 1) * lengths[batch[0]] > budget:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
