"""A language model served by this process on the machine's own CPU, by llama.cpp's server (xllamacpp).

It listens on a free loopback port under a key of its own, so that it is asked the way any API is.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rmb.cards import Serve
from rmb.errors import MissingExtra, UsageError
from rmb.records import Json
from rmb.scorers.weights import file_sha256, find_weights

QUIET = -1
MOST_THREADS = 8
"""A small model gains nothing from more, and a container may count processors that it may not use."""


class LocalServer:
    """llama.cpp's server for one GGUF file; started when the first question is asked."""

    def __init__(self, serve: Serve) -> None:
        """serve: the weights, threads and context of a card."""
        self.serve = serve
        self._server: Any = None

    @cached_property
    def identity(self) -> Mapping[str, Json]:
        """The hash of the weights, and the version of the program that runs them."""
        weights = self.serve.weights
        try:
            runtime = f"xllamacpp {version('xllamacpp')}"
        except PackageNotFoundError:
            runtime = "xllamacpp"
        sha256 = weights.sha256 or file_sha256(find_weights(weights))
        return {"endpoint": "llama.cpp", "weights": sha256, "runtime": runtime, "context": self.serve.context}

    def start(self) -> tuple[str, str]:
        """Starts the server; gives its OpenAI-compatible URL and its key. Takes a second or two."""
        path = find_weights(self.serve.weights)
        try:
            import xllamacpp
        except ImportError as error:
            raise MissingExtra("a local model needs xllamacpp: pip install xllamacpp") from error
        # Other users of the machine can reach a loopback port, so the server wants a key as well.
        key = secrets.token_hex(16)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        # Else the server calls the model by its path, which would end up in the records of runs.
        parameters.model_alias = {path.name}
        parameters.hostnames, parameters.port, parameters.api_keys = ["127.0.0.1"], 0, [key]
        # One slot: a second gains nothing on few cores, and would halve the prompts that share a beginning.
        parameters.n_ctx, parameters.n_parallel = self.serve.context, 1
        # One core is left to others: threads that wait for a core that is taken are six times slower than one less.
        threads = self.serve.threads or max(1, min(MOST_THREADS, (os.cpu_count() or 1) - 1))
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        parameters.ui, parameters.verbosity = False, QUIET
        try:
            self._server = xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise UsageError(f"llama.cpp cannot serve {path.name}: {error}") from error
        return f"{self._server.listening_address}/v1", key

    def stop(self) -> None:
        """Stops the server, if it was started."""
        self._server = None
