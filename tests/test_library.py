"""The shipped prompts: any goes with any, on real items; none can be echoed into a verdict; released ones do not change."""

from __future__ import annotations

import hashlib
import itertools
import re
from functools import cache
from pathlib import Path

import pytest

from rmb import content, verdicts
from rmb.datasets.rmb import load_sample
from rmb.records import Answer, Failure, Item, Message, Question, Scores
from rmb.templates import Example, Known, Template
from rmb.verdicts import VerdictRule
from tests.conftest import CHECKOUT

PROMPTS = CHECKOUT / "prompts"
NAMES, STYLES = content.names("prompts"), content.names("prompts/styles")
CRITERIA = content.names("prompts/criteria")
TRIPLES = list(itertools.product(NAMES, CRITERIA, STYLES))
every_style = pytest.mark.parametrize(("name", "style"), list(itertools.product(NAMES, STYLES)))

SCENARIOS = list({item.path: item for item in load_sample().items if item.set == "bon"}.values())
POOL = list(dict.fromkeys(candidate.text for item in SCENARIOS for candidate in item.candidates))
LISTS = (2, 3, 8, 24)
SECTION = r"^=== (.+) {fence}\n"
REASONS = "The second names the harbour, which was asked for; the first does not.\nBoth are polite."


@cache
def load(name: str, criteria: str | None, style: str) -> Template:
    """A shipped template, read once."""
    return Template.load(name, criteria=criteria, style=style)


def as_text(template: Template) -> VerdictRule:
    """The template's rule, read from the text even where log-probabilities would be."""
    return template.verdict.model_copy(update={"read": "last_match"})


def questions(template: Template, item: Item) -> list[Question]:
    """As many questions about an item as show all its candidates; two of them go into a pairwise one."""
    texts = [candidate.text for candidate in item.candidates]
    width = template.width or len(texts)
    shown = [texts[:2], texts[-2:]] if width == 2 else [texts] if width > 2 else [[text] for text in texts]
    return [Question(item.conversation, tuple(group), path=item.path) for group in shown]


def said(messages: tuple[Message, ...]) -> str:
    """All that is said to the judge."""
    return "\n".join(message.content for message in messages)


def sections(user: str) -> dict[str, str]:
    """What stands below each fence line of a user message, by the words of that line."""
    word = user.splitlines()[0].split()[-1]
    _, *parts = re.split(SECTION.format(fence=word), user, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def without(text: str, question: Question) -> str:
    """A prompt without the texts of its item."""
    for part in (*question.responses, *(turn.content for turn in question.conversation)):
        text = text.replace(part, "")
    return text


def test_the_sample_has_an_item_for_every_scenario() -> None:
    """The tests below see all 49 scenarios, with three candidates each."""
    assert len(SCENARIOS) == 49
    assert {len(item.candidates) for item in SCENARIOS} == {3}
    assert len(POOL) >= max(LISTS)


@pytest.mark.parametrize(("name", "criteria", "style"), TRIPLES)
def test_any_goes_with_any_in_every_scenario(name: str, criteria: str, style: str) -> None:
    """Each combination renders for each scenario, shows every text, asks for its verdict, and leaves no Jinja."""
    template = load(name, criteria, style)
    for question in itertools.chain.from_iterable(questions(template, item) for item in SCENARIOS):
        text = said(template.render(question))
        assert all(response in text for response in question.responses)
        assert all(turn.content in text for turn in question.conversation)
        rest = without(text, question)
        assert not re.search(r"\{\{|\}\}|\{%|%\}|\{#|#\}", rest)
        assert template.verdict.of(len(question.responses)).choices in rest


@pytest.mark.parametrize(
    "name", [name for name in NAMES if "fence" in load(name, "none", "json").matter.inputs]
)
def test_each_text_stands_inside_its_fence(name: str) -> None:
    """Between two fence lines stands one response, letter for letter, and nothing else."""
    template = load(name, "none", "verdict_only")
    for question in itertools.chain.from_iterable(questions(template, item) for item in SCENARIOS):
        found = sections(template.render(question)[-1].content)
        asked, *responses, end = found.items()
        assert asked[0] == "conversation"
        assert all(turn.content in asked[1] for turn in question.conversation)
        letters = ["A", "B", "C"][: len(question.responses)]
        names = ["response"] if template.width == 1 else [f"response {letter}" for letter in letters]
        assert responses == [
            (head, f"{text}\n") for head, text in zip(names, question.responses, strict=True)
        ]
        assert end[0] == "end"
        assert end[1].count("\n") == 0


def examples(template: Template) -> tuple[Example, ...]:
    """As many examples as the style shows, all with one verdict: the hardest case for an echo."""
    width = template.width or 2
    rule = template.verdict.of(width)
    verdict = rule.written("B > A") if rule.responses else rule.forms[0]
    return (
        Example((Message("user", "Name a harbour."),), ("Genoa.", "No.")[:width], verdict),
    ) * template.examples


@every_style
@pytest.mark.parametrize("criteria", CRITERIA)
def test_an_echo_is_no_verdict(name: str, style: str, criteria: str) -> None:
    """A judge that repeats its prompt, a message of it, or the last line of one has not judged."""
    template = load(name, criteria, style)
    for width in (template.width,) if template.width else LISTS:
        question = Question(SCENARIOS[0].conversation, tuple(POOL[:width]), path=SCENARIOS[0].path)
        messages = template.render(question, Known(examples=examples(template)))
        parts = [message.content for message in messages]
        for echo in ["\n".join(parts), *parts, *(part.splitlines()[-1] for part in parts)]:
            for rule in (template.verdict, as_text(template)):
                verdict = verdicts.read(rule, Answer(text=echo), question.responses)
                assert isinstance(verdict, Failure), echo
                assert verdict.reason in {"contradiction", "parse"}


def replies(rule: VerdictRule, style: str, label: str) -> list[str]:
    """What a judge that does as it is told writes for this label."""
    form = rule.written(label)
    if style == "json_explained":
        return [form.replace("{", '{"explanation": "The first names it.", ', 1)]
    if style in {"json", "verdict_only"}:
        return [form]
    return [f"{form}\n\n{REASONS}" if style == "explain_after" else f"{REASONS}\n\n{form}"]


@every_style
def test_what_is_asked_for_is_read(name: str, style: str) -> None:
    """Each verdict that a prompt offers is read, written as the style asks, and no two mean the same.

    A bare word counts only on the last line, so it cannot stand before its explanation.
    """
    template = load(name, None, style)
    if template.verdict.marker == "{}" and style == "explain_after":
        pytest.skip("a bare word before an explanation is not read")
    width = template.width or 3
    rule = as_text(template).of(width)
    labels = ["A > B > C", "C > A > B", "B = C > A", "A = B = C"] if rule.responses else rule.known
    found = [
        verdicts.read(rule, Answer(text=reply), POOL[:width])
        for label in labels
        for reply in replies(rule, style, label)
    ]
    assert all(isinstance(verdict, Scores) and len(verdict.values) == width for verdict in found)
    assert len(set(found)) == len(labels)


@pytest.mark.parametrize(
    ("name", "label", "scores"),
    [
        ("pairwise_tie_v1", "tie", Scores((0.5, 0.5))),
        ("pairwise_five_v1", "A>>B", Scores((2, -2), graded=True)),
        ("pairwise_five_v1", "B>A", Scores((-1, 1), graded=True)),
        ("pointwise_v2", "10", Scores((10,), graded=True)),
        ("pointwise_five_v1", "5", Scores((5,), graded=True)),
        ("listwise_best_v1", "C", Scores((0, 0, 1))),
        ("listwise_ranking_v1", "C > A = B", Scores((0.5, 0.5, 2), graded=True)),
    ],
)
def test_what_a_verdict_means(name: str, label: str, scores: Scores) -> None:
    """The scores that a template gives a label."""
    rule = load(name, None, "verdict_only").verdict.of(3)
    assert verdicts.read(rule, Answer(text=rule.written(label)), POOL[: len(scores.values)]) == scores


@pytest.mark.parametrize(("name", "count"), [("pointwise_v2", 10), ("pointwise_five_v1", 5)])
def test_a_rating_beyond_the_scale_is_none(name: str, count: int) -> None:
    """The scale ends where the prompt says it does."""
    rule = load(name, None, "verdict_only").verdict
    assert len(rule.forms) == count
    assert isinstance(verdicts.read(rule, Answer(text=f"Rating: {count + 1}"), POOL[:1]), Failure)


def files() -> list[Path]:
    """Every prompt file, sorted by its path below prompts/."""
    return sorted(PROMPTS.rglob("*.jinja"), key=lambda path: path.relative_to(PROMPTS).as_posix())


def test_no_two_prompts_are_alike() -> None:
    """Each file has a summary of its own."""
    summaries = [path.read_text("utf-8").splitlines()[1] for path in files()]
    assert all(line.startswith("summary: ") for line in summaries)
    assert len(set(summaries)) == len(summaries)


def test_released_prompts_do_not_change() -> None:
    """What has been released keeps its bytes, so that results can be compared by name; and each file is listed.

    The list is checked by hand with `sha256sum -c RELEASED` in prompts/.
    """
    lines = (PROMPTS / "RELEASED").read_text("utf-8").splitlines()
    listed = {path: digest for digest, path in (line.split("  ", 1) for line in lines)}
    assert list(listed) == sorted(listed)
    there = {
        path.relative_to(PROMPTS).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files()
    }
    changed = [path for path, digest in listed.items() if there.get(path) != digest]
    assert changed == [], "released prompts do not change: make a new version"
    assert sorted(there.keys() - listed.keys()) == [], "add the new prompts to prompts/RELEASED"


def test_the_list_of_released_prompts_is_no_prompt() -> None:
    """RELEASED and the README lie beside the templates and are not taken for one."""
    assert not {"RELEASED", "README"} & {*NAMES, *STYLES, *CRITERIA}
