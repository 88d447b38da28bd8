"""Keys: whatever a provider says, and however a run ends, no file, no stream and no error holds the key it was asked with.

Real clients talk to hostile loopback servers. What is searched for is the key as it is, in a URL, and in base64.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb import credentials
from rmb.cards import open_card
from rmb.cli.main import rmb as commands
from rmb.cli.main import run
from rmb.credentials import cleaned, hidden
from rmb.errors import RmbError
from rmb.records import Answer, Failure, Token
from rmb.run.plan import plan
from rmb.scorers import Setup, open_scorer
from rmb.templates import Template
from tests.builders import pair
from tests.conftest import CHECKOUT
from tests.fake_api import FakeApi, Reply
from tests.fake_reward_api import FakeRewardApi, Fault
from tests.key_search import KEY, blobs, found_in, holds

HTML = {"Content-Type": "text/html"}
HEADER = f"Authorization: Bearer {KEY}"
BASE64 = base64.b64encode(HEADER.encode()).decode()


def completion(**changes: Any) -> bytes:
    """A chat completion, with another value in some of its places."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "[[A]]"}}
    return json.dumps({"id": KEY, "model": KEY, "choices": [choice], **changes}).encode()


LEAKS: Mapping[str, Reply] = {
    **{
        str(status): Reply(status=status, error={"message": HEADER, "code": KEY, "type": KEY})
        for status in (400, 403, 404, 413, 429, 500, 529)
    },
    "401": Reply(status=401, error={"message": f"Incorrect API key provided: {KEY}."}),
    "an error in a 200": Reply(error={"message": HEADER, "code": 502}),
    "a header": Reply(headers={"x-echo": HEADER, "Retry-After": KEY, "x-request-id": KEY}),
    "a header of an error": Reply(status=500, headers={"x-echo": HEADER, "Retry-After": KEY, "Date": KEY}),
    "the text": Reply(f"I was asked with {KEY}. [[A]]"),
    "the text, URL-encoded": Reply(f"?key={quote(KEY, safe='')}&{quote(KEY, safe='').lower()} [[A]]"),
    "the text, in base64": Reply(f"{BASE64} [[A]]"),
    "the tokens": Reply(f"A {KEY}", logprobs={"A": -0.1, KEY: -3.0}),
    "a refusal": Reply(refusal=f"I will not say {KEY}."),
    "the model": Reply(model=KEY),
    "the finish": Reply(finish_reason=KEY),
    "a filtered reply": Reply(status=400, error={"message": f"content management policy {KEY}"}),
    "token counts": Reply(body=completion(usage={"prompt_tokens": KEY, "completion_tokens": KEY})),
    "choices of another shape": Reply(body=completion(choices=[{"message": {"content": {KEY: KEY}}}])),
    "no choices": Reply(body=completion(choices=[])),
    "broken JSON": Reply(body=f'{{"choices": [{{"{HEADER}": '.encode()),
    "a page": Reply(body=f"<html>{HEADER} {BASE64}</html>".encode(), headers=HTML),
    "a page of a proxy": Reply(status=502, body=f"<html>{HEADER}</html>".encode(), headers=HTML),
}
"""Where a hostile server puts the key."""
FATAL = ("401", "403", "404")
PASSING = [leak for leak in LEAKS if leak not in {*FATAL, "429"}] + ["429"]
"""Those that do not end a run; at last the one that makes it slow."""

CARDS = {
    "litellm": "kind: generative\nmodel: openai/m\nkey: MY_OWN_KEY\nbase_url: {url}/v1\n",
    "direct": "kind: generative\nmodel: openai/m\nkey: OPENAI_API_KEY\nbase_url: {url}/v1\ntransport: direct\n",
    "anthropic": "kind: generative\nmodel: anthropic/claude-3-haiku-20240307\nkey: ANTHROPIC_API_KEY\nbase_url: {url}\n",
    "served": "kind: served_reward\nmodel: rm\nkey: MY_OWN_KEY\nbase_url: {url}\napi: vllm_classify\n",
}
"""Every way to ask, with a key of the usual variable or of one's own."""
MORE = "summary: For tests.\nlimits: {{concurrency: 4, attempts: 1, deadline_s: 30}}\n"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key in every variable; what was remembered of it is forgotten."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MY_OWN_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setattr(credentials, "_forms", {})


def served(way: str, *leaks: str) -> AbstractContextManager[Any]:
    """A server that answers the first question well, then leaks in each of these ways, and then answers well again.

    Of reward models there are two first questions, the second with the activation on.
    """
    replies = [Reply(), *(LEAKS[leak] for leak in leaks), Reply()]
    return FakeRewardApi(list(map(fault, [Reply(), *replies]))) if way == "served" else FakeApi(replies)


def fault(reply: Reply) -> Fault:
    """What a server of reward models says instead of a score."""
    said = str((reply.error or {}).get("message", reply.text)) if reply.body is None else None
    body = reply.body.decode() if reply.body is not None else None
    score = json.dumps(
        {"model": KEY, "data": [{"probs": [2.5], "label": said}], "usage": {"prompt_tokens": 3}}
    )
    good = reply.status == 200 and body is None and not reply.error
    return Fault(status=reply.status, message=said or "", headers=reply.headers, body=score if good else body)


def card(way: str, url: str) -> str:
    """A card in the working folder, as --judge names it."""
    Path("mine.yaml").write_text((CARDS[way] + MORE).format(url=url))
    return "./mine.yaml"


def rmb(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, str]]:
    """The exit code of a command, and what it wrote."""
    with pytest.raises(SystemExit) as end:
        run(commands, args=list(words), prog_name="rmb")
    out, err = capfd.readouterr()
    return int(end.value.code or 0), {"stdout": out, "stderr": err}


JUDGE = (
    "judge",
    "--scenario",
    "harmlessness/*",
    "--limit",
    "14",
    "--template",
    "pairwise_logprob_v1",
    "--out",
    "run",
    "--verbose",
)


@pytest.mark.parametrize("way", CARDS)
def test_no_place_holds_a_key_that_a_server_repeats(
    way: str, clean_environment: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Store, journal, run folder and its report, stdout and stderr of a run that meets every leak that does not end it."""
    with served(way, *PASSING) as api:
        code, streams = rmb(capfd, *JUDGE, "--judge", card(way, api.url))
    assert code == 1, streams["stderr"]
    assert len(api.requests) > len(PASSING)
    assert (clean_environment / "run" / "report.html").is_file()
    assert found_in(clean_environment, **streams) == set()
    assert "[key]" in streams["stderr"]


@pytest.mark.parametrize("way", CARDS)
@pytest.mark.parametrize("leak", FATAL)
def test_nor_does_the_message_of_a_refusal(
    leak: str, way: str, clean_environment: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A provider that refuses is told of in one line, with what it said."""
    with served(way, leak) as api:
        code, streams = rmb(capfd, *JUDGE, "--limit", "2", "--json", "--judge", card(way, api.url))
    assert code in {1, 3}, streams["stderr"]
    assert found_in(clean_environment, **streams) == set()


def test_nor_does_the_folder_of_a_study(clean_environment: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its manifest, its results, its report, the runs of its cells."""
    words = (
        "ablate",
        "--template",
        "pairwise_v1,pairwise_v2",
        "--scenario",
        "harmlessness/*",
        "--yes",
        "--out",
        "study",
    )
    with served("direct", *PASSING) as api:
        _, streams = rmb(capfd, *words, "--judge", card("direct", api.url))
    for name in ("study.json", "report.html"):
        assert (clean_environment / "study" / name).is_file()
    assert found_in(clean_environment, **streams) == set()


def test_the_search_finds_what_is_there(
    clean_environment: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same run of a judge that has another key: then it is only a text, in all places."""
    monkeypatch.setenv("OPENAI_API_KEY", "another-key-altogether")
    with served("direct", "the text", "the text, in base64", "500") as api:
        _, streams = rmb(capfd, *JUDGE, "--judge", card("direct", api.url))
    found = {re.sub(r"^cache/.*/", "", place) for place in found_in(clean_environment, **streams)}
    assert {"cache.db", "journal", "run/failures.jsonl", "run/report.html", "stderr"} <= found
    packed = list(blobs(clean_environment / "run" / "report.html"))[1:]
    assert any(map(holds, packed))


# What a client gives


@pytest.mark.parametrize("way", CARDS)
@pytest.mark.parametrize("leak", LEAKS)
def test_no_reply_and_no_error_holds_a_key(leak: str, way: str) -> None:
    """Nor the traceback of an error, which shows those that it came from."""
    with served(way, leak) as api:
        scorer = open_scorer(
            open_card(card(way, api.url)), Setup(template=Template.load("pairwise_logprob_v1"))
        )
        planned = plan([pair()], width=scorer.width, orders="both", samples=2, seed=0)

        async def replies() -> list[Any]:
            return [reply async for _, reply in scorer.answer(planned.questions)]

        try:
            told = repr(asyncio.run(replies()))
        except RmbError as error:
            told = "".join(traceback.format_exception(error))
    assert not holds(told.encode()), told


# Where keys come from


@pytest.mark.parametrize(
    ("lines", "environment", "code"),
    [
        pytest.param(f"key: {KEY}", {}, 2, id="a key in place of its variable"),
        pytest.param("key: gsk_7Qf3Zx9wAbCd", {}, 2, id="a key that could be a variable"),
        pytest.param(f'key: "{KEY}', {}, 2, id="in a card that is no YAML"),
        pytest.param(f"key: [{KEY}: {KEY}: x", {}, 2, id="in another that is none"),
        pytest.param(f"api_key: {KEY}", {}, 2, id="under a name that cards do not have"),
        pytest.param("", {"OPENAI_BASE_URL": f"https://user:{KEY}@127.0.0.1/v1"}, 2, id="a password in the endpoint"),
        pytest.param("", {"OPENAI_BASE_URL": f"http://127.0.0.1:9/v1?api-key={quote(KEY)}"}, 1, id="a query"),
        pytest.param("key: OPENAI_API_KEY", {"OPENAI_API_KEY": f" {KEY}\n"}, 1, id="white space around it"),
        pytest.param("key: OPENAI_API_KEY", {"OPENAI_API_KEY": f"{KEY}\u2026\n{KEY}"}, 1, id="odd characters in it"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("way", "more"), [("litellm", ()), ("litellm", ("--dry-run",)), ("direct", ("--json", "--verbose"))]
)
def test_wherever_a_key_comes_from(
    *, lines: str, environment: dict[str, str], code: int, way: str, more: tuple[str, ...], clean_environment: Path,
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It is refused, or used, and never repeated; nothing listens at the endpoint."""
    for name, value in {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", **environment}.items():
        monkeypatch.setenv(name, value)
    text = f"kind: generative\nsummary: x\nmodel: openai/m\ntransport: {way}\n{lines}\n"
    (clean_environment / "mine.yaml").write_text(text + "limits: {attempts: 1}\n")
    ended, streams = rmb(capfd, "judge", "--limit", "1", "--judge", "./mine.yaml", "--out", "run", *more)
    if code == 2:
        assert streams["stderr"].count("\n") == 1
    assert ended == (0 if code == 1 and "--dry-run" in more else code)
    assert "gsk_7Qf3" not in "".join(streams.values())
    assert found_in(clean_environment, **streams) == set()


def test_a_card_with_a_key_in_its_url_is_shown_without(
    clean_environment: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """`rmb judges FILE` prints the card, but not the key."""
    url = f"https://127.0.0.1/v1?api-version=2026-01-01&api-key={KEY}"
    (clean_environment / "mine.yaml").write_text(
        f"kind: generative\nsummary: x\nmodel: openai/m\nbase_url: {url}\n"
    )
    code, streams = rmb(capfd, "judges", "./mine.yaml")
    assert code == 0
    assert "?api-version=2026-01-01&api-key=[key]" in streams["stdout"]


# How a process ends


def process(
    *words: str, before: str = "", into: Any = subprocess.PIPE, **environment: str
) -> subprocess.Popen[str]:
    """A command in a process of its own, after some lines of Python. into: where all that it prints goes."""
    code = (
        f"import sys; from rmb.cli.main import main\n{before}\nsys.argv = ['rmb', *{list(words)!r}]; main()"
    )
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), **environment}
    before_ = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen([sys.executable, "-c", code], env=env, stdout=into, stderr=into, text=True)
    finally:
        signal.signal(signal.SIGINT, before_)


def test_not_when_it_is_interrupted_with_all_logs_on(clean_environment: Path) -> None:
    """LiteLLM's, the SDK's and asyncio's debug logs, leaks that go through them, and a Ctrl-C."""
    asked: list[str] = []

    leaks = [
        Reply(),
        *(LEAKS[leak] for leak in ("a header", "the finish", "a header of an error", "400", "the text")),
    ]

    def script(request: Any) -> Reply:
        asked.append(request.path)
        return (
            leaks[len(asked) - 1] if len(asked) <= len(leaks) else Reply(LEAKS["the text"].text, delay_s=3.0)
        )

    debug = "import logging; logging.basicConfig(level=logging.DEBUG)"
    # A file, since logs of this length (LiteLLM prints them on both streams) would fill a pipe that nobody reads, and the process wait for ever.
    with FakeApi(script) as api, tempfile.TemporaryFile("w+") as printed:
        words = (*JUDGE, "--judge", card("litellm", api.url))
        logs = {"LITELLM_LOG": "DEBUG", "OPENAI_LOG": "debug", "PYTHONASYNCIODEBUG": "1"}
        running = process(*words, before=debug, into=printed, **logs)
        for _ in range(6000):
            if len(asked) > len(leaks) or running.poll() is not None:
                break
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        running.wait(timeout=60)
        printed.seek(0)
        told = printed.read()
    assert len(asked) > len(leaks)
    assert running.returncode == 130, told
    assert "DEBUG:" in told
    assert found_in(clean_environment, stdout=told) == set()


BUG = """
from rmb.scorers.direct_client import DirectClient
def broken(self, *_):
    raise RuntimeError(f"a bug, with {dict(self.session.headers)}") from ValueError(self.key)
DirectClient.price_of = broken
"""


def test_not_in_the_traceback_of_a_bug(clean_environment: Path) -> None:
    """What nobody caught is printed as always, without the key."""
    with FakeApi() as api:
        out, err = process(*JUDGE, "--judge", card("direct", api.url), before=BUG).communicate(timeout=60)
    assert "Traceback" in err
    assert "RuntimeError: a bug, with {'Authorization': 'Bearer [key]'" in err
    assert found_in(clean_environment, stdout=out, stderr=err) == set()


# What is taken out of a text


@given(
    st.text(st.characters(codec="utf-8"), min_size=8, max_size=40),
    st.binary(max_size=5),
    st.binary(max_size=5),
)
def test_a_key_is_found_wherever_it_stands_in_base64(key: str, before: bytes, after: bytes) -> None:
    """Whatever is encoded before and after it."""
    coded = base64.b64encode(before + key.encode() + after).decode()
    assert any(form in coded for form in credentials.forms(key))


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        ("none", "none of both", "none of both"),
        ("x", "an x, Bearer x", "an x, [key]"),
        ("8letters", "my 8letters.", "my [key]."),
        ("8letters", "my 8lett*rs", "my 8lett*rs"),
    ],
)
def test_a_short_key_makes_no_text_unreadable(key: str, text: str, shown: str) -> None:
    """Below 8 characters it is only taken out of the header that it is sent in; what a provider masks stays."""
    credentials.remember(key)
    assert hidden(text) == shown


def test_white_space_around_a_key_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be no header, and the error of whoever refuses to send it might show it."""
    monkeypatch.setenv("MY_OWN_KEY", f" {KEY}\r\n")
    assert credentials.key_in("MY_OWN_KEY") == KEY
    assert credentials.key_in("NOT_SET") is credentials.key_in(None) is None


def test_tokens_that_spell_a_key_are_left_out() -> None:
    """No single one of them holds it; other answers keep their tokens."""
    credentials.remember(KEY)
    parts = (Token(KEY[:9], {"A": -1.0}), Token(KEY[9:]))
    assert cleaned(Answer("A", tokens=parts)) == Answer("A")
    assert cleaned(Answer("A", tokens=parts[:1])) == Answer("A", tokens=parts[:1])
    other = Token("A", {"A": -0.1, KEY: -3.0})
    assert cleaned(Answer("A", tokens=(other,))) == Answer(
        "A", tokens=(Token("A", {"A": -0.1, "[key]": -3.0}),)
    )
    assert cleaned(Failure("transport", f"no {KEY}")) == Failure("transport", "no [key]")
