"""Judges that are shown two responses: what they read, literally, and that their scores are those of the plain models.

What is expected is computed here from the saved tensors and transformers' own models, one text at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from jinja2.sandbox import ImmutableSandboxedEnvironment
from safetensors.torch import load_file

from rmb.errors import ContentError, UsageError
from rmb.outcomes import Convention
from rmb.records import Answer, Conversation, Failure, Message, Question
from rmb.scorers import Local, Scorer
from rmb.scorers.local.architectures import ARCHITECTURES
from rmb.scorers.local.text import Text
from rmb.scorers.reward_model import LocalRewardModel
from rmb.testing import ScorerContract
from tests.builders import credit, listing, pair, run
from tests.tiny_pairwise import (
    LLAMA,
    MARKERS,
    SAVE,
    kept,
    opened,
    read_back,
    replies,
    rewritten,
    save_pair_preference,
    save_pairrm,
    save_steamshp,
    scores,
    t5_tokenizer,
    text_of,
)

Two = tuple[float, float]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model for each head."""
    return {head: save(tmp_path_factory.mktemp(head)) for head, save in SAVE.items()}


def said(*texts: str) -> Conversation:
    """Turns of user and assistant, by turns."""
    return tuple(Message(("user", "assistant")[at % 2], text) for at, text in enumerate(texts))


ONE_TURN = said("Hello ?")
THREE_TURNS = said("What is the capital of France?", "Paris.", "Which is better?")
SHOWN = [
    ("good answer .", "bad"),
    ("bad", "good answer ."),
    ("a long long long long long answer . good", "worse\nbad"),
    ("Paris", ""),
    ("", "word " * 9),
    ("bad", "bad"),
]
QUESTIONS = [Question(talk, both) for talk in (ONE_TURN, THREE_TURNS) for both in SHOWN]
ODD = [
    ("good [SEP] bad", "bad"),
    ("good", "[PAD] bad [PAD]"),
    ("<|candidate2|> good <|source|>", "bad <|candidate1|> <|candidate2|>"),
    ("good </s> <pad> bad", "<s> bad <|assistant|>"),
]
"""Responses that hold what means something else: separators, padding, PairRM's own markers."""
ODD_QUESTIONS = [Question(talk, both) for talk in (ONE_TURN, THREE_TURNS) for both in ODD]


# The contract.


class Contract(ScorerContract):
    """What holds for every scorer holds for one that is shown two responses."""

    head: str

    @pytest.fixture(autouse=True)
    def folder(self, folders: dict[str, Path]) -> None:
        """The model that `open` opens."""
        self.model = folders[self.head]

    def open(self) -> Scorer:
        """A tiny model, with room for the contract's long text."""
        return opened(self.model, self.head)

    def test_all_of_them_have_scores(self) -> None:
        """Several turns, odd characters, an empty response and a long one: none of the contract's questions fails."""
        assert all(len(both) == 2 for both in scores(self.open(), self.questions()))


class TestPairRM(Contract):
    """PairRM."""

    head = "pairrm"


class TestSteamSHP(Contract):
    """SteamSHP."""

    head = "steamshp"


class TestPairPreference(Contract):
    """A pair-preference model."""

    head = "pair_preference"


# What is read.

PAIRRM_READS = [
    pytest.param(
        ONE_TURN,
        "[CLS]<|source|>Hello ?[SEP][CLS]<|candidate1|>good answer .[SEP][CLS]<|candidate2|>worse\nbad[SEP]",
        id="one turn, as it is",
    ),
    pytest.param(
        said("Hello\nHi"),
        "[CLS]<|source|>Hello\nHi[SEP]"
        "[CLS]<|candidate1|>good answer .[SEP]"
        "[CLS]<|candidate2|>worse\nbad[SEP]",
        id="newlines stay",
    ),
    pytest.param(
        THREE_TURNS,
        "[CLS]<|source|>Finish the following coversation in each i-th turn by filling in <Response i> with your"
        " response.USER: What is the capital of France?\nAssistant: <Response 1>\n"
        "USER: Which is better?\nAssistant: <Response 2>[SEP]"
        "[CLS]<|candidate1|><Response 1>: Paris.\n<Response 2>: good answer .[SEP]"
        "[CLS]<|candidate2|><Response 1>: Paris.\n<Response 2>: worse\nbad[SEP]",
        id="three turns, numbered",
    ),
    pytest.param(
        said("One", "Hi", "Two", "Hello", "Three"),
        "[CLS]<|source|>Finish the following coversation in each i-th turn by filling in <Response i> with your"
        " response.USER: One\nAssistant: <Response 1>\nUSER: Two\nAssistant: <Response 2>\n"
        "USER: Three\nAssistant: <Response 3>[SEP]"
        "[CLS]<|candidate1|><Response 1>: Hi\n<Response 2>: Hello\n<Response 3>: good answer .[SEP]"
        "[CLS]<|candidate2|><Response 1>: Hi\n<Response 2>: Hello\n<Response 3>: worse\nbad[SEP]",
        id="five turns",
    ),
]
STEAMSHP_READS = [
    pytest.param(
        ONE_TURN,
        "POST: Hello ? \n\n RESPONSE A: good answer .\n\n RESPONSE B: worse bad"
        "\n\n Which response is better? RESPONSE</s>",
        id="one turn",
    ),
    pytest.param(
        said("Hello\n\nHi"),
        "POST: Hello  Hi \n\n RESPONSE A: good answer .\n\n RESPONSE B: worse bad"
        "\n\n Which response is better? RESPONSE</s>",
        id="newlines are spaces",
    ),
    pytest.param(
        THREE_TURNS,
        "POST: What is the capital of France? Paris. Which is better? \n\n RESPONSE A: good answer ."
        "\n\n RESPONSE B: worse bad\n\n Which response is better? RESPONSE</s>",
        id="three turns are one post",
    ),
]
PREFERENCE_READS = [
    pytest.param(
        ONE_TURN,
        "<|user|>[CONTEXT] \n\n<turn> user\n Hello ?\n [RESPONSE A] good answer . [RESPONSE B] worse\nbad"
        "</s><|assistant|>",
        id="one turn",
    ),
    pytest.param(
        THREE_TURNS,
        "<|user|>[CONTEXT] \n\n<turn> user\n What is the capital of France?\n<turn> assistant\n Paris.\n"
        "<turn> user\n Which is better?\n [RESPONSE A] good answer . [RESPONSE B] worse\nbad</s><|assistant|>",
        id="three turns",
    ),
]


@pytest.mark.parametrize(("talk", "literal"), PAIRRM_READS)
def test_pairrm_reads(talk: Conversation, literal: str, folders: dict[str, Path]) -> None:
    """Conversation and responses in pieces of their own, each with its marker and its own [CLS] and [SEP]."""
    assert (
        read_back(opened(folders["pairrm"], "pairrm"), Question(talk, ("good answer .", "worse\nbad")))
        == literal
    )


@pytest.mark.parametrize(("talk", "literal"), STEAMSHP_READS)
def test_steamshp_reads(talk: Conversation, literal: str, folders: dict[str, Path]) -> None:
    """One line each of post and responses, the question, and what the tokenizer puts at the end."""
    assert (
        read_back(opened(folders["steamshp"], "steamshp"), Question(talk, ("good answer .", "worse\nbad")))
        == literal
    )


@pytest.mark.parametrize(("talk", "literal"), PREFERENCE_READS)
def test_pair_preference_reads(talk: Conversation, literal: str, folders: dict[str, Path]) -> None:
    """One user's turn, by the template, up to where the assistant begins; no BOS, of template or tokenizer."""
    scorer = opened(folders["pair_preference"], "pair_preference")
    assert read_back(scorer, Question(talk, ("good answer .", "worse\nbad"))) == literal


AUTHORS_CONTEXT = (
    "\n{% for message in messages %}{% if loop.index0 % 2 == 0 %}\n\n<turn> user\n {{ message['content'] }}"
    "{% else %}\n\n<turn> assistant\n {{ message['content'] }}{% endif %}{% endfor %}\n\n\n"
)


@pytest.mark.parametrize(
    "talk",
    [ONE_TURN, THREE_TURNS, (Message("system", "word"), *ONE_TURN)],
    ids=["one turn", "three turns", "a system turn first"],
)
def test_a_pair_preference_context_is_what_the_authors_template_makes(
    talk: Conversation, folders: dict[str, Path]
) -> None:
    """Their Jinja text, rendered as transformers renders templates: turns are named by their number, not their role."""
    context = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(AUTHORS_CONTEXT)
    theirs = context.render(messages=[{"role": turn.role, "content": turn.content} for turn in talk])
    scorer = opened(folders["pair_preference"], "pair_preference")
    assert (
        read_back(scorer, Question(talk, ("good", "bad")))
        == f"<|user|>[CONTEXT] {theirs} [RESPONSE A] good [RESPONSE B] bad</s><|assistant|>"
    )


def test_a_template_may_leave_the_assistant_s_beginning_to_the_caller(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    """Llama-3's first template always writes it, later ones when asked; the text is the same."""
    asked = LLAMA.replace(
        "<|assistant|>", "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    ).removeprefix("<s>")
    first = opened(folders["pair_preference"], "pair_preference")
    later = opened(save_pair_preference(tmp_path), "pair_preference", chat_template=asked)
    assert [read_back(later, each) for each in QUESTIONS] == [read_back(first, each) for each in QUESTIONS]


# The scores.


@cache
def tokens_of(folder: Path) -> Any:
    """The tokenizer of a folder."""
    return transformers.AutoTokenizer.from_pretrained(folder)


@cache
def plain(folder: Path, loader: Any) -> Any:
    """The model of a folder as transformers itself loads it."""
    return loader.from_pretrained(folder).eval()


@cache
def pairrm_encoder(folder: Path) -> Any:
    """PairRM's encoder, of the tensors under its name."""
    encoder = transformers.DebertaV2Model(transformers.DebertaV2Config.from_pretrained(folder)).eval()
    tensors = load_file(folder / "model.safetensors")
    mine = {name: tensor for name, tensor in tensors.items() if name.startswith("pretrained_model.")}
    encoder.load_state_dict({name.partition(".")[2]: tensor for name, tensor in mine.items()})
    return encoder


def pairrm_by_hand(folder: Path, question: Question) -> Two:
    """W4 tanh(W1 [s; c] + b1) + b4 for both responses, of an encoder that reads this one text; one turn only."""
    fast, tensors = tokens_of(folder), load_file(folder / "model.safetensors")
    texts = (question.conversation[0].content, *question.responses)
    pieces = [fast.encode(marker + text) for marker, text in zip(MARKERS, texts, strict=False)]
    first, second = 1 + len(pieces[0]), 1 + len(pieces[0]) + len(pieces[1])
    with torch.inference_mode():
        hidden = pairrm_encoder(folder)(torch.tensor([[*chain(*pieces)]])).last_hidden_state[0]
    numbers = []
    for marker in (first, second):
        inner = (
            tensors["head_layer.1.weight"] @ torch.cat([hidden[1], hidden[marker]])
            + tensors["head_layer.1.bias"]
        )
        numbers.append(tensors["head_layer.4.weight"] @ inner.tanh() + tensors["head_layer.4.bias"])
    return numbers[0].item(), numbers[1].item()


def steamshp_by_hand(folder: Path, question: Question) -> Two:
    """The probabilities of A and B among the two, at the first step of transformers' own generation; one turn only."""
    fast, model = tokens_of(folder), plain(folder, transformers.T5ForConditionalGeneration)
    one, other = (text.replace("\n", " ") for text in question.responses)
    literal = (
        f"POST: {question.conversation[0].content} \n\n RESPONSE A: {one}\n\n RESPONSE B: {other}"
        "\n\n Which response is better? RESPONSE"
    )
    made = model.generate(
        **fast(literal, return_tensors="pt", return_token_type_ids=False),
        max_new_tokens=1, output_scores=True, return_dict_in_generate=True, do_sample=False,
    )  # fmt: skip
    return among(made.scores[0][0], fast)


def preference_by_hand(folder: Path, question: Question) -> Two:
    """The probabilities of A and B among the two, after the last token that LlamaForCausalLM reads; one turn only."""
    fast, model = tokens_of(folder), plain(folder, transformers.LlamaForCausalLM)
    one, other = question.responses
    text = (
        f"[CONTEXT] \n\n<turn> user\n {question.conversation[0].content}\n"
        f" [RESPONSE A] {one} [RESPONSE B] {other} \n"
    )
    told = fast.apply_chat_template([{"role": "user", "content": text}], tokenize=False).replace("<s>", "")
    with torch.inference_mode():
        logits = model(**fast(told, add_special_tokens=False, return_tensors="pt")).logits
    return among(logits[0, -1], fast)


def among(logits: torch.Tensor, fast: Any) -> Two:
    """The softmax of A's and B's logits alone."""
    a, b = logits[fast.convert_tokens_to_ids(["A", "B"])].softmax(0).tolist()
    return a, b


BY_HAND: dict[str, Callable[[Path, Question], Two]] = {
    "pairrm": pairrm_by_hand,
    "steamshp": steamshp_by_hand,
    "pair_preference": preference_by_hand,
}
ALL = [Question(ONE_TURN, both) for both in SHOWN + ODD]
"""Of one turn."""


@pytest.mark.parametrize("head", BY_HAND)
def test_scores_are_those_of_the_plain_model(head: str, folders: dict[str, Path]) -> None:
    """Computed one text at a time from the saved tensors, to 1e-5; odd texts as well."""
    found = scores(opened(folders[head], head), ALL)
    for question, score in zip(ALL, found, strict=True):
        assert score == pytest.approx(BY_HAND[head](folders[head], question), abs=1e-5)


def test_a_tied_output_layer_is_scaled_as_transformers_scales_it(tmp_path: Path) -> None:
    """The first T5 has one matrix for both ends, and smaller logits for it."""
    folder = save_steamshp(tmp_path, tied=True)
    assert "lm_head.weight" not in load_file(folder / "model.safetensors")
    for question, score in zip(ALL, scores(opened(folder, "steamshp"), ALL), strict=True):
        assert score == pytest.approx(steamshp_by_hand(folder, question), abs=1e-5)


@pytest.mark.parametrize("head", SAVE)
def test_scores_differ_between_texts_and_between_orders(head: str, folders: dict[str, Path]) -> None:
    """A test of the tests: equalities here are not those of constants."""
    scorer = opened(folders[head], head)
    differences = [round(one - other, 3) for one, other in scores(scorer, QUESTIONS)]
    assert len(set(differences)) == len(QUESTIONS)
    assert differences[0] != -differences[1]


@pytest.mark.parametrize("head", ["steamshp", "pair_preference"])
def test_probabilities_add_up_to_one(head: str, folders: dict[str, Path]) -> None:
    """Whatever else the model would rather say."""
    for both in scores(opened(folders[head], head), QUESTIONS):
        assert sum(both) == pytest.approx(1, abs=1e-6)
        assert min(both) >= 0


# Batches and padding.


@pytest.mark.parametrize("head", SAVE)
def test_a_batch_scores_as_single_texts_do(head: str, folders: dict[str, Path]) -> None:
    """Whatever stands beside a text, however far it is padded, and whatever special tokens it holds."""
    questions = QUESTIONS + ODD_QUESTIONS
    alone = scores(opened(folders[head], head, batch_tokens=1), questions)
    for budget in (150, 400, 100_000):
        together = scores(opened(folders[head], head, batch_tokens=budget), questions)
        assert together == [pytest.approx(both, abs=1e-5) for both in alone]


OTHER_TOKENIZERS = [
    pytest.param({"padding_side": "left"}, id="padding on the left"),
    pytest.param({"padding_side": "right"}, id="padding on the right"),
    pytest.param({"pad_token": {"pairrm": "[SEP]"}}, id="padding with the end of text"),
    pytest.param({"truncation_side": "left", "model_max_length": 8}, id="a limit of its own"),
]


@pytest.mark.parametrize("options", OTHER_TOKENIZERS)
@pytest.mark.parametrize("head", SAVE)
def test_how_the_tokenizer_would_pad_changes_nothing(
    head: str, options: dict[str, Any], folders: dict[str, Path], tmp_path: Path
) -> None:
    """The same weights, with a tokenizer saved with another padding or limit."""
    if "pad_token" in options:
        options = {"pad_token": options["pad_token"].get(head, "</s>")}
    same = SAVE[head](tmp_path, **options)
    expected = scores(opened(folders[head], head), QUESTIONS)
    assert scores(opened(same, head), QUESTIONS) == [pytest.approx(both, abs=1e-5) for both in expected]


@pytest.mark.parametrize("head", SAVE)
def test_a_tokenizer_saved_while_it_padded_pads_no_more(
    head: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    """tokenizer.json remembers the padding and truncation of its last use; no text is padded or cut by that."""
    same = SAVE[head](tmp_path)
    remembered = json.loads((same / "tokenizer.json").read_text(encoding="utf-8"))
    remembered["padding"] = {
        "strategy": {"Fixed": 64}, "direction": "Right", "pad_to_multiple_of": None,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
    }  # fmt: skip
    remembered["truncation"] = {
        "direction": "Right", "max_length": 6, "strategy": "LongestFirst", "stride": 0,
    }  # fmt: skip
    (same / "tokenizer.json").write_text(json.dumps(remembered), encoding="utf-8")
    one, other = opened(same, head), opened(folders[head], head)
    assert [read_back(one, each) for each in QUESTIONS] == [read_back(other, each) for each in QUESTIONS]


@pytest.mark.parametrize("both", ODD)
@pytest.mark.parametrize("talk", [ONE_TURN, THREE_TURNS], ids=["one turn", "three turns"])
def test_pairrm_s_markers_are_read_where_they_were_put(
    talk: Conversation, both: tuple[str, str], folders: dict[str, Path]
) -> None:
    """Not where a response writes them: each is read behind the [CLS] of its own piece."""
    scorer = opened(folders["pairrm"], "pairrm")
    text = text_of(scorer, Question(talk, both))
    assert isinstance(text, Text)
    read = [scorer.wording.tokenizer.convert_ids_to_tokens(text.tokens[at - 1 : at + 1]) for at in text.marks]
    assert read == [["[CLS]", marker] for marker in MARKERS[:3]]
    assert list(text.marks) == sorted(text.marks)


def test_a_shared_beginning_changes_no_score(folders: dict[str, Path]) -> None:
    """A pair-preference model reads a conversation once for all its pairs; the other two cannot."""
    found, work = {}, {}
    for engine in ("padded", "shared"):
        scorer = opened(folders["pair_preference"], "pair_preference", local=Local(engine=engine))
        found[engine] = scores(scorer, QUESTIONS + ODD_QUESTIONS)
        work[engine] = scorer.engine.scoring.work
    assert found["shared"] == [pytest.approx(both, abs=1e-5) for both in found["padded"]]
    assert work["shared"].real < work["padded"].real


PAIRS = [
    pair(best, loser, uid=f"{best}-{loser}", asked=asked)
    for one, other in [("good answer .", "bad"), ("Paris", "word word"), ("a long", "worse")]
    for best, loser in [(one, other), (other, one)]
    for asked in ("Hello ?", "What is the capital of France?")
]
"""Each with its mirror image, so that a judge is right in one half and wrong in the other."""


@pytest.mark.parametrize(
    "head",
    [
        "pairrm",
        "steamshp",
        "pair_preference",
    ],
)
def test_a_head_gives_no_ties_in_bfloat16(head: str, folders: dict[str, Path]) -> None:
    """A body in bfloat16 is coarse enough; the head's numbers are fp32, so different texts have different scores."""
    words = [("good", "bad"), ("worse", "word"), ("a long", "Hi"), ("answer", "Paris"), ("Lyon", "One")]
    questions = [
        Question(said(f"{asked} ?"), both)
        for asked in ("Hello", "Hi", "Which", "What", "Three", "Two")
        for pairs in words
        for both in (pairs, pairs[::-1])
    ]
    found = scores(opened(folders[head], head, dtype="bfloat16"), questions)
    assert len(set(found)) == len(questions)


# Through the whole program.


@pytest.mark.parametrize("head", SAVE)
def test_averaged_over_both_orders_is_the_authors_rule(head: str, folders: dict[str, Path]) -> None:
    """PairRM: logit(A, B) - logit(B, A) > 0, logit the first's number less the second's; the others: mean P > ½."""
    ran = run(opened(folders[head], head), PAIRS)
    won = []
    for item, outcome in zip(PAIRS, ran.outcomes, strict=True):
        best, loser = (candidate.text for candidate in item.candidates)
        ahead = BY_HAND[head](folders[head], Question(item.conversation, (best, loser)))
        behind = BY_HAND[head](folders[head], Question(item.conversation, (loser, best)))
        logit, swapped = ahead[0] - ahead[1], behind[0] - behind[1]
        won.append(logit - swapped > 0)
        assert credit(outcome, Convention(order="averaged")) == float(won[-1])
    assert sorted(won) == [False] * 6 + [True] * 6


@pytest.mark.parametrize("head", SAVE)
def test_a_run_shows_both_orders_and_keeps_both_scores(head: str, folders: dict[str, Path]) -> None:
    """Each pair is asked twice; a showing has the model's two numbers, best and rival by their places."""
    ran = run(opened(folders[head], head), PAIRS[:2])
    assert (ran.counts["questions"], ran.counts["asked"], ran.failures, ran.cut) == (4, 4, {}, 0)
    for item, outcome in zip(PAIRS, ran.outcomes, strict=False):
        best, loser = (candidate.text for candidate in item.candidates)
        for showing in outcome.showings:
            shown = (best, loser) if showing.position == 0 else (loser, best)
            numbers = BY_HAND[head](folders[head], Question(item.conversation, shown))
            expected = numbers if showing.position == 0 else numbers[::-1]
            assert (showing.best, showing.rival) == pytest.approx(expected, abs=1e-5)
            assert showing.graded
        assert sorted(showing.position or 0 for showing in outcome.showings) == [0, 1]


@pytest.mark.parametrize("head", SAVE)
def test_a_list_is_read_pair_by_pair(head: str, folders: dict[str, Path]) -> None:
    """The best response beside each loser, in both orders: never more than two responses at once."""
    scorer = opened(folders[head], head)
    ran = run(scorer, [listing("good", ["bad", "worse", "Hi"], asked="Hello ?")])
    assert scorer.width == 2
    assert (ran.counts["comparisons"], ran.counts["questions"]) == (3, 6)


# Texts that do not fit.


def failed(scorer: LocalRewardModel, question: Question) -> Failure:
    """Why a question has no scores."""
    (reply,) = replies(scorer, [question])
    verdict = scorer.read(question, reply) if isinstance(reply, Answer) else reply
    assert isinstance(verdict, Failure)
    return verdict


NO_TURNS = [
    pytest.param((Message("system", "word"), *ONE_TURN), id="a system turn"),
    pytest.param((*ONE_TURN, *ONE_TURN), id="two turns of the user"),
    pytest.param(said("Hello ?", "Hi"), id="the assistant's turn last"),
    pytest.param((), id="no turn"),
]


@pytest.mark.parametrize("talk", NO_TURNS)
def test_pairrm_has_no_form_for_other_turns(talk: Conversation, folders: dict[str, Path]) -> None:
    """Such a conversation has no scores, with a reason; the questions beside it have theirs."""
    scorer, strange = opened(folders["pairrm"], "pairrm"), Question(talk, ("good", "bad"))
    assert failed(scorer, strange).reason == "unrenderable"
    found = replies(scorer, [QUESTIONS[0], strange, QUESTIONS[-1]])
    assert [isinstance(reply, Answer) and reply.rewards is not None for reply in found] == [True, False, True]


@pytest.mark.parametrize("head", SAVE)
def test_a_text_that_is_too_long_has_no_score(head: str, folders: dict[str, Path]) -> None:
    """By default nothing is cut: a failure of that text, which says how long it is."""
    scorer = opened(folders[head], head, max_tokens=80)
    long = Question(ONE_TURN, ("word " * 100, "bad"))
    failure = failed(scorer, long)
    assert failure.reason == "context_length"
    assert failure.detail.endswith(" tokens, and the card's max_tokens is 80")
    assert [isinstance(reply, Answer) for reply in replies(scorer, [long, ALL[0]])] == [True, True]
    assert len(scores(scorer, [ALL[0]])[0]) == 2


LENGTHS = [
    # room; tokens of conversation, first and second response, of which three are no text; what is left of them
    pytest.param(2048, (2000, 100, 50), (1224, 100, 50), id="a long conversation: 1,224 of 2,048"),
    pytest.param(2048, (1997, 903, 903), (1224, 412, 412), id="all long: the rest is halved"),
    pytest.param(2048, (47, 2003, 903), (47, 1000, 903), id="short conversation: more for the responses"),
    pytest.param(2048, (1225, 412, 412), (1224, 412, 412), id="one too many"),
    pytest.param(2048, (1224, 412, 412), (1224, 412, 412), id="just enough"),
    pytest.param(20, (13, 9, 8), (11, 4, 4), id="a small room"),
]


@pytest.mark.parametrize(("room", "written", "left"), LENGTHS)
def test_pairrm_s_pieces_are_cut_at_their_ends(
    room: int, written: tuple[int, ...], left: tuple[int, ...], folders: dict[str, Path]
) -> None:
    """With truncation right: each piece keeps its marker, its beginning and its [SEP], and gives up what is before that."""
    asked, *shown = ("good" + "?" * (length - 4) for length in written)
    scorer = opened(folders["pairrm"], "pairrm", max_tokens=room, truncation="right")
    text = text_of(scorer, Question(said(asked), tuple(shown)))
    assert isinstance(text, Text)
    assert text.cut == sum(written) - sum(left)
    assert scorer.wording.tokenizer.convert_ids_to_tokens(text.tokens) == [
        token
        for marker, length in zip(MARKERS, left, strict=False)
        for token in ("[CLS]", marker, *["good", *"?" * (length - 4)][: length - 3], "[SEP]")
    ]
    assert text.marks == (1, left[0] + 1, left[0] + left[1] + 1)


def test_what_pairrm_does_not_see_is_counted(folders: dict[str, Path]) -> None:
    """Both orders of the pair that does not fit, none of the other; and both pairs have scores."""
    items = [pair("good " * 20, "bad", uid="1", asked="Hello ?"), pair("good", "bad", uid="2", asked="Hi")]
    ran = run(opened(folders["pairrm"], "pairrm", max_tokens=30, truncation="right"), items)
    assert (ran.cut, ran.failures) == (2, {})
    # The same pair by hand, with the text that is left.
    whole = scores(
        opened(folders["pairrm"], "pairrm"), [Question(said("Hello ?"), ("good " * 4 + "good", "bad"))]
    )
    (showing,) = (each for each in ran.outcomes[0].showings if each.position == 0)
    assert (showing.best, showing.rival) == pytest.approx(whole[0], abs=1e-5)


def test_pairrm_is_not_cut_on_the_left(folders: dict[str, Path]) -> None:
    """That would take the first marker away: such a text has no score."""
    scorer = opened(folders["pairrm"], "pairrm", max_tokens=30, truncation="left")
    assert failed(scorer, Question(ONE_TURN, ("word " * 20, "bad"))).reason == "context_length"


@pytest.mark.parametrize("room", [4, 8, 12])
def test_a_room_too_small_for_pairrm_s_markers_is_a_failure(room: int, folders: dict[str, Path]) -> None:
    """A cut never takes a marker: where no room is left for all three, the text has no score."""
    scorer = opened(folders["pairrm"], "pairrm", max_tokens=room, truncation="right")
    assert failed(scorer, ALL[0]).reason == "context_length"


@pytest.mark.parametrize("head", ["steamshp", "pair_preference"])
def test_a_cut_on_the_right_would_take_the_question(head: str, folders: dict[str, Path]) -> None:
    """A score read where nothing was asked is no verdict, so no card can ask for it."""
    with pytest.raises(ValueError, match="its question is at the right; truncation: left or refuse"):
        opened(folders[head], head, truncation="right")


# Models that cannot be used.


def refused(folder: Path, head: str, **options: Any) -> str:
    """What is said of a model that cannot be used: one line that names the judge."""
    with pytest.raises((ContentError, UsageError)) as raised:
        scores(opened(folder, head, **options), QUESTIONS)
    assert str(raised.value).startswith("judge tiny")
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("head", ["steamshp", "pair_preference"])
@pytest.mark.parametrize(
    ("pattern", "content"), [("A", "good bad"), ("B", "")], ids=["A is three", "B is none"]
)
def test_answers_of_several_tokens_are_refused(head: str, pattern: str, content: str, tmp_path: Path) -> None:
    """Where the tokenizer has no one token for A or B, nothing can be read of what the model says."""
    folder = rewritten(SAVE[head](tmp_path), pattern, content)
    assert refused(folder, head) == (
        f"judge tiny: {folder} has a tokenizer with no one token for each of A and B"
    )


@pytest.mark.parametrize("head", ["steamshp", "pair_preference"])
def test_answers_that_the_tokenizer_does_not_know_are_refused(head: str, tmp_path: Path) -> None:
    """The unknown token is no answer: A and B would be one and the same."""
    folder = SAVE[head](tmp_path)
    words = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    known = words["model"]["vocab"]
    known["another"], known["thing"] = known.pop("A"), known.pop("B")
    (folder / "tokenizer.json").write_text(json.dumps(words), encoding="utf-8")
    assert "no one token for each of A and B" in refused(folder, head)


def test_a_checkpoint_without_head_is_refused(tmp_path: Path) -> None:
    """An encoder alone says nothing of pairs; its head would be made up."""
    folder = kept(save_pairrm(tmp_path), lambda name: not name.startswith("head_layer."))
    assert "has no weights for head_layer." in refused(folder, "pairrm")


@pytest.mark.parametrize(
    "missing",
    [
        "head_layer.1.weight",
        "head_layer.4.weight",
        "head_layer.1.",
        "head_layer.4.",
    ],
)
def test_a_head_without_one_of_its_layers_is_refused(missing: str, tmp_path: Path) -> None:
    """It has two; the line names the one that is missing."""
    folder = kept(save_pairrm(tmp_path), lambda name: not name.startswith(missing))
    assert f"has no weights for {missing}" in refused(folder, "pairrm")


def test_an_encoder_without_one_of_its_layers_is_refused(tmp_path: Path) -> None:
    """Transformers would make it up and say so in a log that nobody reads."""
    folder = kept(save_pairrm(tmp_path), lambda name: "layer.1.attention.self.query_proj" not in name)
    assert "has no weights for encoder.layer.1.attention.self.query_proj.bias" in refused(folder, "pairrm")


def test_pairrm_of_several_tasks_gives_two_numbers(tmp_path: Path) -> None:
    """Its authors take the mean over tasks: two numbers, whose difference is the mean difference; or it is refused."""
    assert all(len(both) == 2 for both in scores(opened(save_pairrm(tmp_path, tasks=2), "pairrm"), QUESTIONS))


def test_a_tokenizer_without_pairrm_s_markers_is_refused(tmp_path: Path) -> None:
    """Such as its base model's: the head would read whatever stands where markers should be."""
    folder = save_pairrm(tmp_path)
    t5_tokenizer().save_pretrained(folder)
    assert "<|source|>" in refused(folder, "pairrm")


@pytest.mark.parametrize("head", ["pairrm", "steamshp"])
def test_what_cannot_share_beginnings_says_so(head: str, folders: dict[str, Path]) -> None:
    """Asked to, it says what to do instead; left to itself it pads."""
    assert refused(folders[head], head, local=Local(engine="shared")) == (
        "judge tiny: its architecture cannot share beginnings; leave --engine to auto"
    )
    assert len(scores(opened(folders[head], head, local=Local(engine="auto")), QUESTIONS)) == len(QUESTIONS)


def test_the_first_step_may_be_said_by_generation_config(folders: dict[str, Path], tmp_path: Path) -> None:
    """Where config.json does not say which token the decoder begins with, generation_config.json does."""
    folder = save_steamshp(tmp_path)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config.pop("decoder_start_token_id") == 0
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert scores(opened(folder, "steamshp"), ALL) == scores(opened(folders["steamshp"], "steamshp"), ALL)


def test_capped_logits_are_capped(tmp_path: Path) -> None:
    """Gemma-2 bounds its logits: probabilities are those of the model, not those before the bound."""
    folder = save_pair_preference(tmp_path, family="gemma2")
    scorer, model = opened(folder, "pair_preference"), plain(folder, transformers.Gemma2ForCausalLM)
    for question, score in zip(ALL, scores(scorer, ALL), strict=True):
        text = text_of(scorer, question)
        assert isinstance(text, Text)
        with torch.inference_mode():
            logits = model(torch.tensor([text.tokens])).logits[0, -1]
        assert score == pytest.approx(among(logits, scorer.wording.tokenizer), abs=1e-5)


# Identity.


@pytest.mark.parametrize("head", SAVE)
def test_other_weights_are_another_judge(head: str, folders: dict[str, Path], tmp_path: Path) -> None:
    """A copy is the same judge, wherever it lies; another seed gives other scores under another identity."""
    copy, other = SAVE[head](tmp_path / "copy"), SAVE[head](tmp_path / "other", seed=1)
    mine = opened(folders[head], head)
    assert opened(copy, head).identity == mine.identity
    assert opened(other, head).identity != mine.identity
    assert scores(opened(other, head), ALL[:1]) != scores(mine, ALL[:1])


def test_every_pairwise_head_is_tested_here() -> None:
    """A head that is added gets a tiny model and a computation by hand."""
    pairwise = {name for name, each in ARCHITECTURES.items() if each.width == 2}
    assert pairwise == set(SAVE) == set(BY_HAND)
