"""The only file that imports LiteLLM, and it does so when the first question is asked.

LiteLLM is used for its wire formats and its price table; retries, deadlines and the judgement of errors are
ours (docs/decisions/0003-litellm-without-its-retries.md).
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Never

from rmb.cards import Generative
from rmb.errors import RefusedError, nearest
from rmb.records import Answer, Json, Token, Usage
from rmb.scorers.attempts import broken, without_credentials
from rmb.scorers.faults import Complaint, asked_wait_s, codes_of, read_complaint
from rmb.scorers.prices import rates_of
from rmb.scorers.provider import NO_KEY, Provider, environment_url

__all__ = ["Estimate", "LiteLLMClient", "count_tokens", "environment_url", "estimate", "without_credentials"]

AMBIENT = ("bedrock/", "sagemaker/", "vertex_ai/")
"""Providers that take the machine's own credentials, and would take NO_KEY for a token."""
COUNTED = 200
MOMENT_S = 0.02
LOST = re.compile(r"connection error|disconnected|connection reset|cannot connect|timed? ?out", re.IGNORECASE)
"""What LiteLLM says where there was no reply, and calls a status of 500."""
UNSENT = {
    *(("aiohttp", name) for name in ("ClientConnectorError", "ClientConnectorDNSError")),
    *(("httpcore", name) for name in ("ConnectError", "ConnectTimeout")),
}
"""What is raised where nobody took the request. httpx' errors of these names tell of resets as well."""
INVENTED = {408, 500, 502}
"""Statuses that LiteLLM gives to what is no error of the provider's."""
OURS = {"messages", "model", "extra_body", "sample"}
"""Of a request, what is no parameter of the model."""


class LiteLLMClient(Provider):
    """Asks a model through LiteLLM, which knows the wire formats of a hundred providers."""

    def unsupported(self, request: Mapping[str, Json]) -> Sequence[str]:
        """The parameters that LiteLLM's table says the model does not take; imports LiteLLM."""
        litellm = import_litellm()
        asked = {name: value for name, value in request.items() if name not in OURS}
        return [name for name, value in asked.items() if not takes(litellm, self.card.model, name, value)]

    async def open(self) -> None:
        """Checks the key, imports LiteLLM, starts the local server if the card has one."""
        await super().open()
        self.litellm = await asyncio.to_thread(import_litellm)

    async def close(self) -> None:
        """Closes LiteLLM's connections and stops the local server."""
        if hasattr(self, "litellm"):
            await self.litellm.close_litellm_async_clients()
            # The cache would hand out the closed clients again.
            self.litellm.in_memory_llm_clients_cache.flush_cache()
        await super().close()

    async def attempt(self, request: Mapping[str, Any], number: int) -> Answer:
        """The answer to a request that is sent once. Raises FailedAttempt or RefusedError."""
        started = time.monotonic()
        try:
            call = self.litellm.acompletion(
                **request,
                api_key=self.key or self._no_key(),
                api_base=self.base_url,
                # It starts anew with each byte that arrives: the deadline over all of them is not LiteLLM's.
                timeout=self.card.limits.deadline_s,
                max_retries=0,
                num_retries=0,
            )
            reply = await gently(asyncio.ensure_future(call))
        except Exception as error:  # noqa: BLE001 - LiteLLM's errors share no class; each is judged, none is dropped
            return self._judged(error)
        return self._answer(reply, seconds=time.monotonic() - started, attempts=number)

    def _judged(self, error: Exception) -> Answer:
        if isinstance(error, self.litellm.UnsupportedParamsError):
            detail = told(error)
            raise RefusedError(
                f"{self.card.model} does not take a parameter of this judge: {detail}"
            ) from error
        # LiteLLM hides the headers here.
        headers = getattr(error, "litellm_response_headers", None) or {}
        complaint = complaint_of(error)
        return self.judged(complaint, complaint.message, asked_wait_s(headers))

    def near(self) -> Sequence[str]:
        """Names of LiteLLM's table that look like the model's, the provider in front."""
        provider, slash, _ = self.card.model.partition("/")
        table = self.litellm.model_cost
        known = [
            name if "/" in name else f"{row['litellm_provider']}/{name}"
            for name, row in table.items()
            if row.get("mode") == "chat" and "litellm_provider" in row
        ]
        same = [name for name in known if name.startswith(provider + slash)]
        near = nearest(self.card.model, same if slash and same else known)
        return [name for name in near if name != self.card.model]

    def _no_key(self) -> str | None:
        """What is sent for a key where there is none: servers of one's own want any."""
        return None if self.card.model.startswith(AMBIENT) else NO_KEY

    def _answer(self, reply: Any, *, seconds: float, attempts: int) -> Answer:
        # LiteLLM takes a body without choices for a success.
        if not reply.choices:
            broken("the reply has no choices")
        choice = reply.choices[0]
        counts = getattr(reply, "usage", None)
        prompt, completion = (getattr(counts, f"{side}_tokens", 0) or 0 for side in ("prompt", "completion"))
        details = getattr(counts, "prompt_tokens_details", None)
        usage = Usage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=getattr(details, "cached_tokens", 0) or 0,
            cost_usd=self._cost(reply, prompt, completion),
            seconds=round(seconds, 4),
            attempts=attempts,
        )
        # OpenAI puts a refusal beside the content and says that the model "stopped".
        refusal = (getattr(choice.message, "provider_specific_fields", None) or {}).get("refusal")
        refused = bool(refusal and not choice.message.content)
        return Answer(
            text=refusal if refused else choice.message.content,
            tokens=tokens(choice),
            model=reply.model,
            finish_reason="refusal" if refused else choice.finish_reason,
            usage=usage,
        )

    def _cost(self, reply: Any, prompt: int, completion: int) -> float | None:
        """Dollars; None if there is no price, or no token counts (LiteLLM would say 0)."""
        if self.card.price or not (prompt or completion):
            return self.price_of(prompt, completion)
        return listed_cost(reply, self.card.model)


async def gently(call: asyncio.Future[Any]) -> Any:
    """What a call of LiteLLM's gives; cancelled, it has a moment to get to where it can be."""
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        # It begins in a thread, and what that makes is never awaited if the call is gone by then: Python would warn.
        await asyncio.wait({call}, timeout=MOMENT_S)
        call.cancel()
        await asyncio.wait({call})
        raise


def complaint_of(error: Exception) -> Complaint:
    """What the provider said, wherever LiteLLM left it: in the error's body, its code, or the JSON within its text."""
    status: int | None = getattr(error, "status_code", None)
    text = told(error)
    body, code = getattr(error, "body", None), getattr(error, "code", None)
    codes = codes_of(body) if isinstance(body, Mapping) else frozenset[str]()
    codes |= {code.lower()} if isinstance(code, str) else set()
    start = text.find("{")
    if start >= 0:
        codes |= read_complaint(status, text[start : text.rfind("}") + 1]).codes
    if type(error).__name__ == "ContextWindowExceededError":
        codes |= {"context_length_exceeded"}
    # Without headers there was no reply, and the status is LiteLLM's own.
    headers = getattr(error, "litellm_response_headers", None)
    lost = status in {408, 500} and not headers and LOST.search(text)
    if lost and unsent(error):
        text = f"{text.rstrip()} (cannot connect)"
    # LiteLLM's own status may stand for a success that it could not read.
    own = status in INVENTED and (not headers or type(error).__name__ == "APIConnectionError")
    return Complaint(None if lost else status, text, codes, heard=not own)


def unsent(error: BaseException | None) -> bool:
    """Whether an error comes of a connection that was never made, as one of its causes tells."""
    while error is not None:
        if (type(error).__module__.partition(".")[0], type(error).__name__) in UNSENT:
            return True
        error = error.__cause__ or error.__context__
    return False


def told(error: Exception) -> str:
    """An error's name and words, without LiteLLM's traceback."""
    return f"{type(error).__name__}: {error}".partition("Traceback")[0]


def takes(litellm: Any, model: str, name: str, value: Json) -> bool:
    """Whether a model takes a parameter with this value, by LiteLLM's tables; True where they do not tell."""
    try:
        plain, provider, _, _ = litellm.get_llm_provider(model)
        litellm.get_optional_params(model=plain, custom_llm_provider=provider, **{name: value})
    except litellm.UnsupportedParamsError:
        return False
    # Whatever else is wrong with the model's name is told when it is asked.
    except Exception as error:  # noqa: BLE001 - LiteLLM's errors share no class
        logging.getLogger(__name__).debug("LiteLLM's table: %s", error)
    return True


def listed_cost(reply: Any, model: str) -> float | None:
    """Dollars of a reply by LiteLLM's price table; None for a model that it has no price of."""
    litellm = import_litellm()
    try:
        return float(litellm.completion_cost(reply, model=model))
    except Exception:  # noqa: BLE001 - LiteLLM raises a bare Exception subclass for a model it has no price of
        return None


def import_litellm() -> Any:
    """LiteLLM, with everything off that would go to the network or to the user's screen by itself."""
    # Else a price table is fetched from the network at import.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    # Else a .env of the working folder is loaded, and with it keys nobody asked for.
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.disable_hf_tokenizer_download = True
    # What is left out is decided here, and said.
    litellm.drop_params = False
    litellm.turn_off_message_logging = True
    from litellm.llms.custom_httpx import http_handler

    http_handler.AsyncHTTPHandler.single_connection_post_request = lost
    for hook in ("callbacks", "input_callback", "success_callback", "failure_callback", "service_callback"):
        setattr(litellm, hook, [])
    return litellm


async def lost(*_: Any, **__: Any) -> Never:
    """In place of what LiteLLM does when a connection is lost: send the request again, and tell nobody.

    Raises httpx.ReadError: attempts are made, counted and paid for here and nowhere else.
    """
    import httpx

    raise httpx.ReadError("Connection error: the connection was lost")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What asking some requests would take. Dollars are None where no price is known."""

    prompt_tokens: int
    most_reply_tokens: int
    least_usd: float | None
    most_usd: float | None


def count_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """The tokens of some chat messages, as GPT-4o counts them, which is near enough for others to plan with."""
    return int(import_litellm().token_counter(model="gpt-4o", messages=list(messages)))


def estimate(card: Generative, requests: Sequence[Callable[[], Any]]) -> Estimate:
    """Prompt tokens, counted on up to COUNTED requests and scaled up; replies between nothing and the limit.

    requests: what makes each of them; only those are made that are counted.
    """
    some = requests[:: max(1, len(requests) // COUNTED)]
    counted = sum(count_tokens(request()["messages"]) for request in some)
    prompt = round(counted / len(some) * len(requests)) if some else 0
    reply = len(requests) * (card.sampling.max_tokens or 0)
    rates = rates_of(card.model, card.price)
    if rates is None:
        return Estimate(prompt, reply, None, None)
    return Estimate(prompt, reply, rates.of(prompt, 0), rates.of(prompt, reply))


def tokens(choice: Any) -> tuple[Token, ...]:
    """The generated tokens with their alternatives, the token itself among them; () if none were given."""
    content = getattr(getattr(choice, "logprobs", None), "content", None) or ()
    return tuple(
        Token(
            entry.token,
            {**{top.token: top.logprob for top in entry.top_logprobs or ()}, entry.token: entry.logprob},
        )
        for entry in content
    )
