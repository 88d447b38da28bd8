"""A model on the devices of a Ray cluster: a copy on each GPU, or on each few CPUs, and batches for whichever is idle.

A copy that dies takes one batch with it, which another scores again. Ray's own retries are off: an actor that Ray
restarts or calls unavailable keeps the next batch waiting for seconds, where another copy is idle.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

# Read when Ray is imported: what it tells of its processes is no output of this program, and no one else's to know.
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "(?s).*")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
import torch

from rmb import __version__
from rmb.errors import ContentError, RmbError, UnreachableError, UsageError, one_line
from rmb.scorers import Local
from rmb.scorers.local.batches import Batch
from rmb.scorers.local.engines import Done, Loadable, PlannedFor, ahead, timed

ATTEMPTS = 3
"""Copies that a batch may take with it before it is held to be the reason."""
START_S = 60.0
"""Seconds for a copy's process to begin; loading the model may take as long as it takes."""
BATCH_S = 3600.0
"""Seconds for a batch: of a process that hangs Ray says nothing."""
JOIN_S = 30.0
"""Seconds to join a cluster; it takes one where there is one."""
ADDRESS = re.compile(r"[^/]+:\d{1,5}")


class Copy:
    """The model in a process of the cluster. Says what went wrong as text: not every exception can be sent."""

    def __init__(self, model: Loadable, threads: int) -> None:
        """threads: of the CPU; Ray would leave it one."""
        self.model = model
        torch.set_num_threads(threads)

    def version(self) -> str:
        """Of this program, where the copy runs."""
        return __version__

    def load(self) -> int | str:
        """Tokens of a text that can share its beginning; or why the model cannot be loaded."""
        try:
            self.scoring = self.model.loaded()
            return self.model.sharing(self.scoring.longest)
        except RmbError as error:
            return str(error)

    def scored(self, batch: Batch) -> Done | str:
        """The scores of a batch; or why the device failed."""
        try:
            return timed(self.scoring, batch)
        except RmbError as error:
            return str(error)


@dataclass(slots=True)
class Shift:
    """The copies that live, the batches that wait with the attempts made at them, and the calls under way."""

    idle: list[Any]
    waiting: deque[tuple[Batch, int]] = field(default_factory=deque)
    calls: dict[asyncio.Task[Done | str], tuple[Any, Batch, int]] = field(default_factory=dict)

    def begin(self, batch: Batch, attempt: int) -> None:
        """Gives a batch to an idle copy."""
        copy = self.idle.pop()
        self.calls[asyncio.create_task(answer_of(copy.scored.remote(batch), BATCH_S))] = (
            copy,
            batch,
            attempt,
        )

    def ended(self, task: asyncio.Task[Done | str]) -> Done | None:
        """What a call gave; None if its copy was lost, and its batch waits for another one."""
        copy, batch, attempt = self.calls.pop(task)
        try:
            done = task.result()
        except (ray.exceptions.RayActorError, TimeoutError) as error:
            # Also one that Ray calls unavailable, or that hangs.
            ray.kill(copy)
            if attempt == ATTEMPTS:
                raise UnreachableError(
                    f"{ATTEMPTS} Ray workers died of one batch: {one_line(error)[:200]}"
                ) from error
            self.waiting.append((batch, attempt + 1))
            return None
        except ray.exceptions.RayError as error:
            raise UnreachableError(f"a Ray worker failed: {one_line(error)[-200:]}") from error
        if isinstance(done, str):
            raise UnreachableError(f"on a Ray worker: {done}")
        self.idle.append(copy)
        return done


class OnRay:
    """Copies of the model on a cluster, its own or one that runs already."""

    def __init__(self, model: Loadable, local: Local, *, gpus: bool) -> None:
        """model: is loaded by the copies alone; local: what the user says of the cluster; gpus: whether they may use them."""
        self.model, self.local, self.gpus = model, local, gpus

    async def run(self, plan: PlannedFor) -> AsyncGenerator[Done]:
        """Batches as copies are done with them. Raises UnreachableError when the last copy is lost."""
        await asyncio.to_thread(self.connect)
        try:
            copies, longest = await self.copies()
            async with aclosing(ahead(plan(longest))) as batches:
                async for done in self.shared_out(batches, copies):
                    yield done
        finally:
            await asyncio.to_thread(ray.shutdown)

    async def shared_out(self, batches: AsyncIterator[Batch], copies: list[Any]) -> AsyncGenerator[Done]:
        """Each batch to a copy that is idle, until all are done."""
        shift, more = Shift(copies), True
        while True:
            while shift.idle and (more or shift.waiting):
                if shift.waiting:
                    shift.begin(*shift.waiting.popleft())
                    continue
                batch = await anext(batches, None)
                more = batch is not None
                if batch is not None:
                    shift.begin(batch, 1)
            if not shift.calls:
                break
            done, _ = await asyncio.wait(shift.calls, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                scored = shift.ended(task)
                if scored is not None:
                    yield scored
        if shift.waiting:
            raise UnreachableError(
                "the last Ray worker is gone; every score is kept, and the same command goes on"
            )

    def connect(self) -> None:
        """Starts Ray on this machine, or joins the cluster at the address. Raises UsageError if there is none."""
        address = self.local.ray_address
        if address is None:
            # Nobody else may use what is started here; else Ray writes a token into the home folder.
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")
        else:
            check_address(address)
        try:
            ray.init(
                address or "local",
                include_dashboard=False if address is None else None,
                logging_level="ERROR",
                log_to_driver=False,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UsageError(f"no Ray cluster at {address}: {one_line(error)[:200]}") from error

    async def copies(self) -> tuple[list[Any], int]:
        """The copies that could be started, with the model loaded, and how long a text may be that shares."""
        size, number = await asyncio.to_thread(self.room)
        remote = ray.remote(Copy).options(
            max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD", **size
        )
        asked = [remote.remote(self.model, int(size["num_cpus"])) for _ in range(number)]
        versions = await self.all_of([(copy, answer_of(copy.version.remote(), START_S)) for copy in asked])
        others = set(versions.values()) - {__version__}
        if others:
            raise UsageError(
                f"the Ray cluster has rmb-judge {', '.join(sorted(others))}, and this is {__version__}"
            )
        loaded = await self.all_of([(copy, answer_of(copy.load.remote(), None)) for copy in versions])
        for told in loaded.values():
            if isinstance(told, str):
                raise ContentError(f"on a Ray worker: {told}")
        return list(loaded), min(loaded.values())

    async def all_of(self, calls: Sequence[tuple[Any, Awaitable[Any]]]) -> dict[Any, Any]:
        """What each copy says that lives, by copy. Raises UnreachableError if none does."""
        said = await asyncio.gather(*(call for _, call in calls), return_exceptions=True)
        living = {
            copy: word
            for (copy, _), word in zip(calls, said, strict=True)
            if not isinstance(word, BaseException)
        }
        if not living:
            raise UnreachableError(f"no Ray worker could begin: {one_line(Exception(str(said[0])))[:200]}")
        return living

    def room(self) -> tuple[dict[str, float], int]:
        """What each copy takes of a node, and how many copies the cluster has room for."""
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        if gpus and self.gpus:
            return {"num_gpus": 1, "num_cpus": 1}, gpus
        cpus = min(self.local.ray_cpus, max(int(node.get("CPU", 0)) for node in nodes))
        if not cpus:
            raise UsageError("the Ray cluster has neither CPUs nor GPUs to score on")
        return {"num_cpus": cpus}, sum(int(node.get("CPU", 0)) // cpus for node in nodes)


async def answer_of(reference: Any, seconds: float | None) -> Any:
    """What a call gives. Raises TimeoutError after some seconds, and what Ray raises for one that failed."""
    async with asyncio.timeout(seconds):
        return await reference


PROBE = """
import socket, sys
host, _, port = sys.argv[1].rpartition(":")
socket.create_connection((host, int(port)), timeout=3).close()
import ray
ray.init(sys.argv[1], logging_level="ERROR", log_to_driver=False)
"""


def check_address(address: str) -> None:
    """Raises UsageError if no cluster can be joined there, found out by joining it in another process.

    In this one it would take minutes, or for ever, and could not be stopped.
    """
    if not ADDRESS.fullmatch(address):
        raise UsageError(f"--ray-address {address}: give host:port of the cluster's head")
    try:
        command = [sys.executable, "-c", PROBE, address]
        subprocess.run(command, capture_output=True, text=True, timeout=JOIN_S, check=True)
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"no Ray cluster at {address}: it could not be joined within {JOIN_S:.0f} s"
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or ["it could not be joined"]
        raise UsageError(f"no Ray cluster at {address}: {said[-1][:200]}") from error
