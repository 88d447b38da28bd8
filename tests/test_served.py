"""Reward models behind vLLM and SGLang: the wire, each fault, the key, and numbers that are none.

Everything goes over real HTTP to a loopback server; nothing is patched.
"""

from __future__ import annotations

import asyncio
import json
import math
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rmb.cards import CARD, Limits, NamedCard, ServedReward, open_card
from rmb.errors import ContentError, RefusedError, RmbError, UnreachableError, UsageError
from rmb.records import Answer, Failure, Message, Question, Scores
from rmb.scorers import Scorer, Setup, open_scorer
from rmb.testing import Replies, ScorerContract
from tests.fake_reward_api import FakeRewardApi, Fault, raw_score, sigmoid

MODEL = "Skywork/Skywork-Reward-Llama-3.1-8B-v0.2"
KEY = "sk-test-7f3a9c"
TEMPLATE = "{% for message in messages %}<{{ message['role'] }}>{{ message.content }}{% endfor %}"
APIS = ["vllm_classify", "vllm_pooling", "vllm_score", "sglang_classify"]
VLLM = APIS[:3]
TALK = (Message("user", "What is the capital of France?"),)
TEXT = "<user>What is the capital of France?<assistant>Paris."
PAIR = "What is the capital of France? [SEP] Paris."
PARIS = Question(TALK, ("Paris.",))
SOME = [Question(TALK, ("word " * count,)) for count in range(1, 9)]
HTML = {"Content-Type": "text/html"}

TRANSIENT = [
    pytest.param(Fault(status=408), id="408 request timeout"),
    pytest.param(Fault(status=409), id="409 conflict"),
    pytest.param(Fault(status=429), id="429 too many requests"),
    pytest.param(Fault(status=500), id="500 server error"),
    pytest.param(Fault(status=503, body="<html>no</html>", headers=HTML), id="503 from a proxy"),
    pytest.param(Fault(reset=True), id="connection reset"),
    pytest.param(Fault(body='{"data": [{"probs": [1.'), id="JSON cut off"),
    pytest.param(Fault(body=""), id="nothing with status 200"),
    pytest.param(Fault(body="<html>Sign in</html>", headers=HTML), id="a web page with status 200"),
    pytest.param(Fault(body="[" * 100_000), id="JSON nested without end"),
]
"""Faults that another attempt may not meet."""


def card(url: str, api: str = "vllm_classify", **changes: Any) -> NamedCard:
    """A card for a served model: one attempt, unless `changes` says otherwise."""
    plain: dict[str, Any] = {
        "kind": "served_reward",
        "summary": "For tests.",
        "model": MODEL,
        "base_url": url,
        "api": api,
        "chat_template": TEMPLATE if api == "sglang_classify" else None,
        "limits": Limits(attempts=1, deadline_s=20),
    }
    return NamedCard(name="served", sha256="", card=CARD.validate_python(plain | changes))


def opened(url: str, api: str = "vllm_classify", **changes: Any) -> Scorer:
    """The scorer of such a card."""
    return open_scorer(card(url, api, **changes), Setup())


def ask(scorer: Scorer, questions: Sequence[Question] = (PARIS,)) -> Replies:
    """The replies to some questions."""

    async def gather() -> Replies:
        return [reply async for reply in scorer.answer(questions)]

    return asyncio.run(gather())


def ended(scorer: Scorer, questions: Sequence[Question]) -> tuple[Replies, RmbError | None]:
    """The replies to some questions until the scorer gives up, and why it did."""

    async def gather() -> tuple[Replies, RmbError | None]:
        replies: Replies = []
        try:
            async for reply in scorer.answer(questions):
                replies.append(reply)
        except RmbError as error:
            return replies, error
        return replies, None

    return asyncio.run(gather())


def scored(scorer: Scorer, question: Question = PARIS) -> Scores | Failure:
    """What is read from the reply to one question."""
    ((_, reply),) = ask(scorer, [question])
    return reply if isinstance(reply, Failure) else scorer.read(question, reply)


def refused(scorer: Scorer) -> str:
    """The line with which a model is refused for good."""
    with pytest.raises(RefusedError) as error:
        ask(scorer)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(MODEL)
    return str(error.value)


class Served(ScorerContract):
    """The contract of every scorer, over HTTP."""

    api = "vllm_classify"

    @pytest.fixture(autouse=True)
    def server(self) -> Any:
        """A server for the time of a test."""
        with FakeRewardApi() as self.fake:
            yield

    def open(self) -> Scorer:
        """A scorer of the server."""
        return opened(self.fake.url, self.api)


class TestClassify(Served):
    """vLLM's /classify."""


class TestPooling(Served):
    """vLLM's /pooling."""

    api = "vllm_pooling"


class TestScore(Served):
    """vLLM's /score."""

    api = "vllm_score"


class TestSglang(Served):
    """SGLang's /classify."""

    api = "sglang_classify"


# The wire


@pytest.mark.parametrize(("api", "path"), [("vllm_classify", "/classify"), ("vllm_pooling", "/pooling")])
def test_vllm_is_sent_messages_and_gives_the_raw_score(api: str, path: str) -> None:
    """The server's own template renders them; no activation, no second BOS, no opening of another turn."""
    with FakeRewardApi() as api_at:
        scorer = opened(api_at.url, api)
        assert scored(scorer) == Scores((raw_score(TEXT),), graded=True)
    sent = api_at.requests[0]
    assert sent.path == path
    assert sent.body == {
        "model": MODEL,
        "messages": [
            {"role": "user", "content": TALK[0].content},
            {"role": "assistant", "content": "Paris."},
        ],
        "add_generation_prompt": False,
        "add_special_tokens": False,
        "use_activation": False,
    }
    assert scorer.request(PARIS) == {**sent.body, "sample": 0}


@pytest.mark.parametrize("api", ["vllm_classify", "vllm_pooling"])
def test_a_template_of_the_card_makes_the_text(api: str) -> None:
    """For a model whose tokenizer has no template, or another than it was trained with."""
    with FakeRewardApi() as api_at:
        assert scored(opened(api_at.url, api, chat_template=TEMPLATE)) == Scores(
            (raw_score(TEXT),), graded=True
        )
    body = api_at.requests[0].body
    assert body["input"] == TEXT
    assert (body["add_special_tokens"], "messages" in body) == (False, False)


def test_a_cross_encoder_is_sent_two_texts_and_gives_the_raw_score() -> None:
    """Conversation and response; no activation, and no word on special tokens: the separator is one."""
    with FakeRewardApi() as api_at:
        scorer = opened(api_at.url, "vllm_score")
        assert scored(scorer) == Scores((raw_score(PAIR),), graded=True)
    sent = api_at.requests[0]
    assert sent.path == "/score"
    assert sent.body == {
        "model": MODEL,
        "text_1": TALK[0].content,
        "text_2": "Paris.",
        "use_activation": False,
    }
    assert scorer.request(PARIS) == {**sent.body, "sample": 0}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (None, "Be brief. Hello? Good day. And in French?"),
        (TEMPLATE, "<system>Be brief.<user>Hello?<assistant>Good day.<user>And in French?"),
        ("{{ messages[-1].content }}", "And in French?"),
        ("", ""),
    ],
)
def test_a_conversation_is_one_of_the_two_texts(template: str | None, text: str) -> None:
    """Its turns with single spaces between them, or what the card's template makes of it; the response is the other."""
    turns = (
        ("system", "Be brief."),
        ("user", "Hello?"),
        ("assistant", "Good day."),
        ("user", "And in French?"),
    )
    question = Question(tuple(Message(role, said) for role, said in turns), (" Bonjour.\n",))
    body = opened("http://127.0.0.1:1", "vllm_score", chat_template=template).request(question)
    assert isinstance(body, dict)
    assert (body["text_1"], body["text_2"]) == (text, " Bonjour.\n")


def test_sglang_is_sent_a_text() -> None:
    """Model and text and nothing else; one request, since it has no activation to be turned off."""
    with FakeRewardApi() as api_at:
        assert scored(opened(api_at.url, "sglang_classify")) == Scores((raw_score(TEXT),), graded=True)
    (sent,) = api_at.requests
    assert (sent.path, sent.body) == ("/classify", {"model": MODEL, "text": TEXT})


def test_a_reward_model_without_pooling_is_read_at_its_last_token() -> None:
    """InternLM2ForRewardModel gives a value at each token; the last one is its score."""
    with FakeRewardApi(tokenwise=True) as api_at:
        assert scored(opened(api_at.url, "vllm_pooling")) == Scores((raw_score(TEXT),), graded=True)


@pytest.mark.parametrize(
    ("api", "reply"),
    [
        ("vllm_classify", {"data": [{"probs": [3.5]}]}),
        ("vllm_pooling", {"data": [{"data": [3.5]}]}),
        ("vllm_pooling", {"data": [{"data": [[0.1], [0.2], [3.5]]}]}),
        ("vllm_pooling", {"data": [{"data": [[0.1, 0.2, 3.5]]}]}),
        ("vllm_score", {"data": [{"score": 3.5}]}),
        ("vllm_score", {"data": [{"index": 0, "object": "score", "score": 3.5}], "usage": {}}),
        ("sglang_classify", {"embedding": [3.5]}),
        ("sglang_classify", [{"embedding": [3.5], "meta_info": None}]),
    ],
)
def test_each_form_of_a_score_is_read(api: str, reply: Any) -> None:
    """Bare ones too: only the score is needed, tokens and model are taken where they are told."""
    with FakeRewardApi(always=Fault(body=json.dumps(reply))) as api_at:
        assert scored(opened(api_at.url, api, activation="as_served")) == Scores((3.5,), graded=True)


@pytest.mark.parametrize("api", APIS)
def test_an_answer_says_what_it_took(api: str) -> None:
    """Tokens of the text, seconds, attempts, and the model that vLLM says it serves."""
    with FakeRewardApi([Fault(status=503)]) as api_at:
        scorer = opened(api_at.url, api, limits=Limits(attempts=2))
        ((_, reply),) = ask(scorer)
    assert isinstance(reply, Answer)
    assert reply.usage.prompt_tokens == len((PAIR if api == "vllm_score" else TEXT).split())
    assert (reply.usage.attempts, reply.usage.cost_usd) == (2, 0.0)
    assert reply.model == (None if api == "sglang_classify" else MODEL)


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_the_base_url_may_be_the_one_for_openai_clients(ending: str) -> None:
    """These endpoints stand beside /v1; the same server is the same identity."""
    with FakeRewardApi() as api_at:
        scorer = opened(api_at.url + ending)
        assert isinstance(scored(scorer), Scores)
        assert scorer.identity == {
            "kind": "served_reward",
            "api": "vllm_classify",
            "endpoint": api_at.url + "/classify",
            "model": MODEL,
        }


def test_limits_are_no_part_of_what_is_asked() -> None:
    """Answers of a slower or a faster run are the same answers."""
    slow, fast = (opened("http://127.0.0.1:1", limits=Limits(concurrency=count)) for count in (1, 99))
    assert (slow.identity, slow.request(PARIS)) == (fast.identity, fast.request(PARIS))


# The activation


@pytest.mark.parametrize("name", ["use_activation", "activation", "softmax"])
@pytest.mark.parametrize(("api", "text"), [("vllm_classify", TEXT), ("vllm_score", PAIR)])
def test_the_name_that_a_version_knows_is_the_only_one_sent(api: str, text: str, name: str) -> None:
    """Some versions take {"softmax": false} for true, so that all names together would turn it on."""
    with FakeRewardApi(knows=name) as api_at:
        assert scored(opened(api_at.url, api, activation=name)) == Scores((raw_score(text),), graded=True)
    first, second = (request.body for request in api_at.requests)
    assert second == {**first, name: True}
    assert {"use_activation", "activation", "softmax"} & first.keys() == {name}


@pytest.mark.parametrize("knows", ["activation", None])
@pytest.mark.parametrize("api", VLLM)
def test_a_score_that_may_be_a_probability_is_refused(api: str, knows: str | None) -> None:
    """A vLLM ignores names it does not know: found by asking for both, before anything is scored."""
    with FakeRewardApi(knows=knows) as api_at:
        message = refused(opened(api_at.url, api))
    assert "may be a probability" in message
    assert "activation: as_served" in message
    assert len(api_at.requests) == 2


def test_a_score_that_could_not_be_shown_to_be_raw_is_not_taken() -> None:
    """The second request fails: nothing is known of the first score, and the next question is asked alone as well."""
    first = Fault(body='{"data": [{"probs": [0.75]}]}')
    with FakeRewardApi([first, Fault(status=500)]) as api_at:
        replies, error = ended(opened(api_at.url), [PARIS, *SOME])
    assert error is None
    assert [isinstance(reply, Failure) for _, reply in replies] == [True, *[False] * len(SOME)]
    assert [request.body["use_activation"] for request in api_at.requests[:5]] == [
        False,
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("api", "body"),
    [("vllm_classify", '{"data": [{"probs": [-7.25]}]}'), ("vllm_score", '{"data": [{"score": -7.25}]}')],
)
def test_a_raw_score_that_nothing_changes_is_taken(api: str, body: str) -> None:
    """Outside of 0 and 1 it is no probability: the server has no activation to be turned off."""
    with FakeRewardApi(always=Fault(body=body)) as api_at:
        assert scored(opened(api_at.url, api)) == Scores((-7.25,), graded=True)


@pytest.mark.parametrize(("api", "text"), [("vllm_classify", TEXT), ("vllm_score", PAIR)])
def test_probabilities_are_taken_if_the_card_says_so(api: str, text: str) -> None:
    """Nothing is sent then, and that stands in the request: such answers are kept apart from raw scores."""
    with FakeRewardApi(knows=None) as api_at:
        scorer = opened(api_at.url, api, activation="as_served")
        assert scored(scorer) == Scores((sigmoid(raw_score(text)),), graded=True)
        assert scorer.request(PARIS) != opened(api_at.url, api).request(PARIS)
    assert "use_activation" not in api_at.requests[0].body


# Faults


@pytest.mark.parametrize("fault", TRANSIENT)
@pytest.mark.parametrize("api", APIS)
def test_a_transient_fault_is_met_once_and_then_answered(api: str, fault: Fault) -> None:
    """A second attempt gets the score, and the answer says that it took two."""
    with FakeRewardApi([fault]) as api_at:
        ((_, reply),) = ask(opened(api_at.url, api, limits=Limits(attempts=2)))
    assert isinstance(reply, Answer)
    assert reply.usage.attempts == 2


@pytest.mark.parametrize("fault", TRANSIENT)
def test_with_no_attempts_left_the_run_failed(fault: Fault) -> None:
    """One line, one request: nothing below retries by itself."""
    with FakeRewardApi(always=fault) as api_at:
        ((_, reply),) = ask(opened(api_at.url))
    assert isinstance(reply, Failure)
    assert (reply.reason, len(api_at.requests)) == ("transport", 1)
    assert reply.detail
    assert "\n" not in reply.detail


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("vllm_classify", "null"),
        ("vllm_classify", "7"),
        ("vllm_classify", '{"error": "later"}'),
        ("vllm_classify", '{"data": []}'),
        ("vllm_classify", '{"data": [{"probs": [1.5]}, {"probs": [2.5]}]}'),
        ("vllm_classify", '{"data": [{"probs": []}]}'),
        ("vllm_classify", '{"data": [{"probs": 1.5}]}'),
        ("vllm_classify", '{"data": [{"probs": ["1.5"]}]}'),
        ("vllm_classify", '{"data": [{"probs": [true]}]}'),
        ("vllm_classify", '{"data": [{"probs": [[1.5]]}]}'),
        ("vllm_classify", '{"data": [{"label": "LABEL_0"}]}'),
        ("vllm_classify", '{"data": [{"probs": [1' + "0" * 400 + "]}]}"),
        ("vllm_classify", '{"data": [{"probs": [1.5]}], "usage": {"prompt_tokens": "many"}}'),
        ("vllm_pooling", '{"data": [{"data": "AAAAAA=="}]}'),
        ("vllm_pooling", '{"data": [{"data": [[]]}]}'),
        ("vllm_pooling", '{"data": [{"data": [[[1.5]]]}]}'),
        ("vllm_score", '{"data": []}'),
        ("vllm_score", '{"data": [{"score": 1.5}, {"score": 2.5}]}'),
        ("vllm_score", '{"data": [{"score": [1.5]}]}'),
        ("vllm_score", '{"data": [{"score": "1.5"}]}'),
        ("vllm_score", '{"data": [{"score": false}]}'),
        ("vllm_score", '{"data": {"score": 1.5}}'),
        ("vllm_score", '{"results": [{"index": 0, "relevance_score": 1.5}]}'),
        ("sglang_classify", "[]"),
        ("sglang_classify", '{"probs": [1.5]}'),
        ("sglang_classify", '{"embedding": null}'),
    ],
)
def test_a_reply_of_another_shape_is_never_a_score(api: str, body: str) -> None:
    """It is asked for again, as often as the card allows, and then the run failed on that question."""
    with FakeRewardApi(always=Fault(body=body)) as api_at:
        ((_, reply),) = ask(opened(api_at.url, api, limits=Limits(attempts=2)))
    assert isinstance(reply, Failure)
    assert (reply.reason, len(api_at.requests)) == ("transport", 2)
    assert "no score" in reply.detail


@pytest.mark.parametrize("odd", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("api", APIS)
def test_a_number_that_is_none_is_no_verdict(api: str, odd: float | None) -> None:
    """Null, NaN and infinities are the model's answer: asked for once, kept as they came, and never a score."""
    with FakeRewardApi(score=lambda _: odd) as api_at:
        verdict = scored(opened(api_at.url, api, activation="as_served", limits=Limits(attempts=3)))
    assert isinstance(verdict, Failure)
    assert (verdict.reason, len(api_at.requests)) == ("parse", 1)


@pytest.mark.parametrize("knows", ["use_activation", "activation"])
def test_a_number_that_is_none_does_not_hide_the_activation(knows: str) -> None:
    """Only a finite score shows whether it is a raw one, so questions are asked alone until there is one."""
    broken = Fault(body='{"data": [{"probs": [NaN]}]}')
    with FakeRewardApi([broken], knows=knows) as api_at:
        replies, error = ended(opened(api_at.url), [PARIS, *SOME])
    assert (error is None) == (knows == "use_activation")
    assert len(replies) == (1 + len(SOME) if error is None else 1)


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("vllm_classify", '{"data": [{"probs": [0.25, 0.75]}]}'),
        ("vllm_pooling", '{"data": [{"data": [0.1, 0.2, 0.3]}]}'),
        ("vllm_pooling", '{"data": [{"data": [[0.1, 0.2], [0.3, 0.4]]}]}'),
        ("sglang_classify", '{"embedding": [0.1, 0.2, 0.3]}'),
    ],
)
def test_a_model_with_several_numbers_is_refused(api: str, body: str) -> None:
    """A classifier, or a model served for embeddings: every question would end so."""
    with FakeRewardApi(always=Fault(body=body)) as api_at:
        assert "not as a reward model" in refused(opened(api_at.url, api))
    assert len(api_at.requests) == 1


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        (401, "Unauthorized", "name its key in the card"),
        (403, "Forbidden", "the server refuses"),
        (404, "The model `x` does not exist.", "check model, base_url and api"),
        (400, "The model does not support Classification API", "check model, base_url and api"),
        (400, "The model does not support Score API", "check model, base_url and api"),
        (501, "Not implemented", "check model, base_url and api"),
    ],
)
def test_refusals_are_final(status: int, message: str, says: str) -> None:
    """One request, one line that names the model and the way out."""
    with FakeRewardApi(always=Fault(status=status, message=message)) as api_at:
        assert says in refused(opened(api_at.url, limits=Limits(attempts=3)))
    assert len(api_at.requests) == 1


@pytest.mark.parametrize("status", [302, 307, 400, 413, 422])
def test_a_bad_request_is_not_sent_again(status: int) -> None:
    """Nor is one that is sent elsewhere: the key is for this server."""
    with FakeRewardApi(always=Fault(status=status, headers={"Location": "/elsewhere"})) as api_at:
        ((_, reply),) = ask(opened(api_at.url, limits=Limits(attempts=3)))
    assert isinstance(reply, Failure)
    assert (reply.reason, len(api_at.requests)) == ("transport", 1)


@pytest.mark.parametrize(
    "body",
    [
        '{"error": {"message": "This model\'s maximum context length is 9 tokens. However, …", "code": 400}}',
        '{"object": "error", "message": "This model\'s maximum context length is 9 tokens.", "code": 400}',
        '{"error": {"message": "You passed 10 input tokens. However, the model\'s context length is only 9 tokens"}}',
        '{"error": {"message": "The input (10 tokens) is longer than the model\'s context length (9 tokens)."}}',
    ],
)
def test_a_text_that_is_too_long_is_a_failure_of_its_own(body: str) -> None:
    """In the words of vLLM, old and new, and of SGLang; the others are scored all the same."""
    with FakeRewardApi([Fault(status=400, body=body)]) as api_at:
        scorer = opened(api_at.url, limits=Limits(attempts=3))
        (long, *others) = ask(scorer, [PARIS, *SOME])
    assert isinstance(long[1], Answer)
    assert (long[1].finish_reason, long[1].rewards) == ("context_length", None)
    verdict = scorer.read(long[0], long[1])
    assert isinstance(verdict, Failure)
    assert verdict.reason == "context_length"
    assert all(isinstance(reply, Answer) and reply.rewards for _, reply in others)
    assert len(others) == len(SOME)


def test_retry_after_is_waited_for() -> None:
    """The seconds that the server asks for are the least that pass."""
    with FakeRewardApi([Fault(status=429, headers={"Retry-After": "1.2"})]) as api_at:
        ask(opened(api_at.url, limits=Limits(attempts=2)))
    assert api_at.requests[1].at - api_at.requests[0].at >= 1.2


@pytest.mark.parametrize("said", ["Wed, 21 Oct 2015 07:28:00 GMT", "nan", "-5", ""])
def test_a_retry_after_that_is_no_number_of_seconds_is_passed_over(said: str) -> None:
    """The usual wait is made, and the second attempt answers."""
    with FakeRewardApi([Fault(status=503, headers={"Retry-After": said})]) as api_at:
        assert isinstance(scored(opened(api_at.url, limits=Limits(attempts=2))), Scores)


@pytest.mark.parametrize("fault", [Fault(delay_s=30), Fault(trickle=True)])
def test_an_attempt_has_a_deadline(fault: Fault) -> None:
    """Over all of it: a server that is silent does not hold up the run, nor one that sends a byte now and then."""
    started = time.monotonic()
    with FakeRewardApi(always=fault) as api_at:
        ((_, reply),) = ask(opened(api_at.url, limits=Limits(attempts=1, deadline_s=0.2)))
    assert reply == Failure("deadline", "no answer within 0.2 s")
    assert time.monotonic() - started < 5


# Many questions


def test_no_more_are_asked_at_once_than_the_card_allows() -> None:
    """And as many as it allows, once the first is answered."""
    with FakeRewardApi(delay_s=0.05) as api_at:
        replies = ask(opened(api_at.url, limits=Limits(concurrency=4)), SOME * 3)
    assert len(replies) == len(SOME * 3)
    assert api_at.in_flight_peak == 4


def test_an_endpoint_that_answers_nothing_costs_two_questions() -> None:
    """Their failures are told, and then the run ends with what to do again later."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    replies, error = ended(opened(url), SOME)
    assert [reply.reason for _, reply in replies if isinstance(reply, Failure)] == ["transport", "transport"]
    assert isinstance(error, UnreachableError)
    assert str(error).startswith(f"{MODEL}: the first 2 questions failed; ")
    assert "\n" not in str(error)


def test_what_came_in_before_a_refusal_is_kept() -> None:
    """The model is taken away in the middle of a run: answers first, then the end."""
    good = [Fault(body='{"data": [{"probs": [2.5]}]}')] * 3
    with FakeRewardApi(good, always=Fault(status=404)) as api_at:
        scorer = opened(api_at.url, activation="as_served", limits=Limits(concurrency=2))
        replies, error = ended(scorer, SOME)
    assert isinstance(error, RefusedError)
    assert [reply.rewards for _, reply in replies if isinstance(reply, Answer)] == [(2.5,)] * 3


# The key


def test_the_key_is_sent_and_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a bearer token; it stands in no answer, no identity and no request."""
    monkeypatch.setenv("RM_API_KEY", KEY)
    with FakeRewardApi() as api_at:
        scorer = opened(api_at.url, key="RM_API_KEY")
        replies = ask(scorer)
    assert api_at.requests[0].key == KEY
    assert KEY not in repr((replies, scorer.identity, scorer.request(PARIS)))


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500])
def test_a_key_that_the_server_repeats_goes_no_further(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Details end in run.json and items.parquet."""
    monkeypatch.setenv("RM_API_KEY", KEY)
    body = json.dumps({"error": {"message": f"bad key {KEY}"}})
    with FakeRewardApi(always=Fault(status=status, body=body)) as api_at:
        scorer = opened(api_at.url, key="RM_API_KEY")
        said = refused(scorer) if status in {401, 404} else repr(ask(scorer))
    assert KEY not in said
    assert status != 401 or "RM_API_KEY" in said


def test_a_missing_key_is_named_before_anything_is_sent() -> None:
    """The variable, not a 401."""
    with FakeRewardApi() as api_at, pytest.raises(RefusedError, match="environment variable RM_API_KEY"):
        ask(opened(api_at.url, key="RM_API_KEY"))
    assert api_at.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@127.0.0.1:8000",
        "http://:secret@127.0.0.1:8000",
        "http://127.0.0.1:8000/v1?key=secret",
        "http://127.0.0.1:8000#secret",
    ],
)
def test_a_url_with_a_secret_is_refused(url: str) -> None:
    """It would stand in the card's record; the message does not repeat it."""
    with pytest.raises(UsageError, match="leave it out") as raised:
        opened(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://[", "http://x:y", "http://x:99999999"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    """With an example of one."""
    with pytest.raises(UsageError, match="no URL such as"):
        opened(url)


# Cards


def written(text: str) -> str:
    """A card's file."""
    Path("rm.yaml").write_text("kind: served_reward\nsummary: S.\nmodel: m\n" + text, encoding="utf-8")
    return "./rm.yaml"


def test_a_card_is_a_few_lines() -> None:
    """Name, server and how it is asked."""
    named = open_card(written("base_url: http://127.0.0.1:8000\napi: vllm_classify\n"))
    assert isinstance(named.card, ServedReward)
    assert (named.card.key, named.card.limits.concurrency) == (None, 16)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("base_url: http://x\napi: sglang_classify\n", "a chat_template is needed"),
        ("base_url: http://x\napi: vllm_rerank\n", "vllm_score"),
        ("base_url: http://x\napi: vllm_classify\nkey: sk-abc\n", "never the key itself"),
        ("api: vllm_classify\n", "base_url"),
    ],
)
def test_a_card_that_cannot_work_is_refused(text: str, says: str) -> None:
    """In one line, without the value: it may be a secret."""
    with pytest.raises(ContentError) as raised:
        open_card(written(text))
    assert says in str(raised.value)
    assert "sk-abc" not in str(raised.value)


def test_a_template_with_a_slip_is_refused_at_once() -> None:
    """Before any question is asked."""
    with pytest.raises(ContentError, match="judge served: its chat template is none"):
        opened("http://127.0.0.1:1", chat_template="{% for %}")


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ bos_token }}", "bos_token"),
        ("{{ raise_exception('no system turn, please') }}", "no system turn, please"),
        ("{{ messages[9].content }}", "no element 9"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_template_that_fails_is_named(template: str, says: str) -> None:
    """Whatever goes wrong in it; it runs in the sandbox that prompts run in."""
    with pytest.raises(ContentError, match=r"judge served: its chat template fails: ") as raised:
        opened("http://127.0.0.1:1", chat_template=template).request(PARIS)
    assert says in str(raised.value)
