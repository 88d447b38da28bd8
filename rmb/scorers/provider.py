"""What clients of a language model have in common, whatever they speak: who is asked, with which key, and what refusals say."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlsplit

from rmb.cards import Generative
from rmb.credentials import key_in, remember, remember_url
from rmb.errors import RefusedError, UsageError
from rmb.records import Answer, Failure, Json
from rmb.scorers.attempts import Cost, completed, no_answer, short, without_credentials
from rmb.scorers.budget import Budget
from rmb.scorers.embedded import LocalServer
from rmb.scorers.faults import Complaint
from rmb.scorers.pace import Pace
from rmb.scorers.prices import Rates, rates_of

NO_KEY = "none"
CHARACTERS_A_TOKEN = 4
USUAL_REPLY = 512
"""Tokens that a reply without a limit is expected to have, before the provider has counted any."""
OF_MESSAGE = 32
"""Tokens that a chat template puts around a message, at most."""
FORMS, OF_FORM = ("response_format", "tools", "extra_body"), 1024
"""Parameters that providers write into the prompt, and the tokens that they write around them, at most."""


class Provider:
    """A model behind an API: one request, one answer, however many attempts that takes. Clients add how it is sent."""

    def __init__(self, card: Generative, budget: Budget | None = None) -> None:
        """card: model, endpoint, the name of the key's variable, limits, price. budget: that its calls are paid from.

        Raises UsageError if there is a cap on it, and no telling what a call costs at most.
        """
        self.card, self.budget = card, budget or Budget()
        self.base_url = card.base_url or environment_url(card.model)
        self.server = LocalServer(card.serve) if card.serve else None
        self.key = key_in(card.key)
        self.pace = Pace(card.limits)
        check_endpoint(card.model, self.base_url, self.key, insecure=card.insecure_http)
        remember_url(self.base_url)
        if self.budget.cap_usd is not None:
            check_price(card.model, self.rates, card.sampling.max_tokens)

    @property
    def identity(self) -> Mapping[str, Json]:
        """The model, and the endpoint without credentials; of a local model, the hash of its weights."""
        if self.server:
            return {"model": self.card.model, **self.server.identity}
        return {"model": self.card.model, "endpoint": without_credentials(self.base_url)}

    def unsupported(self, request: Mapping[str, Json]) -> Sequence[str]:
        """The parameters of a request that the model does not take; what no table tells is left to the server."""
        return ()

    async def open(self) -> None:
        """Checks the key, and starts the local server if the card has one."""
        self.check_key()
        if self.server:
            self.base_url, self.key = await asyncio.to_thread(self.server.start)
            remember(self.key)
        self.pace.open()

    def check_key(self) -> None:
        """Raises RefusedError without a key, unless a server of one's own may need none."""
        if self.card.key and not self.key and not self.base_url:
            raise RefusedError(f"no key for {self.card.model}: set the environment variable {self.card.key}")

    async def complete(self, request: Mapping[str, Any]) -> Answer | Failure:
        """Sends a request until it is answered, fails for good, or has had the attempts of the card."""
        cost = Cost(tokens_of(request), self.most_usd(request), self.budget, self.card.model)
        return await completed(partial(self.attempt, request), self.card.limits, self.pace, cost)

    async def attempt(self, request: Mapping[str, Any], number: int) -> Answer:
        """The answer to a request that is sent once. Raises FailedAttempt or RefusedError."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stops the local server."""
        if self.server:
            await asyncio.to_thread(self.server.stop)

    def judged(self, complaint: Complaint, detail: str, after_s: float) -> Answer:
        """A complaint as what it means: an answer that is no verdict, another attempt, or the end of this model."""
        detail = short(detail)
        if complaint.kind == "refused":
            variable = f" (key from {self.card.key})" if self.card.key else ""
            raise RefusedError(f"{self.card.model}: the provider refuses{variable}; {detail}")
        if complaint.kind == "unknown":
            near = f"; near it: {', '.join(self.near())}" if self.near() else ""
            told = f"the provider knows no such model or address{near}; {detail}"
            raise RefusedError(f"{self.card.model}: {told}")
        return no_answer(complaint, detail, after_s)

    def near(self) -> Sequence[str]:
        """Names of models that look like this one's, where there is a table of them."""
        return ()

    @cached_property
    def rates(self) -> Rates | None:
        """What the model's tokens cost; None if neither the card nor LiteLLM's table tells."""
        return rates_of(self.card.model, self.card.price)

    def price_of(self, prompt: int, completion: int, cached: int = 0) -> float | None:
        """Dollars of a call; None without a price, and without token counts. cached: of the prompt's tokens."""
        if self.rates is None or not (prompt or completion):
            return None
        return self.rates.of(prompt, completion, cached)

    def most_usd(self, request: Mapping[str, Any]) -> float | None:
        """The most dollars that a request may cost when it is sent once; None if there is no telling.

        Raises UsageError if there is none, and a cap on the budget: a limit on replies that the model does not take is none.
        """
        reply = int(request.get("max_tokens") or 0)
        if self.budget.cap_usd is not None:
            check_price(self.card.model, self.rates, reply)
        if self.rates is None or not (reply or not self.rates.most_output):
            return None
        return self.rates.most(most_tokens(request), reply)


def tokens_of(request: Mapping[str, Any]) -> int:
    """The tokens that a request may take, about: its texts by their length, and the longest reply it allows."""
    prompt = sum(len(message["content"]) for message in request["messages"])
    return prompt // CHARACTERS_A_TOKEN + int(request.get("max_tokens") or USUAL_REPLY)


def most_tokens(request: Mapping[str, Any]) -> int:
    """More than the tokens of a prompt: no tokenizer makes more of a text than it has bytes."""
    texts = sum(len(message["content"].encode("utf-8", "replace")) for message in request["messages"])
    form = json.dumps([request[name] for name in FORMS if name in request])
    return texts + OF_MESSAGE * (1 + len(request["messages"])) + (OF_FORM + len(form)) * (len(form) > 2)


def check_price(model: str, rates: Rates | None, max_tokens: int | None) -> None:
    """Raises UsageError if there is no telling what a call costs at most."""
    if rates is None:
        raise UsageError(
            f"a budget needs the price of {model}, which LiteLLM's table does not have: "
            "give --price-in and --price-out (dollars for a million tokens; 0 if it costs nothing)"
        )
    if not max_tokens and rates.most_output:
        raise UsageError(f"a budget needs a limit on the replies of {model}: give --max-tokens")


def check_endpoint(model: str, url: str | None, key: str | None, *, insecure: bool) -> None:
    """Raises UsageError for a URL that is none, that holds credentials, or that the key would be sent to unencrypted."""
    try:
        parts = urlsplit(url or "")
        _port = parts.port
    except ValueError:
        # Not "from" it: a password with a slash in it is taken for the port, and shown.
        raise UsageError(f"the endpoint of {model} is no URL such as https://127.0.0.1:8000/v1") from None
    if parts.username is not None:
        raise UsageError(
            f"the endpoint of {model} holds a user name or password; "
            "leave it out, and name the key's environment variable in a card"
        )
    if key and parts.scheme == "http" and not insecure and not is_this_machine(parts.hostname or ""):
        raise UsageError(
            f"the endpoint of {model} is http:// on another machine, where the key can be read on the way; "
            "use https://, or --insecure-http if the network is yours"
        )


def is_this_machine(host: str) -> bool:
    """True of names and addresses that never leave the machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def environment_url(model: str) -> str | None:
    """The endpoint that the environment names for the model's provider: $OPENAI_BASE_URL and the like."""
    provider = model.partition("/")[0].upper()
    return os.environ.get(f"{provider}_BASE_URL") or os.environ.get(f"{provider}_API_BASE")
