"""Reward models of a few kilobytes, one for each head: random weights in files that look as the published ones do.

Each keeps its body as a plain model of transformers, so that a test can compute its scores without the files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import processors
from torch import Tensor

from tests import tiny_models
from tests.tiny_models import TEMPLATE, WORDS

HIDDEN = 16
UNENDED = (
    "{% for turn in messages %}<|{{ turn.role }}|> {{ turn.content }}{{ ' ' if not loop.last }}{% endfor %}"
)
"""No BOS, and nothing after the response: its last word is the text's last token. As Eurus, UltraRM, Beaver."""
ENDED = "{% for turn in messages %}<|{{ turn.role }}|>{{ turn.content }}</s>{% endfor %}"
"""No BOS, and the end of text after every turn. As Open Assistant."""
REWARD = "<|reward|>"
SIZES = {"hidden_size": HIDDEN, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}
LLAMA = {
    **SIZES,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "rope_theta": 500.0,
    "max_position_embeddings": 512,
    "vocab_size": len(WORDS),
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 3,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
}
Names = Callable[[dict[str, Tensor]], dict[str, Tensor]]


def below(prefix: str) -> Names:
    """The body's tensors under a name."""
    return lambda tensors: {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


@dataclass(frozen=True)
class Tiny:
    """A reward model in memory.

    head: as a card names it. body: of transformers, in fp32; head_tensors: by the names they are stored under.
    config: of its config.json. stored: the body's tensors by the names they are stored under, with what else the
    published files have. template: of its tokenizer, None for a model of two parts. adds_bos: its tokenizer, by itself.
    """

    head: str
    body: Any
    head_tensors: dict[str, Tensor]
    config: dict[str, Any]
    stored: Names = field(default_factory=lambda: below("model"))
    template: str | None = TEMPLATE
    adds_bos: bool = True

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All that is stored."""
        return self.stored(dict(self.body.state_dict())) | self.head_tensors

    def tokenizer(self, *, pad: str = "<pad>", side: str = "right") -> Any:
        """Its tokenizer."""
        fast = tiny_models.tokenizer(template=self.template, pad=pad)
        fast.padding_side = side
        if self.head == "internlm2":
            fast.add_tokens([REWARD], special_tokens=True)
        if self.template is None:
            fast.backend_tokenizer.post_processor = processors.TemplateProcessing(
                single="<s> $A </s>",
                pair="<s> $A </s> $B </s>",
                special_tokens=[("<s>", 1), ("</s>", 2)],
            )
        elif not self.adds_bos:
            fast.backend_tokenizer.post_processor = processors.TemplateProcessing(single="$A")
        return fast

    def save(self, folder: Path, *, files: int = 1, **tokens: Any) -> Path:
        """The model in a folder. files: of weights; more than one have an index. tokens: of the tokenizer."""
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer(**tokens).save_pretrained(folder)
        (folder / "config.json").write_text(json.dumps(self.config, indent=2))
        write(folder, self.tensors, files)
        return folder


def write(folder: Path, tensors: Mapping[str, Tensor], files: int = 1) -> None:
    """Weights as safetensors, in one file, or in several with an index."""
    kept = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}
    if files == 1:
        save_file(kept, folder / "model.safetensors", {"format": "pt"})
        return
    where = {
        name: f"model-{at % files + 1:05}-of-{files:05}.safetensors" for at, name in enumerate(sorted(kept))
    }
    for file in set(where.values()):
        save_file({name: kept[name] for name in kept if where[name] == file}, folder / file, {"format": "pt"})
    index = {"metadata": {"total_size": 0}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def rewrite(folder: Path, *without: str, **changed: Tensor) -> Path:
    """The folder without some of its weights, and with others for some. changed: "." in a name is "__"."""
    tensors = load_file(folder / "model.safetensors")
    tensors |= {name.replace("__", "."): tensor for name, tensor in changed.items()}
    write(folder, {name: tensor for name, tensor in tensors.items() if name not in without})
    return folder


def shaken(model: Any, seed: int = 0) -> Any:
    """The model with weights that are large, and differ in every norm and bias: two that are mixed up show."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            noise = torch.randn(weight.shape, generator=generator) * 0.3
            weight.copy_(noise if weight.dim() > 1 else weight + noise)
    return model.float().eval()


def drawn(*shape: int, seed: int = 1) -> Tensor:
    """A tensor of a head."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def llama(**settings: Any) -> Any:
    """A Llama without a head. settings: beyond LLAMA."""
    known = LLAMA | settings
    rope = {"rope_type": "default", "rope_theta": known.pop("rope_theta")}
    known.pop("torch_dtype")
    return shaken(transformers.LlamaModel(transformers.LlamaConfig(**known, rope_parameters=rope)))


def eurus() -> Tiny:
    """openbmb/Eurus-RM-7b: a Mistral, and code of its own that is not needed."""
    known = {name: value for name, value in LLAMA.items() if name not in {"rope_theta", "torch_dtype"}}
    rope = {"rope_type": "default", "rope_theta": LLAMA["rope_theta"]}
    config = transformers.MistralConfig(**known, sliding_window=64, rope_parameters=rope)
    told = {
        "architectures": ["EurusRewardModel"],
        "auto_map": {"AutoModel": "modeling_eurus_rm.EurusRewardModel"},
        "model_type": "mistral",
        "sliding_window": 64,
    }
    return Tiny(
        "eurus",
        shaken(transformers.MistralModel(config)),
        {"regression_head.weight": drawn(1, HIDDEN)},
        LLAMA | told,
        template=UNENDED,
    )


def starling() -> Tiny:
    """Nexusflow/Starling-RM-34B: a Llama under a name of its own, by the name of a class that it is not."""
    told = {"architectures": ["LlamaForSequenceClassification"], "model_type": "llama"}
    weight = {"v_head.weight": drawn(1, HIDDEN)}
    return Tiny("starling", llama(), weight, LLAMA | told, below("transformer"))


def fused(tensors: Mapping[str, Tensor], groups: int) -> dict[str, Tensor]:
    """A Llama's tensors by InternLM2's names. Rows of wqkv: group by group, its queries, then its key and value."""
    names = {
        "embed_tokens": "tok_embeddings",
        "self_attn.o_proj": "attention.wo",
        "mlp.gate_proj": "feed_forward.w1",
        "mlp.down_proj": "feed_forward.w2",
        "mlp.up_proj": "feed_forward.w3",
        "input_layernorm": "attention_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if "k_proj" in name or "v_proj" in name:
            continue
        if "q_proj" in name:
            key, value = (tensors[name.replace("q_proj", f"{letter}_proj")] for letter in "kv")
            size = len(key) // groups
            each = len(tensor) // groups
            rows = [
                part
                for group in range(groups)
                for part in (
                    tensor[group * each : (group + 1) * each],
                    key[group * size : (group + 1) * size],
                    value[group * size : (group + 1) * size],
                )
            ]
            found[f"model.{name.replace('self_attn.q_proj', 'attention.wqkv')}"] = torch.cat(rows)
            continue
        ours = next((part for part in names if f"{part}." in name), None)
        found[f"model.{name.replace(ours, names[ours]) if ours else name}"] = tensor
    return found


def internlm2(*, bias: bool = False) -> Tiny:
    """internlm/internlm2-7b-reward: a Llama in another layout, read at a token of its own. bias: of its attention."""
    words = len(WORDS) + 1
    told = {
        "architectures": ["InternLM2ForRewardModel"],
        "auto_map": {
            "AutoConfig": "configuration_internlm2.InternLM2Config",
            "AutoModel": "modeling_internlm2.InternLM2ForRewardModel",
        },
        "attn_implementation": "eager",
        "bias": bias,
        "model_type": "internlm2",
        "reward_token_id": words - 1,
        "rope_scaling": {"type": "dynamic", "factor": 2.0},
        "vocab_size": words,
        "use_cache": True,
    }
    return Tiny(
        "internlm2",
        llama(vocab_size=words, attention_bias=bias),
        {"v_head.weight": drawn(1, HIDDEN)},
        LLAMA | told,
        lambda tensors: fused(tensors, 2),
    )


def with_vocabulary(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """As a reward model keeps it that was trained as a language model: its output layer is there still."""
    return below("model")(tensors) | {"lm_head.weight": drawn(len(WORDS), HIDDEN, seed=9)}


def grm_linear() -> Tiny:
    """Ray2333/GRM-*-sftreg with one layer, on Llama."""
    told = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vhead_layer_type": "linear"}
    tensors = {"v_head.summary.weight": drawn(1, HIDDEN), "v_head.summary.bias": drawn(1, seed=2)}
    return Tiny("grm", llama(), tensors, LLAMA | told, with_vocabulary)


def grm_mlp() -> Tiny:
    """Ray2333/GRM-Gemma2-*-sftreg: several layers, on Gemma 2, whose attention is capped."""
    told = {
        "architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "head_dim": 4,
        "hidden_activation": "gelu_pytorch_tanh", "sliding_window": 64, "query_pre_attn_scalar": 4,
        "attn_logit_softcapping": 0.7, "final_logit_softcapping": 30.0,
        "vhead_layer_type": "mlp", "vhead_num_neurons": 8, "vhead_num_layers": 1,
    }  # fmt: skip
    settings = LLAMA | told
    known = {
        name: value for name, value in settings.items() if not name.startswith(("vhead", "rope", "torch"))
    }
    rope = {"rope_type": "default", "rope_theta": LLAMA["rope_theta"]}
    config = transformers.Gemma2Config(**known, rope_parameters=rope)
    # The only one of transformers' kinds of attention that caps.
    config._attn_implementation = "eager"
    tensors = {
        "v_head.summary.0.weight": drawn(8, HIDDEN), "v_head.summary.0.bias": drawn(8, seed=2),
        "v_head.summary.2.weight": drawn(1, 8, seed=3), "v_head.summary.2.bias": drawn(1, seed=4),
    }  # fmt: skip
    return Tiny("grm", shaken(transformers.Gemma2Model(config)), tensors, settings, with_vocabulary)


def inf_orm() -> Tiny:
    """infly/INF-ORM-Llama3.1-70B."""
    told = {
        "architectures": ["INFORMForSequenceClassification"],
        "model_type": "llama",
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
    }
    tensors = {
        "score.0.weight": drawn(HIDDEN, HIDDEN), "score.0.bias": drawn(HIDDEN, seed=2),
        "score.2.weight": drawn(1, HIDDEN, seed=3), "score.2.bias": drawn(1, seed=4),
    }  # fmt: skip
    return Tiny("inf_orm", llama(), tensors, LLAMA | told)


def beaver(kind: str = "reward", *, bias: bool = True, normalize: bool = False) -> Tiny:
    """PKU-Alignment/beaver-7b-v1.0-reward, or -cost. Its configuration says what its normaliser began with."""
    told = {
        "architectures": ["LlamaForScore"], "model_type": "llama",
        "bias": bias, "do_normalize": normalize, "score_dim": 1, "score_type": kind,
        "normalizer_type": "affine" if kind == "reward" else "scale", "momentum": None,
        "mean": [0.0], "var": [1.0],
    }  # fmt: skip
    tensors = {
        "score_head.weight": drawn(1, HIDDEN),
        "normalizer.mean": torch.tensor([1.5]),
        "normalizer.var": torch.tensor([0.25]),
        "normalizer.count": torch.tensor([7]),
    }
    if bias:
        tensors["score_head.bias"] = drawn(1, seed=2)
    head = "beaver" if kind == "reward" else "beaver_cost"
    return Tiny(head, llama(), tensors, LLAMA | told, template=UNENDED)


def with_buffers(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """As older versions of transformers kept GPT-NeoX: with what they computed anew anyway."""
    found = below("gpt_neox")(tensors)
    for number in range(2):
        name = f"gpt_neox.layers.{number}.attention"
        found |= {
            f"{name}.bias": torch.ones(1, 1, 8, 8, dtype=torch.bool).tril(),
            f"{name}.masked_bias": torch.tensor(-1e9),
            f"{name}.rotary_emb.inv_freq": torch.ones(1),
        }
    return found


def oasst(pooling: str | None = "last") -> Tiny:
    """OpenAssistant/oasst-rm-2-pythia-6.9b: a type that transformers does not know. pooling: None leaves it out."""
    told = {
        "architectures": ["GPTNeoXRewardModel"], "model_type": "gpt_neox_reward_model",
        **({"pooling": pooling} if pooling else {}),
        **SIZES, "hidden_act": "gelu", "initializer_range": 0.02, "layer_norm_eps": 1e-5,
        "max_position_embeddings": 512, "rotary_emb_base": 500, "rotary_pct": 0.5, "use_parallel_residual": True,
        "vocab_size": len(WORDS), "bos_token_id": 2, "eos_token_id": 2, "tie_word_embeddings": False,
        "torch_dtype": "float32", "use_cache": True,
    }  # fmt: skip
    rope = {"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5}
    plain = transformers.GPTNeoXConfig(
        **SIZES, vocab_size=len(WORDS), max_position_embeddings=512, rope_parameters=rope
    )
    tensors = {"out_proj.weight": drawn(1, HIDDEN), "out_proj.bias": drawn(1, seed=2)}
    body = shaken(transformers.GPTNeoXModel(plain))
    return Tiny("oasst", body, tensors, told, with_buffers, ENDED, adds_bos=False)


def deberta() -> Tiny:
    """OpenAssistant/reward-model-deberta-v3-large-v2: a classifier of two parts with one label."""
    told = {
        **SIZES, "architectures": ["DebertaV2ForSequenceClassification"], "model_type": "deberta-v2",
        "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
        "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}, "layer_norm_eps": 1e-7,
        "max_position_embeddings": 512, "max_relative_positions": -1, "norm_rel_ebd": "layer_norm",
        "pad_token_id": 3, "pooler_dropout": 0, "pooler_hidden_act": "gelu", "pooler_hidden_size": HIDDEN,
        "pos_att_type": ["p2c", "c2p"], "position_biased_input": False, "position_buckets": 4,
        "relative_attention": True, "share_att_key": True, "torch_dtype": "float32", "type_vocab_size": 0,
        "vocab_size": len(WORDS),
    }  # fmt: skip
    known = {
        name: told[name]
        for name in told
        if name not in {"architectures", "torch_dtype", "id2label", "label2id"}
    }
    tensors = {
        "pooler.dense.weight": drawn(HIDDEN, HIDDEN), "pooler.dense.bias": drawn(HIDDEN, seed=2),
        "classifier.weight": drawn(1, HIDDEN, seed=3), "classifier.bias": drawn(1, seed=4),
    }  # fmt: skip
    body = shaken(transformers.DebertaV2Model(transformers.DebertaV2Config(**known)))
    return Tiny("deberta", body, tensors, told, below("deberta"), None)


TINY: Mapping[str, Callable[[], Tiny]] = {
    "eurus": eurus,
    "starling": starling,
    "internlm2": internlm2,
    "grm-linear": grm_linear,
    "grm-mlp": grm_mlp,
    "inf_orm": inf_orm,
    "beaver": beaver,
    "beaver_cost": lambda: beaver("cost"),
    "oasst-last": oasst,
    "oasst-mean": lambda: oasst("mean"),
    "deberta": deberta,
}
