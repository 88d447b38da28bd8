"""Every published form of head against a plain computation of its score: one text alone, and its formula written out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
import transformers
from torch import Tensor

from rmb.cards import Head
from rmb.errors import UsageError
from rmb.records import Message, Question
from rmb.scorers import Local
from rmb.scorers.local.architectures import ARCHITECTURES
from rmb.scorers.local.text import Text
from tests.test_reward_model import changed, opened, refused, scores, text_of
from tests.tiny_heads import (
    HIDDEN,
    LLAMA,
    REWARD,
    TINY,
    UNENDED,
    Tiny,
    beaver,
    drawn,
    internlm2,
    llama,
    oasst,
    rewrite,
    starling,
)

# The texts.

RESPONSES = [
    "good answer .",
    "bad",
    "a long long long long long long answer . good",
    "worse </s> good",
    "good </s>",
    "<pad> good",
    "good <pad> <pad>",
]
"""The last ones have tokens in them that end a text or pad it, also at their end."""
CONVERSATIONS = [
    [("user", "Hello ?")],
    [
        ("system", "One word ."),
        ("user", "Two ? </s> Paris"),
        ("assistant", "good"),
        ("user", "a long word ?"),
    ],
    [("user", "Two " + "a long word . " * 8)],
]
"""The last one is long enough for its responses to share it."""
QUESTIONS = [
    Question(tuple(Message(role, said) for role, said in turns), (response,))
    for turns in CONVERSATIONS
    for response in RESPONSES
]
SOME = QUESTIONS[len(RESPONSES) : 2 * len(RESPONSES)]
"""Each response once."""


# The formulas.


def tokens(tiny: Tiny, question: Question, tokenizer: Any = None) -> list[int]:
    """The text of a question, by hand."""
    tokenizer, reply = tokenizer or tiny.tokenizer(), question.responses[0]
    if tiny.template is None:
        asked = " ".join(turn.content for turn in question.conversation)
        ids = [1, *plain(tokenizer, asked), 2, *plain(tokenizer, reply), 2]
    else:
        turns = [{"role": turn.role, "content": turn.content} for turn in question.conversation]
        turns.append({"role": "assistant", "content": reply})
        ids = plain(tokenizer, tokenizer.apply_chat_template(turns, tokenize=False))
        if tiny.adds_bos and ids[0] != 1:
            ids = [1, *ids]
    return [*ids, len(tokenizer) - 1] if tiny.head == "internlm2" else ids


def plain(tokenizer: Any, text: str) -> list[int]:
    """The words of a text, and no more."""
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def states(tiny: Tiny, ids: Sequence[int]) -> Tensor:
    """What the body has at each token of one text."""
    with torch.inference_mode():
        return tiny.body(input_ids=torch.tensor([ids])).last_hidden_state[0]


def linear(tiny: Tiny, name: str, state: Tensor) -> Tensor:
    """A layer with or without bias."""
    found = tiny.head_tensors[f"{name}.weight"] @ state
    bias = tiny.head_tensors.get(f"{name}.bias")
    return found if bias is None else found + bias


def formula(tiny: Tiny, at: Tensor) -> float:  # noqa: C901 - a case for each head
    """The score of a text by what the body has at each of its tokens."""
    match tiny.head:
        case "eurus":
            found = linear(tiny, "regression_head", at[-1])
        case "starling" | "internlm2":
            found = linear(tiny, "v_head", at[-1])
        case "grm" if "v_head.summary.weight" in tiny.head_tensors:
            found = linear(tiny, "v_head.summary", at[-1])
        case "grm":
            found = linear(tiny, "v_head.summary.2", linear(tiny, "v_head.summary.0", at[-1]).clamp(min=0))
        case "inf_orm":
            found = linear(tiny, "score.2", linear(tiny, "score.0", at[-1]).clamp(min=0))
        case "beaver" | "beaver_cost":
            found = linear(tiny, "score_head", at[-1])
            if tiny.config["do_normalize"]:
                mean, var = (tiny.head_tensors[f"normalizer.{name}"] for name in ("mean", "var"))
                found = (found - mean if tiny.head == "beaver" else found) / var**0.5
            found = found if tiny.head == "beaver" else -found
        case "oasst" if tiny.config.get("pooling") == "mean":
            found = linear(tiny, "out_proj", at.sum(0) / len(at))
        case "oasst":
            found = linear(tiny, "out_proj", at[-1])
        case "deberta":
            pooled = linear(tiny, "pooler.dense", at[0])
            found = linear(tiny, "classifier", pooled * (1 + torch.erf(pooled / 2**0.5)) / 2)
    return found.item()


def expected(tiny: Tiny, questions: Sequence[Question] = QUESTIONS, **options: Any) -> list[float]:
    """The scores of texts, each by itself. options: of the tokenizer."""
    tokenizer = tiny.tokenizer(**options)
    return [formula(tiny, states(tiny, tokens(tiny, question, tokenizer))) for question in questions]


def judged(
    tiny: Tiny, folder: Path, questions: Sequence[Question] = QUESTIONS, **options: Any
) -> list[float]:
    """What the program says of texts."""
    return scores(opened(folder, head=tiny.head, **options), questions)


def close(values: Sequence[float]) -> Any:
    """Equal to fp32's last digits."""
    return pytest.approx(list(values), abs=1e-5)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small wait longer for other threads than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=TINY)
def tiny(request: pytest.FixtureRequest) -> Tiny:
    """Each of the models."""
    return TINY[request.param]()


@pytest.fixture(scope="module")
def wanted(tiny: Tiny) -> list[float]:
    """Its scores of all texts, by the formula."""
    return expected(tiny)


@pytest.fixture(scope="module")
def folder(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it is saved."""
    return tiny.save(tmp_path_factory.mktemp("heads"))


# One law for all.


def test_the_score_is_that_of_the_formula(tiny: Tiny, folder: Path, wanted: list[float]) -> None:
    """To 1e-5, for texts with any token in them, alone on the plain body of transformers."""
    assert judged(tiny, folder) == close(wanted)


def test_scores_differ_between_texts(wanted: list[float]) -> None:
    """A test of the tests: equality is not that of constants; no two scores are within its tolerance."""
    ordered = sorted(wanted)
    assert min(after - before for before, after in pairwise(ordered)) > 2e-5


@pytest.mark.parametrize("budget", [1, 100])
def test_every_batch_has_the_scores_of_single_texts(
    budget: int, tiny: Tiny, folder: Path, wanted: list[float]
) -> None:
    """Whatever stands beside a text, and however far it is padded."""
    found = judged(tiny, folder, batch_tokens=budget, local=Local(engine="padded"))
    assert found == close(wanted)


def test_a_shared_beginning_changes_no_score(tiny: Tiny, folder: Path, wanted: list[float]) -> None:
    """Where the body can go on from what it has; a body that cannot is refused rather than run otherwise."""
    if tiny.head == "deberta":
        with pytest.raises(UsageError, match=r"^judge tiny: its architecture cannot share beginnings"):
            judged(tiny, folder, local=Local(engine="shared"))
        return
    scorer = opened(folder, head=tiny.head, batch_tokens=200, local=Local(engine="shared"))
    assert scores(scorer, QUESTIONS) == close(wanted)
    tokenizer = tiny.tokenizer()
    assert scorer.engine.scoring.work.real < sum(
        len(tokens(tiny, question, tokenizer)) for question in QUESTIONS
    )


@pytest.mark.parametrize("pad", ["<pad>", "</s>"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_tokenizer_s_padding_changes_nothing(side: str, pad: str, tiny: Tiny, tmp_path: Path) -> None:
    """On either side, by a token of its own or by the end of text: no token is looked for."""
    found = judged(tiny, tiny.save(tmp_path, pad=pad, side=side), SOME)
    assert found == close(expected(tiny, SOME, pad=pad))


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_padded_batch_of_transformers_has_the_same_scores(side: str, tiny: Tiny, folder: Path) -> None:
    """The formulas hold for a batch as authors run it: padded on one side, with a mask and positions."""
    tokenizer = tiny.tokenizer()
    texts = [tokens(tiny, question, tokenizer) for question in QUESTIONS]
    longest = max(map(len, texts))
    gaps = [longest - len(ids) for ids in texts]
    rows = [
        [3] * gap + ids if side == "left" else ids + [3] * gap for gap, ids in zip(gaps, texts, strict=True)
    ]
    starts = [gap if side == "left" else 0 for gap in gaps]
    seen = [(start, start + len(ids)) for start, ids in zip(starts, texts, strict=True)]
    mask = torch.tensor([[int(first <= at < end) for at in range(longest)] for first, end in seen])
    more = {"input_ids": torch.tensor(rows), "attention_mask": mask}
    # An encoder counts by itself how far tokens are from one another.
    if tiny.head != "deberta":
        more["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)
    with torch.inference_mode():
        hidden = tiny.body(**more).last_hidden_state
    found = [formula(tiny, hidden[row, first:end]) for row, (first, end) in enumerate(seen)]
    assert judged(tiny, folder) == close(found)


def test_the_order_of_questions_is_irrelevant(tiny: Tiny, folder: Path, wanted: list[float]) -> None:
    """A score belongs to its response, wherever that stands."""
    backwards = QUESTIONS[::-1]
    assert judged(tiny, folder, backwards, batch_tokens=100)[::-1] == close(wanted)


def test_weights_may_lie_in_several_files(tiny: Tiny, wanted: list[float], tmp_path: Path) -> None:
    """With an index, as large models are published; head and body are found in whichever file they are."""
    found = judged(tiny, tiny.save(tmp_path, files=3))
    assert not (tmp_path / "model.safetensors").exists()
    assert found == close(wanted)


# What is peculiar to one.


def test_deberta_is_the_classifier_of_transformers(tmp_path: Path) -> None:
    """Its own logits, for the two parts that its own tokenizer makes."""
    tiny = TINY["deberta"]()
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(tiny.save(tmp_path)).eval()
    found = []
    for question in QUESTIONS:
        ids = tiny.tokenizer()(
            " ".join(turn.content for turn in question.conversation),
            question.responses[0],
            return_tensors="pt",
        )
        with torch.inference_mode():
            said = theirs(input_ids=ids["input_ids"], attention_mask=ids["attention_mask"])
        found.append(said.logits.item())
    assert judged(tiny, tmp_path) == close(found)


@pytest.mark.parametrize("truncation", ["left", "right"])
def test_a_cut_text_of_two_parts_begins_where_its_head_reads(truncation: str, tmp_path: Path) -> None:
    """Its first token gathers what the encoder has of the text, and its last one ends it: neither is cut off."""
    scorer = opened(TINY["deberta"]().save(tmp_path), head="deberta", max_tokens=8, truncation=truncation)
    text = text_of(scorer, QUESTIONS[2])
    assert isinstance(text, Text)
    assert len(text.tokens) == 8
    assert (text.tokens[0], text.tokens[-1]) == (1, 2)


@pytest.mark.parametrize("bias", [False, True])
def test_internlm2_is_a_llama_in_another_layout(bias: bool, tmp_path: Path) -> None:
    """Four heads of queries in two groups, each with its key and value: split where they belong."""
    tiny = internlm2(bias=bias)
    rows = (4 + 2 + 2) * HIDDEN // 4
    assert len(tiny.tensors["model.layers.0.attention.wqkv.weight"]) == rows
    assert judged(tiny, tiny.save(tmp_path), SOME) == close(expected(tiny, SOME))


@pytest.mark.parametrize(
    ("template", "response"),
    [
        (f"{UNENDED}{REWARD}", "good"),
        (UNENDED, f"good {REWARD}"),
        (UNENDED, f"{REWARD} good"),
        (UNENDED, "good"),
    ],
)
def test_the_reward_token_ends_the_text_once(template: str, response: str, tmp_path: Path) -> None:
    """Also where the template or the response ends with it already; within a response it is any token."""
    folder = internlm2().save(tmp_path)
    scorer = opened(folder, head="internlm2", chat_template=template)
    text = text_of(scorer, Question((Message("user", "Hello ?"),), (response,)))
    assert isinstance(text, Text)
    good, reward = 7, scorer.wording.token
    within = [reward, good] if response.startswith(REWARD) else [good]
    # It is tokenised as the template writes it, without a BOS.
    assert list(text.tokens[-len(within) - 2 :]) == [5, *within, reward]
    assert text.tokens[0] == 4


@pytest.mark.parametrize("truncation", ["left", "right"])
@pytest.mark.parametrize("length", [2, 9])
def test_the_reward_token_is_never_cut_off(truncation: str, length: int, tmp_path: Path) -> None:
    """A text is cut before it, and the score is read at it."""
    tiny = internlm2()
    folder = tiny.save(tmp_path)
    scorer = opened(folder, head="internlm2", max_tokens=length, truncation=truncation)
    whole = tokens(tiny, QUESTIONS[2])
    kept = whole[-length:] if truncation == "left" else [*whole[: length - 1], whole[-1]]
    text = text_of(scorer, QUESTIONS[2])
    assert isinstance(text, Text)
    assert (list(text.tokens), text.cut) == (kept, len(whole) - length)
    assert scores(scorer, QUESTIONS[2:3]) == close([formula(tiny, states(tiny, kept))])


def test_internlm2_needs_no_code_of_its_own(tmp_path: Path) -> None:
    """Neither for its body nor for its tokenizer, whose class transformers does not know: its file is enough."""
    tiny = internlm2()
    folder = tiny.save(tmp_path)
    marker = trap(folder, "tokenization_internlm2", "InternLM2Tokenizer")
    file = folder / "tokenizer_config.json"
    told = {
        "tokenizer_class": "InternLM2Tokenizer",
        "auto_map": {"AutoTokenizer": ["tokenization_internlm2.InternLM2Tokenizer", None]},
    }
    file.write_text(json.dumps(json.loads(file.read_text()) | told))
    assert judged(tiny, folder, SOME) == close(expected(tiny, SOME))
    assert not marker.exists()


def test_internlm2_without_a_reward_token_is_refused(tmp_path: Path) -> None:
    """Nothing says where its reward is."""
    folder = internlm2().save(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    del config["reward_token_id"]
    (folder / "config.json").write_text(json.dumps(config))
    assert "has no reward_token_id in its config.json" in refused(folder, head="internlm2")


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", ["reward", "cost"])
def test_beaver_is_its_formula(kind: str, bias: bool, normalize: bool, tmp_path: Path) -> None:
    """A bias if there is one; normalised by the tensors, and not by what the configuration began with."""
    tiny = beaver(kind, bias=bias, normalize=normalize)
    assert judged(tiny, tiny.save(tmp_path), SOME) == close(expected(tiny, SOME))


def test_the_tensors_say_whether_beaver_has_a_bias(tmp_path: Path) -> None:
    """Whatever its configuration says, or if it says nothing."""
    tiny = beaver(bias=True)
    tiny.save(tmp_path)
    for said in (False, None):
        assert judged(tiny, changed(tmp_path, bias=said), SOME) == close(expected(tiny, SOME))


def test_a_cost_is_better_if_it_is_less(tmp_path: Path) -> None:
    """What orders responses is the cost's negative; a reward is scaled and shifted, a cost only scaled."""
    reward, cost = (beaver(kind, normalize=True) for kind in ("reward", "cost"))
    folder = reward.save(tmp_path)
    mean, deviation = 1.5, 0.25**0.5
    assert judged(cost, folder, SOME) == close(
        [-(score + mean / deviation) for score in judged(reward, folder, SOME)]
    )


@pytest.mark.parametrize("pooling", ["last", "mean", None])
def test_oasst_reads_the_last_token_or_all(pooling: str | None, tmp_path: Path) -> None:
    """As its configuration says; the last, where it says nothing."""
    tiny = oasst(pooling)
    assert judged(tiny, tiny.save(tmp_path), SOME) == close(expected(tiny, SOME))
    last, mean = (expected(oasst(each), SOME) for each in ("last", "mean"))
    assert expected(tiny, SOME) == close(mean if pooling == "mean" else last)
    assert all(abs(one - other) > 1e-3 for one, other in zip(last, mean, strict=True))


def test_oasst_needs_no_code_of_its_own(tmp_path: Path) -> None:
    """Transformers does not know its type, and the code that does is not run."""
    tiny = oasst()
    tiny.save(tmp_path)
    with pytest.raises(ValueError, match="gpt_neox_reward_model"):
        transformers.AutoConfig.from_pretrained(tmp_path)
    marker = trap(tmp_path, "modeling_oasst", "GPTNeoXRewardModel")
    assert judged(tiny, tmp_path, SOME) == close(expected(tiny, SOME))
    assert not marker.exists()


# Starling's loose pickle.


def loose(folder: Path, **options: Any) -> tuple[Tiny, dict[str, str]]:
    """berkeley-nest/Starling-RM-7B-alpha: its body twice in one pickle; configuration and tokenizer are another's.

    Gives the model, and what its card says. options: of torch.save.
    """
    tiny, body = starling(), llama().state_dict()
    for name in ("weights", "llama", "words"):
        (folder / name).mkdir(parents=True)
    stored = {f"model.model.{name}": tensor for name, tensor in body.items()}
    stored |= {f"transformer.{name}": tensor for name, tensor in body.items()}
    stored |= {"model.lm_head.weight": drawn(LLAMA["vocab_size"], HIDDEN)} | tiny.head_tensors
    torch.save(stored, folder / "weights" / "starling.pt", **options)
    config = LLAMA | {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    (folder / "llama" / "config.json").write_text(json.dumps(config))
    tiny.tokenizer().save_pretrained(folder / "words")
    return tiny, {"base": str(folder / "llama"), "tokenizer": str(folder / "words")}


def test_a_loose_pickle_takes_the_user_s_word(tmp_path: Path) -> None:
    """In one line that names the way out; with it, its base's configuration and another's tokenizer do the rest."""
    tiny, card = loose(tmp_path)
    said = refused(tmp_path / "weights", head="starling", **card)
    assert "has weights in a pickle, starling.pt" in said
    assert said.endswith("--allow-pickle")
    found = judged(tiny, tmp_path / "weights", SOME, local=Local(allow_pickle=True), **card)
    assert found == close(expected(tiny, SOME))


@pytest.mark.parametrize("alias", ["model.model.", "transformer."])
def test_one_copy_of_the_body_suffices(alias: str, tmp_path: Path) -> None:
    """Under either of its names."""
    tiny, card = loose(tmp_path)
    file = tmp_path / "weights" / "starling.pt"
    stored = torch.load(file, weights_only=True)
    torch.save({name: stored[name] for name in stored if name.startswith((alias, "v_head"))}, file)
    found = judged(tiny, tmp_path / "weights", SOME, local=Local(allow_pickle=True), **card)
    assert found == close(expected(tiny, SOME))


def test_a_pickle_of_an_older_torch_is_read(tmp_path: Path) -> None:
    """Before version 1.6 torch kept pickles in a format of its own; some models were published so."""
    tiny, card = loose(tmp_path, _use_new_zipfile_serialization=False)
    found = judged(tiny, tmp_path / "weights", SOME, local=Local(allow_pickle=True), **card)
    assert found == close(expected(tiny, SOME))


class Planted:
    """Something that writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        """file: the one."""
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("name", ["starling.pt", "pytorch_model.bin"])
def test_no_code_in_an_allowed_pickle_is_run(name: str, tmp_path: Path) -> None:
    """The user's word is for tensors: what is none is refused, in one line, and is not run."""
    _, card = loose(tmp_path)
    folder, marker = tmp_path / "weights", tmp_path / "marker"
    (folder / "starling.pt").unlink()
    torch.save({"v_head.weight": Planted(marker)}, folder / name)
    said = refused(folder, head="starling", local=Local(allow_pickle=True), **card)
    assert "cannot be loaded" in said
    assert not marker.exists()
    torch.load(folder / name, weights_only=False)
    assert marker.exists()


# Models that cannot be used.

FIRST = {
    "eurus": "regression_head.weight",
    "starling": "v_head.weight",
    "internlm2": "v_head.weight",
    "grm-linear": "v_head.summary.weight",
    "grm-mlp": "v_head.summary.2.weight",
    "inf_orm": "score.2.weight",
    "beaver": "score_head.weight",
    "beaver_cost": "score_head.weight",
    "oasst-last": "out_proj.weight",
    "oasst-mean": "out_proj.weight",
    "deberta": "classifier.weight",
}
"""The tensor that gives the one number."""


@pytest.mark.parametrize("name", TINY)
def test_a_missing_tensor_of_the_head_is_named(name: str, tmp_path: Path) -> None:
    """A head is never made up."""
    tiny = TINY[name]()
    folder = tiny.save(tmp_path)
    rewrite(folder, *(each for each in tiny.head_tensors if each.endswith("weight")))
    assert "has no weights for " in (said := refused(folder, head=tiny.head))
    assert said.endswith(": it is no reward model of this kind")


@pytest.mark.parametrize(
    ("name", "part"), [("grm-mlp", "2"), ("grm-mlp", "0"), ("inf_orm", "2"), ("inf_orm", "0")]
)
def test_a_missing_layer_of_several_is_noticed(name: str, part: str, tmp_path: Path) -> None:
    """What is left is no head, though it is made of layers."""
    tiny = TINY[name]()
    stem = FIRST[name].removesuffix("2.weight")
    folder = rewrite(tiny.save(tmp_path), f"{stem}{part}.weight", f"{stem}{part}.bias")
    refused(folder, head=tiny.head)


@pytest.mark.parametrize("name", TINY)
def test_a_missing_tensor_of_the_body_is_named(name: str, tmp_path: Path) -> None:
    """Transformers would draw one at random."""
    tiny = TINY[name]()
    folder = tiny.save(tmp_path)
    gone = next(
        each
        for each in sorted(tiny.stored(dict(tiny.body.state_dict())))
        if ".layers.1." in each or ".layer.1." in each
    )
    if "attention.bias" in gone:
        gone = "gpt_neox.layers.1.mlp.dense_h_to_4h.weight"
    rewrite(folder, gone)
    assert "has no weights for " in refused(folder, head=tiny.head)


@pytest.mark.parametrize("name", TINY)
def test_a_head_of_several_labels_is_refused(name: str, tmp_path: Path) -> None:
    """Two numbers are no score. Some models of steps have heads of these names, with two."""
    tiny = TINY[name]()
    folder = tiny.save(tmp_path)
    weight = tiny.head_tensors[FIRST[name]]
    bias = FIRST[name].replace("weight", "bias")
    changed = {FIRST[name]: weight.repeat(2, 1)}
    if bias in tiny.head_tensors:
        changed[bias] = tiny.head_tensors[bias].repeat(2)
    rewrite(folder, **{each.replace(".", "__"): tensor for each, tensor in changed.items()})
    assert "2 labels" in refused(folder, head=tiny.head)


def trap(folder: Path, module: str, name: str) -> Path:
    """Puts code beside a model that writes a file when it is imported; gives the file."""
    marker = folder / "marker"
    code = f"from pathlib import Path\nPath({str(marker)!r}).touch()\nclass {name}: pass\n"
    (folder / f"{module}.py").write_text(code)
    config = json.loads((folder / "config.json").read_text())
    loaders = ("AutoConfig", "AutoModel", "AutoModelForSequenceClassification")
    changed(folder, auto_map=dict.fromkeys(loaders, f"{module}.{name}") | config.get("auto_map", {}))
    return marker


@pytest.mark.parametrize("local", [Local(), Local(trust_remote_code=True)])
def test_code_beside_a_known_model_is_not_run(local: Local, tiny: Tiny, tmp_path: Path) -> None:
    """Nor needed: the user's word alone, without the card's, is none either."""
    folder = tiny.save(tmp_path)
    marker = trap(folder, "modeling_eurus_rm", "EurusRewardModel")
    assert judged(tiny, folder, QUESTIONS[:2], local=local) == close(expected(tiny, QUESTIONS[:2]))
    assert not marker.exists()


@pytest.mark.parametrize("name", ["eurus", "grm-mlp", "inf_orm", "beaver", "deberta", "starling"])
def test_an_architecture_nobody_knows_is_refused(name: str, tmp_path: Path) -> None:
    """In one line, where the body is to be transformers' own."""
    tiny = TINY[name]()
    folder = changed(tiny.save(tmp_path), model_type="nobody-knows")
    said = refused(folder, head=tiny.head)
    assert "cannot be loaded" in said
    assert "nobody-knows" in said


def test_a_layout_that_is_not_internlm2_s_is_refused(tmp_path: Path) -> None:
    """Rows that cannot be split into its groups are no queries, keys and values."""
    folder = changed(internlm2().save(tmp_path), num_attention_heads=8, num_key_value_heads=3)
    refused(folder, head="internlm2")


@pytest.mark.parametrize("name", ["eurus", "starling", "internlm2", "deberta"])
def test_a_file_of_weights_that_is_cut_off_is_refused(name: str, tmp_path: Path) -> None:
    """As a download leaves it that was stopped."""
    tiny = TINY[name]()
    file = tiny.save(tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    assert "cannot be loaded" in refused(tmp_path, head=tiny.head)


# Which judge it is.


def test_a_copy_of_the_folder_is_the_same_judge(tiny: Tiny, folder: Path, tmp_path: Path) -> None:
    """Wherever it lies, its identity is its files."""
    same = shutil.copytree(folder, tmp_path / "elsewhere")
    assert opened(same, head=tiny.head).identity == opened(folder, head=tiny.head).identity


def test_what_changes_a_score_makes_another_judge(tmp_path: Path) -> None:
    """Another template, tokenizer, head or base, each by itself: what the store holds of one is not the other's."""
    tiny = starling()
    folder = tiny.save(tmp_path / "one")
    tiny.tokenizer().save_pretrained(tmp_path / "same")
    tiny.tokenizer(pad="</s>").save_pretrained(tmp_path / "words")
    judges = [
        opened(folder, head="starling"),
        opened(folder, head="eurus"),
        opened(folder, head="starling", chat_template=UNENDED),
        opened(folder, head="starling", chat_template=f"<s>{UNENDED}"),
        opened(folder, head="starling", tokenizer=str(tmp_path / "same")),
        opened(folder, head="starling", tokenizer=str(tmp_path / "words")),
    ]
    identities = [json.dumps(dict(judge.identity), sort_keys=True) for judge in judges]
    assert len(set(identities)) == len(judges)


def test_another_base_is_another_judge(tmp_path: Path) -> None:
    """The same weights by another configuration give other scores."""
    tiny, card = loose(tmp_path)
    other = shutil.copytree(tmp_path / "llama", tmp_path / "other")
    changed(other, rope_theta=10.0)
    found = [
        opened(
            tmp_path / "weights",
            head="starling",
            local=Local(allow_pickle=True),
            **card | {"base": str(base)},
        )
        for base in (tmp_path / "llama", other)
    ]
    first, second = (scores(each, SOME) for each in found)
    assert first == close(expected(tiny, SOME))
    assert first != close(second)
    assert found[0].identity != found[1].identity


def test_cards_may_name_every_head_there_is() -> None:
    """The names stand in rmb.cards as well, which loads without torch."""
    assert list(get_args(Head)) == list(ARCHITECTURES)
