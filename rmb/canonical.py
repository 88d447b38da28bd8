"""One spelling for every value, and the hash of it. All keys and fingerprints are made here."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

# For its type alone, so that records and what is hashed of them stay apart.
if TYPE_CHECKING:
    from rmb.records import Json

ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical(value: Json) -> str:
    r"""The one ASCII JSON text of a value: keys sorted, no spaces, no NaN.

    Equal values give equal texts in every process and on every machine.
    Raises ValueError for NaN and infinities, which no JSON reader agrees on.

    >>> canonical({"b": 1, "a": "é"})
    '{"a":"\\u00e9","b":1}'
    """
    return ENCODER.encode(value)


def digest(value: Json) -> str:
    """The sha256 of the canonical text, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


def fraction(*parts: Json) -> float:
    """A number in [0, 1) that depends on the parts alone: randomness that is the same everywhere.

    >>> 0 <= fraction(7, "some text") < 1
    True
    """
    return int(digest(list(parts))[:13], 16) / 16**13
