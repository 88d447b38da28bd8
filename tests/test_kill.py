"""`kill -9`, again and again in one run: what was stored is never asked again, and the figures are those of a quiet run."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

from rmb.scorers.asking import in_hand
from rmb.store import Store
from tests.fake_api import FakeApi, Reply, Request
from tests.fake_api.ledger import key
from tests.judged import draw, figures, finish, of_mind, start, undisturbed, write_judge, write_questions

AT_ONCE, LATENCY_S = 8, 0.05


class Provider:
    """A script that takes its time, some prompts' more than others', and remembers what it is asked."""

    def __init__(self) -> None:
        """Nothing asked yet."""
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Reply:
        """The verdict."""
        self.asked.append(key(request.body))
        return of_mind(request, delay_s=LATENCY_S * (0.5 + draw(request) / 16))


def stored(folder: Path) -> set[str]:
    """What the store has an answer to, as the API names it."""
    with Store(folder / "cache") as store:
        rows = [store.get(name) for name in store.rows]
    assert not store.damaged
    return {asked_as(row["request"]) for row in rows if row is not None}


def asked_as(request: dict[str, object]) -> str:
    """The name of the body that a stored request was sent in."""
    return key({name: value for name, value in request.items() if name != "sample"} | {"model": "m"})


def killed(process: subprocess.Popen[str], provider: Provider, requests: int) -> None:
    """Kills a process once the provider has been asked so many things."""
    for _ in range(12_000):
        if len(provider.asked) >= requests or process.poll() is not None:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_what_is_stored_is_never_asked_again(tmp_path: Path) -> None:
    """Killed at points drawn at random over 2,000 questions, then let be: only what was not stored is asked again."""
    kills, questions, provider = 25, 2_000, Provider()
    write_questions(tmp_path, questions)
    points = sorted(random.Random(kills).sample(range(1, questions), kills))
    known: set[str] = set()
    with FakeApi(provider, keep=False) as api:
        write_judge(tmp_path, api.openai_url, concurrency=AT_ONCE)
        for point in points:
            before = len(provider.asked)
            killed(start(tmp_path, "run"), provider, max(point, before + 1))
            assert not known & set(provider.asked[before:])
            known = stored(tmp_path)
        before = len(provider.asked)
        summary = finish(start(tmp_path, "run"), tmp_path, "run")
    assert not known & set(provider.asked[before:])
    assert known
    assert summary["counts"]["from_store"] == len(known)
    # Under way at a kill, or answered and not stored yet; see rmb.scorers.asking.HANDS.
    assert api.ledger.asked_again <= len(provider.asked) - questions <= kills * in_hand(AT_ONCE)
    assert figures(summary) == figures(undisturbed(tmp_path / "alone", questions))
