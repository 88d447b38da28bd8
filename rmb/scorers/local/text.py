"""From a conversation and a response to the tokens that a model reads: one template, one BOS, one rule for what is too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rmb.errors import one_line
from rmb.records import CUT, Answer, Question


class Reading(Protocol):
    """What a card says of a model's texts: see rmb.cards.RewardModel."""

    @property
    def chat_template(self) -> str | None:
        """In place of the tokenizer's."""

    @property
    def max_tokens(self) -> int:
        """Of a text."""

    @property
    def truncation(self) -> Literal["refuse", "left", "right"]:
        """What becomes of a longer one."""


TOO_LONG = "context_length"
UNRENDERABLE = "unrenderable"


@dataclass(frozen=True, slots=True)
class Text:
    """A question as tokens.

    marks: places that the head asks for, ascending, where these are not known from the length alone.
    cut: tokens left out so that it fits.
    """

    question: Question
    tokens: tuple[int, ...]
    marks: tuple[int, ...] = ()
    cut: int = 0

    @property
    def finish_reason(self) -> str | None:
        """CUT for a text of which the model sees a part only."""
        return CUT if self.cut else None


class UnrenderableError(Exception):
    """A conversation of which the model's template makes no text."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A question that makes no text, and the answer that says why: it is kept like any other."""

    question: Question
    answer: Answer

    @classmethod
    def because(cls, question: Question, error: UnrenderableError) -> Unfit:
        """A question that the model's text has no form for."""
        return cls(question, Answer(text=str(error), finish_reason=UNRENDERABLE))


class ChatWording:
    """The conversation with the response as its last turn, by the model's chat template.

    front, tail: tokens at the beginning and end of every text that are never cut off. templated: whether the text is a chat template's.
    """

    front = 0
    tail = 0
    templated = True

    def __init__(self, tokenizer: Any, card: Reading) -> None:
        """tokenizer: of the model; card: its template, if it has one, and what becomes of texts that are too long."""
        self.tokenizer, self.card = tokenizer, card
        self.template = card.chat_template or tokenizer.chat_template

    def texts(self, questions: Sequence[Question]) -> Iterator[Text | Unfit]:
        """Each question as tokens, in order; all are tokenised together."""
        written: list[tuple[Question, str]] = []
        for question in questions:
            try:
                written.append((question, self.written(question)))
            except UnrenderableError as error:
                yield Unfit.because(question, error)
        for question, ids in zip(
            (each for each, _ in written), self.ids([text for _, text in written]), strict=True
        ):
            yield self.fitted(question, ids)

    def written(self, question: Question) -> str:
        """The text of a question."""
        return self.rendered(turns(question, question.responses[0]))

    def rendered(self, messages: Sequence[dict[str, str]], *, reply: bool = False) -> str:
        """Messages by the template; reply: up to where the assistant is to begin."""
        try:
            text: str = self.tokenizer.apply_chat_template(
                messages, tokenize=False, chat_template=self.template, add_generation_prompt=reply
            )
        # The template is the model's, and raises whatever it likes.
        except Exception as error:
            raise UnrenderableError(f"the chat template fails: {one_line(error)}") from error
        return text

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, with one BOS: the template's, or else the tokenizer's if that adds one."""
        found: list[list[int]] = [[] for _ in texts]
        for adds in (True, False):
            places = [at for at, text in enumerate(texts) if self.lacks_bos(text) is adds]
            if places:
                tokens = self.tokenizer([texts[at] for at in places], add_special_tokens=adds)["input_ids"]
                for at, each in zip(places, tokens, strict=True):
                    found[at] = each
        return found

    def lacks_bos(self, text: str) -> bool:
        """Whether the template wrote no BOS, so that the tokenizer is to add what it adds."""
        bos = self.tokenizer.bos_token
        return bos is None or not text.startswith(bos)

    def fitted(self, question: Question, ids: Sequence[int], *marks: int) -> Text | Unfit:
        """The text, cut to fit as the card says; unfit if it may not be cut."""
        over = len(ids) - self.card.max_tokens
        if over <= 0:
            return Text(question, tuple(ids), marks)
        match self.card.truncation:
            # Not if that would cut off what the head asks for.
            case "left" if all(mark > over for mark in marks):
                kept = (*ids[: self.front], *ids[self.front + over :])
                return Text(question, kept, tuple(mark - over for mark in marks), cut=over)
            case "right" if all(mark < len(ids) - over for mark in marks):
                last = len(ids) - self.tail
                return Text(question, (*ids[: last - over], *ids[last:]), marks, cut=over)
            case _:
                return Unfit(question, Answer(text=f"{len(ids):,} tokens", finish_reason=TOO_LONG))


class RewardTokenWording(ChatWording):
    """The text with a token at its end where the reward is read (InternLM2-reward), however long the text."""

    tail = 1

    def __init__(self, tokenizer: Any, card: Reading, token: int) -> None:
        """token: at which the reward is read."""
        super().__init__(tokenizer, card)
        self.token = token

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text as the template writes them, and the reward's token once."""
        tokens = self.tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []
        return [[*ids, *([] if ids and ids[-1] == self.token else [self.token])] for ids in tokens]


class TwoPartWording(ChatWording):
    """The conversation and the response as an encoder's two parts, with its separators between them."""

    front = tail = 1
    templated = False

    def texts(self, questions: Sequence[Question]) -> Iterator[Text | Unfit]:
        """Each question as tokens. Several turns make one part."""
        said = [" ".join(turn.content for turn in question.conversation) for question in questions]
        replies = [question.responses[0] for question in questions]
        for question, ids in zip(questions, self.tokenizer(said, replies)["input_ids"], strict=True):
            yield self.fitted(question, ids)


class ReplyWording(ChatWording):
    """The text and where the response begins in it, for the likelihood of the response alone.

    A token belongs to the response if it ends in it: one that begins in the prompt and ends in the response is
    what the model has to guess once it knows the prompt.
    """

    def texts(self, questions: Sequence[Question]) -> Iterator[Text | Unfit]:
        """Each question as tokens, with the place that the head asks for."""
        for question in questions:
            try:
                ids, start = self.parted(question)
                mark = self.marked(ids, start)
            except UnrenderableError as error:
                yield Unfit.because(question, error)
            else:
                yield self.fitted(question, ids, mark)

    def written(self, question: Question) -> str:
        """The text without whitespace after the last turn, which is the template's."""
        return super().written(question).rstrip()

    def parted(self, question: Question) -> tuple[list[int], int]:
        """The tokens, and the place of the first one of the response."""
        whole = self.written(question)
        prompt = self.rendered(turns(question), reply=True)
        if not whole.startswith(prompt):
            raise UnrenderableError(
                "the chat template does not begin the whole text with what it makes of the prompt"
            )
        tokens = self.tokenizer(whole, add_special_tokens=self.lacks_bos(whole), return_offsets_mapping=True)
        ends = [end for _, end in tokens["offset_mapping"]]
        return tokens["input_ids"], next((at for at, end in enumerate(ends) if end > len(prompt)), len(ends))

    def marked(self, ids: Sequence[int], start: int) -> int:
        """The place that the head asks for: the first token of the response, but for one that nothing stands before."""
        return max(start, 1)


class PromptEndWording(ReplyWording):
    """The text and where the last turn before the response ends: what a gate reads to weigh its objectives."""

    def __init__(self, tokenizer: Any, card: Reading, end: int) -> None:
        """end: the token that ends a turn."""
        super().__init__(tokenizer, card)
        self.end = end

    def written(self, question: Question) -> str:
        """The whole text: the score is read at its very end."""
        return ChatWording.written(self, question)

    def marked(self, ids: Sequence[int], start: int) -> int:
        """The place of the last end of a turn before the response; what the response says of turns does not matter."""
        place = next((at for at in range(start - 1, -1, -1) if ids[at] == self.end), None)
        if place is None:
            raise UnrenderableError("the chat template does not end the prompt's last turn")
        return place


def turns(question: Question, response: str | None = None) -> list[dict[str, str]]:
    """The conversation as chat templates want it, with the response as its last turn."""
    said = [{"role": turn.role, "content": turn.content} for turn in question.conversation]
    return said if response is None else [*said, {"role": "assistant", "content": response}]
