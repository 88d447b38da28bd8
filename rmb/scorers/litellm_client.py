"""The only file that imports LiteLLM, and it does so when the first question is asked.

LiteLLM is used for its wire formats and its price table; retries, deadlines and the judgement of errors are
ours (docs/decisions/0003-litellm-without-its-retries.md).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from rmb.cards import Generative, Price
from rmb.errors import RefusedError, UsageError
from rmb.records import Answer, Failure, Json, Token, Usage
from rmb.scorers.attempts import (
    FATAL,
    FailedAttempt,
    completed,
    retry_after_s,
    without_credentials,
    without_key,
)
from rmb.scorers.embedded import LocalServer

FATAL_SIGNS = (
    "insufficient_quota",
    "credit balance is too low",
    "model_not_found",
    "llm provider not provided",
)
FILTERED = ("content_filter", "content_policy", "contentpolicy")
TRANSIENT = {408, 409, 425, 429}
NO_KEY = "none"
AMBIENT = ("bedrock/", "sagemaker/", "vertex_ai/")
"""Providers that take the machine's own credentials, and would take NO_KEY for a token."""
COUNTED = 200


class LiteLLMClient:
    """Asks a model through LiteLLM: one request, one answer, however many attempts that takes."""

    def __init__(self, card: Generative) -> None:
        """card: model, endpoint, the name of the key's variable, limits, price."""
        self.card = card
        self.base_url = card.base_url or environment_url(card.model)
        self.server = LocalServer(card.serve) if card.serve else None
        self.key = os.environ.get(card.key or "")
        if self.base_url and urlsplit(self.base_url).username is not None:
            raise UsageError(
                f"the endpoint of {card.model} holds a user name or password; "
                "leave it out, and name the key's environment variable in a card"
            )

    @property
    def identity(self) -> Mapping[str, Json]:
        """The model, and the endpoint without credentials; of a local model, the hash of its weights."""
        if self.server:
            return {"model": self.card.model, **self.server.identity}
        return {"model": self.card.model, "endpoint": without_credentials(self.base_url)}

    async def open(self) -> None:
        """Checks the key, imports LiteLLM, starts the local server if the card has one."""
        if self.card.key and not self.key and not self.base_url:
            raise RefusedError(f"no key for {self.card.model}: set the environment variable {self.card.key}")
        if self.server:
            self.base_url, self.key = await asyncio.to_thread(self.server.start)
        self.litellm = await asyncio.to_thread(import_litellm)

    async def complete(self, request: Mapping[str, Any]) -> Answer | Failure:
        """Sends a request until it is answered, fails for good, or has had the attempts of the card."""
        return await completed(partial(self._attempt, request), self.card.limits)

    async def close(self) -> None:
        """Closes LiteLLM's connections and stops the local server."""
        if hasattr(self, "litellm"):
            await self.litellm.close_litellm_async_clients()
            # The cache would hand out the closed clients again.
            self.litellm.in_memory_llm_clients_cache.flush_cache()
        if self.server:
            await asyncio.to_thread(self.server.stop)

    async def _attempt(self, request: Mapping[str, Any], number: int) -> Answer:
        started = time.monotonic()
        try:
            reply = await self.litellm.acompletion(
                **request,
                api_key=self.key or self._no_key(),
                api_base=self.base_url,
                # It starts anew with each byte that arrives: the deadline over all of them is not LiteLLM's.
                timeout=self.card.limits.deadline_s,
                max_retries=0,
                num_retries=0,
            )
        except Exception as error:  # noqa: BLE001 - LiteLLM's errors share no class; each is judged, none is dropped
            return self._judged(error)
        return self._answer(reply, seconds=time.monotonic() - started, attempts=number)

    def _judged(self, error: Exception) -> Answer:
        """An error as what it means: an answer that is no verdict, another attempt, or the end of this model.

        By status code and body, since LiteLLM's classes differ between providers for the same fault.
        """
        status = getattr(error, "status_code", None)
        signs = f"{type(error).__name__} {error} {getattr(error, 'body', '')} {getattr(error, 'code', '')}".lower()
        detail = self._detail(error)
        if isinstance(error, self.litellm.ContextWindowExceededError) or "context_length_exceeded" in signs:
            return Answer(finish_reason="context_length")
        if status == 400 and any(sign in signs for sign in FILTERED):
            return Answer(finish_reason="content_filter")
        if isinstance(error, self.litellm.UnsupportedParamsError):
            raise RefusedError(
                f"{self.card.model} does not take a parameter of this judge: {detail}"
            ) from error
        if status in FATAL or any(sign in signs for sign in FATAL_SIGNS):
            raise RefusedError(self._refusal(status, detail)) from error
        # 200 is a body that is no answer: an error in JSON, or JSON that breaks off.
        again = status is None or status == 200 or status in TRANSIENT or status >= 500
        # LiteLLM hides the headers here.
        headers = getattr(error, "litellm_response_headers", None) or {}
        after_s = retry_after_s(headers.get("retry-after"))
        raise FailedAttempt(Failure("transport", detail), again=again, after_s=after_s) from error

    def _detail(self, error: Exception) -> str:
        """An error on one line, without the key (providers repeat it) and without LiteLLM's traceback."""
        text = f"{type(error).__name__}: {error}".partition("Traceback")[0]
        return without_key(text, self.key)

    def _refusal(self, status: int | None, detail: str) -> str:
        if status not in {401, 403, 429}:
            return f"{self.card.model}: the provider knows no such model or address; {detail}"
        variable = f" (key from {self.card.key})" if self.card.key else ""
        return f"{self.card.model}: the provider refuses{variable}; {detail}"

    def _answer(self, reply: Any, *, seconds: float, attempts: int) -> Answer:
        # LiteLLM takes a body without choices for a success.
        if not reply.choices:
            raise FailedAttempt(Failure("transport", "the reply has no choices"))
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

    def _no_key(self) -> str | None:
        """What is sent for a key where there is none: servers of one's own want any."""
        return None if self.card.model.startswith(AMBIENT) else NO_KEY

    def _cost(self, reply: Any, prompt: int, completion: int) -> float | None:
        """Dollars; None if there is no price, or no token counts (LiteLLM would say 0)."""
        if not prompt and not completion:
            return None
        if self.card.price:
            return (prompt * self.card.price.input + completion * self.card.price.output) / 1e6
        try:
            return float(self.litellm.completion_cost(reply, model=self.card.model))
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
    litellm.drop_params = False
    return litellm


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
    litellm = import_litellm()
    some = requests[:: max(1, len(requests) // COUNTED)]
    counted = sum(count_tokens(request()["messages"]) for request in some)
    prompt = round(counted / len(some) * len(requests)) if some else 0
    reply = len(requests) * (card.sampling.max_tokens or 0)
    price = card.price
    if price is None:
        known = litellm.model_cost.get(card.model) or litellm.model_cost.get(card.model.partition("/")[2])
        if not known or "input_cost_per_token" not in known:
            return Estimate(prompt, reply, None, None)
        price = Price(input=known["input_cost_per_token"] * 1e6, output=known["output_cost_per_token"] * 1e6)
    least = prompt * price.input / 1e6
    return Estimate(prompt, reply, least, least + reply * price.output / 1e6)


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


def environment_url(model: str) -> str | None:
    """The endpoint that the environment names for the model's provider: $OPENAI_BASE_URL and the like."""
    provider = model.partition("/")[0].upper()
    return os.environ.get(f"{provider}_BASE_URL") or os.environ.get(f"{provider}_API_BASE")
