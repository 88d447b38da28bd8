"""Real runs in processes of their own: `rmb judge` asks a fake API questions that no two of are alike."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.fake_api import FakeApi, Reply, Request
from tests.test_compare_command import pair_record, write_records

CHECKOUT = Path(__file__).parents[1]
IN_A_FILE = 500
OF_ONE_RUN = {"counts", "cost_usd", "usd_per_1000_verdicts", "usage"}
"""What a summary tells of the run and not of the judge."""


def write_questions(folder: Path, questions: int) -> None:
    """Files of pairs, each of which makes two questions: one for each order. As in RMB, no file is long."""
    (folder / "data").mkdir()
    for first in range(0, questions // 2, IN_A_FILE):
        pairs = range(first, min(first + IN_A_FILE, questions // 2))
        records = [pair_record(n, f"Good, {n}.", f"Bad, {n}.") for n in pairs]
        write_records(str(folder / "data" / f"{first}.json"), records)


def write_judge(folder: Path, url: str, **limits: float) -> None:
    """A card for a model behind the fake API, at the ledger's prices, asked without LiteLLM."""
    card = {
        "kind": "generative",
        "summary": "For tests.",
        "model": "openai/m",
        "transport": "direct",
        "base_url": url,
        "price": {"input": 1.0, "output": 2.0},
        "limits": limits,
    }
    (folder / "mine.yaml").write_text(json.dumps(card), encoding="utf-8")


def draw(request: Request) -> int:
    """A number from 0 to 15 that is always the same for the same prompt."""
    return int(hashlib.sha256(request.messages[-1]["content"].encode()).hexdigest()[0], 16)


def of_mind(request: Request, delay_s: float = 0.0) -> Reply:
    """A script: one of three verdicts, so that figures tell a run from another."""
    return Reply(["[[A]]", "[[B]]", "Neither."][draw(request) % 3], delay_s=delay_s)


def start(folder: Path, out: str) -> subprocess.Popen[str]:
    """The command, in a process of its own; answers are kept below the folder."""
    words = ["judge", "--judge", "mine.yaml", "--data", "data", "--out", out, "--quiet"]
    return subprocess.Popen(
        [sys.executable, "-m", "rmb", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "RMB_CACHE": str(folder / "cache")},
    )


def finish(process: subprocess.Popen[str], folder: Path, out: str) -> dict[str, Any]:
    """The summary of a run that has ended well."""
    try:
        _, err = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 0, err
    summary: dict[str, Any] = json.loads((folder / out / "summary.json").read_text(encoding="utf-8"))
    return summary


def figures(summary: dict[str, Any]) -> dict[str, Any]:
    """What a summary says of the judge."""
    return {name: what for name, what in summary.items() if name not in OF_ONE_RUN}


def undisturbed(folder: Path, questions: int) -> dict[str, Any]:
    """The summary of a run of the same questions, alone and from nothing, in a folder of its own."""
    folder.mkdir()
    write_questions(folder, questions)
    with FakeApi(of_mind, keep=False) as api:
        write_judge(folder, api.openai_url)
        return finish(start(folder, "run"), folder, "run")
