"""SVG markup, every text in it escaped: elements, words and how wide they are, and the frame of a figure.

A figure's colours come from classes alone, see figures.css: a page with a strict Content-Security-Policy lets no
style attribute through.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from html import escape

SMALL, BODY, HEAD = 11.0, 12.0, 14.0
"""Sizes of letters in pixels, as figures.css has them."""
ELLIPSIS = "…"
LONGEST = 300
"""Letters of a name that a tooltip shows."""

# Not in XML at all: control characters, lone surrogates, two non-characters. In XML, but able to turn round what
# stands beside a name: the marks that force a direction. Letters of right-to-left scripts stay as they are.
UNSHOWN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
NARROW, SLIM, BROAD = set("ijlI.,:;|!' "), set('frt()[]{}/\\-"*'), set("mwMW%@–—…<=>+~#&")


def shown(text: str) -> str:
    r"""A text on one line, with � for each character that XML cannot hold or that would turn its neighbours round.

    >>> shown("a\x00b\nc")
    'a�b c'
    """
    return UNSHOWN.sub("\ufffd", " ".join(text.split()) if not text.isprintable() else text)


def number(value: float) -> str:
    """A coordinate to hundredths of a pixel. Raises ValueError for a NaN or an infinity."""
    if not math.isfinite(value):
        raise ValueError(f"a coordinate is {value}")
    written = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def tag(name: str, *content: str, **attributes: str | float | None) -> str:
    """An element. content: markup. attributes: `class_` is class, `data_tip` is data-tip; None leaves one out.

    >>> tag("text", "a &lt; b", class_="label", x=1.5)
    '<text class="label" x="1.5">a &lt; b</text>'
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{told}>{''.join(content)}</{name}>" if content else f"<{name}{told}/>"


def attribute(value: str | float) -> str:
    """An attribute's value; a line break, which tooltips have, is kept."""
    if not isinstance(value, str):
        return number(value)
    return "&#10;".join(escape(shown(line)) for line in value.split("\n"))


def words_in(text: str) -> str:
    """A text as markup."""
    return escape(shown(text))


def words(x: float, y: float, text: str, css: str = "label", **attributes: str | float | None) -> str:
    """A line of text with its baseline at y."""
    return tag("text", words_in(text), class_=css, x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line."""
    return tag("line", class_=css, x1=x1, y1=y1, x2=x2, y2=y2)


def path(points: Sequence[tuple[float, float]], css: str, *, closed: bool = False) -> str:
    """Straight lines from point to point."""
    steps = " L".join(f"{number(x)} {number(y)}" for x, y in points)
    return tag("path", class_=css, d=f"M{steps}{' Z' if closed else ''}")


def letter_width(letter: str) -> float:
    """The width of a letter in ems: those of Arial and its like, and some more, as a page may have another font."""
    if letter in NARROW:
        return 0.32
    if letter in SLIM:
        return 0.4
    if letter in BROAD:
        return 0.98
    if ord(letter) >= 0x1100:
        return 1.1
    return 0.76 if letter.isupper() else 0.61


def width(text: str, size: float = BODY) -> float:
    """About how wide a text is, in pixels; rather more than less."""
    return size * sum(map(letter_width, text))


def shortened(text: str, room: float, size: float = BODY) -> str:
    """A text that fits into so many pixels: the whole of it, or its beginning with an ellipsis.

    >>> shortened("Brainstorming", 200), shortened("Brainstorming", 50)
    ('Brainstorming', 'Brain…')
    """
    text = shown(text)
    taken, kept = 0.0, 0
    for place, letter in enumerate(text):
        taken += size * letter_width(letter)
        if taken > room:
            return text[:kept].rstrip() + ELLIPSIS
        if taken + size * letter_width(ELLIPSIS) <= room:
            kept = place + 1
    return text


def named(text: str) -> str:
    """A name for a tooltip, cut where it is a whole page."""
    text = shown(text)
    return text if len(text) <= LONGEST else text[:LONGEST] + ELLIPSIS


def figure(size: tuple[float, float], body: Iterator[str], *, title: str, desc: str, prefix: str) -> str:
    """A whole drawing, `size` pixels wide and high, that a screen reader can tell of.

    title, desc: what it is and what is to be seen. prefix: of its ids, which are unique in a page if prefixes are.
    """
    ids = f"{prefix}-title", f"{prefix}-desc"
    return tag(
        "svg",
        tag("title", words_in(title), id=ids[0]),
        tag("desc", words_in(desc), id=ids[1]),
        *body,
        xmlns="http://www.w3.org/2000/svg",
        class_="figure",
        viewBox=f"0 0 {number(size[0])} {number(size[1])}",
        width=size[0],
        height=size[1],
        role="img",
        aria_labelledby=" ".join(ids),
    )
