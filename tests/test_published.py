"""Published figures: the generative half of the RMB paper's table, card by card, and the lists that show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from rich.console import Console

from rmb import content
from rmb.canonical import canonical
from rmb.cards import Baseline, Generative, JudgeCard, open_card
from rmb.cli import judges as command
from rmb.cli.main import rmb as group
from rmb.cli.main import run
from rmb.published import Published, Sets
from rmb.records import Message, Question
from rmb.scorers import KINDS, Kind, Setup, open_scorer
from rmb.scorers.litellm_client import import_litellm
from rmb.templates import Template

SOURCE = "RMB (arXiv 2410.09893), Table 3"
TABLE_3 = {
    "gpt-4o-2024-05-13": (0.639, 0.815, 0.682, 0.814, 0.738),
    "qwen2-72b-instruct": (0.645, 0.810, 0.649, 0.789, 0.723),
    "claude-3-5-sonnet": (0.705, 0.838, 0.518, 0.764, 0.706),
    "mistral-large-2407": (0.678, 0.817, 0.583, 0.725, 0.701),
    "llama-3.1-70b-instruct": (0.648, 0.811, 0.558, 0.739, 0.689),
    "skywork-critic-llama-3.1-70b": (0.640, 0.753, 0.614, 0.614, 0.655),
    "skywork-critic-llama-3.1-8b": (0.600, 0.725, 0.578, 0.578, 0.620),
    "mixtral-8x7b-instruct-v0.1": (0.480, 0.706, 0.491, 0.671, 0.587),
    "gemini-1.5-pro": (0.536, 0.763, 0.299, 0.661, 0.565),
    "llama-3.1-8b-instruct": (0.365, 0.675, 0.267, 0.653, 0.490),
    "llama-2-70b-chat": (0.289, 0.613, 0.249, 0.602, 0.438),
}
"""The rows of generative models, best first: help BoN, help pairs, harm BoN, harm pairs, Overall."""
ODD = {"skywork-critic-llama-3.1-70b", "skywork-critic-llama-3.1-8b"}
LLAMA_2_CONTEXT = 4096


def figures(one: Published) -> tuple[float, ...]:
    """Published figures as a row of the table has them."""
    sets = (one.helpfulness, one.harmlessness)
    return (*(figure for goal in sets for figure in (goal.bon, goal.pairwise)), one.overall)


def generative(name: str) -> Generative:
    """The card of that name."""
    card = open_card(name).card
    assert isinstance(card, Generative)
    return card


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What `rmb` prints for some words."""
    with pytest.raises(SystemExit) as ended:
        run(group, args=list(words), prog_name="rmb")
    assert ended.value.code == 0
    return capsys.readouterr().out


def shipped() -> Iterator[tuple[str, JudgeCard]]:
    """Every card of the project's."""
    for name in content.names("judges"):
        yield name, open_card(name).card


# The cards


def test_each_generative_row_of_the_papers_table_has_one_card() -> None:
    """All eleven, each with the four figures and the Overall of its row, and no other card claims a row."""
    found = {
        name: figures(card.published)
        for name, card in shipped()
        if isinstance(card, Generative) and card.published and card.published.source == SOURCE
    }
    assert found == TABLE_3


@pytest.mark.parametrize("name", [name for name, card in shipped() if card.published])
def test_published_figures_add_up(name: str) -> None:
    """Overall is the mean of the four, as far as rounding lets it; the card says where to read on."""
    card = open_card(name).card
    assert card.published is not None
    *four, overall = figures(card.published)
    assert overall == pytest.approx(sum(four) / 4, abs=0.00101)
    assert card.published.source
    assert card.reference


@pytest.mark.parametrize("name", TABLE_3)
def test_a_card_of_the_table_opens_without_key_or_network(name: str) -> None:
    """The judge is made, names its model and endpoint, and plans a request; nothing is sent for that."""
    card = generative(name)
    scorer = open_scorer(open_card(name), Setup(template=Template.load(card.template, style=card.style)))
    assert scorer.identity == {"kind": "generative", "model": card.model, "endpoint": card.base_url}
    request = scorer.request(Question((Message(role="user", content="Hello?"),), ("good", "bad")))
    assert isinstance(request, dict)
    assert request["max_tokens"] == card.sampling.max_tokens
    assert (card.key or "no key") not in canonical(scorer.identity)


@pytest.mark.parametrize("name", TABLE_3)
def test_litellm_knows_who_is_asked(name: str) -> None:
    """A provider of LiteLLM's with the name of a key, or an OpenAI-compatible server at the card's own address."""
    card = generative(name)
    provider = card.model.partition("/")[0]
    litellm = import_litellm()
    assert provider in {str(getattr(each, "value", each)) for each in litellm.provider_list}
    assert litellm.get_llm_provider(card.model)[1] == provider
    if card.base_url:
        assert (provider, card.key, card.base_url) == ("openai", None, "http://localhost:8000/v1")
    else:
        assert card.key is not None


@pytest.mark.parametrize("name", TABLE_3)
def test_what_is_asked_can_be_paid_for(name: str) -> None:
    """LiteLLM's table has the model and its price, or the card has the price, or says that the table lacks it."""
    card = generative(name)
    litellm = import_litellm()
    known = {card.model, card.model.partition("/")[2]} & set(litellm.model_cost)
    assert known or card.price or "does not list it" in card.summary


def test_sizes_are_those_of_the_names() -> None:
    """A size is given where the model's own name has it, and nowhere else among these."""
    for name in TABLE_3:
        size = generative(name).size
        assert size.casefold() in name
        assert bool(size) == any(part.endswith("b") and part[0].isdigit() for part in name.split("-"))


def test_a_short_context_leaves_room_for_the_question() -> None:
    """Llama 2 has 4,096 tokens for prompt and reply; the reply may have an eighth of them."""
    tokens = generative("llama-2-70b-chat").sampling.max_tokens
    assert tokens is not None
    assert tokens <= LLAMA_2_CONTEXT // 8


# The lists


def test_judges_are_listed_with_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    """One line a judge, sorted by name: kind, size, key or server or nothing, and Overall where it was published."""
    heading, *lines = printed(capsys, "judges").splitlines()
    assert heading.split() == ["judge", "kind", "size", "needs", "published", "what", "it", "is"]
    assert [line.split()[0] for line in lines] == content.names("judges")
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    server = "a server at http://localhost:8000/v1"
    expected = {
        "gpt-4o-2024-05-13": "generative – OPENAI_API_KEY 0.738 GPT-4o of May 2024, ",
        "llama-3.1-8b-instruct": "generative 8B FIREWORKS_AI_API_KEY 0.490 Llama-3.1-8B-Instruct ",
        "skywork-critic-llama-3.1-70b": f"generative 70B {server} 0.655 Skywork-Critic",
        "local-server": f"generative – {server} – Any ",
        "embedded": "generative – nothing – SmolLM2",
        "longest": "baseline – nothing – The longer response wins",
    }
    assert {name: rows[name][: len(start)] for name, start in expected.items()} == expected
    assert all(" ".join(card.summary.split()) in rows[name] for name, card in shipped())


def test_every_judge_that_is_asked_needs_something_or_is_served() -> None:
    """A generative card without key and server is one that the program serves itself."""
    for name, card in shipped():
        if isinstance(card, Generative) and command.needs(card) == "nothing":
            assert card.serve is not None, name


def test_needs_can_be_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with a key of its own, of a kind that needs packages."""
    monkeypatch.setattr("rmb.scorers.KINDS", {**KINDS, "generative": Kind("nowhere:x", needs="more")})
    card = Generative(
        kind="generative", summary="Mine.", model="openai/m", key="MINE", base_url="http://h/v1"
    )
    assert command.needs(card) == "MINE, a server at http://h/v1, pip install more"


def test_published_figures_are_ranked(capsys: pytest.CaptureFixture[str]) -> None:
    """Best first, with the four sets, marked as published and as no target."""
    out = printed(capsys, "judges", "--published")
    found = {
        (words := line.split())[0]: [word.rstrip("*") for word in words[1:]]
        for line in out.splitlines()
        if line.split()[:1] and line.split()[0] in TABLE_3
    }
    expected = {name: [f"{x:.3f}" for x in (row[4], *row[:4])] for name, row in TABLE_3.items()}
    assert list(found.items()) == list(expected.items())
    assert f"Published: {SOURCE}" in out
    assert "no target" in out


def test_rows_that_can_hardly_be_right_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """Harm BoN of both Skywork-Critics equals their harm pairs; a note says what to think of it."""
    out = printed(capsys, "judges", "--published")
    marked = {line.split()[0]: line.count("*") for line in out.splitlines() if "*" in line}
    assert marked.pop("*") == 1
    assert "* BoN equals pairs: near impossible, so probably an error in the source's table" in out
    assert marked == dict.fromkeys(ODD, 2)


def test_one_judge_is_shown_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    """`rmb judges NAME` prints the card as it is written."""
    name = "qwen2-72b-instruct"
    assert printed(capsys, "judges", name) == content.read("judges", name).text


def test_a_name_and_published_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what to leave out."""
    with pytest.raises(SystemExit) as ended:
        run(group, args=["judges", "longest", "--published"], prog_name="rmb")
    ended_with = capsys.readouterr()
    assert (ended.value.code, ended_with.out, ended_with.err.count("\n")) == (2, "", 1)
    assert "leave out the judge's name" in ended_with.err


def on_paper(table: Any, width: int = 200) -> str:
    """A table as text."""
    console = Console(width=width, color_system=None)
    with console.capture() as taken:
        console.print(table, markup=False, highlight=False)
    return taken.get()


def with_figures(name: str, four: tuple[float, float, float, float], source: str) -> Mapping[str, JudgeCard]:
    """A card with published figures."""
    published = Published(
        helpfulness=Sets(bon=four[0], pairwise=four[1]),
        harmlessness=Sets(bon=four[2], pairwise=four[3]),
        overall=sum(four) / 4,
        source=source,
    )
    return {name: Baseline(kind="baseline", rule="first", summary="[b]x[/b].", published=published)}


def test_sources_are_not_ranked_together() -> None:
    """Each source has its own table and notes; ties go by name; markup in texts is text."""
    cards = {
        **with_figures("b", (0.5, 0.6, 0.5, 0.6), "[red]one"),
        **with_figures("a", (0.6, 0.5, 0.5, 0.6), "[red]one"),
        **with_figures("c", (0.5, 0.5, 1.0, 1.0), "two"),
        "none": open_card("longest").card,
    }
    first, second = map(on_paper, command.published_tables(cards))
    assert first.startswith("Published: [red]one")
    assert [line[0] for line in first.splitlines()[2:4]] == ["a", "b"]
    assert "*" not in first
    assert second.splitlines()[2].split() == ["c", "0.750", "0.500*", "0.500*", "1.000", "1.000"]
    assert "none" not in first + second
    assert command.published_tables({"none": cards["none"]}) == []


def test_a_narrow_terminal_has_no_summaries_and_loses_nothing_else() -> None:
    """Summaries are left out there, and what a judge needs is folded, never cut."""
    cards = {"x" * 28: generative("skywork-critic-llama-3.1-8b"), "[b]y": generative("llama-2-70b-chat")}
    out = on_paper(command.listing(cards, told=False), width=80)
    assert "what it is" not in out
    assert "…" not in out
    assert "[b]y" in out
    assert "at Amazon" not in out
