"""The stage `assemble`: what rated responses become, and what holds of it whatever they are."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.build import layout
from rmb.build.assemble import Drawn, assembled, in_files
from rmb.build.contamination import Known
from rmb.build.prompt import Category, Prompt
from rmb.build.rated import response
from rmb.build.recipe import Assemble, Recipe, blank, read
from rmb.cli.main import rmb
from rmb.datasets.rmb import load
from rmb.errors import DataError, RmbError
from tests.built import PATHS, made_up, prompt, rated, write_build

NOTHING_KNOWN = Known(13, {}, {})
ONE = prompt("What is a quine?")


def assemble(
    prompts: Sequence[Prompt],
    lines: Sequence[Mapping[str, Any]],
    recipe: Assemble | None = None,
    seed: int = 0,
) -> Drawn:
    """What is made of prompts and lines of annotate.jsonl."""
    return assembled(prompts, list(map(response, lines)), recipe or Assemble(), NOTHING_KNOWN, seed)


def rmb_build(*words: str, code: int = 0) -> str:
    """What `rmb build` says; the exit code is as stated."""
    result = CliRunner().invoke(rmb, ["build", *words], standalone_mode=False)
    error = result.exception
    if error and not isinstance(error, RmbError):
        raise error
    assert (error.exit_code if isinstance(error, RmbError) else result.return_value or 0) == code, (
        result.output
    )
    return str(error or result.output)


# What holds of all that is assembled

RATINGS = st.lists(st.integers(1, 12).map(lambda number: number / 2), min_size=0, max_size=8)
SETTINGS = st.builds(
    Assemble,
    pair_gap=st.sampled_from([0.5, 1.0, 2.5]),
    pairs_per_prompt=st.integers(3, 10),
    list_margin=st.sampled_from([0.5, 1.5]),
    losers=st.sampled_from([(2, 2), (2, 6), (3, 4)]),
    lists_per_prompt=st.integers(1, 4),
    longer=st.sampled_from([None, 0.0, 0.4, 1.0]),
    generator=st.sampled_from([None, 0.1, 0.4]),
    test=st.sampled_from([0.0, 0.3, 1.0]),
)


@settings(max_examples=60, deadline=None)
@given(ratings=st.lists(RATINGS, max_size=9), recipe=SETTINGS, seed=st.integers(0, 3))
def test_what_is_assembled_keeps_its_promises(
    ratings: list[list[float]], recipe: Assemble, seed: int
) -> None:
    """Margins, gaps, caps, texts, splits, ids and shares, whatever the ratings and the recipe."""
    prompts = [prompt(f"Question {at}", PATHS[at % len(PATHS)]) for at in range(len(ratings))]
    lines = [line for one, numbers in zip(prompts, ratings, strict=True) for line in rated(one, numbers)]
    found = assemble(prompts, lines, recipe, seed)
    again = assemble(prompts[::-1], lines[::-1], recipe, seed)
    assert (again.contests, again.dropped, again.said) == (found.contests, found.dropped, found.said)
    contests = [one for _, one in found.contests]
    for one in contests:
        least = recipe.pair_gap if one.set == "pairwise" else max(recipe.list_margin, recipe.pair_gap)
        assert one.gap >= least - 1e-9
        assert one.winner.text not in {loser.text for loser in one.losers}
        assert one.set == "pairwise" or recipe.losers[0] <= len(one.losers) <= recipe.losers[1]
    for name in {one.prompt.id for one in contests}:
        mine = [one for one in contests if one.prompt.id == name]
        listed = [one.winner.id for one in mine if one.set == "bon"]
        assert len(mine) - len(listed) <= recipe.pairs_per_prompt
        assert len(listed) == len(set(listed)) <= recipe.lists_per_prompt
        assert len({where for where, one in found.contests if one.prompt.id == name}) == 1
    assert len({one.id for one in contests}) == len(contests)
    unpaired = {pair for one in contests for pair in one.comparisons} - {
        one.comparisons[0] for one in contests if one.set == "pairwise"
    }
    assert not unpaired or recipe.longer is not None or recipe.generator is not None
    assert {where for where, _ in found.contests} <= ({"train"} if recipe.test == 0 else {"test", "train"})
    assert layout.findings(in_files([(uid, *one) for uid, one in enumerate(found.contests)])) == []


# What is left out


def test_responses_that_cannot_be_told_apart_are_left_out() -> None:
    """Empty ones, all but one of the same text, and those to prompts that went out of the build."""
    lines = rated(ONE, [9, 1, 9, 5], ["same", "other", "same", "  "]) + rated(prompt("Gone"), [1, 9])
    found = assemble([ONE, prompt("Silent"), prompt("Flat")], lines + rated(prompt("Flat"), [5, 5]))
    assert Counter(one.reason for one in found.dropped) == {
        "empty": 1,
        "same-text": 1,
        "no-prompt": 1,
        "unrated": 1,
        "no-gap": 1,
    }
    assert [(one.winner.text, one.losers[0].text) for _, one in found.contests] == [("same", "other")]


@pytest.mark.parametrize(
    "path", ["../x", "Goal/..", "Goal/.hidden", "Goal/a\\b", "Goal/a\n", "C:/x", "Goal/ x"]
)
def test_categories_lead_nowhere_else(path: str) -> None:
    """A category that is no plain name of a file is refused, before anything is written."""
    with pytest.raises(DataError, match="cannot be a file's path"):
        layout.check(Category.of(path))


# The command


RECIPE = "assemble: {longer: 0.55, generator: 0.3, test: 0.5, against: [./known.jsonl], ngram: 3}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 60 prompts, assembled; one of them is in a benchmark already."""
    prompts, lines = made_up(60)
    place = tmp_path_factory.mktemp("build") / "mine"
    known = prompt("What\u2028did the\x85fox say?", "Harmlessness/S1")
    write_build(place, [*prompts, known], [*lines, *rated(known, [1, 9])], RECIPE)
    (place / "known.jsonl").write_text('{"text": "What did the fox say"}', encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RMB_CACHE", str(place.parent / "cache"))
        rmb_build("assemble", str(place), "-q")
    return place


def texts(place: Path) -> dict[str, bytes]:
    """Every file of a benchmark, and the stage's records."""
    files = [
        *sorted((place / "benchmark").rglob("*.*")),
        place / "assemble.jsonl",
        place / "assemble.dropped.jsonl",
    ]
    return {str(path.relative_to(place)): path.read_bytes() for path in files}


def test_the_benchmark_is_rmb_data_and_clean(built: Path) -> None:
    """Exactly RMB's keys, ids of its own for every item over both sets and splits, and nothing for lint."""
    from rmb.datasets.files import json_files
    from rmb.datasets.lint import lint

    loaded = load(built / "benchmark")
    assert lint(loaded.items, json_files(built / "benchmark")) == []
    assert loaded.notices == ()
    assert len({one.id.partition("/")[2] for one in loaded.items}) == len(loaded.items) > 100
    splits = [
        {one.conversation for one in load(built / "benchmark" / name).items} for name in ("test", "train")
    ]
    assert not splits[0] & splits[1]
    assert all(splits)


def test_every_item_tells_where_it_comes_from(built: Path) -> None:
    """Source, votes, responses, ratings and answers in provenance.jsonl, which assemble.jsonl repeats."""
    text = (built / "benchmark/provenance.jsonl").read_text(encoding="utf-8")
    assert text == (built / "assemble.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    loaded = {one.id: one for one in load(built / "benchmark").items}
    assert {f"{one['set']}/{one['uid']}" for one in lines} == set(loaded)
    for one in lines:
        item = loaded[f"{one['set']}/{one['uid']}"]
        assert one["category"].casefold() == item.path.casefold()
        assert [one["winner"]["model"], *(loser["model"] for loser in one["losers"])] == [
            candidate.model for candidate in item.candidates
        ]
        assert one["winner"]["rating"] - max(loser["rating"] for loser in one["losers"]) >= 1 - 1e-9
        assert one["origin"] == {"file": "source.jsonl", "line": 1}
        assert one["told"]["categorise"]["votes"][0]["answer"] == "key"
        assert one["winner"]["answer"].startswith("response-")
        assert one["winner"]["rating_answers"][0].startswith("rating-")


def test_shares_hold_in_each_goal_of_each_split(built: Path) -> None:
    """No model wins more than 30 %, and no more than 55 % of winners are the longest."""
    groups: dict[tuple[str, str, str], list[Any]] = {}
    for name in ("test", "train"):
        for item in load(built / "benchmark" / name).items:
            groups.setdefault((name, item.goal, item.set), []).append(item)
    assert len(groups) == 8
    for items in groups.values():
        winners = Counter(item.candidates[item.best].model for item in items)
        assert max(winners.values()) <= 0.3 * len(items)
        texts = [[one.text for one in item.candidates] for item in items]
        longest = [len(best) > max(map(len, losers)) for best, *losers in texts]
        assert sum(longest) <= 0.55 * len(items)


def test_contaminated_prompts_are_told(built: Path) -> None:
    """In the ledger with file, line and words; line ends inside a text do not break the files."""
    dropped = [
        json.loads(line) for line in (built / "assemble.dropped.jsonl").read_text("utf-8").splitlines()
    ]
    found = [one["detail"] for one in dropped if one["reason"] == "contaminated"]
    assert found == ["./known.jsonl (line 1): what did the"]


def test_the_same_ratings_make_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """Whatever the order of the lines, in a folder with an older benchmark or in a new one."""
    before = texts(built)
    place = tmp_path / "mine"
    place.mkdir()
    for name in ("build.yaml", "known.jsonl", "respond.jsonl"):
        (place / name).write_bytes((built / name).read_bytes())
    for name in ("filter.jsonl", "annotate.jsonl"):
        lines = (built / name).read_bytes().splitlines(keepends=True)
        random.Random(1).shuffle(lines)
        (place / name).write_bytes(b"".join(lines))
    old = place / "benchmark/train/BoN_set/Old/Old.json"
    old.parent.mkdir(parents=True)
    old.write_text("[]", encoding="utf-8")
    rmb_build("assemble", str(place), "-q")
    assert texts(place) == before


def test_judges_run_on_it(built: Path, tmp_path: Path) -> None:
    """The oracle is always right, and a coin is as good as a coin."""
    words = ["judge", "--judge", "oracle", "--judge", "random", "--data", str(built / "benchmark/test")]
    result = CliRunner().invoke(rmb, [*words, "--out", str(tmp_path / "runs"), "--no-report", "-q"])
    assert result.exit_code == 0, result.output
    overall = {
        name: json.loads((tmp_path / "runs" / name / "summary.json").read_text())["overall"]["value"]
        for name in ("oracle", "random")
    }
    assert overall["oracle"] == 1
    assert 0.25 < overall["random"] < 0.47


def test_a_new_build_has_every_setting_at_its_default(tmp_path: Path) -> None:
    """build.yaml names all keys of the recipe, with the values that hold without it."""
    (tmp_path / "build.yaml").write_text(blank(tmp_path / "source.jsonl"), encoding="utf-8")
    assert read(tmp_path) == Recipe(source=str(tmp_path / "source.jsonl"))
    told = yaml.safe_load((tmp_path / "build.yaml").read_text(encoding="utf-8"))
    assert set(told) == set(Recipe.model_fields)
    assert set(told["assemble"]) == set(Assemble.model_fields)


def test_all_for_testing_writes_no_training_split(tmp_path: Path) -> None:
    """As is the default; a prompt without a language makes turns without one."""
    one = prompt("Hm?", language=None)
    place = write_build(tmp_path / "b", [one], rated(one, [9, 5, 1]))
    rmb_build("assemble", str(place), "-q")
    assert sorted(path.name for path in (place / "benchmark").iterdir()) == ["provenance.jsonl", "test"]
    record = json.loads((place / "benchmark/test/Pairwise_set/Helpfulness/Chat/Discussion.json").read_text())[
        0
    ]
    assert record["conversation_input"] == [{"content": "Hm?", "role": "user"}]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        pytest.param(
            "annotate.jsonl", '{"id": "x"}', "annotate.jsonl, line 1: no rated response", id="keys missing"
        ),
        pytest.param("annotate.jsonl", "", "nothing", id="nothing rated"),
        pytest.param(
            "build.yaml", "source: x\nassemble: {losers: [6, 2]}", "the fewest come first", id="losers"
        ),
        pytest.param(
            "build.yaml", "source: x\nassemble: {pairs_per_prompt: 1}", "fewer than a list has", id="cap"
        ),
        pytest.param(
            "build.yaml",
            "source: x\nassemble: {against: [./no.jsonl]}",
            "assemble.against: cannot read",
            id="no",
        ),
        pytest.param(
            "build.yaml", "source: x\nassemble: {against: [./filter.jsonl]}", "", id="of other keys"
        ),
        pytest.param("benchmark/mine.txt", "mine", "holds 'mine.txt', which no build wrote", id="a stranger"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    """Which file and line, or which key; and a build without ratings makes an empty benchmark, which it says."""
    place = write_build(tmp_path / "b", [ONE], rated(ONE, [9, 1]))
    (place / name).parent.mkdir(exist_ok=True)
    (place / name).write_text(text, encoding="utf-8")
    fine = complaint in ("", "nothing")
    said = rmb_build("assemble", str(place), code=0 if fine else 2)
    assert complaint in said if not fine else (place / "benchmark/provenance.jsonl").exists()
    assert "\n" not in said or fine


@pytest.mark.parametrize("rating", [float("nan"), "9", None, True])
def test_ratings_that_are_no_numbers_are_refused(rating: object) -> None:
    """A missing rating is never a number."""
    with pytest.raises(ValueError, match="not a number"):
        response({**rated(ONE, [1])[0], "rating": rating})
