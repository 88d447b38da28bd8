"""A run: plan the questions, ask what the store does not have, put the verdicts together."""

from __future__ import annotations

from rmb.run.execute import Run, execute
from rmb.run.plan import Settings

__all__ = ["Run", "Settings", "execute"]
