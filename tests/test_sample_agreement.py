"""Agreement of a judge's samples: the published example, laws, what was put in is found, and where nothing can be said."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.build.sample_agreement import agreement, intraclass

RATINGS = st.lists(st.lists(st.integers(1, 10), min_size=2, max_size=5), min_size=2, max_size=8)


def test_the_intraclass_correlation_of_the_papers_table() -> None:
    """Table 2 of Shrout & Fleiss 1979, six targets and four judges: ICC(1,1) is .17, as they print it."""
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    assert intraclass(table) == pytest.approx(0.17, abs=0.005)


@given(RATINGS, st.integers(1, 9))
def test_agreement_of_samples_keeps_its_laws(rows: list[list[int]], by: int) -> None:
    """Order and a shift of all ratings change nothing; 1 says that samples are the same, and it is never more."""
    told = agreement(rows)
    value = told["icc"]
    shifted = agreement([[rating + by for rating in reversed(row)] for row in reversed(rows)])
    if value is None:
        assert len({rating for row in rows for rating in row}) == 1
        assert told["undefined"] == shifted["undefined"] == "all ratings are equal"
        return
    assert shifted["icc"] == pytest.approx(value)
    assert isinstance(value, float)
    assert value <= 1 + 1e-12
    assert (told["same"] == 1) == (abs(value - 1) < 1e-12)
    assert told["difference"] == shifted["difference"]


def test_the_intraclass_correlation_finds_the_share_that_was_put_in() -> None:
    """Responses that differ with variance 4 and samples with variance 1: a share of 0.8."""
    rng = np.random.default_rng(5)
    true = rng.normal(0, 2, 3000)
    rows = [[value + rng.normal() for _ in range(2 + at % 3)] for at, value in enumerate(true)]
    assert intraclass(rows) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("rows", [[], [[3, 4]], [[3], [4]], [[3, 3], [3, 3]], [[], [2]]])
def test_where_nothing_can_be_said_no_number_is(rows: list[list[float]]) -> None:
    """None, with the reason in words."""
    found = agreement(rows)
    assert found["icc"] is None
    assert found["undefined"]
    assert json.dumps(found, allow_nan=False)
