"""Models with known effects of criteria and of method: one that heeds some of both, one to which nothing matters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.fake_api import FakeApi, Reply, Request
from tests.scripted_grid import draw, shown
from tests.test_compare_command import pair_record, write_records

CRITERIA = {
    "A good response does what the user asks": "general",
    "Judge by what matters in a request of this kind": "scenario",
    "Judge by these criteria, which were written": "query",
}
STYLES = {
    "Look at it once more": "rethink",
    "Here is how such questions were decided": "few_shot",
    "Reply with": "verdict_only",
    "First explain": "explain_first",
    "Work step by step": "step_by_step",
    "fixed rubric": "rubric",
}
PLANTED: Mapping[tuple[str, str], float] = {("criteria", "general"): 0.2, ("style", "rubric"): -0.2}
"""What a level is worth to the keen model, against none and verdict_only; all others nothing, and to the calm one all."""
NOISE = 0.02
"""The share of questions on which the calm model's verdict depends on the prompt, and not on its sense."""
PATH = "Helpfulness/Chat/Casual Conversation"


def how(text: str) -> tuple[str, str]:
    """The criteria and the style that a prompt was made with."""
    found = [
        next((name for words, name in names.items() if words in text), "none") for names in (CRITERIA, STYLES)
    ]
    return found[0], found[1]


def verdict(request: Request) -> Reply:
    """What a model says: the script for FakeApi."""
    text = "\n".join(message["content"] for message in request.messages)
    if "Write three to five criteria" in text:
        return Reply("It says so itself.")
    model, (criteria, style), responses = str(request.body["model"]), how(text), shown(text)
    pair = responses["A"].rpartition(" ")[2]
    best, worse = ("A", "B") if responses["A"].startswith("good") else ("B", "A")
    if is_right(model, criteria, style, pair):
        return Reply(f"{thoughts(style)}[[{best}]]")
    # A rubric's marks, and then no verdict: half of what the keen model gets wrong.
    broken = model == "keen" and style == "rubric" and draw("form", criteria, pair) < 0.5
    return Reply("Task: A 2/3, B 1/3." if broken else f"{thoughts(style)}[[{worse}]]")


def is_right(model: str, criteria: str, style: str, pair: str) -> bool:
    """Whether a model gets a pair right, asked in one way."""
    if model == "keen":
        chance = 0.6 + PLANTED.get(("criteria", criteria), 0.0) + PLANTED.get(("style", style), 0.0)
        return draw("keen", criteria, style, pair) < chance
    noisy = draw("noisy", criteria, style, pair) < NOISE
    return draw(model, pair, *((criteria, style) if noisy else ())) < 0.6


def thoughts(style: str) -> str:
    """What stands before the verdict: marks of a rubric, or steps, which cost tokens."""
    if style == "verdict_only":
        return ""
    return "Task: A 2/3, B 3/3. Truth: A 3/3, B 1/3.\n" if style == "rubric" else "First, what is asked. " * 4


def write_pairs(folder: Path, count: int) -> None:
    """Pairs on conversations of their own, of a scenario that has criteria, as data/ below a folder."""
    pairs = [pair_record(number, f"good {number}", f"bad {number}", path=PATH) for number in range(count)]
    write_records(str(folder / "data/Pairwise_set/Helpfulness/Chat/Casual.json"), pairs)


def write_card(file: Path, api: FakeApi) -> None:
    """A card for the model that goes by the file's name, asked without LiteLLM."""
    lines = [
        "kind: generative",
        "summary: For tests.",
        f"model: openai/{file.stem}",
        "transport: direct",
        f"base_url: {api.openai_url}",
        "price: {input: 1.0, output: 10.0}",
        "limits: {attempts: 1, concurrency: 16}",
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
