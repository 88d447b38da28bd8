"""What a study shows, held against the figures of the same verdicts found the other way, judge by judge."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rmb.errors import RefusedError
from rmb.metrics.columns import columns
from rmb.metrics.comparison import compare
from rmb.metrics.paired import holm, paired
from rmb.metrics.summary import summarise
from rmb.outcomes import HEADLINE, Convention
from rmb.records import Failure, Item, Question
from rmb.report.study import tables
from rmb.run import Settings
from rmb.studies.execute import Sat
from rmb.studies.findings import Findings
from rmb.studies.folder import csv_lines
from tests.builders import always_first, honest, listing, pair
from tests.test_sitting import Remote, cell, sat, wrong

ITEMS = [
    *(pair("good", "bad", uid=str(number), asked=f"Question {number}?") for number in range(40)),
    *(
        listing("good", ["bad", "worse"], uid=str(number), asked=f"List {number}?", path="harmlessness/S1")
        for number in range(10)
    ),
]
SINGLE = Settings("single", 1, 0)


def half(question: Question) -> Sequence[float]:
    """A script: right about every other question."""
    odd = int(question.conversation[0].content.split()[1][:-1]) % 2
    return wrong(question) if odd else honest(question)


def found(
    study: Sat, baseline: str, *, level: float | None = None, convention: Convention = HEADLINE
) -> Findings:
    """The findings of a study, with few draws."""
    return Findings(study, baseline, convention, resamples=200, level=level)


@pytest.fixture(scope="module")
def four() -> Sat:
    """Cells of four judges, one of which says what it saw first."""
    scripts = {"half": half, "right": honest, "first": always_first, "wrong": wrong}
    return sat([cell(Remote(script, name=name, at_once=4)) for name, script in scripts.items()], ITEMS)


@pytest.mark.parametrize(
    "convention", [HEADLINE, Convention(order="consistent"), Convention(average="macro")]
)
def test_figures_are_those_of_a_run(four: Sat, convention: Convention) -> None:
    """Each line has what summary.json would have of the same outcomes."""
    told = Findings(four, "half", convention).to_json()
    for line in told["leaderboard"]:
        outcomes = next(one for one in four.results if one.cell.name == line["cell"]).outcomes
        summary = summarise(outcomes, convention=convention)
        assert line["helpfulness"] == summary["helpfulness"]
        assert line["harmlessness"] == summary["harmlessness"]
        assert line["coverage"] == summary["coverage"]
        present = [
            summary[goal][kind]["value"]
            for goal, kind in (("helpfulness", "pairwise"), ("harmlessness", "bon"))
        ]
        assert line["overall"]["value"] == pytest.approx(sum(present) / 2)


def test_tests_are_those_of_compare(four: Sat) -> None:
    """Difference and p of two cells are those of `rmb compare`; Holm is over the cells beside the baseline."""
    told = {
        line["cell"]: line["against_baseline"]
        for line in Findings(four, "half", HEADLINE).to_json()["leaderboard"]
    }
    assert told.pop("half") is None
    base = columns(four.results[0].outcomes)
    each = {one.cell.name: paired(columns(one.outcomes), base, HEADLINE, pairs=3) for one in four.results[1:]}
    for name, result in each.items():
        assert result is not None
        assert told[name]["difference"] == result.cells
        assert told[name]["p"] == result.p
    adjusted = holm([told[name]["p"] for name in told])
    assert [told[name]["p_holm"] for name in told] == adjusted
    both = {one.cell.name: one.outcomes for one in four.results[:2]}
    (alone,) = compare(both).pairs
    assert alone.difference is not None
    assert alone.difference.p == told["right"]["p"]


def test_the_order_is_that_of_overall(four: Sat) -> None:
    """Best first."""
    told = found(four, "half").to_json()
    assert [line["cell"] for line in told["leaderboard"]] == ["right", "half", "first", "wrong"]
    assert told["sensitivity"]["conventions"][0]["best"] == ["right"]
    assert told["adaptive"] is None


def test_one_cell_is_a_study() -> None:
    """Nothing to compare with: no factors, no other conventions' best, and tables all the same."""
    told = found(sat([cell(Remote(honest, name="only"))], ITEMS), "only").to_json()
    (line,) = told["leaderboard"]
    assert (line["is_baseline"], line["is_pareto"], line["against_baseline"]) == (True, True, None)
    assert told["factors"] is None
    assert told["sensitivity"] is None
    assert len(list(tables(told))) > 0
    assert len(list(csv_lines(told))) == 1


@pytest.mark.parametrize("script", [lambda _: RefusedError("no key"), lambda _: Failure("transport", "down")])
def test_a_baseline_without_any_answer_is_no_crash(script: object) -> None:
    """Nothing is compared with it; the others have their figures; tables and CSV are made."""
    cells = [
        cell(Remote(script, name="none")),
        cell(Remote(honest, name="right")),
        cell(Remote(half, name="half")),
    ]  # type: ignore[arg-type]
    told = found(sat(cells, ITEMS), "none").to_json()
    assert [line["cell"] for line in told["leaderboard"]] == ["right", "half", "none"]
    assert all(line["against_baseline"] is None for line in told["leaderboard"])
    assert told["leaderboard"][2]["overall"] is None
    assert told["leaderboard"][2]["error"]
    assert len(list(tables(told))) > 0
    assert len(list(csv_lines(told))) == 3


def test_no_cell_with_any_answer_is_no_crash() -> None:
    """Nothing measured, nothing said."""
    cells = [cell(Remote(lambda _: Failure("transport", "down"), name=name)) for name in "ab"]
    told = found(sat(cells, ITEMS), "a").to_json()
    assert [line["overall"] for line in told["leaderboard"]] == [None, None]
    assert told["pareto"] == []
    assert len(list(tables(told))) > 0


MANY: list[Item] = [
    pair("good", "bad", uid=str(number), asked=f"Question {number}?") for number in range(120)
]


def stopped(names: Sequence[str], *, shared: bool = False) -> Sat:
    """A study of a judge that is right, and of others that are always wrong and are stopped; shared: by one scorer."""
    scorer = Remote(wrong, name="wrong", at_once=2)
    worse = [
        cell(scorer if shared else Remote(wrong, name=name, at_once=2), name=name, settings=SINGLE)
        for name in names
    ]
    return sat(
        [cell(Remote(honest, name="right", at_once=2), settings=SINGLE), *worse], MANY, level=0.05, keep=[0]
    )


def test_a_stopped_cell_has_no_p() -> None:
    """When it was stopped hung on its verdicts, so no test holds; Holm is over the others; it is told why."""
    told = found(stopped(["wrong"]), "right", level=0.05).to_json()
    line = told["leaderboard"][-1]
    assert line["stopped"]["after"] >= 20
    assert line["stopped"]["p"] <= 0.05
    against = line["against_baseline"]
    assert (against["p"], against["p_holm"], against["finding"]) == (None, None, "stopped")
    assert against["words"].startswith("wrong was stopped after ")
    assert "clearly worse than right" in against["words"]
    assert not line["is_pareto"]
    assert told["pareto"] == ["right"]


@pytest.mark.parametrize("shared", [False, True])
def test_what_was_saved_is_counted_once(shared: bool) -> None:
    """Two stopped cells: of the same questions they save them once; of their own, each its own."""
    study = stopped(["one", "other"], shared=shared)
    saved = found(study, "right", level=0.05).saved()
    assert saved is not None
    asked = study.asked + study.from_store
    every = 120 * (2 if shared else 3)
    assert saved["questions"] == every - asked > 0
    assert saved["share"] == pytest.approx(1 - asked / every)
    assert saved["usd"] == pytest.approx(0.01 * saved["questions"])


def test_nothing_is_saved_where_nothing_could_be(four: Sat) -> None:
    """A study that stops no cell saves nothing; one that was not to stop any says nothing of it."""
    assert found(four, "half").saved() is None
    saved = found(four, "half", level=0.05).saved()
    assert saved == {"questions": 0, "share": 0.0, "usd": 0.0}
