"""How fast reward models score on a device, for use by hand: tokens and texts a second, and the share of its peak.

    python -m tests.performance.throughput --model random-8b --device cuda --dtype bfloat16

A model `random-tiny`, `random-1b` or `random-8b` has random weights, made on the device, so that nothing is fetched;
any other is a name on the Hugging Face hub or a folder. The texts are of RMB's shape, and go the way that a run's go.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from rmb.cards import RewardModel
from rmb.records import Answer, Candidate, Conversation, Item, Message, Question
from rmb.run.plan import plan
from rmb.scorers import Local
from rmb.scorers.local.architectures import Scoring
from rmb.scorers.local.batches import Batch, Padded, Work
from rmb.scorers.local.engines import Here
from rmb.scorers.local.heads import LastToken, Layer
from rmb.scorers.local.network import Network, Score
from rmb.scorers.local.text import ChatWording, Text
from rmb.scorers.reward_model import LocalRewardModel, Model

# Data of RMB's shape

SHARES = (0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1)
PROMPTS = (3, 9, 22, 56, 252, 966, 1434, 2454, 2454)
RESPONSES = (1, 15, 152, 331, 556, 840, 1029, 1768, 2400)
"""Tokens that these shares of RMB's prompts and responses have at most, at four characters a token."""
WRITTEN, LISTS, PAIRS = (4, 11), (0, 3), (0, 9)
"""Responses, lists and pairs of a conversation, from the fewest to the most."""


SYLLABLES = [start + vowel for start in "bdfglmnprstvz" for vowel in "aeiou"]


def vocabulary() -> list[str]:
    """Made-up words, always the same ones."""
    dice = random.Random(0)
    return ["".join(dice.choices(SYLLABLES, k=dice.randint(1, 4))) for _ in range(3_000)]


@dataclass(frozen=True)
class Writer:
    """Writes texts of made-up words, some of them far more common than others."""

    dice: random.Random
    words: list[str] = field(default_factory=vocabulary)

    @cached_property
    def weights(self) -> list[float]:
        """How common each word and all before it are: the tenth a tenth as common as the first."""
        return list(itertools.accumulate(1 / rank for rank in range(1, len(self.words) + 1)))

    def text(self, length: float) -> str:
        """A text of about as many tokens."""
        return " ".join(self.dice.choices(self.words, cum_weights=self.weights, k=max(1, round(length))))

    def length(self, quantiles: Sequence[float], place: float) -> float:
        """Tokens of a text. place: of a normal distribution, which says how long it is among others."""
        return float(np.interp(NormalDist().cdf(place), SHARES, quantiles))

    def conversation(self) -> tuple[Conversation, list[Candidate]]:
        """A prompt, and responses to it that are alike in length, as they are in RMB."""
        asked = Message("user", self.text(self.length(PROMPTS, self.dice.gauss())))
        common = self.dice.gauss()
        places = [(common + self.dice.gauss()) / 2**0.5 for _ in range(self.dice.randint(*WRITTEN))]
        return (asked,), [Candidate(self.text(self.length(RESPONSES, place))) for place in places]


def synthetic(conversations: int, seed: int = 0) -> tuple[Item, ...]:
    """A benchmark of RMB's shape: about six responses a conversation, each in several pairs and best-of-N lists.

    The lists come first, then the pairs, conversation by conversation, as in RMB's files.
    """
    writer = Writer(random.Random(seed))
    dice, lists, pairs = writer.dice, [], []
    for talk in range(conversations):
        conversation, responses = writer.conversation()
        for at in range(dice.randint(*LISTS)):
            shown = tuple(dice.sample(responses, k=min(dice.choice((3, 3, 3, 4)), len(responses))))
            lists.append(Item(f"bon/{talk}-{at}", "bon", "helpfulness", "Chat", conversation, shown))
        for at in range(dice.randint(*PAIRS)):
            two = tuple(dice.sample(responses, k=2))
            pairs.append(Item(f"pairwise/{talk}-{at}", "pairwise", "helpfulness", "Chat", conversation, two))
    return (*lists, *pairs)


# Models of random weights

TEMPLATE = "{% for turn in messages %}<|{{ turn.role }}|>\n{{ turn.content }}</s>\n{% endfor %}"
"""Leaves the BOS to the tokenizer: whoever renders first and tokenises then has exactly one."""
SPECIAL = ("<pad>", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>")
SIZES: dict[str, dict[str, Any]] = {
    "random-tiny": {
        "hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 1,
        "num_key_value_heads": 1, "vocab_size": 4_096,
    },
    "random-1b": {
        "hidden_size": 2_048, "intermediate_size": 8_192, "num_hidden_layers": 16, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 128_256,
    },
    "random-8b": {
        "hidden_size": 4_096, "intermediate_size": 14_336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 128_256,
    },
}  # fmt: skip
"""Llamas by what a user calls them; the larger two have the sizes of those of versions 3.2 and 3.1."""


def tokenizer(texts: Sequence[str]) -> Any:
    """A byte-level BPE, of the kind that Llama 3 has, trained on the texts; it adds a BOS by itself."""
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    pieces.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=4_096, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
        ),
    )
    pieces.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=pieces, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        additional_special_tokens=list(SPECIAL[3:]),
    )  # fmt: skip
    fast.chat_template = TEMPLATE
    return fast


def config(size: str) -> Any:
    """The configuration of a model of random weights."""
    return transformers.LlamaConfig(
        **SIZES[size], num_labels=1, max_position_embeddings=8_192, rope_theta=500_000.0,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip


class Metered:
    """A loaded model that counts the pairs of tokens of which one attends to the other."""

    def __init__(self, scoring: Scoring) -> None:
        """scoring: does the work."""
        self.scoring, self.attended = scoring, 0.0

    @property
    def longest(self) -> int:
        """As the model has it."""
        return self.scoring.longest

    @property
    def work(self) -> Work:
        """As the model has it."""
        return self.scoring.work

    def scores(self, batch: Batch) -> list[tuple[Text, Score | None]]:
        """As the model has them."""
        if isinstance(batch, Padded):
            self.attended += sum(len(text.tokens) ** 2 / 2 for text in batch.texts)
        for family in () if isinstance(batch, Padded) else batch.families:
            # Each text as if it were alone, less its beginning, and all of their beginnings once.
            own = sum(len(text.tokens) ** 2 - family.shared**2 for text in family.texts)
            self.attended += (own + family.shared**2) / 2
        return self.scoring.scores(batch)


class Measured(Model):
    """A model from files, with a meter."""

    def loaded(self) -> Scoring:
        """The model, on its device."""
        return Metered(super().loaded())


class Random(Measured):
    """A model of random weights, made where it is to run."""

    def wording(self) -> ChatWording:
        """What makes its texts, by a tokenizer trained on some of them."""
        texts = [candidate.text for item in synthetic(20, seed=1) for candidate in item.candidates]
        return ChatWording(tokenizer(texts), self.card)

    def loaded(self) -> Scoring:
        """The model, on its device."""
        torch.manual_seed(0)
        with torch.device(self.card.device):
            body = transformers.AutoModel.from_config(
                config(self.card.model), dtype=getattr(torch, self.card.dtype)
            )
            head = LastToken(Layer(torch.randn(1, body.config.hidden_size)))
        body.config.use_cache = False
        return Metered(Network(body, head))


# What is told

PEAKS = {"H200": 989, "H100 PCIe": 756, "H100": 989, "A100": 312, "4090": 165}
"""TFLOP/s of 16 bits without sparsity, by a part of the device's name; the first that fits."""


def peak(device: str, dtype: str) -> float | None:
    """The TFLOP/s of a device; None where they are not known."""
    if not device.startswith("cuda") or dtype == "float32":
        return None
    name = torch.cuda.get_device_name(device)
    return next((float(most) for part, most in PEAKS.items() if part in name), None)


@dataclass(frozen=True)
class Spent:
    """What went through a model. flops: without those of padding, and of what texts share; None for two models."""

    passes: int
    padded: int
    real: int
    flops: float | None

    @classmethod
    def by(cls, meter: Metered) -> Spent:
        """All so far."""
        work = meter.work
        return cls(work.passes, work.padded, work.real, flops(meter))

    def since(self, earlier: Spent) -> Spent:
        """What came to it."""
        computed = None
        if self.flops is not None and earlier.flops is not None:
            computed = self.flops - earlier.flops
        return Spent(
            self.passes - earlier.passes, self.padded - earlier.padded, self.real - earlier.real, computed
        )


def flops(meter: Metered) -> float | None:
    """Two for each weight and token, and four for each two tokens that meet in a place of an attention head."""
    if not isinstance(meter.scoring, Network):
        return None
    body = meter.scoring.body
    looked_up = body.get_input_embeddings().weight.numel()
    weights = sum(each.numel() for each in body.parameters()) - looked_up
    shape = body.config
    size = getattr(shape, "head_dim", None) or shape.hidden_size // shape.num_attention_heads
    places = shape.num_hidden_layers * shape.num_attention_heads * size
    return float(2 * weights * meter.work.real + 4 * places * meter.attended)


async def ask(scorer: LocalRewardModel, questions: Sequence[Question]) -> tuple[float, int]:
    """The seconds that all answers take, and how many texts had a score."""
    started, scored = time.perf_counter(), 0
    async with aclosing(scorer.answer(questions)) as replies:
        async for _, reply in replies:
            scored += isinstance(reply, Answer) and reply.rewards is not None
    return time.perf_counter() - started, scored


def arguments() -> argparse.Namespace:
    """What the user asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="random-tiny", help="a size of random weights, a name or a folder")
    parser.add_argument("--head", default="sequence_classification", help="of a model that has weights")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float16", "float32"])
    parser.add_argument("--attention", choices=["eager", "sdpa", "flash_attention_2"])
    parser.add_argument("--engine", default="auto", choices=["auto", "padded", "shared"])
    parser.add_argument("--batch-tokens", type=int, default=RewardModel.model_fields["batch_tokens"].default)
    parser.add_argument("--texts", type=int, default=1_000)
    parser.add_argument("--peak-tflops", type=float, help="of the device, where it is not in the table")
    return parser.parse_args()


def opened(given: argparse.Namespace) -> tuple[LocalRewardModel, Here]:
    """The scorer that the user asks for, and the engine that runs it."""
    folder = Path(given.model)
    card = RewardModel(
        kind="reward_model", summary="Throughput.", model=str(folder) if folder.is_dir() else given.model,
        head=given.head, dtype=given.dtype, device=given.device, attention=given.attention,
        batch_tokens=given.batch_tokens, max_tokens=8_192, truncation="left",
    )  # fmt: skip
    made = Random if given.model in SIZES else Measured
    model = made("throughput", card, Local(engine=given.engine))
    engine = Here(model)
    return LocalRewardModel(model, model.wording(), engine), engine


def told(given: argparse.Namespace, spent: Spent, seconds: float, scored: int) -> Iterator[tuple[str, str]]:
    """What there is to say, line by line."""
    on_cuda = given.device.startswith("cuda")
    name = torch.cuda.get_device_name(given.device) if on_cuda else given.device
    yield "model", f"{given.model}, {given.dtype}, engine {given.engine}, on {name}"
    yield "texts scored", f"{scored:,} in {seconds:.1f} s: {scored / seconds:,.1f} a second"
    yield "forward passes", f"{spent.passes:,}"
    yield "real tokens", f"{spent.real:,}: {spent.real / seconds:,.0f} a second"
    yield "padded tokens", f"{spent.padded:,}: {spent.padded / seconds:,.0f} a second"
    if spent.flops is not None:
        rate = spent.flops / seconds / 1e12
        yield "computed", f"{rate:,.3f} TFLOP/s"
        most = given.peak_tflops or peak(given.device, given.dtype)
        if most:
            yield "share of the peak", f"{rate / most:.1%} of {most:,g} TFLOP/s"
    if on_cuda:
        yield "peak memory", f"{torch.cuda.max_memory_allocated(given.device) / 2**30:.1f} GiB"


def main() -> None:
    """Scores the texts, after a few that warm the device up, and prints what there is to say."""
    given = arguments()
    scorer, engine = opened(given)
    questions = plan(synthetic(given.texts // 5 + 1), width=1).questions[: given.texts]
    meter = engine.scoring
    assert isinstance(meter, Metered)
    asyncio.run(ask(scorer, plan(synthetic(4, seed=2), width=1).questions))
    warm = Spent.by(meter)
    if given.device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(given.device)
    seconds, scored = asyncio.run(ask(scorer, questions))
    for name, what in told(given, Spent.by(meter).since(warm), seconds, scored):
        print(f"{name:18} {what}")


if __name__ == "__main__":
    main()
