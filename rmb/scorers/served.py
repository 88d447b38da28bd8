"""Reward models served over HTTP by vLLM or SGLang: big models are scored without torch on this machine.

What is relied on, from the servers' sources and documentation (the activation was measured on a vLLM 0.32 as well):

    vLLM /classify     {"model", "messages" or "input"}  ->  {"data": [{"probs": [score], …}], "usage": {…}}
    vLLM /pooling      the same request                  ->  {"data": [{"data": [score] or [[score], …]}], "usage": {…}}
    SGLang /classify   {"model", "text"}                 ->  {"embedding": [score], "meta_info": {…}}

vLLM puts a sigmoid over the score unless it is told not to, and a sigmoid makes ties of high scores. The parameter that
tells it is "use_activation", and was "activation" and "softmax" before; vLLM ignores names it does not know, and some
versions turn the activation *on* when sent {"softmax": false}. So one name is sent, and the first score is asked for
with the activation as well: a score that this does not change, and that may be a probability, is refused.

vLLM's /score is for a query and a document, and its text is no conversation: no reward model was trained on it.
SGLang's /v1/classify has a softmax over the labels, which is 1 where there is one label; /classify has none.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NoReturn
from urllib.parse import urlsplit

import jinja2
import tenacity

from rmb.cards import NamedCard, ServedReward
from rmb.errors import ContentError, RefusedError, UnreachableError, UsageError, one_line
from rmb.records import Answer, Failure, Json, Question, Scores, Usage
from rmb.scorers import Scorer, Setup
from rmb.scorers.generative import FIRST_TRIES
from rmb.scorers.litellm_client import FATAL, MOST_DETAIL, FailedAttempt, wait, without_credentials
from rmb.templates import SANDBOX

PATHS = {"vllm_classify": "/classify", "vllm_pooling": "/pooling", "sglang_classify": "/classify"}
Reply = tuple[Question, Answer | Failure]
TRANSIENT = {408, 429}
TOO_LONG = re.compile(
    r"maximum context length|model's context length|maximum model length|maximum allowed (input )?length",
    re.IGNORECASE,
)
"""How vLLM and SGLang say that a text is too long."""
UNFIT = "does not support"
SAME = 1e-3
"""Scores of one text nearer than this are the same score."""
NO_SCORE = (ArithmeticError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What reading a reply of another shape raises."""


class ServedRewardModel:
    """A reward model behind an endpoint: each response is sent with its conversation, and one number comes back."""

    width: int | None = 1

    def __init__(self, name: str, card: ServedReward) -> None:
        """name: of the card, for messages."""
        self.name, self.card, self.endpoint = name, card, Endpoint(card)

    @property
    def identity(self) -> Mapping[str, Json]:
        """The model, how it is asked, and the endpoint; everything that is sent stands in the request."""
        return {
            "kind": "served_reward",
            "api": self.card.api,
            "endpoint": without_credentials(self.endpoint.url),
            "model": self.card.model,
        }

    def request(self, question: Question) -> dict[str, Json]:
        """What is sent, and which sample this is. Raises ContentError if the chat template fails."""
        return {**self.body(question), "sample": question.sample}

    def body(self, question: Question) -> dict[str, Json]:
        """What is sent: messages that the server renders, or the text that the card's template makes of them."""
        turns: list[Json] = [{"role": turn.role, "content": turn.content} for turn in question.conversation]
        turns.append({"role": "assistant", "content": question.responses[0]})
        body: dict[str, Json] = {"model": self.card.model}
        if self.card.api == "sglang_classify":
            return {**body, "text": self.rendered(turns)}
        # The template writes the special tokens: a second BOS would change the score.
        body["add_special_tokens"] = False
        if self.card.activation != "as_served":
            body[self.card.activation] = False
        if self.card.chat_template is None:
            return {**body, "messages": turns, "add_generation_prompt": False}
        return {**body, "input": self.rendered(turns)}

    def rendered(self, turns: Sequence[Json]) -> str:
        """The text of conversation and response, by the card's template. Raises ContentError if that fails."""
        try:
            return self.template.render(
                messages=turns, add_generation_prompt=False, raise_exception=raise_exception
            )
        # The template is the user's, and raises whatever it likes.
        except Exception as error:
            raise ContentError(f"judge {self.name}: its chat template fails: {one_line(error)}") from error

    @cached_property
    def template(self) -> jinja2.Template:
        """The card's chat template, in the project's sandbox."""
        return SANDBOX.from_string(self.card.chat_template or "")

    async def answer(self, questions: Sequence[Question]) -> AsyncGenerator[Reply]:
        """Asks up to the card's concurrency at once.

        Questions are asked alone until one is scored: a bad key costs one call. Raises UnreachableError after
        FIRST_TRIES that failed.
        """
        waiting, failed = iter(questions), 0
        running: set[asyncio.Task[Reply]] = set()
        try:
            await self.endpoint.open()
            for question in waiting:
                reply = await self._ask_first(question)
                yield question, reply
                if isinstance(reply, Failure):
                    failed += 1
                    if failed == FIRST_TRIES:
                        told = f"the first {failed} questions failed; {reply.detail}"
                        raise UnreachableError(f"{self.card.model}: {told}")
                elif finite(reply):
                    break
            while self._fill(running, waiting):
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                # Answers before exceptions: what came in beside a fatal refusal is kept.
                for task in sorted(done, key=lambda task: task.exception() is not None):
                    yield task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self.endpoint.close()

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The score; a text that is too long has none, and what is no finite number is none."""
        if answer.finish_reason == "context_length":
            return Failure("context_length", "the text is longer than the server's context")
        if not answer.rewards:
            return Failure("empty", "no score")
        if not finite(answer):
            return Failure("parse", f"the score is {answer.rewards[0]}, no finite number")
        return Scores(answer.rewards, graded=True)

    def _fill(self, running: set[asyncio.Task[Reply]], waiting: Iterator[Question]) -> bool:
        """Starts questions until the concurrency is reached; False when nothing is left to wait for."""
        for question in islice(waiting, self.card.limits.concurrency - len(running)):
            running.add(asyncio.create_task(self._ask(question)))
        return bool(running)

    async def _ask(self, question: Question) -> Reply:
        return question, await self.endpoint.complete(self.body(question))

    async def _ask_first(self, question: Question) -> Answer | Failure:
        """Asks, and has the score shown to be a raw one. Raises RefusedError if it may be a probability."""
        body = self.body(question)
        plain = await self.endpoint.complete(body)
        name = self.card.activation
        if isinstance(plain, Failure) or not plain.rewards or not finite(plain) or name not in body:
            return plain
        squashed = await self.endpoint.complete({**body, name: True})
        if isinstance(squashed, Failure):
            return squashed
        if squashed.rewards and same_probability(plain.rewards[0], squashed.rewards[0]):
            raise RefusedError(
                f"{self.card.model}: {name} does not change its score, {plain.rewards[0]:g}, which may be a "
                "probability and not the raw score; name the parameter that this vLLM knows in the card (activation: "
                "use_activation, activation or softmax), or start it with --pooler-config '{\"use_activation\": false}' "
                "and write activation: as_served"
            )
        return plain


class Endpoint:
    """Sends requests to a server: one request, one answer, however many attempts that takes."""

    def __init__(self, card: ServedReward) -> None:
        """card: model, endpoint, the name of the key's variable, limits. Raises UsageError for a URL that is none."""
        self.card = card
        try:
            parts = urlsplit(card.base_url)
            usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise UsageError(f"the endpoint of {card.model} is no URL such as http://127.0.0.1:8000")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise UsageError(
                f"the endpoint of {card.model} holds a user name, password or query; "
                "leave it out, and name the key's environment variable in the card"
            )
        self.url = card.base_url.rstrip("/").removesuffix("/v1") + PATHS[card.api]
        self.key = os.environ.get(card.key or "")

    async def open(self) -> None:
        """Checks the key, and makes the pool of connections."""
        if self.card.key and not self.key:
            raise RefusedError(f"no key for {self.card.model}: set the environment variable {self.card.key}")
        # Imported when asked for: nothing else of the program needs it.
        import aiohttp

        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.card.limits.concurrency),
            headers={"Authorization": f"Bearer {self.key}"} if self.key else {},
            # The deadline of an attempt is ours, over all of it.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )

    async def complete(self, body: Mapping[str, Json]) -> Answer | Failure:
        """Sends a request until it is answered, fails for good, or has had the attempts of the card."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self.card.limits.attempts),
            wait=wait,
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, FailedAttempt) and error.again),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._attempt(body, attempt.retry_state.attempt_number)
        except FailedAttempt as error:
            return error.failure
        raise AssertionError("tenacity ends with a result or an exception")

    async def close(self) -> None:
        """Closes the connections."""
        if hasattr(self, "session"):
            await self.session.close()

    async def _attempt(self, body: Mapping[str, Json], number: int) -> Answer:
        import aiohttp

        started, deadline_s = time.monotonic(), self.card.limits.deadline_s
        try:
            async with (
                asyncio.timeout(deadline_s),
                # The key is for this server and no other.
                self.session.post(self.url, json=body, allow_redirects=False) as reply,
            ):
                status, headers, raw = reply.status, reply.headers, await reply.read()
        except TimeoutError as error:
            raise FailedAttempt(Failure("deadline", f"no answer within {deadline_s:g} s")) from error
        except (aiohttp.ClientError, OSError) as error:
            raise FailedAttempt(
                Failure("transport", self._detail(f"{type(error).__name__}: {error}"))
            ) from error
        if status != 200:
            return self._judged(status, raw, retry_after_s(headers.get("Retry-After")))
        return self._answer(raw, time.monotonic() - started, number)

    def _judged(self, status: int, raw: bytes, after_s: float) -> Answer:
        """An error as what it means: an answer that is no score, another attempt, or the end of this model."""
        message = complaint(raw)
        detail = self._detail(f"HTTP {status}: {message}")
        if status in {400, 413, 422} and TOO_LONG.search(message):
            return Answer(finish_reason="context_length")
        if status in {401, 403}:
            named = (
                f"check the key in {self.card.key}" if self.card.key else "name its key in the card (key:)"
            )
            raise RefusedError(f"{self.card.model}: the server refuses; {named}; {detail}")
        if status in FATAL or status == 501 or (status < 500 and UNFIT in message):
            way = f"check model, base_url and api ({self.card.api}) of the card"
            raise RefusedError(
                f"{self.card.model}: the server does not serve this at {self.url}; {way}; {detail}"
            )
        again = status in TRANSIENT or status >= 500
        raise FailedAttempt(Failure("transport", detail), again=again, after_s=after_s)

    def _answer(self, raw: bytes, seconds: float, attempts: int) -> Answer:
        """The score of a reply. Raises FailedAttempt for a reply without one, RefusedError for one with several."""
        try:
            reply = json.loads(raw)
            values, tokens = READERS[self.card.api](reply)
            scores = [number(value) for value in values]
            served = reply.get("model") if isinstance(reply, Mapping) else None
            usage = Usage(prompt_tokens=int(tokens or 0), seconds=round(seconds, 4), attempts=attempts)
        except NO_SCORE as error:
            told = self._detail(f"the reply holds no score ({type(error).__name__}: {error})")
            raise FailedAttempt(Failure("transport", told)) from error
        if len(scores) > 1:
            raise RefusedError(
                f"{self.card.model}: {len(scores)} numbers for one text; it is served as a classifier or for "
                "embeddings, not as a reward model with one score"
            )
        return Answer(rewards=tuple(scores), model=served if isinstance(served, str) else None, usage=usage)

    def _detail(self, text: str) -> str:
        """A complaint on one line, without the key, which servers may repeat."""
        if self.key:
            text = text.replace(self.key, "[key]")
        return " ".join(text.split())[:MOST_DETAIL]


def classified(reply: Any) -> tuple[Sequence[Any], Any]:
    """The numbers and the tokens of a reply by vLLM's /classify: one for each label."""
    (one,) = reply["data"]
    return some(one["probs"]), (reply.get("usage") or {}).get("prompt_tokens")


def pooled(reply: Any) -> tuple[Sequence[Any], Any]:
    """The numbers and the tokens of a reply by vLLM's /pooling.

    A model with a sequence-classification head gives [score]. A reward model proper (InternLM2ForRewardModel) has no
    pooling: it gives the value at each token, as rows [[v], [v], …] or as one row [[v, v, …]], and its score is the
    value at the last token.
    """
    (one,) = reply["data"]
    values = some(one["data"])
    if isinstance(values[-1], list):
        row = some(values[-1])
        values = row[-1:] if len(values) == 1 else row
    return values, (reply.get("usage") or {}).get("prompt_tokens")


def embedded(reply: Any) -> tuple[Sequence[Any], Any]:
    """The numbers and the tokens of a reply by SGLang's /classify: as of an embedding; a list for a list of texts."""
    (one,) = reply if isinstance(reply, list) else [reply]
    return some(one["embedding"]), (one.get("meta_info") or {}).get("prompt_tokens")


READERS: Mapping[str, Callable[[Any], tuple[Sequence[Any], Any]]] = {
    "vllm_classify": classified,
    "vllm_pooling": pooled,
    "sglang_classify": embedded,
}


def some(values: Any) -> Sequence[Any]:
    """The values, if they are a list that is not empty. Raises TypeError or ValueError for anything else."""
    if not isinstance(values, list):
        raise TypeError(f"{type(values).__name__} in place of a list of numbers")
    if not values:
        raise ValueError("no numbers")
    return values


def number(value: Any) -> float:
    """A score; NaN for null, which is how JSON has it. Raises TypeError for what is no number."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{type(value).__name__} in place of a number")
    return float(value)


def finite(answer: Answer) -> bool:
    """True if an answer has a score, and it is a number that can be compared."""
    return bool(answer.rewards) and all(map(math.isfinite, answer.rewards or ()))


def same_probability(score: float, other: float) -> bool:
    """True if two scores are the same, and could be what a sigmoid or a softmax gives."""
    return 0 <= score <= 1 and abs(score - other) <= SAME


def complaint(raw: bytes) -> str:
    """What an error's body says: its message, wherever vLLM and SGLang put it, or the body itself."""
    text = raw.decode(errors="replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    message = inner.get("message") if isinstance(inner, Mapping) else inner
    return message if isinstance(message, str) else text


def retry_after_s(header: str | None) -> float:
    """The seconds of a Retry-After header; 0 if there is none in seconds."""
    try:
        seconds = float(header or 0)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def raise_exception(message: str) -> NoReturn:
    """For chat templates, which refuse conversations by this name."""
    raise jinja2.TemplateError(message)


def open_served_reward(card: NamedCard, _: Setup) -> Scorer:
    """The served reward model that a card describes. Raises ContentError for a chat template that is none."""
    assert isinstance(card.card, ServedReward)
    scorer = ServedRewardModel(card.name, card.card)
    try:
        _template = scorer.template
    except (jinja2.TemplateError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ContentError(f"judge {card.name}: its chat template is none: {one_line(error)}") from error
    return scorer
