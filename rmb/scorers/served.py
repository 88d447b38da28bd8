"""Reward models served over HTTP by vLLM or SGLang: big models are scored without torch on this machine.

What is relied on, from the servers' sources and documentation (the activation was measured on a vLLM 0.32, /score not):

    vLLM /classify     {"model", "messages" or "input"}  ->  {"data": [{"probs": [score], …}], "usage": {…}}
    vLLM /pooling      the same request                  ->  {"data": [{"data": [score] or [[score], …]}], "usage": {…}}
    vLLM /score        {"model", "text_1", "text_2"}     ->  {"data": [{"score": score}], "usage": {…}}
    SGLang /classify   {"model", "text"}                 ->  {"embedding": [score], "meta_info": {…}}

vLLM puts a sigmoid over the score unless it is told not to, and a sigmoid makes ties of high scores. The parameter that
tells it is "use_activation", and was "activation" and "softmax" before; vLLM ignores names it does not know, and some
versions turn the activation *on* when sent {"softmax": false}. So one name is sent, and the first score is asked for
with the activation as well: a score that this does not change, and that may be a probability, is refused.

vLLM's /score is for cross-encoders, which read conversation and response as two texts with a separator between them:
their tokenizer sets the special tokens, and is not to be told otherwise. "text_1" and "text_2" are the names that every
version takes; newer ones take others as well. It refuses a model with several labels. A model that was trained on chats
wants /classify, which applies its template.

SGLang's /v1/classify has a softmax over the labels, which is 1 where there is one label; /classify has none.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import NoReturn
from urllib.parse import urlsplit

import jinja2

from rmb.cards import NamedCard, ServedReward
from rmb.credentials import key_in
from rmb.errors import ContentError, RefusedError, UsageError, one_line
from rmb.records import Answer, Failure, Json, Question, Scores, Usage
from rmb.sandbox import SANDBOX
from rmb.scorers import Scorer, Setup, reward_replies
from rmb.scorers.asking import Line, Reply, in_hand, replies
from rmb.scorers.attempts import (
    Cost,
    FailedAttempt,
    broken,
    completed,
    no_answer,
    short,
    without_credentials,
)
from rmb.scorers.faults import Complaint, asked_wait_s, read_complaint
from rmb.scorers.pace import Pace
from rmb.scorers.provider import CHARACTERS_A_TOKEN, check_endpoint

PATHS = {
    "vllm_classify": "/classify",
    "vllm_pooling": "/pooling",
    "vllm_score": "/score",
    "sglang_classify": "/classify",
}
UNFIT = "does not support"
"""How vLLM and SGLang say that the model is of another kind."""
SAME = 1e-3
"""Scores of one text nearer than this are the same score."""


class ServedRewardModel:
    """A reward model behind an endpoint: each response is sent with its conversation, and one number comes back."""

    width: int | None = 1

    def __init__(self, name: str, card: ServedReward) -> None:
        """name: of the card, for messages."""
        self.name, self.card, self.endpoint = name, card, Endpoint(card)
        self.line = Line(self.endpoint, card.model, in_hand(card.limits.concurrency))

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
        """What is sent: messages that the server renders, the text that the card's template makes of them, or two."""
        turns: list[Json] = [{"role": turn.role, "content": turn.content} for turn in question.conversation]
        response: Json = {"role": "assistant", "content": question.responses[0]}
        body: dict[str, Json] = {"model": self.card.model}
        if self.card.api == "sglang_classify":
            return {**body, "text": self.rendered([*turns, response])}
        if self.card.activation != "as_served":
            body[self.card.activation] = False
        if self.card.api == "vllm_score":
            joined = " ".join(turn.content for turn in question.conversation)
            asked = joined if self.card.chat_template is None else self.rendered(turns)
            return {**body, "text_1": asked, "text_2": question.responses[0]}
        # The template writes the special tokens: a second BOS would change the score.
        body["add_special_tokens"] = False
        if self.card.chat_template is None:
            return {**body, "messages": [*turns, response], "add_generation_prompt": False}
        return {**body, "input": self.rendered([*turns, response])}

    def rendered(self, turns: Sequence[Json]) -> str:
        """The text of some turns, by the card's template. Raises ContentError if that fails."""
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

    def answer(self, questions: Iterable[Question]) -> AsyncGenerator[Reply]:
        """Asks up to the card's concurrency at once, once a score has been shown to be a raw one."""
        return replies(questions, self.line, self._ask, ask_first=self._ask_first, shows=finite)

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The score; a text that is too long has none, and what is no finite number is none."""
        if answer.finish_reason == "context_length":
            return Failure("context_length", "the text is longer than the server's context")
        if not answer.rewards:
            return Failure("empty", "no score")
        if not finite(answer):
            return Failure("parse", f"the score is {answer.rewards[0]}, no finite number")
        return Scores(answer.rewards, graded=True)

    async def _ask(self, question: Question) -> Answer | Failure:
        return await self.endpoint.complete(self.body(question))

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
        self.key = key_in(card.key)
        self.pace = Pace(card.limits)
        check_endpoint(card.model, card.base_url, self.key, insecure=card.insecure_http)

    async def open(self) -> None:
        """Checks the key, and makes the pool of connections."""
        self.check_key()
        self.pace.open()
        # Imported when asked for: nothing else of the program needs it.
        import aiohttp

        self.session = aiohttp.ClientSession(
            # How many are open is the pace's to say.
            connector=aiohttp.TCPConnector(limit=0),
            headers={"Authorization": f"Bearer {self.key}"} if self.key else {},
            # The deadline of an attempt is ours, over all of it.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )

    def check_key(self) -> None:
        """Raises RefusedError where the card names a key and there is none."""
        if self.card.key and not self.key:
            raise RefusedError(f"no key for {self.card.model}: set the environment variable {self.card.key}")

    async def complete(self, body: Mapping[str, Json]) -> Answer | Failure:
        """Sends a request until it is answered, fails for good, or has had the attempts of the card."""
        tokens = len(str(body)) // CHARACTERS_A_TOKEN
        return await completed(partial(self._attempt, body), self.card.limits, self.pace, Cost(tokens))

    async def close(self) -> None:
        """Closes the connections."""
        if hasattr(self, "session"):
            await self.session.close()

    async def _attempt(self, body: Mapping[str, Json], number: int) -> Answer:
        import aiohttp

        started = time.monotonic()
        try:
            # The key is for this server and no other.
            async with self.session.post(self.url, json=body, allow_redirects=False) as reply:
                status, headers, raw = reply.status, reply.headers, await reply.read()
        except (aiohttp.ClientError, OSError) as error:
            detail = short(f"{type(error).__name__}: {error}")
            raise FailedAttempt(Failure("transport", detail), complaint=Complaint(None, detail)) from error
        if status != 200:
            return self._judged(read_complaint(status, raw.decode(errors="replace")), asked_wait_s(headers))
        return self._answer(raw, time.monotonic() - started, number)

    def _judged(self, complaint: Complaint, after_s: float) -> Answer:
        """An error as what it means: an answer that is no score, another attempt, or the end of this model."""
        detail = short(f"HTTP {complaint.status}: {complaint.message}")
        if complaint.kind == "refused":
            named = (
                f"check the key in {self.card.key}" if self.card.key else "name its key in the card (key:)"
            )
            raise RefusedError(f"{self.card.model}: the server refuses; {named}; {detail}")
        if complaint.kind == "unknown" or (complaint.kind == "bad" and UNFIT in complaint.message):
            way = f"check model, base_url and api ({self.card.api}) of the card"
            raise RefusedError(
                f"{self.card.model}: the server does not serve this at {self.url}; {way}; {detail}"
            )
        return no_answer(complaint, detail, after_s)

    def _answer(self, raw: bytes, seconds: float, attempts: int) -> Answer:
        """The score of a reply. Raises FailedAttempt for a reply without one, RefusedError for one with several."""
        try:
            reply = reward_replies.read(self.card.api, raw)
        except ValueError as error:
            broken(short(str(error)))
        if len(reply.numbers) > 1:
            raise RefusedError(
                f"{self.card.model}: {len(reply.numbers)} numbers for one text; it is served as a classifier or for "
                "embeddings, not as a reward model with one score"
            )
        usage = Usage(prompt_tokens=reply.prompt_tokens, seconds=round(seconds, 4), attempts=attempts)
        return Answer(rewards=reply.numbers, model=reply.model, usage=usage)


def finite(answer: Answer) -> bool:
    """True if an answer has a score, and it is a number that can be compared."""
    return bool(answer.rewards) and all(map(math.isfinite, answer.rewards or ()))


def same_probability(score: float, other: float) -> bool:
    """True if two scores are the same, and could be what a sigmoid or a softmax gives."""
    return 0 <= score <= 1 and abs(score - other) <= SAME


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
