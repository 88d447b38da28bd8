"""The report of all of RMB with three judges: its size, the memory it takes, and its time against `rmb compare`'s."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rmb.cards import open_card
from rmb.cli.opening import load_data
from rmb.records import Answer, Item, Usage
from rmb.run.answers import record
from rmb.run.plan import plan
from rmb.scorers import Setup, open_scorer
from rmb.store import Store, answer_key
from rmb.templates import Template
from tests.browsing import Watch
from tests.conftest import CHECKOUT

pytestmark = pytest.mark.slow
SKILLS = {"strong": 0.9, "middling": 0.75, "weak": 0.55}
MOST_MB, MOST_BYTES = 400, 5_000_000
WORDS = (
    "this",
    "that",
    "answer",
    "is",
    "better",
    "clearer",
    "shorter",
    "kinder",
    "and",
    "follows",
    "what",
    "was",
    "asked",
)
SET = """(name, value) => { const field = document.querySelector(`#filter-${name}`); const before = performance.now();
  field.value = value; field.dispatchEvent(new Event("input", { bubbles: true })); document.body.getBoundingClientRect();
  return performance.now() - before; }"""


def simulated(name: str, skill: float, items: tuple[Item, ...], cache: Path) -> None:
    """Puts a reply to every question into the store, as a judge of that skill would give it, with a reason."""
    card = open_card(f"./{name}.yaml")
    template = Template.load("pairwise_v2")
    scorer = open_scorer(card, Setup(template=template, seed=0, items=items, pool=items))
    planned, drawn = plan(items, width=2), random.Random(name)
    best = {showing.best_in: showing.best_place for showing in planned.showings}
    with Store(cache) as store:
        for number, question in enumerate(planned.questions):
            right = drawn.random() < skill
            reason = " ".join(drawn.choices(WORDS, k=drawn.randint(10, 40)))
            verdict = "[[A]]" if right == (best[number] == 0) else "[[B]]"
            usage = Usage(
                prompt_tokens=900, completion_tokens=40, cost_usd=0.002, seconds=drawn.lognormvariate(0, 0.5)
            )
            answer = Answer(f"{reason}. {verdict}", model=name, finish_reason="stop", usage=usage)
            store.put(answer_key(scorer.identity, scorer.request(question)), record(scorer, question, answer))


def measured(*words: str, cache: Path) -> tuple[float, float]:
    """Seconds and peak MB of `rmb` with some words, in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "RMB_CACHE": str(cache)}
    started, most = time.monotonic(), 0.0
    process = subprocess.Popen([sys.executable, "-m", "rmb", *words], stdout=subprocess.DEVNULL, env=env)
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        told = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        most = max(most, int(told[1]) / 1024 if told else 0.0)
        time.sleep(0.02)
    assert process.returncode == 0
    return time.monotonic() - started, most


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_report_of_all_of_rmb(rmb_data: Path, tmp_path: Path, watch: Watch) -> None:
    """Below 5 MB and 400 MB; no slower than `rmb compare`, which shows no item; and quick in the browser."""
    items, cache = load_data(str(rmb_data)).items, tmp_path / "answers"
    for name, skill in SKILLS.items():
        card: dict[str, Any] = {
            "kind": "generative",
            "summary": "For tests.",
            "model": f"openai/{name}",
            "key": None,
        }
        card |= {
            "transport": "direct",
            "base_url": "http://127.0.0.1:9/v1",
            "price": {"input": 2.0, "output": 8.0},
        }
        Path(f"{name}.yaml").write_text(json.dumps(card))
        simulated(name, skill, items, cache)
    judges = [word for name in SKILLS for word in ("--judge", f"./{name}.yaml")]
    measured("judge", *judges, "--data", str(rmb_data), "--out", "runs", "-q", "--no-report", cache=cache)
    runs = [f"runs/{name}" for name in SKILLS]
    compared_s, _ = measured("compare", *runs, cache=cache)
    report_s, peak = measured("report", *runs, "--out", "all.html", cache=cache)
    size = Path("all.html").stat().st_size
    watched = watch(Path("all.html"))
    paint = watched.page.evaluate("performance.getEntriesByType('paint').map((one) => one.startTime)")
    watched.page.locator("#browser tr[data-row]").first.wait_for()
    changes = [
        ("goal", "harmlessness"),
        ("goal", ""),
        ("q", "the"),
        ("q", ""),
        ("outcome", "wrong"),
        ("outcome", ""),
    ]
    took = [watched.page.evaluate(f"([n, v]) => ({SET})(n, v)", list(change)) for change in changes]
    print(
        f"report {report_s:.1f} s ({report_s / compared_s:.2f} × rmb compare), {peak:.0f} MB, {size / 1e6:.2f} MB; "
        f"first paint {min(paint):.0f} ms, filters {min(took):.0f} to {max(took):.0f} ms"
    )
    assert size < MOST_BYTES
    assert peak < MOST_MB
    assert report_s < 1.5 * compared_s
