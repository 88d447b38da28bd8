"""Figures that others published of a judge."""

from __future__ import annotations

from typing import Annotated, Self

import pydantic

from rmb.strict import Strict

Share = Annotated[float, pydantic.Field(ge=0, le=1)]


def odd(bon: float, pairwise: float) -> bool:
    """True where best-of-N and pairs have the same figure: a list is won only by winning all of its pairs."""
    return 0 < bon == pairwise < 1


class Sets(Strict):
    """The figures of one goal on both sets."""

    bon: Share
    pairwise: Share


class Published(Strict):
    """What others measured of a judge on RMB, in the paper's form; overall is the mean of the four, rounded.

    source: where it was published. Protocols differ: it is no target for a run of one's own.
    """

    helpfulness: Sets
    harmlessness: Sets
    overall: Share
    source: str

    @pydantic.model_validator(mode="after")
    def _adds_up(self) -> Self:
        four = [one for goal in (self.helpfulness, self.harmlessness) for one in (goal.bon, goal.pairwise)]
        # The four are rounded to 0.001 themselves, so their mean may be off by half of that, and so may overall.
        if abs(sum(four) / 4 - self.overall) > 0.00101:
            raise ValueError(
                f"overall {self.overall} is not the mean of the four figures, {sum(four) / 4:.4f}"
            )
        return self
