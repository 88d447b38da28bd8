"""How far labels of any number of kinds agree, by figures worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rmb.metrics.labels import label_agreement, nominal_alpha, share


def labels(*counts: tuple[str, str, int]) -> tuple[list[str], list[str]]:
    """What two said, of a table of counts."""
    pairs = [(one, other) for one, other, times in counts for _ in range(times)]
    return [one for one, _ in pairs], [other for _, other in pairs]


@pytest.mark.parametrize(
    ("one", "other", "raw", "kappa"),
    [
        # Two judges of 50: 20 yes and 15 no together; chance is .5 * .6 + .5 * .4.
        (*labels(("y", "y", 20), ("y", "n", 5), ("n", "y", 10), ("n", "n", 15)), 0.7, 0.4),
        # Four labels, ten units: chance is .4 * .5 + .3 * .2 + .3 * .2 + 0 * .1.
        (
            *labels(("a", "a", 3), ("a", "b", 1), ("b", "b", 1), ("b", "a", 2), ("c", "c", 2), ("c", "d", 1)),
            0.6,
            0.28 / 0.68,
        ),
        (*labels(("a", "a", 5), ("b", "b", 5)), 1, 1),
        (*labels(("a", "b", 5), ("b", "a", 5)), 0, -1),
    ],
)
def test_kappa_is_cohens(one: list[str], other: list[str], raw: float, kappa: float) -> None:
    """Agreement beyond chance, as worked out by hand; its interval holds it."""
    found = label_agreement(one, other)
    assert found.raw is not None
    assert found.kappa is not None
    assert (found.raw.value, found.kappa.value) == (pytest.approx(raw), pytest.approx(kappa))
    assert found.kappa.low is not None
    assert found.kappa.high is not None
    assert found.kappa.low <= found.kappa.value <= found.kappa.high
    assert found.n == len(one)


@pytest.mark.parametrize(
    ("one", "other", "n"), [(["a", "a"], ["a", "a"], 2), (["a", None], [None, "a"], 0), ([], [], 0)]
)
def test_what_is_undefined_is_none(one: Sequence[str | None], other: Sequence[str | None], n: int) -> None:
    """No κ where both always say one thing, nor where nothing is said by both; never a number."""
    found = label_agreement(one, other)
    assert (found.kappa, found.n) == (None, n)
    assert (found.raw is None) == (n == 0)
    assert nominal_alpha([one, other]) is None


def test_alpha_of_two_is_known() -> None:
    """Ten units, four of which the two tell apart; of the 20 labels 14 are 0: α is 1 - 19 * 4 / (14 * 6)."""
    one, other = (list(row) for row in ("0100000000", "1110010010"))
    assert nominal_alpha([one, other]) == pytest.approx(1 - 76 / 84)


@pytest.mark.parametrize(("held", "value"), [([True], 1), ([False, True, False, False], 0.25), ([], None)])
def test_a_share_is_of_units(held: Sequence[bool], value: float | None) -> None:
    """How many of them, and no number without any; one unit alone has no interval."""
    found = share(held)
    assert (found and found.value) == value
    assert found is None or (found.low is None) == (len(held) == 1)
