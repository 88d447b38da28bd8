"""Reward models run here: the score at the true last token, whatever the batch, the padding and the text."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from rmb.cards import NamedCard, RewardModel, open_card
from rmb.errors import ContentError, UnreachableError
from rmb.records import Answer, Failure, Message, Question
from rmb.scorers import Local, Scorer, Setup, open_scorer
from rmb.scorers.local.batches import Batch
from rmb.scorers.local.network import Network
from rmb.scorers.local.text import Text, Unfit
from rmb.scorers.reward_model import LocalRewardModel
from rmb.store import Store
from rmb.testing import ScorerContract
from tests.builders import listing, pair, run
from tests.tiny_models import FAMILIES, TEMPLATE, save

TEXTS = [
    "good answer .",
    "bad",
    "a long long long long long long answer . good",
    "worse </s> good",
    "<pad> good",
]
QUESTIONS = [Question((Message("user", "Hello ?"),), (text,)) for text in TEXTS]
LONG = [
    Question((Message("user", f"{start} ? " + "a long word . " * 8),), (text,))
    for start in ("Hello", "One", "Two")
    for text in TEXTS
]
"""Questions whose responses have enough in common before them to share it."""


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with a reward head."""
    return save(tmp_path_factory.mktemp("llama"))


def opened(folder: Path, *, local: Local | None = None, **options: Any) -> LocalRewardModel:
    """The scorer of a model's folder, in fp32 on the CPU."""
    card = RewardModel(
        **{
            "kind": "reward_model",
            "summary": "Tiny.",
            "model": str(folder),
            "dtype": "float32",
            "device": "cpu",
        }
        | options
    )
    scorer = open_scorer(NamedCard(name="tiny", sha256="", card=card), Setup(local=local or Local()))
    assert isinstance(scorer, LocalRewardModel)
    return scorer


def answers(scorer: Scorer, questions: Sequence[Question]) -> dict[Question, Answer | Failure]:
    """What a scorer says of some questions."""

    async def gather() -> dict[Question, Answer | Failure]:
        async with aclosing(scorer.answer(questions)) as replies:
            return {question: reply async for question, reply in replies}

    return asyncio.run(gather())


def scores(scorer: Scorer, questions: Sequence[Question] = QUESTIONS) -> list[float]:
    """The scores of some questions, in their order."""
    found = answers(scorer, questions)
    replies = [found[question] for question in questions]
    return [reply.rewards[0] for reply in replies if isinstance(reply, Answer) and reply.rewards]


def text_of(scorer: LocalRewardModel, question: Question) -> Text | Unfit:
    """What a scorer's model is to read."""
    return next(iter(scorer.wording.texts([question])))


class TestLocalRewardModel(ScorerContract):
    """The contract of every scorer holds for a model run here."""

    @pytest.fixture(autouse=True)
    def folder(self, llama: Path) -> None:
        """The model that `open` opens."""
        self.model = llama

    def open(self) -> Scorer:
        """A tiny Llama, with room for the contract's long text."""
        return opened(self.model, max_tokens=500)


# The score.


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_those_of_transformers(family: str, tmp_path: Path) -> None:
    """The same text, one at a time, through AutoModelForSequenceClassification: its own logits, to 1e-5."""
    scorer = opened(save(tmp_path, family))
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    for question, score in zip(QUESTIONS, scores(scorer), strict=True):
        ids = scorer.wording.tokenizer(
            scorer.wording.written(question), add_special_tokens=False, return_tensors="pt"
        )
        with torch.inference_mode():
            hidden = theirs.base_model(**{name: ids[name] for name in ("input_ids", "attention_mask")})
            last = theirs.score(hidden.last_hidden_state[0, -1])
        assert score == pytest.approx(last.item(), abs=1e-5)
        # Transformers itself looks for the padding token, so it is asked only about texts without one.
        if "<pad>" not in question.responses[0]:
            with torch.inference_mode():
                logits = theirs(input_ids=ids["input_ids"], attention_mask=ids["attention_mask"]).logits
            assert score == pytest.approx(logits.item(), abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_scores_as_single_texts_do(family: str, tmp_path: Path) -> None:
    """Whatever stands beside a text, and however far it is padded."""
    folder = save(tmp_path, family)
    alone = scores(opened(folder, batch_tokens=1))
    for budget in (30, 60, 10_000):
        assert scores(opened(folder, batch_tokens=budget)) == pytest.approx(alone, abs=1e-5)


def test_padding_with_the_end_of_text_changes_nothing(llama: Path, tmp_path: Path) -> None:
    """The same weights with pad = eos: the end of a text is known by its length, and not searched for."""
    same = save(tmp_path, pad="</s>")
    # In this tokenizer "<pad>" is no token any more, so the last text is another.
    assert scores(opened(same), QUESTIONS[:-1]) == pytest.approx(
        scores(opened(llama), QUESTIONS[:-1]), abs=1e-5
    )


def test_scores_differ_between_texts(llama: Path) -> None:
    """A test of the tests: equality above is not that of constants."""
    found = scores(opened(llama))
    assert len({round(score, 3) for score in found}) == len(TEXTS)


def test_the_template_writes_the_only_bos(llama: Path) -> None:
    """The tokenizer would add a BOS of its own; a second one would shift every position."""
    scorer = opened(llama)
    text = text_of(scorer, QUESTIONS[0])
    assert isinstance(text, Text)
    assert text.tokens.count(1) == 1
    assert scorer.wording.tokenizer(scorer.wording.written(QUESTIONS[0]))["input_ids"].count(1) == 2


def test_a_template_without_bos_gets_the_tokenizer_s(tmp_path: Path) -> None:
    """As the makers of such models tokenise their texts."""
    scorer = opened(save(tmp_path, template=TEMPLATE.removeprefix("<s>")))
    text = text_of(scorer, QUESTIONS[0])
    assert isinstance(text, Text)
    assert text == text_of(opened(save(tmp_path / "other")), QUESTIONS[0])


def test_one_score_for_each_distinct_text(llama: Path, tmp_path: Path) -> None:
    """Pairs and lists share scores, and what is in the store is not computed again."""
    items = [
        pair("good", "bad", uid="1"),
        pair("good", "worse", uid="2"),
        listing("good", ["bad", "worse"], uid="3"),
    ]
    with Store(tmp_path / "answers") as store:
        first, again = (run(opened(llama), items, store=store) for _ in range(2))
    assert (first.counts["asked"], again.counts["asked"], again.counts["from_store"]) == (3, 0, 3)
    assert [one.showings for one in first.outcomes] == [one.showings for one in again.outcomes]
    assert all(showing.graded for one in first.outcomes for showing in one.showings)


def test_a_copy_of_the_folder_is_the_same_judge(llama: Path, tmp_path: Path) -> None:
    """Its identity is its weights, and other weights are another judge."""
    same, other = save(tmp_path / "same"), save(tmp_path / "other", seed=1)
    assert opened(same).identity == opened(llama).identity
    assert opened(other).identity != opened(llama).identity


@pytest.mark.parametrize("family", FAMILIES)
def test_a_shared_beginning_changes_no_score(family: str, tmp_path: Path) -> None:
    """Responses of one conversation have its keys and values computed once: less work, the same scores."""
    folder = save(tmp_path, family)
    work, found = {}, {}
    for engine in ("padded", "shared"):
        scorer = opened(folder, local=Local(engine=engine), batch_tokens=200)
        found[engine] = scores(scorer, LONG)
        work[engine] = scorer.engine.scoring.work
    assert found["shared"] == pytest.approx(found["padded"], abs=1e-5)
    assert work["shared"].real < work["padded"].real / 2


# Texts that are too long.


@pytest.mark.parametrize(
    ("truncation", "kept"),
    [("refuse", None), ("left", "long long long answer . good </s>"), ("right", "<s> <|user|> Hello ? </s>")],
)
def test_a_text_that_is_too_long(llama: Path, truncation: str, kept: str | None) -> None:
    """No score by default, and a reason; cut on one side where the card says so, and nothing else is."""
    scorer = opened(llama, max_tokens=12, truncation=truncation)
    reply = answers(scorer, QUESTIONS[2:3])[QUESTIONS[2]]
    assert isinstance(reply, Answer)
    verdict = scorer.read(QUESTIONS[2], reply)
    text = text_of(scorer, QUESTIONS[2])
    if kept is None:
        assert isinstance(verdict, Failure)
        assert (verdict.reason, verdict.detail) == (
            "context_length",
            "17 tokens, and the card's max_tokens is 12",
        )
    else:
        assert isinstance(text, Text)
        assert (len(text.tokens), text.cut) == (12, 5)
        assert kept in scorer.wording.tokenizer.decode(text.tokens)


def test_what_was_cut_is_counted(llama: Path) -> None:
    """A run says of how many texts it saw a part only."""
    items = [pair("good", TEXTS[2], uid="1"), pair("good", "bad", uid="2")]
    assert run(opened(llama, max_tokens=12, truncation="left"), items).cut == 1
    assert run(opened(llama), items).cut == 0


# Without torch.

WITHOUT = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, NoTorch())
from rmb.cli.main import main
main()
"""


def test_without_torch_the_way_out_is_named() -> None:
    """One line that says what to install, where torch is not."""
    Path("ours.yaml").write_text("kind: reward_model\nsummary: Ours.\nmodel: ./ours\n", encoding="utf-8")
    command = [sys.executable, "-c", WITHOUT, "judge", "--judge", "./ours.yaml"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == 'rmb: judge ours needs torch: pip install "rmb-judge[local]"\n'


def test_torch_is_loaded_for_nothing_else() -> None:
    """A run of judges that do not need it does not import it."""
    code = (
        "import sys; from rmb.cli.main import rmb; rmb(standalone_mode=False); print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "judge", "--judge", "longest", "--limit", "5", "-q", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "False"


# Memory.


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A device that has room for so many texts, and so many tokens of a text, at once."""
    room = {"texts": 2, "tokens": 100}

    def within(method: Callable[[Network, Any], Any]) -> Callable[[Network, Any], Any]:
        def run(network: Network, batch: Batch) -> Any:
            if (
                len(batch.texts) > room["texts"]
                or max(len(text.tokens) for text in batch.texts) > room["tokens"]
            ):
                raise torch.OutOfMemoryError("CUDA out of memory")
            return method(network, batch)

        return run

    for name in ("padded", "shared"):
        monkeypatch.setattr(Network, name, within(getattr(Network, name)))
    return room


@pytest.mark.parametrize("engine", ["padded", "shared"])
def test_a_batch_that_does_not_fit_is_halved(engine: Any, llama: Path, narrow: dict[str, int]) -> None:
    """The scores are the same, and none is lost."""
    halved = scores(opened(llama, local=Local(engine=engine)), LONG)
    narrow["texts"] = 100
    assert scores(opened(llama), LONG) == pytest.approx(halved, abs=1e-5)


def test_a_text_that_does_not_fit_alone_fails_alone(llama: Path, narrow: dict[str, int]) -> None:
    """The others have their scores; it is missing, and may be asked again on a larger machine."""
    narrow["tokens"] = 12
    found = answers(opened(llama), QUESTIONS)
    failed = {question: reply for question, reply in found.items() if isinstance(reply, Failure)}
    assert list(failed) == [QUESTIONS[2]]
    assert failed[QUESTIONS[2]] == Failure("transport", "out of memory on a text of 17 tokens")


def test_a_device_that_fails_ends_the_run_in_one_line(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was scored is kept, and the same command goes on."""

    def broken(_: Network, __: Batch) -> Any:
        raise RuntimeError(
            "CUDA error: device-side assert triggered\nCUDA kernel errors might be reported later"
        )

    monkeypatch.setattr(Network, "padded", broken)
    with pytest.raises(
        UnreachableError, match="the model failed at a batch of texts: CUDA error: device-side assert"
    ):
        scores(opened(llama))


@pytest.mark.parametrize(
    ("family", "changes", "expected"),
    [
        pytest.param("gemma2", {}, "flash_attention_2", id="capped attention has a kernel"),
        pytest.param("gemma2", {"dtype": "float32"}, None, id="which knows no fp32"),
        pytest.param("gemma2", {"device": "cpu"}, None, id="and runs on a GPU alone"),
        pytest.param("gemma2", {"attention": "eager"}, "eager", id="the card has the last word"),
        pytest.param("llama", {}, None, id="plain attention is transformers' to choose"),
    ],
)
def test_attention_is_the_fastest_that_is_exact(
    family: str,
    changes: dict[str, Any],
    expected: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a GPU with flash attention installed."""
    monkeypatch.setattr("rmb.scorers.local.source.is_flash_attn_2_available", lambda: True)
    scorer = opened(save(tmp_path, family), **{"dtype": "bfloat16", "device": "cuda:0"} | changes)
    assert scorer.model.source.attention == expected


# Models that cannot be used.


def changed(folder: Path, **values: Any) -> Path:
    """The folder with other values in its configuration."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | values))
    return folder


def refused(folder: Path, **options: Any) -> str:
    """What is said of a model that cannot be used: one line that names the judge."""
    with pytest.raises(ContentError) as raised:
        scores(opened(folder, **options))
    assert str(raised.value).startswith("judge tiny")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_model_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    """Unless the card has the one that it was trained with."""
    folder = save(tmp_path, template=None)
    assert "has no chat template" in refused(folder)
    assert len(scores(opened(folder, chat_template=TEMPLATE))) == len(TEXTS)


def test_a_template_that_fails_on_a_text_fails_that_text_alone(tmp_path: Path) -> None:
    """Some templates refuse some conversations; the others have their scores."""
    refusing = (
        "{% if 'bad' in messages[-1].content %}{{ raise_exception('none of that') }}{% endif %}" + TEMPLATE
    )
    ran = run(
        opened(save(tmp_path, template=refusing)), [pair("good", "bad"), pair("good", "worse", uid="2")]
    )
    assert ran.failures == {"unrenderable": 1}
    assert {entry.failure.detail for entry in ran.ledger} == {"the chat template fails: none of that"}
    assert ran.counts["asked"] == 3


def test_a_model_with_several_labels_is_refused(tmp_path: Path) -> None:
    """Two numbers are no score."""
    assert "2 labels" in refused(save(tmp_path, labels=2))


def test_a_model_without_a_head_is_refused(tmp_path: Path) -> None:
    """A language model is no reward model: its head would be made up."""
    folder = save(tmp_path)
    config = transformers.LlamaConfig.from_pretrained(folder)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    assert "has no weights for score.weight: it is no reward model" in refused(folder)


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    """Tokens that the model does not have would be read as whatever lies there."""
    folder = save(tmp_path)
    bigger = transformers.AutoTokenizer.from_pretrained(folder)
    bigger.add_tokens(["one", "more"])
    bigger.save_pretrained(folder)
    assert "has a tokenizer of 22 tokens and a model of 20; they do not belong together" in refused(folder)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"model_type": "nobody-knows"}, id="an architecture nobody knows"),
        pytest.param({"auto_map": {"AutoConfig": "mine.Mine"}, "model_type": "mine"}, id="code of its own"),
    ],
)
def test_an_architecture_nobody_knows_is_refused(config: dict[str, Any], tmp_path: Path) -> None:
    """In one line; code that comes with a model is not run."""
    folder = changed(save(tmp_path), **config)
    assert "cannot be loaded" in refused(folder)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    """A pickle may run code; weights are read from safetensors alone."""
    folder = save(tmp_path)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    expected = scores(opened(folder))
    (folder / "model.safetensors").unlink()
    assert "has weights in a pickle, pytorch_model.bin" in refused(folder)
    assert scores(opened(folder, local=Local(allow_pickle=True))) == expected


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_reward_that_is_no_number_is_no_verdict(number: float, tmp_path: Path) -> None:
    """A broken checkpoint gives failures with a reason, and no credit."""
    folder = save(tmp_path)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        model.score.weight.fill_(number)
    model.save_pretrained(folder)
    ran = run(opened(folder), [pair("good", "bad")])
    assert ran.failures == {"parse": 2}
    assert all(
        f"from {folder}; dtype: float32 in its card may help" in each.failure.detail for each in ran.ledger
    )
    assert all(showing.said is None for one in ran.outcomes for showing in one.showings)


def test_a_folder_is_found_beside_its_card(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the program was started."""
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "ours").symlink_to(llama)
    card = "kind: reward_model\nsummary: Ours.\nmodel: ./ours\ndtype: float32\ndevice: cpu\n"
    (tmp_path / "cards" / "ours.yaml").write_text(card, encoding="utf-8")
    monkeypatch.chdir("/")
    scorer = open_scorer(open_card(str(tmp_path / "cards" / "ours.yaml")), Setup())
    assert scores(scorer) == pytest.approx(scores(opened(llama)), abs=1e-6)


def test_a_card_for_a_folder() -> None:
    """What a user writes to have a model judged."""
    text = "kind: reward_model\nsummary: Ours.\nmodel: ./ours\nmax_tokens: 2048\ntruncation: left\n"
    Path("ours.yaml").write_text(text, encoding="utf-8")
    card = open_card("./ours.yaml").card
    assert isinstance(card, RewardModel)
    assert (card.dtype, card.head, card.truncation) == ("bfloat16", "sequence_classification", "left")


def test_a_model_of_the_hub_is_of_one_commit(llama: Path) -> None:
    """A branch is what it was when last fetched, where there is no network; the commit is part of who judged."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    fetched = Path("hub/models--ours--reward").absolute()
    shutil.copytree(llama, fetched / "snapshots" / commit)
    (fetched / "refs").mkdir()
    (fetched / "refs" / "main").write_text(commit, encoding="ascii")
    Path("ours.yaml").write_text(
        "kind: reward_model\nsummary: Ours.\nmodel: ours/reward\ndtype: float32\ndevice: cpu\n",
        encoding="utf-8",
    )
    command = [
        sys.executable,
        "-m",
        "rmb.judge",
        "--judge",
        "./ours.yaml",
        "--limit",
        "4",
        "--out",
        "run",
        "-q",
    ]
    env = os.environ | {"HF_HUB_CACHE": str(fetched.parent), "HF_HUB_OFFLINE": "1"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert (ended.returncode, ended.stderr) == (0, "")
    told = json.loads(Path("run/run.json").read_text(encoding="utf-8"))
    assert told["identity"]["weights"] == f"ours/reward@{commit}"


def test_a_model_that_is_nowhere_is_told_in_one_line() -> None:
    """No folder, and no such name on the hub, as far as can be seen from here."""
    Path("ours.yaml").write_text("kind: reward_model\nsummary: Ours.\nmodel: ours/typo\n", encoding="utf-8")
    command = [sys.executable, "-m", "rmb.judge", "--judge", "./ours.yaml", "--limit", "4"]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"HF_HUB_OFFLINE": "1"}
    )
    assert ended.returncode == 2
    assert "judge ours: ours/typo is no folder, and not to be had from the hub: " in ended.stderr
    assert ended.stderr.count("\n") == 1
