"""The difficulty filter: prompts on which weak and strong models differ go on; nothing is bought twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rmb.build import annotate, respond
from rmb.build.desk import Desk
from rmb.build.difficulty import Judged, difficulty, rated, sorted_out
from rmb.build.made import Dropped
from rmb.build.prompt import Prompt
from rmb.build.rating import Rating
from rmb.build.recipe import Difficulty, Recipe
from rmb.cards import open_card
from rmb.errors import UsageError
from rmb.records import Failure
from rmb.run.folder import write_lines
from rmb.scorers.budget import Budget
from rmb.store import Store
from tests.builders import Listener
from tests.building import stage_of, told, write_model
from tests.fake_api import FakeApi, Reply, Request
from tests.test_build_respond import prompt

WORTH = {"easy": (5, 5), "hard": (3, 8), "odd": (7, 4), "torn": (5, 5), "unsafe": (6, 9)}
"""What the first weak model's and the strong model's response to a prompt are worth; on "torn" the weak ones differ."""
PROMPTS = [prompt(asked, at) for at, asked in enumerate(WORTH)]
NAMES = {one.conversation[-1].content: one.id for one in PROMPTS}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of the test's own."""
    with Store(tmp_path / "answers") as opened:
        yield opened


def desk(store: Store, **more: Any) -> Desk:
    """What a stage asks through."""
    return Desk(lambda *_: nullcontext(Listener()), store, card=open_card, budget=Budget(), **more)


def writes(request: Request) -> Reply:
    """Responses by WORTH, points, and ratings by the quality in a response."""
    stage, said = stage_of(request), request.messages[-1]["content"]
    if stage == "key_points":
        return Reply("1. (weight 3) It is right.")
    if stage == "rate":
        return Reply(f"Rating: {told(said)}")
    weak, strong = WORTH[said]
    model = request.body["model"]
    quality = strong if model == "strong" else weak
    if said == "torn":
        quality = {"weak": 4, "other": 6}.get(str(model), 5)
    return Reply(f"An answer (quality {quality})")


def recipe(place: Path, api: FakeApi, **more: Any) -> Recipe:
    """Two weak models and a strong one, which answer for `respond` as well; a judge for both stages."""
    weak, other, strong, judge = (
        write_model(place, name, api) for name in ("weak", "other", "strong", "judge")
    )
    how = {"weak": [weak, other], "strong": [strong], "judge": judge, "gap": 2.0, "spread": 2.0, **more}
    return Recipe.model_validate(
        {
            "source": "source.jsonl",
            "filter": {"difficulty": how},
            "respond": {"models": [strong, weak]},
            "annotate": {"judge": judge, "samples": 2},
        }
    )


def test_prompts_go_on_where_models_differ(tmp_path: Path, store: Store) -> None:
    """By the gap of the groups, either way, or by the spread of any two; the others are easy, with the ratings."""
    with FakeApi(writes) as api:
        asked = desk(store)
        kept, dropped, waiting = asyncio.run(difficulty(PROMPTS, recipe(tmp_path, api), asked, tmp_path))
        assert asked.errors == []
    assert [one.id for one in kept] == [NAMES[name] for name in ("hard", "odd", "torn", "unsafe")]
    assert dropped == [Dropped(NAMES["easy"], "easy", "weak 5, other 5, strong 5")]
    assert waiting == 0
    assert kept[0].told["difficulty"] == {
        "ratings": {"weak": 3, "other": 3, "strong": 8},
        "gap": 5.0,
        "spread": 5.0,
    }
    gaps = [one.told["difficulty"]["gap"] for one in kept]  # type: ignore[index, call-overload]
    assert gaps == [5, -3, 0, 3]


def test_nothing_is_bought_twice(tmp_path: Path, store: Store) -> None:
    """`respond` finds the responses of the filter's models, `annotate` its points and first ratings."""
    with FakeApi(writes) as api:
        how = recipe(tmp_path, api)
        kept, _, _ = asyncio.run(difficulty(PROMPTS, how, desk(store), tmp_path))
        asked = [stage_of(one) for one in api.requests]
        # Both weak models say the same but for one prompt, and a judge is asked only once about the same text.
        assert (asked.count("respond"), asked.count("key_points")) == (15, 5)
        write_lines(tmp_path / "filter.jsonl", [one.to_json() for one in kept])
        made = asyncio.run(respond.make(tmp_path, how, desk(store)))
        assert (len(api.requests), len(made.records)) == (len(asked), 8)
        write_lines(tmp_path / "respond.jsonl", made.records)
        made = asyncio.run(annotate.make(tmp_path, how, desk(store)))
        assert len(made.records) == 8
        assert [stage_of(one) for one in api.requests[len(asked) :]] == ["rate"] * 8
        again = asyncio.run(difficulty(PROMPTS, how, desk(store), tmp_path))
        assert (again[0], len(api.requests)) == (kept, len(asked) + 8)


def script(fails: Callable[[Request], Reply | None]) -> Callable[[Request], Reply]:
    """The usual replies, but for some requests."""
    return lambda request: fails(request) or writes(request)


def about(asked: str, model: str, reply: Reply) -> Callable[[Request], Reply | None]:
    """A reply to what is said of a prompt to a model."""

    def fails(request: Request) -> Reply | None:
        mine = request.body["model"] == model and asked in request.messages[-1]["content"]
        return reply if mine else None

    return fails


CUT, FILTERED = Reply("Cut", finish_reason="length"), Reply("", finish_reason="content_filter")


@pytest.mark.parametrize(
    ("asked", "model", "reply", "detail"),
    [
        ("hard", "judge", Reply("Rather not."), "weak unrated, other unrated, strong unrated"),
        ("hard", "strong", FILTERED, "weak 3, other 3, strong content_filter"),
        ("easy", "strong", CUT, "weak 5, other 5, strong truncated"),
    ],
)
def test_where_nobody_can_say_the_prompt_is_unrated(
    tmp_path: Path, asked: str, model: str, reply: Reply, detail: str
) -> None:
    """A group without a rating has no mean; nothing is put in its place."""
    with FakeApi(script(about(asked, model, reply))) as api, Store(tmp_path / "answers") as store:
        found = asyncio.run(difficulty(PROMPTS, recipe(tmp_path, api), desk(store), tmp_path))
    assert {one.id: one.detail for one in found[1] if one.reason == "unrated"} == {NAMES[asked]: detail}
    assert found[2] == 0


def test_a_model_without_a_rating_is_left_out_of_its_group(tmp_path: Path, store: Store) -> None:
    """The others of the group stand for it, and the prompt tells why."""
    with FakeApi(script(about("hard", "weak", Reply("")))) as api:
        kept, _, _ = asyncio.run(difficulty(PROMPTS, recipe(tmp_path, api), desk(store), tmp_path))
    [hard] = [one for one in kept if one.id == NAMES["hard"]]
    assert hard.told["difficulty"] == {
        "ratings": {"weak": None, "other": 3, "strong": 8},
        "gap": 5.0,
        "spread": 5.0,
        "failed": {"weak": "empty"},
    }


def test_what_the_run_did_not_answer_waits(tmp_path: Path, store: Store) -> None:
    """One model down: prompts are neither kept nor dropped, and then only what is missing is asked."""
    down = about("", "strong", Reply(status=401, error={"message": "no"}))
    with FakeApi(script(lambda request: down(request) if up[0] is False else None)) as api:
        up = [False]
        ended = desk(store)
        found = asyncio.run(difficulty(PROMPTS, recipe(tmp_path, api), ended, tmp_path))
        assert found == ([], [], 5)
        assert ended.errors
        up[0], asked = True, len(api.requests)
        kept, dropped, waiting = asyncio.run(
            difficulty(PROMPTS, recipe(tmp_path, api), desk(store), tmp_path)
        )
        assert (len(kept), len(dropped), waiting) == (4, 1, 0)
        assert [one.body["model"] for one in api.requests[asked:]].count("weak") == 0


def test_a_dry_run_says_what_may_come_later(tmp_path: Path, store: Store) -> None:
    """Ratings of responses that are not there yet; nothing is asked."""
    with FakeApi(writes) as api:
        dry = desk(store, dry=True)
        found = asyncio.run(difficulty(PROMPTS, recipe(tmp_path, api, samples=3), dry, tmp_path))
        assert (found, api.requests) == (([], [], 5), [])
    assert [(one.who, len(one.questions)) for one in dry.wanted] == [
        *(("weak", 5), ("other", 5), ("strong", 5), ("judge", 0))
    ]
    assert {seat.name: count for seat, count in dry.owed.items()} == {"judge": 45}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"weak": ["nobody"]}, "build.yaml, filter.difficulty.weak: no judge 'nobody'"),
        ({"strong": ["longest"]}, "filter.difficulty.strong: longest writes nothing"),
        ({"judge": "./absent.yaml"}, "filter.difficulty.judge: no judge file"),
        ({"strong": ["./weak.yaml"]}, "filter.difficulty: 2 cards are called weak"),
    ],
)
def test_a_wrong_name_is_told_before_anything_is_asked(
    tmp_path: Path, store: Store, more: dict[str, Any], message: str
) -> None:
    """With the key of build.yaml that holds it."""
    with FakeApi(writes) as api, pytest.raises(UsageError, match=message):
        asyncio.run(difficulty(PROMPTS, recipe(tmp_path, api, **more), desk(store), tmp_path))
    assert api.requests == []


def test_without_difficulty_all_prompts_go_on(store: Store) -> None:
    """Nobody is asked."""
    found = asyncio.run(difficulty(PROMPTS, Recipe(source="x"), desk(store)))
    assert found == (PROMPTS, [], 0)


OUT, UNSAID = Failure("transport"), Failure("parse")


@pytest.mark.parametrize(
    ("said", "weak", "ends"),
    [
        ([4.0, 6.0], 1, "kept"),
        ([4.0, 5.9], 1, "easy"),
        ([6.0, 4.0], 1, "kept"),
        ([4.0, 7.0, 5.5], 2, "kept"),
        ([4.0, 6.9, 5.5], 2, "easy"),
        ([UNSAID, 6.0, 5.5], 2, "easy"),
        ([2.0, 6.0, UNSAID], 2, "kept"),
        ([3.0, 5.0, UNSAID], 2, "unrated"),
        ([UNSAID, 5.0], 1, "unrated"),
        ([OUT, 9.0, 1.0], 1, "waiting"),
        ([OUT, UNSAID], 1, "waiting"),
    ],
)
def test_the_rule(said: list[float | Failure], weak: int, ends: str) -> None:
    """A gap of 2 or more between the groups' means, or of 3 between any two models."""
    how = Difficulty(weak=("w",), strong=("s",), judge="j", gap=2, spread=3)
    one = Judged(Prompt("p", ()), {str(at): value for at, value in enumerate(said)}, weak)
    kept, dropped, waiting = sorted_out([one], how)
    found = SimpleNamespace(kept=len(kept), waiting=waiting, **{each.reason: 1 for each in dropped})
    assert getattr(found, ends) == 1
    assert len(kept) + len(dropped) + waiting == 1


def test_a_rating_with_a_sample_missing_waits() -> None:
    """Though another sample gave one: it is the mean of all that were answered."""
    assert rated(Rating((5.0,), failures=(UNSAID, OUT)), 1) == OUT
    assert rated(Rating((5.0, 6.0), failures=(UNSAID,)), 1) == 5.5
    assert rated(Rating((5.0,), failures=(UNSAID,)), 2) == Failure(
        "unrated", "1 of 2 samples gave a rating (parse 1)"
    )
