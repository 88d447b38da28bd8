"""Gated reward models against formulas written out here: rewards at the last token, weights where the prompt ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

from rmb.records import Answer, Failure, Message, Question
from rmb.scorers import Local
from rmb.scorers.local.text import Text
from tests.test_reward_model import answers, opened, refused, scores, text_of
from tests.tiny_gated import (
    CONFIGS,
    DIALECTS,
    NUMBERS,
    armorm_head,
    ldl_pickles,
    one_thread,
    qrm_head,
    save,
    urm_head,
)

# The formulas.


class Plain:
    """A checkpoint without this program: its tensors in fp32, its body in transformers, one text at a time."""

    def __init__(self, folder: Path, dtype: torch.dtype = torch.float32) -> None:
        """Reads the folder. dtype: of the body."""
        self.tensors = {name: one.float() for name, one in load_file(folder / "model.safetensors").items()}
        self.settings = json.loads((folder / "config.json").read_text())
        self.family = self.settings["model_type"]
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        config, body, _ = CONFIGS[self.family]
        self.body = body(config.from_pretrained(folder, attn_implementation="eager")).eval()
        for weight in self.body.parameters():
            weight.data = weight.data.to(dtype)
        names = self.body.state_dict()
        prefix = "model." if "model.norm.weight" in self.tensors else ""
        self.body.load_state_dict({name: self.tensors[prefix + name] for name in names})

    def ids(self, question: Question) -> list[int]:
        """The tokens of the whole text."""
        return self.tokens(question, reply=question.responses[0])

    def tokens(self, question: Question, *, reply: str | None = None) -> list[int]:
        """The tokens of a text, or of its prompt up to where the response is to begin."""
        turns = [{"role": turn.role, "content": turn.content} for turn in question.conversation]
        if reply is not None:
            turns.append({"role": "assistant", "content": reply})
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=reply is None)
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def prompt_end(self, question: Question) -> int:
        """Where the last turn before the response ends: where the prompt's last assistant header is, one turn back."""
        return self.header(self.tokens(question))

    def header(self, ids: Sequence[int]) -> int:
        """The place of the last end of a turn that an assistant's header follows."""
        wanted = self.tokenizer.convert_tokens_to_ids(list(DIALECTS[self.family].turn))
        return max(at for at in range(len(ids)) if list(ids[at : at + len(wanted)]) == wanted)

    def states(self, ids: Sequence[int]) -> Tensor:
        """What the body has at each token of one text."""
        with torch.inference_mode():
            return self.body(input_ids=torch.tensor([ids])).last_hidden_state[0].float()

    def linear(self, name: str, state: Tensor) -> Tensor:
        """A layer with or without bias."""
        found = self.tensors[f"{name}.weight"] @ state
        return found + self.tensors[f"{name}.bias"] if f"{name}.bias" in self.tensors else found


@dataclass(frozen=True)
class Tiny:
    """A tiny model: how it is made, and what its published configuration and shapes mean."""

    name: str
    make: Callable[[], dict[str, Tensor]]
    family: str = "llama"
    objectives: int = 19
    quantiles: int = 1
    temperature: float = 10.0
    config: dict[str, Any] = field(default_factory=dict)

    def saved(self, folder: Path, **options: Any) -> Path:
        """The model in a folder."""
        return save(folder, self.make, self.family, config=self.config, **options)

    def opened(self, folder: Path, **options: Any) -> Any:
        """The scorer of a folder."""
        return opened(folder, head=self.name, **options)

    def weights(self, plain: Plain, state: Tensor) -> list[float]:
        """The weight of each objective, by the formulas of the papers."""
        if self.name == "armorm":
            for number in range(3):
                state = plain.linear(f"gating.layers.{number}", state).clamp(min=0)
            said = plain.linear("gating.layers.3", state)
        else:
            linear, norms, last = NUMBERS[self.family]
            for number, norm in zip(linear, norms, strict=True):
                state = plain.linear(f"gating.layers.{number}", state).clamp(min=0)
                mean, var, weight, bias = (
                    plain.tensors[f"gating.layers.{norm}.{part}"]
                    for part in ("running_mean", "running_var", "weight", "bias")
                )
                state = (state - mean) / (var + 1e-5) ** 0.5 * weight + bias
            said = plain.linear(f"gating.layers.{last}", state)
        raised = [float((one / self.temperature).exp()) for one in said]
        scale = float(plain.tensors["gating.logit_scale"])
        return [scale * one / sum(raised) for one in raised]

    def rewards(self, plain: Plain, state: Tensor) -> list[float]:
        """The reward of each objective: the mean of its quantiles, less what it owes to the others."""
        rows, many = plain.tensors["regression_layer.weight"], self.quantiles
        means = [
            sum(float(rows[number * many + each] @ state) for each in range(many)) / many
            for number in range(self.objectives)
        ]
        transform = plain.tensors.get("reward_transform_matrix", torch.eye(self.objectives))
        return [
            sum(mean * float(transform[number, to]) for number, mean in enumerate(means))
            for to in range(self.objectives)
        ]

    def score(self, plain: Plain, states: Tensor, gate: int, last: int = -1) -> float:
        """The rewards at one place, each times its weight at another."""
        pairs = zip(self.rewards(plain, states[last]), self.weights(plain, states[gate]), strict=True)
        return sum(reward * weight for reward, weight in pairs)

    def expected(self, plain: Plain, question: Question) -> float:
        """The score of one text by itself."""
        return self.score(plain, plain.states(plain.ids(question)), plain.prompt_end(question))


MODELS = {
    "armorm": Tiny("armorm", armorm_head),
    "qrm-llama": Tiny("qrm", partial(qrm_head, transform=True), objectives=5, quantiles=19),
    "qrm-gemma2": Tiny("qrm", partial(qrm_head, "gemma2"), "gemma2", 5, 19, temperature=1.0),
}

# The texts.

RESPONSES = [
    "good answer .",
    "bad",
    "a long long long long long long answer . good",
    "good {eos} worse",
    "{pad} good {pad}",
    "good {end} worse",
    "good {turn}bad",
]
"""The last ones have tokens in them that end a text, pad it, end a turn, or begin the assistant's next one."""
CONVERSATIONS = {
    "one turn": [("user", "Hello ?")],
    "several turns": [("user", "One ?"), ("assistant", "Two . good answer"), ("user", "a long word ?")],
    "a system's turn": [("system", "One word ."), ("user", "Two ? {end} Paris")],
}


def asked(family: str, responses: Sequence[str] = RESPONSES) -> list[Question]:
    """Every response to every conversation, in the words of a family."""
    dialect = DIALECTS[family]

    def said(text: str) -> str:
        turn = dialect.end + dialect.after + dialect.header
        return text.format(eos=dialect.eos, pad=dialect.pad, end=dialect.end, turn=turn)

    return [
        Question(tuple(Message(role, said(text)) for role, text in turns), (said(response),))
        for turns in CONVERSATIONS.values()
        for response in responses
    ]


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Computes without threads."""
    with one_thread():
        yield


@pytest.fixture(scope="module", params=MODELS)
def tiny(request: pytest.FixtureRequest) -> Tiny:
    """Each of the models."""
    return MODELS[request.param]


@pytest.fixture(scope="module")
def folder(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it is saved."""
    return tiny.saved(tmp_path_factory.mktemp("gated"))


@pytest.fixture(scope="module")
def plain(folder: Path) -> Plain:
    """The same without this program."""
    return Plain(folder)


def close(values: Sequence[float]) -> Any:
    """Equal in fp32."""
    return pytest.approx(list(values), abs=1e-5)


def batched(values: Sequence[Any]) -> list[tuple[Any, Any]]:
    """In pairs."""
    return list(zip(values[::2], values[1::2], strict=True))


# The score.


def test_the_score_is_that_of_the_formula(tiny: Tiny, folder: Path, plain: Plain) -> None:
    """Rewards at the last token, weights at the end of the last turn before the response, whatever the response says."""
    questions = asked(tiny.family)
    expected = [tiny.expected(plain, question) for question in questions]
    assert scores(tiny.opened(folder), questions) == close(expected)


def test_the_gate_reads_where_the_prompt_ends(tiny: Tiny, folder: Path, plain: Plain) -> None:
    """The place, token by token: the last end of a turn that is not the response's."""
    dialect = DIALECTS[tiny.family]
    for question in asked(tiny.family):
        text = text_of(tiny.opened(folder), question)
        assert isinstance(text, Text)
        (place,) = text.marks
        said = plain.tokenizer.convert_ids_to_tokens(text.tokens)
        assert tuple(said[place : place + len(dialect.turn)]) == dialect.turn
        # What is before it holds all that was asked, and nothing of the response.
        begun = plain.tokens(question)
        assert list(text.tokens[: len(begun)]) == begun
        assert place == len(begun) - len(dialect.turn)


def test_a_response_that_goes_together_with_its_header(tiny: Tiny, folder: Path, plain: Plain) -> None:
    """Newlines that begin a response make one token of the header's; the gate's place is before both."""
    questions = asked(tiny.family, ["\n good", "\n\n\n bad"])
    for question in questions:
        begun = plain.tokens(question)
        assert plain.ids(question)[: len(begun)] != begun
    assert scores(tiny.opened(folder), questions) == close(
        [tiny.expected(plain, question) for question in questions]
    )


def test_the_place_of_the_gate_matters(tiny: Tiny, plain: Plain) -> None:
    """A test of the tests: a gate that is misled by the response, or reads at its end, has another score."""
    misled = asked(tiny.family, RESPONSES[-1:])
    assert len(misled) == len(CONVERSATIONS)
    for question in misled:
        ids = plain.ids(question)
        states, place = plain.states(ids), plain.prompt_end(question)
        assert plain.header(ids) > place
        found = {
            round(tiny.score(plain, states, gate), 2) for gate in (place, place + 1, plain.header(ids), -1)
        }
        assert len(found) == 4


def test_the_gate_depends_on_the_prompt_alone(tiny: Tiny, plain: Plain) -> None:
    """Two responses to the same prompt are weighed alike, two prompts are not, and no gate is uniform."""
    weights = [
        tiny.weights(plain, plain.states(plain.ids(question))[plain.prompt_end(question)])
        for question in asked(tiny.family, RESPONSES[:2])
    ]
    for first, second in batched(weights):
        assert first == close(second)
        assert max(first) > 1.5 * min(first)
    prompts = torch.tensor([first for first, _ in batched(weights)])
    assert float((prompts.max(0).values - prompts.min(0).values).max()) > 0.05


def test_scores_differ_between_texts(tiny: Tiny, folder: Path) -> None:
    """A test of the tests: equality above is not that of constants."""
    found = scores(tiny.opened(folder), asked(tiny.family))
    assert len({round(score, 2) for score in found}) > 0.8 * len(found)


# Batches and padding.


@pytest.mark.parametrize(
    ("engine", "budget"),
    [("padded", 1), ("padded", 100), ("padded", 10_000), ("shared", 150), ("shared", 10_000)],
)
def test_every_batch_has_the_scores_of_single_texts(
    engine: Any, budget: int, tiny: Tiny, folder: Path, plain: Plain
) -> None:
    """Alone, in batches of some texts or of all, and with the conversation's beginning computed once."""
    questions = asked(tiny.family)
    scorer = tiny.opened(folder, local=Local(engine=engine), batch_tokens=budget)
    assert scores(scorer, questions) == close([tiny.expected(plain, question) for question in questions])
    if engine == "shared":
        texts = [plain.ids(question) for question in questions]
        assert scorer.engine.scoring.work.real < 0.8 * sum(map(len, texts))


@pytest.mark.parametrize("pad", ["its own", "eos", "end"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_changes_nothing(side: str, pad: str, tiny: Tiny, tmp_path: Path) -> None:
    """Whichever side the tokenizer pads, and with whichever token: a text's end is known by its length."""
    dialect = DIALECTS[tiny.family]
    token = {"its own": dialect.pad, "eos": dialect.eos, "end": dialect.end}[pad]
    folder = tiny.saved(tmp_path, side=side, pad=token)
    plain, questions = Plain(folder), asked(tiny.family)
    assert (plain.tokenizer.padding_side, plain.tokenizer.pad_token) == (side, token)
    assert scores(tiny.opened(folder), questions) == close(
        [tiny.expected(plain, question) for question in questions]
    )


def test_a_batch_padded_on_the_left_has_the_same_scores(tiny: Tiny, folder: Path, plain: Plain) -> None:
    """As the authors' own code runs it: padding first, masked, positions counted from the first token."""
    questions = asked(tiny.family)
    texts = [plain.ids(question) for question in questions]
    most = max(map(len, texts))
    ids = torch.tensor([[plain.tokenizer.pad_token_id] * (most - len(text)) + text for text in texts])
    mask = torch.tensor([[0] * (most - len(text)) + [1] * len(text) for text in texts])
    places = (mask.cumsum(1) - 1).clamp(min=0)
    with torch.inference_mode():
        states = plain.body(input_ids=ids, attention_mask=mask, position_ids=places).last_hidden_state
    expected = [
        tiny.score(plain, row, most - len(text) + plain.prompt_end(question))
        for question, text, row in zip(questions, texts, states, strict=True)
    ]
    assert scores(tiny.opened(folder), questions) == close(expected)


# Shapes and configuration.


@pytest.mark.parametrize("transform", [True, False])
@pytest.mark.parametrize(("objectives", "quantiles"), [(19, 19), (5, 19), (3, 4), (4, 3), (5, 1)])
def test_quantiles_follow_from_the_shapes(
    objectives: int, quantiles: int, transform: bool, tmp_path: Path
) -> None:
    """Rows of the regression, by objectives of the gate; with and without what objectives owe to each other."""
    make = partial(qrm_head, objectives=objectives, quantiles=quantiles, transform=transform)
    tiny = Tiny("qrm", make, objectives=objectives, quantiles=quantiles)
    folder = tiny.saved(tmp_path)
    plain, questions = Plain(folder), asked("llama")[:5]
    assert ("reward_transform_matrix" in plain.tensors) is transform
    assert scores(tiny.opened(folder), questions) == close(
        [tiny.expected(plain, question) for question in questions]
    )


@pytest.mark.parametrize("model", MODELS)
def test_the_configuration_s_temperature_holds(model: str, tmp_path: Path) -> None:
    """Where config.json has one; the tests above go by the defaults of the authors' code."""
    first = MODELS[model]
    tiny = Tiny(
        first.name,
        first.make,
        first.family,
        first.objectives,
        first.quantiles,
        4.0,
        {"gating_temperature": 4},
    )
    folder = tiny.saved(tmp_path)
    plain, question = Plain(folder), asked(tiny.family)[0]
    assert scores(tiny.opened(folder), [question]) == close([tiny.expected(plain, question)])
    assert abs(first.expected(plain, question) - tiny.expected(plain, question)) > 0.01


def test_the_head_computes_in_fp32(tiny: Tiny, folder: Path) -> None:
    """Whatever the precision of the body: with three digits, responses would tie that the model tells apart."""
    plain, questions = Plain(folder, torch.bfloat16), asked(tiny.family)
    # One implementation of attention, one text at a time: the same numbers to the last digit before the head.
    scorer = tiny.opened(
        folder, dtype="bfloat16", attention="eager", batch_tokens=1, local=Local(engine="padded")
    )
    assert scores(scorer, questions) == close([tiny.expected(plain, question) for question in questions])


def test_weights_in_several_files(tiny: Tiny, tmp_path: Path) -> None:
    """As the published ones are: the head may lie in any of them, or in two."""
    folder = tiny.saved(tmp_path)
    plain, question = Plain(folder), asked(tiny.family)[0]
    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    parts = {f"model-0000{at + 1}-of-00003.safetensors": names[at::3] for at in range(3)}
    for name, each in parts.items():
        save_file({one: tensors[one] for one in each}, folder / name, metadata={"format": "pt"})
    places = {one: name for name, each in parts.items() for one in each}
    index = {"metadata": {"total_size": 0}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()
    assert scores(tiny.opened(folder), [question]) == close([tiny.expected(plain, question)])


# Rewards and gate at the same place: URM and LDL.


def urm_score(plain: Plain, state: Tensor) -> float:
    """Means are every other output; weights come of a SELU network as they are, or are the card's."""
    said = plain.tensors["score.weight"] @ state
    weights = torch.tensor([0.3, 0.74, 0.46, 0.47, -0.33])
    if "weights.fc.0.weight" in plain.tensors:
        for number in (0, 2):
            state = plain.linear(f"weights.fc.{number}", state)
            raised = 1.6732632423543772 * (state.exp() - 1)
            state = 1.0507009873554805 * torch.where(state > 0, state, raised)
        weights = plain.linear("weights.fc.4", state)
    return sum(float(said[2 * number] * weights[number]) for number in range(5))


def ldl_score(plain: Plain, state: Tensor) -> float:
    """Each objective's mean of the levels 0, 1/9, …, 1, times its weight."""

    def network(name: str, numbers: Sequence[int]) -> Tensor:
        found = state
        for number in numbers:
            found = plain.linear(f"{name}.{number}", found)
            if number != numbers[-1]:
                found = torch.where(found > 0, found, 0.01 * found)
        return found

    levels, weights = network("regression_layer", (0, 2, 4)), network("gating_layer", (0, 3, 6))
    if plain.settings.get("softmax"):
        raised = (weights / plain.settings["temperature"]).exp()
        weights = raised / raised.sum()
    total = 0.0
    for number, weight in enumerate(weights):
        raised = levels[number * 10 : number * 10 + 10].exp()
        total += float(weight * sum(each / 9 * one for each, one in enumerate(raised)) / raised.sum())
    return total


@pytest.mark.parametrize("engine", ["padded", "shared"])
@pytest.mark.parametrize("gated", [True, False])
def test_urm_is_its_formula(gated: bool, engine: Any, tmp_path: Path) -> None:
    """URM on Llama 3.1 with its gate, on Llama 3 with its fixed weights; both at the last token."""
    folder, head = save(tmp_path, partial(urm_head, gated=gated)), "urm" if gated else "urm_fixed"
    plain, questions = Plain(folder), asked("llama")
    expected = [urm_score(plain, plain.states(plain.ids(question))[-1]) for question in questions]
    assert scores(opened(folder, head=head, local=Local(engine=engine)), questions) == close(expected)


def ldl(folder: Path, **config: Any) -> Plain:
    """An LDL model: the body's names without a prefix, its head in two pickles."""
    save(folder, dict, "gemma2", config=config, prefix="")
    plain = Plain(folder)
    for name, tensors in ldl_pickles().items():
        torch.save(tensors, folder / name)
        own = Path(name).stem
        plain.tensors |= {key.replace("network", own): tensor for key, tensor in tensors.items()}
    return plain


PICKLED = Local(allow_pickle=True)


@pytest.mark.parametrize("config", [{}, {"softmax": False}, {"softmax": True, "temperature": 2.5}])
def test_ldl_is_its_formula(config: dict[str, Any], tmp_path: Path) -> None:
    """Its gate's outputs as they are, or made to add up to one, as the configuration says; at the last token."""
    plain, questions = ldl(tmp_path, **config), asked("gemma2")
    expected = [ldl_score(plain, plain.states(plain.ids(question))[-1]) for question in questions]
    assert scores(opened(tmp_path, head="ldl", local=PICKLED), questions) == close(expected)


@pytest.mark.parametrize("name", ["regression_layer.pt", "gating_layer.pt"])
def test_a_pickled_head_takes_the_user_s_word(name: str, tmp_path: Path) -> None:
    """Without it one line says so; a head that is not there is named."""
    ldl(tmp_path)
    assert "which may run code; if you trust it: --allow-pickle" in refused(tmp_path, head="ldl")
    (tmp_path / name).unlink()
    assert f"has no {name}" in refused(tmp_path, head="ldl", local=PICKLED)


# Models that cannot be used.


def without(folder: Path, *names: str) -> Path:
    """The folder without some tensors."""
    tensors = load_file(folder / "model.safetensors")
    for name in names:
        del tensors[name]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


GATE = "gating.layers"
NAMED = {
    "armorm": [
        *("regression_layer.weight", "reward_transform_matrix", "gating.logit_scale"),
        *(f"{GATE}.{number}.{part}" for number in range(4) for part in ("weight", "bias")),
    ],
    "qrm": [
        *("regression_layer.weight", "gating.logit_scale", f"{GATE}.9.weight", f"{GATE}.9.bias"),
        *(f"{GATE}.{number}.weight" for number in (0, 3)),
        *(f"{GATE}.5.{part}" for part in ("weight", "bias", "running_mean", "running_var")),
    ],
    "urm": ["score.weight", "weights.fc.0.weight", "weights.fc.2.bias", "weights.fc.4.weight"],
}
WHOLE = {
    "armorm": armorm_head,
    "qrm": partial(qrm_head, transform=True),
    "urm": urm_head,
}


@pytest.mark.parametrize(("head", "name"), [(head, name) for head, names in NAMED.items() for name in names])
def test_a_missing_tensor_is_named(head: str, name: str, tmp_path: Path) -> None:
    """Nothing that a checkpoint does not have is made up or left out: one line says what it lacks."""
    assert name in refused(without(save(tmp_path, WHOLE[head]), name), head=head)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param("regression_layer.weight", (94, 16), id="no number of quantiles"),
        pytest.param("regression_layer.weight", (95, 12), id="for a smaller body"),
        pytest.param("reward_transform_matrix", (4, 4), id="for fewer objectives"),
    ],
)
def test_shapes_that_do_not_belong_together_are_refused(
    name: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    """In one line, before anything is scored."""
    made = lambda: WHOLE["qrm"]() | {name: torch.zeros(shape)}  # noqa: E731
    assert "has a head that gives no score" in refused(save(tmp_path, made), head="qrm")


@pytest.mark.parametrize("name", ["model.norm.weight", "model.layers.1.mlp.up_proj.weight"])
def test_a_missing_tensor_of_the_body_is_named(name: str, tmp_path: Path) -> None:
    """As for any model: its own random numbers are no scores."""
    said = refused(without(MODELS["armorm"].saved(tmp_path), name), head="armorm")
    assert f"has no weights for {name.removeprefix('model.')}" in said


def test_a_head_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A QRM is no ArmoRM, a URM no QRM, and an ArmoRM no URM: what is missing is named."""
    makes = WHOLE | {"qrm": qrm_head}
    for own, other, lacks in [
        ("qrm", "armorm", "reward_transform_matrix"),
        ("urm", "qrm", "gating"),
        ("armorm", "urm", "score.weight"),
    ]:
        assert lacks in refused(save(tmp_path / own, makes[own]), head=other)


@pytest.mark.parametrize("model", MODELS)
def test_a_tokenizer_without_the_end_of_a_turn_is_refused(model: str, tmp_path: Path) -> None:
    """The gate would have no place to read."""
    tiny = MODELS[model]
    end = DIALECTS[tiny.family].end
    folder = tiny.saved(tmp_path, without=[end])
    assert f"has no token that ends a turn, of which its gate reads: {end}" in refused(folder, head=tiny.name)


def test_a_template_that_does_not_end_turns_fails_each_text(tmp_path: Path) -> None:
    """A gate reads nothing that is not there; no score is made of another place."""
    folder = MODELS["armorm"].saved(tmp_path)
    template = "<|begin_of_text|>{% for turn in messages %}{{ turn.role }} {{ turn.content }}{% endfor %}{% if add_generation_prompt %}assistant {% endif %}"
    scorer = opened(folder, head="armorm", chat_template=template)
    question = Question((Message("user", "Hello ?"),), ("good answer",))
    reply = answers(scorer, [question])[question]
    assert isinstance(reply, Answer)
    assert scorer.read(question, reply) == Failure(
        "unrenderable", "the chat template does not end the prompt's last turn"
    )


# Texts that are too long.


def test_what_the_gate_reads_is_never_cut_off(tiny: Tiny, folder: Path, plain: Plain) -> None:
    """Cut on the left, a long prompt loses its beginning; a response so long that the prompt's end would go has no score."""
    short, prompt, response = (
        Question((Message("user", asked),), (said,))
        for asked, said in [("Hello ?", "good"), ("word " * 30 + "?", "good"), ("One ?", "long " * 30)]
    )
    scorer = tiny.opened(folder, max_tokens=30, truncation="left")
    found = answers(scorer, [short, prompt, response])
    verdicts = {question: scorer.read(question, reply) for question, reply in found.items()}
    failed = verdicts[response]
    assert isinstance(failed, Failure)
    assert (failed.reason, failed.detail) == (
        "context_length",
        f"{len(plain.ids(response))} tokens, and the card's max_tokens is 30",
    )
    over = len(plain.ids(prompt)) - 30
    cut = tiny.score(plain, plain.states(plain.ids(prompt)[over:]), plain.prompt_end(prompt) - over)
    for question, expected in [(short, tiny.expected(plain, short)), (prompt, cut)]:
        reply = found[question]
        assert isinstance(reply, Answer)
        assert reply.rewards == (pytest.approx(expected, abs=1e-5),)
    assert found[prompt].finish_reason is not None


def test_cut_on_the_right_the_prompt_s_end_stays(tiny: Tiny, folder: Path, plain: Plain) -> None:
    """The score is then read at the last token that is left; a prompt that fills all the room has none."""
    kept, lost = (Question((Message("user", asked),), ("long " * 30,)) for asked in ("Hello ?", "word " * 60))
    scorer = tiny.opened(folder, max_tokens=30, truncation="right")
    found = answers(scorer, [kept, lost])
    expected = tiny.score(plain, plain.states(plain.ids(kept)[:30]), plain.prompt_end(kept))
    assert found[kept].rewards == (pytest.approx(expected, abs=1e-5),)
    assert scorer.read(lost, found[lost]).reason == "context_length"
