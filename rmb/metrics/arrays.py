"""The arrays that figures are computed from, and the sum that most of them begin with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def summed(place: Integers, values: Floats | Flags, size: int) -> Floats:
    """(size,) the sum of the values at each place, 0 where there is none."""
    return np.bincount(place, weights=values, minlength=size).astype(np.float64, copy=False)
