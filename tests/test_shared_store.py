"""Processes that share a store: each question is asked by one of them, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from rmb.cards import Generative, Limits, Price
from rmb.run import Run, Settings, execute
from rmb.run.execute import prepare
from rmb.scorers.asking import in_hand
from rmb.scorers.generative import GenerativeJudge
from rmb.scorers.language_model import open_client
from rmb.store import Store
from rmb.templates import Template
from tests.builders import Listener, pair
from tests.fake_api import FakeApi
from tests.judged import CHECKOUT, figures, finish, of_mind, start, undisturbed, write_judge, write_questions
from tests.test_compare_command import called

QUESTIONS, AT_ONCE, LATENCY_S = 1_000, 16, 0.05


def test_two_processes_pay_for_each_question_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Started together on 1,000 questions, they share the work: no question is billed twice, not even in flight."""
    write_questions(tmp_path, QUESTIONS)
    with FakeApi(partial(of_mind, delay_s=LATENCY_S), keep=False) as api:
        write_judge(tmp_path, api.openai_url, concurrency=AT_ONCE)
        names = ["one", "other"]
        processes = [start(tmp_path, name) for name in names]
        runs = [finish(process, tmp_path, name) for process, name in zip(processes, names, strict=True)]
    assert len(api.ledger.accounts) == QUESTIONS
    assert {account.billed for account in api.ledger.accounts.values()} == {1}
    assert api.ledger.asked == QUESTIONS
    assert sum(run["counts"]["asked"] for run in runs) == QUESTIONS
    assert sum(run["cost_usd"] for run in runs) == pytest.approx(api.ledger.delivered_usd)
    assert all(run["counts"]["asked"] + run["counts"]["from_store"] == QUESTIONS for run in runs)
    assert figures(runs[0]) == figures(runs[1]) == figures(undisturbed(tmp_path / "alone", QUESTIONS))
    assert called(capsys, "cache", "verify").code == 0


def test_what_a_killed_process_was_asking_is_asked_by_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At once, since its claims die with it; and nothing else is asked twice."""
    write_questions(tmp_path, QUESTIONS)
    with FakeApi(partial(of_mind, delay_s=LATENCY_S), keep=False) as api:
        write_judge(tmp_path, api.openai_url, concurrency=AT_ONCE)
        one, other = start(tmp_path, "one"), start(tmp_path, "other")
        for _ in range(6000):
            if api.ledger.asked >= QUESTIONS // 3:
                break
            time.sleep(0.01)
        one.send_signal(signal.SIGKILL)
        one.communicate()
        run = finish(other, tmp_path, "other")
    # Under way, or answered and not stored yet; see rmb.scorers.asking.HANDS.
    assert 0 <= api.ledger.asked - QUESTIONS <= in_hand(AT_ONCE)
    assert len(api.ledger.accounts) == run["counts"]["asked"] + run["counts"]["from_store"] == QUESTIONS
    assert run["coverage"] == 1
    assert called(capsys, "cache", "verify").code == 0


# One process, and another that has a claim

HOLDER = """
import json, sys
from pathlib import Path
from rmb.store import Store
with Store(Path(sys.argv[1])) as store:
    assert store.claims.take(sys.argv[2])
    print("taken", flush=True)
    row = json.loads(sys.stdin.readline())
    if row:
        store.put(sys.argv[2], row)
"""
ITEMS = [pair(uid=str(number), asked=f"Question {number}?") for number in range(3)]
ONCE = Settings(orders="single")


@contextmanager
def held(folder: Path, key: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, which has a claim until it is told a row to store, or killed."""
    words = [sys.executable, "-c", HOLDER, str(folder), key]
    paths = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=paths
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "taken\n"
            yield process
        finally:
            process.kill()


def judge(url: str) -> GenerativeJudge:
    """A judge behind a fake API, asked two questions at a time."""
    card = Generative(
        kind="generative",
        summary="",
        model="openai/m",
        base_url=url,
        transport="direct",
        price=Price(input=1, output=2),
        limits=Limits(concurrency=2),
    )
    return GenerativeJudge(card, Template.load("pairwise_v2"), open_client(card))


def asked(store: Store, api: FakeApi) -> Run:
    """A run of three questions."""
    return asyncio.run(execute(judge(api.openai_url), ITEMS, ONCE, store=store, watcher=Listener()))


def key_of(api: FakeApi) -> str:
    """The key of the second of them."""
    return prepare(judge(api.openai_url), ITEMS, ONCE, None)[1].keys[1]


def test_a_claim_is_of_one_process_until_it_dies(tmp_path: Path) -> None:
    """Others are refused, other questions are not touched, and kill -9 leaves nothing behind."""
    with Store(tmp_path) as store, held(tmp_path, "a key") as other:
        assert not store.claims.take("a key")
        assert store.claims.take("another key")
        other.kill()
        other.wait()
        assert store.claims.take("a key")


def test_what_another_asks_is_waited_for_and_costs_nothing(tmp_path: Path) -> None:
    """The others are asked meanwhile; the answer comes from the store as soon as it is there."""
    with FakeApi() as api, Store(tmp_path / "before") as before, Store(tmp_path / "shared") as store:
        key = key_of(api)
        asked(before, api)
        with held(tmp_path / "shared", key) as other:
            assert other.stdin is not None
            story = other.stdin

            def tell() -> None:
                while len(api.requests) < 5:
                    time.sleep(0.01)
                story.write(json.dumps(before.get(key)) + "\n")
                story.flush()

            telling = threading.Thread(target=tell)
            telling.start()
            run = asked(store, api)
            telling.join()
    assert len(api.requests) == 3 + 2
    assert (run.counts["asked"], run.counts["from_store"], run.unanswered) == (2, 1, 0)
    assert run.cost_usd == pytest.approx(2 / 5 * api.ledger.delivered_usd)


def test_what_another_gave_up_is_asked(tmp_path: Path) -> None:
    """A process that died without an answer, while this one waited for it."""
    with FakeApi() as api, Store(tmp_path) as store, held(tmp_path, key_of(api)) as other:
        threading.Timer(0.5, other.kill).start()
        run = asked(store, api)
    assert (run.counts["asked"], len(api.requests)) == (3, 3)


def test_nobody_is_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was halted keeps its claim; after a time without an answer the question is asked all the same."""
    monkeypatch.setattr("rmb.run.answers.PATIENCE_S", 0.3)
    with FakeApi() as api, Store(tmp_path) as store, held(tmp_path, key_of(api)) as other:
        other.send_signal(signal.SIGSTOP)
        run = asked(store, api)
    assert (run.counts["asked"], len(api.requests)) == (3, 3)


def test_an_interrupted_run_waits_for_nobody(tmp_path: Path) -> None:
    """Ctrl-C while another process has the last question: it ends, and says that it is unanswered."""
    with FakeApi() as api, Store(tmp_path) as store, held(tmp_path, key_of(api)):
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
        run = asked(store, api)
    assert run.interrupted
    assert (run.counts["asked"], run.unanswered) == (2, 1)
