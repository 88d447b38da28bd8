"""`rmb prompts diff`: what differs between two prompts, and which verdicts that changed."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from tests.fake_api import FakeApi, Reply, Request
from tests.test_cli import KEY, Rmb, write_card
from tests.test_compare_command import called, pair_record, write_records

RIGHT = {"pairwise_v1": {0, 1, 2}, "pairwise_v2": {2, 3}}
"""The pairs that each prompt gets right, of five."""


def prefers(request: Request) -> Reply:
    """The better response for the pairs that its prompt gets right, and the worse one for the others."""
    said = "\n".join(message["content"] for message in request.messages)
    template = "pairwise_v2" if "=== response" in said else "pairwise_v1"
    number = int(said.split("Question ")[1][0])
    first = said.index("good") < said.index("bad")
    return Reply("[[A]]" if first == (number in RIGHT[template]) else "[[B]]")


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Rmb:
    """Runs `rmb` with some words, in this process, with a key."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return partial(called, capsys)


@pytest.fixture
def runs(rmb: Rmb) -> tuple[str, str]:
    """A run of each prompt over five pairs."""
    write_records("data.json", [pair_record(number, "good", "bad") for number in range(5)])
    with FakeApi(prefers) as api:
        write_card("mine.yaml", api)
        for template in RIGHT:
            options = ["--data", "data.json", "--criteria", "none", "--style", "verdict_only", "-q"]
            assert (
                rmb(
                    "judge", "--judge", "./mine.yaml", "--template", template, *options, "--out", template
                ).code
                == 0
            )
    return "pairwise_v1", "pairwise_v2"


def test_two_templates_stand_side_by_side(rmb: Rmb) -> None:
    """What both have in one line, and what one of them has alone."""
    out = rmb("prompts", "diff", "pairwise_v1", "pairwise_v2").out
    assert "template pairwise_v1" in out.splitlines()[0]
    assert "template pairwise_v2" in out.splitlines()[0]
    both = [line for line in out.splitlines() if line.count("protocol: pairwise") == 2]
    assert len(both) == 1


def test_parts_that_are_the_same_are_left_out(rmb: Rmb) -> None:
    """A template is no other than itself; a file of one's own is held against the original."""
    assert rmb("prompts", "diff", "pairwise_v2", "pairwise_v2").out == ""
    copy = Path("mine.jinja")
    rmb("prompts", "show", "pairwise_v2")
    copy.write_text(rmb("prompts", "show", "pairwise_v2").out.replace("better", "worse"), encoding="utf-8")
    out = rmb("prompts", "diff", "pairwise_v2", "./mine.jinja").out
    assert "criteria" not in out.splitlines()[0]
    assert "Which response is worse" in out


def test_flips_are_named(rmb: Rmb, runs: tuple[str, str]) -> None:
    """Right in one run and wrong in the other, both ways, and how to look at one."""
    out = rmb("prompts", "diff", *runs).out
    assert "5 items in both runs, 3 with another verdict" in out
    assert "right → wrong  2: pairwise/0, pairwise/1" in out
    assert "wrong → right  1: pairwise/3" in out
    assert "rmb show pairwise_v1 --item pairwise/0" in out


def test_all_flips_as_json(rmb: Rmb, runs: tuple[str, str]) -> None:
    """For programs, with the names of the parts."""
    told = json.loads(rmb("prompts", "diff", *runs, "--json").out)
    assert told["flips"] == {
        "items": 5, "right_to_wrong": ["pairwise/0", "pairwise/1"], "wrong_to_right": ["pairwise/3"],
    }  # fmt: skip
    assert [parts["template"] for parts in told["parts"]] == list(runs)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["pairwise_v1", "pairwise_v9"], "no template 'pairwise_v9'; did you mean"),
        (["pairwise_v1", "."], "is no run folder"),
    ],
)
def test_what_is_neither_is_told(rmb: Rmb, names: list[str], told: str) -> None:
    """In one line."""
    ended = rmb("prompts", "diff", *names)
    assert ended.code == 2
    assert told in ended.err


def test_a_run_without_a_template_is_told(rmb: Rmb) -> None:
    """A judge without a model has no prompt."""
    assert rmb("judge", "--judge", "longest", "--limit", "4", "-q", "--out", "plain").code == 0
    assert (
        "its judge longest was asked through no template"
        in rmb("prompts", "diff", "plain", "pairwise_v1").err
    )
