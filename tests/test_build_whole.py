"""The whole of `rmb build`, from prompts of users to a benchmark that judges are run on: scripted, and by the embedded model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from rmb.datasets.rmb import load
from tests.building import BAD, BASE, SCENARIOS, Scripted, write_model, write_source
from tests.conftest import CHECKOUT
from tests.fake_api import FakeApi
from tests.test_compare_command import Rmb, called

PROMPTS = 245
STAGES = ("categorise", "filter", "respond", "annotate", "assemble")
MINE = Path("mine")
BY_PROBABILITY = str(CHECKOUT / "prompts" / "pointwise_yes_v1.jinja")


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


def write_recipe(rmb: Rmb, **sections: dict[str, Any]) -> None:
    """What `rmb build new` makes, with some settings changed as a user would."""
    assert rmb("build", "new", "mine", "--source", "prompts.jsonl").code == 0
    path = MINE / "build.yaml"
    recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, settings in sections.items():
        recipe[name] |= settings
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")


def lines(name: str) -> list[dict[str, Any]]:
    """The records of a file of the build."""
    return [json.loads(line) for line in (MINE / name).read_text(encoding="utf-8").splitlines()]


def built(rmb: Rmb, stages: Sequence[str] = STAGES) -> None:
    """Runs the stages; each ends well."""
    for stage in stages:
        ended = rmb("build", stage, "mine", "-q")
        assert (ended.code, ended.err) == (0, ""), stage


def files_of(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_models(api: FakeApi) -> dict[str, str]:
    """Cards of weak and strong models, categorisers and a judge, beside the recipe; their paths by name."""
    MINE.mkdir()
    return {name: write_model(MINE, name, api) for name in (*BASE, "other", "one", "two", "three", "judge")}


def card(stage: str) -> dict[str, Any]:
    """What the data card says of a stage."""
    told: dict[str, Any] = json.loads((MINE / "card.json").read_text(encoding="utf-8"))["stages"][stage]
    return told


def overall(rmb: Rmb, judge: str) -> float:
    """What a judge scores on the test split."""
    words = ("--judge", judge, "--data", "mine/benchmark/test", "--json", "-q", "--no-report")
    return float(json.loads(rmb("judge", *words).out)["overall"]["value"])


def test_prompts_of_users_become_a_benchmark(rmb: Rmb) -> None:
    """Five stages through an API: the result loads as RMB, has no defect, and tells good judges from bad ones.

    What became of every prompt is told; a second run asks nothing and makes the same bytes.
    """
    write_source(Path("prompts.jsonl"), PROMPTS)
    with FakeApi(Scripted(), keep=False) as api:
        models = write_models(api)
        hard = {"weak": [models["weak"]], "strong": [models["strong"]], "judge": models["judge"]}
        write_recipe(
            rmb,
            categorise={"judges": [models["one"], models["two"], models["three"]]},
            filter={"difficulty": hard},
            respond={"models": [models["weak"], models["middle"], models["strong"], models["other"]]},
            annotate={"judge": models["judge"], "samples": 2},
            assemble={"test": 0.8, "longer": 0.6},
            agree={"items": 30},
        )
        built(rmb)
        asked, benchmark = api.ledger.asked, files_of(MINE / "benchmark")
        built(rmb)
        assert api.ledger.asked == asked, "asked twice"
        assert files_of(MINE / "benchmark") == benchmark
        assert overall(rmb, "mine/judge.yaml") > 0.9
    assert overall(rmb, "oracle") == 1.0
    assert 0.2 < overall(rmb, "random") < 0.5
    assert overall(rmb, "longest") < 0.65
    items = load(MINE / "benchmark" / "test").items
    assert {item.path for item in items} <= {path[0].lower() + path[1:] for path in SCENARIOS}
    assert Counter(item.set for item in items)["pairwise"] > 300
    assert rmb("lint", "mine/benchmark/test").code == 0
    assert card("assemble")["lint"] == {}
    every_prompt_has_a_fate()
    every_item_has_a_provenance()
    assert rmb("build", "agree", "mine", "-q").code == 0
    assert len(lines("agree/key.jsonl")) == 30


def every_prompt_has_a_fate() -> None:
    """What came is what was kept and what was dropped, each with a reason."""
    assert card("categorise")["came"] == PROMPTS + len(BAD) + 3
    for stage in ("categorise", "filter"):
        told = card(stage)
        assert told["came"] == told["kept"] + sum(told["dropped"].values())
        assert len(lines(f"{stage}.dropped.jsonl")) == sum(told["dropped"].values())
    dropped = {*card("categorise")["dropped"], *card("filter")["dropped"]}
    assert {"fields", "empty", "no-user", "duplicate", "disagree"} <= dropped
    assert {"language", "length", "letters", "near-duplicate", "easy"} <= dropped
    assert card("filter")["kept"] >= 150


def every_item_has_a_provenance() -> None:
    """From the line of the source to the keys of the ratings; and no conversation is in both splits."""
    provenance = lines("benchmark/provenance.jsonl")
    assert len({one["uid"] for one in provenance}) == len(provenance)
    assert all(one["origin"] and one["told"] and one["winner"]["rating_answers"] for one in provenance)
    splits = {one["prompt"]: one["split"] for one in provenance}
    assert all(splits[one["prompt"]] == one["split"] for one in provenance)
    assert set(splits.values()) == {"train", "test"}


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.usefixtures("weights_at_hand")
def test_the_embedded_model_builds_a_benchmark(rmb: Rmb) -> None:
    """Without a key and without the network: no judge of anything, but every stage runs, and so does a judge on the result.

    200 prompts and more go in; few categories and short responses, so that it ends within minutes.
    """
    write_source(Path("prompts.jsonl"), 200)
    write_recipe(
        rmb,
        categorise={"judges": ["embedded"], "taxonomy": "./few.yaml"},
        filter={"most": 4},
        respond={"samples": 3, "max_tokens": 240, "system": "Answer in one short sentence."},
        # By the probability of "Yes": in whole numbers this model rates all alike.
        annotate={
            "prompt": BY_PROBABILITY,
            "samples": 1,
            "style": "verdict_only",
            "key_points": None,
            "temperature": 0.0,
        },
        assemble={"pair_gap": 0.0001, "list_margin": 0.0001},
    )
    (MINE / "few.yaml").write_text(
        "Helpfulness: {Writing: A text., Other: All else.}\nHarmlessness: {S1: Harm.}\n"
    )
    built(rmb)
    assert card("categorise")["came"] >= 200
    items = load(MINE / "benchmark" / "test").items
    assert items
    assert rmb("lint", "mine/benchmark/test").code == 0
    ended = rmb("judge", "--data", "mine/benchmark/test", "--limit", "12", "--json", "-q", "--no-report")
    assert ended.code == 0
    assert json.loads(ended.out)["coverage"] == 1.0
