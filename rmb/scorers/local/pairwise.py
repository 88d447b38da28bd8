"""Models that are shown two responses and say which is better: PairRM, SteamSHP, pair-preference models.

Sources: PairRM, arXiv 2306.02561; SteamSHP, arXiv 2110.08420; pair-preference models (SLiC), arXiv 2305.10425 and
2405.07863. What they read is a fixed text, known to their training word by word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
import transformers
from torch import Tensor, nn

from rmb.records import Question
from rmb.scorers.local.bodies import FirstStep
from rmb.scorers.local.heads import Head, Layer, Tensors, layers
from rmb.scorers.local.network import Network
from rmb.scorers.local.source import Source
from rmb.scorers.local.text import ChatWording, Text, Unfit, UnrenderableError

ANSWERS = ("A", "B")
"""What a pairwise language model calls the responses."""


class TwoAnswers(Head):
    """The probabilities of two tokens, as far as these two go."""

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

    def __init__(self, network: nn.Module) -> None:
        """network: from two hidden states to one number."""
        super().__init__()
        self.network = network

    def places(self, text: Text) -> Sequence[int]:
        """The markers of conversation, first and second response."""
        return text.marks

    def forward(self, hidden: Tensor, texts: Sequence[Text]) -> Tensor:
        """Two numbers for each text."""
        source, first, second = hidden.view(len(texts), 3, -1).unbind(1)
        pairs = [torch.cat([source, each], dim=1) for each in (first, second)]
        return torch.cat([self.network(pair) for pair in pairs], dim=1)


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
        texts = [f"<|source|>{conversation}"]
        texts += [f"<|candidate{number}|>{text}" for number, text in enumerate(responses, start=1)]
        pieces: list[list[int]] = self.tokenizer(texts)["input_ids"]
        most = self.card.max_tokens
        whole = sum(map(len, pieces))
        if whole > most and self.card.truncation == "right":
            source = shortened(pieces[0], int(most * self.SOURCE_SHARE))
            pieces = [source, *(shortened(piece, (most - len(source)) // 2) for piece in pieces[1:])]
        ids = [token for piece in pieces for token in piece]
        marks = [sum(map(len, pieces[:number])) + 1 for number in range(len(pieces))]
        text = self.fitted(question, ids, *marks)
        return replace(text, cut=whole - len(ids)) if isinstance(text, Text) else text

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
    return list(piece) if len(piece) <= most else [*piece[: most - 1], piece[-1]]


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


class Chosen(nn.Module):
    """Some of the logits."""

    def __init__(self, tokens: Sequence[int]) -> None:
        """tokens: whose logits."""
        super().__init__()
        self.tokens = list(tokens)

    def forward(self, logits: Tensor) -> Tensor:
        """Of shape (texts, tokens)."""
        return logits[:, self.tokens]


class AtFirstStep(TwoAnswers):
    """The two answers, of a body that gives logits of one step."""

    def places(self, text: Text) -> Sequence[int]:
        """The one step."""
        return (0,)


def answers(source: Source) -> list[int]:
    """The tokens of the answers. Raises ContentError if either is more than one."""
    tokens = [source.tokenizer(answer, add_special_tokens=False)["input_ids"] for answer in ANSWERS]
    if any(len(each) != 1 for each in tokens):
        raise source.checkpoint.refusal(
            f"has a tokenizer that has no one token for each of {' and '.join(ANSWERS)}"
        )
    return [token for each in tokens for token in each]


def pair_preference(source: Source) -> Network:
    """A language model that says A or B."""
    model = source.body(transformers.AutoModelForCausalLM)
    rows = model.get_output_embeddings().weight[answers(source)]
    return Network(model.base_model, TwoAnswers(Layer(rows)))


def steamshp(source: Source) -> Network:
    """An encoder-decoder that says A or B."""
    body = FirstStep(source.body(transformers.AutoModelForSeq2SeqLM))
    return Network(body, AtFirstStep(Chosen(answers(source))))


def pairrm(tensors: Tensors, _: Source) -> Head:
    """PairRM's head."""
    return PairLogits(layers(tensors, "head_layer", nn.Tanh))
