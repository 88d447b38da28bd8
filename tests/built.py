"""Builds that stand where `rmb build annotate` leaves them: prompts with rated responses, made up from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rmb.build.prompt import Category, Prompt
from rmb.build.rated import Response, response
from rmb.canonical import digest
from rmb.records import Message
from rmb.run.folder import write_lines

PATHS = (
    "Helpfulness/Chat/Discussion",
    "Helpfulness/Code/Documentation",
    "Harmlessness/S1",
    "Harmlessness/multi",
)


def prompt(
    asked: str, path: str = PATHS[0], *, language: str | None = "English", more: Sequence[str] = ()
) -> Prompt:
    """A prompt whose first turn is `asked`; more: further turns, of assistant and user."""
    roles = ("assistant", "user")
    turns = (Message("user", asked), *(Message(roles[at % 2], text) for at, text in enumerate(more)))
    votes = {"votes": [{"judge": "a", "label": path, "answer": "key"}]}
    return Prompt(
        id=digest([turn.content for turn in turns])[:16],
        conversation=turns,
        language=language,
        origin={"file": "source.jsonl", "line": 1},
        category=Category.of(path),
        told={"categorise": votes},
    )


def rated(of: Prompt, ratings: Sequence[float], texts: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Lines of annotate.jsonl: a response to a prompt for each rating, of models m0, m1 and so on."""
    return [
        {
            "id": f"{of.id}/m{place}/0",
            "prompt": of.id,
            "model": f"m{place}",
            "sample": 0,
            "text": texts[place] if texts else f"Response {place} to {of.id}." + "." * place,
            "served": f"m{place}-2026",
            "finish_reason": "stop",
            "answer": f"response-{place}",
            "ratings": [rating],
            "rating": rating,
            "rating_answers": [f"rating-{place}"],
            "key_points": None,
            "key_points_answer": None,
        }
        for place, rating in enumerate(ratings)
    ]


def responses(of: Prompt, ratings: Sequence[float], texts: Sequence[str] | None = None) -> list[Response]:
    """The same as responses, the best first."""
    found = [response(record) for record in rated(of, ratings, texts)]
    return sorted(found, key=lambda one: (-one.rating, one.id))


def made_up(count: int, *, models: int = 8, seed: int = 0) -> tuple[list[Prompt], list[dict[str, Any]]]:
    """Prompts over four categories with responses of many lengths and ratings from 1 to 10 in thirds."""
    draw = random.Random(seed)
    prompts = [prompt(f"Question {number}?", PATHS[number % len(PATHS)]) for number in range(count)]
    lines = []
    for one in prompts:
        texts = [f"{draw.random()} " + "x" * draw.randint(0, 60) for _ in range(models)]
        lines += rated(one, [draw.randint(3, 30) / 3 for _ in range(models)], texts)
    return prompts, lines


def write_build(
    place: Path, prompts: Iterable[Prompt], lines: Iterable[Mapping[str, Any]], sections: str = ""
) -> Path:
    """A build's folder with these files, and a build.yaml that says `sections`."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "build.yaml").write_text(f"source: source.jsonl\n{sections}\n", encoding="utf-8")
    for name, records in (
        ("filter", [one.to_json() for one in prompts]),
        ("respond", []),
        ("annotate", lines),
    ):
        write_lines(place / f"{name}.jsonl", records)
    return place
