"""Texts as words, so that letter case and punctuation make no difference."""

from __future__ import annotations

import re
import unicodedata

SPACELESS = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Thai, Lao, Tibetan, Burmese, Khmer, kana and Han, which are written without spaces."""
WORD = re.compile(f"[{SPACELESS}]|[^{SPACELESS}\\s]+")


def words(text: str) -> list[str]:
    """The words of a text, small letters and digits of any script; a character is a word where no spaces are written.

    >>> words("Don't \u201cPANIC\u201d: 東京へ!")
    ['don', 't', 'panic', '東', '京', 'へ']
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return WORD.findall("".join(one if unicodedata.category(one)[0] in "LMN" else " " for one in plain))
