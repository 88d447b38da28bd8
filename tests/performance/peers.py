"""Our runs against two peers on the same server and work, for use by hand: alpaca_eval and inspect_ai.

    python -m venv alpaca && alpaca/bin/pip install alpaca_eval
    python -m venv inspect && inspect/bin/pip install inspect_ai openai
    python -m tests.performance.peers --alpaca alpaca/bin/python --inspect inspect/bin/python

Each client has a process and a loopback server to itself, and makes the same chat completions: the template pairwise_v2
on pairs of made-up texts, each pair in both orders, at temperature 0. Before that it asks about other pairs, so that what
waits for a first call is not measured. The table has the seconds of importing, of this warm-up and of asking apart; calls
as the server counted them; "ideal" is calls × latency / concurrency; CPU is that of the client's process while it asks.

What differs between them:

- Ours is a whole run: plan, calls, verdicts. Each answer goes into a store on disk.
- alpaca_eval is its own pairwise annotator with its own OpenAI client, of which it makes a new one for each call. As with
  its command, 128 calls are a chunk, and each chunk waits for the last answer of the one before. It draws which response of
  a pair comes first, alike for both orders of a pair, so that the calls are the same. Its cache of annotations is off; it
  keeps nothing on disk.
- inspect_ai is a task: a sample for each call whose prompt is already written, `generate()`, and a scorer that reads the
  verdict. It writes its log. Its display is off.

The template's fence, a word that follows from the texts, is one and the same in all calls of the peers. No client can
reach anything but this machine; what it was refused is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tests.fake_api import served
from tests.performance import peer_worker
from tests.performance.peer_worker import MODEL, MOST_TOKENS, Ask, Pairs, Work, measured

CHECKOUT = Path(__file__).parents[2]
TEMPLATE = "pairwise_v2"
LENGTHS = (300, 1_000, 1_000)
"""Characters of a question, and of each of the two responses to it."""
LONGEST_S = 300
OURS = {"direct": ["rmb-judge", "aiohttp"], "litellm": ["rmb-judge", "litellm"]}
"""Our transports, and the packages whose versions matter to them."""
Found = Mapping[str, Any]
"""What a client's process found."""


def texts(name: str, count: int) -> Pairs:
    """So many distinct pairs. name: sets those of one call apart from those of another."""
    words = ("question", "good response", "bad response")
    return [
        [(f"{name} {word} {number}. " * length)[:length] for word, length in zip(words, LENGTHS, strict=True)]
        for number in range(count)
    ]


def wording() -> list[str]:
    """The system message and the user's, with names in braces where the texts of a pair go."""
    from rmb.records import Message, Question
    from rmb.templates import Template

    question = Question((Message("user", "{instruction}"),), ("{output_1}", "{output_2}"))
    return [message.content for message in Template.load(TEMPLATE).render(question)]


def ours(transport: str, work: Work) -> Ask:
    """A run of our own, with a store of its own."""
    from rmb.cards import Generative, Limits, Price, Sampling
    from rmb.run import Settings, execute
    from rmb.scorers.generative import GenerativeJudge
    from rmb.scorers.language_model import open_client
    from rmb.scorers.litellm_client import import_litellm
    from rmb.store import Store
    from rmb.templates import Template
    from tests.builders import Listener, pair

    if transport == "litellm":
        import_litellm()
    card = Generative(
        kind="generative", summary="", model=f"openai/{MODEL}", base_url=work.base_url, price=Price(input=1, output=1),
        transport=transport, limits=Limits(concurrency=work.concurrency), sampling=Sampling(max_tokens=MOST_TOKENS),  # type: ignore[arg-type]
    )  # fmt: skip

    def ask(pairs: Pairs) -> int:
        judge = GenerativeJudge(card, Template.load(TEMPLATE), open_client(card))
        items = [
            pair(one, other, uid=str(number), asked=asked) for number, (asked, one, other) in enumerate(pairs)
        ]
        with tempfile.TemporaryDirectory(dir=work.folder) as folder, Store(Path(folder)) as store:
            run = asyncio.run(execute(judge, items, Settings(), store=store, watcher=Listener()))
        return run.counts["asked"] - sum(run.failures.values())

    return ask


def command(given: argparse.Namespace) -> Iterator[tuple[str, list[str] | None]]:
    """What starts the process of each client, by its name; None for a peer that is not there."""
    for name in OURS:
        yield name, [sys.executable, "-m", "tests.performance.peers", "--ours", name]
    for name, python in (("alpaca_eval", given.alpaca), ("inspect_ai", given.inspect)):
        # The path is kept as it is: that of a virtual environment is a link to an interpreter without the peer.
        yield name, python and [os.path.abspath(python), peer_worker.__file__, name]  # noqa: PTH100


def process(command: Sequence[str], work: Work, cwd: Path) -> Found | str:
    """What the process of a client found, or why it found nothing."""
    try:
        done = subprocess.run(
            command, input=json.dumps(asdict(work)), capture_output=True, text=True, cwd=cwd, timeout=LONGEST_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def outcome(given: argparse.Namespace, name: str, command: Sequence[str]) -> Found | str:
    """The same, with a server and a folder for this client alone."""
    system, user = wording()
    with tempfile.TemporaryDirectory() as folder, served("--latency", str(given.latency)) as url:
        work = Work(
            url, given.concurrency, system, user, folder=folder,
            warm=texts("Warming", given.concurrency), pairs=texts("Measured", given.questions // 2),
        )  # fmt: skip
        return process(command, work, CHECKOUT if name in OURS else Path(folder))


HEAD = (
    f"{'':<12}{'import s':>9}{'warm-up s':>10}{'calls':>7}{'verdicts':>9}{'seconds':>9}{'× ideal':>9}"
    f"{'calls/s':>9}{'ratio':>7}{'CPU ms/call':>13}{'ratio':>7}"
)


def line(given: argparse.Namespace, name: str, one: Found, best: Found) -> str:
    """A row of the table. best: the one whose speed and CPU the ratios are to."""
    ideal_s = one["calls"] * given.latency / given.concurrency
    times = f"{one['seconds'] / ideal_s:.2f}" if ideal_s else "–"
    (rate, cpu), (best_rate, best_cpu) = (
        (each["calls"] / each["seconds"], each["cpu_s"] / each["calls"]) for each in (one, best)
    )
    return (
        f"{name:<12}{one['import_s']:>9.2f}{one['warm_s']:>10.2f}{one['calls']:>7}{one['verdicts']:>9}"
        f"{one['seconds']:>9.2f}{times:>9}{rate:>9.1f}{rate / best_rate:>7.2f}"
        f"{1000 * cpu:>13.2f}{cpu / best_cpu:>7.1f}"
    )


def arguments() -> argparse.Namespace:
    """What the user asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--questions", type=int, default=400, help="chat completions of each client, an even number"
    )
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.2, metavar="SECONDS", help="of the server")
    parser.add_argument("--alpaca", metavar="PYTHON", help="of an environment that has alpaca_eval")
    parser.add_argument(
        "--inspect", metavar="PYTHON", help="of an environment that has inspect_ai and openai"
    )
    parser.add_argument("--ours", choices=list(OURS), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measures one client after the other and prints a table, and below it who they were."""
    given = arguments()
    print(f"{given.questions} calls, {given.concurrency} at once, {given.latency:g} s each")
    print(HEAD, flush=True)
    below, best = [], None
    for name, start in command(given):
        result = outcome(given, name, start) if start else "skipped, no interpreter was given"
        if isinstance(result, str):
            print(f"{name:<12} {result}", flush=True)
            continue
        best = best or result
        print(line(given, name, result, best), flush=True)
        tried = f"; was refused {', '.join(result['refused'])}" if result["refused"] else ""
        below.append(f"{name:<12} {result['who']}{tried}")
    print(f"Ratios are to the first row. Load {os.getloadavg()[0]:.1f}.", *below, sep="\n")


if __name__ == "__main__":
    own = arguments().ours
    if own:
        print("\n" + json.dumps(measured(Work.read(), partial(ours, own), OURS[own])))
    else:
        main()
