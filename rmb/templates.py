"""Templates: one readable file with YAML front matter and Jinja blocks, rendered to chat messages.

A template says what a judge is asked (its protocol), how the verdict is written, and in what words. Criteria
and instruction styles are parts of their own, so that any goes with any. Values are never rendered again:
Jinja inside a response stays text.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar

import jinja2
import jinja2.meta
import jinja2.nodes
import jinja2.sandbox
import pydantic
import yaml

from rmb import content
from rmb.errors import ContentError, one_line
from rmb.records import Conversation, Json, Message, Question
from rmb.verdicts import LETTERS, VerdictRule

WIDTHS: Mapping[str, int | None] = {"pairwise": 2, "pointwise": 1, "listwise": None}
INPUTS = frozenset({"conversation", "responses", "criteria", "style", "verdict", "fence"})
MOST_REPEATS = 100_000
WIDE = re.compile(r"%(?:\([^)]*\))?[^a-zA-Z%]*(?:\d{4}|\*)")
PADDING = frozenset({"center", "ljust", "rjust", "zfill"})
Matter = TypeVar("Matter", bound=pydantic.BaseModel)


class FrontMatter(pydantic.BaseModel):
    """What a template declares about itself; unknown keys are refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    summary: str
    protocol: Literal["pairwise", "pointwise", "listwise"]
    inputs: tuple[str, ...]
    verdict: VerdictRule
    criteria: str = "none"
    style: str = "verdict_only"
    source: str = ""


class PartMatter(pydantic.BaseModel):
    """What a criteria or style part declares about itself.

    explains: the reply holds an explanation beside the verdict, so it needs room for more than the verdict.
    form: how a style has the verdict written, if not as the template says.
    by_path: of criteria that depend on the scenario, the text for each goal and scenario.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    summary: str
    source: str = ""
    explains: bool = False
    form: Literal["marker", "json"] | None = None
    by_path: dict[str, str] = {}


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

    def render(self, values: Mapping[str, Any], path: str = "") -> str:
        """The text of the part. path: goal and scenario. Raises ContentError naming the part's file."""
        if self.matter.by_path and path not in self.matter.by_path:
            raise ContentError(
                f"template {self.source.name}: by_path has no text for {path or 'no scenario'!r}"
            )
        with blaming(self.source):
            return self.template.render({**values, "scenario": self.matter.by_path.get(path, "")}).strip()


@dataclass(frozen=True)
class Template:
    """A template with its criteria and style, ready to render.

    width: responses that one question shows: 1, 2, or None for all of an item's.
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
    def width(self) -> int | None:
        """Responses that one question shows; None for all of an item's."""
        return WIDTHS[self.matter.protocol]

    @property
    def verdict(self) -> VerdictRule:
        """How the verdict is written and read: as the template says, in the form that the style asks for."""
        form = self.style.matter.form
        return self.matter.verdict.model_copy(update={"form": form}) if form else self.matter.verdict

    @cached_property
    def identity(self) -> dict[str, Json]:
        """Name and sha256 of the template and of each part, for the record of a run."""
        sources = {"template": self.source, "criteria": self.criteria.source, "style": self.style.source}
        return {role: {"name": source.name, "sha256": source.sha256} for role, source in sources.items()}

    def render(self, question: Question) -> tuple[Message, ...]:
        """The chat messages that put a question: system (if the template has one), then user.

        Raises ContentError naming the file at fault, the template's or a part's, whatever goes wrong in it.
        """
        texts = [message.content for message in question.conversation]
        if len(question.responses) > len(LETTERS):
            raise ContentError(
                f"template {self.source.name}: {len(question.responses)} responses, and 26 letters"
            )
        shown = tuple(Shown(LETTERS[index], text) for index, text in enumerate(question.responses))
        values: dict[str, Any] = {
            "conversation": question.conversation,
            "responses": shown,
            "verdict": self.verdict.of(len(shown)),
            "fence": fence(texts, question.responses),
        }
        values["criteria"] = self.criteria.render(values, question.path)
        values["style"] = self.style.render(values)
        with blaming(self.source):
            blocks = {
                role: "".join(block(self.jinja.new_context(values))).strip()
                for role, block in self.jinja.blocks.items()
            }
        return tuple(Message(role, blocks[role]) for role in ("system", "user") if blocks.get(role))


@contextlib.contextmanager
def blaming(source: content.Source) -> Iterator[None]:
    """Makes any exception a ContentError that names the file: its author can call what raises anything."""
    try:
        yield
    except jinja2.TemplateError as error:
        raise ContentError(f"template {source.name}: {one_line(error)}") from error
    except Exception as error:
        raise ContentError(f"template {source.name}: {type(error).__name__}: {one_line(error)}") from error


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
    """Front matter, checked against its kind, and the Jinja text below it; Windows' line ends are Unix's."""
    text = source.text.removeprefix("\ufeff").replace("\r\n", "\n")
    opening, marker, rest = text.partition("---\n")
    front, closing, body = rest.partition("\n---\n")
    if opening.strip() or not marker or not closing:
        raise ContentError(
            f"{source.name}: no front matter; the file starts with a block between two '---' lines"
        )
    try:
        return kind.model_validate(yaml.safe_load(front)), body
    except content.YAML_FAULTS as error:
        raise ContentError(f"{source.name}: {one_line(error)}") from error


def compiled(source: content.Source, body: str) -> jinja2.Template:
    """The Jinja template of a text; a syntax error names file and line."""
    try:
        return SANDBOX.from_string(body)
    except jinja2.TemplateSyntaxError as error:
        raise ContentError(
            f"{source.name}, line {error.lineno} below the front matter: {error.message}"
        ) from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # Python's own compiler has limits that Jinja's does not check
        raise ContentError(f"{source.name}: {one_line(error)}") from error


def check(source: content.Source, matter: FrontMatter, body: str, jinja: jinja2.Template) -> None:
    """Refuse a template that could not work: unknown inputs, no user block, candidates or verdict not shown."""
    parsed = SANDBOX.parse(body)
    used = jinja2.meta.find_undeclared_variables(parsed)
    unknown, declared = used - INPUTS, set(matter.inputs)
    if unknown:
        raise ContentError(f"{source.name}: unknown variables {sorted(unknown)}; there are {sorted(INPUTS)}")
    if set(jinja.blocks) - {"system", "user"} or "user" not in jinja.blocks:
        raise ContentError(
            f"{source.name}: blocks {sorted(jinja.blocks)}; it needs 'user' and may have 'system'"
        )
    if any(stray(node) for node in parsed.body):
        raise ContentError(f"{source.name}: what stands outside the blocks is never shown; move it into one")
    if used != declared:
        raise ContentError(f"{source.name}: inputs {sorted(declared)} differ from those used, {sorted(used)}")
    if "responses" not in used:
        raise ContentError(f"{source.name}: never shows a response (no use of 'responses')")
    if not used & {"verdict", "style"}:
        raise ContentError(f"{source.name}: never asks for its verdict (no use of 'style' or 'verdict')")
    scored: set[int | None] = {len(scores) for scores in matter.verdict.labels.values()}
    if not scored:
        scored = {None if matter.verdict.responses else 1}
    if scored != {WIDTHS[matter.protocol]}:
        wanted = {
            2: "labels that score two responses",
            1: "a scale, or labels that score one",
            None: "'responses'",
        }
        raise ContentError(
            f"{source.name}: a {matter.protocol} verdict needs {wanted[WIDTHS[matter.protocol]]}"
        )


def stray(node: jinja2.nodes.Node) -> bool:
    """True for anything but a block and the space between blocks."""
    if not isinstance(node, jinja2.nodes.Output):
        return not isinstance(node, jinja2.nodes.Block)
    return any(not isinstance(part, jinja2.nodes.TemplateData) or part.data.strip() for part in node.nodes)


def plain(conversation: Conversation) -> str:
    """A conversation as text for people, one paragraph a turn."""
    return "\n\n".join(f"{message.role.capitalize()}: {message.content}" for message in conversation)
