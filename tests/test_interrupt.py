"""Ctrl-C: a real process, real signals, a slow provider. What is under way is waited for, the rest asked later."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fake_api import FakeApi, Reply, Request
from tests.test_cli import FILES

CHECKOUT = Path(__file__).parents[1]
COMMAND = ["-m", "rmb.judge", "--judge", "mine.yaml", "--scenario", "harmlessness/*", "--out", "run"]
QUESTIONS = 48
QUICK = 5
AT_ONCE = 3
ANSWERED = QUICK + AT_ONCE
SOON_S, NEVER_S = 2.0, 300.0


class Provider:
    """A script: answers so many questions at once, and lets the others wait."""

    def __init__(self, quick: float, *, slow_s: float = SOON_S) -> None:
        """quick: how many are answered at once; slow_s: how long the others wait."""
        self.quick, self.slow_s = quick, slow_s

    def __call__(self, request: Request) -> Reply:
        """The next answer."""
        self.quick -= 1
        return Reply(delay_s=0 if self.quick >= 0 else self.slow_s)


@dataclass
class Ended:
    """How a process ended, how long after the signal, and what it left in its run folder."""

    code: int
    err: str
    seconds: float
    files: dict[str, Any]


def start(folder: Path, api: FakeApi) -> subprocess.Popen[str]:
    """The command, in a process of its own, with a card that asks the provider."""
    card = f"kind: generative\nsummary: For tests.\nmodel: openai/m\nbase_url: {api.openai_url}\n"
    limits = f"limits: {{concurrency: {AT_ONCE}, attempts: 1}}\n"
    (folder / "mine.yaml").write_text(card + limits, encoding="utf-8")
    # A shell's background job, and so its children, ignore the signal unless told otherwise.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, *COMMAND],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "RMB_CACHE": str(folder / "cache")},
        )
    finally:
        signal.signal(signal.SIGINT, before)


def finish(process: subprocess.Popen[str], folder: Path) -> Ended:
    """Waits for a process to end."""
    started = time.monotonic()
    try:
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    files = {path.name: path.read_bytes() for path in (folder / "run").iterdir()}
    read = {name: json.loads(data) if name.endswith(".json") else data for name, data in files.items()}
    return Ended(process.returncode, err, time.monotonic() - started, read)


def interrupt(folder: Path, api: FakeApi, *signals: signal.Signals, requests: int) -> Ended:
    """The command, interrupted as soon as the provider has seen that many requests. signals: SIGINT, if none is named."""
    process = start(folder, api)
    for _ in range(6000):
        if len(api.requests) >= requests or process.poll() is not None:
            break
        time.sleep(0.01)
    time.sleep(0.2)  # for the answers before the last requests to arrive and be stored
    for number in signals or (signal.SIGINT,):
        process.send_signal(number)
        time.sleep(0.3)
    return finish(process, folder)


@dataclass
class Story:
    """A run that was interrupted after some answers, the same command again, and the requests of each."""

    first: Ended
    again: Ended
    asked_first: int
    asked_again: int


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Told once for all tests, since every process imports LiteLLM."""
    folder, provider = tmp_path_factory.mktemp("interrupted"), Provider(quick=QUICK)
    with FakeApi(provider) as api:
        first = interrupt(folder, api, requests=ANSWERED)
        asked_first = len(api.requests)
        provider.quick = float("inf")
        again = finish(start(folder, api), folder)
        return Story(first, again, asked_first, len(api.requests) - asked_first)


def test_it_waits_for_what_is_under_way_and_asks_no_more(story: Story) -> None:
    """Answers that are paid for are kept; nothing is printed that looks like a bug."""
    assert story.first.code == 130
    assert story.first.seconds < 10
    assert not {"Traceback", "Error", "Exception"} & set(story.first.err.split())
    assert "stopping: waiting up to 10 s for answers under way; once more ends at once" in story.first.err
    assert story.asked_first == ANSWERED


def test_it_prints_the_command_that_resumes(story: Story) -> None:
    """The last line on stderr can be typed as it stands."""
    last = story.first.err.splitlines()[-1]
    said, _, command = last.partition("to resume: ")
    assert said == f"rmb: {QUESTIONS - ANSWERED} questions unanswered, every answer is kept; "
    assert shlex.split(command) == ["python", *COMMAND]


def test_it_leaves_a_whole_run_folder(story: Story) -> None:
    """The figures of what was answered, what is missing as missing, how it ended, and a report of it."""
    files = story.first.files
    assert sorted(files) == FILES
    assert len(files["failures.jsonl"].splitlines()) == QUESTIONS - ANSWERED
    assert files["run.json"]["ended"] == "interrupted"
    assert files["summary.json"]["counts"]["asked"] == ANSWERED
    assert files["summary.json"]["failures"] == {"cancelled": QUESTIONS - ANSWERED}
    assert 0 < files["summary.json"]["coverage"] < 1


def test_the_same_command_asks_only_the_rest(story: Story) -> None:
    """Every answer from before the interrupt is used, and the second run ends complete."""
    assert story.again.code == 0
    assert story.asked_again == QUESTIONS - ANSWERED
    counts = story.again.files["summary.json"]["counts"]
    assert (counts["asked"], counts["from_store"]) == (QUESTIONS - ANSWERED, ANSWERED)
    assert story.again.files["summary.json"]["coverage"] == 1
    assert story.again.files["run.json"]["ended"] == "complete"


def test_before_the_first_answer_it_is_no_other(tmp_path: Path) -> None:
    """Nothing answered within ten seconds, nothing kept, and the folder says so."""
    with FakeApi(Provider(quick=0, slow_s=NEVER_S)) as api:
        ended = interrupt(tmp_path, api, requests=1)
    assert (ended.code, len(api.requests)) == (130, 1)
    assert 8 < ended.seconds < 30
    assert "Traceback" not in ended.err
    assert ended.files["summary.json"]["coverage"] == 0
    assert f"{QUESTIONS} questions unanswered" in ended.err


def test_a_second_one_ends_at_once(tmp_path: Path) -> None:
    """What was answered is written all the same."""
    with FakeApi(Provider(QUICK, slow_s=NEVER_S)) as api:
        ended = interrupt(tmp_path, api, signal.SIGINT, signal.SIGINT, requests=ANSWERED)
    assert ended.code == 130
    assert ended.seconds < 8
    assert "Traceback" not in ended.err
    assert ended.files["summary.json"]["counts"]["asked"] == QUICK


def test_a_polite_kill_is_an_interrupt(tmp_path: Path) -> None:
    """As a scheduler sends it before it means it: SIGTERM does what Ctrl-C does."""
    with FakeApi(Provider(QUICK)) as api:
        ended = interrupt(tmp_path, api, signal.SIGTERM, requests=ANSWERED)
    assert ended.code == 130
    assert ended.files["summary.json"]["counts"]["asked"] == ANSWERED
    assert "to resume: " in ended.err
