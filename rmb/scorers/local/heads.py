"""How a score is read from a model's hidden states: one small class for each kind of head.

A head says which places of a text it reads, and makes the score of what the model has there. It works in fp32: a
bfloat16 head has three digits, and gives ties that the model does not mean. Its layers are made of the tensors of
the checkpoint and have their shapes; what a checkpoint does not have is never made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rmb.scorers.local.text import Text

Tensors = Mapping[str, Tensor]


class UnfitHeadError(ValueError):
    """Tensors of which no head can be made that gives a score."""


class Head(nn.Module):
    """Reads scores from hidden states. width: scores of a text."""

    width = 1

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


def layer(tensors: Tensors, name: str, *, biased: bool = False) -> Layer:
    """The linear layer of a name, with a bias if there is one, or must be. Raises KeyError for a missing tensor."""
    bias = tensors[f"{name}.bias"] if biased else tensors.get(f"{name}.bias")
    return Layer(tensors[f"{name}.weight"], bias)


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


def layers(
    tensors: Tensors, name: str, activation: Callable[[], nn.Module] = nn.ReLU, *, biases: bool = True
) -> nn.Sequential:
    """The layers that are numbered below a name, in order: linear ones, an activation after each but the last.

    biases: whether all linear layers have one, or the last alone. Batch normalisation is where its tensors are;
    numbers without tensors (activations, dropout) are passed over. Raises KeyError for a tensor that is missing.
    """
    parts = {each.removeprefix(f"{name}.").split(".")[0] for each in tensors if each.startswith(f"{name}.")}
    numbers = sorted(int(part) for part in parts if part.isdigit())
    norms = {
        number
        for number in numbers
        if {f"{name}.{number}.running_{of}" for of in ("mean", "var")} & set(tensors)
    }
    if 0 not in set(numbers) - norms:
        raise KeyError(f"{name}.0.weight")
    last = max(set(numbers) - norms)
    made: list[nn.Module] = []
    for number in numbers:
        if number not in norms:
            made.append(layer(tensors, f"{name}.{number}", biased=biases or number == last))
            made += [activation()] if number != last else []
        elif isinstance(made[-1], Norm):
            # Between the two, an activation, whatever is numbered beside it.
            raise KeyError(f"{name}.{number - 2}.weight")
        else:
            made.append(Norm(tensors, f"{name}.{number}"))
    return nn.Sequential(*made)


class Vocabulary(nn.Module):
    """The output layer of a language model: for all its tokens in its own precision, or in fp32 for a few."""

    def __init__(self, output: Any, config: Any, tokens: Sequence[int] | None = None) -> None:
        """output: the layer; config: of the model, which may scale or cap what the layer gives."""
        super().__init__()
        bias = getattr(output, "bias", None)
        if tokens is not None:
            chosen = list(tokens)
            bias = None if bias is None else bias[chosen].float()
        self.weight = output.weight if tokens is None else nn.Parameter(output.weight[list(tokens)].float())
        self.bias = bias
        self.cap = getattr(config, "final_logit_softcapping", None)
        self.scale = getattr(config, "logit_scale", None) or 1 / (
            getattr(config, "logits_scaling", None) or 1
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Logits in fp32, of shape (rows, tokens)."""
        logits = (
            nn.functional.linear(hidden.to(self.weight.dtype), self.weight, self.bias).float() * self.scale
        )
        return logits if self.cap is None else self.cap * torch.tanh(logits / self.cap)


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
