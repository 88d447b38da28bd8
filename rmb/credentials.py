"""Keys: where they are read, and the one place where they are taken out of what others said.

A provider, or a model, may repeat the key that it was asked with. Whatever comes from outside is cleaned here before it
becomes an answer, a failure or an error (`discreet`), and the commands clean their logs and tracebacks as well (`guard`).
"""

from __future__ import annotations

import base64
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec
from urllib.parse import quote, unquote, urlsplit

from rmb.errors import RmbError
from rmb.records import Answer, Failure, Token

LEAST = 8
"""Characters of a key that is a secret: "none", or "x", is what servers without keys are given, and part of many texts."""
MASK = "[key]"
SECRET_NAME = re.compile(r"key|token|secret|sig|passw|auth|credential", re.IGNORECASE)
"""Names of parameters in a URL whose value is a key."""
IN_URL = re.compile(r"(\w://)(?:[^/@\s]+@)?([^\s?#]*)[?#]?\S*")

P = ParamSpec("P")
_forms: dict[str, None] = {}


def key_in(variable: str | None) -> str | None:
    """The key in an environment variable, without white space around it, and never told from now on; None without one."""
    key = os.environ.get(variable or "", "").strip()
    remember(key)
    return key or None


def remember(key: str | None) -> None:
    """Has `hidden` take a key out of texts, as it is, in a URL, and in base64."""
    if key:
        _forms.update(dict.fromkeys(forms(key)))


def remember_url(url: str | None) -> None:
    """The same for the password of a URL (or its user name alone), and for what its query calls a key."""
    parts = urlsplit(url or "")
    for name, _, value in (pair.partition("=") for pair in parts.query.split("&")):
        if SECRET_NAME.search(name):
            remember(unquote(value))
    remember(parts.password or parts.username)


def forms(key: str) -> Iterator[str]:
    """What a key looks like in texts, the longest first. One that is too short to be a secret is one in its header only."""
    if len(key) < LEAST:
        yield f"Bearer {key}"
        return
    yield from sorted(
        {key, quote(key, safe=""), quote(key, safe="").lower(), *encoded(key)}, key=len, reverse=True
    )


def encoded(key: str) -> Iterator[str]:
    """The characters of base64 that a key alone decides, wherever it stands in what is encoded."""
    data = key.encode()
    for before in range(3):
        whole = slice(-(-before * 8 // 6), (before + len(data)) * 8 // 6)
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + data)[whole].decode()


def hidden(text: str) -> str:
    """The text with [key] wherever a key stood that is remembered."""
    for form in tuple(_forms):
        if form in text:
            text = text.replace(form, MASK)
    return text


def plain_urls(text: str) -> str:
    """The text without user names, passwords and queries in its URLs."""
    return IN_URL.sub(r"\1\2", text)


def cleaned(reply: Answer | Failure) -> Answer | Failure:
    """A reply without keys. Tokens that spell one are left out, since no single one of them holds it."""
    if isinstance(reply, Failure):
        return replace(reply, detail=hidden(reply.detail))
    spelt = "".join(token.text for token in reply.tokens)
    return replace(
        reply,
        text=reply.text and hidden(reply.text),
        model=reply.model and hidden(reply.model),
        finish_reason=reply.finish_reason and hidden(reply.finish_reason),
        tokens=tuple(map(cleaned_token, reply.tokens)) if hidden(spelt) == spelt else (),
    )


def cleaned_token(token: Token) -> Token:
    """A token whose alternatives hold no key."""
    return Token(token.text, {hidden(text): value for text, value in token.alternatives.items()})


def discreet(
    ask: Callable[P, Coroutine[Any, Any, Answer | Failure]],
) -> Callable[P, Coroutine[Any, Any, Answer | Failure]]:
    """What asks a provider, so that neither its replies nor this program's errors about them hold a key."""

    @wraps(ask)
    async def asked(*args: P.args, **kwargs: P.kwargs) -> Answer | Failure:
        try:
            return cleaned(await ask(*args, **kwargs))
        except RmbError as error:
            error.args = tuple(hidden(one) if isinstance(one, str) else one for one in error.args)
            # Not "from" what caused it, whose words are the provider's.
            raise error from None

    return asked


class DiscreetRecord(logging.LogRecord):
    """What is logged, by whatever library, without keys."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and self.exc_info[0]:
            self.exc_text = hidden("".join(traceback.format_exception(*self.exc_info)).rstrip())

    def getMessage(self) -> str:  # noqa: N802 - its name in the library
        """The message."""
        return hidden(super().getMessage())


def guard() -> None:
    """Keeps keys out of this process's logs, whoever writes them, and out of the traceback that ends it."""
    logging.setLogRecordFactory(DiscreetRecord)
    sys.excepthook = tell_of


def tell_of(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Prints the traceback of what nobody caught."""
    sys.stderr.write(hidden("".join(traceback.format_exception(kind, error, trace))))
