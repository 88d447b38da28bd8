"""Which head a card may name, and how each model is put together: its body, its head, the text that it reads.

Where each pools, and what it computes, was read in the code that its authors or RewardBench published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import nn

from rmb.cards import RewardModel
from rmb.errors import one_line
from rmb.records import Question
from rmb.scorers.local import bodies
from rmb.scorers.local.engines import Scoring
from rmb.scorers.local.gated import Expected, Fixed, Gated, Means, Objectives, Weights
from rmb.scorers.local.heads import (
    Affine,
    EveryToken,
    FirstToken,
    Head,
    LastToken,
    Tensors,
    UnfitHeadError,
    Vocabulary,
    layer,
    layers,
)
from rmb.scorers.local.likelihood import Difference, LikelihoodOfReply
from rmb.scorers.local.network import Network
from rmb.scorers.local.pairwise import (
    PairPreferenceWording,
    SteamSHPWording,
    pair_preference,
    pairrm,
    pairrm_wording,
    steamshp,
)
from rmb.scorers.local.source import Source
from rmb.scorers.local.text import (
    ChatWording,
    PromptEndWording,
    ReplyWording,
    RewardTokenWording,
    Text,
    TwoPartWording,
)


@dataclass(frozen=True)
class Architecture:
    """A kind of reward model. build: loads it; wording: makes its texts; width: responses that a text holds."""

    build: Callable[[Source], Scoring]
    wording: Callable[[Source], ChatWording]
    width: int = 1


def worded(wording: Callable[[Any, RewardModel], ChatWording]) -> Callable[[Source], ChatWording]:
    """How the texts of a model are made that need to know nothing else of it."""
    return lambda source: wording(source.tokenizer, source.card)


TURN_ENDS = {"llama": "<|eot_id|>", "gemma2": "<end_of_turn>"}
"""The token that ends a turn, at which gates read the prompt."""


def prompt_end(source: Source) -> PromptEndWording:
    """What makes the texts of a model whose gate reads where the prompt's last turn ends."""
    end = TURN_ENDS.get(source.settings.get("model_type", ""))
    token = None if end is None else source.tokenizer.convert_tokens_to_ids(end)
    if token is None or token == source.tokenizer.unk_token_id:
        raise source.checkpoint.refusal(
            f"has no token that ends a turn, of which its gate reads: {end or 'unknown'}"
        )
    return PromptEndWording(source.tokenizer, source.card, token)


def trained(
    head: Callable[[Tensors, Source], Head], *reads: str, body: Callable[[Source], Any] = Source.body
) -> Callable[[Source], Network]:
    """How a model with a trained head is built. reads: beginnings of the names of the head's tensors."""

    def build(source: Source) -> Network:
        tensors = source.tensors(*reads) if reads else {}
        try:
            made = head(tensors, source)
        except KeyError as error:
            raise source.checkpoint.refusal(
                f"has no weights for {error.args[0]}: it is no reward model of this kind"
            ) from error
        loaded = body(source)
        try:
            check(made, loaded.config.hidden_size)
        except (UnfitHeadError, RuntimeError) as error:
            raise source.checkpoint.refusal(
                f"has a head that gives no score: {one_line(error)[:200]}"
            ) from error
        return Network(loaded, made)

    return build


def at_last_token(name: str, body: Callable[[Source], Any] = Source.body) -> Callable[[Source], Network]:
    """A linear layer of a name, to one number at the last token."""

    def head(tensors: Tensors, _: Source) -> Head:
        return LastToken(layer(tensors, name))

    return trained(head, f"{name}.", body=body)


def check(head: Head, size: int) -> None:
    """Raises UnfitHeadError or RuntimeError if a head does not make scores of hidden states of a size."""
    text = Text(Question((), ()), tokens=(0, 0, 0, 0), marks=(0, 1, 2))
    scores = head(torch.zeros(len(head.places(text)), size), [text])
    if len(scores) != 1 or scores.shape[1] > 2 or scores.shape[1] != head.width:
        raise UnfitHeadError(f"it has {scores.shape[1]} labels")


def several_layers(tensors: Tensors, _: Source) -> Head:
    """INF-ORM: two linear layers at the last token."""
    return LastToken(layers(tensors, "score"))


def grm(tensors: Tensors, _: Source) -> Head:
    """GRM trained with the text's own likelihood beside its reward: one layer or several at the last token."""
    name = "v_head.summary"
    if f"{name}.weight" in tensors:
        return LastToken(layer(tensors, name))
    return LastToken(layers(tensors, name))


def beaver(tensors: Tensors, source: Source) -> Head:
    """Beaver's reward, or its cost, of which less is better; normalised if its training was."""
    cost = source.card.head == "beaver_cost"
    shift, scale = torch.zeros(1), torch.ones(1)
    if source.settings.get("do_normalize", False):
        shift = shift if cost else tensors["normalizer.mean"].float()
        scale = 1 / (tensors["normalizer.var"].float().sqrt() + 1e-8)
    linear = layer(tensors, "score_head")
    return LastToken(nn.Sequential(linear, Affine(shift, -scale if cost else scale)))


def oasst(tensors: Tensors, source: Source) -> Head:
    """Open Assistant's: a layer at the last token, or of the mean over all."""
    pooled = EveryToken if source.settings.get("pooling") == "mean" else LastToken
    return pooled(layer(tensors, "out_proj"))


def deberta(tensors: Tensors, _: Source) -> Head:
    """A DeBERTa classifier with one label: a pooled first token."""
    pooled = layer(tensors, "pooler.dense")
    return FirstToken(nn.Sequential(pooled, nn.GELU(), layer(tensors, "classifier")))


def own_code(source: Source) -> Network:
    """A model that only the code that comes with it can run, which gives the score itself."""
    return Network(bodies.own_code(source), FirstToken(nn.Identity()))


def reward_token(source: Source) -> ChatWording:
    """What makes the texts of InternLM2-reward."""
    token = source.settings.get("reward_token_id")
    if token is None:
        raise source.checkpoint.refusal("has no reward_token_id in its config.json")
    return RewardTokenWording(source.tokenizer, source.card, token)


def armorm(tensors: Tensors, source: Source) -> Head:
    """Nineteen objectives, without what each owes to length, weighed by what the prompt asks for."""
    rewards = Objectives(layer(tensors, "regression_layer"), transform=tensors["reward_transform_matrix"])
    return Gated(rewards, softmax_gate(tensors, source, 10.0, biases=True), at_prompt=True)


def softmax_gate(tensors: Tensors, source: Source, temperature: float, *, biases: bool) -> Weights:
    """The gate of ArmoRM and QRM, whose inner layers may have no bias. temperature: if the configuration has none."""
    gate = {name: tensor for name, tensor in tensors.items() if name.startswith("gating.layers.")}
    given = float(source.settings.get("gating_temperature", temperature))
    return Weights(layers(gate, "gating.layers", biases=biases), given, tensors["gating.logit_scale"])


def qrm(tensors: Tensors, source: Source) -> Head:
    """As ArmoRM, with the mean of some quantiles for each objective."""
    # QRM on Gemma has another default in its code.
    usual = 1.0 if source.settings.get("model_type") == "gemma2" else 10.0
    gate = softmax_gate(tensors, source, usual, biases=False)
    weighed = len(gate.network[-1].weight)
    quantiles = len(tensors["regression_layer.weight"]) // weighed
    rewards = Objectives(
        layer(tensors, "regression_layer"), quantiles, tensors.get("reward_transform_matrix")
    )
    return Gated(rewards, gate, at_prompt=True)


def ldl(_: Tensors, source: Source) -> Head:
    """Objectives as distributions over ten levels, weighed at the last token itself."""
    levels = source.checkpoint.pickled("regression_layer.pt")
    gate = layers(source.checkpoint.pickled("gating_layer.pt"), "network", nn.LeakyReLU)
    weights = gate
    if source.settings.get("softmax", False):
        weights = Weights(gate, float(source.settings.get("temperature", 1.0)))
    return Gated(Expected(layers(levels, "network", nn.LeakyReLU), levels=10), weights, at_prompt=False)


def urm(tensors: Tensors, _: Source) -> Head:
    """Objectives as normal distributions, weighed at the last token itself."""
    return Gated(Means(layer(tensors, "score")), layers(tensors, "weights.fc", nn.SELU), at_prompt=False)


URM_WEIGHTS = (0.3, 0.74, 0.46, 0.47, -0.33)
"""Of helpfulness, correctness, coherence, complexity and verbosity, for URM on Llama 3, which has no gate."""


def urm_fixed(tensors: Tensors, _: Source) -> Head:
    """The same, with fixed weights."""
    return Gated(Means(layer(tensors, "score")), Fixed(URM_WEIGHTS), at_prompt=False)


def likelihood(source: Source) -> Network:
    """A language model as it is: how likely it finds the response."""
    model = source.body(transformers.AutoModelForCausalLM)
    vocabulary = Vocabulary(model.get_output_embeddings(), model.config)
    return Network(model.base_model, LikelihoodOfReply(vocabulary, source.card.per_token))


def dpo(source: Source) -> Scoring:
    """A policy against the model that its training began with."""
    reference = source.reference
    return Difference(likelihood(source), likelihood(reference)) if reference else likelihood(source)


OBJECTIVES = ("regression_layer.", "gating.", "reward_transform_matrix")
CHAT, REPLY = worded(ChatWording), worded(ReplyWording)
ARCHITECTURES: Mapping[str, Architecture] = {
    "armorm": Architecture(trained(armorm, *OBJECTIVES), prompt_end),
    "beaver": Architecture(trained(beaver, "score_head.", "normalizer."), CHAT),
    "beaver_cost": Architecture(trained(beaver, "score_head.", "normalizer."), CHAT),
    "deberta": Architecture(trained(deberta, "pooler.", "classifier."), worded(TwoPartWording)),
    "dpo": Architecture(dpo, REPLY),
    "eurus": Architecture(at_last_token("regression_head"), CHAT),
    "grm": Architecture(trained(grm, "v_head."), CHAT),
    "inf_orm": Architecture(trained(several_layers, "score."), CHAT),
    "internlm2": Architecture(at_last_token("v_head", bodies.internlm2), reward_token),
    "ldl": Architecture(trained(ldl), CHAT),
    "likelihood": Architecture(likelihood, REPLY),
    "oasst": Architecture(trained(oasst, "out_proj.", body=bodies.oasst), CHAT),
    "own_code": Architecture(own_code, CHAT),
    "pair_preference": Architecture(pair_preference, worded(PairPreferenceWording), width=2),
    "pairrm": Architecture(trained(pairrm, "head_layer.", body=bodies.pairrm), pairrm_wording, width=2),
    "qrm": Architecture(trained(qrm, *OBJECTIVES), prompt_end),
    "sequence_classification": Architecture(at_last_token("score"), CHAT),
    "starling": Architecture(at_last_token("v_head", bodies.starling), CHAT),
    "steamshp": Architecture(steamshp, worded(SteamSHPWording), width=2),
    "urm": Architecture(trained(urm, "score.", "weights.fc."), CHAT),
    "urm_fixed": Architecture(trained(urm_fixed, "score."), CHAT),
}
"""By the name that a card gives as `head`. Sorted."""
