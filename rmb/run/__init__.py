"""A run: plan the questions, ask what the store does not have, put the verdicts together."""

from __future__ import annotations

from rmb.run.execute import Run, Settings, execute

__all__ = ["Run", "Settings", "execute"]
