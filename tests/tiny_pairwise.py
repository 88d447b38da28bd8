"""Pairwise judges of a few kilobytes with random weights, laid out as PairRM, SteamSHP and pair-preference models are.

Each is a folder with config.json, model.safetensors under the names that the real one has, and a tokenizer whose
tokens, put together, are the text itself: spaces and newlines are tokens too, so a text can be read back literally.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from rmb.cards import NamedCard, RewardModel
from rmb.records import Answer, Failure, Question
from rmb.scorers import Local, Scorer, Setup, open_scorer
from rmb.scorers.local.text import Text, Unfit
from rmb.scorers.reward_model import LocalRewardModel

WORDS = """
A B USER Assistant ASSISTANT Response RESPONSE POST CONTEXT turn user assistant system Which response is better
Finish the following coversation in each i th by filling with your What capital of France Hello Hi One Two Three
Paris Lyon good bad worse word a long answer again and 1 2 3
"""
"""All words that the texts of the tests have; any other is <unk>."""
SIGNS = ["\n", " ", *"?!.,:-<>[]|/"]
MARKERS = ["<|source|>", "<|candidate1|>", "<|candidate2|>", "<|candidate|>"]
LLAMA = (
    "<s>{% for turn in messages %}<|{{ turn.role }}|>{{ turn.content | trim }}</s>{% endfor %}<|assistant|>"
)
"""As Llama-3's first template: it writes the BOS, trims the turns, and has the assistant begin in any case."""


def tokenizer(
    *special: str, ends: str, roles: dict[str, str], more: Sequence[str] = (), **options: Any
) -> Any:
    """A fast tokenizer of whole words. special: its first tokens; ends: what it adds ("[CLS] $A [SEP]")."""
    vocabulary = {word: at for at, word in enumerate([*special, *SIGNS, *WORDS.split()])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token=roles["unk_token"]))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"\w+|[^\w]"), "isolated")
    made.decoder = decoders.Fuse()
    made.post_processor = processors.TemplateProcessing(
        single=ends, special_tokens=[(word, vocabulary[word]) for word in special if word in ends.split()]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, additional_special_tokens=list(more), clean_up_tokenization_spaces=False,
        **roles | options,
    )  # fmt: skip


def pairrm_tokenizer(**options: Any) -> Any:
    """[CLS] and [SEP] around each piece, and PairRM's markers after all other tokens. options: pad_token, padding_side."""
    roles = {"cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]", "pad_token": "[PAD]"}
    return tokenizer(
        *("[PAD]", "[CLS]", "[SEP]", "[UNK]"), ends="[CLS] $A [SEP]", roles=roles, more=MARKERS, **options
    )


def t5_tokenizer(**options: Any) -> Any:
    """</s> after each text, and no BOS. options: pad_token, padding_side."""
    roles = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    return tokenizer("<pad>", "</s>", "<unk>", ends="$A </s>", roles=roles, **options)


def llama_tokenizer(**options: Any) -> Any:
    """Adds a BOS that its template writes as well. options: pad_token, padding_side."""
    roles = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    special = ("<unk>", "<s>", "</s>", "<pad>")
    fast = tokenizer(
        *special, ends="<s> $A", roles=roles, more=["<|user|>", "<|assistant|>", "<|system|>"], **options
    )
    fast.chat_template = LLAMA
    return fast


def randomise(tensors: Sequence[torch.Tensor], spread: float = 0.3) -> None:
    """Weights large enough for scores that differ in their first digits."""
    with torch.no_grad():
        for tensor in tensors:
            if tensor.dim() > 1:
                tensor.normal_(0, spread)


def save_pairrm(folder: Path, *, seed: int = 0, tasks: int = 1, **options: Any) -> Path:
    """PairRM: an encoder under `pretrained_model.`, and a head of two layers at 1 and 4. options: of the tokenizer."""
    torch.manual_seed(seed)
    fast = pairrm_tokenizer(**options)
    config = transformers.DebertaV2Config(
        vocab_size=len(fast), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=512, relative_attention=True, position_buckets=8, norm_rel_ebd="layer_norm",
        share_att_key=True, pos_att_type=["p2c", "c2p"], position_biased_input=False, type_vocab_size=0,
        layer_norm_eps=1e-7, pad_token_id=0, attn_implementation="eager",
    )  # fmt: skip
    encoder = transformers.DebertaV2Model(config)
    head = {
        "head_layer.1.weight": torch.empty(16, 32),
        "head_layer.1.bias": torch.randn(16),
        "head_layer.4.weight": torch.empty(tasks, 16),
        "head_layer.4.bias": torch.randn(tasks),
    }
    randomise([*encoder.parameters(), *head.values()])
    tensors = {f"pretrained_model.{name}": tensor for name, tensor in encoder.state_dict().items()} | head
    ids = dict(
        zip(
            ("source_prefix_id", "cand1_prefix_id", "cand2_prefix_id", "cand_prefix_id"),
            fast.convert_tokens_to_ids(MARKERS),
            strict=True,
        )
    )
    folder.mkdir(exist_ok=True)
    fast.save_pretrained(folder)
    settings = config.to_dict() | ids | {"n_tasks": tasks, "drop_out": 0.05, "sep_token_id": 2}
    settings |= {"architectures": ["DebertaV2PairRM"]}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    return folder


def save_steamshp(folder: Path, *, seed: int = 0, tied: bool = False, **options: Any) -> Path:
    """SteamSHP: a T5 as flan-T5 is, gated and with an output layer of its own; tied: as the first T5."""
    torch.manual_seed(seed)
    fast = t5_tokenizer(**options)
    config = transformers.T5Config(
        vocab_size=len(fast), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, dropout_rate=0.1,
        relative_attention_num_buckets=8, feed_forward_proj="gated-gelu", tie_word_embeddings=tied,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    model = transformers.T5ForConditionalGeneration(config)
    randomise(list(model.parameters()), 0.5)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def save_pair_preference(folder: Path, *, seed: int = 0, family: str = "llama", **options: Any) -> Path:
    """A pair-preference model: a language model as it is. options: of the tokenizer."""
    torch.manual_seed(seed)
    fast = llama_tokenizer(**options)
    make = {"llama": transformers.LlamaConfig, "gemma2": transformers.Gemma2Config}[family]
    more = {"head_dim": 8, "final_logit_softcapping": 1.0} if family == "gemma2" else {}
    config = make(
        vocab_size=len(fast), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=4096, tie_word_embeddings=False,
        pad_token_id=3, bos_token_id=1, eos_token_id=2, **more,
    )  # fmt: skip
    model = transformers.AutoModelForCausalLM.from_config(config)
    randomise(list(model.parameters()))
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


SAVE = {"pairrm": save_pairrm, "steamshp": save_steamshp, "pair_preference": save_pair_preference}
"""By the head that a card gives."""


def kept(folder: Path, keep: Any) -> Path:
    """The folder with those tensors only whose names `keep` is true of."""
    tensors = load_file(folder / "model.safetensors")
    some = {name: tensor for name, tensor in tensors.items() if keep(name)}
    save_file(some, folder / "model.safetensors", {"format": "pt"})
    return folder


def rewritten(folder: Path, pattern: str, content: str) -> Path:
    """The folder with a tokenizer that reads `pattern` as if `content` stood there."""
    words = Tokenizer.from_file(str(folder / "tokenizer.json"))
    words.normalizer = normalizers.Replace(pattern, content)
    words.save(str(folder / "tokenizer.json"))
    return folder


def opened(folder: Path, head: str, *, local: Local | None = None, **options: Any) -> LocalRewardModel:
    """The scorer of a folder, in fp32 on the CPU, with room for the contract's long text."""
    given = {"kind": "reward_model", "summary": "Tiny.", "model": str(folder), "head": head}
    card = RewardModel(**given | {"dtype": "float32", "device": "cpu"} | options)
    scorer = open_scorer(NamedCard(name="tiny", sha256="", card=card), Setup(local=local or Local()))
    assert isinstance(scorer, LocalRewardModel)
    return scorer


def replies(scorer: Scorer, questions: Sequence[Question]) -> list[Answer | Failure]:
    """What a scorer says of some questions, in their order."""

    async def gather() -> dict[Question, Answer | Failure]:
        async with aclosing(scorer.answer(questions)) as answers:
            return {question: reply async for question, reply in answers}

    found = asyncio.run(gather())
    return [found[question] for question in questions]


def scores(scorer: Scorer, questions: Sequence[Question]) -> list[tuple[float, ...]]:
    """The two scores of each question."""
    found = [reply.rewards for reply in replies(scorer, questions) if isinstance(reply, Answer)]
    assert len(found) == len(questions)
    return [rewards for rewards in found if rewards is not None]


def text_of(scorer: LocalRewardModel, question: Question) -> Text | Unfit:
    """What the model is to read."""
    return next(iter(scorer.wording.texts([question])))


def read_back(scorer: LocalRewardModel, question: Question) -> str:
    """The tokens that the model is to read, written out."""
    text = text_of(scorer, question)
    assert isinstance(text, Text)
    return "".join(scorer.wording.tokenizer.convert_ids_to_tokens(text.tokens))
