"""What a model is made of: its card, its files, its tokenizer. Bodies are loaded here, as transformers knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
import transformers
from transformers.utils import is_flash_attn_2_available

from rmb.cards import RewardModel
from rmb.scorers.local.checkpoint import Checkpoint


@dataclass(frozen=True)
class Source:
    """A model's card and files. tokens: the files of its tokenizer; reference_files: of the model it is held against."""

    card: RewardModel
    checkpoint: Checkpoint
    tokens: Checkpoint
    reference_files: Checkpoint | None = None
    base: Checkpoint | None = None

    @property
    def reference(self) -> Source | None:
        """The model that this one is held against: its own weights, the same tokenizer."""
        if self.reference_files is None:
            return None
        return replace(self, checkpoint=self.reference_files, reference_files=None)

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer. Raises ContentError if it cannot be loaded."""
        return self.tokens.loaded(transformers.AutoTokenizer.from_pretrained)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """config.json, which says more than transformers knows of a model with a head of its own; its base's, if it has one."""
        return (self.base or self.checkpoint).config()

    @property
    def attention(self) -> str | None:
        """What computes attention: as the card says; None is the best that transformers finds exact.

        Capped attention (Gemma 2) it computes step by step, where the kernel of flash attention knows the cap.
        """
        capped = self.settings.get("attn_logit_softcapping") is not None
        fast = (
            device(self.card).startswith("cuda")
            and self.card.dtype != "float32"
            and is_flash_attn_2_available()
        )
        return self.card.attention or ("flash_attention_2" if capped and fast else None)

    def body(self, loader: Any = transformers.AutoModel, **options: Any) -> Any:
        """The model without its head, on its device. Raises ContentError if any of its weights is missing."""
        loaded, told = self.checkpoint.loaded(
            loader.from_pretrained,
            dtype=getattr(torch, self.card.dtype),
            attn_implementation=self.attention,
            use_safetensors=None if self.checkpoint.pickle else True,
            output_loading_info=True,
            **options,
        )
        return self.checked(loaded, told)

    def rebuilt(self, loader: Any, config: Any, tensors: Mapping[str, Any]) -> Any:
        """A body made of tensors that go by transformers' names now."""
        loaded, told = self.checkpoint.made(
            loader.from_pretrained,
            None,
            config=config,
            state_dict=tensors,
            dtype=getattr(torch, self.card.dtype),
            attn_implementation=self.attention,
            output_loading_info=True,
        )
        return self.checked(loaded, told)

    def checked(self, loaded: Any, told: Mapping[str, Any]) -> Any:
        """The body on its device, if all its weights were there and it knows all tokens of the tokenizer."""
        # Else transformers would make them up, and score with random numbers.
        if told["missing_keys"]:
            raise self.checkpoint.refusal(f"has no weights for {min(told['missing_keys'])}")
        rows = vocabulary(loaded)
        if rows is not None and len(self.tokenizer) > rows:
            raise self.checkpoint.refusal(
                f"has a tokenizer of {len(self.tokenizer)} tokens and a model of {rows}; they do not belong together"
            )
        loaded.config.use_cache = False
        return loaded.to(device(self.card))

    def based(self) -> Any:
        """The configuration: of the model that the card names as its base, if the model brings none itself."""
        return (self.base or self.checkpoint).loaded(transformers.AutoConfig.from_pretrained)

    def tensors(self, *names: str) -> dict[str, Any]:
        """The tensors whose names begin with one of these."""
        return self.checkpoint.tensors(lambda name: name.startswith(names))


def vocabulary(loaded: Any) -> int | None:
    """Tokens that a model knows; None for code of its own that does not say."""
    try:
        return int(loaded.get_input_embeddings().num_embeddings)
    except (NotImplementedError, AttributeError):
        return None


def device(card: RewardModel) -> str:
    """Where the model runs: as the card says, else the first of cuda, mps and cpu that there is."""
    if card.device != "auto":
        return card.device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
