"""What runs are called where several stand beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from rmb.run.names import Known, labels


def run(judge: str, template: str | None = None, place: str = "runs/a") -> Known:
    """A run of which only the name matters."""
    return Known(Path(place), {}, judge, template)


@pytest.mark.parametrize(
    ("runs", "names"),
    [
        ([run("a"), run("b")], ["a", "b"]),
        ([run("a", "v1"), run("a", "v2")], ["a v1", "a v2"]),
        ([run("a", "v1", "runs/x"), run("a", "v1", "runs/y")], ["a (x)", "a (y)"]),
        ([run("a", place="x/run"), run("a", place="y/run")], ["a (x/run)", "a (y/run)"]),
        ([run("a\udcff"), run("b")], ["a?", "b"]),
    ],
)
def test_a_name_says_no_more_than_it_must(runs: list[Known], names: list[str]) -> None:
    """The judge's; with what was asked, then with the folder, where two are called alike; always as Unicode."""
    assert labels(runs) == names
