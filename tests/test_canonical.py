"""Canonical text and hashes: one spelling for every value, the same in every process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.canonical import canonical, digest, fraction
from rmb.records import Json
from tests.conftest import CHECKOUT

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)
surrogates = st.text(st.characters(categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({"b": 1, "a": 2}, '{"a":2,"b":1}', id="keys sorted, no spaces"),
        pytest.param({"x": {"b": [], "a": {}}}, '{"x":{"a":{},"b":[]}}', id="keys sorted at every depth"),
        pytest.param([None, True, False], "[null,true,false]", id="constants"),
        pytest.param((1, 2), "[1,2]", id="a tuple is a list"),
        pytest.param("é 中 😀", r'"\u00e9 \u4e2d \ud83d\ude00"', id="ASCII only"),
        pytest.param("\ud800", r'"\ud800"', id="lone surrogate"),
        pytest.param('"\\\n', r'"\"\\\n"', id="quote, backslash, line break"),
        pytest.param(0.1, "0.1", id="shortest decimal of a float"),
        pytest.param(1.0, "1.0", id="a float stays a float"),
        pytest.param(2**70, "1180591620717411303424", id="integers of any size"),
    ],
)
def test_every_value_has_one_spelling(value: Json, text: str) -> None:
    """The canonical text is compact ASCII JSON with sorted keys."""
    assert canonical(value) == text


@given(st.dictionaries(st.text(), values))
def test_the_order_of_keys_does_not_matter(value: dict[str, Json]) -> None:
    """A mapping built in the opposite order has the same text and the same hash."""
    reordered = dict(reversed(value.items()))
    assert canonical(value) == canonical(reordered)
    assert digest(value) == digest(reordered)


@given(values)
def test_the_text_is_ascii_and_says_the_value(value: Json) -> None:
    """The text holds no byte above 127 and is read back as the value it was made from."""
    assert canonical(value).isascii()
    assert json.loads(canonical(value)) == value


@given(surrogates)
def test_half_characters_have_a_spelling_too(broken: str) -> None:
    """Text that is not valid Unicode, as found in model replies, is hashed and not refused."""
    assert canonical(broken).isascii()
    assert len(digest(broken)) == 64


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_what_json_cannot_say_is_refused(number: float) -> None:
    """NaN and infinities are refused at any depth, since no two JSON readers agree on them."""
    for value in (number, [1, number], {"a": {"b": number}}):
        with pytest.raises(ValueError, match="not JSON compliant"):
            canonical(value)


def test_a_digest_is_the_sha256_of_the_text() -> None:
    """Anyone can recompute a digest with sha256 and the canonical text."""
    known = "d3626ac30a87e6f7a6428233b3c68299976865fa5508e4267c5415c76af7a772"
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1}) == known


@given(values, values)
def test_different_texts_have_different_digests(one: Json, other: Json) -> None:
    """Two values share a digest just if they share their text."""
    assert (digest(one) == digest(other)) == (canonical(one) == canonical(other))


@given(st.lists(values, max_size=4))
def test_a_fraction_is_at_least_0_and_below_1(parts: list[Json]) -> None:
    """A fraction can stand for a random number in [0, 1), and comes out the same again."""
    assert 0 <= fraction(*parts) < 1
    assert fraction(*parts) == fraction(*parts)


def test_fractions_are_spread_evenly() -> None:
    """Of 2,000 seeds about half fall below one half, and their mean is near it."""
    drawn = [fraction(seed, "order") for seed in range(2000)]
    assert abs(sum(drawn) / 2000 - 0.5) < 0.03
    assert 900 < sum(number < 0.5 for number in drawn) < 1100


def test_the_parts_of_a_fraction_are_kept_apart() -> None:
    """Parts that read the same when joined are still different parts."""
    assert len({fraction("ab", "c"), fraction("a", "bc"), fraction("abc"), fraction(["ab", "c"])}) == 4


@pytest.mark.parametrize("hash_seed", ["0", "77"])
def test_a_fraction_is_the_same_in_every_process(hash_seed: str) -> None:
    """A known value comes out in a fresh interpreter, whatever its hash seed."""
    program = "from rmb.canonical import fraction; print(repr(fraction(7, 'some text')))"
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.strip() == repr(fraction(7, "some text")) == "0.45821285806696976"
