"""The scripted pipeline itself: prompts that differ enough, and replies in the form that each stage asks for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.building import BAD, SCENARIOS, Scripted, conversations, quality, told, write_source
from tests.fake_api import Request

FENCED = "=== conversation ab\nUser: Hi\n=== response{} ab\nMine (quality 4)\n=== end ab\n"
PAIR = "=== response A ab\n(quality 4) yet (quality 2)\n=== response B ab\nHis (quality 3)\n=== end ab\n[[A]] or [[B]]?"


def grams(text: str) -> set[tuple[str, ...]]:
    """The runs of three words in a text."""
    words = text.lower().split()
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)}


def test_the_prompts_of_a_source_differ_enough(tmp_path: Path) -> None:
    """All scenarios have some; no two of 240 share half of their runs of three words."""
    texts = write_source(tmp_path / "source.jsonl", 240)
    assert {path for _, path in conversations(240)} == set(SCENARIOS)
    runs = [grams(text) for text in texts]
    assert max(len(a & b) / len(a | b) for at, a in enumerate(runs) for b in runs[:at]) < 0.5
    lines = (tmp_path / "source.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 240 + len(BAD) + 3
    assert json.loads(lines[9])["conversation"][2]["content"] == texts[9]


@pytest.mark.parametrize(
    ("stage", "said", "reply"),
    [
        ("categorise", "Hi [Harmlessness/S1]\nEnd with Category: …", "Category: Harmlessness/S1"),
        ("categorise", "Hi\nEnd with Category: …", "Category: none"),
        ("key_points", "=== conversation ab\nHi\n=== end ab\n1. (weight 3) …", "1. (weight 3)"),
        ("rate", FENCED.format(""), "Rating: "),
        ("prefer", PAIR, "[[B]]"),
        ("rank", PAIR.replace("[[A]] or [[B]]?", "[[X > Y > Z]]"), "[[B > A]]"),
        ("respond", "Hi", "(quality "),
    ],
)
def test_each_stage_is_answered_in_its_form(stage: str, said: str, reply: str) -> None:
    """By what the prompt says; judges go by the last quality that a response tells."""
    scripted = Scripted()
    request = Request("", [{"role": "user", "content": said}], {"model": "m"}, None, 0.0)
    assert reply in str(scripted(request).text)
    assert scripted.asked == Counter({stage: 1})


def test_strong_models_write_better_than_weak_ones() -> None:
    """In the mean, and not on each prompt."""
    asked = [text for text, _ in conversations(60)]
    worth = {name: [quality(name, text) for text in asked] for name in ("weak", "middle", "strong")}
    assert sum(worth["weak"]) < sum(worth["middle"]) < sum(worth["strong"])
    assert any(weak > middle for weak, middle in zip(worth["weak"], worth["middle"], strict=True))
    assert told("no number") == 1
