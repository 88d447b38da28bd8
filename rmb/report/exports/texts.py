"""The texts that a run's rows name by their marks, and what an export needs to look them up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from rmb.errors import DataError
from rmb.outcomes import conversation_mark, mark
from rmb.records import Conversation, Item
from rmb.run.rows import as_unicode

Text = TypeVar("Text")
Chat = list[dict[str, str]]
"""A conversation as other programs have it: {"role", "content"} for each turn."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Conversations and responses by mark, as in the rows of a run; given out as Unicode, see as_unicode."""

    conversations: Mapping[str, Conversation]
    responses: Mapping[str, str]

    @classmethod
    def of(cls, items: Iterable[Item]) -> Texts:
        """The texts of some items."""
        conversations: dict[str, Conversation] = {}
        responses: dict[str, str] = {}
        for item in items:
            conversations[conversation_mark(item.conversation)] = item.conversation
            responses.update((mark(candidate.text), candidate.text) for candidate in item.candidates)
        return cls(conversations, responses)

    def chat(self, marked: str) -> Chat:
        """The turns of the conversation of that mark. Raises DataError if there is none."""
        turns = found(self.conversations, marked)
        return [{"role": as_unicode(turn.role), "content": as_unicode(turn.content)} for turn in turns]

    def response(self, marked: str) -> str:
        """The response of that mark. Raises DataError if there is none."""
        return as_unicode(found(self.responses, marked))


def found(texts: Mapping[str, Text], marked: str) -> Text:
    """The text of that mark. Raises DataError if the data does not have it."""
    try:
        return texts[marked]
    except KeyError as error:
        raise DataError(
            f"the data has no text {marked} that the run's rows name; name the run's data with --data"
        ) from error


def said(text: str) -> Chat:
    """A response as the turn that it is."""
    return [{"role": "assistant", "content": text}]
