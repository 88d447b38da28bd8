"""A fake API for hand use: prints its URL and serves until it is interrupted or terminated."""

from __future__ import annotations

import argparse
import json
import signal
import threading

from tests.fake_api.faults import KINDS, RETRIED, Faults
from tests.fake_api.jobs import BatchPlan
from tests.fake_api.replies import Reply
from tests.fake_api.server import FakeApi
from tests.fake_api.throttle import TokenBucket


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fake_api", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (default): any that is free")
    parser.add_argument("--text", default="[[A]]", help="what every answer says")
    parser.add_argument("--latency", type=float, default=0, metavar="SECONDS", help="before every answer")
    parser.add_argument("--rate", type=float, metavar="R", help="requests a second; above it, 429")
    parser.add_argument("--burst", type=int, default=1, help="with --rate: requests at once after a rest")
    parser.add_argument("--hint", choices=["seconds", "date", "milliseconds", "none"], default="seconds")
    parser.add_argument("--faults", type=float, default=0, metavar="SHARE", help="of attempts, 0 to 1")
    parser.add_argument("--kinds", nargs="+", default=list(RETRIED), choices=list(KINDS), metavar="KIND")
    parser.add_argument("--seed", type=int, default=0, help="which attempts fail, and how")
    parser.add_argument("--polls", type=int, default=1, help="retrievals before a batch has ended")
    parser.add_argument("--keep", action="store_true", help="keep every request in memory")
    return parser.parse_args()


def server(asked: argparse.Namespace) -> FakeApi:
    """The server that the command line describes."""
    good = Reply(asked.text, delay_s=asked.latency)
    return FakeApi(
        Faults(asked.faults, seed=asked.seed, kinds=asked.kinds, script=good) if asked.faults else good,
        throttle=TokenBucket(asked.rate, asked.burst, hint=asked.hint) if asked.rate else None,
        batches=BatchPlan(polls=asked.polls),
        port=asked.port,
        keep=asked.keep,
    )


if __name__ == "__main__":
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    with server(options()) as api:
        print(api.url, flush=True)
        done.wait()
    print(json.dumps(api.ledger.totals()))
