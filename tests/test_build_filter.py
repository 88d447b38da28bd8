"""`rmb build filter`: which of the categorised prompts go on, and why the others do not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.build.filter import drawn
from rmb.build.made import Dropped
from rmb.build.near_duplicates import MISSED, PERMUTATIONS, apart, bands, jaccard, shingles, text_of
from rmb.build.prompt import Prompt
from rmb.build.quality import CHECKS, share_of_letters
from rmb.build.recipe import Filter, Recipe
from rmb.build.words import words
from rmb.records import Message
from tests.prompted import a_prompt, called, jsonl, write_recipe
from tests.test_cli import Ended

LONG = "This is a rather long question about something. "
CHECK = dict(CHECKS)


def many(said: Iterable[str]) -> list[Prompt]:
    """A prompt a text, each with an id of its own."""
    return [a_prompt(text, name=f"p{at}") for at, text in enumerate(said)]


@pytest.mark.parametrize(
    ("check", "prompt", "wrong"),
    [
        ("language", a_prompt("x", language="English"), None),
        ("language", a_prompt("x", language="ENGLISH"), None),
        ("language", a_prompt("x", language="German"), "German"),
        ("language", a_prompt("x", language=None), "the source names no language"),
        ("length", a_prompt("eight ch"), None),
        ("length", a_prompt("  seven c \n"), "the last turn has 7 characters, fewer than 8"),
        ("length", a_prompt("x" * 8_000), None),
        ("length", a_prompt("x" * 100_000), "the last turn has 100,000 characters, more than 8,000"),
        (
            "length",
            replace(a_prompt("x"), conversation=(Message("user", "x" * 30_000), Message("user", "y" * 10))),
            "the conversation has 30,010 characters, more than 24,000",
        ),
        ("letters", a_prompt("Why, and how?"), None),
        ("letters", a_prompt("为什么天空是蓝色的？"), None),
        ("letters", a_prompt("हिन्दी में लिखो"), None),
        ("letters", a_prompt("?!?!?! :-) 12345 a"), "7% letters, less than 30%"),
        ("letters", a_prompt("🤡🤡🤡🤡🤡🤡🤡🤡"), "0% letters, less than 30%"),
        ("letters", a_prompt("1 + 1 = 2; 2 + 2 = 4"), "0% letters, less than 30%"),
    ],
)
def test_a_prompt_is_fit_as_far_as_its_text_tells(check: str, prompt: Prompt, wrong: str | None) -> None:
    """Language as the source names it, lengths in characters, letters of any script; what is wrong is said."""
    assert CHECK[check](prompt, Filter()) == wrong


@pytest.mark.parametrize(
    ("text", "share"),
    [("", 0), (" \n", 0), ("ab", 1), ("a b", 1), ("a1", 0.5), ("ä日ы", 1), ("หิ", 1), ("हि", 1), ("½", 0)],
)
def test_letters_are_of_any_script(text: str, share: float) -> None:
    """Letters and the marks on them, of all that is no space."""
    assert share_of_letters(text) == share


def test_any_language_may_pass() -> None:
    """With languages null, nobody asks for one."""
    assert CHECK["language"](a_prompt("x", language=None), Filter(languages=None)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't “PANIC”: go!", ["don", "t", "panic", "go"]),
        ("snake_case ＡＢＣ １２", ["snake", "case", "abc", "12"]),
        ("Straße", ["strasse"]),
        ("東京へ行く", ["東", "京", "へ", "行", "く"]),
        ("AI東京", ["ai", "東", "京"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("한국어 좋아", ["한국어", "좋아"]),
        ("?!", []),
    ],
)
def test_words_are_of_any_script(text: str, expected: list[str]) -> None:
    """Words without signs and letter case; where no spaces are written, each character is one."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [
        ("a b c d", "a b c d", 1),
        ("A, b: c d!", "a b c d", 1),
        ("a b c d", "a b c e", 1 / 3),
        ("a b", "a b", 1),
        ("a b", "a b c", 0),
        ("?!", "?!", 1),
        ("?!", "!?", 0),
        ("東京へ行く", "東京へ行け", 2 / 4),
        ("a b c a b c", "a b c", 1 / 3),
    ],
)
def test_similarity_is_of_runs_of_three_words(one: str, other: str, similarity: float) -> None:
    """Jaccard: runs that both have, of all runs that there are."""
    assert jaccard(shingles(one, 3), shingles(other, 3)) == pytest.approx(similarity)


def test_of_near_duplicates_the_first_is_kept() -> None:
    """The ledger names which; what is near to a dropped prompt alone is kept."""
    said = ["a b c d e f g h", "b c d e f g h i", "c d e f g h i j", "quite another thing to say"]
    kept, dropped = apart(many(said), 0.7, 3)
    assert [one.id for one in kept] == ["p0", "p2", "p3"]
    assert dropped == [Dropped("p1", "near-duplicate", "of p0, similarity 0.71")]


def test_what_the_model_said_before_makes_no_difference() -> None:
    """Prompts are compared by what the user says in all turns."""
    first, second = (
        Prompt(
            name,
            (Message("user", "Tell me a story."), Message("assistant", said), Message("user", "And then?")),
        )
        for name, said in (("p0", "Once."), ("p1", "There was a king."))
    )
    assert text_of(first) == "Tell me a story.\nAnd then?"
    assert [one.id for one in apart([first, second], 0.7, 3)[1]] == ["p1"]


TEXTS = st.lists(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=14).map(" ".join), min_size=1, max_size=12
)
THRESHOLDS = st.sampled_from([0.2, 0.3, 0.5, 0.7, 0.9, 1.0])


@settings(deadline=None, max_examples=60)
@given(said=TEXTS, threshold=THRESHOLDS, ngram=st.integers(1, 4))
def test_no_two_that_are_kept_are_near_duplicates(said: list[str], threshold: float, ngram: int) -> None:
    """By the exact similarity of all that are kept; and each that is dropped is near to the one that is named."""
    prompts = many(said)
    kept, dropped = apart(prompts, threshold, ngram)
    sets = {one.id: shingles(text_of(one), ngram) for one in prompts}
    assert all(jaccard(sets[a.id], sets[b.id]) < threshold for a, b in combinations(kept, 2))
    ids = [one.id for one in kept]
    for one in dropped:
        twin = one.detail.split(",")[0].removeprefix("of ")
        assert twin in ids
        assert jaccard(sets[one.id], sets[twin]) >= threshold
    assert sorted([*ids, *(one.id for one in dropped)]) == sorted(sets)
    assert ids == [one.id for one in prompts if one.id in ids]
    assert apart(prompts, threshold, ngram) == (kept, dropped)
    assert apart(kept, threshold, ngram) == (kept, [])


@given(threshold=st.floats(0.2, 1.0))
def test_a_pair_at_the_threshold_is_compared(threshold: float) -> None:
    """The bands are so many that one in a million such pairs is missed, at most."""
    count, rows = bands(threshold)
    assert count * rows <= PERMUTATIONS
    assert count >= 2
    assert (1 - threshold**rows) ** count <= MISSED


def test_prompts_of_a_category_are_drawn() -> None:
    """At most so many of each category, the same whatever else there is and in whatever order; others for another seed."""
    prompts = [a_prompt(f"{path} {at}", path=path) for at in range(20) for path in ("A/B", "A/C")]
    kept, left = drawn(prompts, 5, 0)
    assert [sum(one.category == each.category for one in kept) for each in prompts[:2]] == [5, 5]
    assert [one for one in prompts if one in kept] == kept
    assert {one.reason for one in left} == {"surplus"}
    assert len(left) == 30
    assert left[0].detail in {"5 of A/B were drawn", "5 of A/C were drawn"}
    again, _ = drawn(prompts[::-1], 5, 0)
    assert again == kept[::-1]
    assert drawn(prompts, 5, 1)[0] != kept


PROMPTS = [
    a_prompt(LONG + "One.", name="p0"),
    a_prompt(LONG + "Two.", name="p1", language="german"),
    a_prompt("short", name="p2"),
    a_prompt("1234567890", name="p3"),
    a_prompt(LONG + "One, again.", name="p4"),
    a_prompt("What is the meaning of\u2028a line separator?", name="p5"),
    a_prompt("x" * 100_000, name="p6"),
]


def filtered(folder: Path, prompts: Sequence[Prompt], *options: str, **wanted: Any) -> Ended:
    """The stage on some prompts that were categorised."""
    write_recipe(folder, "wild.jsonl", filter=wanted)
    lines = [json.dumps(one.to_json()) for one in prompts]
    (folder / "categorise.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return called("build", "filter", str(folder), *options)


def test_the_stage_goes_from_step_to_step(tmp_path: Path) -> None:
    """What each step left out stands in the ledger under its name, and the data card counts them."""
    ended = filtered(tmp_path, PROMPTS, "--json")
    assert ended.code == 0
    assert [one["id"] for one in jsonl(tmp_path / "filter.jsonl")] == ["p0", "p5"]
    assert [(one["id"], one["reason"]) for one in jsonl(tmp_path / "filter.dropped.jsonl")] == [
        ("p1", "language"),
        ("p2", "length"),
        ("p6", "length"),
        ("p3", "letters"),
        ("p4", "near-duplicate"),
    ]
    told = json.loads(ended.out)
    assert told["steps"] == [
        {"step": "language", "came": 7, "kept": 6},
        {"step": "length", "came": 6, "kept": 4},
        {"step": "letters", "came": 4, "kept": 3},
        {"step": "near-duplicate", "came": 3, "kept": 2},
    ]
    assert told["dropped"] == {"length": 2, "language": 1, "letters": 1, "near-duplicate": 1}
    assert [Prompt.from_json(one) for one in jsonl(tmp_path / "filter.jsonl")] == [PROMPTS[0], PROMPTS[5]]


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    """It says how many prompts would go on, and that nobody would be asked."""
    ended = filtered(tmp_path, PROMPTS, "--dry-run")
    assert (ended.code, ended.out) == (0, "7 in, 2 out; nothing would be asked\n")
    assert not list(tmp_path.glob("filter*"))
    assert not (tmp_path / "card.json").exists()


def test_steps_can_be_left_out(tmp_path: Path) -> None:
    """What is null is no step; prompts in any language, near-duplicates and all."""
    told = {"languages": None, "near_duplicates": None, "letters": 0, "characters": [1, 100_000]}
    assert filtered(tmp_path, PROMPTS, most_characters=100_000, **told).code == 0
    assert len(jsonl(tmp_path / "filter.jsonl")) == 7


def test_a_source_without_languages_is_warned_of(tmp_path: Path) -> None:
    """Nothing would be left of it, for a reason that is easily mended."""
    ended = filtered(tmp_path, [replace(one, language=None) for one in PROMPTS])
    assert "set filter.languages: null" in " ".join(ended.err.split())
    assert jsonl(tmp_path / "filter.jsonl") == []


def test_near_duplicates_need_their_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, one line says what to install; without that step it is not needed."""
    monkeypatch.setitem(sys.modules, "datasketch", None)
    ended = filtered(tmp_path, PROMPTS)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert 'pip install "rmb-judge[build]"' in ended.err
    assert filtered(tmp_path, PROMPTS, near_duplicates=None).code == 0


def test_difficulty_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given what the cheap steps left; what it keeps, drops and waits for is the stage's."""
    given: list[str] = []

    async def difficulty(prompts: Sequence[Prompt], _recipe: Recipe, *_: object) -> tuple[Any, Any, int]:
        given.extend(one.id for one in prompts)
        return [prompts[0]], [Dropped("p5", "easy")], 1

    module = ModuleType("rmb.build.difficulty")
    module.difficulty = difficulty  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rmb.build.difficulty", module)
    hard = {"weak": ["a"], "strong": ["b"], "judge": "c"}
    ended = filtered(tmp_path, PROMPTS, "--json", difficulty=hard, most=2)
    assert given == ["p0", "p5"]
    assert (ended.code, json.loads(ended.out)["waiting"]) == (1, 1)
    assert [one["step"] for one in json.loads(ended.out)["steps"]][-2:] == ["surplus", "difficulty"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "categorise.jsonl is not there; run first: rmb build categorise"),
        ("[]\n", "line 1: a list, not an object"),
        ("{\n", "Expecting property name"),
        ('{"id": "p"}\n', "line 1: no prompt"),
    ],
)
def test_what_the_stage_before_did_not_make_is_said(text: str | None, message: str, tmp_path: Path) -> None:
    """One line that names the file and the command that makes it."""
    write_recipe(tmp_path, "wild.jsonl")
    if text is not None:
        (tmp_path / "categorise.jsonl").write_text(text)
    ended = called("build", "filter", str(tmp_path))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert message in ended.err
