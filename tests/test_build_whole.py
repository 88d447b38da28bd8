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

from rmb.datasets.rmb import load, official
from tests.building import BASE, SCENARIOS, Scripted, write_model, write_source
from tests.fake_api import FakeApi
from tests.test_compare_command import Rmb, called

PROMPTS = 245
STAGES = ("categorise", "filter", "respond", "annotate", "assemble")
MINE = Path("mine")


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


def test_prompts_of_users_become_a_benchmark(rmb: Rmb) -> None:
    """Five stages through an API: the result loads as RMB, has no defect, and tells good judges from bad ones.

    What became of every prompt is told; a second run asks nothing and makes the same bytes.
    """
    write_source(Path("prompts.jsonl"), PROMPTS)
    with FakeApi(Scripted(), keep=False) as api:
        MINE.mkdir()
        models = {
            name: write_model(MINE, name, api) for name in (*BASE, "other", "one", "two", "three", "judge")
        }
        MINE.joinpath("build.yaml").unlink(missing_ok=True)
        write_recipe(
            rmb,
            categorise={"judges": [models["one"], models["two"], models["three"]]},
            filter={
                "difficulty": {
                    "weak": [models["weak"]],
                    "strong": [models["strong"]],
                    "judge": models["judge"],
                }
            },
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
        judged = rmb(
            "judge",
            "--judge",
            "mine/judge.yaml",
            "--data",
            "mine/benchmark/test",
            "--json",
            "-q",
            "--no-report",
        )
    items = load(MINE / "benchmark" / "test").items
    assert not official(items)
    assert {item.path for item in items} <= {path[0].lower() + path[1:] for path in SCENARIOS}
    assert Counter(item.set for item in items)["pairwise"] > 300
    assert rmb("lint", "mine/benchmark/test").code == 0
    assert json.loads(judged.out)["overall"]["value"] > 0.9
    for judge, low, high in (("oracle", 1.0, 1.0), ("random", 0.2, 0.5), ("longest", 0.2, 0.65)):
        summary = json.loads(
            rmb("judge", "--judge", judge, "--data", "mine/benchmark/test", "--json", "-q", "--no-report").out
        )
        assert low <= summary["overall"]["value"] <= high, judge
    card = json.loads((MINE / "card.json").read_text(encoding="utf-8"))["stages"]
    assert card["categorise"]["came"] == PROMPTS + 13
    for stage in ("categorise", "filter"):
        told = card[stage]
        assert told["came"] == told["kept"] + sum(told["dropped"].values())
        assert len(lines(f"{stage}.dropped.jsonl")) == sum(told["dropped"].values())
    dropped = {**card["categorise"]["dropped"], **card["filter"]["dropped"]}
    assert {
        "fields",
        "empty",
        "no-user",
        "duplicate",
        "language",
        "length",
        "disagree",
        "near-duplicate",
        "easy",
    } <= set(dropped)
    assert card["filter"]["kept"] >= 150
    provenance = lines("benchmark/provenance.jsonl")
    assert len({one["uid"] for one in provenance}) == len(provenance)
    assert all(one["origin"] and one["told"] and one["winner"]["rating_answers"] for one in provenance)
    splits = {one["prompt"]: one["split"] for one in provenance}
    assert all(splits[one["prompt"]] == one["split"] for one in provenance)
    assert set(splits.values()) == {"train", "test"}
    assert rmb("build", "agree", "mine", "-q").code == 0
    assert len((MINE / "agree" / "key.jsonl").read_text(encoding="utf-8").splitlines()) == 30


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.usefixtures("weights_at_hand")
def test_the_embedded_model_builds_a_benchmark(rmb: Rmb) -> None:
    """Without a key and without the network: no judge of anything, but every stage runs, and so does a judge on the result.

    200 prompts and more go in; two models' worth of samples, short, so that it ends.
    """
    write_source(Path("prompts.jsonl"), 210)
    write_recipe(
        rmb,
        categorise={"judges": ["embedded"]},
        filter={"most": 12},
        respond={"samples": 3, "max_tokens": 48},
        annotate={"samples": 2, "max_tokens": 200, "style": "verdict_only", "key_points": None},
        assemble={"pair_gap": 0.5, "list_margin": 0.5},
    )
    built(rmb)
    assert json.loads((MINE / "card.json").read_text(encoding="utf-8"))["stages"]["categorise"]["came"] >= 200
    items = load(MINE / "benchmark" / "test").items
    assert items
    assert rmb("lint", "mine/benchmark/test").code == 0
    ended = rmb("judge", "--data", "mine/benchmark/test", "--limit", "20", "--json", "-q", "--no-report")
    assert ended.code == 0
    assert json.loads(ended.out)["coverage"] == 1.0
