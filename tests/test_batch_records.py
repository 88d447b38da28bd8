"""The register of batches: what a process leaves behind for the next one, whenever it dies."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.batches import Batch, Register, keys_under_way
from rmb.errors import StorageError
from rmb.store import Store
from rmb.store.lock import held

KEYS = ["a" * 64, "b" * 64, "c" * 64]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of the test's own."""
    with Store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def register(store: Store) -> Register:
    """Its register."""
    return Register(store)


def intended(register: Register) -> Batch:
    """A batch of three questions that is about to be submitted."""
    return register.intend("openai", "openai/m", "http://localhost/v1", KEYS)


def test_an_intention_is_under_way_without_an_id(register: Register, store: Store) -> None:
    """Before anything is sent, the register says what will be, and how it will be known again."""
    batch = intended(register)
    assert Register(store).under_way() == {batch.token: batch}
    assert (batch.id, batch.questions, set(batch.keys)) == (None, 3, set(KEYS))
    assert register.known() == set()


def test_a_submitted_batch_has_its_id(register: Register, store: Store) -> None:
    """Another process reads the id."""
    batch = register.submitted(intended(register), "batch_1")
    assert Register(store).under_way() == {batch.token: batch}
    assert (batch.id, register.known()) == ("batch_1", {"batch_1"})


@pytest.mark.parametrize(
    ("fetched", "left"),
    [
        pytest.param([None], [], id="all of it"),
        pytest.param([KEYS], [], id="all of it by name"),
        pytest.param([KEYS[:1]], KEYS[1:], id="a part"),
        pytest.param([KEYS[:1], KEYS[1:]], [], id="in two parts"),
        pytest.param([KEYS[:1], KEYS[:1]], KEYS[1:], id="a part by two processes"),
        pytest.param([None, KEYS[:1]], [], id="all, then a part by another process"),
    ],
)
def test_what_is_not_fetched_is_under_way(
    register: Register, store: Store, fetched: list[list[str] | None], left: list[str]
) -> None:
    """A command that wanted a part of a batch leaves the rest for others; its id stays known."""
    batch = register.submitted(intended(register), "batch_1")
    for keys in fetched:
        register.fetched(batch, keys)
    assert keys_under_way(store) == set(left)
    assert register.known() == {"batch_1"}


def test_a_register_is_for_its_owner_alone(register: Register, store: Store) -> None:
    """It says what was asked, by keys; nobody else may look."""
    batch = intended(register)
    register.submitted(batch, "batch_1")
    assert stat.S_IMODE((store.home / "batches.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE(store.home.stat().st_mode) == 0o700


@settings(deadline=None, max_examples=40)
@given(cut=st.integers(min_value=0, max_value=2000))
def test_a_torn_line_costs_itself(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Wherever a dying process stopped writing, what stood before is read, and what comes after is."""
    with Store(tmp_path_factory.mktemp("torn")) as store:
        register = Register(store)
        first = register.submitted(intended(register), "batch_1")
        size = register.file.stat().st_size
        second = register.submitted(intended(register), "batch_2")
        whole = register.file.read_bytes()
        register.file.write_bytes(whole[: min(len(whole), size + cut)])
        third = register.submitted(intended(register), "batch_3")
        found = register.under_way()
        assert found[first.token] == first
        assert found[third.token] == third
        assert set(found) <= {first.token, second.token, third.token}


@pytest.mark.parametrize(
    "line", ["{", "[]", "3", "{}", '{"token": "x"}', '{"event": "intended", "token": "x"}']
)
def test_a_line_of_another_shape_is_passed_over(
    register: Register, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A register that was edited by hand is read as far as it can be, and says so."""
    batch = intended(register)
    with register.file.open("a") as opened:
        opened.write(line + "\n")
    assert register.under_way() == {batch.token: batch}
    assert "passed over" in caplog.text or line in {"[]", "3"}


def test_only_one_may_submit(store: Store) -> None:
    """Whoever comes second waits until the first has written down what it submitted."""
    told: list[str] = []

    async def submit(name: str) -> None:
        async with Register(store).alone():
            told.append(f"{name} in")
            await asyncio.sleep(0.02)
            told.append(f"{name} out")

    async def both() -> None:
        await asyncio.gather(submit("a"), submit("b"))

    asyncio.run(both())
    assert told in (["a in", "a out", "b in", "b out"], ["b in", "b out", "a in", "a out"])


def test_waiting_for_another_process_has_an_end(
    register: Register, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that hangs while it submits does not hold up others for ever."""
    monkeypatch.setattr("rmb.batches.register.LOCK_S", 0.05)

    async def wait() -> None:
        async with register.alone():
            pass

    with held(store.home / "batches.lock"), pytest.raises(StorageError, match="another process"):
        asyncio.run(wait())
