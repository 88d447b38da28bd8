"""The parts that a report's items are packed from, each by itself."""

from __future__ import annotations

from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.metrics.spending import spending
from rmb.records import Answer, Token, Usage
from rmb.report.page.asked import LEAST, asked, pieces
from rmb.report.page.blobs import blob, unpacked
from rmb.report.page.index import items_of
from rmb.report.page.told import Told, pointer
from rmb.verdicts import VerdictRule
from rmb.verdicts.reasons import reason
from tests import pages

WORDS = st.text(min_size=0, max_size=60)


# Packing.


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_is_packed_comes_back(value: Any) -> None:
    """Any JSON, lone surrogates and controls in it, and in the letters of base64 alone."""
    text = blob(value)
    assert text.isascii()
    assert text.strip("=").replace("+", "").replace("/", "").isalnum()
    assert unpacked(text) == value


def test_a_nan_is_not_packed() -> None:
    """A page would not be able to read it."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        blob({"score": float("nan")})


@given(WORDS, st.lists(WORDS, max_size=6), st.integers(0, 40))
def test_pieces_are_the_text_whatever_is_known(between: str, known: list[str], cut: int) -> None:
    """Joined, they are what was sent; a known text of some length that stands in it is a piece of its own."""
    text = between.join([*known, between[cut:], *known])
    found = pieces(text, known)
    assert "".join(found) == text
    assert "" not in found or found == [""]
    longest = max(known, key=len, default="")
    if len(longest) >= LEAST:
        assert longest in found


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"messages": [{"role": "user", "content": "Hi"}], "model": "m", "sample": 3},
         [("user", "Hi"), ("parameters", '{"model": "m"}')]),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
         [("user", '[{"type": "text", "text": "Hi"}]')]),
        ({"text": "A text that is long enough to stand alone.", "sample": 0},
         [("text", "A text that is long enough to stand alone.")]),
        ({"conversation": [["user", "Hi"]], "max_tokens": 9}, [("parameters", '{"conversation": [["user", "Hi"]], "max_tokens": 9}')]),
        ({"sample": 0}, []),
    ],
)  # fmt: skip
def test_all_that_was_sent_is_told(request_: dict[str, Any], told: list[tuple[str, str]]) -> None:
    """Messages first, then what else was sent, but for the number of the sample, which the judge never saw."""
    assert list(asked(request_)) == told


# The letters of the index.

PAIR = {"item": "pairwise/1", "set": "pairwise", "goal": "g", "scenario": "s", "conversation": "c", "best": 0}


def rows(*said: tuple[int, str | None, str | None]) -> Any:
    """A run's rows of one item: loser, verdict, failure of each showing."""
    told = [
        {**PAIR, "best_mark": "m", "number": 0, "loser": loser, "verdict": verdict, "failure": failure}
        for loser, verdict, failure in said
    ]
    return pyarrow.Table.from_pylist(told)


R, W, T = "chosen", "rejected", "tie"


@pytest.mark.parametrize(
    ("said", "letter"),
    [
        ([(1, R, None), (1, R, None)], "r"),
        ([(1, R, None), (1, W, None)], "i"),
        ([(1, R, None), (1, T, None)], "i"),
        ([(1, W, None), (1, W, None)], "w"),
        ([(1, T, None), (1, T, None)], "w"),
        ([(1, W, None), (1, T, None)], "w"),
        ([(1, R, None), (1, None, "parse")], "f"),
        ([(1, W, None), (1, None, "refusal")], "f"),
        ([(1, None, "parse"), (1, None, "deadline")], "m"),
        ([(1, R, None)], "r"),
        ([(1, R, None), (1, R, None), (2, R, None), (2, R, None)], "r"),
        ([(1, R, None), (1, R, None), (2, R, None), (2, W, None)], "i"),
        ([(1, R, None), (1, W, None), (2, W, None), (2, W, None)], "w"),
        ([(1, R, None), (1, R, None), (2, W, None), (2, W, None)], "w"),
    ],
)
def test_what_became_of_an_item(said: list[tuple[int, str | None, str | None]], letter: str) -> None:
    """Right: the best beats every loser always; wrong: it never beats some loser; otherwise inconsistent."""
    ((_, bounds, found),) = items_of(rows(*said))
    assert (bounds, found) == ((0, len(said)), letter)


# What answers took.


def test_what_answers_took_is_added_up() -> None:
    """Sums, quantiles of the seconds, and a histogram that counts each once."""
    usages = [Usage(10, 2, 1, 0.5, seconds, 1) for seconds in (0.1, 0.2, 1.0, 1.0, 30.0)]
    told = spending(usages)
    assert {name: told[name] for name in ("answers", "prompt_tokens", "completion_tokens", "cached_tokens", "attempts")} == {
        "answers": 5, "prompt_tokens": 50, "completion_tokens": 10, "cached_tokens": 5, "attempts": 5,
    }  # fmt: skip
    latency = told["latency"]
    assert (latency["n"], latency["median"], latency["max"]) == (5, 1.0, 30.0)
    assert sum(latency["counts"]) == 5


@given(st.lists(st.floats(1e-4, 1e5), min_size=1))
def test_every_answer_is_in_its_bin(seconds: list[float]) -> None:
    """Edges ascend, hold all, and are one more than the counts."""
    told = spending([Usage(seconds=one) for one in seconds])["latency"]
    edges, counts = told["edges"], told["counts"]
    assert len(edges) == len(counts) + 1
    assert edges == sorted(set(edges))
    assert sum(counts) == len(seconds)
    assert edges[0] <= min(seconds) * (1 + 1e-9)
    assert max(seconds) <= edges[-1] * (1 + 1e-9)
    assert counts[0] > 0 < counts[-1]


def test_no_time_taken_is_no_latency() -> None:
    """Judges that cost nothing have none; nor has a run without answers."""
    assert spending([Usage(), Usage()])["latency"] is None
    assert spending([]) == {
        "answers": 0, "prompt_tokens": 0, "completion_tokens": 0, "cached_tokens": 0, "attempts": 0, "latency": None,
    }  # fmt: skip


# Why a reply was read so.

AB = VerdictRule(labels={"A": (1.0, 0.0), "B": (0.0, 1.0)})
RATING = VerdictRule(scale=(1, 10))
LIKELY = AB.model_copy(update={"read": "logprob"})


@pytest.mark.parametrize(
    ("rule", "answer", "shown", "told"),
    [
        (AB, Answer("Well, [[A]]"), ("x", "y"), "the verdict '[[A]]', the only one"),
        (AB, Answer("[[A]] and again [[A]]"), ("x", "y"), "the verdict '[[A]]', the last of 2"),
        (AB, Answer("[[A]]. My final verdict: [[B]]"), ("x", "y"), "the verdict '[[B]]', the last of 2, said to be final"),
        (AB, Answer("<think>[[A]]</think> [[B]]"), ("x", "y"), "the verdict '[[B]]', the only one"),
        (AB, Answer("Neither."), ("x", "y"), None),
        (AB, Answer(None), ("x", "y"), None),
        (RATING, Answer("Rating: [[8]]"), ("x",), "the verdict '[[8]]', the only one"),
        (LIKELY, Answer("[[A]]", tokens=(Token("[["), Token("A", {"A": -0.1, "B": -2.0}), Token("]]"))), ("x", "y"),
         "the log-probabilities of A and B where the reply says 'A'"),
        (LIKELY, Answer("Hm", tokens=(Token("Hm", {"Hm": -0.1}),)), ("x", "y"), None),
    ],
)  # fmt: skip
def test_why_a_reply_was_read_so(
    rule: VerdictRule, answer: Answer, shown: tuple[str, ...], told: str | None
) -> None:
    """The words that the verdict was taken from, and what else the reply says; nothing where there is none."""
    assert reason(rule, answer, shown) == told


# Figures with their places.


def test_a_place_is_a_json_pointer() -> None:
    """Slashes and tildes of names are escaped, so that it points at one thing."""
    content = {"scenarios": {"help/Chat~1": [{"bon": 1}]}}
    place = ("scenarios", "help/Chat~1", 0, "bon")
    assert pointer(place) == "/scenarios/help~1Chat~01/0/bon"
    assert pages.at(content, pointer(place)) == 1


def test_what_is_not_there_is_a_dash_and_named_once() -> None:
    """Null is a dash; no such key is a dash as well, and told of."""
    told = Told("mine", {"known": None, "block": {}})
    assert (
        told.figure("known").text
        == told.cell("block", "gone", "deeper").text
        == told.cell("gone").text
        == "–"
    )
    told.cell("gone")
    assert list(told.missing) == ["block.gone", "gone"]
