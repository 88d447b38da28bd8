"""Rewards of language models without a head, against the logits of transformers: which tokens count, and for how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from rmb.cards import open_card
from rmb.errors import ContentError
from rmb.records import Answer, Failure, Message, Question
from rmb.scorers import Local, Scorer, Setup, open_scorer
from rmb.scorers.local.text import Text
from tests.builders import pair, run
from tests.test_reward_model import answers, opened, refused, scores, text_of
from tests.tiny_gated import one_thread
from tests.tiny_models import FAMILIES, SMALL, TEMPLATE, WORDS, tokenizer

CHAT = TEMPLATE + "{% if add_generation_prompt %}<|assistant|> {% endif %}"
PER_TOKEN = ["sum", "mean", "norm"]


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Computes without threads."""
    with one_thread():
        yield


# Tiny language models.

MAKES = FAMILIES | {
    # These multiply or divide their logits.
    "cohere": (transformers.CohereConfig, {"num_key_value_heads": 1}),
    "granite": (transformers.GraniteConfig, {"num_key_value_heads": 1}),
}
CHATML = (
    "{% for turn in messages %}<|im_start|>{{ turn.role }}{{ '\\n' }}{{ turn.content }}<|im_end|>{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant{{ '\\n' }}{% endif %}"
)


def bytewise() -> Any:
    """A byte-pair tokenizer of bytes, as Qwen's and GPT's are, trained on a few words; it has no BOS."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.post_processor = processors.ByteLevel(trim_offsets=True)
    raw.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=alphabet, special_tokens=special, show_progress=False
    )
    raw.train_from_iterator([" ".join(WORDS[7:]), "user\nassistant\n  \n \n  a"] * 5, trainer)
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    fast.chat_template = CHATML
    return fast


def save(
    folder: Path,
    family: str = "llama",
    *,
    seed: int = 0,
    fast: Any = None,
    template: str = CHAT,
    **config: Any,
) -> Path:
    """A language model with its tokenizer in a folder. fast: another tokenizer than that of words."""
    torch.manual_seed(seed)
    fast = fast or (bytewise() if family == "qwen2" else tokenizer(template=template))
    make, more = MAKES[family]
    settings = make(
        vocab_size=len(fast), **SMALL, **more, max_position_embeddings=2048, pad_token_id=fast.pad_token_id,
        bos_token_id=fast.bos_token_id, eos_token_id=fast.eos_token_id, **config,
    )  # fmt: skip
    model = transformers.AutoModelForCausalLM.from_config(settings)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.3)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


class Plain:
    """A language model without this program: its own logits, one text at a time."""

    def __init__(self, folder: Path) -> None:
        """Reads the folder."""
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        ).eval()

    def rendered(self, question: Question, *, reply: bool) -> str:
        """The text, with the response or up to it."""
        turns = [{"role": turn.role, "content": turn.content} for turn in question.conversation]
        if reply:
            turns.append({"role": "assistant", "content": question.responses[0]})
        text: str = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=not reply)
        return text.rstrip() if reply else text

    def parted(self, question: Question) -> tuple[list[int], int]:
        """The tokens of the text, and how many of these are what the prompt has by itself."""
        prompt, whole = (
            self.tokenizer(self.rendered(question, reply=reply), add_special_tokens=False)["input_ids"]
            for reply in (False, True)
        )
        alike = (at for at, (one, other) in enumerate(zip(prompt, whole, strict=False)) if one != other)
        return whole, next(alike, min(len(prompt), len(whole)))

    def said(self, ids: Sequence[int], start: int) -> list[float]:
        """The log-probability of each token from a place on, given all before it."""
        with torch.inference_mode():
            logits = self.model(input_ids=torch.tensor([ids])).logits[0]
        told = torch.log_softmax(logits.double(), -1)
        return [float(told[at - 1, ids[at]]) for at in range(start, len(ids))]

    def score(self, question: Question, per_token: str = "sum") -> float:
        """What a text is worth."""
        return together(self.said(*self.parted(question)), per_token)


def together(said: Sequence[float], per_token: str) -> float:
    """One number of some log-probabilities."""
    if per_token == "norm":
        return -(sum(each * each for each in said) ** 0.5)
    return sum(said) / (len(said) if per_token == "mean" else 1)


def ask(*said: str) -> Question:
    """A conversation of the user and the assistant in turn; the last is the response."""
    roles = ("user", "assistant") * len(said)
    return Question(tuple(map(Message, roles, said[:-1])), (said[-1],))


QUESTIONS = [
    ask("Hello ?", "good answer ."),
    ask("Hello ?", "bad"),
    ask("Hello ?", "a long long long long long long answer . good"),
    ask("Hello ?", "good </s><|assistant|> worse"),
    ask("One ?", "Two .", "a long long long word ? " * 3, "Paris"),
    ask("One ?", "Two .", "a long long long word ? " * 3, "<pad> Paris . good </s>"),
    ask("One ?", "Two .", "a long long long word ? " * 3, "worse"),
]


def close(values: Sequence[float]) -> Any:
    """Equal in fp32: five digits after the point, or six in all for sums over many tokens."""
    return pytest.approx(list(values), abs=1e-5, rel=1e-6)


# The likelihood.

KINDS = {
    "llama": ("llama", {}),
    "llama, tied": ("llama", {"tie_word_embeddings": True}),
    "qwen2": ("qwen2", {}),
    "qwen2, tied": ("qwen2", {"tie_word_embeddings": True}),
    # The cap of the logits, and that of attention, are low enough to matter.
    "gemma2": (
        "gemma2",
        {"tie_word_embeddings": False, "final_logit_softcapping": 3.0, "attn_logit_softcapping": 0.5},
    ),
    "gemma2, tied": ("gemma2", {"tie_word_embeddings": True, "final_logit_softcapping": 3.0}),
    "cohere, tied": ("cohere", {"logit_scale": 0.3}),
    "granite": ("granite", {"logits_scaling": 3.0}),
}


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each kind of model."""
    family, config = KINDS[request.param]
    return save(tmp_path_factory.mktemp("model"), family, **config)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama."""
    return save(tmp_path_factory.mktemp("llama"))


@pytest.mark.parametrize("engine", ["padded", "shared"])
@pytest.mark.parametrize("per_token", PER_TOKEN)
def test_the_score_is_that_of_the_model_s_own_logits(per_token: str, engine: Any, folder: Path) -> None:
    """Sum, mean, or negative norm of the log-probabilities of the response's tokens, whatever computes them."""
    plain = Plain(folder)
    scorer = opened(folder, head="likelihood", per_token=per_token, local=Local(engine=engine))
    expected = [plain.score(question, per_token) for question in QUESTIONS]
    assert scores(scorer, QUESTIONS) == close(expected)
    assert len({round(each, 2) for each in expected}) == len(QUESTIONS)


@pytest.mark.parametrize("budget", [1, 40, 100])
@pytest.mark.parametrize("engine", ["padded", "shared"])
def test_batches_change_nothing(engine: Any, budget: int, llama: Path) -> None:
    """Few texts at once, or one."""
    plain = Plain(llama)
    scorer = opened(llama, head="likelihood", local=Local(engine=engine), batch_tokens=budget)
    assert scores(scorer, QUESTIONS) == close([plain.score(question) for question in QUESTIONS])


@pytest.mark.parametrize("head", ["likelihood", "dpo"])
def test_the_cap_of_gemma_s_logits_matters(head: str, tmp_path: Path) -> None:
    """A test of the tests: without its cap the same weights give other scores."""
    folders = {cap: save(tmp_path / str(cap), "gemma2", final_logit_softcapping=cap) for cap in (3.0, None)}
    capped, uncapped = (scores(opened(each, head=head), QUESTIONS) for each in folders.values())
    assert all(abs(one - other) > 0.01 for one, other in zip(capped, uncapped, strict=True))


LONG = [
    ask("Hello ?", " ".join(WORDS[7 + at % 3] for at in range(many))) for many in (700, 511, 512, 513, 1100)
]


def test_long_responses_are_counted_to_the_end(llama: Path) -> None:
    """More tokens than have their whole vocabulary in memory at once; several such texts in a batch."""
    plain = Plain(llama)
    for per_token in PER_TOKEN:
        scorer = opened(llama, head="likelihood", per_token=per_token)
        expected = [plain.score(question, per_token) for question in LONG]
        assert scores(scorer, LONG) == pytest.approx(expected, rel=2e-6)


# Which tokens count.


def counted(scorer: Any, question: Question) -> list[str]:
    """The tokens of the response, as the scorer has them."""
    text = text_of(scorer, question)
    assert isinstance(text, Text)
    (start,) = text.marks
    return scorer.wording.tokenizer.convert_ids_to_tokens(text.tokens[start:])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        pytest.param(ask("Hello ?", "good answer ."), ["good", "answer", ".", "</s>"], id="one turn"),
        pytest.param(ask("One ?", "Two .", "Paris ?", "bad"), ["bad", "</s>"], id="the last response only"),
        pytest.param(ask("Hello ?", ""), ["</s>"], id="an empty response"),
        pytest.param(
            ask("Hello ?", "<|assistant|> good </s> bad"),
            ["<|assistant|>", "good", "</s>", "bad", "</s>"],
            id="what looks like a template's",
        ),
        pytest.param(ask("good", "good"), ["good", "</s>"], id="the prompt's words again"),
    ],
)
def test_the_response_and_its_end_count(question: Question, expected: list[str], llama: Path) -> None:
    """Token by token: nothing of the prompt, no header, and the end of the turn once."""
    assert counted(opened(llama, head="likelihood"), question) == expected


def letters(*merges: tuple[str, str], template: str) -> Any:
    """A byte-pair tokenizer of single characters that puts some together, and has no rule for where words end."""
    characters = ["<s>", "</s>", *"\n :?abcdefghijklmnopqrstuvwxyz"]
    vocabulary = {each: at for at, each in enumerate([*characters, *("".join(each) for each in merges)])}
    raw = Tokenizer(models.BPE(vocabulary, list(merges)))
    raw.add_special_tokens([AddedToken("<s>", special=True), AddedToken("</s>", special=True)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    fast.chat_template = template
    return fast


BARE = "<s>{% for turn in messages %}{{ turn.content }}{% endfor %}"
LINES = (
    "<s>{% for turn in messages %}{{ turn.role }}:{{ turn.content }}</s>{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


@pytest.mark.parametrize(
    ("merges", "template", "said", "expected"),
    [
        pytest.param([], BARE, ("ab", "cd"), "c|d", id="no merges"),
        pytest.param([("b", "c")], BARE, ("ab", "cd"), "bc|d", id="one across"),
        pytest.param([("b", "c"), ("bc", "d")], BARE, ("ab", "cd"), "bcd", id="one across, to the end"),
        pytest.param(
            [("a", "b"), ("ab", "c")], BARE, ("ab", "cd"), "abc|d", id="the whole prompt goes into it"
        ),
        pytest.param([("b", "c"), ("a", "b")], BARE, ("ab", "cd"), "bc|d", id="the prompt is cut otherwise"),
        pytest.param([("c", "d"), ("b", "c")], BARE, ("ab", "cd"), "cd", id="none across after all"),
        pytest.param([(":", "c")], LINES, ("ab", "cd"), ":c|d|</s>", id="with the header's end"),
        pytest.param([("\n", "\n")], LINES, ("ab", "cd"), "c|d|</s>", id="no newline of the template's"),
        pytest.param([], LINES, ("ab", "cd", "ef", "gh"), "g|h|</s>", id="the last of several turns"),
        pytest.param([], LINES, ("ab", "c\n\nd "), "c|\n|\n|d| |</s>", id="newlines of the response"),
    ],
)
def test_characters_that_go_together_across_the_boundary(
    merges: list[tuple[str, str]], template: str, said: Sequence[str], expected: str, tmp_path: Path
) -> None:
    """A token counts if it ends in the response: the model has to guess it once it has read the prompt."""
    question = ask(*said)
    folder = save(tmp_path, fast=letters(*merges, template=template))
    scorer, plain = opened(folder, head="likelihood"), Plain(folder)
    found = counted(scorer, question)
    assert found == expected.split("|")
    ids = plain.tokenizer(plain.rendered(question, reply=True), add_special_tokens=False)["input_ids"]
    # By length: tokens are characters here, so that all but the prompt's are known without its tokens.
    prompt, ends, start = len(plain.rendered(question, reply=False)), 0, 0
    for start, token in enumerate(plain.tokenizer.convert_ids_to_tokens(ids)):  # noqa: B007
        ends += len(token)
        if ends > prompt:
            break
    assert plain.tokenizer.convert_ids_to_tokens(ids[start:]) == found
    assert scores(scorer, [question]) == close([together(plain.said(ids, start), "sum")])


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("good", "good<|im_end|>"),
        (" good", "Ġgood<|im_end|>"),
        ("日", "æĹ¥<|im_end|>"),
        ("\n\ngood", "ĊĊgood<|im_end|>"),
        pytest.param(
            "  good", "ĊĠĠgood<|im_end|>",
            marks=pytest.mark.xfail(strict=True, reason="offsets of bytes leave out the spaces that end a token"),
        ),
    ],
)  # fmt: skip
def test_bytes_that_go_together_across_the_boundary(response: str, expected: str, tmp_path: Path) -> None:
    """The same where tokens are of bytes: a space that went together with the header's newline is to be guessed."""
    scorer = opened(save(tmp_path, fast=bytewise()), head="likelihood")
    assert "".join(counted(scorer, ask("Hello ?", response))) == expected


def test_a_text_whose_first_token_is_the_response_s(tmp_path: Path) -> None:
    """Nothing stands before it that could make it likely: it does not count, or the text has no score."""
    bare = BARE.removeprefix("<s>")
    folder = save(tmp_path, fast=letters(("a", "c"), template=bare))
    question = ask("a", "cd")
    scorer, plain = opened(folder, head="likelihood"), Plain(folder)
    (reply,) = answers(scorer, [question]).values()
    assert isinstance(reply, Answer)
    if reply.rewards is not None:
        ids = plain.tokenizer("acd", add_special_tokens=False)["input_ids"]
        assert reply.rewards == (pytest.approx(sum(plain.said(ids, 1)), abs=1e-5),)


PICKY = CHAT.replace(
    "{% if add_generation_prompt %}<|assistant|> {% endif %}",
    "{% if add_generation_prompt %}<|assistant|> {% if 'Paris' in messages[-1].content %}Hello {% endif %}{% endif %}",
)


@pytest.mark.parametrize("head", ["likelihood", "dpo"])
def test_a_template_that_writes_another_prompt_fails_that_text_alone(head: str, tmp_path: Path) -> None:
    """Where the whole text does not begin with its prompt, nobody knows where the response begins."""
    scorer = opened(save(tmp_path, template=PICKY), head=head)
    fine, other = ask("Hello ?", "good"), ask("Paris ?", "good")
    found = answers(scorer, [fine, other])
    assert len(scores(scorer, [fine])) == 1
    reply = found[other]
    assert isinstance(reply, Answer)
    assert scorer.read(other, reply) == Failure(
        "unrenderable", "the chat template does not begin the whole text with what it makes of the prompt"
    )
    ran = run(scorer, [pair("good", "bad", asked="Hello ?"), pair("good", "bad", uid="2", asked="Paris ?")])
    assert ran.failures == {"unrenderable": 2}


NOTHING = "<s>{% for turn in messages %}<|{{ turn.role }}|> {{ turn.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"


@pytest.mark.parametrize("per_token", PER_TOKEN)
def test_a_response_without_tokens(per_token: str, tmp_path: Path) -> None:
    """An empty response, where the template ends no turn: its sum is 0, its mean is no number and no verdict."""
    scorer = opened(save(tmp_path, template=NOTHING), head="likelihood", per_token=per_token)
    ran = run(scorer, [pair("good", "")])
    said = [showing.said for one in ran.outcomes for showing in one.showings]
    assert (None in said) == (per_token == "mean")


# Texts that are too long.


@pytest.mark.parametrize("side", ["left", "right"])
def test_of_a_text_that_is_cut_what_is_left_counts(side: str, llama: Path) -> None:
    """On the left the prompt's beginning goes, on the right the response's end; all of the response needs its prompt."""
    plain = Plain(llama)
    prompt, response = ask("word " * 20, "good"), ask("Hello ?", "long " * 20)
    cut, lost = (prompt, response) if side == "left" else (response, prompt)
    scorer = opened(llama, head="likelihood", max_tokens=15, truncation=side)
    found = answers(scorer, [cut, lost])
    ids, start = plain.parted(cut)
    over = len(ids) - 15
    left = (ids[over:], start - over) if side == "left" else (ids[:15], start)
    assert found[cut].rewards == (pytest.approx(sum(plain.said(*left)), abs=1e-5),)
    assert scorer.read(lost, found[lost]).reason == "context_length"


# The difference of two models.


@dataclass(frozen=True)
class Pair:
    """A policy and what its training began with."""

    policy: Path
    reference: Path

    def opened(self, **options: Any) -> Any:
        """The scorer of both."""
        return opened(self.policy, head="dpo", reference_model=str(self.reference), **options)


@pytest.fixture(scope="module", params=["llama", "qwen2", "gemma2"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Two models of a family."""
    folders = [save(tmp_path_factory.mktemp("dpo"), request.param, seed=seed) for seed in (1, 2)]
    return Pair(*folders)


@pytest.mark.parametrize("engine", ["padded", "shared"])
@pytest.mark.parametrize("per_token", PER_TOKEN)
def test_dpo_s_reward_is_the_difference(per_token: str, engine: Any, both: Pair) -> None:
    """How much likelier the policy finds the response than its reference does; negative where less likely."""
    policy, reference = Plain(both.policy), Plain(both.reference)
    expected = [policy.score(each, per_token) - reference.score(each, per_token) for each in QUESTIONS]
    found = scores(both.opened(per_token=per_token, local=Local(engine=engine)), QUESTIONS)
    # Of sums near 100, the sixth digit is the fourth after the point.
    assert found == pytest.approx(expected, abs=1e-4 if per_token == "sum" else 1e-5)
    assert min(map(abs, expected)) > 0.001


def test_the_other_way_round_the_sign_is_the_other(both: Pair) -> None:
    """Policy and reference are not confused: what one likes better, the other likes less."""
    other = Pair(both.reference, both.policy)
    assert scores(other.opened(), QUESTIONS) == close([-each for each in scores(both.opened(), QUESTIONS)])


def test_families_may_differ(tmp_path: Path) -> None:
    """If they have the same tokens; beginnings are shared as far as both can."""
    two = Pair(save(tmp_path / "policy"), save(tmp_path / "reference", "gemma2", sliding_window=40))
    policy, reference = Plain(two.policy), Plain(two.reference)
    scorer = two.opened(local=Local(engine="shared"))
    assert scores(scorer, QUESTIONS) == close(
        [policy.score(each) - reference.score(each) for each in QUESTIONS]
    )
    assert scorer.engine.scoring.longest == 20


@pytest.mark.parametrize("per_token", PER_TOKEN)
def test_without_a_reference_its_own_likelihood_is_the_score(per_token: str, llama: Path) -> None:
    """The same as head: likelihood."""
    dpo, own = (opened(llama, head=head, per_token=per_token) for head in ("dpo", "likelihood"))
    assert scores(dpo, QUESTIONS) == scores(own, QUESTIONS)
    assert dpo.identity != own.identity


def test_both_are_found_beside_their_card(both: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the program was started."""
    Path("policy").symlink_to(both.policy)
    Path("reference").symlink_to(both.reference)
    text = (
        "kind: reward_model\nsummary: Ours.\nmodel: ./policy\nhead: dpo\nreference_model: ./reference\n"
        "dtype: float32\ndevice: cpu\n"
    )
    Path("ours.yaml").write_text(text, encoding="utf-8")
    card = Path("ours.yaml").resolve()
    monkeypatch.chdir("/")
    scorer = open_scorer(open_card(str(card)), Setup())
    assert scores(scorer, QUESTIONS) == close(scores(both.opened(), QUESTIONS))


def test_the_reference_is_part_of_the_judge(both: Pair, llama: Path) -> None:
    """Another reference, or another way to put tokens together, is another judge."""
    others = [
        Pair(both.policy, llama).opened(),
        both.opened(per_token="mean"),
        opened(both.policy, head="dpo"),
    ]
    assert len({str(each.identity) for each in [both.opened(), *others]}) == 4
    assert both.opened().identity == both.opened().identity


# Laws.

QUICKLY = settings(max_examples=25, deadline=None)
TEXTS = st.lists(st.sampled_from([*WORDS, "\n", " ", "né", "日本"]), max_size=12).map(" ".join)


@pytest.fixture(scope="module")
def laws(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scorer]:
    """Scorers of one model: against itself, and of its likelihood."""
    folder = save(tmp_path_factory.mktemp("laws"))
    own = {each: opened(folder, head="likelihood", per_token=each) for each in PER_TOKEN}
    return {"itself": Pair(folder, folder).opened(), **own}


@QUICKLY
@given(prompt=TEXTS, response=TEXTS)
@example(prompt="", response="")
def test_a_policy_that_learned_nothing_scores_nothing(
    prompt: str, response: str, laws: dict[str, Scorer]
) -> None:
    """A model against itself scores 0, whatever the text."""
    assert scores(laws["itself"], [ask(prompt, response)]) == [0.0]


@QUICKLY
@given(prompt=TEXTS, response=TEXTS)
def test_sum_mean_and_norm_are_of_the_same_tokens(
    prompt: str, response: str, laws: dict[str, Scorer]
) -> None:
    """The mean times their number is the sum; the norm lies between the sum and that divided by the root of it."""
    question = ask(prompt, response)
    many = len(counted(laws["sum"], question))
    total, mean, norm = (scores(laws[each], [question])[0] for each in PER_TOKEN)
    assert mean * many == pytest.approx(total, rel=1e-5)
    assert total <= 0
    assert total * (1 + 1e-5) <= norm <= total / many**0.5 * (1 - 1e-5)


# Models and cards that cannot be used.


@pytest.mark.parametrize("head", ["likelihood", "sequence_classification", "armorm"])
def test_a_reference_is_for_dpo_alone(head: str) -> None:
    """A card that names one for another head is refused when it is read."""
    card = f"kind: reward_model\nsummary: Ours.\nmodel: ./ours\nhead: {head}\nreference_model: ./other\n"
    Path("ours.yaml").write_text(card, encoding="utf-8")
    with pytest.raises(ContentError, match=f"head {head} has no use for a reference_model: it is for dpo"):
        open_card("./ours.yaml")


def without_output(folder: Path) -> Path:
    """A model that has lost its output layer."""
    tensors = load_file(folder / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def more_tokens(folder: Path) -> Path:
    """A model whose tokenizer has one token more than it."""
    fast = transformers.AutoTokenizer.from_pretrained(folder)
    fast.add_tokens(["more"])
    fast.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [(without_output, "has no weights for lm_head.weight"), (more_tokens, "they do not belong together")],
)
def test_a_language_model_that_lacks_something_is_refused(
    spoilt: Callable[[Path], Path], said: str, tmp_path: Path
) -> None:
    """In one line, whatever it is scored for."""
    folder = spoilt(save(tmp_path))
    for head in ("likelihood", "dpo"):
        assert said in refused(folder, head=head)


def test_a_reference_that_lacks_something_is_refused(tmp_path: Path) -> None:
    """The line names the reference, not the policy."""
    policy, reference = save(tmp_path / "policy"), without_output(save(tmp_path / "reference"))
    said = refused(policy, head="dpo", reference_model=str(reference))
    assert f"{reference} has no weights for lm_head.weight" in said
