"""A fake API in a process of its own, so that a client that is measured has its interpreter to itself."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]


@contextlib.contextmanager
def served(*options: str) -> Iterator[str]:
    """The URL of a server started as `python -m tests.fake_api OPTIONS`; its ledger is at /ledger."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fake_api", *options], cwd=_CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.communicate()
