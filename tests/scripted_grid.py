"""A provider whose models are as good as their prompts: known effects for studies to find.

Whatever it is asked about the bundled sample, it finds the two responses in the prompt, knows which is the better one,
and is right with a probability that depends on model, template and style; criteria do nothing but noise.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rmb.records import Item
from tests.fake_api import FakeApi, Reply, Request

SHOWN = re.compile(
    r"^=== response (?P<a>[AB]) \S+\n(?P<fenced>.*?)\n(?==== )|^Response (?P<b>[AB]): (?P<plain>.*?)(?=\n\nResponse B: |\Z)",
    re.MULTILINE | re.DOTALL,
)
STYLES = {
    "Reply with": "verdict_only",
    "First explain": "explain_first",
    "Begin with the answer": "answer_first",
}


def template_of(text: str) -> str:
    """The template that a prompt was made with."""
    if "Call it a tie" in text:
        return "pairwise_tie_v1"
    return "pairwise_v1" if text.startswith("You are given") else "pairwise_v2"


def style_of(text: str) -> str:
    """The style that a prompt asks for."""
    return next((name for words, name in STYLES.items() if words in text), "")


def shown(text: str) -> dict[str, str]:
    """The responses in a prompt, by letter."""
    return {
        found["a"] or found["b"]: (found["fenced"] if found["a"] else found["plain"]).strip()
        for found in SHOWN.finditer(text)
    }


def draw(*words: str) -> float:
    """A number in [0, 1) that is always the same for the same words."""
    return int(hashlib.sha256("\0".join(words).encode()).hexdigest()[:12], 16) / 16**12


def chance_of_right(model: str, template: str, style: str) -> float:
    """The planted effects: pairwise_v2 is much better, the large model too; to explain helps the small one alone."""
    right = 0.55
    right += 0.25 if template == "pairwise_v2" else 0.0
    right += 0.15 if model.endswith("large") else 0.0
    right += 0.15 if style == "explain_first" and model.endswith("small") else 0.0
    return right


class Knowing:
    """The script: one for FakeApi."""

    def __init__(self, items: Iterable[Item]) -> None:
        """items: whose labels it knows."""
        self.better = {
            (item.candidates[item.best].text.strip(), other.text.strip())
            for item in items
            for place, other in enumerate(item.candidates)
            if place != item.best
        }

    def __call__(self, request: Request) -> Reply:
        """The verdict."""
        text = "\n".join(message["content"] for message in request.messages)
        responses = shown(text)
        pair = (responses["A"], responses["B"])
        best, worse = ("A", "B") if pair in self.better else ("B", "A")
        assert best == "A" or pair[::-1] in self.better, f"a pair that is none of the sample: {pair}"
        how = (str(request.body["model"]), template_of(text), style_of(text))
        # A fifth of the verdicts depends on every word of the prompt, criteria too, and none on their sense.
        noise = text if draw("noisy", *how, text) < 0.2 else ""
        right = draw(*how, *pair, noise) < chance_of_right(*how)
        return Reply(f"[[{best if right else worse}]]")


def write_card(path: Path, api: FakeApi, *, price: float = 1.0, at_once: int = 16, key: str = "") -> None:
    """A card for a model that goes by the file's name, at a price for a million tokens."""
    lines = [
        "kind: generative",
        "summary: For tests.",
        f"model: openai/{path.stem}",
        f"base_url: {api.openai_url}",
        f"price: {{input: {price}, output: {price}}}",
        f"limits: {{attempts: 1, concurrency: {at_once}}}",
        *([f"key: {key}"] if key else []),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def bodies(api: FakeApi) -> Counter[str]:
    """How often the API was asked each thing."""
    return Counter(json.dumps(request.body, sort_keys=True) for request in api.requests)
