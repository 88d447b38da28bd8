"""Texts as words, so that letter case and punctuation make no difference."""

from __future__ import annotations

import re

# Chinese, Japanese and Korean are written without spaces: there a letter counts as a word.
ALONE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
WORD = re.compile(f"[{ALONE}]|(?:(?![{ALONE}])[^\\W_])+")


def words(text: str) -> list[str]:
    """The words of a text, casefolded.

    >>> words("Don't SHOUT, 你好!")
    ['don', 't', 'shout', '你', '好']
    """
    return WORD.findall(text.casefold())
