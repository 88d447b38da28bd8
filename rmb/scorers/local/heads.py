"""How a score is read from a model's hidden states: one small class for each kind of head.

A head says which places of a text it reads, and makes the score of what the model has there. It works in fp32: a
bfloat16 head has three digits, and gives ties that the model does not mean. Its layers are made of the tensors of
the checkpoint and have their shapes; what a checkpoint does not have is never made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from rmb.scorers.local.text import Text

Tensors = Mapping[str, Tensor]


class Head(nn.Module):
    """Reads scores from hidden states."""

    def places(self, text: Text) -> Sequence[int]:
        """The places in a text whose hidden states are read: the last token's, unless a head says otherwise."""
        return (len(text.tokens) - 1,)

    def forward(self, hidden: Tensor, texts: Sequence[Text]) -> Tensor:
        """Scores of shape (texts, width).

        hidden: fp32, of shape (all places of all texts, size of the model), text after text.
        """
        raise NotImplementedError


class Layer(nn.Module):
    """A linear layer made of its tensors, in fp32."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """weight: of shape (out, in)."""
        super().__init__()
        self.register_buffer("weight", weight.float())
        self.register_buffer("bias", None if bias is None else bias.float())

    def forward(self, inputs: Tensor) -> Tensor:
        """The layer's outputs."""
        return nn.functional.linear(inputs, self.weight, self.bias)


def layer(tensors: Tensors, name: str) -> Layer:
    """The linear layer of a name, with a bias if there is one. Raises KeyError if its weight is missing."""
    return Layer(tensors[f"{name}.weight"], tensors.get(f"{name}.bias"))


class Norm(nn.Module):
    """Batch normalisation by the means and variances of training."""

    def __init__(self, tensors: Tensors, name: str) -> None:
        """name: below which weight, bias, running_mean and running_var are."""
        super().__init__()
        for part in ("running_mean", "running_var", "weight", "bias"):
            self.register_buffer(part, tensors[f"{name}.{part}"].float())

    def forward(self, inputs: Tensor) -> Tensor:
        """The normalised inputs."""
        return nn.functional.batch_norm(inputs, self.running_mean, self.running_var, self.weight, self.bias)


def layers(tensors: Tensors, name: str, activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """The layers that are numbered below a name, in order: linear ones, an activation after each but the last.

    Batch normalisation is where its tensors are; numbers without tensors (activations, dropout) are passed over.
    Raises KeyError if there are none.
    """
    numbers = sorted(
        {int(each.removeprefix(f"{name}.").split(".")[0]) for each in tensors if each.startswith(f"{name}.")}
    )
    linear = [number for number in numbers if f"{name}.{number}.running_mean" not in tensors]
    if not linear:
        raise KeyError(f"{name}.0.weight")
    made: list[nn.Module] = []
    for number in numbers:
        if number not in linear:
            made.append(Norm(tensors, f"{name}.{number}"))
            continue
        made.append(layer(tensors, f"{name}.{number}"))
        if number != linear[-1]:
            made.append(activation())
    return nn.Sequential(*made)


class LastToken(Head):
    """One number at the last token: a linear layer, or several."""

    def __init__(self, network: nn.Module) -> None:
        """network: from a hidden state to one number."""
        super().__init__()
        self.network = network

    def forward(self, hidden: Tensor, texts: Sequence[Text]) -> Tensor:
        """The number of each text."""
        return self.network(hidden)


class FirstToken(LastToken):
    """The same at the first token, where encoders gather what they have of a text."""

    def places(self, text: Text) -> Sequence[int]:
        """The first."""
        return (0,)


class EveryToken(LastToken):
    """The same of the mean over all tokens."""

    def places(self, text: Text) -> Sequence[int]:
        """All."""
        return range(len(text.tokens))

    def forward(self, hidden: Tensor, texts: Sequence[Text]) -> Tensor:
        """The number of each text."""
        parts = hidden.split([len(text.tokens) for text in texts])
        return self.network(torch.stack([part.mean(0) for part in parts]))


class Affine(nn.Module):
    """Numbers shifted and scaled: by what Beaver's training saw of its scores, and negated for a cost."""

    def __init__(self, shift: Tensor | float, scale: Tensor | float) -> None:
        """Gives (number - shift) * scale."""
        super().__init__()
        self.register_buffer("shift", torch.as_tensor(shift).float())
        self.register_buffer("scale", torch.as_tensor(scale).float())

    def forward(self, numbers: Tensor) -> Tensor:
        """The numbers, shifted and scaled."""
        return (numbers - self.shift) * self.scale
