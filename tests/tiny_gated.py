"""Gated reward models of a few kilobytes with random weights: files, names, shapes and dtypes as the published ones have.

Sources of the names: the headers of the published safetensors, and the code that their authors published.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from torch import Tensor

HIDDEN, GATE = 16, 12


@contextmanager
def one_thread() -> Iterator[None]:
    """For models as small as these, threads take longer to meet than one takes to compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


WORDS = [
    *("<unk>", "user", "system", "assistant", "model", "\n", "\n\n"),
    *("good", "bad", "worse", "Hello", "One", "Two", "?", ".", "Paris", "word", "a", "long", "answer"),
]
TURNS = (
    "{% for turn in messages %}[[HEAD]][[ROLE]][[NECK]]{{ turn.content }}[[END]]{% endfor %}"
    "{% if add_generation_prompt %}[[HEAD]][[REPLY]][[NECK]]{% endif %}"
)


@dataclass(frozen=True)
class Dialect:
    """How a family of models writes turns.

    end, after: the token that ends a turn, and what the template writes after it; head, neck: around a role's name;
    reply: what the assistant is called.
    """

    bos: str
    pad: str
    eos: str
    end: str
    after: str
    head: str
    neck: tuple[str, ...]
    reply: str

    @property
    def special(self) -> list[str]:
        """Its tokens that are no words."""
        neck = [each for each in self.neck if each.strip()]
        return list(dict.fromkeys([self.bos, self.pad, self.eos, self.end, self.head, *neck]))

    @property
    def header(self) -> str:
        """What stands before a response."""
        return self.head + self.reply + "".join(self.neck)

    @property
    def turn(self) -> tuple[str, ...]:
        """From the end of the prompt to the beginning of the response, token by token."""
        after = (self.after,) if self.after else ()
        return (self.end, *after, self.head, self.reply, *self.neck)

    @property
    def template(self) -> str:
        """The chat template; writes the BOS itself."""
        role = "{{ turn.role }}"
        if self.reply != "assistant":
            role = f"{{{{ '{self.reply}' if turn.role == 'assistant' else turn.role }}}}"
        parts = {
            "HEAD": self.head, "ROLE": role, "NECK": "".join(self.neck),
            "END": self.end + self.after, "REPLY": self.reply,
        }  # fmt: skip
        text = self.bos + TURNS
        for name, part in parts.items():
            text = text.replace(f"[[{name}]]", part.replace("\n", "{{ '\\n' }}"))
        return text


LLAMA = Dialect(
    bos="<|begin_of_text|>", pad="[PAD]", eos="<|end_of_text|>", end="<|eot_id|>", after="",
    head="<|start_header_id|>", neck=("<|end_header_id|>", "\n\n"), reply="assistant",
)  # fmt: skip
GEMMA = Dialect(
    bos="<bos>", pad="<pad>", eos="<eos>", end="<end_of_turn>", after="\n",
    head="<start_of_turn>", neck=("\n",), reply="model",
)  # fmt: skip
DIALECTS = {"llama": LLAMA, "gemma2": GEMMA}
CONFIGS = {
    "llama": (transformers.LlamaConfig, transformers.LlamaModel, {"num_key_value_heads": 1}),
    "gemma2": (
        transformers.Gemma2Config,
        transformers.Gemma2Model,
        # Low enough for the caps to matter: an attention that leaves them out has other scores.
        {
            "num_key_value_heads": 1,
            "head_dim": 8,
            "query_pre_attn_scalar": 8,
            "attn_logit_softcapping": 0.5,
            "sliding_window": 80,
        },
    ),
}


def tokenizer(
    family: str = "llama", *, side: str = "right", pad: str | None = None, without: Sequence[str] = ()
) -> Any:
    """A tokenizer of words and newlines that adds a BOS by itself.

    side: of the padding; pad: another token than the dialect's, to pad with; without: tokens that it lacks.
    """
    dialect = DIALECTS[family]
    special = [each for each in dialect.special if each not in without]
    vocabulary = {word: at for at, word in enumerate([*special, *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Split(Regex(r"\n+|\w+|[^\w\s]"), "removed", invert=True)
    words.post_processor = processors.TemplateProcessing(
        single=f"{dialect.bos} $A", special_tokens=[(dialect.bos, vocabulary[dialect.bos])]
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token=dialect.bos, eos_token=dialect.eos, unk_token="<unk>",
        pad_token=pad or dialect.pad, additional_special_tokens=special, padding_side=side,
    )  # fmt: skip
    fast.chat_template = dialect.template
    return fast


def random(*shape: int, scale: float = 0.5) -> Tensor:
    """Random weights."""
    return torch.randn(*shape) * scale


def armorm_head() -> dict[str, Tensor]:
    """ArmoRM: nineteen objectives, each without its part of verbosity (the fifth); a gate of four layers."""
    transform = torch.eye(19)
    transform[4] -= torch.rand(19)
    found = {
        "regression_layer.weight": random(19, HIDDEN),
        "reward_transform_matrix": transform,
        "gating.logit_scale": torch.tensor([1.3]),
    }
    for number, (outs, ins) in enumerate([(GATE, HIDDEN), (GATE, GATE), (GATE, GATE), (19, GATE)]):
        found[f"gating.layers.{number}.weight"] = random(outs, ins, scale=0.9)
        found[f"gating.layers.{number}.bias"] = random(outs)
    return found


NUMBERS = {"llama": ([0, 3, 6], [2, 5, 8], 9), "gemma2": ([0, 4, 8], [2, 6, 10], 11)}
"""How QRM's gate is numbered: its linear layers, the normalisation after each, the last layer. Gemma's has dropout."""


def qrm_head(
    family: str = "llama", *, objectives: int = 5, quantiles: int = 19, transform: bool = False
) -> dict[str, Tensor]:
    """QRM: quantiles of each objective, objective after objective; a gate with batch normalisation."""
    found = {
        "regression_layer.weight": random(objectives * quantiles, HIDDEN, scale=0.4 * quantiles**0.5),
        "gating.logit_scale": torch.tensor([0.7]),
    }
    if transform:
        found["reward_transform_matrix"] = torch.eye(objectives) - 0.3 * torch.rand(objectives, objectives)
    linear, norms, last = NUMBERS[family]
    ins = HIDDEN
    for number, norm in zip(linear, norms, strict=True):
        found[f"gating.layers.{number}.weight"] = random(GATE, ins)
        found |= {
            f"gating.layers.{norm}.weight": 1 + random(GATE),
            f"gating.layers.{norm}.bias": random(GATE),
            f"gating.layers.{norm}.running_mean": random(GATE),
            f"gating.layers.{norm}.running_var": 0.3 + torch.rand(GATE),
            f"gating.layers.{norm}.num_batches_tracked": torch.tensor(1000),
        }
        ins = GATE
    # As steep as the temperature needs, for the gate to tell prompts apart.
    steep = {"llama": 1.5, "gemma2": 0.15}[family]
    found[f"gating.layers.{last}.weight"] = random(objectives, GATE, scale=steep)
    found[f"gating.layers.{last}.bias"] = random(objectives)
    return found


def urm_head(*, gated: bool = True) -> dict[str, Tensor]:
    """URM: mean and logarithm of the width of five objectives in turn; a gate of three layers in fp16, or none."""
    found = {"score.weight": random(10, HIDDEN)}
    if gated:
        for number, outs in ((0, HIDDEN), (2, HIDDEN), (4, 5)):
            found[f"weights.fc.{number}.weight"] = random(outs, HIDDEN, scale=0.25).half()
            found[f"weights.fc.{number}.bias"] = random(outs).half()
    return found


def ldl_pickles(*, objectives: int = 22) -> dict[str, dict[str, Tensor]]:
    """LDL: by file, the layers of ten levels for each objective, and those of the gate."""
    shapes = {"regression_layer.pt": ((0, 2, 4), objectives * 10), "gating_layer.pt": ((0, 3, 6), objectives)}
    found: dict[str, dict[str, Tensor]] = {}
    for name, (numbers, outs) in shapes.items():
        found[name] = {}
        for number, (out, ins) in zip(numbers, [(GATE, HIDDEN), (GATE, GATE), (outs, GATE)], strict=True):
            found[name][f"network.{number}.weight"] = random(out, ins)
            found[name][f"network.{number}.bias"] = random(out)
    return found


Make = Callable[[], Mapping[str, Tensor]]


def save(
    folder: Path,
    head: Make = armorm_head,
    family: str = "llama",
    *,
    config: Mapping[str, Any] | None = None,
    prefix: str = "model.",
    **options: Any,
) -> Path:
    """A model in a folder: body in bfloat16, head as it is made, tokenizer (of these options).

    config: more of config.json; prefix: of the names of the body's tensors.
    """
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    fast = tokenizer(family, **options)
    make, body, more = CONFIGS[family]
    settings = make(
        vocab_size=len(DIALECTS[family].special) + len(WORDS), hidden_size=HIDDEN, intermediate_size=32,
        num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=512, pad_token_id=fast.pad_token_id,
        bos_token_id=fast.bos_token_id, eos_token_id=fast.eos_token_id, **more,
    )  # fmt: skip
    model = body(settings)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.3) if weight.dim() > 1 else weight.uniform_(0.5, 1.5)
    tensors = {prefix + name: weight.bfloat16() for name, weight in model.state_dict().items()}
    save_file({**tensors, **head()}, folder / "model.safetensors", metadata={"format": "pt"})
    # As the authors' own classes write it: a class that transformers does not have, in code that is not there.
    named = {"architectures": ["RewardModelWithGating"], "dtype": "bfloat16"}
    named["auto_map"] = {"AutoModelForSequenceClassification": "modeling_custom.RewardModelWithGating"}
    (folder / "config.json").write_text(json.dumps(settings.to_dict() | named | dict(config or {})))
    fast.save_pretrained(folder)
    return folder
