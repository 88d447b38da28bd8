"""`rmb align`: policies whose samples say how good they are, judges that see it, and a jury that measures the picks."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.aligned import (
    Provider,
    called,
    drawn,
    found_in,
    lines_of,
    prompts,
    write_cards,
    write_lines,
)
from tests.fake_api import FakeApi
from tests.test_cli import Ended

N, PROMPTS = 4, 12
JUDGES = {
    "good": "pointwise_v2",
    "pairs": "pairwise_v2",
    "bad": "pairwise_v2",
    "lists": "listwise_ranking_v1",
}
BOTH = ("--policy", "policy-a.yaml", "--policy", "policy-b.yaml")
RATED = ("--measure", "rating", "--by", "jury.yaml")


@dataclass(frozen=True)
class World:
    """A folder with cards and a set, and the provider behind them."""

    folder: Path
    api: FakeApi
    provider: Provider

    def align(self, *words: str, out: str = "out") -> Ended:
        """`rmb align` in the folder, with a store of its own, agreed to."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return called("--cache", "cache", "--out", out, "--yes", "-q", *words)
        finally:
            os.chdir(before)

    def found(self, out: str = "out") -> dict[str, Any]:
        """alignment.json of a run."""
        return found_in(self.folder / out)


def world_in(folder: Path, api: FakeApi, provider: Provider, count: int = PROMPTS) -> World:
    """The cards of all models, and set.jsonl. The card of a judge says what it is asked."""
    write_cards(folder, api, "policy-a", "policy-b", "jury", *JUDGES, "best")
    for name, template in {**JUDGES, "best": "listwise_best_v1"}.items():
        with (folder / f"{name}.yaml").open("a", encoding="utf-8") as card:
            card.write(f"template: {template}\n")
    rows = prompts(count - 2) + [
        {"id": f"twice{number}", "prompt": f"Say it twice, {number}", "reference": "Known, quality 50"}
        for number in range(2)
    ]
    write_lines(folder / "set.jsonl", rows)
    return World(folder, api, provider)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for the tests that only look."""
    provider = Provider()
    with FakeApi(provider) as api:
        yield world_in(tmp_path_factory.mktemp("align"), api, provider)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[World]:
    """One with four prompts, for tests in which something goes wrong."""
    provider = Provider()
    with FakeApi(provider) as api:
        yield world_in(tmp_path, api, provider, 4)


def judge_words(*names: str) -> list[str]:
    """The words that name judges; those with an ending are cards of the folder."""
    return [word for name in names for word in ("--judge", name)]


MINE = judge_words(*(f"{name}.yaml" for name in JUDGES), "random", "longest")
WHOLE = ("--prompts", "set.jsonl", *BOTH, "-n", str(N), *MINE, *RATED, "--oracle")


@dataclass(frozen=True)
class Story:
    """A run, and the same command again."""

    ended: Sequence[Ended]
    asked: Sequence[int]
    found: dict[str, Any]


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    """Told once for all tests."""
    ended, asked = [], []
    for _ in range(2):
        ended.append(world.align(*WHOLE, out="whole"))
        asked.append(world.provider.asked.total())
    return Story(ended, asked, world.found("whole"))


def curve(block: dict[str, Any]) -> list[float]:
    """S_align by the number of samples."""
    return [figure["value"] for figure in block["by_n"].values()]


def test_the_same_command_again_asks_nothing(story: Story, world: World) -> None:
    """And tells the same; nothing was ever asked twice but for samples, which are drawn n times."""
    assert [ended.code for ended in story.ended] == [0, 0], story.ended[0].err
    assert story.asked[0] == story.asked[1]
    assert story.ended[0].out == story.ended[1].out
    assert world.found("whole")["counts"]["asked"] == 0
    bodies = [request.body for request in world.api.requests]
    judged = [body for body in bodies if "policy" not in str(body["model"])]
    assert len({json.dumps(body, sort_keys=True) for body in judged}) == len(judged)
    assert world.provider.asked["policy-a"] == N * PROMPTS
    # A sampling seed would make all samples alike; judges keep theirs.
    assert {(body.get("seed"), body["temperature"]) for body in bodies if body not in judged} == {(None, 1.0)}
    assert {(body["seed"], body["temperature"]) for body in judged} == {(7, 0.0)}


def test_a_good_scorer_gains_and_a_bad_one_loses(story: Story) -> None:
    """S_align rises with n for scorers that see quality, whatever they are asked, and falls for one that likes bad ones."""
    scorers, reference = story.found["scorers"], story.found["reference"]
    for name in ("good", "pairs", "lists"):
        assert curve(scorers[name]) == sorted(curve(scorers[name]))
        assert curve(scorers[name]) == pytest.approx(curve(reference["oracle"]))
        assert scorers[name]["gain"]["low"] > 0
    assert curve(scorers["bad"]) == sorted(curve(scorers["bad"]), reverse=True)
    assert scorers["bad"]["gain"]["high"] < 0
    assert scorers["bad"]["s_align"]["value"] < reference["random"]["s_align"]["value"]
    assert scorers["random"]["gain"]["low"] < 0 < scorers["random"]["gain"]["high"]
    assert curve(reference["first"]) == pytest.approx([curve(reference["first"])[0]] * 3)
    assert {block["by_n"]["1"]["value"] for block in scorers.values()} == {curve(reference["first"])[0]}


def test_figures_are_those_of_the_samples(story: Story, world: World) -> None:
    """By hand: the mean over prompts of the best quality, then over policies; two alike are one candidate."""
    means = []
    for policy in ("policy-a", "policy-b"):
        best = [
            max(drawn(policy, text, number % 2 if "twice" in text else number) for number in range(N))
            for text in [f"Question {n}?" for n in range(PROMPTS - 2)]
            + [f"Say it twice, {n}" for n in range(2)]
        ]
        means.append(sum(round(1 + 9 * quality / 100, 2) for quality in best) / PROMPTS)
    s_align = story.found["scorers"]["pairs"]["s_align"]
    assert s_align["value"] == pytest.approx(sum(means) / 2)
    assert s_align["n"] == 2 * PROMPTS
    each = story.found["scorers"]["pairs"]["policies"]
    assert [each[policy]["4"]["value"] for policy in each] == pytest.approx(means)
    pairs = {
        (line["id"], pair)
        for line in lines_of(world.folder / "whole/samples.jsonl")
        for pair in permutations(dict.fromkeys(line["responses"]), 2)
    }
    assert world.provider.asked["pairs"] == len(pairs)


def test_the_folder_holds_all_that_is_needed(story: Story, world: World) -> None:
    """Samples to be used again, picks with their weights, and a manifest with hashes."""
    folder = world.folder / "whole"
    assert sorted(path.name for path in folder.iterdir()) == [
        *("align.json", "alignment.json", "picks.jsonl", "samples.jsonl")
    ]
    samples, picks = lines_of(folder / "samples.jsonl"), lines_of(folder / "picks.jsonl")
    assert len(samples) == 2 * PROMPTS
    assert set(samples[0]) == {"id", "conversation", "reference", "model", "responses"}
    assert len(picks) == 2 * PROMPTS * 3 * len(story.found["scorers"])
    assert all(sum(pick["weight"] for pick in line["picks"]) == pytest.approx(1) for line in picks)
    manifest = json.loads((folder / "align.json").read_text())
    assert [seat["name"] for seat in manifest["judges"]] == list(story.found["scorers"])
    assert manifest["by"]["template"]["template"]["name"] == "pointwise_v2"
    assert len(manifest["policies"][0]["sha256"]) == 64
    assert manifest["policies"][0]["card"]["sampling"]["temperature"] == 1.0
    assert manifest["judges"][0]["card"]["sampling"]["temperature"] == 0.0
    assert manifest["ended"] == "complete"


def test_fewer_samples_are_derived_and_not_asked(story: Story, world: World) -> None:
    """A run of the first two of the same samples tells what was derived for two, and asks nothing."""
    before = world.provider.asked.total()
    samples = ("--samples", "whole/samples.jsonl", "-n", "2")
    others = [name for name in story.found["scorers"] if name != "lists"]
    names = [name if name in {"random", "longest"} else f"{name}.yaml" for name in others]
    ended = world.align(*samples, *judge_words(*names), *RATED, "--oracle", out="two")
    assert ended.code == 0, ended.err
    assert world.provider.asked.total() == before
    again = world.found("two")
    for name in others:
        assert again["scorers"][name]["s_align"] == story.found["scorers"][name]["by_n"]["2"]
    assert again["reference"]["oracle"]["by_n"]["2"] == story.found["reference"]["oracle"]["by_n"]["2"]
    # All samples are kept, though two of them counted.
    assert len(lines_of(world.folder / "two/samples.jsonl")[0]["responses"]) == N


def test_a_chain_asks_less_and_a_consistent_judge_picks_the_same(story: Story, world: World) -> None:
    """There are n − 1 comparisons in both orders, and the pick of every smaller n is the chain's state."""
    before = world.provider.asked["pairs"]
    samples = ("--samples", "whole/samples.jsonl")
    ended = world.align(*samples, "--pairs", "chain", "--judge", "pairs.yaml", *RATED, out="chain")
    assert ended.code == 0, ended.err
    assert world.found("chain")["scorers"]["pairs"]["by_n"] == story.found["scorers"]["pairs"]["by_n"]
    # Pairs of a round robin, asked before; asked anew, 3 comparisons a prompt instead of 6.
    assert world.provider.asked["pairs"] == before
    dry = world.align(
        *samples, "--pairs", "chain", "--judge", "bad.yaml", *RATED, "--dry-run", "--cache", "new", out="no"
    )
    # The first of three rounds is known: all lists, two orders; of the others, at most as many as there are.
    line = next(line for line in dry.out.splitlines() if line.startswith("judge bad, round 1"))
    assert line.split()[4] == str(2 * 2 * PROMPTS)
    distinct = [len(set(line["responses"])) for line in lines_of(world.folder / "whole/samples.jsonl")]
    assert f"judge bad: up to {2 * sum(count - 2 for count in distinct)} more" in dry.out
    assert not (world.folder / "no").exists()


def test_a_judge_that_names_only_the_best_has_no_pick_of_a_part(story: Story, world: World) -> None:
    """Null between one sample and all, and why in words."""
    ended = world.align("--samples", "whole/samples.jsonl", "--judge", "best.yaml", *RATED, out="best")
    assert ended.code == 0, ended.err
    block = world.found("best")["scorers"]["best"]
    assert [figure is None for figure in block["by_n"].values()] == [False, True, False]
    assert block["s_align"]["value"] == pytest.approx(story.found["scorers"]["pairs"]["s_align"]["value"])
    assert "names only the best" in block["reasons"][0]
    assert "names only the best" in ended.out


def test_win_rates_are_against_the_reference(world: World, story: Story) -> None:
    """The jury compares each pick with the reference in both orders; unpicked samples are not judged without --oracle."""
    words = ("--judge", "good.yaml", "--judge", "bad.yaml", "--by", "jury.yaml")
    ended = world.align("--samples", "whole/samples.jsonl", *words, out="wins")
    assert ended.code == 0, ended.err
    found = world.found("wins")
    assert found["n"] == story.found["n"]
    good, bad = (found["scorers"][name]["s_align"]["value"] for name in ("good", "bad"))
    assert good > 0.8
    assert bad < 0.2
    assert found["reference"]["oracle"]["s_align"] is found["reference"]["random"]["s_align"] is None
    assert "--oracle" in found["reference"]["random"]["reasons"][0]


# What goes wrong

SMALL = ("--prompts", "set.jsonl", *BOTH, "-n", "2", "--judge", "good.yaml", *RATED)


def test_a_policy_that_is_down_keeps_nobody_from_being_asked(small: World) -> None:
    """Exit code 1, its figures are null with the reason; the same command asks only what is missing."""
    small.provider.down = {"policy-a"}
    ended = small.align(*SMALL)
    assert ended.code == 1
    assert "the same" not in ended.err
    assert "to resume" in ended.err
    block = small.found()["scorers"]["good"]
    assert block["s_align"] is None
    assert block["policies"]["policy-b"]["2"]["n"] == 4
    assert block["coverage"] == 0.5
    assert block["missing"] == {"samples": 4}
    assert block["reasons"] == ["policy-a: no prompt has all 2 samples"]
    small.provider.down, before = set(), small.provider.asked["policy-b"]
    assert small.align(*SMALL).code == 0
    assert small.provider.asked["policy-b"] == before
    assert small.found()["scorers"]["good"]["coverage"] == 1


def test_the_budget_is_of_all_together(small: World) -> None:
    """Exit code 4 at the cap, whoever is asked then; with more the same command goes on."""
    ended = small.align(*SMALL, "--budget", "0.002", "--max-tokens", "100")
    assert ended.code == 4, ended.err
    assert "--budget" in ended.err
    first = small.provider.asked.total()
    assert first > 0
    assert small.align(*SMALL, "--budget", "5", "--max-tokens", "100").code == 0
    assert small.found()["counts"]["from_store"] == first


def test_an_interruption_keeps_what_came(small: World) -> None:
    """Exit code 130; what is there is written, and the same command asks the rest."""

    def interrupt(number: int) -> None:
        if number == 20:
            os.kill(os.getpid(), signal.SIGINT)

    small.provider.after = interrupt
    assert small.align(*SMALL).code == 130
    assert small.provider.asked["jury"] == 0
    assert small.found()["counts"]["samples"] == 16
    small.provider.after = lambda _: None
    assert small.align(*SMALL).code == 0
    assert small.found()["scorers"]["good"]["coverage"] == 1
    counts = small.found()["counts"]
    assert counts["asked"] + counts["from_store"] == small.provider.asked.total()
    assert counts["from_store"] >= 20


def test_a_model_can_write_the_references(small: World) -> None:
    """One for each prompt without one, which samples.jsonl keeps."""
    write_lines(
        small.folder / "bare.jsonl", [{"prompt": "One?"}, {"prompt": "Two?", "reference": "quality 0"}]
    )
    words = (
        "--prompts",
        "bare.jsonl",
        "--policy",
        "policy-a.yaml",
        "-n",
        "2",
        "--judge",
        "good.yaml",
        "--by",
        "jury.yaml",
    )
    assert small.align(*words).code == 2
    small.provider.down = {"policy-b"}
    assert small.align(*words, "--reference", "policy-b.yaml").code == 1
    assert small.found()["scorers"]["good"]["missing"] == {"cancelled": 1}
    small.provider.down = set()
    assert small.align(*words, "--reference", "policy-b.yaml").code == 0
    assert small.provider.asked["policy-b"] == 2
    references = [line["reference"] for line in lines_of(small.folder / "out/samples.jsonl")]
    assert references == [f"An answer of quality {drawn('policy-b', 'One?', 0)}", "quality 0"]


def test_who_asks_without_a_yes_is_told_how_much(small: World) -> None:
    """Where nobody can be asked, nothing is; a dry run says what each part takes, later parts as an upper bound."""
    ended = called("--cache", "cache", *SMALL)
    assert ended.code == 2
    assert "say --yes" in ended.err
    dry = called("--cache", "cache", *SMALL, "--dry-run", "--oracle")
    assert dry.code == 0
    assert "judge good: up to 16 more" in dry.out
    assert "measure jury: up to 16 more" in dry.out
    assert "every sample" in dry.out
    assert small.provider.asked.total() == 0


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.usefixtures("weights_at_hand")
def test_the_embedded_model_is_policy_scorer_and_jury() -> None:
    """The command as it is, on two prompts of the bundled sample: no key and no server; and nothing a second time."""
    words = ("--limit", "2", "-n", "2", "--max-tokens", "12", "--judge", "embedded", "--yes", "-q")
    ended = [called(*words, "--out", out) for out in ("one", "two")]
    assert [each.code for each in ended] == [0, 0], ended[0].err
    one, two = found_in(Path("one")), found_in(Path("two"))
    assert one["scorers"] == two["scorers"]
    assert one["scorers"]["embedded"]["coverage"] == 1
    assert one["counts"]["asked"] == two["counts"]["from_store"] > 0
    assert two["counts"]["asked"] == 0
