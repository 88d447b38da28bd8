"""The axes of a study for each judge by itself, and what their levels take, from verdicts that are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rmb.outcomes import HEADLINE
from rmb.records import Failure, Question
from rmb.run import Settings
from rmb.studies.cell import Cell
from rmb.studies.findings import Findings
from tests.builders import honest, pair
from tests.test_sitting import Remote, sat, wrong

ITEMS = [pair("good", "bad", uid=str(number), asked=f"Question {number}?") for number in range(12)]
Script = Callable[[Question], Sequence[float] | Failure]


def silent(_: Question) -> Failure:
    """A script: a reply without a verdict."""
    return Failure("parse", "no verdict")


def refused(_: Question) -> Failure:
    """A script: no reply."""
    return Failure("transport", "no such host")


GRID: dict[tuple[str, str], Script] = {
    ("j", "a"): honest,
    ("j", "b"): wrong,
    ("k", "a"): wrong,
    ("k", "b"): honest,
    ("gone", "a"): refused,
    ("gone", "b"): refused,
    ("mute", "a"): silent,
    ("mute", "b"): honest,
    ("longest", "–"): honest,
}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """results.json of the grid; the baseline is the second cell of the second judge."""
    cells = [
        Cell(f"{style} {judge}", {"style": style, "judge": judge}, judge, Remote(script, name=f"{style} {judge}"), Settings("single", 1, 0))
        for (judge, style), script in GRID.items()
    ]  # fmt: skip
    return Findings(sat(cells, ITEMS), "b k", HEADLINE, resamples=50).to_json()


@pytest.mark.parametrize(("judge", "value"), [("j", 1.0), ("k", -1.0), ("mute", -1.0), ("gone", None)])
def test_each_judge_is_held_against_its_own_cell_as_the_baseline_is(
    found: dict[str, Any], judge: str, value: float | None
) -> None:
    """The reference is the baseline's style, wherever it stands; what nobody answered has no difference."""
    told = found["by_judge"][judge]
    assert (told["baseline"], told["fixed"]) == (f"b {judge}", {"judge": judge})
    effect = told["axes"]["style"]["levels"]["a"]["effect"]
    assert effect["reference"] == {"style": "b"}
    assert (effect["difference"] and effect["difference"]["overall"]["value"]) == value


def test_a_judge_with_one_cell_has_no_axes(found: dict[str, Any]) -> None:
    """Nothing of it can be held against anything."""
    assert sorted(found["by_judge"]) == ["gone", "j", "k", "mute"]


def test_one_judge_alone_is_the_whole_study() -> None:
    """What it shows stands in `factors`, and not a second time."""
    scripts = {"a": honest, "b": wrong}
    cells = [
        Cell(name, {"style": name, "judge": "j"}, "j", Remote(script, name=name), Settings("single", 1, 0))
        for name, script in scripts.items()
    ]
    told = Findings(sat(cells, ITEMS), "a", HEADLINE, resamples=50).to_json()
    assert told["by_judge"] == {}
    assert told["factors"]["axes"]["style"]["levels"]["b"]["effect"]["difference"]["overall"]["value"] == -1


def test_replies_without_a_verdict_are_a_share_of_replies(found: dict[str, Any]) -> None:
    """What was never answered counts for neither; where that is all, there is no share, and no price."""
    levels = {judge: told["axes"]["style"]["levels"] for judge, told in found["by_judge"].items()}
    mute = levels["mute"]["a"]["takes"]
    failed = mute["failures"]["parse"]
    # A judge that fails again and again is asked no more.
    assert mute["failures"] == {"parse": failed, "cancelled": len(ITEMS) - failed}
    assert (mute["no_verdict"], levels["mute"]["b"]["takes"]["no_verdict"]) == (1.0, 0.0)
    gone = levels["gone"]["a"]["takes"]
    assert (gone["no_verdict"], gone["usd_per_1000_items"]) == (None, None)
    together = found["factors"]["axes"]["style"]["levels"]["a"]["takes"]
    assert together["no_verdict"] == failed / (2 * len(ITEMS) + failed)
