"""The register of batches: what was submitted and is not fetched yet, in a file beside the answer store.

A line of JSON for each thing that happened to a batch, only ever appended: it is about to be submitted (with the keys of
its answers), the provider gave it an id, answers were fetched. A process that dies at any moment leaves enough behind
for the next one.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from rmb.canonical import canonical
from rmb.errors import StorageError
from rmb.store.answers import Store, storage
from rmb.store.lock import held

LOG = logging.getLogger("rmb.batches")
FILE, LOCK = "batches.jsonl", "batches.lock"
LOCK_S = 1800.0
"""The longest that another process may take to submit what it submits."""
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that is submitted, or about to be.

    token: our own name for it; id: the provider's, None while it is not known; keys: of the answers that were not fetched
    yet; questions: how many it was made of; at: when it was about to be submitted, in seconds since 1970.
    """

    token: str
    provider: str
    model: str
    endpoint: str | None
    keys: tuple[str, ...]
    questions: int
    at: float
    id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """What a run's folder tells of it."""
        return {"id": self.id, "provider": self.provider, "questions": self.questions, "at": self.at}


class Register:
    """The register of a store. Everything that changes it, and all that is decided by it, happens under `alone`."""

    def __init__(self, store: Store) -> None:
        """store: whose answers are asked for; the register lies in its private folder."""
        self.store = store
        self.file = store.home / FILE

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """The lock: who holds it may submit. Not to be taken again inside.

        Raises StorageError if others hold it for LOCK_S.
        """
        until = time.monotonic() + LOCK_S
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(held(self.store.home / LOCK, wait=0))
                    break
                except StorageError:
                    if time.monotonic() > until:
                        raise
                # Slept through here and not under the lock's own patience, which nobody could interrupt.
                await asyncio.sleep(LOOK_S)
            yield

    def under_way(self) -> dict[str, Batch]:
        """Every batch of which something is still to be fetched, by token, the oldest first."""
        found: dict[str, Batch] = {}
        for line in self._lines():
            try:
                note(found, line)
            except (KeyError, TypeError, ValueError):
                LOG.warning("%s: a line that cannot be read is passed over", self.file)
        return found

    def known(self) -> set[str]:
        """The ids of all batches that were ever submitted from here."""
        return {line["id"] for line in self._lines() if isinstance(line.get("id"), str)}

    def intend(self, provider: str, model: str, endpoint: str | None, keys: Sequence[str]) -> Batch:
        """Writes down that a batch is about to be submitted."""
        batch = Batch(uuid.uuid4().hex, provider, model, endpoint, tuple(keys), len(keys), time.time())
        told = {
            "provider": provider,
            "model": model,
            "endpoint": endpoint,
            "keys": list(keys),
            "at": batch.at,
        }
        self._append({"event": "intended", "token": batch.token, **told})
        return batch

    def submitted(self, batch: Batch, name: str) -> Batch:
        """Writes down the id that the provider gave it."""
        self._append({"event": "submitted", "token": batch.token, "id": name})
        return replace(batch, id=name)

    def fetched(self, batch: Batch, keys: Sequence[str] | None = None) -> None:
        """Writes down that nothing more of these answers is to come of the batch; of all of them, if None are named."""
        whole = keys is None or set(keys) >= set(batch.keys)
        told = {} if whole else {"keys": list(keys or ())}
        self._append({"event": "fetched", "token": batch.token, **told})

    def _lines(self) -> Iterator[dict[str, Any]]:
        with storage(self.store.folder):
            try:
                data = self.file.read_bytes()
            except FileNotFoundError:
                return
        for text in data.split(b"\n"):
            try:
                line = json.loads(text)
            except ValueError:
                # What a process that was killed had half written; the rest of the file is whole.
                if text.strip():
                    LOG.warning("%s: a torn line is passed over", self.file)
                continue
            if isinstance(line, dict):
                yield line

    def _append(self, line: dict[str, Any]) -> None:
        with storage(self.store.folder):
            descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "r+b", buffering=0) as opened:
                size = opened.seek(0, os.SEEK_END)
                opened.seek(max(0, size - 1))
                # A torn line becomes one of its own.
                torn = b"\n" if size and opened.read(1) != b"\n" else b""
                text = torn + canonical(line).encode("ascii") + b"\n"
                try:
                    while text:
                        text = text[opened.write(text) :]
                    os.fsync(opened.fileno())
                except OSError:
                    opened.truncate(size)
                    raise


def note(found: dict[str, Batch], line: dict[str, Any]) -> None:
    """Takes a line of the register into account. Raises KeyError, TypeError or ValueError for one of another form."""
    token, event = str(line["token"]), line["event"]
    if event == "intended":
        keys = tuple(map(str, line["keys"]))
        found[token] = Batch(
            token, line["provider"], line["model"], line["endpoint"], keys, len(keys), float(line["at"])
        )
    elif token in found and event == "submitted":
        found[token] = replace(found[token], id=str(line["id"]))
    elif token in found and event == "fetched":
        gone = set(line.get("keys", found[token].keys))
        left = tuple(key for key in found[token].keys if key not in gone)
        found[token] = replace(found[token], keys=left)
        if not left:
            del found[token]


def keys_under_way(store: Store) -> set[str]:
    """The keys of all answers that are to come of batches."""
    return {key for batch in Register(store).under_way().values() for key in batch.keys}
