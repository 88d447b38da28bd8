"""Reward models run on this machine: a trained head that scores one response. The one file that imports torch.

The text is the conversation with the response, as the model's own chat template renders it, tokenised once, with
one BOS and never a second. The score is read at the last token of the text, whose place is known from its length:
a search for the padding token finds another place where padding is also an end-of-text token (RewardBench #115).
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers

from rmb.cards import NamedCard, RewardModel
from rmb.content import user_path
from rmb.errors import ContentError, one_line
from rmb.records import CUT, Answer, Failure, Json, Question, Scores, Usage
from rmb.scorers import Scorer, Setup
from rmb.scorers.batches import batches

WINDOW = 4096
"""Questions that are tokenised at once: memory does not grow with the number of questions."""
FAULTS = (OSError, ValueError, KeyError, ImportError, RuntimeError)
"""What transformers raises for a model that cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Text:
    """A question as tokens. cut: tokens that were left out so that it fits."""

    question: Question
    tokens: tuple[int, ...]
    cut: int = 0


class LocalRewardModel:
    """A sequence-classification reward model: a decoder with one number at the last token."""

    width: int | None = 1

    def __init__(self, name: str, card: RewardModel, tokenizer: Any) -> None:
        """name: of the card, for messages; tokenizer: of the model. The model itself is loaded when first asked."""
        self.name, self.card, self.tokenizer = name, card, tokenizer
        self.template = card.chat_template or tokenizer.chat_template

    @cached_property
    def identity(self) -> Mapping[str, Json]:
        """The weights, and all that changes a score of theirs beyond the last digits."""
        folder = user_path(self.card.model)
        weights = weights_digest(folder) if folder.is_dir() else f"{self.card.model}@{self.card.revision}"
        return {"kind": "reward_model", "weights": weights, "head": self.card.head, "dtype": self.card.dtype}

    def request(self, question: Question) -> dict[str, Json]:
        """The text as the model reads it, what is done where it is too long, and which sample this is."""
        limit: dict[str, Json] = {"max_tokens": self.card.max_tokens, "truncation": self.card.truncation}
        return {"text": self.rendered(question), **limit, "sample": question.sample}

    def rendered(self, question: Question) -> str:
        """The conversation and the response, by the chat template. Raises ContentError if that fails."""
        turns = [{"role": turn.role, "content": turn.content} for turn in question.conversation]
        turns.append({"role": "assistant", "content": question.responses[0]})
        try:
            text: str = self.tokenizer.apply_chat_template(turns, tokenize=False, chat_template=self.template)
        # The template is the model's, and raises whatever it likes.
        except Exception as error:
            raise ContentError(f"judge {self.name}: its chat template fails: {one_line(error)}") from error
        return text

    async def answer(
        self, questions: Sequence[Question]
    ) -> AsyncGenerator[tuple[Question, Answer | Failure]]:
        """Scores as batches are done, the longest texts of each window first."""
        for start in range(0, len(questions), WINDOW):
            texts = []
            for text in map(self.tokenised, questions[start : start + WINDOW]):
                if isinstance(text, Question):
                    yield text, Answer(finish_reason="context_length")
                else:
                    texts.append(text)
            for batch in batches([len(text.tokens) for text in texts], self.card.batch_tokens):
                for text, reply in await asyncio.to_thread(self.scored, [texts[place] for place in batch]):
                    yield text.question, reply

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The score; a text that is too long has none."""
        if answer.finish_reason == "context_length":
            return Failure("context_length", f"the text has more than {self.card.max_tokens} tokens")
        return Scores(answer.rewards, graded=True) if answer.rewards else Failure("empty", "no score")

    def tokenised(self, question: Question) -> Text | Question:
        """The question as tokens; the question itself if it is too long and may not be cut."""
        text, bos = self.rendered(question), self.tokenizer.bos_token
        # One BOS: the template's, or else the tokenizer's if that adds one.
        written = bos is not None and text.startswith(bos)
        ids = self.tokenizer(text, add_special_tokens=not written)["input_ids"]
        over = len(ids) - self.card.max_tokens
        if over <= 0:
            return Text(question, tuple(ids))
        match self.card.truncation:
            case "left":
                return Text(question, tuple(ids[over:]), cut=over)
            case "right":
                return Text(question, tuple(ids[:-over]), cut=over)
            case _:
                return question

    @cached_property
    def model(self) -> Any:
        """The model, on its device. Raises ContentError if it cannot be loaded or is no such model."""
        loaded, told = load(self.name, self.loaded)
        # Else transformers would make up the head, and score with random numbers.
        if told["missing_keys"]:
            raise ContentError(
                f"judge {self.name}: {self.card.model} has no weights for {min(told['missing_keys'])}: it is no "
                "reward model of this kind"
            )
        if not isinstance(getattr(loaded, "score", None), torch.nn.Linear) or loaded.config.num_labels != 1:
            raise ContentError(
                f"judge {self.name}: {type(loaded).__name__} with {loaded.config.num_labels} labels has no head "
                "that gives one score at the last token"
            )
        rows = loaded.get_input_embeddings().num_embeddings
        if len(self.tokenizer) > rows:
            raise ContentError(
                f"judge {self.name}: its tokenizer has {len(self.tokenizer)} tokens and its model {rows}; "
                "they do not belong together"
            )
        return loaded.to(device(self.card)).eval()

    def loaded(self) -> Any:
        """The model, and what transformers tells of its loading."""
        return transformers.AutoModelForSequenceClassification.from_pretrained(
            where(self.card),
            revision=self.card.revision,
            dtype=getattr(torch, self.card.dtype),
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )

    def scored(self, texts: Sequence[Text]) -> list[tuple[Text, Answer | Failure]]:
        """The scores of some texts together; in halves where memory does not suffice."""
        started = time.monotonic()
        try:
            scores = self.forward([text.tokens for text in texts])
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if len(texts) == 1:
                told = f"out of memory on a text of {len(texts[0].tokens):,} tokens"
                return [(texts[0], Failure("transport", told))]
            middle = len(texts) // 2
            return self.scored(texts[:middle]) + self.scored(texts[middle:])
        seconds = (time.monotonic() - started) / len(texts)
        return [(text, answered(text, score, seconds)) for text, score in zip(texts, scores, strict=True)]

    def forward(self, tokens: Sequence[Sequence[int]]) -> list[float]:
        """The scores of some texts in one pass, padded on the right, where padding changes nothing before it."""
        model = self.model
        lengths = torch.tensor([len(each) for each in tokens])
        ids = torch.zeros((len(tokens), int(lengths.max())), dtype=torch.long)
        for row, each in enumerate(tokens):
            ids[row, : len(each)] = torch.tensor(each)
        mask = torch.arange(ids.shape[1])[None, :] < lengths[:, None]
        ids, mask, last = (one.to(model.device) for one in (ids, mask.long(), lengths - 1))
        with torch.inference_mode():
            hidden = model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
            pooled = hidden[torch.arange(len(tokens), device=hidden.device), last].float()
            # In fp32: a bfloat16 head has three digits, and gives ties that the model does not mean.
            bias = None if model.score.bias is None else model.score.bias.float()
            scores = torch.nn.functional.linear(pooled, model.score.weight.float(), bias)
        return [float(score) for score in scores[:, 0]]


def open_reward_model(card: NamedCard, _: Setup) -> Scorer:
    """The reward model that a card describes. Raises ContentError naming what is wrong with the model's files."""
    assert isinstance(card.card, RewardModel)
    tokenizer = load(
        card.name,
        lambda: transformers.AutoTokenizer.from_pretrained(
            where(card.card), revision=card.card.revision, trust_remote_code=False
        ),
    )
    if not (card.card.chat_template or tokenizer.chat_template):
        raise ContentError(
            f"judge {card.name}: {card.card.model} has no chat template; write the one it was trained with into the "
            "card, as chat_template"
        )
    return LocalRewardModel(card.name, card.card, tokenizer)


def answered(text: Text, score: float, seconds: float) -> Answer:
    """The answer that a score makes; a text that was cut to fit is marked as such."""
    usage = Usage(prompt_tokens=len(text.tokens), seconds=seconds)
    return Answer(rewards=(score,), finish_reason=CUT if text.cut else None, usage=usage)


def where(card: Any) -> str:
    """The folder of the model, or its name on the hub."""
    folder = user_path(card.model)
    return str(folder) if folder.is_dir() else str(card.model)


def load(name: str, loader: Any) -> Any:
    """What a loader gives. Raises ContentError in one line for a model that is not there or not usable."""
    # Progress is this program's to show.
    transformers.utils.logging.disable_progress_bar()
    try:
        return loader()
    except FAULTS as error:
        raise ContentError(f"judge {name} cannot be loaded: {one_line(error)[:400]}") from error


def device(card: RewardModel) -> str:
    """Where the model runs: as the card says, else the first of cuda, mps and cpu that there is."""
    if card.device != "auto":
        return card.device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def weights_digest(folder: Path) -> str:
    """The sha256 of a model's folder: its configuration, tokenizer and weights, wherever it lies."""
    total = hashlib.sha256()
    for path in files(folder):
        with path.open("rb") as file:
            total.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def files(folder: Path) -> Iterator[Path]:
    """The files of a model's folder that a score can depend on, sorted."""
    yield from sorted(
        path for path in folder.iterdir() if path.suffix in {".json", ".safetensors", ".jinja", ".model"}
    )
