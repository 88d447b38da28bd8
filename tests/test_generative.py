"""A generative judge: what it sends, how many questions at once, how it stops, and how it reads.

The judge, its client and litellm are real; the provider is a loopback server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from rmb.canonical import canonical
from rmb.cards import Generative, Limits, NamedCard, Sampling
from rmb.errors import RefusedError, UsageError
from rmb.records import Answer, Failure, Message, Question, Scores
from rmb.run import Settings
from rmb.scorers import Scorer, Setup, open_scorer
from rmb.store import answer_key
from rmb.templates import Template
from rmb.testing import Replies, ScorerContract
from tests.builders import pair, run
from tests.fake_api import FakeApi, Reply, Request

QUESTION = Question((Message("user", "Hello?"),), ("Good day.", "Go away."))
SLOW_S = 0.3


def judge(
    base_url: str, *, template: str = "pairwise_v1", style: str | None = None, **changes: Any
) -> Scorer:
    """A generative judge behind a URL; `changes` are those of its card."""
    plain: dict[str, Any] = {
        "kind": "generative",
        "summary": "For tests.",
        "model": "openai/gpt-4o-mini",
        "base_url": base_url,
        "limits": Limits(attempts=1, deadline_s=20, concurrency=4),
    }
    card = NamedCard(name="mine", sha256="0", card=Generative(**plain | changes))
    return open_scorer(card, Setup(template=Template.load(template, style=style)))


def many(count: int) -> list[Question]:
    """Distinct questions."""
    return [Question((Message("user", f"Hello {n}?"),), ("Good day.", "Go away.")) for n in range(count)]


def ask(scorer: Scorer, questions: list[Question], *, most: int | None = None) -> Replies:
    """The replies to some questions, all or the first few."""

    async def gather() -> Replies:
        replies: Replies = []
        async with aclosing(scorer.answer(questions)) as answers:
            async for reply in answers:
                replies.append(reply)
                if len(replies) == most:
                    break
        return replies

    return asyncio.run(gather())


class TestGenerativeJudge(ScorerContract):
    """A prompted model keeps the contract of scorers."""

    @pytest.fixture(autouse=True)
    def api(self) -> Iterator[FakeApi]:
        """A provider for each test."""
        with FakeApi(Reply("[[B]]")) as self.provider:
            yield self.provider

    def open(self) -> Scorer:
        """The judge, asked through the plainest template."""
        return judge(self.provider.openai_url)


class TestRatingJudge(TestGenerativeJudge):
    """So does one that rates each response alone."""

    def open(self) -> Scorer:
        """The judge; the reply is no rating, so each verdict is a failure with its reason."""
        return judge(self.provider.openai_url, template="pointwise_v1")


# How many at once


@pytest.mark.parametrize("concurrency", [1, 3, 8])
def test_concurrency_is_reached_and_not_passed(concurrency: int) -> None:
    """As many requests are open as the card says, no fewer while there is work and never more."""
    with FakeApi(Reply(delay_s=SLOW_S)) as api:
        limits = Limits(concurrency=concurrency, attempts=1)
        replies = ask(judge(api.openai_url, limits=limits), many(3 * concurrency + 1))
    assert len(replies) == 3 * concurrency + 1
    assert api.in_flight_peak == concurrency


def test_the_first_question_is_asked_alone() -> None:
    """Until the first reply nothing else is sent, so that a bad key or a wrong model costs one request."""
    with FakeApi(Reply(delay_s=SLOW_S)) as api:
        ask(judge(api.openai_url, limits=Limits(concurrency=8, attempts=1)), many(9))
    first, second, *_, last = (request.at for request in api.requests)
    assert second - first >= SLOW_S
    assert last - second < SLOW_S


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_of_twenty_questions_costs_one_request(status: int) -> None:
    """A bad key or an unknown model ends the run at the first question, and the run says why."""
    items = [pair(asked=f"Hello {number}?", uid=str(number)) for number in range(10)]
    with FakeApi(Reply(status=status)) as api:
        done = run(judge(api.openai_url, limits=Limits(concurrency=8, attempts=3)), items)
    assert len(api.requests) == 1
    assert isinstance(done.error, RefusedError)
    assert done.counts["asked"] == 0
    assert done.failures == {"cancelled": 20}


def test_a_refusal_in_the_middle_keeps_what_was_answered() -> None:
    """A key withdrawn under way: answers that are there are given before the refusal is raised."""

    def script(request: Request) -> Reply:
        return Reply(status=401) if "Hello 3?" in request.messages[-1]["content"] else Reply()

    items = [pair(asked=f"Hello {number}?", uid=str(number)) for number in range(5)]
    with FakeApi(script) as api:
        done = run(judge(api.openai_url, limits=Limits(concurrency=1)), items, Settings(orders="single"))
    assert isinstance(done.error, RefusedError)
    assert (done.counts["asked"], len(api.requests)) == (3, 4)


def test_a_failed_question_does_not_stop_the_others() -> None:
    """Each question has its own reply: answers where there is one, a failure where there is none."""

    def script(request: Request) -> Reply:
        return Reply(status=500) if "Hello 3?" in request.messages[-1]["content"] else Reply()

    with FakeApi(script) as api:
        replies = ask(judge(api.openai_url), many(6))
    failed = [question for question, reply in replies if isinstance(reply, Failure)]
    assert [question.conversation[0].content for question in failed] == ["Hello 3?"]
    assert len(replies) == 6


def test_answers_come_as_they_are_ready() -> None:
    """A slow question holds up no other."""

    def script(request: Request) -> Reply:
        return Reply(delay_s=1.0 if "Hello 1?" in request.messages[-1]["content"] else 0)

    with FakeApi(script) as api:
        replies = ask(judge(api.openai_url), many(12))
    assert replies[-1][0].conversation[0].content == "Hello 1?"


def test_closing_early_cancels_what_is_in_flight() -> None:
    """After the first answers are taken, open requests are dropped and no others are sent."""
    with FakeApi([Reply(), Reply(), Reply(delay_s=30)]) as api:
        started = time.monotonic()
        replies = ask(judge(api.openai_url), many(20), most=2)
        seconds = time.monotonic() - started
    assert len(replies) == 2
    assert seconds < 10
    assert len(api.requests) <= 6


# What is sent


def test_the_request_holds_all_that_is_sent() -> None:
    """Messages, model and every parameter of the card, and which sample this is: the key of the answer."""
    sampling = Sampling(temperature=0.7, top_p=0.9, max_tokens=7, seed=3)
    with FakeApi() as api:
        scorer = judge(api.openai_url, sampling=sampling)
        ask(scorer, [QUESTION])
    request = dict(scorer.request(QUESTION))  # type: ignore[arg-type]
    assert request.pop("sample") == 0
    assert request.pop("model") == "openai/gpt-4o-mini"
    sent = dict(api.requests[0].body)
    assert sent.pop("model") == "gpt-4o-mini"
    assert request == sent
    assert {"temperature", "top_p", "max_tokens", "seed", "messages"} == set(sent)


def test_what_the_card_leaves_open_is_not_sent() -> None:
    """A parameter of None is the provider's business: it is neither sent nor part of the key."""
    with FakeApi() as api:
        scorer = judge(api.openai_url, sampling=Sampling(temperature=None, max_tokens=None))
        ask(scorer, [QUESTION])
    assert set(api.requests[0].body) == {"model", "messages"}


@pytest.mark.parametrize(
    "changes",
    [
        {"sampling": Sampling(temperature=1.0)},
        {"sampling": Sampling(max_tokens=9)},
        {"model": "openai/gpt-4o"},
        {"base_url": "http://elsewhere.example/v1"},
        {"read": "logprob"},
        {"template": "pairwise_v2"},
        {"style": "explain_first"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_can_change_an_answer_changes_its_key(changes: dict[str, Any]) -> None:
    """Sampling, model, endpoint, forced form and prompt are all part of the key of an answer."""
    plain, other = judge("http://here.example/v1"), judge(**{"base_url": "http://here.example/v1", **changes})
    keys = [answer_key(scorer.identity, scorer.request(QUESTION)) for scorer in (plain, other)]
    assert keys[0] != keys[1]


def test_limits_change_no_key() -> None:
    """More at once, or more patience, asks nothing anew."""
    plain, other = judge("http://a.example"), judge("http://a.example", limits=Limits(concurrency=64))
    assert canonical(plain.identity) == canonical(other.identity)
    assert canonical(plain.request(QUESTION)) == canonical(other.request(QUESTION))


def test_samples_are_asked_apart_though_they_are_sent_alike() -> None:
    """The second sample is another question to the store and the same request to the provider."""
    with FakeApi() as api:
        scorer = judge(api.openai_url)
        again = Question(QUESTION.conversation, QUESTION.responses, sample=1)
        replies = ask(scorer, [QUESTION, again])
    assert scorer.request(QUESTION) != scorer.request(again)
    assert len(replies) == len(api.requests) == 2
    assert api.requests[0].body == api.requests[1].body
    assert "sample" not in api.requests[0].body


def test_a_forced_verdict_is_sent_as_a_grammar() -> None:
    """A llama.cpp server reads the grammar from the body; it lets the model write nothing but a verdict."""
    with FakeApi() as api:
        ask(judge(api.openai_url, force="grammar"), [QUESTION])
    assert api.requests[0].body["grammar"] == 'root ::= "[[" ("A" | "B") "]]"'


# Reading


def test_a_card_may_read_log_probabilities_where_the_template_reads_text() -> None:
    """`read: logprob` asks for them and takes the verdict's probability; the text's letter is overruled."""
    with FakeApi(Reply("[[A]]", logprobs={"A": -1.0, "B": -0.5})) as api:
        scorer = judge(api.openai_url, read="logprob", top_logprobs=5)
        ((question, reply),) = ask(scorer, [QUESTION])
    assert isinstance(reply, Answer)
    verdict = scorer.read(question, reply)
    assert isinstance(verdict, Scores)
    assert verdict.graded
    assert verdict.values == pytest.approx((0.3775, 0.6225), abs=1e-4)
    assert (api.requests[0].body["logprobs"], api.requests[0].body["top_logprobs"]) == (True, 5)


@pytest.mark.parametrize(("fallback", "verdict"), [(None, "parse"), ("fail", "parse"), ("text", (1.0, 0.0))])
def test_a_card_says_what_becomes_of_a_reply_without_log_probabilities(
    fallback: str | None, verdict: tuple[float, float] | str
) -> None:
    """A failure, as the template has it, or what the text says."""
    scorer = judge("http://a.example", read="logprob", fallback=fallback)
    found = scorer.read(QUESTION, Answer("[[A]]"))
    assert (found.reason if isinstance(found, Failure) else found.values) == verdict


@pytest.mark.parametrize(
    ("template", "width", "asks_logprobs"),
    [
        ("pairwise_v1", 2, False),
        ("pairwise_v2", 2, False),
        ("pairwise_logprob_v1", 2, True),
        ("pointwise_v1", 1, False),
        ("pointwise_yes_v1", 1, True),
    ],
)
def test_the_template_gives_width_and_way_of_reading(
    template: str, width: int, *, asks_logprobs: bool
) -> None:
    """Two responses a question or one, and log-probabilities where the template reads them."""
    scorer = judge("http://a.example", template=template)
    question = Question(QUESTION.conversation, QUESTION.responses[:width])
    assert scorer.width == width
    assert ("logprobs" in dict(scorer.request(question))) == asks_logprobs  # type: ignore[arg-type]


def test_a_scale_is_read_as_text_even_where_the_card_reads_log_probabilities() -> None:
    """A rating has no labels whose probabilities could be compared."""
    scorer = judge("http://a.example", template="pointwise_v1", read="logprob")
    question = Question(QUESTION.conversation, ("Good day.",))
    assert scorer.read(question, Answer("[[7]]")) == Scores((7.0,), graded=True)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply("Both are fine. [[B]]"), Scores((0.0, 1.0))),
        (Reply("[[A]] or [[B]]"), "contradiction"),
        (Reply("I cannot say."), "parse"),
        (Reply("I thin", finish_reason="length"), "truncated"),
        (Reply("", finish_reason="content_filter"), "content_filter"),
        (Reply(None), "empty"),
        (
            Reply(status=400, error={"message": "This model's maximum context length is 9 tokens."}),
            "context_length",
        ),
        (Reply(status=500), "transport"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_replies_become_verdicts_or_reasons(reply: Reply, verdict: Scores | str) -> None:
    """From the wire to the verdict: what the provider sends, and what a run concludes."""
    with FakeApi(reply) as api:
        scorer = judge(api.openai_url)
        ((question, got),) = ask(scorer, [QUESTION])
    read = got if isinstance(got, Failure) else scorer.read(question, got)
    assert (read.reason if isinstance(read, Failure) else read) == verdict


def test_a_generative_judge_needs_a_template() -> None:
    """Without one there is nothing to ask; the message names the option."""
    card = Generative(kind="generative", summary="For tests.", model="openai/gpt-4o-mini")
    with pytest.raises(UsageError, match="--template"):
        open_scorer(NamedCard(name="mine", sha256="0", card=card), Setup())


@pytest.mark.parametrize(
    ("template", "way"),
    [
        ("pairwise_v2", "logprob"),
        ("listwise_best_v1", "logprob"),
        ("pairwise_five_v1", "last_match"),
        ("pointwise_v1", "last_match"),
    ],
)
def test_a_card_s_reading_is_for_labels_of_one_token(template: str, way: str) -> None:
    """Levels such as "A>>B" and ratings are read in the text, whatever the card would rather have."""
    scorer = judge("http://127.0.0.1:9", template=template, read="logprob")
    assert scorer.rule.read == way  # type: ignore[attr-defined]
