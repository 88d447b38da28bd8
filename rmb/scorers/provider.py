"""What clients of a language model have in common, whatever they speak: who is asked, with which key, and what refusals say."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from rmb.cards import Generative
from rmb.errors import RefusedError, UsageError
from rmb.records import Answer, Failure, Json
from rmb.scorers.attempts import completed, no_answer, without_credentials, without_key
from rmb.scorers.embedded import LocalServer
from rmb.scorers.faults import Complaint
from rmb.scorers.pace import Pace

NO_KEY = "none"
CHARACTERS_A_TOKEN = 4
USUAL_REPLY = 512
"""Tokens that a reply without a limit is expected to have, before the provider has counted any."""


class Provider:
    """A model behind an API: one request, one answer, however many attempts that takes. Clients add how it is sent."""

    def __init__(self, card: Generative) -> None:
        """card: model, endpoint, the name of the key's variable, limits, price."""
        self.card = card
        self.base_url = card.base_url or environment_url(card.model)
        self.server = LocalServer(card.serve) if card.serve else None
        self.key = os.environ.get(card.key or "")
        self.pace = Pace(card.limits)
        check_endpoint(card.model, self.base_url, self.key, insecure=card.insecure_http)

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
        if self.card.key and not self.key and not self.base_url:
            raise RefusedError(f"no key for {self.card.model}: set the environment variable {self.card.key}")
        if self.server:
            self.base_url, self.key = await asyncio.to_thread(self.server.start)
        self.pace.open()

    async def complete(self, request: Mapping[str, Any]) -> Answer | Failure:
        """Sends a request until it is answered, fails for good, or has had the attempts of the card."""
        attempt = partial(self.attempt, request)
        return await completed(attempt, self.card.limits, self.pace, tokens=tokens_of(request))

    async def attempt(self, request: Mapping[str, Any], number: int) -> Answer:
        """The answer to a request that is sent once. Raises FailedAttempt or RefusedError."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stops the local server."""
        if self.server:
            await asyncio.to_thread(self.server.stop)

    def judged(self, complaint: Complaint, detail: str, after_s: float) -> Answer:
        """A complaint as what it means: an answer that is no verdict, another attempt, or the end of this model."""
        detail = without_key(detail, self.key)
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

    def price_of(self, prompt: int, completion: int) -> float | None:
        """Dollars at the card's price; None without one, and without token counts."""
        if self.card.price is None or not (prompt or completion):
            return None
        return (prompt * self.card.price.input + completion * self.card.price.output) / 1e6


def tokens_of(request: Mapping[str, Any]) -> int:
    """The tokens that a request may take, about: its texts by their length, and the longest reply it allows."""
    prompt = sum(len(message["content"]) for message in request["messages"])
    return prompt // CHARACTERS_A_TOKEN + int(request.get("max_tokens") or USUAL_REPLY)


def check_endpoint(model: str, url: str | None, key: str | None, *, insecure: bool) -> None:
    """Raises UsageError for a URL that holds credentials, or that the key would be sent to unencrypted."""
    parts = urlsplit(url or "")
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
