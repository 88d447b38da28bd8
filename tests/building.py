"""What the tests of `rmb build` share: prompts in WildChat's form, and an API that answers every stage.

The quality of what a model writes stands in it, so that a rating can be told right from wrong:

    with FakeApi(Scripted()) as api:
        write_source(Path("source.jsonl"), 240)
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rmb.datasets.rmb import load_sample
from tests.fake_api import FakeApi, Reply, Request

SCENARIOS = sorted({item.path[0].upper() + item.path[1:] for item in load_sample().items})
"""RMB's 49, as in its folders: "Helpfulness/Chat/Discussion", "Harmlessness/S1"."""
TAG = re.compile(r"\[((?:Helpfulness|Harmlessness)/[^]|]+)(?:\|([^]]+))?\]")
"""Stands in a conversation: its category, and another that some categorisers would say."""
QUALITY = re.compile(r"\(quality (\d+)\)")
RESPONSES = re.compile(r"^=== response(?: ([A-Z]))? \w+\n(.*?)(?=^=== )", re.MULTILINE | re.DOTALL)
BASE: Mapping[str, int] = {"weak": 3, "middle": 5, "strong": 7}
"""The quality of a model of that name, in the middle; any other draws its own."""
POINTS = "1. (weight 3) It does what the tag asks for.\n2. (weight 1) It says no more than that."


def draw(most: int, *parts: object) -> int:
    """A whole number below `most` that is always the same for the same parts."""
    return int(hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:8], 16) % most


def quality(model: str, asked: str) -> int:
    """From 1 to 10: what a model's response to a prompt is worth."""
    base = BASE.get(model) or 3 + draw(5, "base", model)
    return min(10, max(1, base + draw(5, "quality", model, asked) - 2))


class Scripted:
    """A script for FakeApi that tells by the prompt which stage is asking, and answers in its form.

    Categorisers find the tag; where there are two, one in three finds the other one. Responses say how good they are.
    Ratings are that number, and now and then one more or less, otherwise at each time of asking. Judges of pairs
    and lists prefer the better one. asked: how often each stage was.
    """

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.asked: Counter[str] = Counter()
        self.times: Counter[str] = Counter()

    def __call__(self, request: Request) -> Reply:
        """The reply to a request."""
        stage = stage_of(request)
        self.asked[stage] += 1
        return Reply(getattr(self, stage)(str(request.body["model"]), request.messages))

    def categorise(self, model: str, messages: Sequence[Mapping[str, str]]) -> str:
        """The category that the conversation is tagged with."""
        tag = TAG.search(messages[-1]["content"])
        if tag is None:
            return "There is no tag.\n\nCategory: none"
        other = tag[2] and draw(3, "doubt", model, tag[0]) == 0
        return f"The tag says it.\n\nCategory: {tag[2] if other else tag[1]}"

    def respond(self, model: str, messages: Sequence[Mapping[str, str]]) -> str:
        """A response of the model's quality, whose length says nothing of it."""
        asked = messages[-1]["content"]
        words = f"As {model} sees it, " + "this is one more step. " * (1 + draw(9, "length", model, asked))
        return f"{words}That is what I have to say to you (quality {quality(model, asked)})."

    def key_points(self, model: str, messages: Sequence[Mapping[str, str]]) -> str:
        """The same points for every conversation."""
        return POINTS

    def rate(self, model: str, messages: Sequence[Mapping[str, str]]) -> str:
        """The quality of the response, with chance in it."""
        user = messages[-1]["content"]
        self.times[user] += 1
        chance = (0, 0, 1, 0, -1)[draw(5, "chance", model, user, self.times[user])]
        return f"It meets most of the points.\n\nRating: {min(10, max(1, told(shown(user)[0]) + chance))}"

    def prefer(self, model: str, messages: Sequence[Mapping[str, str]]) -> str:
        """The better of two responses."""
        first, second = map(told, shown(messages[-1]["content"]))
        return f"One is better.\n\n[[{'A' if first >= second else 'B'}]]"

    def rank(self, model: str, messages: Sequence[Mapping[str, str]]) -> str:
        """All responses, the best first."""
        worth = {"ABCDEFGHIJ"[at]: told(text) for at, text in enumerate(shown(messages[-1]["content"]))}
        return f"[[{' > '.join(sorted(worth, key=lambda letter: -worth[letter]))}]]"


def stage_of(request: Request) -> str:
    """The method of Scripted that a request is for."""
    said = "\n".join(message["content"] for message in request.messages)
    count = len(shown(said))
    if count:
        return "rate" if count == 1 else "prefer" if "[[A]]" in said else "rank"
    if "=== conversation" in said and "(weight 3)" in said:
        return "key_points"
    return "categorise" if "Category:" in said else "respond"


def shown(user: str) -> list[str]:
    """The responses that a judge is shown."""
    return [text for _, text in RESPONSES.findall(user)]


def told(response: str) -> int:
    """The quality that a response says it has at its end; 1 if it says none."""
    found = QUALITY.findall(response)
    return int(found[-1]) if found else 1


def write_model(folder: Path, name: str, api: FakeApi, **more: Any) -> str:
    """A card of a model behind the fake API, asked without LiteLLM, at the ledger's prices; gives its path."""
    card = {
        "kind": "generative",
        "summary": "For tests.",
        "model": f"openai/{name}",
        "transport": "direct",
        "base_url": api.openai_url,
        "price": {"input": 1.0, "output": 2.0},
        "limits": {"concurrency": 8, "attempts": 1, "deadline_s": 20},
    }
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({**card, **more}), encoding="utf-8")
    return f"./{name}.yaml"


ASKS = (
    "Please walk me through",
    "I would like your help with",
    "Give me an honest opinion about",
    "Can you sort out for me",
    "My sister wants to know more about",
    "For a talk next Tuesday I need",
    "Explain to a curious child",
    "Write three careful sentences on",
    "Which mistakes do beginners make with",
    "Compare two common ways of handling",
    "Draft a friendly note that deals with",
    "Tell me what an expert would say of",
)
TOPICS = (
    "a leaking kitchen tap that drips all night",
    "the opening chapter of a sea novel",
    "a spreadsheet of last winter's heating bills",
    "an old bicycle with a loose chain",
    "the long border between two small states",
    "a recipe for rye bread without any yeast",
    "the grading of forty history essays",
    "a stubborn cat that wakes everyone before dawn",
    "the moons of the outer planets",
    "a contract for renting a market stall",
    "the rules of a card game from Bavaria",
    "a loop that never ends in my script",
    "the poems of a forgotten lighthouse keeper",
    "a quarrel over the hedge with our neighbour",
    "the sorting of mail in a busy village",
    "a train journey through four countries in May",
    "the price of copper over ten years",
    "a choir that sings slightly out of tune",
)
DETAILS = (
    "since the usual handbook says nothing useful",
    "although I have only twenty minutes left",
    "because my grandmother used to do it otherwise",
    "while keeping the cost under thirty crowns",
    "as if nobody had ever tried it before",
    "and mention what surprised you the most",
    "with one example taken from daily life",
    "before the committee meets again on Friday",
    "so that even a tired reader can follow",
    "without any of the fashionable technical words",
    "and say plainly where you are unsure",
    "given that two earlier attempts have failed",
    "in the manner of a patient teacher",
    "and end with a question for me",
)
CLOSINGS = (
    "Thank you in advance for the trouble.",
    "I have already searched the library shelves.",
    "Nothing fancy, the plain version will do.",
    "Answer as though we had met once.",
    "My notes on this are a complete mess.",
    "Be frank, I can take some criticism.",
    "It is for the evening class I teach.",
    "We can go deeper another day.",
    "A short list would be the best form.",
    "Somebody on the radio claimed the opposite.",
    "I promised an answer by lunch time.",
)


def conversations(n: int, *, seed: int = 0) -> list[tuple[str, str]]:
    """Texts with the scenario that each is tagged with, all scenarios in turn; no two share more than two parts of four.

    n: up to 600. Some, one in 16, have a second tag that categorisers may fall for.
    """
    rng, found, taken = random.Random(seed), list[tuple[str, str]](), set[frozenset[str]]()
    while len(found) < n:
        parts = [rng.choice(part) for part in (ASKS, TOPICS, DETAILS, CLOSINGS)]
        three = {frozenset(parts) - {part} for part in parts}
        if three & taken:
            continue
        taken |= three
        at = len(found)
        path, other = SCENARIOS[at % 49], SCENARIOS[(at + 7) % 49]
        tag = f"[{path}|{other}]" if at % 16 == 15 else f"[{path}]"
        ask, topic, detail, closing = parts
        found.append((f"{ask} {topic}, {detail}. {closing} {tag}", path))
    return found


def record(text: Any, *, language: str = "English", turns: Sequence[str] = ()) -> dict[str, Any]:
    """A record in WildChat's form, with a model's answer to the last turn. turns: said before, by user and assistant."""
    said = [*turns, text, "Here is what a model once said."]
    roles = ["user", "assistant"] * len(said)
    conversation = [
        {"role": role, "content": content, "language": language}
        for role, content in zip(roles, said, strict=False)
    ]
    digest = hashlib.md5(repr(said).encode(), usedforsecurity=False).hexdigest()
    return {
        "conversation_hash": digest,
        "model": "gpt-4-0314",
        "conversation": conversation,
        "turn": len(said) // 2,
        "language": language,
    }


MARK = "[Helpfulness/Chat/Discussion]"
BAD: Sequence[Any] = (
    {"conversation": [], "language": "English"},
    {"language": "English"},
    {"conversation": [{"role": "user"}], "language": "English"},
    {"conversation": [{"role": "assistant", "content": "Hello?"}], "language": "English"},
    record(f"Bitte erkläre mir die Uhr am Rathaus, ganz in Ruhe. {MARK}", language="German"),
    record(f"Tell me about the town hall clock {MARK} " + "and so on and on " * 6_000),
    record("?"),
    record("1234 5678 9012 3456 " * 12 + MARK),
    record(None),
    ["no", "object"],
)
"""Records that are not to become items: fields missing, no user's turn, another language, 100 kB, nothing but digits."""


def write_source(path: Path, n: int, *, seed: int = 0) -> list[str]:
    """Writes n good prompts, then BAD, a line that is no JSON, a copy and a near copy; gives the good texts.

    One in ten has a turn of the user's and the assistant's before it.
    """
    texts = [text for text, _ in conversations(n, seed=seed)]
    before = ("Good morning to you.", "Good morning! What can I do?")
    records = [record(text, turns=before if at % 10 == 9 else ()) for at, text in enumerate(texts)]
    copy, near = record(texts[0]), record(texts[1].replace(" [", " Please. ["))
    lines = [json.dumps(one, ensure_ascii=False) for one in (*records, *BAD, copy, near)]
    path.write_text("\n".join([*lines, '{"conversation": [', ""]), encoding="utf-8")
    return texts
