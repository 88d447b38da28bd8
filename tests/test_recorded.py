"""Recorded scores: a file computed elsewhere is judged as any reward model is."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from rmb.cards import Recorded, open_card
from rmb.errors import ContentError, DataError
from rmb.metrics import summarise
from rmb.records import Item, Message, Question
from rmb.run import Run
from rmb.scorers import Scorer, Setup, open_scorer
from rmb.scorers.recorded import text_key
from rmb.testing import ScorerContract
from tests.builders import listing, pair, run

ITEMS: list[Item] = [
    pair("good", "bad", uid="1", asked="One?"),
    pair("fine", "poor", uid="2", asked="Two?"),
    listing("good", ["bad", "worse"], uid="3", asked="One?"),
]
SCORES = {"good": 1.5, "bad": -0.5, "worse": -2.0, "fine": 0.25, "poor": 0.5}


def by_id(items: Sequence[Item]) -> list[dict[str, Any]]:
    """Rows that name items."""
    return [{"id": one.id, "scores": [SCORES[each.text] for each in one.candidates]} for one in items]


def by_response(items: Sequence[Item]) -> list[dict[str, Any]]:
    """Rows that hold the texts."""
    return [
        {
            "conversation": [{"role": turn.role, "content": turn.content} for turn in one.conversation],
            "response": each.text,
            "score": SCORES[each.text],
        }
        for one in items
        for each in one.candidates
    ]


def by_hash(items: Sequence[Item]) -> list[dict[str, Any]]:
    """Rows that hold what stands for the texts."""
    return [
        {"text": text_key(one.conversation, each.text), "score": SCORES[each.text]}
        for one in items
        for each in one.candidates
    ]


def written(rows: Sequence[object], path: str = "scores.jsonl") -> str:
    """A file with these rows, one JSON value a line, or as Parquet."""
    if path.endswith(".parquet"):
        parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    else:
        Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def opened(path: str, items: Sequence[Item] = ITEMS) -> Scorer:
    """The scorer of a file, for some items."""
    return open_scorer(open_card(path), Setup(items=items))


def judged(path: str, items: Sequence[Item] = ITEMS) -> Run:
    """The items judged by a file."""
    return run(opened(path, items), items)


class TestRecorded(ScorerContract):
    """The contract of every scorer holds for a file of scores."""

    def open(self) -> Scorer:
        """A file that has a score for every response the contract asks about; no item is known to it."""
        turns = (
            Message("user", "What is the capital of France?"),
            Message("assistant", "Let me think."),
            Message("user", "Please do."),
        )
        texts = ["Paris.", "I would rather not say.", "\u202eabc \U0001f642 {{ 7 }}", "word " * 300, ""]
        rows = [
            {"text": text_key(talk, text), "score": float(len(text))}
            for talk in (turns, turns[-1:], turns[-3:])
            for text in [*texts, "another text"]
        ]
        return opened(written(rows), ())


# What a file may say.


@pytest.mark.parametrize("rows", [by_id, by_response, by_hash])
@pytest.mark.parametrize("path", ["scores.jsonl", "scores.parquet"])
def test_three_ways_to_name_a_response(rows: Callable[[Sequence[Item]], list[object]], path: str) -> None:
    """By item and place, by its text, or by a hash of it: the figures are the same."""
    ran = judged(written(rows(ITEMS), path))
    values = summarise(ran.outcomes, resamples=0)["helpfulness"]
    assert (values["pairwise"]["value"], values["bon"]["value"]) == (0.5, 1.0)
    assert ran.counts["questions"] == 5
    assert ran.failures == {}


def test_scores_are_graded() -> None:
    """Differences mean something, so a file can be looked at for its calibration."""
    outcomes = judged(written(by_id(ITEMS))).outcomes
    assert all(showing.graded for one in outcomes for showing in one.showings)


def test_a_response_that_the_file_lacks_is_missing() -> None:
    """Nothing is known of it: its items are left out and coverage falls, and it is not counted as wrong."""
    ran = judged(written(by_id(ITEMS[:1])))
    assert ran.failures == {"unrecorded": 3}
    summary = summarise(ran.outcomes, resamples=0)
    assert summary["helpfulness"]["pairwise"]["value"] == 1.0
    assert summary["coverage"] == 0.5
    assert summary["bounds"]["worst"]["helpfulness"]["pairwise"] == 0.5


@pytest.mark.parametrize("odd", [None, math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_no_verdict(odd: float | None) -> None:
    """Null, NaN and infinities: the judge gave no verdict there, which counts as wrong by default."""
    rows: list[object] = [{"id": "pairwise/1", "scores": [1.0, odd]}, *by_id(ITEMS[1:2])]
    ran = judged(written(rows), ITEMS[:2])
    assert ran.failures == {"parse": 1}
    assert summarise(ran.outcomes, resamples=0)["helpfulness"]["pairwise"]["value"] == 0.0


def test_rows_of_other_items_are_passed_over() -> None:
    """A file for all of a benchmark serves a part of it."""
    assert judged(written(by_id(ITEMS)), ITEMS[1:2]).failures == {}


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=2))
def test_the_higher_score_wins(scores: list[float]) -> None:
    """Chosen, rejected or tie, as the two numbers say."""
    from rmb.scorers.recorded import RecordedScores

    one = ITEMS[0]
    keys = [text_key(one.conversation, each.text) for each in one.candidates]
    (showing,) = run(RecordedScores("", dict(zip(keys, scores, strict=True))), [one]).outcomes[0].showings
    assert showing.said == (
        "chosen" if scores[0] > scores[1] else "rejected" if scores[0] < scores[1] else "tie"
    )


# Cards.


def test_a_file_is_its_own_card() -> None:
    """`--judge ./scores.jsonl` needs no card; it goes by its name, and its content is its identity."""
    path = written(by_id(ITEMS))
    named = open_card(path)
    assert (named.name, named.card.kind) == ("scores", "recorded")
    assert opened(path).identity == {"kind": "recorded", "sha256": named.sha256}


def test_a_card_names_a_file_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path is as seen from the card, wherever the program was started."""
    (tmp_path / "cards").mkdir()
    written(by_id(ITEMS), "cards/ours.jsonl")
    card = "kind: recorded\nsummary: Our reward model, scored on the cluster.\nfile: ours.jsonl\n"
    Path("cards/ours.yaml").write_text(card, encoding="utf-8")
    monkeypatch.chdir("/")
    named = open_card(str(tmp_path / "cards" / "ours.yaml"))
    assert isinstance(named.card, Recorded)
    assert Path(named.card.file) == (tmp_path / "cards" / "ours.jsonl").resolve()
    assert run(open_scorer(named, Setup(items=ITEMS)), ITEMS).failures == {}


# Bad input.


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"id": "pairwise/1", "scores": [1.0]}, "1 scores for the 2 candidates of pairwise/1"),
        ({"id": "pairwise/1", "score": 1.0}, "KeyError('scores')"),
        ({"id": "pairwise/1", "scores": [1.0, "2"]}, "a score is a number, not '2'"),
        ({"id": "pairwise/1", "scores": [1.0, True]}, "a score is a number, not True"),
        ({"response": "good", "score": 1.0}, "KeyError('conversation')"),
        ({"text": "abc"}, "KeyError('score')"),
        ([1, 2], "not a recorded score"),
        (7, "not a recorded score"),
    ],
)
def test_a_row_that_says_nothing_is_named(row: object, says: str) -> None:
    """File and line, what is wrong, and what was expected."""
    path = written([*by_id(ITEMS[1:]), row])
    with pytest.raises(DataError) as raised:
        opened(path)
    assert "scores.jsonl, line 3" in str(raised.value)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_two_scores_for_one_response_are_refused() -> None:
    """Of a judge that compares, a response has no score of its own."""
    rows = [{"id": "pairwise/1", "scores": [1.0, 0.0]}, {"id": "bon/3", "scores": [0.0, 1.0, 0.0]}]
    with pytest.raises(DataError, match=r"line 2: 0\.0 for a response that has 1\.0 further up"):
        opened(written(rows))


@pytest.mark.parametrize("text", ["{", "not json", "\x00"])
def test_a_file_that_is_no_json_is_refused(text: str) -> None:
    """In one line that names it."""
    Path("scores.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot read .*scores\.jsonl"):
        opened("./scores.jsonl")


def test_a_broken_parquet_file_is_refused() -> None:
    """In one line that names it."""
    Path("scores.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"cannot read .*scores\.parquet"):
        opened("./scores.parquet")


def test_a_file_for_other_data_is_refused() -> None:
    """No score fits: the run would be of nothing."""
    with pytest.raises(DataError, match="is for a response of this data"):
        opened(written(by_id(ITEMS)), [pair("else", "where", uid="9")])


def test_a_missing_file_is_named_with_what_is_near() -> None:
    """A slip of the pen is told."""
    written(by_id(ITEMS))
    with pytest.raises(ContentError, match=r"no file './score\.jsonl'; near it: scores\.jsonl"):
        open_card("./score.jsonl")


def test_a_question_is_told_apart_by_conversation_and_text() -> None:
    """The same words to another conversation are another response."""
    scorer = opened(written(by_id(ITEMS)))
    one, other = (
        scorer.request(Question((Message("user", asked),), ("good",))) for asked in ("One?", "Two?")
    )
    assert one != other
