"""Reports of real runs, for tests in a browser: two baselines, a model asked many times, a study, and hostile data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rmb.cli.main import rmb as group
from rmb.cli.main import run
from rmb.datasets.rmb import load_sample
from tests.fake_api import FakeApi, Reply, Request
from tests.scripted_grid import Knowing, write_card

BAD = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script><!-- <script>",
    '<img src=x onerror=alert(3)> <svg onload=alert(4)> " onmouseover="alert(5)" \'><iframe src=//example.invalid>',
    "[click](javascript:alert(6)) <a href='javascript:alert(7)'>x</a> ]]> &lt;b&gt; &#x27; &amp;",
    "{{7*7}} {% raw %} ${1} `${alert(8)}` #{2} %(x)s \\u003cscript> <style>*{display:none}</style> --> ${constructor}",
    "a\0b \x1b[31mred\x07 \x7f\x85 lone \ud800 and \udc00, \u202ereversed\u202c, \u2066isolated\u2069, \ufeffmark",
    "שלום (abc)! مرحبا 123",
    "x" * 1_048_576,
]
"""What may stand in a conversation, a response, a reply, or a name."""
SHORT = BAD[:6]
Reports = Mapping[str, Path]
"""Where reports are, by name."""
NAMES = ("both", "often", "study")
NAME = "<img src=x onerror=alert(9)>"
"""Of a judge and of a run's folder, as a file may be called."""


def rmb(*words: str) -> None:
    """`rmb` with some words, in this process; it must end well."""
    with pytest.raises(SystemExit) as ended:
        run(group, args=list(words), prog_name="rmb")
    assert ended.value.code == 0, words


def made() -> Reports:
    """All of them, below the working folder."""
    return {"both": baselines(), "often": asked_often(), "study": study()}


def baselines() -> Path:
    """Two judges without a model on the bundled sample, compared."""
    rmb("judge", "--judge", "random", "--judge", "longest", "--out", "both", "-q")
    folders = [str(path.parent) for path in sorted(Path("both").rglob("run.json"))]
    rmb("report", *folders, "--out", "both.html")
    return Path("both.html").absolute()


def asked_often() -> Path:
    """A model asked about whole lists in all rotations, and three times about each pair."""
    with FakeApi(of_mind) as api:
        write_card(Path("model.yaml"), api)
        words = ("--template", "listwise_best_v1", "--orders", "rotations", "--samples", "3", "--limit", "12")
        rmb("judge", "--judge", "model.yaml", *words, "--out", "often", "-q")
    return Path("often/report.html").absolute()


def of_mind(request: Request) -> Reply:
    """A verdict that depends on the prompt, and says why at length; now and then there is none."""
    drawn = hashlib.sha256(request.messages[-1]["content"].encode()).digest()[0]
    return Reply(["First is better. [[A]]", "[[B]]", "[[A]]", "I cannot tell."][drawn % 4])


def study() -> Path:
    """A grid of two templates, two styles and two models."""
    with FakeApi(Knowing(load_sample().items)) as api:
        write_card(Path("small.yaml"), api, price=1.0)
        write_card(Path("large.yaml"), api, price=10.0)
        axes = ("--template", "pairwise_v1,pairwise_v2", "--style", "verdict_only,explain_first")
        rmb(
            "ablate",
            *axes,
            "--judge",
            "small.yaml,large.yaml",
            "--limit",
            "12",
            "--yes",
            "--out",
            "study",
            "-q",
        )
    return Path("study/report.html").absolute()


def record(number: int, bad: str, *, losers: int, path: str) -> dict[str, Any]:
    """A record in RMB's layout whose every text holds this; of a list if it has several losers."""
    best, *rest = [
        {"llm_name": f"{bad[:200]} {place}", "answer": f"{bad} answer {place}"} for place in range(losers + 1)
    ]
    turns = [("user", f"{bad} {number}?"), (bad[:200], bad), ("user", "Well?")]
    told = {
        "category_path": f"{'BoN_set' if losers > 1 else 'Pairwise_set'}/{path}",
        "conversation_input": [{"role": role, "content": text} for role, text in turns],
    }
    if losers > 1:
        return {**told, "bon_uid": f"{number} {bad[:200]}", "bon_best": best, "loser_list": rest}
    return {**told, "pair_uid": f"{number} {bad[:200]}", "chosen": best, "reject": rest[0]}


def records() -> list[dict[str, Any]]:
    """A pair for each bad text, and lists of short ones; names of scenarios and goals are bad too, without slashes."""
    found = []
    for number, bad in enumerate(BAD):
        name = bad.replace("/", "∕")[:60]
        found.append(record(number, bad, losers=1, path=f"Helpfulness/{name}/{name}"))
        if bad in SHORT:
            found.append(record(number, bad, losers=3, path=f"Harmlessness/{name}"))
            found.append(record(100 + number, bad, losers=1, path=f"{name}/{name}"))
    return found


def hostile() -> Path:
    """A model that replies badly about bad data, behind a card with a bad name, in a folder with another."""
    Path("bad").mkdir()
    Path(f"bad/{NAME}.json").write_text(json.dumps(records()), encoding="utf-8")
    with FakeApi(badly) as api:
        write_card(Path(f"{NAME}.yaml"), api)
        # LiteLLM cannot send lone surrogates.
        rmb(
            "judge",
            "--judge",
            f"{NAME}.yaml",
            "--transport",
            "direct",
            "--data",
            "bad",
            "--out",
            f"run {NAME}",
            "-q",
        )
    rmb("report", f"run {NAME}", "--size", "50")
    return Path(f"run {NAME}/report.html").absolute()


def badly(request: Request) -> Reply:
    """A verdict, or none, around a bad text."""
    drawn = hashlib.sha256(str(request.messages).encode("utf-8", "surrogatepass")).digest()
    return Reply(f"{BAD[drawn[0] % len(BAD)]} {('[[A]]', '[[B]]', 'neither')[drawn[1] % 3]}")
