"""Figures from outcomes. Pure functions: no scorer, no files, no network."""

from __future__ import annotations

from rmb.metrics.summary import summarise

__all__ = ["summarise"]
