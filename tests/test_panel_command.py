"""`rmb panel`: samples and judges put together, from the folders alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rmb.cli.recording import show_samples
from rmb.records import Usage
from rmb.report.table import Row
from rmb.run.panel import total_cost
from rmb.run.rows import read_rows
from tests.builders import showing
from tests.fake_api import FakeApi, Reply, Request
from tests.test_cli import FILES, Ended, read, write_card
from tests.test_compare_command import bytes_below, called, compared, folder_of, judged, pairs

Rmb = Callable[..., Ended]
JUDGES = ("longest", "shortest", "oracle")


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


@pytest.fixture
def three(rmb: Rmb) -> tuple[str, ...]:
    """Runs of the longest, the shortest and the oracle on ten pairs, four of which the longest gets wrong."""
    data = folder_of("data", pairs(range(10), wrong=range(4)))
    return tuple(judged(rmb, judge, data, judge) for judge in JUDGES)


def seated(rmb: Rmb, *words: str, code: int = 0) -> dict[str, Any]:
    """What `rmb panel --json` prints."""
    ended = rmb("panel", *words, "--json")
    assert ended.code == code, ended.err
    found: dict[str, Any] = json.loads(ended.out, parse_constant=pytest.fail)
    return found


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """A provider whose third reply of four names no response, and mine.yaml, a card that asks it."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-51c0ffee")

    def reply(_: Request) -> Reply:
        return Reply("I cannot say." if len(asked.requests) % 4 == 3 else "[[A]]")

    with FakeApi(reply) as asked:
        write_card("mine.yaml", asked)
        yield asked


# A panel of judges.


def test_a_majority_of_three_on_the_bundled_sample(rmb: Rmb) -> None:
    """Longest and shortest cancel out, so the oracle decides; where both agree on a tie, it decides as well."""
    for judge in JUDGES:
        assert rmb("judge", "--judge", judge, "--limit", "20", "--out", judge, "-q").code == 0
    found = seated(rmb, *JUDGES, "--out", "panel")
    assert found["panel"]["lacking"] == 0
    oracle = read("oracle/summary.json")
    for key in ("overall", "helpfulness", "harmlessness", "scenarios", "coverage"):
        assert found[key] == oracle[key]
    assert found == read("panel/summary.json")


@pytest.mark.usefixtures("three")
def test_figures_by_hand(rmb: Rmb) -> None:
    """Longest, first and oracle on ten pairs. Where the longest is right so is the majority; on the other four the
    oracle is right, the longest wrong, and the first decides: right in one order of two.
    """
    judged(rmb, "first", "data", "first")
    found = seated(rmb, "longest", "first", "oracle")
    assert found["helpfulness"]["pairwise"]["value"] == pytest.approx((6 + 4 * 0.5) / 10)
    assert found["consistent"]["helpfulness"]["pairwise"]["value"] == pytest.approx(6 / 10)
    told = {one["name"]: one["agreement"] for one in found["panel"]["members"]}
    assert [told["longest"], told["first"], told["oracle"]] == [
        {"value": 0.6, "n": 10},  # on the other four the panel says one thing in one order, one in the other
        {"value": 0.4, "n": 10},
        {"value": 0.6, "n": 10},
    ]


def test_the_folder_is_like_any_run_s(rmb: Rmb, three: tuple[str, ...]) -> None:
    """The same files; run.json names rule and members, and no member's folder changes by a byte."""
    before = bytes_below(*three)
    found = seated(rmb, *three, "--out", "panel", "--min-valid", "3")
    assert sorted(path.name for path in Path("panel").iterdir()) == FILES
    assert bytes_below(*three) == before
    manifest, member = read("panel/run.json"), read("oracle/run.json")
    card = manifest["judge"]["card"]
    assert manifest["judge"]["name"] == "panel(longest, shortest, oracle)"
    assert {name: card[name] for name in ("kind", "rule", "min_valid", "samples")} == {
        "kind": "panel", "rule": "majority", "min_valid": 3, "samples": None,
    }  # fmt: skip
    assert [one["name"] for one in card["members"]] == list(JUDGES)
    assert card["members"][2]["sha256"] == member["judge"]["sha256"]
    assert card["members"][2]["identity"] == manifest["identity"]["members"][2] == member["identity"]
    assert (manifest["template"], manifest["settings"]["samples"], manifest["ended"]) == (None, 1, "complete")
    assert (manifest["data"], manifest["schema"]) == (member["data"], member["schema"])
    assert found["counts"] == manifest["counts"]
    assert (found["counts"]["items"], found["counts"]["asked"], found["cost_usd"]) == (10, 0, 0)
    assert {row["judge"] for row in read_rows(Path("panel/items.parquet"))} == {manifest["judge"]["name"]}


def test_tables_go_to_stdout_and_messages_to_stderr(rmb: Rmb, three: tuple[str, ...]) -> None:
    """The table of any run, a line a member; where it is, below runs/ unless told otherwise, and its report."""
    ended = rmb("panel", *three)
    (place,) = Path("runs").iterdir()
    assert place.name.endswith("-panel-longest-shortest-oracle-majority")
    assert (ended.code, ended.err) == (
        0,
        f"panel(longest, shortest, oracle): nothing was asked → {place}\nreport → {place}/report.html\n",
    )
    assert ended.out.splitlines()[0].strip() == "Judges"
    assert ended.out.splitlines()[-4:] == [
        "longest: says what the panel says on 60.0 % of 10 comparisons",
        "shortest: says what the panel says on 40.0 % of 10 comparisons",
        "oracle: says what the panel says on 100.0 % of 10 comparisons",
        "the panel lacks 0 of 20 verdicts",
    ]
    assert "Scenarios, panel(longest, shortest, oracle)" in rmb("show", str(place)).out


def test_a_panel_can_be_compared_with_its_members(rmb: Rmb, three: tuple[str, ...]) -> None:
    """And with judges without a model, which it took over from its members."""
    seated(rmb, *three, "--out", "panel")
    found, errors = compared(rmb, "panel", "oracle")
    assert (found["items"], errors) == (10, [])
    assert found["pairs"][0]["judges"] == ["panel(longest, shortest, oracle)", "oracle"]
    assert found["pairs"][0]["finding"] == "identical"
    assert list(found["sanity"]) == ["longest", "shortest", "first", "last", "random"]


@pytest.mark.usefixtures("three")
def test_a_panel_can_sit_on_a_panel(rmb: Rmb) -> None:
    """It is a run like any other."""
    seated(rmb, "longest", "oracle", "--out", "two", "--rule", "mean")
    found = seated(rmb, "two", "shortest", "oracle", "--out", "three")
    assert read("three/run.json")["judge"]["name"] == "panel(panel(longest, oracle) mean, shortest, oracle)"
    assert found["panel"]["lacking"] == 0


@pytest.mark.usefixtures("three")
def test_the_mean_of_scores(rmb: Rmb) -> None:
    """Longest against oracle, where they differ: the larger margin in units of the judge's own spread wins."""
    found = seated(rmb, "longest", "oracle", "--rule", "mean", "--out", "panel")
    rows = read_rows(Path("panel/items.parquet"))
    # Each pair is 8 letters against 7 (short 0, the long 0): margins of the longest are ±1 times the same number.
    assert {round(abs(row["best_score"]), 12) for row in rows} == {0.0, 0.5}
    assert {row["verdict"] for row in rows} == {"chosen", "tie"}
    assert found["helpfulness"]["pairwise"]["value"] == 0.6


@pytest.mark.usefixtures("three")
def test_options_say_what_is_counted(rmb: Rmb) -> None:
    """A tie is worth what --tie says; without the option, what the members' runs say."""
    words = ("longest", "oracle", "--out", "panel")
    assert seated(rmb, *words)["helpfulness"]["pairwise"]["value"] == 0.6
    assert seated(rmb, *words, "--tie", "0.5")["helpfulness"]["pairwise"]["value"] == pytest.approx(0.8)
    for judge in ("longest", "oracle"):
        judged(rmb, judge, "data", judge, "--tie", "0.5")
    assert seated(rmb, *words)["convention"]["tie"] == 0.5


@pytest.mark.usefixtures("three")
def test_members_on_other_data_are_warned_of(rmb: Rmb) -> None:
    """The panel is of the items that all share; data, items and conventions that differ are named."""
    more = folder_of("more", pairs(range(5, 15)))
    judged(rmb, "oracle", more, "other", "--failure", "chance")
    ended = rmb("panel", "longest", "other", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["counts"]["items"] == 5
    lines = ended.err.splitlines()
    assert lines[0].startswith("rmb: these runs were made on different data (longest: fingerprint ")
    assert lines[1].endswith("; the panel's figures are under: tie 0, failure 0, expected, micro")
    assert lines[2] == ("rmb: put together on the 5 items that all share (longest has 10, oracle has 10)")
    assert lines[4].startswith("report → ")
    assert len(lines) == 5


# The samples of one judge.


@pytest.fixture
def sampled(rmb: Rmb, api: FakeApi) -> FakeApi:
    """A run of three samples of four pairs in `mine`, of a provider that always says the first, or nothing."""
    folder_of("data", pairs(range(4)))
    judged(rmb, "mine.yaml", "data", "mine", "--samples", "3", "--concurrency", "1")
    return api


def test_samples_of_one_run(rmb: Rmb, sampled: FakeApi) -> None:
    """Nothing is asked; the first K samples, or all; what they cost is what all that was asked cost."""
    asked = len(sampled.requests)
    found = seated(rmb, "mine", "--out", "panel")
    assert (len(sampled.requests), asked) == (24, 24)
    assert read("panel/run.json")["judge"]["name"] == "mine ×3 majority"
    assert found["first_position_rate"]["value"] == 1
    assert found["counts"] == {
        "items": 4, "comparisons": 4, "questions": 24, "asked": 0, "from_store": 24,
    }  # fmt: skip
    assert found["cost_usd"] == pytest.approx(read("mine/run.json")["cost_usd"])
    names = [one["name"] for one in found["panel"]["members"]]
    assert names == [f"mine sample {number}" for number in range(3)]
    two = seated(rmb, "mine", "--samples", "2", "--rule", "mean")
    assert two["counts"]["questions"] == 16
    (place,) = Path("runs").iterdir()
    assert place.name.endswith("-panel-mine-x2-mean")


@pytest.mark.usefixtures("sampled")
def test_verdicts_that_lack_are_in_the_ledger(rmb: Rmb) -> None:
    """Where all samples are needed, a reply that says nothing leaves the panel without a verdict."""
    found = seated(rmb, "mine", "--min-valid", "3", "--out", "panel")
    lines = [json.loads(line) for line in Path("panel/failures.jsonl").read_text().splitlines()]
    rows = [row for row in read_rows(Path("mine/items.parquet")) if row["failure"]]
    lost = {(row["item"], row["position"]) for row in rows}
    assert found["failures"] == {"parse": len(lost)}
    assert found["panel"]["lacking"] == len(lines) == len(lost) > 0
    assert lines[0]["detail"].endswith("gave a verdict, 3 are needed (parse 1)")
    assert len(lines[0]["answer_keys"]) == 3


@pytest.mark.usefixtures("api")
def test_answers_that_never_came_are_missing(rmb: Rmb) -> None:
    """A member that ended early leaves a panel that is not complete: exit code 1, as for the run itself."""
    folder_of("data", pairs(range(4)))
    for judge in ("longest", "oracle"):
        judged(rmb, judge, "data", judge)
    with FakeApi(Reply(status=500)) as broken:
        write_card("mine.yaml", broken)
        judged(rmb, "mine.yaml", "data", "mine", code=1)
    assert seated(rmb, "longest", "oracle", "mine")["coverage"] == 1
    assert seated(rmb, "longest", "oracle", "mine", "--min-valid", "3", code=1)["coverage"] == 0


@pytest.mark.usefixtures("sampled")
def test_summary_of_a_run_tells_what_samples_buy(rmb: Rmb, capsys: pytest.CaptureFixture[str]) -> None:
    """A block with a point for every k, and a table of it; nothing of it for a run that asked once."""
    summary = read("mine/summary.json")
    assert [step["k"] for step in summary["samples"]["together"]] == [1, 2, 3]
    three = seated(rmb, "mine")["helpfulness"]["pairwise"]
    # RMB has four sets and these pairs are one of them: Overall is of what there is.
    assert summary["samples"]["together"][2]["majority"] == three
    show_samples([Row("mine", summary)])
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown[2:] if line] == ["judge", "mine", "1", "2", "3"]
    assert "samples" not in read(judged(rmb, "longest", "data", "longest") + "/summary.json")
    show_samples([Row("longest", read("longest/summary.json"))])
    assert capsys.readouterr().out == ""


# What it would cost.


@pytest.mark.parametrize(
    ("answers", "cost"),
    [
        pytest.param([("a", 0.5), ("b", 0.25)], 0.75, id="each alone"),
        pytest.param([("ab", 0.5), ("ab", 0.5), ("c", 0.25)], 0.75, id="a list decides several comparisons"),
        pytest.param([("ab", 0.5), ("cd", 0.25)], 0.75, id="two answers in a row, each there once"),
        pytest.param(
            [("ab", 0.5), ("ac", 0.25)], None, id="a is in both, and what it cost alone is not told"
        ),
        pytest.param([("ab", 0.0), ("ac", 0.0)], 0.0, id="nothing cost anything"),
        pytest.param([("a", 0.5), ("b", None)], None, id="a price is not known"),
        pytest.param([("a", None), ("b", 0.0)], None, id="nor is it nothing"),
    ],
)
def test_cost_of_answers(answers: list[tuple[str, float | None]], cost: float | None) -> None:
    """Each answer is counted once, in however many rows it stands."""
    rows = [replace(showing(), keys=tuple(keys), usage=Usage(cost_usd=each)) for keys, each in answers]
    assert total_cost(rows) == cost


@pytest.mark.usefixtures("api")
def test_cost_that_rows_do_not_tell(rmb: Rmb) -> None:
    """Of lists whose responses were rated alone, the member's own account tells; not if answers were there before,
    or if only a part of its items is taken.
    """
    lists = ("-q", "--set", "bon", "--limit", "2", "--template", "pointwise_v1")
    for _ in range(2):
        assert rmb("judge", "--judge", "mine.yaml", "--judge", "oracle", "--out", "runs", *lists).code == 0
        if not Path("before").exists():
            Path("runs").rename("before")
    told = read("before/mine/run.json")["cost_usd"]
    assert seated(rmb, "before/mine", "before/oracle")["cost_usd"] == pytest.approx(told) != 0
    assert seated(rmb, "runs/mine", "before/oracle")["cost_usd"] is None
    assert rmb("judge", "--judge", "oracle", "--out", "less", *lists, "--limit", "1").code == 0
    fewer = seated(rmb, "before/mine", "less")
    assert (fewer["counts"]["items"], fewer["cost_usd"]) == (1, None)


# What is refused.


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["oracle"], "oracle was asked each question once: nothing to put together; ask with rmb judge --samples K"),
        (["oracle", "--samples", "1"], "oracle was asked each question once"),
        (["oracle", "longest", "./oracle"], "a run is named twice, and each judge has one voice"),
        (["oracle", "longest", "--min-valid", "3"], "3 valid verdicts are asked for, and there are 2 voices"),
        (["oracle", "longest", "--samples", "2"], "oracle: 2 samples are asked for, and there are 1"),
        (["oracle", "data"], "data is no run folder: it has no run.json"),
        (["oracle", "longest", "--out", "longest"], "longest is a run that is to be put together"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_cannot_be_put_together(rmb: Rmb, words: list[str], complaint: str) -> None:
    """One line, exit code 2, and no folder is left behind."""
    before = bytes_below(".")
    ended = rmb("panel", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"rmb: {complaint}")
    assert ended.err.count("\n") == 1
    assert bytes_below(".") == before


def test_a_panel_has_nothing_to_reread(rmb: Rmb, three: tuple[str, ...]) -> None:
    """It is made of verdicts; the members are the ones to read again."""
    seated(rmb, *three, "--out", "panel")
    ended = rmb("reread", "panel")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "rmb: panel(longest, shortest, oracle) was made of stored verdicts and has no answers of its own; reread "
        "its members (longest, shortest, oracle), then put them together again with rmb panel\n"
    )


def test_an_item_of_a_panel_can_be_looked_at(rmb: Rmb, three: tuple[str, ...]) -> None:
    """Each verdict of the panel, with how it was shown and its credit."""
    seated(rmb, *three, "--out", "panel")
    ended = rmb("show", "panel", "--item", "pairwise/0", "--data", "data")
    assert ended.code == 0
    assert "judge panel(longest, shortest, oracle)" in ended.out
    assert "--> loser 1" in ended.out
