"""A reward model at work: batches of texts through its body, and its head on what the body has at the head's places."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Sequence
from typing import Any

import torch
import transformers
from torch import Tensor

from rmb.scorers.local.batches import Batch, Padded, Shared, Work
from rmb.scorers.local.heads import Head
from rmb.scorers.local.text import Text

Score = tuple[float, ...]
ATTENTION = {"full_attention", "sliding_attention"}


class Network:
    """A body that makes hidden states of tokens, and a head that makes scores of them. Counts its work."""

    def __init__(self, body: Any, head: Head) -> None:
        """body: a model of transformers without its head, on its device; head: goes to the same device."""
        self.body, self.head, self.work = body.eval(), head.to(body.device).eval(), Work()

    @property
    def longest(self) -> int:
        """Tokens of a text that can share its beginning with others; 0 if this architecture cannot.

        Positions must be given, and keys and values kept as they are. Where attention looks back a limited way, a
        shared beginning is padded, so that only half of that way is sure to be seen.
        """
        config, takes = self.body.config, inspect.signature(self.body.forward).parameters
        kinds = set(getattr(config, "layer_types", None) or ())
        if (
            not {"position_ids", "past_key_values"} <= set(takes)
            or kinds - ATTENTION
            or getattr(config, "alibi", False)
            # Its kernels take no mask with a gap, which a padded beginning leaves.
            or str(getattr(config, "_attn_implementation", "")).startswith("flash")
        ):
            return 0
        window = getattr(config, "sliding_window", None)
        most: int = config.max_position_embeddings if window is None else window // 2
        return most

    @property
    def on_accelerator(self) -> bool:
        """Whether it is elsewhere than in the memory of the CPU."""
        return str(self.body.device) != "cpu"

    def scores(self, batch: Batch) -> list[tuple[Text, Score | None]]:
        """The scores of a batch's texts; in halves where memory does not suffice. None: not even for one text."""
        try:
            with torch.inference_mode():
                scored = self.shared(batch) if isinstance(batch, Shared) else self.padded(batch)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
        else:
            rows = [tuple(map(float, row)) for row in scored.tolist()]
            return list(zip(batch.texts, rows, strict=True))
        # Outside of the handler: while it is handled, the error holds all that did not fit.
        make_room()
        halves = batch.halves()
        if not halves:
            return [(text, None) for text in batch.texts]
        return [scored for half in halves for scored in self.scores(half)]

    def padded(self, batch: Padded) -> Tensor:
        """Scores in one pass, padded on the right, where padding changes nothing before it."""
        ids, mask = self.rows([text.tokens for text in batch.texts])
        hidden = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        places = [list(self.head.places(text)) for text in batch.texts]
        rows = [row for row, each in enumerate(places) for _ in each]
        columns = [place for each in places for place in each]
        return self.head(hidden[rows, columns].float(), batch.texts)

    def shared(self, batch: Shared) -> Tensor:
        """Scores in one pass over the beginnings, and passes over the rests with the keys and values of those."""
        ids, mask = self.rows([family.texts[0].tokens[: family.shared] for family in batch.families])
        kept = transformers.DynamicCache()
        begun = self.body(
            input_ids=ids, attention_mask=mask, past_key_values=kept, use_cache=True
        ).last_hidden_state
        scores: dict[int, Tensor] = {}
        for places in batch.rests():
            ended = self.rest(batch, places, kept, mask)
            texts = [batch.texts[place] for place in places]
            read = []
            for row, (place, text) in enumerate(zip(places, texts, strict=True)):
                owner = batch.owners[place]
                early, late = parted(self.head.places(text), batch.families[owner].shared)
                read += [begun[owner, early], ended[row, late]]
            scores.update(zip(places, self.head(torch.cat(read).float(), texts), strict=True))
        return torch.stack([scores[place] for place in range(len(batch.texts))])

    def rest(self, batch: Shared, places: Sequence[int], kept: Any, mask: Tensor) -> Tensor:
        """The hidden states of some texts after their common beginnings, whose keys and values are kept."""
        owners = torch.tensor([batch.owners[place] for place in places], device=self.body.device)
        shared = mask[owners].sum(1)
        most = int(shared.max())
        ids, seen = self.rows([batch.texts[place].tokens[-batch.lengths[place] :] for place in places])
        cache = transformers.DynamicCache()
        for number, one in enumerate(kept.layers):
            cache.update(one.keys[owners, :, :most], one.values[owners, :, :most], number)
        hidden: Tensor = self.body(
            input_ids=ids,
            attention_mask=torch.cat([mask[owners, :most], seen], dim=1),
            position_ids=shared[:, None] + torch.arange(ids.shape[1], device=ids.device),
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        return hidden

    def rows(self, tokens: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Tokens as a padded tensor, with the mask of what is no padding; counted as a pass."""
        lengths = [len(each) for each in tokens]
        self.work.rows(lengths)
        # Which token stands in the padding does not matter: nothing looks at it.
        ids = torch.zeros((len(tokens), max(lengths)), dtype=torch.long)
        for row, each in enumerate(tokens):
            ids[row, : len(each)] = torch.tensor(each)
        mask = torch.arange(ids.shape[1])[None, :] < torch.tensor(lengths)[:, None]
        return ids.to(self.body.device), mask.long().to(self.body.device)


def parted(places: Sequence[int], shared: int) -> tuple[list[int], list[int]]:
    """Ascending places before the end of a common beginning, and those after it, counted from there."""
    return [at for at in places if at < shared], [at - shared for at in places if at >= shared]


def out_of_memory(error: RuntimeError) -> bool:
    """Whether an error says that memory did not suffice: CUDA has a class for it, CPU and MPS have words."""
    return isinstance(error, torch.OutOfMemoryError) or any(
        words in str(error) for words in ("out of memory", "can't allocate memory")
    )


def make_room() -> None:
    """Gives back the memory that nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
