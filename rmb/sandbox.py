"""Jinja for files that may be anyone's: no files, no side effects, no operators that eat the machine; faults name the file."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import jinja2
import jinja2.sandbox

from rmb.errors import ContentError, one_line

MOST_REPEATS = 100_000
WIDE = re.compile(r"%(?:\([^)]*\))?[^a-zA-Z%]*(?:\d{4}|\*)")
PADDING = frozenset({"center", "ljust", "rjust", "zfill"})


class Sandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Jinja without files, without side effects, and without operators that can eat the machine."""

    intercepted_binops = frozenset({"**", "*", "%"})

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse powers, and products and padding that are larger than any prompt needs."""
        huge = operator == "*" and size(left) * size(right) > MOST_REPEATS
        wide = operator == "%" and isinstance(left, str) and WIDE.search(left)
        if operator == "**" or huge or wide:
            raise jinja2.exceptions.SecurityError(f"operator {operator!r} is not allowed on such values here")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse what Jinja refuses, and padding."""
        return attr not in PADDING and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Refuse `format` of texts: it pads, and '%' does what a prompt needs."""
        if super().wrap_str_format(value) is not None:
            raise jinja2.exceptions.SecurityError("format() of a text is unsafe; use '%'")
        return None


def size(value: Any) -> int:
    """How much a factor can make a product grow: a whole number, or a length; 0 of what does not repeat."""
    if isinstance(value, int):
        return abs(value)
    return len(value) if hasattr(value, "__len__") else 0


SANDBOX = Sandbox(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
for padding in ("center", "format"):
    del SANDBOX.filters[padding]
SANDBOX.optimized = False  # constants would be folded at compile time, before the operators are checked


@contextlib.contextmanager
def blaming(name: str) -> Iterator[None]:
    """Makes any exception a ContentError that names the file: its author can call what raises anything."""
    try:
        yield
    except jinja2.TemplateError as error:
        raise ContentError(f"template {name}: {one_line(error)}") from error
    except Exception as error:
        raise ContentError(f"template {name}: {type(error).__name__}: {one_line(error)}") from error


def compiled(name: str, body: str) -> jinja2.Template:
    """The Jinja template of a text; a syntax error names file and line."""
    try:
        return SANDBOX.from_string(body)
    except jinja2.TemplateSyntaxError as error:
        raise ContentError(f"{name}, line {error.lineno} below the front matter: {error.message}") from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # Python's own compiler has limits that Jinja's does not check
        raise ContentError(f"{name}: {one_line(error)}") from error
