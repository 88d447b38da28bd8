"""What a model's tokens cost: the card's own price, or that of LiteLLM's table, which is read without LiteLLM."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rmb.cards import Price

TABLE = "model_prices_and_context_window_backup.json"
INPUT, OUTPUT = "input_cost_per_token", ("output_cost_per_token", "output_cost_per_reasoning_token")
CACHED = "cache_read_input_token_cost"
TIER = "_above_"
"""In a name of the table: the price of a longer prompt. Other endings are services that are not asked for."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Dollars a token. cached: of a prompt's tokens that the provider still had; most_*: of the dearest prompt and reply."""

    input: float
    output: float
    cached: float
    most_input: float
    most_output: float

    def of(self, prompt: int, completion: int, cached: int = 0) -> float:
        """Dollars for some tokens. cached: of the prompt's."""
        return (prompt - cached) * self.input + cached * self.cached + completion * self.output

    def most(self, prompt: int, completion: int) -> float:
        """The most dollars that so many tokens may cost."""
        return prompt * self.most_input + completion * self.most_output


def rates_of(model: str, price: Price | None) -> Rates | None:
    """What a model's tokens cost: at a price of one's own, else by LiteLLM's table; None if it has none of this model."""
    if price is not None:
        each = (price.input / 1e6, price.output / 1e6)
        return Rates(*each, each[0], *each)
    row = listed(model)
    if row is None or INPUT not in row or OUTPUT[0] not in row:
        return None
    return Rates(
        row[INPUT], row[OUTPUT[0]], row.get(CACHED, row[INPUT]), dearest(row, INPUT), dearest(row, *OUTPUT)
    )


def listed(model: str) -> Mapping[str, Any] | None:
    """The row of LiteLLM's table for a model of its naming, "openai/gpt-4o"; None without one of this provider."""
    provider, _, name = model.partition("/")
    row = table().get(model)
    if row is None:
        row = table().get(name)
        # Another provider's model of the same name has another price.
        if row is None or not str(row.get("litellm_provider", "")).startswith(provider):
            return None
    return row


def dearest(row: Mapping[str, Any], *names: str) -> float:
    """The highest of some prices in a row, those of longer prompts among them."""
    rows = (row, *row.get("tiered_pricing", ()))
    return max(
        float(price)
        for one in rows
        for key, price in one.items()
        if price is not None and (key in names or any(tier_of(key, name) for name in names))
    )


def tier_of(key: str, name: str) -> bool:
    """Whether a key of the table is a price for longer prompts, "input_cost_per_token_above_200k_tokens"."""
    return key.startswith(name + TIER) and key.endswith("_tokens")


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """LiteLLM's price table, as it is installed; importing LiteLLM to look at it would take seconds."""
    found = importlib.util.find_spec("litellm")
    folders = found.submodule_search_locations if found else None
    if not folders:
        return {}
    rows: Mapping[str, Mapping[str, Any]] = json.loads((Path(folders[0]) / TABLE).read_text(encoding="utf-8"))
    return rows
