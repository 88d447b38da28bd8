"""The bodies of OpenAI's chat completions and Anthropic's messages, asked and answered."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fake_api.replies import Reply, Request

Json = dict[str, Any]

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
_WORDS = {401: "Incorrect API key provided."}  # the words by which litellm knows OpenAI's 401
_OPENAI_ERRORS = {  # type and code
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("request_forbidden", None),
    404: ("invalid_request_error", "model_not_found"),
    408: ("server_error", None),
    429: ("requests", "rate_limit_exceeded"),
}
_ANTHROPIC_ERRORS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True)
class Wire:
    """One provider's wire format: the body of a good answer, and that of an error."""

    answer: Callable[[Request, Reply], Json]
    error: Callable[[Reply], Json]

    def body(self, request: Request, reply: Reply) -> Json:
        """The JSON that this reply is."""
        bad = reply.error is not None or reply.status >= 400
        return self.error(reply) if bad else self.answer(request, reply)


def read(path: str, body: Json, headers: Mapping[str, str]) -> Request:
    """What was asked; headers by their names in lower case."""
    system = [{"role": "system", "content": body["system"]}] if "system" in body else []
    return Request(
        path=path,
        messages=[
            {"role": message["role"], "content": _text(message["content"])}
            for message in system + body.get("messages", [])
        ],
        body=body,
        key=headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key"),
        at=time.monotonic(),
    )


def payload(request: Request, reply: Reply) -> bytes:
    """The bytes of a reply's body, cut in half if that is how it is sent."""
    body = json.dumps(WIRES[request.path].body(request, reply)).encode() if reply.body is None else reply.body
    return body[: len(body) // 2] if reply.sending == "truncated" else body


def token_counts(request: Request, reply: Reply) -> tuple[int, int]:
    """Tokens of the prompt and of the answer, counted as words."""
    prompt = sum(len(message["content"].split()) for message in request.messages)
    return prompt, len((reply.text or "").split())


def error_body(path: str, reply: Reply) -> Json:
    """The body of an error at any path of a provider's."""
    return WIRES[MESSAGES if path.startswith(MESSAGES) else CHAT].error(reply)


def _text(content: str | list[Json] | None) -> str:
    """The text of a message's content, which is a string or a list of blocks."""
    if isinstance(content, list):
        return "".join(block.get("text", "") for block in content)
    return content or ""


def _openai_answer(request: Request, reply: Reply) -> Json:
    choice = {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": None if reply.refusal else reply.text,
            "refusal": reply.refusal,
        },
        "finish_reason": reply.finish_reason,
        "logprobs": None,
    }
    if reply.logprobs is not None and request.body.get("logprobs") is True:
        choice["logprobs"] = {"content": _token_logprobs(request, reply.text or "", reply.logprobs)}
    body = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": reply.model or request.body["model"],
        "system_fingerprint": "fp_fake",
        "choices": [choice] if reply.choices else [],
    }
    if reply.usage:
        asked, answered = token_counts(request, reply)
        counts = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
        body["usage"] = counts
    return body


def _anthropic_answer(request: Request, reply: Reply) -> Json:
    blocks = [{"type": "text", "text": reply.text}] if reply.choices and reply.text is not None else []
    body = {
        "id": f"msg_{uuid.uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": reply.model or request.body["model"],
        "content": blocks,
        "stop_reason": _STOP_REASONS.get(reply.finish_reason, reply.finish_reason),
        "stop_sequence": None,
    }
    if reply.usage:
        asked, answered = token_counts(request, reply)
        body["usage"] = {"input_tokens": asked, "output_tokens": answered}
    return body


def _token_logprobs(request: Request, text: str, alternatives: Mapping[str, float]) -> list[Json]:
    tokens = _TOKEN.findall(text)
    place = next((i for i, token in enumerate(tokens) if token in alternatives), 0)
    limit = request.body.get("top_logprobs")
    likeliest = sorted(alternatives.items(), key=lambda item: -item[1])
    top = [_logprob(*item) for item in likeliest[: limit if isinstance(limit, int) else 0]]
    content = [_logprob(token, -0.01) | {"top_logprobs": []} for token in tokens]
    if tokens:
        chosen = tokens[place]
        content[place] = _logprob(chosen, alternatives.get(chosen, -0.01)) | {"top_logprobs": top}
    return content


def _logprob(token: str, logprob: float) -> Json:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _openai_error(reply: Reply) -> Json:
    default = ("server_error" if reply.status >= 500 else "invalid_request_error", None)
    kind, code = _OPENAI_ERRORS.get(reply.status, default)
    return {"error": _filled({"type": kind, "param": None, "code": code}, reply)}


def _anthropic_error(reply: Reply) -> Json:
    default = "api_error" if reply.status >= 500 else "invalid_request_error"
    return {"type": "error", "error": _filled({"type": _ANTHROPIC_ERRORS.get(reply.status, default)}, reply)}


def _filled(error: Json, reply: Reply) -> Json:
    """The error with a message, and with what the reply says instead of its defaults."""
    given = reply.error or {}
    defaults = {"message": _WORDS.get(reply.status, f"The fake API answers {reply.status}."), **error}
    return {name: given.get(name, default) for name, default in defaults.items()}


WIRES = {
    CHAT: Wire(_openai_answer, _openai_error),
    MESSAGES: Wire(_anthropic_answer, _anthropic_error),
}
"""The wire format spoken at each path that asks a model."""
