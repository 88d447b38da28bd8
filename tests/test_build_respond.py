"""`rmb build respond`: several models answer each prompt, over HTTP; what is no response is left out with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from rmb.build import folder
from rmb.build.prompt import Category, Prompt
from rmb.build.recipe import Respond, blank
from rmb.build.response import Response, without_thoughts
from rmb.records import Message
from rmb.run.folder import write_lines
from tests.building import write_model
from tests.fake_api import FakeApi, Reply, Request
from tests.test_compare_command import Rmb, called

ASKED = ("What is a fjord?", "How do I tie a bowline?", "Write a haiku about rust.")
PLACE = Path("mine")


def prompt(asked: str, at: int) -> Prompt:
    """A prompt as `filter` lets it through."""
    category = Category("Helpfulness", "Chat", "Discussion")
    return Prompt(f"{at:016x}", (Message("user", asked),), "English", category=category)


def write_build(asked: tuple[str, ...] = ASKED, **sections: Any) -> None:
    """A build's folder whose prompts are filtered. sections: of build.yaml, laid over the defaults."""
    PLACE.mkdir(exist_ok=True)
    recipe = yaml.safe_load(blank(Path("source.jsonl")))
    for name, section in sections.items():
        recipe[name] |= section
    (PLACE / "build.yaml").write_text(json.dumps(recipe), encoding="utf-8")
    write_lines(PLACE / "filter.jsonl", [prompt(text, at).to_json() for at, text in enumerate(asked)])


def models(api: FakeApi, *names: str, **more: Any) -> dict[str, Any]:
    """A section that names models behind the fake API."""
    return {"models": [write_model(PLACE, name, api, **more) for name in names]}


def written(stage: str, part: str = "") -> list[dict[str, Any]]:
    """The records of a stage's file."""
    return list(folder.lines(PLACE, stage, part))


def told(stage: str) -> dict[str, Any]:
    """The stage's part of the data card."""
    part: dict[str, Any] = folder.read_card(PLACE)["stages"][stage]
    return part


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    PLACE.mkdir()
    return partial(called, capsys)


def echo(request: Request) -> Reply:
    """Says who was asked, and what."""
    return Reply(f"{request.body['model']}: {request.messages[-1]['content']}")


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """A provider whose models say who was asked, and what."""
    with FakeApi(echo) as asked:
        yield asked


def test_every_model_answers_every_prompt(rmb: Rmb, api: FakeApi) -> None:
    """A record for each prompt, model and sample, in this order whatever came first; a second run asks nothing."""
    write_build(respond=models(api, "b", "a") | {"samples": 2, "system": "Be brief.", "temperature": 0.7})
    ended = rmb("build", "respond", "mine", "-q")
    assert (ended.code, ended.err) == (0, "")
    found = written("respond")
    first = f"{0:016x}"
    assert [one["id"] for one in found[:5]] == [
        *(f"{first}/b/0", f"{first}/b/1", f"{first}/a/0", f"{first}/a/1", f"{1:016x}/b/0")
    ]
    assert found[2] == {
        "id": f"{first}/a/0",
        "prompt": first,
        "model": "a",
        "sample": 0,
        "text": f"a: {ASKED[0]}",
        "served": "a",
        "finish_reason": "stop",
        "answer": found[2]["answer"],
    }
    assert len({one["answer"] for one in found}) == len(api.requests) == 12
    assert all(one.messages[0] == {"role": "system", "content": "Be brief."} for one in api.requests)
    assert {(one.body["temperature"], one.body["max_tokens"]) for one in api.requests} == {(0.7, 1024)}
    card = told("respond")
    assert (card["came"], card["kept"], card["wanted"], card["waiting"]) == (3, 12, 12, 0)
    mean = sum(len(f"a: {text}") for text in ASKED) / 3
    assert card["models"]["a"]["mean_characters"] == pytest.approx(mean)
    assert (card["models"]["a"]["kept"], card["models"]["a"]["truncated"]) == (6, 0)
    paid = sum(card["models"][name]["cost_usd"] for name in "ab")
    assert paid == pytest.approx(card["cost_usd"])
    before = (PLACE / "respond.jsonl").read_bytes()
    assert rmb("build", "respond", "mine", "-q").code == 0
    assert (len(api.requests), (PLACE / "respond.jsonl").read_bytes()) == (12, before)
    assert told("respond")["models"]["a"] == card["models"]["a"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        pytest.param(Reply(""), "empty", id="nothing"),
        pytest.param(Reply(" \n\t"), "empty", id="blank"),
        pytest.param(Reply("<think>Let me see.</think>"), "empty", id="thoughts alone"),
        pytest.param(Reply("A fjord is", finish_reason="length"), "truncated", id="cut off"),
        pytest.param(Reply("", finish_reason="content_filter"), "content_filter", id="filtered"),
        pytest.param(Reply(None, refusal="I cannot help with that."), "refusal", id="refused"),
        pytest.param(
            Reply(status=400, error={"code": "context_length_exceeded", "message": "too long"}),
            "context_length",
            id="too long",
        ),
    ],
)
def test_what_is_no_response_is_left_out(rmb: Rmb, reply: Reply, reason: str) -> None:
    """The ledger says why; nothing of it waits, so nothing is asked again."""
    with FakeApi(lambda request: reply if "fjord" in str(request.messages) else echo(request)) as api:
        write_build(respond=models(api, "m"))
        assert rmb("build", "respond", "mine", "-q").code == 0
    assert [one["text"] for one in written("respond")] == [f"m: {text}" for text in ASKED[1:]]
    [left] = written("respond", "dropped")
    assert (left["id"], left["reason"]) == (f"{0:016x}/m/0", reason)
    card = told("respond")["models"]["m"]
    assert (card["kept"], card["dropped"], card["waiting"]) == (2, {reason: 1}, 0)
    assert card["truncated"] == pytest.approx((reason == "truncated") / 3)


def test_a_refusal_that_is_written_as_an_answer_is_a_response(rmb: Rmb) -> None:
    """What a model says for itself is for the judge to rate, and so is text with odd characters in it."""
    with FakeApi(Reply("Sorry, I won't.\x85 ]]> \\ \t{{ x }}")) as api:
        write_build(respond=models(api, "m"))
        assert rmb("build", "respond", "mine", "-q").code == 0
    lines = (PLACE / "respond.jsonl").read_text("utf-8").rstrip("\n").split("\n")
    assert {json.loads(line)["text"] for line in lines} == {"Sorry, I won't.\x85 ]]> \\ \t{{ x }}"}


@pytest.mark.parametrize(
    ("asked", "text", "expected"),
    [
        ("Hi", "<think>Hm.</think>\n\nHello!", "Hello!"),
        ("Hi", "Hm, hm.</think>Hello!", "Hello!"),
        ("Hi", " Hello!\n", " Hello!\n"),
        ("What does </think> do?", "It is </think>: an end tag.", "It is </think>: an end tag."),
    ],
)
def test_thoughts_are_no_part_of_a_response(asked: str, text: str, expected: str) -> None:
    """What the user is not to read is left out; all else stays letter for letter."""
    assert without_thoughts(text, prompt(asked, 0)) == expected


def test_one_model_down_keeps_what_the_others_gave(rmb: Rmb) -> None:
    """The stage stops with what it has, says how to go on, and then asks only what is missing."""
    down = {"b"}

    def script(request: Request) -> Reply:
        refused = request.body["model"] in down
        return Reply(status=401, error={"message": "a bad key"}) if refused else echo(request)

    with FakeApi(script) as api:
        write_build(respond=models(api, "a", "b", "c"))
        ended = rmb("build", "respond", "mine", "-q")
        assert ended.code == 3
        assert "a bad key" in ended.err
        assert "6 are waiting for answers; to go on: " in ended.err
        assert [one["model"] for one in written("respond")] == ["a"] * 3
        assert [told("respond")["models"][name]["waiting"] for name in "abc"] == [0, 3, 3]
        assert told("respond")["models"]["c"]["mean_characters"] is None
        asked = len(api.requests)
        down.clear()
        assert rmb("build", "respond", "mine", "-q").code == 0
        assert len(api.requests) - asked == 6
    assert [one["model"] for one in written("respond")] == list("abc") * 3


def test_the_budget_ends_the_stage_and_keeps_what_came(rmb: Rmb) -> None:
    """Exit code 4; what was paid for goes out, and the same command goes on with the rest."""
    with FakeApi(Reply("word " * 80)) as api:
        write_build(respond=models(api, "a", "b", limits={"concurrency": 1}) | {"max_tokens": 100})
        assert rmb("build", "respond", "mine", "-q", "--budget", "0.0007").code == 4
        kept = len(written("respond"))
        assert 0 < kept == len(api.requests) < 6
        assert told("respond")["waiting"] == 6 - kept
        assert rmb("build", "respond", "mine", "-q").code == 0
        assert len(written("respond")) == len(api.requests) == 6


def test_a_dry_run_asks_and_writes_nothing(rmb: Rmb, api: FakeApi) -> None:
    """It tells what each model would be asked, and how much of that is stored."""
    write_build(respond=models(api, "a"))
    assert rmb("build", "respond", "mine", "-q").code == 0
    before = (PLACE / "card.json").read_bytes()
    ended = rmb("build", "respond", "mine", "--dry-run")
    assert ended.code == 0
    assert ["a", "3", "3", "0"] in [line.replace("│", " ").split()[:4] for line in ended.out.splitlines()]
    assert (len(api.requests), (PLACE / "card.json").read_bytes()) == (3, before)


def test_samples_of_one_seed_would_all_be_the_same(rmb: Rmb, api: FakeApi) -> None:
    """A card's seed is sent where one sample is asked for, and left out where several are."""
    card = models(api, "m", sampling={"seed": 7, "top_p": 0.5})
    for samples, sent in ((1, {7}), (2, {None})):
        api.requests.clear()
        write_build(respond=card | {"samples": samples})
        assert rmb("build", "respond", "mine", "-q").code == 0
        assert {one.body.get("seed") for one in api.requests} == sent
        assert {one.body["top_p"] for one in api.requests} == {0.5}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["./absent.yaml"], "build.yaml, respond.models: no judge file 'mine/absent.yaml'"),
        (["gpt-4o-mni"], "respond.models: no judge 'gpt-4o-mni'; did you mean gpt-4o-mini"),
        (["longest"], "respond.models: longest writes nothing: it is no language model but a baseline judge"),
        (["embedded", "gpt-4o-mini", "embedded"], "respond.models: 2 cards are called embedded"),
        ([], "respond.models"),
    ],
)
def test_a_wrong_model_is_told_before_anything_is_asked(rmb: Rmb, names: list[str], message: str) -> None:
    """One line that names the key of build.yaml; exit code 2."""
    write_build(respond={"models": names})
    ended = rmb("build", "respond", "mine")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert message in ended.err


def test_no_prompts_make_no_responses(rmb: Rmb, api: FakeApi) -> None:
    """A filter that let nothing through is no error; one that was not run is."""
    write_build((), respond=models(api, "m"))
    assert rmb("build", "respond", "mine", "-q").code == 0
    assert told("respond")["models"]["m"] == {
        "kept": 0,
        "dropped": {},
        "waiting": 0,
        "mean_characters": None,
        "truncated": None,
        "cost_usd": 0.0,
    }
    (PLACE / "filter.jsonl").unlink()
    ended = rmb("build", "respond", "mine", "-q")
    assert ended.code == 2
    assert "run first: rmb build filter mine" in ended.err


def test_a_response_is_read_as_it_was_written() -> None:
    """What `to_json` writes `from_json` reads; a record of another shape is refused."""
    response = Response("p", "m", 1, "text", None, "stop", "key")
    assert Response.from_json(response.to_json()) == response
    with pytest.raises(TypeError, match="texts"):
        Response.from_json({**response.to_json(), "text": None})
    assert Respond().samples == 1
