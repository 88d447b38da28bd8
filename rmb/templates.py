"""Templates: one readable file with YAML front matter and Jinja blocks, rendered to chat messages.

A template says what a judge is asked (its protocol), how the verdict is written, and in what words. Criteria
and instruction styles are parts of their own, so that any goes with any. Values are never rendered again:
Jinja inside a response stays text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar

import jinja2
import jinja2.meta
import jinja2.sandbox
import pydantic
import yaml

from rmb import content
from rmb.errors import ContentError, one_line
from rmb.records import Conversation, Json, Message, Question
from rmb.verdicts import VerdictRule

WIDTHS: Mapping[str, int] = {"pairwise": 2, "pointwise": 1}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
INPUTS = frozenset({"conversation", "responses", "criteria", "style", "verdict", "fence"})
MOST_REPEATS = 100_000
Matter = TypeVar("Matter", bound=pydantic.BaseModel)


class FrontMatter(pydantic.BaseModel):
    """What a template declares about itself; unknown keys are refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    summary: str
    protocol: Literal["pairwise", "pointwise"]
    inputs: tuple[str, ...]
    verdict: VerdictRule
    criteria: str = "none"
    style: str = "verdict_only"
    source: str = ""


class PartMatter(pydantic.BaseModel):
    """What a criteria or style part declares about itself.

    explains: the reply holds an explanation beside the verdict, so it needs room for more than the verdict.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    summary: str
    source: str = ""
    explains: bool = False


class Sandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Jinja without files, without side effects, and without operators that can eat the machine."""

    intercepted_binops = frozenset({"**", "*", "%"})

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse powers, and products that are larger than any prompt needs."""
        size = [
            value if isinstance(value, int) else len(value) for value in (left, right) if value is not None
        ]
        if operator == "**" or (operator == "*" and len(size) == 2 and size[0] * size[1] > MOST_REPEATS):
            raise jinja2.exceptions.SecurityError(f"operator {operator!r} is not allowed on {size} here")
        return super().call_binop(context, operator, left, right)


SANDBOX = Sandbox(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
SANDBOX.optimized = False  # constants would be folded at compile time, before the operators are checked


@dataclass(frozen=True, slots=True)
class Shown:
    """A response as a template sees it: the label that stands for it ("A"), and its text."""

    label: str
    text: str


@dataclass(frozen=True)
class Part:
    """A criteria or style part: a few lines that a template includes."""

    source: content.Source
    matter: PartMatter
    template: jinja2.Template

    @classmethod
    def load(cls, folder: str, name: str) -> Part:
        """The part of that name (or the user's file) in "prompts/criteria" or "prompts/styles"."""
        source = content.read(folder, name)
        matter, body = split(source, PartMatter)
        return cls(source, matter, compiled(source, body))


@dataclass(frozen=True)
class Template:
    """A template with its criteria and style, ready to render.

    width: responses that one question shows, 1 or 2.
    """

    source: content.Source
    matter: FrontMatter
    criteria: Part
    style: Part
    jinja: jinja2.Template

    @classmethod
    def load(cls, name: str, *, criteria: str | None = None, style: str | None = None) -> Template:
        """The template of that name, or the user's file, with the parts named or its own defaults.

        Raises UnknownName, or ContentError naming file and fault.
        """
        source = content.read("prompts", name)
        matter, body = split(source, FrontMatter)
        jinja = compiled(source, body)
        check(source, matter, body, jinja)
        parts = {
            "criteria": Part.load("prompts/criteria", criteria or matter.criteria),
            "style": Part.load("prompts/styles", style or matter.style),
        }
        return cls(source, matter, parts["criteria"], parts["style"], jinja)

    @property
    def width(self) -> int:
        """Responses that one question shows."""
        return WIDTHS[self.matter.protocol]

    @property
    def verdict(self) -> VerdictRule:
        """How the verdict is written and read."""
        return self.matter.verdict

    @cached_property
    def identity(self) -> dict[str, Json]:
        """Name and sha256 of the template and of each part, for the record of a run."""
        sources = {"template": self.source, "criteria": self.criteria.source, "style": self.style.source}
        return {role: {"name": source.name, "sha256": source.sha256} for role, source in sources.items()}

    def render(self, question: Question) -> tuple[Message, ...]:
        """The chat messages that put a question: system (if the template has one), then user.

        Raises ContentError naming every variable that the template uses and nothing supplies.
        """
        texts = [message.content for message in question.conversation]
        shown = tuple(Shown(LETTERS[index], text) for index, text in enumerate(question.responses))
        values: dict[str, Any] = {
            "conversation": question.conversation,
            "responses": shown,
            "verdict": self.verdict,
            "fence": fence(texts, question.responses),
        }
        try:
            values["criteria"] = self.criteria.template.render(values).strip()
            values["style"] = self.style.template.render(values).strip()
            blocks = {
                role: "".join(block(self.jinja.new_context(values))).strip()
                for role, block in self.jinja.blocks.items()
            }
        except (jinja2.TemplateError, TypeError, ArithmeticError) as error:
            raise ContentError(f"template {self.source.name}: {error}") from error
        return tuple(Message(role, blocks[role]) for role in ("system", "user") if blocks.get(role))


def fence(conversation: list[str], responses: tuple[str, ...]) -> str:
    """A short word that occurs in none of the texts, so that none of them can forge a line that holds it.

    Made from the conversation, so that prompts about one conversation share their first lines (and a
    provider's prefix cache); if a text holds the word, the next candidate is tried.
    """
    texts = [*conversation, *responses]
    seed = "\0".join(conversation).encode("utf-8", "surrogatepass")
    attempt = 0
    while True:
        word = hashlib.sha256(seed + attempt.to_bytes(4, "big")).hexdigest()[: 4 + attempt // 4]
        if not any(word in text for text in texts):
            return word
        attempt += 1


def split(source: content.Source, kind: type[Matter]) -> tuple[Matter, str]:
    """Front matter, checked against its kind, and the Jinja text below it."""
    opening, marker, rest = source.text.partition("---\n")
    front, closing, body = rest.partition("\n---\n")
    if opening.strip() or not marker or not closing:
        raise ContentError(
            f"{source.name}: no front matter; the file starts with a block between two '---' lines"
        )
    try:
        return kind.model_validate(yaml.safe_load(front)), body
    except (yaml.YAMLError, pydantic.ValidationError) as error:
        raise ContentError(f"{source.name}: {one_line(error)}") from error


def compiled(source: content.Source, body: str) -> jinja2.Template:
    """The Jinja template of a text; a syntax error names file and line."""
    try:
        return SANDBOX.from_string(body)
    except jinja2.TemplateSyntaxError as error:
        raise ContentError(
            f"{source.name}, line {error.lineno} below the front matter: {error.message}"
        ) from error


def check(source: content.Source, matter: FrontMatter, body: str, jinja: jinja2.Template) -> None:
    """Refuse a template that could not work: unknown inputs, no user block, candidates or verdict not shown."""
    used = jinja2.meta.find_undeclared_variables(SANDBOX.parse(body))
    unknown, declared = used - INPUTS, set(matter.inputs)
    if unknown:
        raise ContentError(f"{source.name}: unknown variables {sorted(unknown)}; there are {sorted(INPUTS)}")
    if used != declared:
        raise ContentError(f"{source.name}: inputs {sorted(declared)} differ from those used, {sorted(used)}")
    if set(jinja.blocks) - {"system", "user"} or "user" not in jinja.blocks:
        raise ContentError(
            f"{source.name}: blocks {sorted(jinja.blocks)}; it needs 'user' and may have 'system'"
        )
    if "responses" not in used:
        raise ContentError(f"{source.name}: never shows a response (no use of 'responses')")
    if not used & {"verdict", "style"}:
        raise ContentError(f"{source.name}: never asks for its verdict (no use of 'style' or 'verdict')")


def plain(conversation: Conversation) -> str:
    """A conversation as text for people, one paragraph a turn."""
    return "\n\n".join(f"{message.role.capitalize()}: {message.content}" for message in conversation)
