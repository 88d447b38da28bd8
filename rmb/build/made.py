"""What a stage of a build makes: records for the stages after it, and a ledger of what it left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rmb.records import Json


@dataclass(frozen=True, slots=True)
class Dropped:
    """A line of a stage's ledger. id: of the prompt, or "file:line" of what is none; reason: one word; detail: one line."""

    id: str
    reason: str
    detail: str = ""

    def to_json(self) -> dict[str, Json]:
        """As in the ledger's file."""
        return {"id": self.id, "reason": self.reason, "detail": self.detail}


@dataclass(frozen=True)
class Made:
    """What came of a stage.

    came: how many records went in. records: what goes on, as JSON, in an order that does not depend on how answers came.
    dropped: what was left out and why. waiting: how many are neither, since an answer is missing; the same command goes
    on with them. files: further files of the stage by name, each a sequence of records. told: what the data card says of
    the stage beside the counts. benchmark: the files of the folder benchmark/ by path, "test/BoN_set/…/x.json", if the
    stage makes one: see rmb.build.benchmark.
    """

    came: int
    records: Sequence[Mapping[str, Json]]
    dropped: Sequence[Dropped] = ()
    waiting: int = 0
    files: Mapping[str, Sequence[Mapping[str, Json]]] = field(default_factory=dict)
    told: Mapping[str, Json] = field(default_factory=dict)
    benchmark: Mapping[str, Sequence[Mapping[str, Json]]] | None = None

    @property
    def reasons(self) -> dict[str, int]:
        """What was left out by reason, the commonest first."""
        return dict(Counter(one.reason for one in self.dropped).most_common())
