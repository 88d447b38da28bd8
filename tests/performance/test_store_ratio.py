"""The store against its rows alone: what the journal, the lock and the checks of keys cost, in one process.

The rows alone are a diskcache with the same Disk, given rows that are packed already. Prompts of 2 kB packed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rmb.store import Store, answer_key
from rmb.store.rows import open_rows, pack, unpack

ROWS, ROUNDS, LARGE = 2_000, 3, 50_000
SLOWER_PUTS, SLOWER_GETS = 3.0, 2.5
"""How many times the rows alone a put and a get may take."""

pytestmark = pytest.mark.slow


def answers(number: int) -> dict[str, dict[str, Any]]:
    """That many answers to prompts of some 2,000 bytes, packed."""
    draw = random.Random(0)
    words = [f"{draw.getrandbits(24):x}" for _ in range(3_000)]
    values = [
        {
            "scorer": {"kind": "generative", "model": "m"},
            "request": {"messages": [["user", " ".join(draw.choices(words, k=300))]], "sample": each},
            "answer": {"text": "[[A]]"},
            "at": 1.0,
        }
        for each in range(number)
    ]
    return {answer_key(value["scorer"], value["request"]): value for value in values}


def timed(work: Callable[[str], object], keys: list[str]) -> float:
    """Seconds for all keys."""
    started = time.perf_counter()
    for key in keys:
        work(key)
    return time.perf_counter() - started


def test_a_store_costs_little_more_than_its_rows(tmp_path: Path) -> None:
    """At least 2,000 puts and 10,000 gets a second, and not many times what the rows alone take; best of three."""
    values = answers(ROWS)
    keys = list(values)
    best: dict[str, float] = {}

    def note(name: str, seconds: float) -> None:
        best[name] = min(best.get(name, seconds), seconds)

    for number in range(ROUNDS):
        (tmp_path / f"rows {number}").mkdir()
        rows = open_rows(tmp_path / f"rows {number}")
        note("rows put", timed(lambda key, rows=rows: rows.set(key, pack(key, values[key])), keys))
        note("rows get", timed(lambda key, rows=rows: unpack(key, rows.get(key)), keys))
        rows.close()
        with Store(tmp_path / f"store {number}") as store:
            note("store put", timed(lambda key, store=store: store.put(key, values[key]), keys))
            note("store get", timed(store.get, keys))
    print({name: f"{ROWS / seconds:,.0f}/s" for name, seconds in best.items()})
    assert best["store put"] < SLOWER_PUTS * best["rows put"]
    assert best["store get"] < SLOWER_GETS * best["rows get"]
    assert ROWS / best["store put"] >= 2_000
    assert ROWS / best["store get"] >= 10_000


def test_a_large_store_opens_in_less_than_a_second(tmp_path: Path) -> None:
    """50,000 rows: opened at once, and looked through for an absent key in about as long."""
    values = answers(LARGE)
    with Store(tmp_path) as store:
        for key, value in values.items():
            store.put(key, value)
    started = time.perf_counter()
    with Store(tmp_path) as store:
        opened = time.perf_counter() - started
        assert store.get("absent") is None
        missed = time.perf_counter() - started - opened
        assert len(store) == LARGE
    store.database.write_bytes(b"broken" * 100)
    started = time.perf_counter()
    with Store(tmp_path) as store:
        rebuilt = time.perf_counter() - started
        assert len(store) == LARGE
    store.journal.file.unlink()
    started = time.perf_counter()
    Store(tmp_path).close()
    journalled = time.perf_counter() - started
    print(
        f"opened {opened:.3f} s, first miss {missed:.2f} s, rebuilt {rebuilt:.1f} s, journal made {journalled:.1f} s"
    )
    assert opened < 1
    assert missed < 2
    assert max(rebuilt, journalled) < 60
