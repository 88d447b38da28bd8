"""The bundled sample: small, balanced, and nobody else's text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from rmb.cards import open_card
from rmb.content import content_root
from rmb.datasets.official import LISTS
from rmb.datasets.rmb import load, load_sample
from rmb.metrics import summarise
from rmb.records import Item
from rmb.run import Settings
from rmb.scorers import Setup, open_scorer
from tests.builders import credit, run

SAMPLE = content_root() / "sample"
ITEMS = load_sample().items
LISTED = [item for item in ITEMS if item.set == "bon"]
PAIRED = [item for item in ITEMS if item.set == "pairwise"]
FILES = sorted(path.relative_to(SAMPLE).as_posix() for path in SAMPLE.rglob("*.json"))


def raw(name: str) -> list[dict[str, Any]]:
    """The records of a file as they are written."""
    records: list[dict[str, Any]] = json.loads((SAMPLE / name).read_text(encoding="utf-8"))
    return records


def texts(items: Sequence[Item]) -> list[str]:
    """Every response of every item."""
    return [candidate.text for item in items for candidate in item.candidates]


def tokens(item: Item) -> float:
    """About how many tokens a comparison has, at four characters a token."""
    asked = sum(len(message.content) for message in item.conversation)
    return (asked + sum(len(candidate.text) for candidate in item.candidates)) / 4


# What it holds


def test_the_sample_loads_as_any_data_do() -> None:
    """The loader has nothing to say about it, but that it is not the official release."""
    benchmark = load(SAMPLE)
    assert (benchmark.name, benchmark.notices) == ("sample", ())
    assert list(benchmark.items) == list(ITEMS)


def test_every_scenario_of_the_release_is_in_both_sets() -> None:
    """49 scenarios: one list and two pairs of each."""
    assert Counter(item.path for item in LISTED) == dict.fromkeys(LISTS, 1)
    assert Counter(item.path for item in PAIRED) == dict.fromkeys(LISTS, 2)


def test_records_say_where_they_lie() -> None:
    """`category_path` is the place of the file, as in the release; each set has 49 files."""
    assert len(FILES) == 98
    for name in FILES:
        assert {record["category_path"] for record in raw(name)} == {name.removesuffix(".json")}


def test_pairs_are_those_of_the_lists() -> None:
    """Each best response is paired with each of its losers, with the same texts and the same writers, and no
    other pair is there: the answers to the pairs decide the lists.
    """
    of_lists = [
        (item.path, item.conversation, item.candidates[item.best], item.candidates[loser])
        for item in LISTED
        for loser in item.losers
    ]
    assert [(item.path, item.conversation, *item.candidates) for item in PAIRED] == of_lists


@pytest.mark.parametrize("item", LISTED, ids=lambda item: item.path)
def test_a_list_has_one_good_response_and_two_sorts_of_bad_ones(item: Item) -> None:
    """Three candidates: the best, and two that are worse in different ways."""
    assert item.candidates[item.best].model == "by hand: best"
    assert len({candidate.model for candidate in item.candidates}) == len(item.candidates) == 3


def test_some_conversations_have_several_turns() -> None:
    """Judges are shown conversations, not only questions: the user begins, ends, and takes turns."""
    assert 3 <= sum(len(item.conversation) > 1 for item in LISTED) <= len(LISTED) / 2
    for item in LISTED:
        roles = [message.role for message in item.conversation]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]


def test_some_conversations_are_not_in_english() -> None:
    """Every turn names its language, and a few languages are there."""
    records = [record for name in FILES for record in raw(name)]
    spoken = Counter(turn["language"] for record in records for turn in record["conversation_input"])
    assert len(spoken) >= 4
    assert 0.05 <= 1 - spoken["English"] / spoken.total() <= 0.3


# What it costs


def test_a_comparison_is_short() -> None:
    """The embedded model reads 120 tokens quickly; nearly every comparison has fewer."""
    lengths = sorted(map(tokens, PAIRED))
    assert median(lengths) <= 120
    assert lengths[int(0.95 * len(lengths))] <= 120


def test_no_text_is_long() -> None:
    """No turn and no response has more than 1,000 characters."""
    turns = [message.content for item in ITEMS for message in item.conversation]
    assert max(map(len, [*turns, *texts(LISTED)])) <= 1_000


# That nothing but the text gives the best response away


def test_the_best_response_is_not_the_longest() -> None:
    """In at most half of the lists the best is the longest, and in at most half the shortest."""
    for extreme in (max, min):
        found = sum(
            extreme(len(candidate.text) for candidate in item.candidates) == len(item.candidates[0].text)
            for item in LISTED
        )
        assert found <= len(LISTED) / 2


@pytest.mark.parametrize("name", ["longest", "shortest"])
def test_length_decides_no_more_than_a_coin(name: str) -> None:
    """Who prefers the longer, or the shorter, of two responses is right in 40 to 60 % of the pairs."""
    outcomes = run(open_scorer(open_card(name), Setup()), PAIRED).outcomes
    rights = [credit(outcome) for outcome in outcomes]
    assert 0.4 <= sum(right or 0.0 for right in rights) / len(rights) <= 0.6


@pytest.mark.parametrize("name", ["longest", "shortest"])
@pytest.mark.parametrize("goal", ["helpfulness", "harmlessness"])
def test_nor_does_it_within_a_goal(name: str, goal: str) -> None:
    """The same holds for each goal, with more room as there are fewer pairs."""
    summary = summarise(run(open_scorer(open_card(name), Setup()), PAIRED).outcomes, resamples=0)
    assert 0.3 <= summary[goal]["pairwise"]["value"] <= 0.7


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("items", [LISTED, PAIRED], ids=["bon", "pairwise"])
def test_the_place_does_not_tell_the_best(items: list[Item], seed: int) -> None:
    """In a single drawn order the best response is shown first about as often as not."""
    settings = Settings(orders="single", seed=seed)
    outcomes = run(open_scorer(open_card("first"), Setup()), items, settings).outcomes
    shown = [showing for outcome in outcomes for showing in outcome.showings]
    assert len(shown) == len(PAIRED)
    assert 0.35 <= sum(showing.position == 0 for showing in shown) / len(shown) <= 0.65


def test_the_oracle_wins_everywhere() -> None:
    """No two labels contradict each other, and no two responses are the same."""
    summary = summarise(
        run(open_scorer(open_card("oracle"), Setup(items=ITEMS)), ITEMS).outcomes, resamples=0
    )
    assert summary["overall"]["value"] == 1


# Whose text it is


def test_no_text_is_there_twice() -> None:
    """Every response and every conversation was written for its place."""
    assert len(set(texts(LISTED))) == len(texts(LISTED)) == 147
    assert len({item.conversation for item in LISTED}) == 49


def plain(text: str) -> bytes:
    """A text without what may differ between copies: letter case and white space."""
    return " ".join(text.casefold().split()).encode()


def test_no_text_is_from_the_release(rmb_data: Path) -> None:
    """RMB's files have no licence; nothing of them is in the sample, whole or in part."""
    theirs = load(rmb_data).items
    said = {message.content for item in theirs for message in item.conversation} | set(texts(theirs))
    everything = plain("\n".join(said))
    ours = {*texts(LISTED), *(message.content for item in LISTED for message in item.conversation)}
    assert [text for text in ours if plain(text) in everything] == []
