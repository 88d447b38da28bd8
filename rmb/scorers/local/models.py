"""A model as its card describes it and the user allows it: its identity, its texts, and the loaded model itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rmb.canonical import digest
from rmb.cards import RewardModel
from rmb.errors import UsageError
from rmb.records import Json
from rmb.scorers import Local
from rmb.scorers.local.architectures import ARCHITECTURES, Architecture, Scoring
from rmb.scorers.local.checkpoint import Checkpoint
from rmb.scorers.local.source import Source
from rmb.scorers.local.text import ChatWording


@dataclass(frozen=True)
class Model:
    """A model to be loaded. name: of the judge, for messages; local: what the user allows, and how it is run."""

    name: str
    card: RewardModel
    local: Local

    @property
    def architecture(self) -> Architecture:
        """How it is put together."""
        return ARCHITECTURES[self.card.head]

    @cached_property
    def source(self) -> Source:
        """Its files."""
        card = self.card
        files = self.files(card.model, card.revision)
        reference = None
        if card.reference_model:
            reference = self.files(card.reference_model, card.reference_revision)
        tokens = self.files(card.tokenizer, card.tokenizer_revision) if card.tokenizer else files
        base = self.files(card.base, card.base_revision) if card.base else None
        return Source(card, files, tokens, reference, base)

    def files(self, model: str, revision: str) -> Checkpoint:
        """The files of a model of the card's."""
        code = self.card.trust_remote_code and self.local.trust_remote_code
        return Checkpoint(self.name, model, revision, code, self.local.allow_pickle)

    @cached_property
    def identity(self) -> Mapping[str, Json]:
        """The weights, and all that changes a score of theirs beyond the last digits."""
        card, source = self.card, self.source
        told: dict[str, Json] = {
            "kind": "reward_model",
            "weights": source.checkpoint.identity,
            "head": card.head,
            "dtype": card.dtype,
        }
        if card.chat_template:
            told["template"] = digest(card.chat_template)
        if card.tokenizer:
            told["tokenizer"] = source.tokens.identity
        if source.base:
            told["base"] = source.base.identity
        if source.reference_files:
            told["reference"] = source.reference_files.identity
        if card.head in {"dpo", "likelihood"}:
            told["per_token"] = card.per_token
        return told

    def wording(self) -> ChatWording:
        """What makes its texts. Raises ContentError if its tokenizer cannot be had, or has no template and needs one."""
        wording = self.architecture.wording(self.source)
        if wording.templated and wording.template is None:
            raise self.source.checkpoint.refusal(
                "has no chat template; write the one it was trained with into the card, as chat_template"
            )
        return wording

    def loaded(self) -> Scoring:
        """The model, on its device. Raises ContentError if it cannot be loaded."""
        return self.architecture.build(self.source)

    def sharing(self, longest: int) -> int:
        """Tokens of a text that may share its beginning, where the model can do that up to `longest`."""
        if self.local.engine == "padded":
            return 0
        if self.local.engine == "shared" and not longest:
            raise UsageError(
                f"judge {self.name}: its architecture cannot share beginnings; leave --engine to auto"
            )
        return longest
