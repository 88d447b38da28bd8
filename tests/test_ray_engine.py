"""Reward models on a Ray cluster: two nodes on this machine, each with a copy, and one that dies midway."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from rmb.cards import NamedCard, RewardModel
from rmb.errors import ContentError, UnreachableError, UsageError
from rmb.records import Answer, Message, Question
from rmb.scorers import Local, Setup, open_scorer
from rmb.scorers.local.batches import Padded
from rmb.scorers.local.engines import ahead
from rmb.scorers.local.ray_engine import OnRay, ray
from rmb.scorers.reward_model import LocalRewardModel
from tests.tiny_models import WORDS, save

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

QUESTIONS = [
    Question((Message("user", f"{first} {second} ?"),), (f"{third} answer .",))
    for first in WORDS[7:]
    for second in WORDS[7:12]
    for third in ("good", "bad")
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head without processors and two nodes with one each."""
    # Not before the engine, which silences Ray.
    from ray.cluster_utils import Cluster

    os.environ["RAY_AUTH_MODE"] = "disabled"
    node = {"include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **node})
    for _ in range(2):
        made.add_node(num_cpus=1, **node)
    yield made
    made.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny reward model."""
    return save(tmp_path_factory.mktemp("tiny"))


def opened(folder: Path, **local: Any) -> LocalRewardModel:
    """The scorer of a folder, in batches of a few texts."""
    card = RewardModel(
        kind="reward_model",
        summary="Tiny.",
        model=str(folder),
        dtype="float32",
        device="cpu",
        batch_tokens=60,
    )
    scorer = open_scorer(NamedCard(name="tiny", sha256="", card=card), Setup(local=Local(**local)))
    assert isinstance(scorer, LocalRewardModel)
    return scorer


def scores(scorer: LocalRewardModel, seen: Any = None) -> dict[Question, float]:
    """The score of every question. seen: is called with each answer's number."""

    async def gather() -> dict[Question, float]:
        found: dict[Question, float] = {}
        async with aclosing(scorer.answer(QUESTIONS)) as replies:
            async for question, reply in replies:
                assert isinstance(reply, Answer)
                assert reply.rewards is not None
                assert question not in found
                found[question] = reply.rewards[0]
                if seen is not None:
                    seen(len(found))
        return found

    return asyncio.run(gather())


def copies() -> list[int]:
    """The processes that hold a copy of the model."""
    named = [
        (int(path.parent.name), path.read_bytes())
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists()
    ]
    return [process for process, command in named if command.startswith(b"ray::Copy")]


def test_a_cluster_gives_the_same_scores_though_a_worker_dies(cluster: Cluster, folder: Path) -> None:
    """Each text once, to the same digits: what the dead copy had at hand, another one scores."""
    expected, killed = scores(opened(folder)), []

    def kill_one(done: int) -> None:
        if done >= 20 and not killed:
            assert len(copies()) == 2
            killed.append(copies()[0])
            os.kill(killed[0], signal.SIGKILL)

    found = scores(opened(folder, engine="ray", ray_address=cluster.address, ray_cpus=1), kill_one)
    assert killed
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_last_worker_lost_ends_the_run(cluster: Cluster, folder: Path) -> None:
    """With an error that says that nothing is lost; the cluster itself lives on."""
    answered = []

    def kill_all(done: int) -> None:
        answered.append(done)
        for process in copies():
            os.kill(process, signal.SIGKILL)

    with pytest.raises(UnreachableError, match="the last Ray worker is gone; every score is kept"):
        scores(opened(folder, engine="ray", ray_address=cluster.address, ray_cpus=1), kill_all)
    assert 0 < len(answered) < len(QUESTIONS)


def test_what_a_worker_cannot_load_is_told(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    """In the words that would be said here."""
    copied = shutil.copytree(folder, tmp_path / "broken")
    (copied / "model.safetensors").unlink()
    with pytest.raises(ContentError, match=r"on a Ray worker: judge tiny: .* has no weights"):
        scores(opened(copied, engine="ray", ray_address=cluster.address, ray_cpus=1))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("localhost", "give host:port"),
        ("ray://localhost:10001", "give host:port"),
        ("127.0.0.1:1", "no Ray cluster at 127.0.0.1:1: .*refused"),
    ],
)
def test_an_address_without_a_cluster(address: str, told: str, folder: Path) -> None:
    """Ray itself would try for minutes."""
    with pytest.raises(UsageError, match=told):
        scores(opened(folder, engine="ray", ray_address=address))


async def dies(_: object) -> None:
    """A call of a copy that the batch kills."""
    raise ray.exceptions.RayActorError


DYING = SimpleNamespace(scored=SimpleNamespace(remote=dies))
"""As Ray's handles have it."""


def test_a_batch_that_kills_its_workers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After three of them, and before it takes them all."""
    monkeypatch.setattr(ray, "kill", lambda _: None)
    engine = OnRay(None, Local(), gpus=False)  # type: ignore[arg-type]

    async def go() -> None:
        async with aclosing(engine.shared_out(ahead(iter([[Padded(())]])), [DYING] * 5)) as done:
            async for _ in done:
                pass

    with pytest.raises(UnreachableError, match="3 Ray workers died of one batch"):
        asyncio.run(go())


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_without_an_address_ray_is_started_and_stopped_here(folder: Path) -> None:
    """And leaves nothing behind."""
    assert scores(opened(folder, engine="ray", ray_cpus=1)) == pytest.approx(scores(opened(folder)), abs=1e-5)
    assert copies() == []
    assert not ray.is_initialized()
