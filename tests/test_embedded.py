"""The embedded judge: a real language model on this machine's CPU, asked the way every API judge is."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from rmb.cards import Generative, NamedCard, Weights, open_card
from rmb.datasets.rmb import load_sample
from rmb.datasets.select import select
from rmb.errors import ContentError, UsageError
from rmb.outcomes import Showing
from rmb.records import Item, Message, Question
from rmb.run import Run, Settings
from rmb.scorers import Scorer, Setup, open_scorer
from rmb.scorers.embedded import LocalServer
from rmb.scorers.weights import find_weights
from rmb.templates import Template
from rmb.testing import ScorerContract
from tests.builders import run

PAIRS = ["pairwise_v1", "pairwise_v2", "pairwise_logprob_v1"]


def opened(card: NamedCard, template: str, style: str | None = None) -> Scorer:
    """The scorer of a card, asked through a template."""
    assert isinstance(card.card, Generative)
    return open_scorer(card, Setup(template=Template.load(template, style=style or card.card.style)))


def sample(count: int) -> list[Item]:
    """The first pairs of the bundled sample that a small model reads quickly."""
    pairs = select(load_sample().items, kind="pairwise")
    return sorted(pairs, key=lambda item: sum(len(candidate.text) for candidate in item.candidates))[:count]


def showings(done: Run) -> list[Showing]:
    """Every showing of a run."""
    return [showing for outcome in done.outcomes for showing in outcome.showings]


def with_weights(**changes: str | None) -> NamedCard:
    """The embedded judge's card with other weights."""
    named = open_card("embedded")
    assert isinstance(named.card, Generative)
    assert named.card.serve is not None
    weights = Weights(**named.card.serve.weights.model_dump() | changes)
    serve = named.card.serve.model_copy(update={"weights": weights})
    return named.model_copy(update={"card": named.card.model_copy(update={"serve": serve})})


# The real model


@pytest.mark.embedded
@pytest.mark.usefixtures("weights_at_hand")
class TestEmbeddedJudge(ScorerContract):
    """The real model keeps the contract of scorers."""

    def open(self) -> Scorer:
        """The judge that comes with the program, as its card says."""
        return opened(open_card("embedded"), "pairwise_logprob_v1")

    def questions(self) -> list[Question]:
        """Short ones, since each is read by a real model on a CPU."""
        texts = ["Paris.", "\u202eabc \U0001f642 {{ 7 }}", "", "I would rather not say."]
        turns = (Message("user", "What is the capital of France?"),)
        return [Question(turns, pair) for pair in pairwise(texts)]


@pytest.mark.embedded
@pytest.mark.usefixtures("weights_at_hand")
@pytest.mark.parametrize("template", PAIRS)
def test_every_pair_gets_a_probability_for_each_side(template: str) -> None:
    """Three items of the sample in both orders: no failure, and each verdict's two probabilities sum to 1."""
    done = run(opened(open_card("embedded"), template), sample(3))
    assert done.error is None
    assert done.failures == {}
    assert len(showings(done)) == 6
    for showing in showings(done):
        assert showing.graded
        assert showing.best is not None
        assert showing.rival is not None
        assert 0 < showing.best < 1
        assert showing.best + showing.rival == pytest.approx(1)


@pytest.mark.embedded
@pytest.mark.usefixtures("weights_at_hand")
def test_rating_by_probability_of_yes() -> None:
    """Each response alone, scored by P(Yes): between 0 and 1, and not the same for all."""
    done = run(opened(open_card("embedded"), "pointwise_yes_v1"), sample(3))
    assert done.failures == {}
    scores = {score for showing in showings(done) for score in (showing.best, showing.rival)}
    assert all(score is not None and 0 < score < 1 for score in scores)
    assert len(scores) > 3


@pytest.mark.embedded
@pytest.mark.usefixtures("weights_at_hand")
def test_rating_by_number_is_forced_by_the_grammar() -> None:
    """The model by itself writes no rating; the grammar leaves it nothing else to write."""
    done = run(opened(open_card("embedded"), "pointwise_v1", "verdict_only"), sample(3))
    assert done.failures == {}
    scores = [score for showing in showings(done) for score in (showing.best, showing.rival)]
    assert all(score is not None and 1 <= score <= 10 and score == int(score) for score in scores)


@pytest.mark.embedded
@pytest.mark.usefixtures("weights_at_hand")
def test_an_explanation_ends_with_a_verdict() -> None:
    """With a style that explains first the grammar gives it room, and the verdict still comes."""
    done = run(
        opened(open_card("embedded"), "pairwise_v2", "explain_first"), sample(1), Settings(orders="single")
    )
    assert done.failures == {}
    (showing,) = showings(done)
    assert showing.graded
    assert showing.usage.completion_tokens > 10


@pytest.mark.embedded
@pytest.mark.usefixtures("weights_at_hand")
def test_the_model_costs_nothing_and_says_who_it_is() -> None:
    """No dollars, and real token counts; the identity is the hash of the weights, not a port."""
    scorer = opened(open_card("embedded"), "pairwise_logprob_v1")
    done = run(scorer, sample(1))
    assert done.cost_usd == 0
    assert all(showing.usage.prompt_tokens > 50 for showing in showings(done))
    assert scorer.identity["weights"] == with_weights().card.serve.weights.sha256  # type: ignore[union-attr]
    assert scorer.identity["endpoint"] == "llama.cpp"


@pytest.mark.embedded
def test_a_users_own_gguf_is_served_the_same_way(weights_at_hand: Path) -> None:
    """`--judge ./model.gguf` reads a file of the user's as it reads the embedded model."""
    find_weights(with_weights().card.serve.weights)  # type: ignore[union-attr]
    (file,) = (weights_at_hand / "weights").glob("*.gguf")
    Path("model.gguf").symlink_to(file)
    card = open_card("./model.gguf")
    done = run(opened(card, "pairwise_logprob_v1"), sample(1))
    assert card.name == "model"
    assert (done.error, dict(done.failures)) == (None, {})


# Which weights


def refused(card: NamedCard) -> str:
    """The line with which a judge's weights are refused."""
    error = run(opened(card, "pairwise_v1"), sample(1)).error
    assert isinstance(error, UsageError)
    assert "\n" not in str(error)
    return str(error)


def test_weights_that_are_not_those_of_the_card_are_refused() -> None:
    """A card with a sha256 takes that file and no other; the message names the file and both ways out."""
    Path("model.gguf").write_bytes(b"GGUF, but another")
    said = refused(with_weights(path="model.gguf", sha256="0" * 64, wheel=None))
    assert said == "model.gguf is not the file the card names (sha256 000000000000…); remove it or the pin"


def test_weights_that_were_damaged_in_the_cache_are_refused(clean_environment: Path) -> None:
    """The hash of fetched weights is checked on each load and not only after the download."""
    sha256 = with_weights().card.serve.weights.sha256  # type: ignore[union-attr]
    kept = clean_environment / "cache" / "weights" / f"{sha256[:16]}.gguf"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"half of it")
    assert refused(open_card("embedded")).startswith(f"{kept} is not the file")


def test_weights_at_a_path_that_is_gone_are_refused() -> None:
    """A card's path to nowhere is told with the path."""
    said = refused(with_weights(path="gone/model.gguf", wheel=None))
    assert said == "no weights at gone/model.gguf; correct the path in the card"


def test_a_file_that_is_no_gguf_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    """A line that names the file, and nothing that llama.cpp prints by itself."""
    Path("notes.gguf").write_text("Not a model.", encoding="utf-8")
    assert refused(open_card("./notes.gguf")).startswith("llama.cpp cannot serve notes.gguf: ")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("files", "name", "says"),
    [
        ([], "./model.gguf", "no file './model.gguf'"),
        (["model-q4.gguf"], "./model-q5.gguf", "no file './model-q5.gguf'; near it: model-q4.gguf"),
    ],
)
def test_a_gguf_that_is_not_there_is_told_with_its_neighbours(files: list[str], name: str, says: str) -> None:
    """The message names the file, and files beside it with a like name."""
    for file in files:
        Path(file).touch()
    with pytest.raises(ContentError) as error:
        open_card(name)
    assert str(error.value) == says


def identity(file: str) -> object:
    """Who answers, for a judge made of a GGUF file."""
    return dict(opened(open_card(file), "pairwise_v1").identity)


def test_other_weights_are_another_judge() -> None:
    """The hash of the weights is part of the identity, so other weights under one name share no answers."""
    Path("model.gguf").write_bytes(b"one")
    before = identity("./model.gguf")
    Path("model.gguf").write_bytes(b"two")
    assert identity("./model.gguf") != before


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("./below/model.gguf", id="another folder"),
        pytest.param(
            "./renamed.gguf",
            id="another name",
        ),
    ],
)
def test_the_same_weights_are_the_same_judge(other: str) -> None:
    """A file that was moved or renamed is not asked again."""
    Path("below").mkdir()
    for file in ("./model.gguf", other):
        Path(file).write_bytes(b"one")
    assert identity("./model.gguf") == identity(other)


def test_threads_are_no_part_of_the_identity() -> None:
    """How fast a model runs changes no answer."""
    named = open_card("embedded")
    assert isinstance(named.card, Generative)
    assert named.card.serve is not None
    one, all_there_are = (named.card.serve.model_copy(update={"threads": n}) for n in (1, os.cpu_count()))
    assert LocalServer(one).identity == LocalServer(all_there_are).identity
