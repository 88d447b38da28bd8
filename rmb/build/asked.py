"""Models that a recipe names: opened before anything is asked, so that a wrong name costs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rmb.build.desk import Desk
from rmb.build.recipe import Annotate, Respond, paths_beside
from rmb.cards import Generative, NamedCard
from rmb.errors import ContentError, UsageError


@contextmanager
def naming(key: str) -> Iterator[None]:
    """What is wrong with a name in here is said with the key of build.yaml that holds it, as UsageError."""
    try:
        yield
    except (ContentError, UsageError) as error:
        raise UsageError(f"build.yaml, {key}: {error}") from error


def model_of(place: Path, name: str, desk: Desk, how: Annotate | Respond, *, key: str) -> NamedCard:
    """The card of a language model, with the sampling of a section laid over it. place: the build's folder.

    Raises UsageError, naming the key, for a name that nothing answers to and a card that is no language model's.
    """
    with naming(key):
        card = desk.card(paths_beside(place, name))
        if not isinstance(card.card, Generative):
            raise UsageError(
                f"{card.name} writes nothing: it is no language model but a {card.card.kind} judge"
            )
    over = {"temperature": how.temperature, "max_tokens": how.max_tokens}
    # Samples that are drawn with one seed would all be the same.
    seed = {"seed": None} if how.samples > 1 else {}
    sampling = card.card.sampling.model_copy(update={**over, **seed})
    return card.model_copy(update={"card": card.card.model_copy(update={"sampling": sampling})})


def told_apart(cards: Sequence[NamedCard], *, key: str) -> None:
    """Raises UsageError for cards of one name, whose answers nobody could tell apart later."""
    name, times = Counter(card.name for card in cards).most_common(1)[0]
    if times > 1:
        raise UsageError(f"build.yaml, {key}: {times} cards are called {name}; give each a name of its own")
