"""Models that are shown two responses and say which is better: PairRM, SteamSHP, pair-preference models.

Sources: PairRM, arXiv 2306.02561; SteamSHP, arXiv 2110.08420; pair-preference models (SLiC), arXiv 2305.10425 and
2405.07863. What they read is a fixed text, known to their training word by word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from rmb.records import Answer, Question
from rmb.scorers.local.heads import Head, Tensors, Vocabulary, layer
from rmb.scorers.local.network import Network
from rmb.scorers.local.source import Source
from rmb.scorers.local.text import TOO_LONG, ChatWording, Text, Unfit, UnrenderableError

MARKERS = ("<|source|>", "<|candidate1|>", "<|candidate2|>")
"""Before the parts of PairRM's texts."""
LEAST_PIECE = 4
"""Tokens of such a part that has anything of its text: its first, the marker, one of the text, the separator."""
ANSWERS = ("A", "B")
"""What a pairwise language model calls the responses."""


class TwoAnswers(Head):
    """The probabilities of two tokens, as far as these two go."""

    width = 2

    def __init__(self, vocabulary: nn.Module) -> None:
        """vocabulary: from what the body gives to two numbers."""
        super().__init__()
        self.vocabulary = vocabulary

    def forward(self, hidden: Tensor, texts: Sequence[Text]) -> Tensor:
        """Two numbers for each text, of sum 1."""
        return self.vocabulary(hidden).softmax(-1)


class PairLogits(Head):
    """PairRM's head: each response's number from what the encoder has at its marker and at the conversation's.

    The authors take the sum over both orders of the first's number less the second's: the average credit.
    """

    width = 2

    def __init__(self, network: nn.Module) -> None:
        """network: from two hidden states to one number, or to one for each task, of which the mean is taken."""
        super().__init__()
        self.network = network

    def places(self, text: Text) -> Sequence[int]:
        """The markers of conversation, first and second response."""
        return text.marks

    def forward(self, hidden: Tensor, texts: Sequence[Text]) -> Tensor:
        """Two numbers for each text."""
        source, first, second = hidden.view(len(texts), 3, -1).unbind(1)
        pairs = [torch.cat([source, each], dim=1) for each in (first, second)]
        return torch.cat([self.network(pair).mean(1, keepdim=True) for pair in pairs], dim=1)


class PairRMWording(ChatWording):
    """Conversation and two responses, each after its marker, each in the room that PairRM's authors give it.

    The conversation has at most 1,224 of 2,048 tokens, the responses share the rest; what is too long is cut at
    its end if the card has `truncation: right`.
    """

    templated = False
    SOURCE_SHARE = 1224 / 2048

    def texts(self, questions: Sequence[Question]) -> Iterator[Text | Unfit]:
        """Each question as tokens."""
        for question in questions:
            try:
                yield self.pieced(question)
            except UnrenderableError as error:
                yield Unfit.because(question, error)

    def pieced(self, question: Question) -> Text | Unfit:
        """The three pieces one after the other, with the places of their markers."""
        conversation, responses = self.said(question)
        parts = zip(MARKERS, (conversation, *responses), strict=True)
        whole: list[list[int]] = self.tokenizer([marker + text for marker, text in parts])["input_ids"]
        pieces, most = whole, self.card.max_tokens
        if self.card.truncation == "right":
            source = shortened(whole[0], int(most * self.SOURCE_SHARE))
            pieces = [source, *(shortened(piece, (most - len(source)) // 2) for piece in whole[1:])]
        # A part that has to be cut to nothing is not the text any more.
        if any(len(piece) < min(LEAST_PIECE, len(uncut)) for piece, uncut in zip(pieces, whole, strict=True)):
            pieces = whole
        ids = [token for piece in pieces for token in piece]
        cut = sum(map(len, whole)) - len(ids)
        if len(ids) > most:
            return Unfit(question, Answer(text=f"{len(ids):,} tokens", finish_reason=TOO_LONG))
        marks = [sum(map(len, pieces[:number])) + 1 for number in range(len(pieces))]
        return Text(question, tuple(ids), tuple(marks), cut)

    def said(self, question: Question) -> tuple[str, tuple[str, ...]]:
        """The conversation and the responses: as they are, or turn by turn if there are several turns."""
        roles = [turn.role for turn in question.conversation]
        if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
            raise UnrenderableError("PairRM knows turns of user and assistant alone, in turn")
        if len(roles) == 1:
            return question.conversation[0].content, question.responses
        asked = [turn.content for turn in question.conversation[::2]]
        replied = [turn.content for turn in question.conversation[1::2]]
        told = [f"USER: {text}\nAssistant: <Response {number}>" for number, text in enumerate(asked, start=1)]
        candidates = [
            "\n".join(
                f"<Response {number}>: {text}" for number, text in enumerate([*replied, response], start=1)
            )
            for response in question.responses
        ]
        return CONVERSATION + "\n".join(told), tuple(candidates)


CONVERSATION = (
    "Finish the following coversation in each i-th turn by filling in <Response i> with your response."
)
"""As PairRM was trained, spelling and all."""


def shortened(piece: Sequence[int], most: int) -> list[int]:
    """A piece cut at its end, where its last token, the separator, stays."""
    return list(piece) if len(piece) <= most else [*piece[: max(most - 1, 0)], piece[-1]]


class SteamSHPWording(ChatWording):
    """A post and two replies on one line each, and the question which is better."""

    templated = False

    def written(self, question: Question) -> str:
        """The text. Several turns make one post."""
        post = " ".join(turn.content for turn in question.conversation)
        one, other = (" ".join(text.split("\n")) for text in question.responses)
        return (
            f"POST: {' '.join(post.split(chr(10)))} \n\n RESPONSE A: {one}\n\n RESPONSE B: {other}"
            "\n\n Which response is better? RESPONSE"
        )


class PairPreferenceWording(ChatWording):
    """Conversation and two responses in one user's turn, and no BOS."""

    def written(self, question: Question) -> str:
        """The text, up to where the assistant is to say A or B."""
        names = ("user", "assistant")
        said = [f"<turn> {names[at % 2]}\n {turn.content}\n" for at, turn in enumerate(question.conversation)]
        one, other = question.responses
        text = f"[CONTEXT] \n\n{''.join(said)} [RESPONSE A] {one} [RESPONSE B] {other} \n"
        rendered = self.rendered([{"role": "user", "content": text}], reply=True)
        return rendered.replace(self.tokenizer.bos_token or "", "")

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, as written."""
        found: list[list[int]] = (
            self.tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []
        )
        return found


class FirstStep(nn.Module):
    """An encoder-decoder as a body: what the decoder has where it would say its first token."""

    def __init__(self, model: Any) -> None:
        """model: an encoder-decoder with its vocabulary."""
        super().__init__()
        self.model, self.config = model, model.config
        told = [
            getattr(each, "decoder_start_token_id", None) for each in (model.config, model.generation_config)
        ]
        # T5 begins with its padding, unless it is told otherwise.
        self.start = next((token for token in told if token is not None), model.config.pad_token_id)

    @property
    def device(self) -> Any:
        """Where the model is."""
        return self.model.device

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        """Hidden states, of shape (texts, 1, size of the model)."""
        start = input_ids.new_full((len(input_ids), 1), self.start)
        said = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            decoder_input_ids=start,
            output_hidden_states=True,
            use_cache=False,
        )
        last = said.decoder_hidden_states[-1]
        scaled = getattr(self.config, "scale_decoder_outputs", False)
        return SimpleNamespace(last_hidden_state=last * self.config.d_model**-0.5 if scaled else last)


class AtFirstStep(TwoAnswers):
    """The two answers, of a body that has one step alone."""

    def places(self, text: Text) -> Sequence[int]:
        """The one step."""
        return (0,)


def answers(source: Source) -> list[int]:
    """The tokens of the answers. Raises ContentError if there is not one for each."""
    tokens = [source.tokenizer(answer, add_special_tokens=False)["input_ids"] for answer in ANSWERS]
    one, other = (each[0] if len(each) == 1 else None for each in tokens)
    if one is None or other is None or one == other or source.tokenizer.unk_token_id in {one, other}:
        raise source.checkpoint.refusal(
            f"has a tokenizer with no one token for each of {' and '.join(ANSWERS)}"
        )
    return [one, other]


def pair_preference(source: Source) -> Network:
    """A language model that says A or B."""
    model = source.body(transformers.AutoModelForCausalLM)
    vocabulary = Vocabulary(model.get_output_embeddings(), model.config, answers(source))
    return Network(model.base_model, TwoAnswers(vocabulary))


def steamshp(source: Source) -> Network:
    """An encoder-decoder that says A or B."""
    model = source.body(transformers.AutoModelForSeq2SeqLM)
    vocabulary = Vocabulary(model.get_output_embeddings(), model.config, answers(source))
    return Network(FirstStep(model), AtFirstStep(vocabulary))


def pairrm(tensors: Tensors, _: Source) -> Head:
    """PairRM's head: two layers, and one number or several tasks' that are averaged."""
    names = ("head_layer.1", "head_layer.4")
    return PairLogits(
        nn.Sequential(layer(tensors, names[0], biased=True), nn.Tanh(), layer(tensors, names[1], biased=True))
    )


def pairrm_wording(source: Source) -> PairRMWording:
    """What makes the texts. Raises ContentError if the tokenizer does not write PairRM's markers as it should."""
    for marker in MARKERS:
        token = source.tokenizer.convert_tokens_to_ids(marker)
        if token in {None, source.tokenizer.unk_token_id} or source.tokenizer(marker)["input_ids"][1:2] != [
            token
        ]:
            raise source.checkpoint.refusal(
                f"has a tokenizer that does not write {marker} as one token after its first"
            )
    return PairRMWording(source.tokenizer, source.card)
