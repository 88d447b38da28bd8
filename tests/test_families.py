"""Families of models, by the names that they really go by."""

from __future__ import annotations

import pytest

from rmb.metrics.families import FAMILIES, family

RMB = {
    "gemini-1.5-pro-exp-0801": "Gemini",
    "claude-3-5-sonnet-20240620": "Claude",
    "Llama-2-70b-chat-hf": "Llama",
    "gpt-4o-mini-2024-07-18": "GPT",
    "claude-3-opus-20240229": "Claude",
    "Mixtral-8x7B-Instruct-v0.1": "Mistral",
    "Llama-2-7b-chat-hf": "Llama",
    "Gemini-pro": "Gemini",
    "claude-2.1": "Claude",
    "Mistral-7B-Instruct-v0.1": "Mistral",
    "vicuna-7b-v1.5": "Vicuna",
    "alibaba/Qwen2-7B-Instruct": "Qwen",
    "Qwen1.5-1.8B-Chat": "Qwen",
    "claude-instant-1.2": "Claude",
}
"""The fourteen that wrote RMB's responses."""
JUDGES = {
    # OpenAI
    "gpt-4o": "GPT",
    "openai/gpt-5-mini": "GPT",
    "azure/gpt-4.1": "GPT",
    "chatgpt-4o-latest": "GPT",
    "o1": "GPT",
    "openai/o3-mini": "GPT",
    "o4-mini-2025-04-16": "GPT",
    "openai/gpt-oss-120b": "GPT",
    "ft:gpt-4o-mini-2024-07-18:my-org::abc": "GPT",
    "text-davinci-003": "GPT",
    # Anthropic
    "anthropic/claude-opus-4-1": "Claude",
    "bedrock/us.anthropic.claude-3-7-sonnet-20250219-v1:0": "Claude",
    "vertex_ai/claude-3-5-sonnet@20240620": "Claude",
    # Google
    "gemini/gemini-2.5-pro": "Gemini",
    "google/gemma-3-27b-it": "Gemini",
    "ollama/gemma3": "Gemini",
    "palm-2-chat-bison": "Gemini",
    # Meta
    "meta-llama/Llama-3.3-70B-Instruct": "Llama",
    "ollama/llama3.2": "Llama",
    "groq/llama-3.1-8b-instant": "Llama",
    "nvidia/Llama-3.1-Nemotron-70B-Reward": "Llama",
    "allenai/Llama-3.1-Tulu-3-8B": "Llama",
    # Mistral
    "mistral/mistral-large-latest": "Mistral",
    "mistral/ministral-8b-latest": "Mistral",
    "mistral/codestral-latest": "Mistral",
    "mistral/magistral-medium-latest": "Mistral",
    # Alibaba
    "openrouter/qwen/qwen3-235b-a22b": "Qwen",
    "Qwen/QwQ-32B": "Qwen",
    "ollama/qwen2.5:7b": "Qwen",
    # DeepSeek
    "deepseek/deepseek-chat": "DeepSeek",
    "deepseek-ai/DeepSeek-V3": "DeepSeek",
    # Others
    "xai/grok-4": "Grok",
    "cohere/command-r-plus": "Command",
    "CohereForAI/aya-expanse-32b": "Command",
    "amazon.nova-pro-v1:0": "Nova",
    "microsoft/Phi-3-mini-4k-instruct": "Phi",
    "azure_ai/phi-4": "Phi",
    "THUDM/glm-4-9b-chat": "GLM",
    "THUDM/chatglm3-6b": "GLM",
    "internlm/internlm2-7b-reward": "InternLM",
    "01-ai/Yi-34B-Chat": "Yi",
    "lmsys/vicuna-13b-v1.5": "Vicuna",
    "HuggingFaceTB/SmolLM2-135M-Instruct": "SmolLM",
}
"""What judges are called where they are asked."""
SEVERAL = {
    "DeepSeek-R1-Distill-Qwen-32B": "Qwen",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": "Llama",
    "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B": "Qwen",
    "Skywork/Skywork-Reward-Gemma-2-27B-v0.2": "Gemini",
    "NousResearch/Nous-Hermes-2-Mixtral-8x7B-DPO": "Mistral",
    "RLHFlow/ArmoRM-Llama3-8B-v0.1": "Llama",
}
"""Distillates and fine-tunes: they write like what they were made of, which stands last."""
UNKNOWN = [
    None,
    "",
    "my-model",
    "scripted",
    "longest",
    "nousresearch/hermes-3",
    "yields-well",
    "philosophy-1b",
    "dolphin-2.9",
    "foo1-bar",
    "co3",
]


@pytest.mark.parametrize(("name", "known"), (RMB | JUDGES | SEVERAL).items())
def test_families_of_real_names(name: str, known: str) -> None:
    """Writers and judges, as data sets, providers and model hubs spell them, in any case of letters."""
    assert family(name) == family(name.upper()) == family(name.lower()) == known


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_name_that_tells_nothing(name: str | None) -> None:
    """None, and no guess."""
    assert family(name) is None


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("TheBloke/Llama-2-7B-Chat-GPTQ", "Llama"),
        ("Qwen/Qwen2-7B-Instruct-GPTQ-Int4", "Qwen"),
        ("ollama/falcon:7b", None),
        ("ollama/my-model", None),
        ("llamafile/my-model", None),
        ("arcee-ai/SuperNova-Medius", None),
    ],
)
def test_what_looks_like_a_family_and_is_none(name: str, known: str | None) -> None:
    """Quantizations, providers and other words have letters in common with families."""
    assert family(name) == known


def test_families_are_sorted_and_named_once() -> None:
    """So that a new one has one place to go."""
    assert list(FAMILIES) == sorted(FAMILIES)
