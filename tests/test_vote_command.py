"""`rmb vote`: whether judges can stand in for the labels, from the folders of their runs alone."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rmb.canonical import fraction
from rmb.cli.main import rmb as group
from rmb.report.figures.voting import voting
from rmb.report.vote_findings import findings
from rmb.report.voting import tables
from rmb.run.folder import read
from tests.drawn import parsed, points
from tests.test_cli import Ended
from tests.test_compare_command import bytes_below, called, folder_of, judged, pairs
from tests.test_figures import HOSTILE

Rmb = Callable[..., Ended]
JUDGES = ("longest", "shortest", "first", "random", "oracle")
RULES = ("majority", "weighted", "log_odds")
THREE = ("longest", "shortest", "oracle")
MAJORITY = ("--rule", "majority")


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Runs of five judges without a model on the bundled sample, and of recorded scores that are mostly right."""
    out = tmp_path_factory.mktemp("runs")
    usual = ["judge", "--limit", "32", "--no-report", "-q", "--cache", str(out / "cache")]
    wanted = [word for judge in JUDGES for word in ("--judge", judge)]
    assert group.main([*usual, *wanted, "--out", str(out)], standalone_mode=False) == 0
    items = [one.item for one in read(out / "oracle").outcomes]
    scores = [[(n == one.best) + 1.5 * fraction(one.id, n) for n in range(len(one.marks))] for one in items]
    told = [json.dumps({"id": one.id, "scores": mine}) for one, mine in zip(items, scores, strict=True)]
    (out / "recorded.jsonl").write_text("\n".join(told), encoding="utf-8")
    mine = ["--judge", str(out / "recorded.jsonl"), "--out", str(out / "mine")]
    assert group.main([*usual, *mine], standalone_mode=False) == 0
    return [*(str(out / judge) for judge in JUDGES), str(out / "mine")]


def voted(rmb: Rmb, *words: str) -> tuple[dict[str, Any], list[str]]:
    """What `rmb vote --json` prints, and its lines on stderr."""
    ended = rmb("vote", *words, "--json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out, parse_constant=pytest.fail), ended.err.splitlines()


def last(found: dict[str, Any]) -> dict[str, Any]:
    """The panel of all judges, one vote each."""
    line: dict[str, Any] = found["rules"]["majority"]["sizes"][-1]
    return line


def test_all_of_it_is_told_as_json(rmb: Rmb, six: list[str]) -> None:
    """Every rule, every size of panel, and each judge under replaced labels; nothing of a run changes by a byte."""
    before = bytes_below(*six)
    found, errors = voted(rmb, *six)
    assert (errors, found["warnings"]) == ([], [])
    assert (found["items"], found["unanswered"], found["seed"], found["folds"]) == (32, 0, 0, 5)
    assert tuple(found["rules"]) == RULES
    for each in found["rules"].values():
        assert [(one["size"], one["panels"]) for one in each["sizes"]] == [
            (1, 6), (2, 15), (3, 20), (4, 15), (5, 6), (6, 1),
        ]  # fmt: skip
        assert len(each["replaced"]["judges"]) == 6
        assert each["replaced"]["correlation"]["n"] == 6
    oracle = next(one for one in found["judges"] if one["name"] == "oracle")
    assert (oracle["agreement"]["value"], oracle["kind"]) == (1, "baseline")
    assert found["best_single"]["name"] == "oracle"
    assert {one["kind"] for one in found["rules"]["majority"]["makeup"]} == {"baseline", "mixed"}
    assert bytes_below(*six) == before


def test_the_answer_comes_first(rmb: Rmb, six: list[str]) -> None:
    """Sentences, then tables, on stdout; nothing on stderr."""
    ended = rmb("vote", *six)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert re.match(r"A majority of 6 judges agrees with the labels on \d+\.\d % \(95 %: ", lines[0])
    assert "the best single judge, oracle, on 100.0 %" in lines[0]
    assert "points less by voting" in lines[0]
    assert lines[1].startswith("An even number may tie: panels of 5 agree on ")
    assert lines[2].startswith("A vote weighted by accuracy agrees on ")
    assert any(line.startswith("Independent judges of these accuracies would reach ") for line in lines)
    for title in ("Agreement with the labels, by panel size", "Agreement by make-up (majority)", "Judges"):
        assert title in map(str.strip, lines)
    assert lines[-1].startswith("Krippendorff's α ")


def test_files_hold_the_same(rmb: Rmb, six: list[str]) -> None:
    """The JSON is that on stdout; the picture shows every figure by its path in it, is well-formed, and has no style."""
    found, errors = voted(
        rmb, *six, "--rule", "log_odds", "--rule", "majority", "--out", "all.json", "--out", "it.svg"
    )
    assert errors == ["rmb: all.json", "rmb: it.svg"]
    assert json.loads(Path("all.json").read_text(encoding="utf-8")) == found
    assert list(found["rules"]) == ["log_odds", "majority"]
    assert "Agreement with the labels by panel size" in Path("it.svg").read_text(encoding="utf-8")
    marked = points(parsed(voting(found)))
    assert len(marked) == 6 + 2 * 6
    for one in marked:
        place: Any = found
        for key in one.attrib["data-path"].split("."):
            place = place[int(key)] if key.isdigit() else place[key]
        assert place["value"] == float(one.attrib["data-value"])


def test_whatever_judges_are_called(rmb: Rmb, six: list[str]) -> None:
    """A name is data: no markup, no escape of a screen, no second line; the drawing is well-formed."""
    found, _ = voted(rmb, *six, *MAJORITY)
    text = json.dumps(found)
    for judge, name in zip(
        ("longest", "oracle", "mine"), [*HOSTILE[:1], "[red]\x1b[31m\n", "\ud800"], strict=True
    ):
        text = text.replace(f'"{judge}"', json.dumps(name))
    renamed = json.loads(text)
    renamed["findings"] = findings(renamed)
    assert all(sentence.isprintable() for sentence in renamed["findings"])
    console = Console(width=300, file=io.StringIO(), record=True)
    for part in tables(renamed):
        console.print(part, markup=False, highlight=False)
    told = console.export_text()
    assert "[red]" in told
    assert not set("\x1b\ud800") & set(told)
    assert "<script>" not in ET.tostring(parsed(voting(renamed)), encoding="unicode")


def test_options_say_what_is_computed(rmb: Rmb, six: list[str]) -> None:
    """Ties worth half, fewer panels, another seed: the same command gives the same, another one something else."""
    four = ("--rule", "majority", "--most", "4")
    found, _ = voted(rmb, *six, *four)
    lines = found["rules"]["majority"]["sizes"]
    assert [(one["panels"], one["of"]) for one in lines][1:3] == [(4, 15), (4, 20)]
    shown = rmb("vote", *six, *four).out
    assert "4 of 15" in shown
    assert all(line in shown for line in found["findings"])
    assert voted(rmb, *six, *four, "--seed", "1")[0]["rules"]["majority"]["sizes"] != lines
    half = voted(rmb, *six[:2], *MAJORITY, "--tie", "0.5")[0]
    assert (half["convention"]["tie"], last(half)["mean"]["value"]) == (0.5, 0.5)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of three judges on ten pairs, four of which the longest gets wrong, and of the oracle on others."""
    root = tmp_path_factory.mktemp("small")
    data = folder_of(str(root / "data"), pairs(range(10), wrong=range(4)))
    away = folder_of(str(root / "away"), pairs(range(90, 95)))
    usual = ["judge", "--no-report", "-q", "--cache", str(root / "cache")]
    three = [word for judge in THREE for word in ("--judge", judge)]
    assert group.main([*usual, "--data", data, *three, "--out", str(root)], standalone_mode=False) == 0
    far = ["--judge", "oracle", "--out", str(root / "far")]
    assert group.main([*usual, "--data", away, *far], standalone_mode=False) == 0
    return root


@pytest.fixture
def three(small: Path) -> tuple[str, ...]:
    """The folders of the three."""
    return tuple(str(small / judge) for judge in THREE)


def test_few_judges_and_few_conversations_are_said(rmb: Rmb, three: tuple[str, ...]) -> None:
    """Two judges cannot outvote each other; no claim on ranks is made of fewer than five."""
    found, _ = voted(rmb, *three, *MAJORITY)
    assert found["findings"][0].startswith("10 conversations only: ")
    assert last(found)["mean"]["value"] == 1
    assert found["rules"]["majority"]["makeup"] == []
    pair, _ = voted(rmb, *three[:2], "--out", "two.svg", *MAJORITY)
    assert "Two judges cannot outvote each other" in pair["findings"][1]
    assert pair["findings"][-1].endswith("2 judges have a figure under both, too few to correlate ranks.")
    assert last(pair)["unlabelled"] == 1


def test_what_runs_differ_in_is_warned_of(rmb: Rmb, three: tuple[str, ...]) -> None:
    """Other data, other conventions, other items: named on stderr and in the JSON."""
    other = judged(
        rmb, "first", folder_of("more", pairs(range(5, 15))), "other", "--tie", "0.5", "--no-report"
    )
    found, errors = voted(rmb, *three, other, *MAJORITY)
    assert found["items"] == 5
    assert [f"rmb: {line}" for line in found["warnings"]] == errors
    assert [line.split(" (")[0] for line in errors[:2]] == [
        "rmb: these runs were made on different data", "rmb: these runs were made under different conventions",
    ]  # fmt: skip
    assert errors[2].startswith("rmb: compared on the 5 items that all share (longest has 10")


def recorded(rmb: Rmb, data: str, name: str, scores: dict[str, list[float | None]], *, code: int = 0) -> str:
    """The run of scores on file, by item."""
    told = [json.dumps({"id": item, "scores": mine}) for item, mine in scores.items()]
    Path(f"{name}.jsonl").write_text("\n".join(told), encoding="utf-8")
    return judged(rmb, f"{name}.jsonl", data, name, "--no-report", code=code)


def test_judges_that_say_nothing(rmb: Rmb, small: Path, three: tuple[str, ...]) -> None:
    """A judge without any verdict abstains, and is named; answers that never came are left out, and counted."""
    data = str(small / "data")
    mute = recorded(rmb, data, "mute", {f"pairwise/{number}": [None, None] for number in range(10)})
    found, errors = voted(rmb, *three, mute, *MAJORITY)
    assert errors == ["rmb: mute has no verdict on any comparison, so it never votes"]
    without, _ = voted(rmb, *three, *MAJORITY)
    assert last(found)["mean"] == last(without)["mean"]
    assert (found["judges"][3]["accuracy"], found["judges"][3]["abstains"]) == (None, 1)
    excluded, _ = voted(rmb, mute, three[2], "--failure", "excluded", "--out", "it.svg", *MAJORITY)
    assert excluded["judges"][0]["agreement"] is None
    half = recorded(rmb, data, "half", {f"pairwise/{number}": [1, 0] for number in range(5)}, code=1)
    found, errors = voted(rmb, *three, half, *MAJORITY)
    assert errors == ["rmb: voted on the 5 of 10 comparisons that all judges answered"]
    others = recorded(rmb, data, "others", {f"pairwise/{number}": [1, 0] for number in range(6, 10)}, code=1)
    ended = rmb("vote", *three, half, others)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "rmb: no comparison was answered in all runs: others answered 4 of 10; run it again\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["oracle"], "a vote takes two runs at least, and three to outvote one: rmb vote RUN RUN RUN…"),
        (["oracle", "longest", "./oracle"], "a run is named twice, and each judge has one vote"),
        (["oracle", "data"], "data is no run folder: it has no run.json"),
        (["oracle", "far"], "oracle and far share no item, so there is nothing to vote on"),
        (["oracle", "longest", "--out", "it.txt"], "--out it.txt is of no known kind; end it in .json, .pdf, .png, .svg"),
        (["oracle", "longest", "--out", "no/it.json"], "cannot write no/it.json: No such file or directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_cannot_be_voted_on(
    rmb: Rmb, small: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], complaint: str
) -> None:
    """One line says why, and nothing is written."""
    monkeypatch.chdir(small)
    before = bytes_below(".")
    ended = rmb("vote", *words)
    assert ended.code == (74 if "cannot write" in complaint else 2)
    assert ended.err.startswith(f"rmb: {complaint}")
    assert (ended.out, ended.err.count("\n")) == ("", 1)
    assert bytes_below(".") == before
