"""Puts pairwise questions to a model through a peer, and says what that took.

`peers.py` runs this file by its path, with the interpreter of an environment that has the peer; so it imports the standard
library and the peer, and nothing of this project. It reads a `Work` from its input, and the last line that it prints is
what it found, both in JSON.

Nothing but this machine can be reached from it: every other host that is looked up or connected to is refused, and told.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import resource
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

MODEL, MOST_TOKENS = "m", 1024
HERE = {"127.0.0.1", "::1", "localhost", socket.gethostname(), ""}
VERDICTS = {"A": r"\[\[A\]\]", "B": r"\[\[B\]\]"}

Pairs = Sequence[Sequence[str]]
"""Of each: the question, and two responses to it."""
Ask = Callable[[Pairs], int]
"""Asks about each pair in both orders, and gives how many verdicts it has read."""


@dataclass(frozen=True)
class Work:
    """What there is to do.

    url: of the server. system, user: the prompt, with {instruction}, {output_1} and {output_2} where the texts go.
    warm: asked first, so that what a process does once is done. pairs: what is measured. folder: for files.
    """

    url: str
    concurrency: int
    system: str
    user: str
    warm: Pairs
    pairs: Pairs
    folder: str

    @classmethod
    def read(cls) -> Work:
        """The work that stands in the input."""
        return cls(**json.load(sys.stdin))

    @property
    def base_url(self) -> str:
        """For OpenAI clients."""
        return f"{self.url}/v1"


def both_orders(pairs: Pairs) -> list[dict[str, str]]:
    """Two rows for each pair, by the names that alpaca_eval has for the texts."""
    return [
        {"instruction": question, "output_1": one, "output_2": other}
        for question, *two in pairs
        for one, other in (two, two[::-1])
    ]


def prompt(template: str, row: dict[str, str]) -> str:
    """The template with the texts of a row."""
    return re.sub(r"\{(\w+)\}", lambda found: row.get(found[1], found[0]), template)


def alpaca_files(work: Work) -> Path:
    """The files that alpaca_eval wants: a prompt, an annotator, a client. Gives the annotator's."""
    folder = Path(work.folder)
    said = folder / "prompt.txt"
    roles = (("system", work.system), ("user", work.user))
    said.write_text("\n".join(f"<|im_start|>{role}\n{text}\n<|im_end|>" for role, text in roles))
    annotator = {
        "prompt_template": str(said),
        "fn_completions": "openai_completions",
        # Without a price it warns of each call.
        "completions_kwargs": {
            "model_name": MODEL, "max_tokens": MOST_TOKENS, "temperature": 0, "price_per_token": 1e-6,
        },
        "completion_parser_kwargs": {"outputs_to_match": {1: VERDICTS["A"], 2: VERDICTS["B"]}},
        "batch_size": 1,
    }  # fmt: skip
    client = {"default": [{"api_key": "none", "base_url": work.base_url}]}
    # JSON is YAML, but for the keys of the parser, which have to be numbers.
    whole = re.sub(r'"([12])":', r"\1:", json.dumps({"ours": annotator}))
    (folder / "configs.yaml").write_text(whole)
    (folder / "clients.yaml").write_text(json.dumps(client))
    return folder / "configs.yaml"


def alpaca(work: Work) -> Ask:
    """alpaca_eval's pairwise annotator, as `alpaca_eval` uses it: chunks of 128 pairs, a pool of threads for each."""
    configs = alpaca_files(work)
    os.environ["OPENAI_CLIENT_CONFIG_PATH"] = str(configs.with_name("clients.yaml"))
    annotators = importlib.import_module("alpaca_eval.annotators")

    def ask(pairs: Pairs) -> int:
        annotator = annotators.PairwiseAnnotator(
            annotators_config=configs, caching_path=None, is_avoid_reannotations=False
        )
        rows = annotator.annotate_pairs(both_orders(pairs), num_procs=work.concurrency)
        return sum(row["preference"] in {1, 2} for row in rows)

    return ask


def inspect(work: Work) -> Ask:
    """A task of inspect_ai: a sample for each prompt, `generate()`, and a scorer that reads the verdict."""
    # Its way to a server of one's own. `openai/m` would be asked as OpenAI's newest, at another path, without a temperature.
    os.environ["LOOPBACK_API_KEY"] = "none"
    ai = importlib.import_module("inspect_ai")
    data, model, scorer, solver = (
        importlib.import_module(f"inspect_ai.{name}") for name in ("dataset", "model", "scorer", "solver")
    )

    def sample(row: dict[str, str]) -> Any:
        said = [
            model.ChatMessageSystem(content=work.system),
            model.ChatMessageUser(content=prompt(work.user, row)),
        ]
        return data.Sample(input=said, target="A")

    def ask(pairs: Pairs) -> int:
        samples = [sample(row) for row in both_orders(pairs)]
        task = ai.Task(dataset=samples, solver=solver.generate(), scorer=scorer.pattern(r"\[\[([AB])\]\]"))
        (log,) = ai.eval(
            task, model=f"openai-api/loopback/{MODEL}", model_base_url=work.base_url, display="none", log_dir=work.folder,
            max_connections=work.concurrency, temperature=0, max_tokens=MOST_TOKENS,
        )  # fmt: skip
        if log.status != "success":
            raise RuntimeError(f"{log.status}: {log.error.message if log.error else ''}")
        scores = [score for sample in log.samples or [] for score in (sample.scores or {}).values()]
        return sum(score.answer in VERDICTS for score in scores)

    return ask


def guarded() -> list[str]:
    """Refuses every host but this machine from now on; gives the list into which the refused ones go.

    It stands in for two functions of `socket`. An audit hook would see more, and be called for everything else as well.
    """
    refused: list[str] = []

    def checked(host: Any) -> None:
        host = host.decode() if isinstance(host, bytes) else host
        if host is not None and host not in HERE:
            refused.append(str(host))
            raise ConnectionRefusedError(f"{host} is not this machine")

    def look_up(host: Any, *given: Any, **named: Any) -> Any:
        checked(host)
        return looked_up(host, *given, **named)

    def connect(self: socket.socket, address: Any) -> None:
        # An address that is no tuple is a socket in the file system.
        checked(address[0] if isinstance(address, tuple) else None)
        connected(self, address)

    looked_up, connected = socket.getaddrinfo, socket.socket.connect
    socket.getaddrinfo, socket.socket.connect = look_up, connect  # type: ignore[assignment, method-assign]
    return refused


def cpu_s() -> float:
    """Seconds of CPU that this process and those that it has started and that have ended took."""
    spent = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def calls(url: str) -> int:
    """The calls that the server has counted."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/ledger") as ledger:
        return int(json.load(ledger)["asked"])


def asked(work: Work, ask: Ask) -> dict[str, float]:
    """What asking takes: calls, verdicts, seconds, seconds of CPU."""
    before, cpu, started = calls(work.url), cpu_s(), time.monotonic()
    verdicts = ask(work.pairs)
    seconds, cpu = time.monotonic() - started, cpu_s() - cpu
    return {"calls": calls(work.url) - before, "verdicts": verdicts, "seconds": seconds, "cpu_s": cpu}


def measured(work: Work, opened: Callable[[Work], Ask], packages: Sequence[str]) -> dict[str, Any]:
    """What importing, warming up and asking take, and who did it. packages: whose versions to tell."""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    refused, started = guarded(), time.monotonic()
    ask = opened(work)
    import_s, started = time.monotonic() - started, time.monotonic()
    ask(work.warm)
    warm_s = time.monotonic() - started
    return {
        "import_s": import_s,
        "warm_s": warm_s,
        **asked(work, ask),
        "refused": sorted(set(refused)),
        "who": ", ".join(
            [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
        ),
    }


PEERS = {"alpaca_eval": alpaca, "inspect_ai": inspect}


if __name__ == "__main__":
    name = sys.argv[1]
    print("\n" + json.dumps(measured(Work.read(), PEERS[name], [name, "openai"])))
