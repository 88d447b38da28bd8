"""Long runs of reward models: what is scored is kept at once, and memory does not grow with what is left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from rmb.records import Message, Question
from rmb.scorers import reward_model
from rmb.scorers.local.batches import Batch
from rmb.scorers.local.network import Network
from rmb.scorers.local.text import Text
from rmb.store import Store
from tests.test_reward_model import opened
from tests.tiny_models import WORDS, save

SLOWLY = """
import time
from rmb.scorers.local.network import Network

quick = Network.scores

def slow(self, batch):
    time.sleep(0.05)
    return quick(self, batch)

Network.scores = slow
from rmb.judge import main
main()
"""
OPTIONS = ["--judge", "./tiny.yaml", "--set", "pairwise", "--cache", "cache", "-q", "--json"]


def stored() -> int:
    """Answers in the store."""
    with Store(Path("cache")) as store:
        return len(store)


def test_a_run_that_was_killed_goes_on_where_it_was() -> None:
    """Killed without a word, and begun again: every score that it had is kept, and none is computed twice."""
    save(Path("tiny"))
    card = "kind: reward_model\nsummary: Tiny.\nmodel: ./tiny\ndtype: float32\ndevice: cpu\nbatch_tokens: 1\n"
    Path("tiny.yaml").write_text(card, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", SLOWLY, *OPTIONS, "--out", "killed"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        time.sleep(0.1)
        if process.poll() is not None or (Path("cache").exists() and stored() >= 5):
            break
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = stored()
    command = [sys.executable, "-m", "rmb.judge", *OPTIONS, "--out", "again"]
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    counts = json.loads(Path("again/run.json").read_text(encoding="utf-8"))["counts"]
    assert 5 <= kept < counts["questions"]
    assert (counts["from_store"], counts["asked"]) == (kept, counts["questions"] - kept)


def peak(questions: Sequence[Question], folder: Path) -> int:
    """Bytes of Python's memory at the most, while all questions are answered and nothing is kept."""

    async def answer() -> None:
        async with aclosing(opened(folder).answer(questions)) as replies:
            async for _ in replies:
                pass

    tracemalloc.start()
    try:
        asyncio.run(answer())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts are made a window at a time: four times the questions take as much room, but for pointing at them."""

    def nothing(_: Network, batch: Batch) -> list[tuple[Text, tuple[float, ...]]]:
        return [(text, (0.0,)) for text in batch.texts]

    monkeypatch.setattr(Network, "scores", nothing)
    monkeypatch.setattr(reward_model, "WINDOW", 200)
    monkeypatch.setattr(reward_model, "FIRST", 200)
    folder = save(tmp_path)
    questions = [
        Question(
            (Message("user", f"{WORDS[number % 13 + 7]} {number}"),), ("a long word " * 60 + str(number),)
        )
        for number in range(4000)
    ]
    # What is loaded once is not counted.
    peak(questions[:10], folder)
    few, many = (peak(questions[:number], folder) for number in (1000, 4000))
    assert many < 1.3 * few
