"""Bodies that transformers does not load by itself: kept under other names, in another layout, or as code of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from rmb.scorers.local.checkpoint import TRUST, Checkpoint
from rmb.scorers.local.heads import Tensors
from rmb.scorers.local.source import Source


def pairrm(source: Source) -> Any:
    """PairRM's encoder, whose tensors have a name of its own before theirs."""
    return source.body(key_mapping={r"^pretrained_model\.": ""})


def starling(source: Source) -> Any:
    """Starling's decoder: its tensors under "transformer", and for the 7B model a configuration that is elsewhere."""
    config = source.based()
    # AutoModel wants files; the class itself does not.
    body = transformers.MODEL_MAPPING[type(config)]
    return source.rebuilt(body, config, renamed(source, r"^(transformer|model\.model)\."))


def oasst(source: Source) -> Any:
    """Open Assistant's GPT-NeoX, whose configuration has a type that only its own code knows."""
    known = {
        name: value for name, value in source.settings.items() if name not in {"model_type", "architectures"}
    }
    config = transformers.GPTNeoXConfig(**known)
    return source.rebuilt(transformers.GPTNeoXModel, config, renamed(source, r"^gpt_neox\."))


def renamed(source: Source, prefix: str) -> Tensors:
    """The tensors whose names begin so, without that beginning, and without what is computed anew."""
    found = source.checkpoint.tensors(lambda name: re.match(prefix, name) is not None)
    names = {name: re.sub(prefix, "", name) for name in found}
    return {short: found[name] for name, short in names.items() if not re.search(BUFFERS, short)}


BUFFERS = r"rotary_emb\.inv_freq$|attention\.(bias|masked_bias)$"
"""What older files keep beside the weights."""
INTERNLM2 = {
    "tok_embeddings": "embed_tokens",
    "attention.wo": "self_attn.o_proj",
    "feed_forward.w1": "mlp.gate_proj",
    "feed_forward.w2": "mlp.down_proj",
    "feed_forward.w3": "mlp.up_proj",
    "attention_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
"""Parts of InternLM2's names, and Llama's for the same."""


def internlm2(source: Source) -> Any:
    """InternLM2 as the Llama that it is, but for the names and the layout of its attention."""
    told = source.settings
    kept = (
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "rms_norm_eps", "max_position_embeddings", "vocab_size", "pad_token_id", "bos_token_id", "eos_token_id",
    )  # fmt: skip
    # Its scaling of positions changes nothing up to max_position_embeddings.
    rope = {"rope_type": "default", "rope_theta": float(told.get("rope_theta", 10_000.0))}
    config = transformers.LlamaConfig(
        **{name: told[name] for name in kept if name in told},
        rope_parameters=rope,
        attention_bias=told.get("bias", False),
    )
    tensors = source.checkpoint.made(lambda: dict(as_llama(renamed(source, r"^model\."), config)))
    return source.rebuilt(transformers.LlamaModel, config, tensors)


def as_llama(tensors: Tensors, config: Any) -> Iterator[tuple[str, Tensor]]:
    """InternLM2's tensors by Llama's names. Its queries, keys and values lie together, group by group."""
    heads, groups = config.num_attention_heads, config.num_key_value_heads
    for name, tensor in tensors.items():
        if ".wqkv." not in name:
            for theirs, ours in INTERNLM2.items():
                name = name.replace(f"{theirs}.", f"{ours}.")  # noqa: PLW2901 - one name, part by part
            yield name, tensor
            continue
        rows = tensor.view(groups, heads // groups + 2, -1, *tensor.shape[1:])
        parts = {"q": rows[:, :-2], "k": rows[:, -2], "v": rows[:, -1]}
        for letter, part in parts.items():
            joined = part.reshape(-1, *tensor.shape[1:])
            yield name.replace("attention.wqkv.", f"self_attn.{letter}_proj."), joined.contiguous()


class OwnCode(nn.Module):
    """A model that only its own code can run, as a body. One text at a time: its code may look for the padding."""

    def __init__(self, model: Any, checkpoint: Checkpoint) -> None:
        """model: gives one number for each text, as its logits or by itself; checkpoint: its files."""
        super().__init__()
        self.model, self.config, self.checkpoint = model, model.config, checkpoint

    @property
    def device(self) -> Any:
        """Where the model is."""
        return self.model.device

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        """The numbers, of shape (texts, 1, 1), in the place of hidden states. Raises ContentError if there are none."""
        numbers = []
        for row, length in zip(input_ids, attention_mask.sum(1).tolist(), strict=True):
            said = self.model(input_ids=row[None, :length], attention_mask=attention_mask[:1, :length])
            found = number(said)
            if found is None:
                raise self.checkpoint.refusal(f"has code that gives no score: {type(said).__name__}")
            numbers.append(found)
        return SimpleNamespace(last_hidden_state=torch.stack(numbers)[:, None, None])


def number(said: Any) -> Tensor | None:
    """The one number in what a model's own code gives; None if there is none, or several."""
    for name in ("score", "logits", "end_scores"):
        if isinstance(getattr(said, name, None), Tensor):
            said = getattr(said, name)
    found = said[0] if isinstance(said, (tuple, list)) else said
    return found.reshape(()).float() if isinstance(found, Tensor) and found.numel() == 1 else None


def own_code(source: Source) -> OwnCode:
    """The model by the code that comes with it, which the card and the user have to allow."""
    # Its type may be one of transformers', whose own class would be another model.
    if not source.checkpoint.code:
        raise source.checkpoint.refusal(f"needs code that comes with it{TRUST}")
    known: Mapping[str, str] = source.settings.get("auto_map", {})
    name = "AutoModelForSequenceClassification"
    model = source.body(getattr(transformers, name if name in known else "AutoModel"))
    return OwnCode(model, source.checkpoint)
