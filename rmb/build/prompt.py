"""The prompts of a build: conversations that wait for an answer, each with where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rmb.records import Conversation, Json, Message


@dataclass(frozen=True, slots=True)
class Category:
    """Where a prompt belongs: goal and scenario, below it a sub-scenario where the scenario has some."""

    goal: str
    scenario: str
    sub_scenario: str | None = None

    @property
    def path(self) -> str:
        """As in RMB's folders: "Helpfulness/Chat/Discussion", "Harmlessness/S1"."""
        return "/".join(part for part in (self.goal, self.scenario, self.sub_scenario) if part)

    @classmethod
    def of(cls, path: str) -> Category:
        """The category that `path` names. Raises ValueError for a path of another form."""
        goal, scenario, *below = path.split("/")
        if len(below) > 1 or not (goal and scenario):
            raise ValueError(f"{path!r} is not goal/scenario or goal/scenario/sub-scenario")
        return cls(goal, scenario, below[0] if below else None)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation that ends with a user's turn.

    id: unique in its build, and the same whenever the source is read again. origin: file and line it came from, and
    what the source calls it. told: what the stages found out about it, by stage.
    """

    id: str
    conversation: Conversation
    language: str | None = None
    origin: Mapping[str, Json] = field(default_factory=dict)
    category: Category | None = None
    told: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """As a line of a stage's file; `from_json` gives the prompt back."""
        return {
            "id": self.id,
            "conversation": [{"role": turn.role, "content": turn.content} for turn in self.conversation],
            "language": self.language,
            "category": self.category.path if self.category else None,
            "origin": dict(self.origin),
            "told": dict(self.told),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Prompt:
        """The prompt that `to_json` made this value from. Raises KeyError, TypeError or ValueError for any other."""
        return cls(
            id=value["id"],
            conversation=tuple(Message(turn["role"], turn["content"]) for turn in value["conversation"]),
            language=value["language"],
            origin=value["origin"],
            category=Category.of(value["category"]) if value["category"] else None,
            told=value["told"],
        )
