"""Which cells of a study need not be asked to the end: a test that may look after every conversation.

A study asks K cells (a prompt and a judge each) the same conversations in an order drawn at random. Each cell is
bet against, with stakes that only the past decides: what is gained is what the leader's conversation adds to its
Overall beyond the cell's own. If no other cell is better, such bets do not gain in expectation, and the wealth
they make reaches 1/level with a probability of at most the level, whenever one looks (Ville 1939). So:

    a cell that is as good as any is dropped with a probability of at most `level`, however many cells there are.

"As good as any" is a mean over conversations, held against each rival on those that both have a value for. It may
be the mean over all conversations of the study, with no assumption beyond the random order; or the mean over the
stock that they are a random draw from. Both hold because a bet is made only on a leader that is ahead so far: if
the cell is as good as any over the whole study, a rival ahead of it so far is behind it on what remains.

Sources: betting on bounded means, and the size of a bet, Waudby-Smith & Ramdas 2024 (JRSS-B 86(1), section 4;
"approximate GRAPA" in its appendix); why one leader and not all pairs: docs/decisions/0011.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from rmb.metrics.arrays import Flags, Floats, Integers, summed
from rmb.metrics.averages import cell_of
from rmb.outcomes import Average, ItemFacts

LEVEL = 0.05
LEAST = 20
"""Conversations before any cell is dropped: a caution, the guarantee holds without it."""
STAKE = 0.95
"""The share of its wealth that a bet may lose at the most."""
LARGEST = 700.0
"""Of a logarithm, so that its exponential is a number: a kept cell may be bet against for ever."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is held against a cell.

    rival: the leader that it was last bet against with; None if it never was behind one.
    after: conversations seen, up to its dropping if it was dropped.
    evidence: the highest wealth so far from betting against it, 1 or more.
    """

    cell: int
    rival: int | None
    after: int
    evidence: float

    @property
    def p(self) -> float:
        """The p-value of "no other cell is better", in (0, 1]; it holds whenever one looks, and for all rivals."""
        return 1 / self.evidence


class Race:
    """K cells, dropped one by one as soon as it is clear that they are not the best.

    running: (K,) whether each cell still is. seen: conversations so far. dropped: by cell, in the order of dropping.
    """

    def __init__(
        self, cells: int, most: float, *, level: float = LEVEL, least: int = LEAST, keep: Collection[int] = ()
    ) -> None:
        """Nothing seen yet.

        most: what no conversation of the study can add more than, see `most_of`. level: the probability, at the
        most, of dropping a cell that is as good as any. least: conversations before any is dropped. keep: cells
        that never are.
        """
        if cells < 1 or not most > 0 or not 0 < level < 1 or not set(keep) <= set(range(cells)):
            raise ValueError(f"no race: {cells} cells, most {most}, level {level}, keep {tuple(keep)}")
        self.level, self.least, self.most = level, least, most
        self.kept: Flags = np.isin(np.arange(cells), list(keep))
        self.running: Flags = np.ones(cells, dtype=np.bool_)
        self.seen = 0
        self.dropped: dict[int, Standing] = {}
        self.wealth = Wealth((cells,), most)

    def see(self, row: Floats) -> list[Standing]:
        """The cells that the next conversation drops, by number; often none.

        Next in the order drawn, and not the next to be answered: what is answered soon may be easier. row: (K,) what it adds to each cell's Overall, in [0, most]; NaN where nothing is known, which leaves the
        evidence as it is. Values of cells that no longer run are passed over.
        """
        values = np.where(self.running, row, np.nan)
        if values.shape != self.running.shape or ((values < 0) | (values > self.most * (1 + 1e-9))).any():
            raise ValueError(
                f"a row has {self.running.size} values between 0 and {self.most:g}, or NaN: {row}"
            )
        self.wealth.see(values, self.running)
        self.seen += 1
        if self.seen < self.least:
            return []
        last = [self.standing(int(cell)) for cell in np.flatnonzero(self.beaten())]
        self.dropped |= {one.cell: one for one in last}
        self.running[[one.cell for one in last]] = False
        return last

    def beaten(self) -> Flags:
        """(K,) the cells to be dropped now. Never all: the one with the least against it stays."""
        out: Flags = self.running & ~self.kept & (self.wealth.evidence >= 1 / self.level)
        if out.sum() == self.running.sum():
            out[np.where(self.running, self.wealth.peak, np.inf).argmin()] = False
        return out

    def standing(self, cell: int) -> Standing:
        """What is held against a cell: now, or when it was dropped."""
        if cell in self.dropped:
            return self.dropped[cell]
        rival = int(self.wealth.rival[cell])
        return Standing(cell, None if rival < 0 else rival, self.seen, float(self.wealth.evidence[cell]))


class Wealth:
    """What betting against each cell has made of 1, in one race, or in many at once (leading axes).

    total: (…, K) what each cell's values add up to. ahead: (…, K, K) by how much the first is ahead of the second.
    squares: (…, K, K) the squares of their differences, added, and 1 (one conversation of the mean weight on
    which one was right, the other wrong) so that first bets are small.
    log, peak: (…, K) the logarithm of the wealth, now and at its highest. rival: (…, K) see Standing; -1 for none.
    """

    def __init__(self, shape: tuple[int, ...], most: float) -> None:
        """Before any conversation. shape: (…, K)."""
        self.stake = STAKE / most
        self.total, self.log, self.peak = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.ahead, self.squares = np.zeros((*shape, shape[-1])), np.ones((*shape, shape[-1]))
        self.rival: Integers = np.full(shape, -1, dtype=np.int64)

    @property
    def evidence(self) -> Floats:
        """(…, K) the highest wealth so far, 1 or more."""
        highest: Floats = np.exp(np.minimum(self.peak, LARGEST))
        return highest

    def see(self, rows: Floats, running: Flags) -> None:
        """Bets on the leader against every cell, then takes in the rows, (…, K); NaN for a cell changes nothing
        for its pairs.
        """
        # Before the row is looked at: a bet that knew it, were it only the conversation's weight, could gain
        # against a cell that is as good as any (behind on light conversations and ahead on heavy ones).
        leader = np.where(running, self.total, -np.inf).argmax(axis=-1)[..., None]
        bet = self.bets(leader)
        gain = np.take_along_axis(rows, leader, axis=-1) - rows
        self.log += np.log1p(bet * known(gain))
        self.peak = np.maximum(self.peak, self.log)
        self.rival = np.where((bet > 0) & ~np.isnan(gain), leader, self.rival)
        self.remember(rows)

    def bets(self, leader: Integers) -> Floats:
        """(…, K) the wealth bet on a lead of 1: near the one that grows fastest if what comes is like the past, which
        is the mean lead over the mean of its squares. 0 where the leader is not ahead.
        """
        ahead, squares = (
            np.take_along_axis(each, leader[..., None], axis=-2)[..., 0, :]
            for each in (self.ahead, self.squares)
        )
        return np.clip(ahead / squares, 0.0, self.stake)

    def remember(self, rows: Floats) -> None:
        """Adds the rows to what later bets are made from."""
        differences = known(rows[..., :, None] - rows[..., None, :])
        self.ahead += differences
        self.squares += differences**2
        self.total += known(rows)


def known(values: Floats) -> Floats:
    """The values, with 0 for NaN."""
    return np.where(np.isnan(values), 0.0, values)


def weights(items: Sequence[ItemFacts], average: Average = "micro") -> Floats:
    """(I,) what a credit of 1 on each item adds to its conversation's value.

    The mean over conversations of their values is Overall: the mean over the goals and sets that have an item of
    the mean over items (micro), or over scenarios (macro; as rmb.metrics.averages). So the weights of all items add
    up to the number of conversations, and the mean weight of a conversation is 1.
    """
    cells = [cell_of(item) for item in items]
    parts = cells if average == "micro" else [f"{item.path}.{item.set}" for item in items]
    size, parts_of = Counter(parts), Counter(dict(zip(parts, cells, strict=True)).values())
    total = len({item.conversation for item in items})
    each = [len(parts_of) * parts_of[cell] * size[part] for cell, part in zip(cells, parts, strict=True)]
    return total / np.array(each, dtype=np.float64)


def most_of(items: Sequence[ItemFacts], weight: Floats) -> float:
    """The most that a conversation can add: the largest sum of its items' weights. There must be an item."""
    _, conversation = np.unique([item.conversation for item in items], return_inverse=True)
    return float(summed(conversation, weight, int(conversation.max()) + 1).max())
