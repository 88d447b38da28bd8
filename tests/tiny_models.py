"""Reward models of a few kilobytes with random weights: saved and loaded the way real ones are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = [
    *("<unk>", "<s>", "</s>", "<pad>", "<|user|>", "<|assistant|>", "<|system|>"),
    *("good", "bad", "worse", "Hello", "One", "Two", "?", ".", "Paris", "word", "a", "long", "answer"),
]
TEMPLATE = "<s>{% for turn in messages %}<|{{ turn.role }}|> {{ turn.content }} </s>{% endfor %}"
"""Writes the BOS itself, as the templates of most chat models do."""
SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
FAMILIES = {
    "llama": (transformers.LlamaConfig, {"num_key_value_heads": 1}),
    "qwen2": (transformers.Qwen2Config, {"num_key_value_heads": 1}),
    "gemma2": (transformers.Gemma2Config, {"num_key_value_heads": 1, "head_dim": 8}),
    "mistral": (transformers.MistralConfig, {"num_key_value_heads": 1}),
}
"""Decoders whose sequence-classification head is in transformers."""


def tokenizer(*, template: str | None = TEMPLATE, pad: str = "<pad>") -> Any:
    """A tokenizer of words that adds a BOS by itself, as Llama's does. pad: "</s>" pads with the end of text."""
    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token=pad,
        additional_special_tokens=["<|user|>", "<|assistant|>", "<|system|>"],
    )  # fmt: skip
    fast.chat_template = template
    return fast


def save(folder: Path, family: str = "llama", *, seed: int = 0, labels: int = 1, **options: Any) -> Path:
    """A sequence-classification model with its tokenizer in a folder. options: of the tokenizer."""
    torch.manual_seed(seed)
    fast = tokenizer(**options)
    make, more = FAMILIES[family]
    config = make(
        vocab_size=len(WORDS), **SMALL, **more, num_labels=labels, max_position_embeddings=512,
        pad_token_id=fast.pad_token_id, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    # Random weights of transformers are tiny: scores would differ in the seventh digit only.
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.3)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
