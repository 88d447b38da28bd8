"""What a page holds packed: JSON, deflated, in base64."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

LEVEL = 9
RAW = -15
"""The deflate stream alone, without zlib's head: what a browser calls "deflate-raw"."""


def blob(value: Any) -> str:
    """The value as a page holds it. Lone surrogates stay what they are; raises ValueError for a NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # In JSON's own spelling, \udc80, which UTF-8 has no bytes for.
    data = text.encode("utf-8", "backslashreplace")
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW)
    return base64.b64encode(packer.compress(data) + packer.flush()).decode("ascii")


def unpacked(text: str) -> Any:
    """The value that `blob` made this text from."""
    return json.loads(zlib.decompress(base64.b64decode(text), RAW))
