"""Heads that score several objectives and weigh them by a gate: ArmoRM, QRM, LDL, URM.

Sources: ArmoRM, arXiv 2406.12845; QRM, arXiv 2409.10164; URM, arXiv 2410.00847; LDL-Reward's model card; what each
computes was read in the code that their authors published.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rmb.scorers.local.heads import Head
from rmb.scorers.local.text import Text


class Gated(Head):
    """The sum of rewards at the last token, each times its weight. Gate: at the end of the prompt, or there as well."""

    def __init__(self, rewards: nn.Module, gate: nn.Module, *, at_prompt: bool) -> None:
        """rewards, gate: from a hidden state to one number for each objective."""
        super().__init__()
        self.rewards, self.gate, self.at_prompt = rewards, gate, at_prompt

    def places(self, text: Text) -> Sequence[int]:
        """Where the gate reads, and the last token."""
        last = len(text.tokens) - 1
        return (text.marks[0] if self.at_prompt else last, last)

    def forward(self, hidden: Tensor, texts: Sequence[Text]) -> Tensor:
        """The weighted sum for each text."""
        weighs, last = hidden.view(len(texts), 2, -1).unbind(1)
        return (self.rewards(last) * self.gate(weighs)).sum(1, keepdim=True)


class Objectives(nn.Module):
    """A reward for each objective: the mean of its quantiles, if it has several, corrected for what it owes to others."""

    def __init__(self, layer: nn.Module, quantiles: int = 1, transform: Tensor | None = None) -> None:
        """layer: to objectives × quantiles; transform: (objectives, objectives), takes the part of length out."""
        super().__init__()
        self.layer, self.quantiles = layer, quantiles
        self.register_buffer("transform", None if transform is None else transform.float())

    def forward(self, hidden: Tensor) -> Tensor:
        """Of shape (texts, objectives)."""
        rewards = self.layer(hidden).unflatten(1, (-1, self.quantiles)).mean(-1)
        return rewards if self.transform is None else rewards @ self.transform


class Expected(nn.Module):
    """A reward for each objective: the mean of a distribution over levels from 0 to 1 (label distributions)."""

    def __init__(self, layer: nn.Module, levels: int) -> None:
        """layer: to objectives × levels."""
        super().__init__()
        self.layer = layer
        self.register_buffer("levels", torch.linspace(0, 1, levels))

    def forward(self, hidden: Tensor) -> Tensor:
        """Of shape (texts, objectives)."""
        return self.layer(hidden).unflatten(1, (-1, len(self.levels))).softmax(-1) @ self.levels


class Means(nn.Module):
    """A reward for each objective: the mean of a normal distribution, of which mean and width stand in turn."""

    def __init__(self, layer: nn.Module) -> None:
        """layer: to objectives × 2."""
        super().__init__()
        self.layer = layer

    def forward(self, hidden: Tensor) -> Tensor:
        """Of shape (texts, objectives)."""
        return self.layer(hidden)[:, ::2]


class Weights(nn.Module):
    """Weights that add up to `scale`, of a network's outputs."""

    def __init__(self, network: nn.Module, temperature: float, scale: Tensor | None = None) -> None:
        """temperature: by which the outputs are divided before the softmax; scale: of shape (1,), 1 if None."""
        super().__init__()
        self.network, self.temperature = network, temperature
        self.register_buffer("scale", torch.ones(1) if scale is None else scale.float())

    def forward(self, hidden: Tensor) -> Tensor:
        """Of shape (texts, objectives)."""
        return (self.network(hidden) / self.temperature).softmax(-1) * self.scale


class Fixed(nn.Module):
    """The same weights for every text."""

    def __init__(self, weights: Sequence[float]) -> None:
        """weights: one for each objective."""
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights))

    def forward(self, hidden: Tensor) -> Tensor:
        """Of shape (1, objectives)."""
        return self.weights[None, :]
