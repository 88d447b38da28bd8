"""Rewards of a language model without a head: how likely it finds the response (arXiv 2305.18290 for DPO's reward)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from rmb.scorers.local.batches import Batch, Work
from rmb.scorers.local.heads import Head, Vocabulary
from rmb.scorers.local.network import Network, Score
from rmb.scorers.local.text import Text

ROWS = 512
"""Tokens whose whole vocabulary is in memory at once."""


class LikelihoodOfReply(Head):
    """The log-probability of the response's tokens, given all before them: their sum, mean, or negative norm."""

    def __init__(self, vocabulary: Vocabulary, per_token: Literal["sum", "mean", "norm"]) -> None:
        """vocabulary: the model's output layer."""
        super().__init__()
        self.vocabulary, self.per_token = vocabulary, per_token

    def places(self, text: Text) -> Sequence[int]:
        """The places before the response's tokens: what stands there says which token comes next."""
        return range(text.marks[0] - 1, len(text.tokens) - 1)

    def forward(self, hidden: Tensor, texts: Sequence[Text]) -> Tensor:
        """The log-likelihood of each response, in nats."""
        tokens = [token for text in texts for token in text.tokens[text.marks[0] :]]
        wanted = torch.tensor(tokens, device=hidden.device)
        parts = zip(hidden.split(ROWS), wanted.split(ROWS), strict=True)
        said = torch.cat([self.said(some, each) for some, each in parts])
        counts = [len(text.tokens) - text.marks[0] for text in texts]
        return torch.stack([self.put_together(each) for each in said.split(counts)])[:, None]

    def said(self, hidden: Tensor, tokens: Tensor) -> Tensor:
        """The log-probability of each token."""
        logits = self.vocabulary(hidden)
        return logits.gather(1, tokens[:, None])[:, 0] - logits.logsumexp(1)

    def put_together(self, said: Tensor) -> Tensor:
        """One number of the log-probabilities of a response's tokens."""
        match self.per_token:
            case "sum":
                return said.sum()
            case "mean":
                return said.mean()
            case _:
                return -said.norm()


class Difference:
    """A policy's score less its reference's: the implicit reward of DPO, but for its factor beta."""

    def __init__(self, policy: Network, reference: Network) -> None:
        """policy, reference: language models with the same tokenizer."""
        self.policy, self.reference = policy, reference

    @property
    def longest(self) -> int:
        """As far as both can share."""
        return min(self.policy.longest, self.reference.longest)

    @property
    def work(self) -> Work:
        """What went through both."""
        one, other = self.policy.work, self.reference.work
        return Work(one.passes + other.passes, one.padded + other.padded, one.real + other.real)

    @property
    def on_accelerator(self) -> bool:
        """Whether the policy is, and so its reference."""
        return self.policy.on_accelerator

    def scores(self, batch: Batch) -> list[tuple[Text, Score | None]]:
        """The differences, in the order of the policy's; none where either had no memory."""
        theirs = dict(self.reference.scores(batch))
        return [(text, less(score, theirs[text])) for text, score in self.policy.scores(batch)]


def less(one: Score | None, other: Score | None) -> Score | None:
    """The difference of two scores, if there are two."""
    if one is None or other is None:
        return None
    return tuple(mine - its for mine, its in zip(one, other, strict=True))
