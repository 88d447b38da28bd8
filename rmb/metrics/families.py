"""Which family of models a name belongs to, for asking whether a judge favours its own."""

from __future__ import annotations

import re
from collections.abc import Mapping

FAMILIES: Mapping[str, str] = {
    "Claude": r"claude",
    "Command": r"command-|c4ai|aya-",
    "DeepSeek": r"deepseek",
    "GLM": r"glm-|chatglm",
    "GPT": r"gpt(?!q)|davinci|(?:^|/)o[134](?![a-z0-9])",
    "Gemini": r"gemini|gemma|palm-|bison",
    "Grok": r"grok",
    "InternLM": r"internlm",
    "Kimi": r"kimi",
    "Llama": r"(?<!o)llama(?!file)",
    "Mistral": r"mi[sx]tral|ministral|magistral|codestral|devstral|pixtral",
    "Nova": r"(?<![a-z])nova-",
    "Phi": r"(?<![a-z])phi-?[1-9]",
    "Qwen": r"qwen|qwq",
    "SmolLM": r"smollm",
    "Vicuna": r"vicuna",
    "Yi": r"(?<![a-z])yi-",
}
"""Family: what its models' names have in them, in lower case. Sorted. A family is what its makers trained alike."""


def family(model: str | None) -> str | None:
    """The family of a model; of a name with several, the one that stands last: a distillate writes like its base.

    None for a name that tells nothing.

    >>> family("anthropic/claude-3-5-sonnet-20240620"), family("DeepSeek-R1-Distill-Qwen-32B"), family("my-model")
    ('Claude', 'Qwen', None)
    """
    name = (model or "").casefold()
    places = {
        one: [found.start() for found in re.finditer(pattern, name)] for one, pattern in FAMILIES.items()
    }
    found = {one: starts[-1] for one, starts in places.items() if starts}
    return max(found, key=lambda one: found[one]) if found else None
