"""`rmb judge --batch`: the command, its signals, its death, and what it leaves in the run's folder.

Processes are real where they are killed; the provider is a loopback server.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.batched import CLAUDE, GPT, MODELS, at, created, quickly
from tests.conftest import CHECKOUT
from tests.fake_api import BatchPlan, FakeApi, Reply
from tests.fake_api.http import Call
from tests.fake_api.jobs import Job
from tests.test_cli import Ended, Rmb
from tests.test_compare_command import called

UNENDING = 10**9
QUESTIONS = 4
PROGRAM = """
import rmb.batches.asking as asking
asking.FIRST_S = asking.MOST_S = 0.05
from rmb.cli.main import main
main()
"""
"""The command, with looks at batches as often as a test can wait for."""


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are looked at often, and there is a key for each provider."""
    quickly(monkeypatch)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-2")


def words(api: FakeApi, model: str = GPT, *more: str) -> list[str]:
    """The command that judges the three items of scenario S1, four questions."""
    url = api.anthropic_url if model == CLAUDE else api.openai_url
    asked = ["judge", "--judge", model, "--base-url", url, "--scenario", "S1", "--out", "run"]
    return [*asked, *(more or ("--batch",))]


def told(name: str) -> Any:
    """A JSON file of the run's folder."""
    return json.loads(Path("run", name).read_text(encoding="utf-8"))


def noted() -> list[dict[str, Any]]:
    """The batches that the run's folder tells of."""
    return [json.loads(line) for line in Path("run/batches.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("model", MODELS)
def test_a_run_through_batches(model: str, rmb: Rmb) -> None:
    """It ends complete, says what it waits for, and names the batch; an ordinary run then asks nothing."""
    with FakeApi() as api:
        ended = rmb(*words(api, model))
        (job,) = api.batches
        assert (ended.code, len(job.requests)) == (0, QUESTIONS)
        assert f"batch {job.id} is submitted: {QUESTIONS} questions" in ended.err
        assert told("run.json")["batches"] == [job.id]
        assert [(one["id"], one["questions"]) for one in noted()] == [(job.id, QUESTIONS)]
        after = rmb(*words(api, model, "--orders", "both"))
        assert (after.code, api.requests) == (0, [])
    assert told("summary.json")["counts"]["from_store"] == QUESTIONS
    assert "batches" not in told("run.json")
    assert not Path("run/batches.jsonl").exists()


def test_several_judges_one_after_the_other(rmb: Rmb) -> None:
    """Each has its own batches and its own folder."""
    with FakeApi() as api:
        ended = rmb(*words(api, GPT), "--judge", "openai/gpt-4o")
        first, second = api.batches
    assert ended.code == 0
    for name, job in (("gpt-4o-mini", first), ("gpt-4o", second)):
        assert json.loads(Path(f"run/openai-{name}/run.json").read_text())["batches"] == [job.id]


def test_an_ordinary_run_says_what_it_asks_again(rmb: Rmb, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not to wait for a day; what is in a batch is paid for twice, and that is said."""
    monkeypatch.setattr("rmb.batches.asking.MOST_WAIT_S", 0.05)
    with FakeApi(batches=BatchPlan(polls=UNENDING)) as api:
        assert rmb(*words(api)).code == 1
        ended = rmb(*words(api, GPT, "--orders", "both"))
        assert (ended.code, len(api.requests)) == (0, QUESTIONS)
    assert f"{QUESTIONS} questions are in batches under way and are asked again; --batch waits" in ended.err


def test_nothing_is_imported_before_it_is_used() -> None:
    """Who asks no batch waits for no SDK."""
    program = (
        "import sys, rmb.cli.judging; sys.exit(bool({'openai', 'anthropic', 'litellm'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, check=False).returncode == 0


@pytest.mark.parametrize("judge", ["longest", "embedded", "mistral/large"])
def test_a_judge_without_batches_is_refused(judge: str, rmb: Rmb) -> None:
    """Before any work, whatever other judges there are, in one line."""
    with FakeApi() as api:
        ended = rmb(*words(api), "--judge", judge)
        assert api.batches.calls == []
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert f"judge {judge.replace('/', '-')} has no batches" in ended.err


def test_a_wrong_key_is_told_in_one_line(rmb: Rmb) -> None:
    """Exit code 3, after a single call."""
    with FakeApi(batches=BatchPlan(fault=lambda _: Reply(status=401))) as api:
        ended = rmb(*words(api))
        assert len(api.batches.calls) == 1
    assert ended.code == 3
    assert "OPENAI_API_KEY" in ended.err
    assert "sk-test" not in ended.err


def dollars(ended: Ended) -> list[float]:
    """The least and most that a dry run says."""
    (line,) = [line for line in ended.out.splitlines() if "US dollars" in line]
    return [float(word.replace(",", "")) for word in line.split() if word[0].isdigit()]


def test_a_dry_run_says_what_is_under_way_and_what_the_rest_costs(
    rmb: Rmb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of what it costs otherwise; answers that are to come of batches are counted."""
    monkeypatch.setattr("rmb.batches.asking.MOST_WAIT_S", 0.05)
    card = tmp_path / "dear.yaml"
    card.write_text(
        f"kind: generative\nsummary: Dear.\nmodel: {GPT}\nprice: {{input: 9000000, output: 100000}}\n"
    )
    with FakeApi(batches=BatchPlan(polls=UNENDING)) as api:
        asked = [*words(api)[:1], "--judge", str(card), *words(api)[3:]]
        assert rmb(*asked).code == 1
        batched, ordinary = rmb(*asked, "--dry-run"), rmb(*asked[:-1], "--dry-run")
    assert dollars(batched) == pytest.approx([half / 2 for half in dollars(ordinary)], rel=0.01)
    assert f"in batches {QUESTIONS:>16,}".split() in [line.split() for line in batched.out.splitlines()]
    assert "in batches" not in ordinary.out


def start(command: list[str]) -> subprocess.Popen[str]:
    """The command, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )


def wait_for(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Waits until something has happened, or the process has ended."""
    wait_until(lambda: happened() or process.poll() is not None)


def wait_until(happened: Callable[[], bool]) -> None:
    """Waits until something has happened, a minute at most."""
    for _ in range(6000):
        if happened():
            return
        time.sleep(0.01)


def end(process: subprocess.Popen[str], sent: signal.Signals | None = None) -> Ended:
    """Waits for a process to end. sent: a signal that it is sent before."""
    if sent is not None:
        process.send_signal(sent)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return Ended(process.returncode, out, err)


def let_end(jobs: Any) -> None:
    """From now on batches end when they are looked at."""
    for job in jobs:
        assert isinstance(job, Job)
        job.plan = BatchPlan(polls=0)


@pytest.mark.parametrize("model", [GPT, pytest.param(CLAUDE, marks=pytest.mark.slow)])
def test_a_killed_run_is_fetched_by_its_id(model: str, rmb: Rmb) -> None:
    """A run that dies (kill -9) while a batch is under way leaves its id in the run's folder; the same command fetches it."""
    with FakeApi(batches=BatchPlan(polls=UNENDING)) as api:
        process = start(words(api, model))
        wait_for(process, lambda: any(job.polls for job in api.batches))
        assert end(process, signal.SIGKILL).code == -signal.SIGKILL
        (job,) = api.batches
        assert [one["id"] for one in noted()] == [job.id]
        let_end(api.batches)
        ended = rmb(*words(api, model))
        assert (ended.code, created(api), len(api.batches)) == (0, 1, 1)
        assert api.ledger.asked_again == 0
    assert f"batch {job.id} is under way already" in ended.err
    assert told("run.json")["batches"] == [job.id]
    assert told("summary.json")["counts"]["asked"] == QUESTIONS


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_run_killed_while_it_submits_pays_once(model: str, rmb: Rmb) -> None:
    """A run that dies (kill -9) after the batch was made and before its id came back: it is found."""
    lost = at("POST", "/batches", Reply(sending="stall"))
    with FakeApi(batches=BatchPlan(fault=lost)) as api:
        process = start(words(api, model))
        wait_for(process, lambda: len(api.batches) > 0)
        end(process, signal.SIGKILL)
        assert not Path("run/batches.jsonl").exists()
        ended = rmb(*words(api, model))
        assert (ended.code, created(api), len(api.batches)) == (0, 1, 1)
        assert told("run.json")["batches"] == [job.id for job in api.batches]


def sent(number: signal.Signals, method: str, ending: str, reply: Reply | None = None) -> BatchPlan:
    """Batches that do not end; this process gets a signal when the provider has a call of that kind."""
    left = [number]

    def fault(call: Call) -> Reply | None:
        if not left or call.method != method or ending not in call.path:
            return None
        os.kill(os.getpid(), left.pop())
        return reply

    return BatchPlan(polls=UNENDING, fault=fault)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_the_batch_under_way(number: signal.Signals, rmb: Rmb) -> None:
    """It does not wait, says what is under way, writes the run, and exits with 130; the same command goes on."""
    with FakeApi(batches=sent(number, "GET", "/batches/")) as api:
        ended = rmb(*words(api))
        (job,) = api.batches
        assert (ended.code, job.state) == (130, "in_progress")
        assert f"batch {job.id} is under way; the same command fetches it" in ended.err
        assert (told("run.json")["ended"], told("run.json")["batches"]) == ("interrupted", [job.id])
        assert told("summary.json")["coverage"] == 0
        let_end(api.batches)
        assert rmb(*words(api)).code == 0
        assert (created(api), told("run.json")["ended"]) == (1, "complete")


@pytest.mark.parametrize("model", MODELS)
def test_an_interrupt_while_it_submits_waits_for_the_id(model: str, rmb: Rmb) -> None:
    """Else nobody would know of the batch but the provider."""
    with FakeApi(batches=sent(signal.SIGINT, "POST", "/batches", Reply(delay_s=0.5))) as api:
        ended = rmb(*words(api, model))
        (job,) = api.batches
        assert ended.code == 130
        assert f"batch {job.id} is under way; the same command fetches it" in ended.err
        assert [one["id"] for one in noted()] == [job.id]


@pytest.mark.parametrize("model", MODELS)
def test_an_interrupt_while_nothing_comes_back_pays_once(
    model: str, rmb: Rmb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id is not waited for without end; the next run searches for it."""
    monkeypatch.setattr("rmb.batches.asking.SUBMITTING_S", 0.1)
    with FakeApi(batches=sent(signal.SIGINT, "POST", "/batches", Reply(sending="stall"))) as api:
        assert rmb(*words(api, model)).code == 130
        wait_until(lambda: len(api.batches) > 0)
        let_end(api.batches)
        assert rmb(*words(api, model)).code == 0
        assert (created(api), len(api.batches)) == (1, 1)


@pytest.mark.slow
def test_a_second_process_waits_for_the_first_ones_batch(rmb: Rmb) -> None:
    """Two commands that want the same answers: one batch, and both runs are complete."""
    with FakeApi(batches=BatchPlan(polls=UNENDING)) as api:
        process = start(words(api))
        wait_for(process, lambda: any(job.polls for job in api.batches))
        let_end(api.batches)
        other = rmb(*[*words(api)[:-2], "other", "--batch"])
        first = end(process)
        assert (first.code, other.code, created(api), len(api.batches)) == (0, 0, 1, 1)


def test_a_key_is_in_no_file_and_no_line(rmb: Rmb, tmp_path: Path) -> None:
    """Neither in the store, the register, the run's folder, nor in what is said of an error that repeats it."""

    def fault(call: Call) -> Reply | None:
        asked = call.method == "GET" and call.path.endswith("/content")
        return Reply(status=400, error={"message": "no: sk-test-1"}) if asked else None

    with FakeApi(batches=BatchPlan(fault=fault)) as api:
        ended = rmb(*words(api))
    assert "sk-test-1" not in ended.err + ended.out
    assert all(b"sk-test-1" not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
