"""What a client makes of a provider: each fault, the money, the key, the wire.

The real litellm talks to a loopback server in OpenAI's and Anthropic's wire formats; nothing is patched.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from rmb.canonical import canonical
from rmb.cards import Generative, Limits, Price
from rmb.errors import RefusedError, UsageError
from rmb.records import Answer, Failure, Message, Question, Token
from rmb.scorers.generative import GenerativeJudge
from rmb.scorers.litellm_client import LiteLLMClient, environment_url, without_credentials
from rmb.templates import Template
from tests.fake_api import FakeApi, Reply, Request
from tests.fake_api.faults import KINDS

GPT = "openai/gpt-4o-mini"
CLAUDE = "anthropic/claude-3-5-sonnet-20240620"
ASKED = {"messages": [{"role": "user", "content": "Which is better?"}], "temperature": 0.0, "max_tokens": 5}
KEY = "sk-test-7f3a9c"
HTML = {"Content-Type": "text/html"}
FILTERED = "The response was filtered due to the prompt triggering the content management policy."
REJECTED = "Your request was rejected as a result of our safety system."
TOO_LONG = "This model's maximum context length is 9 tokens."
TOO_LONG_NOW = "Your input exceeds the context window of this model. Please adjust your input and try again."

TRANSIENT = [
    pytest.param(Reply(status=408), id="408 request timeout"),
    pytest.param(Reply(status=429), id="429 rate limit"),
    pytest.param(Reply(status=500), id="500 server error"),
    pytest.param(Reply(status=502, body=b"<html>Bad gateway</html>", headers=HTML), id="502 from a proxy"),
    pytest.param(Reply(status=503), id="503 unavailable"),
    pytest.param(Reply(status=529), id="529 overloaded"),
    pytest.param(Reply(reset=True), id="connection reset"),
    pytest.param(Reply(body=b'{"id": "1", "choices": [{'), id="JSON cut off"),
]
"""Faults that another attempt may not meet, in both wire formats."""


def card(api: FakeApi, model: str = GPT, **changes: Any) -> Generative:
    """A card for a model behind a fake API: one attempt, unless `changes` says otherwise."""
    plain: dict[str, Any] = {
        "kind": "generative",
        "summary": "For tests.",
        "model": model,
        "base_url": api.anthropic_url if model.startswith("anthropic/") else api.openai_url,
        "limits": Limits(attempts=1, deadline_s=20),
    }
    return Generative(**plain | changes)


def ask(of: Generative, **more: Any) -> Answer | Failure:
    """The reply to one request, through a client that is opened and closed around it."""

    async def talk() -> Answer | Failure:
        client = LiteLLMClient(of)
        await client.open()
        try:
            return await client.complete({"model": of.model, **ASKED, **more})
        finally:
            await client.close()

    return asyncio.run(talk())


def answered(of: Generative, **more: Any) -> Answer:
    """The reply to one request, which is an answer."""
    reply = ask(of, **more)
    assert isinstance(reply, Answer), reply
    return reply


def refused(of: Generative) -> str:
    """The message with which one request is refused for good."""
    with pytest.raises(RefusedError) as error:
        ask(of)
    message = str(error.value)
    assert "\n" not in message
    return message


# Faults


@pytest.mark.parametrize("model", [GPT, CLAUDE])
@pytest.mark.parametrize("kind", ["closed", "reset", "reset mid-body", "truncated", "500"])
def test_an_attempt_is_one_request(kind: str, model: str) -> None:
    """Nothing below us sends again by itself, as LiteLLM does to Anthropic after a reset: it would be paid for twice."""
    with FakeApi(KINDS[kind](Reply())) as api:
        assert isinstance(ask(card(api, model, limits=Limits(attempts=1))), Failure)
    assert len(api.requests) == 1


@pytest.mark.parametrize("model", [GPT, CLAUDE])
@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_transient_fault_is_met_once_and_then_answered(fault: Reply, model: str) -> None:
    """A second attempt gets the answer, and the answer says that it took two."""
    with FakeApi([fault, Reply("[[B]]")]) as api:
        reply = answered(card(api, model, limits=Limits(attempts=2, deadline_s=20)))
    assert (reply.text, reply.usage.attempts) == ("[[B]]", 2)
    assert len(api.requests) == 2


@pytest.mark.parametrize("model", [GPT, CLAUDE])
@pytest.mark.parametrize("fault", TRANSIENT)
def test_an_attempt_is_one_request_on_the_wire(fault: Reply, model: str) -> None:
    """LiteLLM and the clients below it retry nothing by themselves; with no attempts left the run failed."""
    with FakeApi(fault) as api:
        reply = ask(card(api, model))
    assert isinstance(reply, Failure)
    assert reply.reason == "transport"
    assert reply.detail
    assert "\n" not in reply.detail
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Reply(body=b"<html>Sign in</html>", headers=HTML), id="a web page with status 200"),
        pytest.param(Reply(body=b""), id="nothing with status 200"),
        pytest.param(Reply(choices=False), id="no choices"),
        pytest.param(Reply(error={"message": "try later"}), id="an error with status 200"),
    ],
)
def test_a_success_without_an_answer_is_a_fault(fault: Reply) -> None:
    """Status 200 is no answer: it is asked again, as often as the card allows."""
    with FakeApi(fault) as api:
        reply = ask(card(api, limits=Limits(attempts=3, deadline_s=20)))
    assert isinstance(reply, Failure)
    assert (reply.reason, len(api.requests)) == ("transport", 3)


@pytest.mark.parametrize("model", [GPT, CLAUDE])
@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "the provider refuses"), (403, "the provider refuses"), (404, "knows no such model or address")],
)
def test_refusals_are_final(status: int, says: str, model: str) -> None:
    """A bad key, a forbidden one, or no such model: one request, one line that names the model."""
    with FakeApi(Reply(status=status)) as api:
        message = refused(card(api, model, limits=Limits(attempts=3)))
    assert says in message
    assert message.startswith(model)
    assert len(api.requests) == 1


def test_a_refused_key_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says where the bad key came from, and not what it is."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with FakeApi(Reply(status=401)) as api:
        message = refused(card(api, key="OPENAI_API_KEY"))
    assert "OPENAI_API_KEY" in message
    assert KEY not in message


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_a_key_that_the_provider_repeats_goes_no_further(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Details of failures and refusals end in run.json and items.parquet, so the key is taken out of them."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with FakeApi(Reply(status=status, error={"message": f"Incorrect API key provided: {KEY}."})) as api:
        of = card(api, key="OPENAI_API_KEY")
        said = refused(of) if status in {401, 404} else repr(ask(of))
    assert KEY not in said


def test_an_account_without_quota_is_a_refusal() -> None:
    """OpenAI's 429 for an empty account is no rate limit: waiting does not fill it."""
    quota = {
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "type": "insufficient_quota",
        "code": "insufficient_quota",
    }
    with FakeApi(Reply(status=429, error=quota)) as api:
        refused(card(api, limits=Limits(attempts=3)))
    assert len(api.requests) == 1


@pytest.mark.parametrize("status", [400, 422])
def test_a_bad_request_is_not_sent_again(status: int) -> None:
    """The same request would be as bad again: one attempt, and the run failed on this question only."""
    with FakeApi(Reply(status=status)) as api:
        reply = ask(card(api, limits=Limits(attempts=3)))
    assert isinstance(reply, Failure)
    assert (reply.reason, len(api.requests)) == ("transport", 1)


def test_a_parameter_that_the_model_does_not_take_is_a_refusal() -> None:
    """A thinking model refuses a temperature: said before anything is sent, not dropped in silence."""
    with FakeApi() as api:
        message = refused(card(api, "openai/gpt-5.5-2026-04-23"))
    assert "does not take a parameter" in message
    assert "temperature" in message
    assert api.requests == []


@pytest.mark.parametrize(
    ("model", "error"),
    [
        pytest.param(GPT, {"code": "context_length_exceeded", "message": TOO_LONG}, id="OpenAI"),
        pytest.param(
            GPT,
            {"code": "context_length_exceeded", "message": TOO_LONG_NOW},
            id="OpenAI in other words",
        ),
        pytest.param(GPT, {"message": TOO_LONG}, id="vLLM"),
        pytest.param(
            GPT,
            {"type": "exceed_context_size_error", "message": "request exceeds the available context size"},
            id="llama.cpp",
        ),
        pytest.param(
            CLAUDE, {"message": "prompt is too long: 210000 tokens > 200000 maximum"}, id="Anthropic"
        ),
    ],
)
def test_a_prompt_too_long_is_the_judges_failure(model: str, error: dict[str, str]) -> None:
    """The model cannot read this question, now or later: an answer without a verdict, and its reason."""
    with FakeApi(Reply(status=400, error=error)) as api:
        reply = answered(card(api, model, limits=Limits(attempts=3)))
    assert (reply.text, reply.finish_reason) == (None, "context_length")
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    "error",
    [
        pytest.param({"code": "content_policy_violation", "message": REJECTED}, id="OpenAI"),
        pytest.param(
            {"code": "content_filter", "message": FILTERED},
            id="Azure",
        ),
    ],
)
def test_a_filtered_prompt_is_the_judges_failure(error: dict[str, str]) -> None:
    """A provider's filter refuses this question and no other."""
    with FakeApi(Reply(status=400, error=error)) as api:
        reply = answered(card(api, limits=Limits(attempts=3)))
    assert (reply.text, reply.finish_reason) == (None, "content_filter")
    assert len(api.requests) == 1


@pytest.mark.parametrize("model", [GPT, CLAUDE])
def test_a_hanging_provider_is_left_at_the_deadline(model: str) -> None:
    """Silence ends with the card's deadline, as a failure of the run."""
    with FakeApi(Reply(delay_s=30)) as api:
        ask(card(api, model, limits=Limits(attempts=1, deadline_s=0.01)))  # litellm is imported by now
        started = time.monotonic()
        reply = ask(card(api, model, limits=Limits(attempts=1, deadline_s=0.5)))
        seconds = time.monotonic() - started
    assert reply == Failure("deadline", "no answer within 0.5 s")
    assert seconds < 2


@pytest.mark.parametrize("model", [GPT, CLAUDE])
def test_retry_after_is_honoured(model: str) -> None:
    """The next attempt waits as long as the provider asks, which is longer than it would by itself."""
    with FakeApi([Reply(status=429, headers={"Retry-After": "1"}), Reply("[[A]]")]) as api:
        reply = answered(card(api, model, limits=Limits(attempts=2)))
    first, second = api.requests
    assert second.at - first.at >= 1
    assert reply.text == "[[A]]"


def test_a_retry_after_that_is_a_date_is_honoured() -> None:
    """HTTP's dates are whole seconds, so a second of the three may be lost."""

    def limited_once(_: Request) -> Reply:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
        return Reply() if len(api.requests) > 1 else Reply(status=429, headers={"Retry-After": date})

    with FakeApi(limited_once) as api:
        assert answered(card(api, limits=Limits(attempts=2))).usage.attempts == 2
    first, second = api.requests
    assert second.at - first.at >= 1


# Answers


def test_an_answer_keeps_what_the_provider_said() -> None:
    """Text, finish reason, and the model that served, which need not be the one asked for."""
    with FakeApi(Reply("I think", finish_reason="length", model="gpt-4o-mini-2024-07-18")) as api:
        reply = answered(card(api))
    assert (reply.text, reply.finish_reason, reply.model) == ("I think", "length", "gpt-4o-mini-2024-07-18")
    assert 0 < reply.usage.seconds < 10


@pytest.mark.parametrize(
    ("reply", "text", "finish_reason"),
    [
        pytest.param(Reply(None), None, "stop", id="no text"),
        pytest.param(Reply("", finish_reason="content_filter"), "", "content_filter", id="filtered reply"),
        pytest.param(Reply("\u202e🙂\x00[/A]"), "\u202e🙂\x00[/A]", "stop", id="odd characters"),
    ],
)
def test_odd_replies_are_answers(reply: Reply, text: str | None, finish_reason: str) -> None:
    """Whatever the model wrote is kept as it came; reading it is another's work."""
    with FakeApi(reply) as api:
        kept = answered(card(api))
    assert (kept.text, kept.finish_reason) == (text, finish_reason)


def test_log_probabilities_come_with_their_alternatives() -> None:
    """Each token, and the alternatives at its place with the token itself among them."""
    with FakeApi(Reply("B.", logprobs={"A": -2.0, "B": -0.2, "C": -7.0})) as api:
        reply = answered(card(api), logprobs=True, top_logprobs=2)
    assert reply.tokens == (Token("B", {"A": -2.0, "B": -0.2}), Token(".", {".": -0.01}))


@pytest.mark.parametrize(
    ("changes", "reply", "dollars"),
    [
        pytest.param(
            {"price": Price(input=3, output=15)}, Reply(), (3 * 3 + 15) / 1e6, id="the card's price"
        ),
        pytest.param({}, Reply(), (3 * 0.15 + 0.60) / 1e6, id="LiteLLM's price of gpt-4o-mini"),
        pytest.param({"model": "openai/mine"}, Reply(), None, id="a model that nobody prices"),
        pytest.param({}, Reply(usage=False), None, id="no token counts"),
        pytest.param({"price": Price(input=3, output=15)}, Reply(usage=False), None, id="price, no counts"),
        pytest.param({"price": Price(input=0, output=0)}, Reply(), 0.0, id="a free model"),
    ],
)
def test_the_cost_is_known_or_said_to_be_unknown(
    changes: dict[str, Any], reply: Reply, dollars: float | None
) -> None:
    """Three prompt tokens and one of the reply, at the card's price or LiteLLM's; never a guess of 0."""
    with FakeApi(reply) as api:
        usage = answered(card(api, **changes)).usage
    assert usage.cost_usd == (None if dollars is None else pytest.approx(dollars))
    assert (usage.prompt_tokens, usage.completion_tokens) == ((3, 1) if reply.usage else (0, 0))


def test_cached_tokens_are_counted() -> None:
    """How much of the prompt the provider had in its cache is part of the usage."""
    body = (
        b'{"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0,'
        b'"finish_reason": "stop", "message": {"role": "assistant", "content": "A"}}], "usage": {'
        b'"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 7}}}'
    )
    with FakeApi(Reply(body=body)) as api:
        usage = answered(card(api)).usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (9, 7, 1)


# The wire


def test_openai_is_sent_what_was_asked_and_nothing_else() -> None:
    """The body of a chat completion holds the request, no more."""
    with FakeApi() as api:
        ask(card(api), extra_body={"grammar": 'root ::= "A"'})
    (sent,) = api.requests
    assert sent.path == "/v1/chat/completions"
    assert sent.body == {"model": "gpt-4o-mini", **ASKED, "grammar": 'root ::= "A"'}


def test_anthropic_is_asked_in_its_own_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages API: key in its own header, system prompt apart, stop reason in OpenAI's words."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    turns = [{"role": "system", "content": "You judge."}, {"role": "user", "content": "Which?"}]
    with FakeApi(Reply("[[A]]", finish_reason="length")) as api:
        reply = answered(card(api, CLAUDE, key="ANTHROPIC_API_KEY"), messages=turns)
    (sent,) = api.requests
    assert (sent.path, sent.key, sent.messages) == ("/v1/messages", KEY, turns)
    assert (sent.body["model"], sent.body["max_tokens"]) == ("claude-3-5-sonnet-20240620", 5)
    assert (reply.text, reply.finish_reason) == ("[[A]]", "length")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (3, 1)


def test_the_key_is_sent_and_kept_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider sees the key of the card's variable; identity, answer and card do not hold it."""
    monkeypatch.setenv("MY_JUDGE_KEY", KEY)
    with FakeApi() as api:
        of = card(api, key="MY_JUDGE_KEY")
        reply = answered(of)
    assert api.requests[0].key == KEY
    assert KEY not in canonical(LiteLLMClient(of).identity) + canonical(reply.to_json())
    assert KEY not in canonical(of.model_dump(mode="json"))


def test_no_key_of_another_is_sent_to_a_server_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card without a key sends none, even if the environment has one for that provider."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with FakeApi() as api:
        ask(card(api, key=None))
    assert api.requests[0].key == "none"


def test_a_missing_key_is_told_before_anything_is_sent() -> None:
    """The message names the model and the variable to set."""
    with FakeApi() as api:
        message = refused(card(api, key="OPENAI_API_KEY", base_url=None))
    assert message == f"no key for {GPT}: set the environment variable OPENAI_API_KEY"
    assert api.requests == []


@pytest.mark.parametrize(
    ("model", "variable"),
    [(GPT, "OPENAI_BASE_URL"), (GPT, "OPENAI_API_BASE"), (CLAUDE, "ANTHROPIC_BASE_URL")],
)
def test_the_environment_names_an_endpoint(
    model: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card without a URL goes where the provider's usual variable says, and the identity says so."""
    with FakeApi() as api:
        url = api.openai_url if model == GPT else api.anthropic_url
        monkeypatch.setenv(variable, url)
        of = card(api, model, base_url=None)
        answered(of)
    assert len(api.requests) == 1
    assert LiteLLMClient(of).identity == {"model": model, "endpoint": url}
    assert environment_url("mistral/mistral-large-2407") is None


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        (None, None),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("https://proxy.example:8443/v1?api_key=secret#top", "https://proxy.example:8443/v1"),
    ],
)
def test_an_endpoint_is_kept_without_its_credentials(url: str | None, endpoint: str | None) -> None:
    """Query and fragment are no part of who answers; they may hold a key."""
    assert without_credentials(url) == endpoint
    of = Generative(kind="generative", summary="For tests.", model=GPT, base_url=url)
    assert LiteLLMClient(of).identity["endpoint"] == endpoint


def test_a_url_with_credentials_is_refused_in_one_line() -> None:
    """aiohttp, below LiteLLM, sends no credentials of a URL; it is said before any work, and they are not repeated."""
    of = Generative(kind="generative", summary="For tests.", model=GPT, base_url="http://me:secret@host/v1")
    with pytest.raises(UsageError, match="user name or password") as refusal:
        LiteLLMClient(of)
    assert "secret" not in str(refusal.value)


def test_a_client_can_be_opened_again_on_another_event_loop() -> None:
    """LiteLLM's connections do not outlive the loop that they were made in."""
    with FakeApi() as api:
        replies = [answered(card(api, model)).text for model in (GPT, CLAUDE, GPT)]
    assert replies == ["[[A]]"] * 3


# Parameters and names


def asked_of(of: Generative) -> GenerativeJudge:
    """A judge of this card, with the project's own template."""
    return GenerativeJudge(of, Template.load("pairwise_v2"), LiteLLMClient(of))


QUESTION = Question((Message("user", "Hi?"),), ("Yes.", "No."))


def test_a_parameter_that_the_model_does_not_take_is_left_out_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Before the key is made: what is sent stands in the request, what is not in `dropped`."""
    with FakeApi() as api:
        scorer = asked_of(card(api, "openai/gpt-5.5-2026-04-23"))
        requests = [scorer.request(QUESTION) for _ in range(3)]
        again = asked_of(card(api, "openai/gpt-5.5-2026-04-23"))
        again.client.unsupported = None  # type: ignore[assignment,method-assign]
        # What was said is kept, so LiteLLM is not needed a second time.
        assert again.request(QUESTION) == requests[0]
    assert "temperature" not in requests[0]
    assert requests[0]["max_tokens"] == 1024
    assert scorer.dropped == {"temperature": 0.0}
    assert sum("temperature" in record.message for record in caplog.records) == 2


def test_strict_parameters_are_a_refusal() -> None:
    """For those who would rather ask nothing than something else."""
    with FakeApi() as api:
        scorer = asked_of(card(api, "openai/gpt-5.5-2026-04-23", strict_params=True))
        with pytest.raises(RefusedError, match="does not take a parameter of this judge: temperature"):
            scorer.request(QUESTION)


def test_a_model_that_nobody_knows_is_told_with_names_near_it() -> None:
    """From LiteLLM's table, of the same provider."""
    with FakeApi(Reply(status=404)) as api:
        message = refused(card(api, "openai/gpt-4o-minj"))
    assert "near it: openai/gpt-4o-mini" in message
