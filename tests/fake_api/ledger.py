"""What a fake API was asked and billed, by the body of the request."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

BATCH_PRICE = 0.5
"""What a token costs in a batch, as a part of its price."""


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens of prompts and of answers."""

    input: float = 1.0
    output: float = 2.0

    def of(self, prompt: float, completion: float) -> float:
        """Dollars for so many tokens."""
        return (prompt * self.input + completion * self.output) / 1e6


@dataclass(slots=True)
class Account:
    """What became of one body. Tokens in a batch count as BATCH_PRICE of a token."""

    asked: int = 0
    asked_again: int = 0  # after an answer to it had been delivered whole
    billed: int = 0  # answers produced
    delivered: int = 0  # usable answers of which all bytes went out
    prompt_tokens: float = 0.0  # billed
    completion_tokens: float = 0.0
    delivered_prompt_tokens: float = 0.0
    delivered_completion_tokens: float = 0.0


@dataclass(slots=True)
class Ledger:
    """The accounts of a server. An answer is billed when it is produced: a stall or a reset pays for nothing.

    "Delivered" means that the system took all of the bytes while the connection stood; whether the client
    read them is not for a server to know.
    """

    price: Price = field(default_factory=Price)
    accounts: defaultdict[str, Account] = field(default_factory=lambda: defaultdict(Account))
    statuses: Counter[int] = field(default_factory=Counter)  # of every reply begun, by status

    def ask(self, body: Mapping[str, object]) -> Account:
        """Enters one request with this body; gives its account."""
        account = self.accounts[key(body)]
        account.asked += 1
        account.asked_again += account.delivered > 0
        return account

    def of(self, body: Mapping[str, object]) -> Account:
        """The account of a body; an empty one if it was never asked."""
        return self.accounts.get(key(body)) or Account()

    @property
    def asked(self) -> int:
        """Requests that asked a model something."""
        return sum(account.asked for account in self.accounts.values())

    @property
    def asked_again(self) -> int:
        """Requests for what had been delivered whole before they arrived. A careful client makes none."""
        return sum(account.asked_again for account in self.accounts.values())

    @property
    def billed(self) -> int:
        """Answers produced."""
        return sum(account.billed for account in self.accounts.values())

    @property
    def delivered(self) -> int:
        """Usable answers that went out whole."""
        return sum(account.delivered for account in self.accounts.values())

    @property
    def billed_usd(self) -> float:
        """Dollars for all that was produced."""
        return sum(self.price.of(a.prompt_tokens, a.completion_tokens) for a in self.accounts.values())

    @property
    def delivered_usd(self) -> float:
        """Dollars for what went out whole, which is what a client can know of."""
        each = self.accounts.values()
        return sum(self.price.of(a.delivered_prompt_tokens, a.delivered_completion_tokens) for a in each)

    def totals(self) -> dict[str, object]:
        """All sums, ready for JSON."""
        names = ("asked", "asked_again", "billed", "delivered", "billed_usd", "delivered_usd")
        sums = {name: getattr(self, name) for name in names}
        return {**sums, "bodies": len(self.accounts), "price": asdict(self.price), "statuses": self.statuses}


def bill(account: Account, tokens: tuple[int, int], part: float = 1.0) -> None:
    """Enters that an answer was produced; tokens: of prompt and answer; part: of the price, in a batch."""
    account.billed += 1
    account.prompt_tokens += tokens[0] * part
    account.completion_tokens += tokens[1] * part


def deliver(account: Account, tokens: tuple[int, int], part: float = 1.0) -> None:
    """Enters that a usable answer went out whole."""
    account.delivered += 1
    account.delivered_prompt_tokens += tokens[0] * part
    account.delivered_completion_tokens += tokens[1] * part


def key(body: Mapping[str, object]) -> str:
    """A name for a request's body that does not depend on the order of its fields."""
    return hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=16).hexdigest()
