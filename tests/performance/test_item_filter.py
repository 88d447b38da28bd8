"""How long a filter of the item browser takes on all of RMB's size, from the choice to the drawn list."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browsing import Watch
from tests.item_pages import big

ROWS, MILLISECONDS = 25_000, 200
CHOICES = [
    ("goal", "harmlessness"),
    ("set", "bon"),
    ("outcome", "wrong"),
    ("judge", "1"),
    ("flip", "right-wrong"),
    ("q", "cats thing number 12"),
    ("q", ""),
    ("flip", ""),
    ("judge", "-1"),
    ("outcome", ""),
    ("set", ""),
    ("goal", ""),
]
MEASURE = """([name, value]) => {
    const field = document.getElementById(`filter-${name}`);
    field.value = value;
    const start = performance.now();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.body.getBoundingClientRect();
    return performance.now() - start;
}"""

pytestmark = pytest.mark.slow


def test_a_filter_of_25_000_items_takes_less_than_200_ms(watch: Watch, tmp_path: Path) -> None:
    """Three judges; each filter set, one on the other, and taken back; layout included."""
    page = watch(big(ROWS, ("a", "b", "c")).write(tmp_path / "big.html")).page
    expect(page.locator("tbody tr")).to_have_count(50)
    took = {choice: page.evaluate(MEASURE, list(choice)) for choice in CHOICES}
    print({" ".join(choice): round(each, 1) for choice, each in took.items()})
    assert max(took.values()) < MILLISECONDS, took
