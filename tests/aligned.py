"""Models for `rmb align` behind a fake API: policies whose samples say how good they are, and judges that look at that.

A sample says "quality 37". Who is asked is told by the name of the model: policies write, every other judges what it sees.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rmb.cli.main import rmb, run
from tests.fake_api import FakeApi, Reply, Request
from tests.test_cli import Ended

QUALITY = re.compile(r"quality (\d+)")
FENCED = re.compile(r"^=== response(?: ([A-Z]))? \S+\n(.*?)(?=^=== )", re.MULTILINE | re.DOTALL)
Taste = Callable[[int], float]
TASTES: Mapping[str, Taste] = {
    "good": float,
    "pairs": float,
    "lists": float,
    "best": float,
    "bad": lambda q: -q,
}
"""What a judge thinks of a quality; the external judge is "jury"."""


def drawn(*words: object) -> int:
    """A number from 0 to 99 that is always the same for the same words."""
    return int(hashlib.sha256(repr(words).encode()).hexdigest()[:8], 16) % 100


@dataclass
class Provider:
    """The script of a FakeApi. down: models that answer 500; after: called with the number of each request."""

    down: set[str] = field(default_factory=set)
    after: Callable[[int], None] = lambda _: None
    asked: Counter[str] = field(default_factory=Counter)
    drawn: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __call__(self, request: Request) -> Reply:
        """A sample or a verdict."""
        model = str(request.body["model"]).removeprefix("openai/")
        self.asked[model] += 1
        self.after(self.asked.total())
        if model in self.down:
            return Reply(status=500)
        text = request.messages[-1]["content"]
        return Reply(self.sample(model, text) if model.startswith("policy") else judged(model, text))

    def sample(self, model: str, text: str) -> str:
        """The next sample to a prompt; a prompt that says "twice" gets few different ones."""
        number = self.drawn[model, text]
        self.drawn[model, text] += 1
        return f"An answer of quality {drawn(model, text, number % 2 if 'twice' in text else number)}"


def judged(model: str, text: str) -> str:
    """The verdict of a judge on what a prompt shows."""
    shown = [int(QUALITY.search(response)[1]) for _, response in FENCED.findall(text)]  # type: ignore[index]
    worth = [TASTES.get(model, float)(quality) for quality in shown]
    if len(worth) == 1:
        return f"Rating: {1 + 9 * (worth[0] % 101) / 100:.2f}"
    order = sorted(range(len(worth)), key=lambda place: -worth[place])
    letters = ["ABCDEFGHIJKLMNOP"[place] for place in order]
    if "Ranking:" in text:
        return "Ranking: " + " > ".join(letters)
    return f"[[{letters[0]}]]"


def write_cards(folder: Path, api: FakeApi, *names: str) -> None:
    """A card for each model, at a price, asked one at a time so that samples come in one order."""
    for name in names:
        lines = [
            *("kind: generative", "summary: For tests.", f"model: openai/{name}", "transport: direct"),
            *(f"base_url: {api.openai_url}", "price: {input: 1, output: 2}", "style: verdict_only"),
            "sampling: {temperature: 0.0, max_tokens: 200, seed: 7}",
            f"limits: {{attempts: 1, concurrency: {1 if name.startswith('policy') else 16}}}",
        ]
        (folder / f"{name}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_lines(path: Path, rows: Sequence[Any]) -> None:
    """A JSONL file; a text among the rows is written as it is."""
    texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")


def prompts(count: int, **more: str) -> list[dict[str, str]]:
    """Lines of a downstream set, with a reference of middling quality."""
    return [
        {"id": f"p{number}", "prompt": f"Question {number}?", "reference": "Known, quality 50", **more}
        for number in range(count)
    ]


def called(*words: str) -> Ended:
    """`rmb align` with some words, in this process; for fixtures that last for a module."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        run(rmb, args=["align", *words], prog_name="rmb")
    assert isinstance(ended.value.code, int)
    return Ended(ended.value.code, out.getvalue(), err.getvalue())


def found_in(folder: Path) -> dict[str, Any]:
    """alignment.json."""
    found: dict[str, Any] = json.loads((folder / "alignment.json").read_text(encoding="utf-8"))
    return found


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
