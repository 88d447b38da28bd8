"""Which texts go through a model together: sorted by length, packed by a budget of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """The places of the texts, in batches whose padded size is at most `budget` tokens; each place once.

    lengths: tokens of each text. Longest first, so that what does not fit into memory shows at once; a text
    longer than the budget is a batch of its own. Neighbours are alike in length, so little is padded.

    >>> list(batches([3, 9, 4, 1], budget=10))
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
