"""Reward models against the pipeline of rewardbench 0.1.4: the same scores, for fewer tokens and in less time.

One tiny model, one set of data, one process. The peer scores both texts of every comparison in the order of the data;
a run scores each distinct text once, sorted by length, and what texts of a conversation have in common once. The peer
cuts texts to 2,048 tokens and is given them rendered; a run reads them whole, renders them, and makes outcomes of them.

In a model this small, attention is most of the work, and grows with the square of the padded length: the times differ
by more than they do for a large model, for which the tokens say what to expect.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import torch
import transformers

from rmb.cards import NamedCard, RewardModel
from rmb.records import Item
from rmb.run import Run
from rmb.run.plan import plan
from rmb.scorers import Local, Setup, open_scorer
from rmb.scorers.local.engines import Here
from rmb.scorers.local.network import Network
from rmb.scorers.reward_model import LocalRewardModel
from rmb.store import Store
from tests.builders import run
from tests.performance.rewardbench_peer import BATCH, Meter, Peer
from tests.performance.throughput import config, synthetic, tokenizer

CONVERSATIONS, ROUNDS = 30, 2
FEWER_TOKENS, FASTER = 7, 4
"""How many times fewer tokens, and less time, than the peer with batches of 64, at least."""
KEPT = "rmb, shared, stored"

pytestmark = pytest.mark.slow
Pairs = list[tuple[float, float]]


@dataclass
class Row:
    """What one way of scoring took: the least of all rounds, and the work and scores of the last.

    cpu: seconds of all threads, which other programs on the machine hardly change.
    """

    seconds: float
    cpu: float
    passes: int
    padded: int
    real: int
    scores: Pairs

    def line(self, name: str, items: int, peers: tuple[Row, Row]) -> str:
        """The row of the printed table. peers: with batches of 64 and of 8."""
        ratios = "".join(
            f"{peer.padded / self.padded:8.1f} {peer.seconds / self.seconds:6.1f} {peer.cpu / self.cpu:6.1f}"
            for peer in peers
        )
        return (
            f"{name:22} {self.seconds:8.2f} {self.cpu:8.2f} {items / self.seconds:8.1f} {self.passes:7,} "
            f"{self.padded:10,} {self.real:10,} {ratios}"
        )


RATIOS = f"{'tokens':>8} {'time':>6} {'cpu':>6}"
HEADING = (
    f"{'':86}{'times less than 64':>22}{'times less than 8':>22}\n"
    f"{'':22} {'seconds':>8} {'cpu':>8} {'items/s':>8} {'passes':>7} {'padded':>10} {'real':>10} {RATIOS}{RATIOS}"
)


@pytest.fixture(scope="module")
def items() -> tuple[Item, ...]:
    """A benchmark of RMB's shape."""
    return synthetic(CONVERSATIONS)


@pytest.fixture(scope="module")
def model(items: tuple[Item, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers, with random weights, and a byte-level tokenizer."""
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    made = transformers.AutoModelForSequenceClassification.from_config(config("random-tiny"))
    with torch.no_grad():
        for weight in made.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.15)
    made.save_pretrained(folder)
    tokenizer([candidate.text for item in items for candidate in item.candidates]).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def peer(model: Path) -> Peer:
    """The peer, with the model."""
    return Peer.opened(model)


class Ours:
    """A run of this program, again and again, with the same model in memory."""

    def __init__(self, folder: Path, local: Local) -> None:
        """local: which engine runs it."""
        card = RewardModel(
            kind="reward_model", summary="Tiny.", model=str(folder), dtype="float32", device="cpu",
            max_tokens=8_192,
        )  # fmt: skip
        scorer = open_scorer(NamedCard(name="tiny", sha256="", card=card), Setup(local=local))
        assert isinstance(scorer, LocalRewardModel)
        assert isinstance(scorer.engine, Here)
        network = scorer.engine.scoring
        assert isinstance(network, Network)
        self.scorer, self.meter = scorer, Meter(network.body)

    def run(self, items: tuple[Item, ...], store: Store | None = None) -> Pairs:
        """All of it, from the plan to the outcomes; the scores of every comparison, in the order of the data."""
        self.meter.reset()
        return found_by(run(self.scorer, items, store=store))


def pairs(items: tuple[Item, ...]) -> Iterator[tuple[list[dict[str, str]], list[dict[str, str]]]]:
    """Every comparison as the peer is given it: the messages that end with the best response, and with the other."""
    for item in items:
        asked = [{"role": turn.role, "content": turn.content} for turn in item.conversation]
        ended = [[*asked, {"role": "assistant", "content": each.text}] for each in item.candidates]
        for loser in item.losers:
            yield ended[item.best], ended[loser]


def rendered(peer: Peer, items: tuple[Item, ...]) -> tuple[list[str], list[str]]:
    """The texts of all comparisons: chosen, and rejected."""
    sides: tuple[list[str], list[str]] = ([], [])
    for pair in pairs(items):
        for side, messages in zip(sides, pair, strict=True):
            side.append(peer.tokenizer.apply_chat_template(messages, tokenize=False))
    return sides


def found_by(one: Run) -> Pairs:
    """The scores of every comparison of a run, in the order of the data."""
    assert not one.failures
    scores = []
    for outcome in one.outcomes:
        for showing in outcome.showings:
            assert showing.best is not None
            assert showing.rival is not None
            scores.append((showing.best, showing.rival))
    return scores


@pytest.fixture(scope="module")
def rows(
    items: tuple[Item, ...], model: Path, peer: Peer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Row]:
    """Every way of scoring, one after the other in every round; the clock is off while a model is loaded."""
    sides = rendered(peer, items)
    engines = {"padded": Ours(model, Local(engine="padded")), "shared": Ours(model, Local(engine="shared"))}
    taken: dict[str, Row] = {}

    def timed(name: str, meter: Meter, work: Callable[[], Pairs]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        scores = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if name in taken:
            wall, cpu = min(wall, taken[name].seconds), min(cpu, taken[name].cpu)
        taken[name] = Row(wall, cpu, meter.passes, meter.padded, meter.real, scores)

    for number in range(ROUNDS):
        for batch in (BATCH, 8):
            timed(f"peer, batches of {batch}", peer.meter, partial(peer.scores, *sides, batch))
        for name, ours in engines.items():
            timed(f"rmb, {name}", ours.meter, partial(ours.run, items))
        with Store(tmp_path_factory.mktemp(f"store{number}")) as store:
            timed(KEPT, engines["shared"].meter, partial(engines["shared"].run, items, store))
    return taken


def test_the_scores_are_the_peers(items: tuple[Item, ...], peer: Peer, rows: dict[str, Row]) -> None:
    """Every text that the peer does not cut has the same score, whatever is beside it and whoever scores it."""
    cut = list(zip(*(peer.cut(side) for side in rendered(peer, items)), strict=True))
    whole = [at for at, each in enumerate(itertools.chain.from_iterable(cut)) if not each]
    assert 0.8 < len(whole) / (2 * len(cut)) < 1
    theirs = list(itertools.chain.from_iterable(rows["peer, batches of 64"].scores))
    assert max(theirs) - min(theirs) > 0.1
    for row in rows.values():
        mine = list(itertools.chain.from_iterable(row.scores))
        assert [mine[at] for at in whole] == pytest.approx([theirs[at] for at in whole], abs=1e-4)


def test_fewer_tokens_in_less_time(
    items: tuple[Item, ...], rows: dict[str, Row], capsys: pytest.CaptureFixture[str]
) -> None:
    """Seven times fewer tokens and a quarter of the time of the peer as its script sets it, answers kept on disk."""
    peers = rows["peer, batches of 64"], rows["peer, batches of 8"]
    texts, comparisons = len(plan(items, width=1).questions), len(peers[0].scores)
    with capsys.disabled():
        print(
            f"\n{len(items):,} items, {comparisons:,} comparisons, {texts:,} distinct texts; "
            f"{torch.get_num_threads()} threads of {os.cpu_count()} CPUs"
        )
        print(HEADING)
        for name, row in rows.items():
            print(row.line(name, len(items), peers))
    kept = rows[KEPT]
    assert peers[0].padded / kept.padded > FEWER_TOKENS
    assert peers[0].seconds / kept.seconds > FASTER
