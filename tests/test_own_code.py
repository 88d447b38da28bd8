"""Models that only their own code can run: with the card's word and the user's, one text at a time."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file

from rmb.errors import UsageError
from rmb.records import Message, Question
from rmb.scorers import Local
from rmb.scorers.local.text import Text
from rmb.scorers.reward_model import LocalRewardModel
from tests import tiny_models
from tests.test_reward_model import changed, opened, refused, scores, text_of
from tests.tiny_heads import LLAMA, drawn, rewrite, write

CODE = """
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput

Path(MARKER).touch()


class TinyConfig(PretrainedConfig):
    model_type = "TYPE"


class TinyReward(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.weight = nn.Linear(config.hidden_size, config.labels, bias=False)
        self.seen = []
        self.post_init()

    def forward(self, input_ids, attention_mask=None):
        self.seen.append((input_ids, attention_mask))
        hidden = torch.tanh(self.embed_tokens(input_ids).cumsum(1))
        # As the code of many models: before the first padding, or at the very end if there is none.
        last = (input_ids == self.config.pad_token_id).int().argmax(-1) - 1
        found = self.weight(hidden[torch.arange(len(input_ids)), last])
        return GIVES
"""
"""The code of a model; what stands in capitals is filled in."""
GIVES = {
    "logits": ("AutoModelForSequenceClassification", "SequenceClassifierOutput(logits=found)"),
    "a bare tensor": ("AutoModel", "found[:, 0]"),
    "a score": ("AutoModel", "SimpleNamespace(score=found[:, 0])"),
    "scores of the ends": (
        "AutoModel",
        "SimpleNamespace(scores=self.weight(hidden), end_scores=found)",
    ),
}
"""What published code gives, and the loader that its configuration names it for."""
TRUSTED = Local(trust_remote_code=True)
QUESTIONS = [
    Question((Message("user", asked),), (reply,))
    for asked in ("Hello ?", "Two " + "a long word . " * 8)
    for reply in ("good answer .", "bad", "worse </s> good", "<pad> good", "a long long long answer")
]


@pytest.fixture(autouse=True)
def modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where transformers copies code to that it runs: below the test's own folder, and forgotten after it."""
    folder = tmp_path / "modules"
    monkeypatch.setenv("HF_MODULES_CACHE", str(folder))
    for module in (transformers.dynamic_module_utils, transformers.utils.hub, transformers.utils):
        monkeypatch.setattr(module, "HF_MODULES_CACHE", str(folder))
    monkeypatch.setattr(sys, "path", [*sys.path])
    forget()
    yield folder
    forget()


def forget() -> None:
    """Code of models is imported again when it is next asked for."""
    for name in [each for each in sys.modules if each.split(".")[0] == "transformers_modules"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def own(
    folder: Path,
    gives: str = "logits",
    *,
    result: str | None = None,
    known_as: str = "tiny-reward",
    labels: int = 1,
) -> Path:
    """A model with code of its own in a folder, which leaves a file named "marker" beside it when it is imported.

    result: what forward gives, if it is none of GIVES; known_as: its type.
    """
    folder.mkdir(parents=True, exist_ok=True)
    loader, expression = GIVES[gives]
    code = CODE.replace("MARKER", repr(str(folder.parent / "marker"))).replace("TYPE", known_as)
    (folder / "modeling_tiny.py").write_text(code.replace("GIVES", result or expression))
    config = LLAMA | {
        "architectures": ["TinyReward"],
        "auto_map": {"AutoConfig": "modeling_tiny.TinyConfig", loader: "modeling_tiny.TinyReward"},
        "model_type": known_as,
        "labels": labels,
    }
    (folder / "config.json").write_text(json.dumps(config))
    tiny_models.tokenizer().save_pretrained(folder)
    rows, width = LLAMA["vocab_size"], LLAMA["hidden_size"]
    write(folder, {"embed_tokens.weight": drawn(rows, width), "weight.weight": drawn(labels, width, seed=2)})
    return folder


def judge(folder: Path, **options: Any) -> LocalRewardModel:
    """The scorer of a model that card and user trust."""
    return opened(folder, **{"head": "own_code", "trust_remote_code": True, "local": TRUSTED} | options)


def direct(folder: Path, scorer: LocalRewardModel, questions: Sequence[Question] = QUESTIONS) -> list[float]:
    """The scores by the model's own module, imported and called without transformers' loaders."""
    spec = importlib.util.spec_from_file_location("plain_tiny", folder / "modeling_tiny.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.TinyConfig(**json.loads((folder / "config.json").read_text()))
    model = module.TinyReward(config).eval()
    model.load_state_dict(load_file(folder / "model.safetensors"))
    found = []
    for question in questions:
        text = text_of(scorer, question)
        assert isinstance(text, Text)
        with torch.inference_mode():
            said = model(torch.tensor([text.tokens]))
        if isinstance(said, SimpleNamespace):
            said = said.score if hasattr(said, "score") else said.end_scores
        found.append((said if isinstance(said, torch.Tensor) else said.logits).item())
    return found


# With the word of both.


@pytest.mark.parametrize("gives", GIVES)
def test_the_score_is_what_the_model_s_own_code_gives(gives: str, tmp_path: Path) -> None:
    """As logits, as a score or as a bare number: the same as the module by itself."""
    folder = own(tmp_path / "own", gives)
    scorer = judge(folder)
    found = scores(scorer, QUESTIONS)
    assert found == pytest.approx(direct(folder, scorer), abs=1e-6)
    assert len({round(score, 3) for score in found}) == len(QUESTIONS)


@pytest.mark.parametrize("gives", GIVES)
def test_each_text_is_run_alone(gives: str, tmp_path: Path) -> None:
    """Code that looks for padding finds none that the text does not have itself."""
    scorer = judge(own(tmp_path / "own", gives), batch_tokens=10_000)
    scores(scorer, QUESTIONS)
    seen = scorer.engine.scoring.body.model.seen
    assert len(seen) == len(QUESTIONS)
    assert all(mask.shape == ids.shape and bool(mask.all()) for ids, mask in seen)
    texts = [text_of(scorer, question) for question in QUESTIONS]
    assert {tuple(ids[0].tolist()) for ids, _ in seen} == {
        text.tokens for text in texts if isinstance(text, Text)
    }


def test_batch_and_order_change_nothing(tmp_path: Path) -> None:
    """To the last digit: nothing stands beside a text."""
    folder = own(tmp_path / "own")
    found = scores(judge(folder), QUESTIONS)
    assert scores(judge(folder, batch_tokens=1), QUESTIONS) == found
    assert scores(judge(folder), QUESTIONS[::-1]) == found[::-1]


def test_code_is_copied_nowhere_else(modules: Path, tmp_path: Path) -> None:
    """A test of the tests: what transformers keeps of the code is in this test's folder."""
    folder = own(tmp_path / "own")
    scorer = judge(folder)
    scores(scorer, QUESTIONS[:1])
    model = type(scorer.engine.scoring.body.model)
    assert Path(sys.modules[model.__module__].__file__ or "").is_relative_to(modules)
    assert (tmp_path / "marker").exists()


# Without.


@pytest.mark.parametrize("gives", ["logits", "a bare tensor"])
@pytest.mark.parametrize(("card", "user"), [(False, False), (True, False), (False, True)])
def test_one_word_is_not_enough(card: bool, user: bool, gives: str, tmp_path: Path) -> None:
    """The model may need its code and the user may still not want it: one line names both ways out."""
    folder = own(tmp_path / "own", gives)
    said = refused(folder, head="own_code", trust_remote_code=card, local=Local(trust_remote_code=user))
    assert "trust_remote_code: true in the card" in said
    assert "--trust-remote-code" in said
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("gives", ["logits", "a bare tensor"])
def test_a_type_that_transformers_knows_is_no_way_around(gives: str, tmp_path: Path) -> None:
    """Some models with code go by a type of transformers': its own class is not the one the card means."""
    folder = own(tmp_path / "own", gives, known_as="llama")
    # Weights that would do for the class of transformers.
    config = transformers.LlamaConfig.from_pretrained(folder, num_labels=1)
    write(folder, transformers.LlamaForSequenceClassification(config).state_dict())
    said = refused(folder, head="own_code")
    assert "trust_remote_code: true in the card" in said
    assert "--trust-remote-code" in said
    assert not (tmp_path / "marker").exists()


# Models that cannot be used.


def said_of(folder: Path) -> str:
    """What is said of a model that is trusted and cannot be used."""
    return refused(folder, head="own_code", trust_remote_code=True, local=TRUSTED)


def test_a_missing_weight_is_named(tmp_path: Path) -> None:
    """Transformers would draw one at random."""
    folder = rewrite(own(tmp_path / "own"), "weight.weight")
    assert said_of(folder).endswith("has no weights for weight.weight")


def test_a_folder_without_the_code_is_refused(tmp_path: Path) -> None:
    """What the configuration names is not there."""
    folder = own(tmp_path / "own")
    (folder / "modeling_tiny.py").unlink()
    assert "cannot be loaded" in said_of(folder)


def test_code_that_cannot_be_imported_is_refused(tmp_path: Path) -> None:
    """Because it needs what is not installed."""
    folder = own(tmp_path / "own")
    code = (folder / "modeling_tiny.py").read_text()
    (folder / "modeling_tiny.py").write_text(f"import nobody_has_this\n{code}")
    assert "nobody_has_this" in said_of(folder)


def test_logits_of_several_labels_are_refused(tmp_path: Path) -> None:
    """Two numbers are no score."""
    said_of(own(tmp_path / "own", labels=2))


def test_code_that_gives_no_score_is_refused(tmp_path: Path) -> None:
    """Hidden states are none."""
    folder = own(tmp_path / "own", "a bare tensor", result="BaseModelOutput(last_hidden_state=hidden)")
    said_of(folder)


def test_a_shared_beginning_is_refused(tmp_path: Path) -> None:
    """What the code keeps of a text is not known."""
    local = Local(trust_remote_code=True, engine="shared")
    with pytest.raises(UsageError, match=r"^judge tiny: its architecture cannot share beginnings"):
        scores(judge(own(tmp_path / "own"), local=local), QUESTIONS)


# Which judge it is.


def test_the_code_is_part_of_the_judge(tmp_path: Path) -> None:
    """A copy elsewhere is the same judge; with other code, or another configuration, it is not."""
    folder = own(tmp_path / "own")
    same, other, told = (shutil.copytree(folder, tmp_path / name) for name in ("same", "other", "told"))
    code = (other / "modeling_tiny.py").read_text()
    (other / "modeling_tiny.py").write_text(code.replace("torch.tanh", "torch.sin"))
    changed(told, pad_token_id=2)
    first, *others = (judge(each).identity for each in (folder, other, told))
    assert judge(same).identity == first
    assert first not in others
    assert scores(judge(same), QUESTIONS) == scores(judge(folder), QUESTIONS)
    assert scores(judge(other), QUESTIONS) != scores(judge(folder), QUESTIONS)
