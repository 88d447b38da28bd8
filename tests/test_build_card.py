"""The data card: what it says of a build, whatever its names are and whatever stages add."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rmb.build import folder
from rmb.build.card import in_words
from rmb.build.made import Dropped, Made
from rmb.build.markdown import listed, shown, table
from tests.built import made_up, prompt, rated, write_build
from tests.test_build_assemble import rmb_build

HOSTILE = "a|b<script>\n# [x](y) `c` \x1b[31m\u202e"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A build of twelve prompts, assembled, with a stage before that tells things of its own."""
    prompts, lines = made_up(12)
    odd = prompt("Odd?", "Helpfulness/A & B")
    lines += [{**line, "model": HOSTILE} for line in rated(odd, [9, 1])[:1]] + rated(odd, [9, 1])[1:]
    place = write_build(tmp_path / "mine", [*prompts, odd], lines)
    judge = {"name": HOSTILE, "sha256": "a" * 64, "identity": {"kind": "generative", "model": "m"}}
    told = {
        "judges": [judge],
        "asked": 3,
        "from_store": 0,
        "cost_usd": None,
        "prompt_tokens": 1,
        "completion_tokens": 2,
    }
    figure = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 9}
    made = Made(
        came=5,
        records=[one.to_json() for one in prompts],
        dropped=[Dropped("x", "language"), Dropped("y", "language")],
        waiting=1,
        told={
            "agreement": figure,
            "pairs_of_judges": [{"judges": ["a", "b"], "kappa": figure}],
            HOSTILE: HOSTILE,
        },
    )
    folder.write(place, "categorise", made, told)
    rmb_build("assemble", str(place), "-q")
    return place


def test_the_card_says_what_was_built(built: Path) -> None:
    """Source, counts, reasons, categories, models, lengths, checks, who was asked, licence and cautions."""
    text = (built / "card.md").read_text("utf-8")
    for line in (
        "Source of the prompts: source.jsonl. Seed: 0.",
        "| categorise | 5 | 12 | 2 | 1 |",
        "| categorise | language | 2 |",
        "Not measured: no person has labelled a sample (`rmb build agree`).",
        "Not checked: `assemble.against` names no benchmark.",
        "- `rmb lint`: nothing found",
        "| categorise | 3 | 0 | – | 1 | 2 |",
        "## Licence",
        "## How to cite",
        "## What not to conclude",
    ):
        assert line in text
    assert re.search(r"Test: \d+ pairs and \d+ best-of-N lists on 13 prompts\.", text)
    assert "| Helpfulness/A & B |" in text or "| Helpfulness/A \\& B |" in text


def test_what_the_card_does_not_know_is_listed(built: Path) -> None:
    """Figures with their intervals, lists by number, names as words."""
    text = (built / "card.md").read_text("utf-8")
    assert "- agreement: 0.50 (0.25 to 0.75)\n- pairs of judges:\n  - 1:\n    - judges: a, b\n" in text


def test_hostile_names_are_no_markup(built: Path) -> None:
    """They show as they are, on one line, in tables too; card.json has them to the letter."""
    text = (built / "card.md").read_text("utf-8")
    assert "<script>" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("a\\|b\\<script\\> # \\[x\\](y)") >= 3
    card = json.loads((built / "card.json").read_text("utf-8"))
    assert HOSTILE in card["stages"]["assemble"]["ratings"]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    columns = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    for before, row, count, after in zip(columns, rows[1:], columns[1:], rows, strict=False):
        assert not row.startswith("|---") or before == count, after


def test_stages_that_rest_on_old_files_are_told(built: Path) -> None:
    """As soon as the card is written again."""
    with (built / "annotate.jsonl").open("a", encoding="utf-8") as opened:
        opened.write("\n")
    folder.write(built, "filter", Made(came=0, records=[]), {})
    text = (built / "card.md").read_text("utf-8")
    assert "**Out of date**, as files that they rest on were made anew: filter" not in text
    assert "were made anew: assemble. Run these stages again." in text
    assert "| assemble (out of date) |" in text


def test_a_card_of_nothing_is_a_card() -> None:
    """Before any stage, and of a card that an older version wrote."""
    text = in_words({"stages": {}}, [])
    assert "Not assembled yet." in text
    assert "## Licence" in text
    old: dict[str, Any] = {"came": 1, "kept": 1, "dropped": {}, "waiting": 0}
    assert "| assemble | 1 | 1 | 0 | 0 |" in in_words({"stages": {"assemble": old}}, [])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (True, "yes"), (1234567, "1,234,567"), (0.12345, "0.123"), (12345.6, "12,346"), ("", "–"),
        (["a", 1], "a, 1"), ({"a_b": 1, "c": [2]}, "a b 1, c 2"), ([], "–"), ({}, "–"), ("a*b", "a\\*b"),
        ({"value": None, "low": None, "high": None, "n": 0}, "value –, low –, high –, n 0"),
        ({"value": 1, "low": None, "high": None, "n": 2}, "1.00"),
    ],
)  # fmt: skip
def test_values_in_words(value: Any, text: str) -> None:
    """On one line, escaped; nothing undefined is a number."""
    assert shown(value) == text


def test_tables_and_lists() -> None:
    """Texts to the left, numbers to the right; what is nested is indented, up to a depth."""
    assert list(table(("a", "b"), [["x", 1]])) == ["", "| a | b |", "|---|---:|", "| x | 1 |"]
    assert list(listed({"a": {"b": {"c": {"d": {"e": 1}}}}, "f": {}})) == [
        "- a:", "  - b:", "    - c:", "      - d: e 1", "- f: –",
    ]  # fmt: skip
