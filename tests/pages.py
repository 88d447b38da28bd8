"""What is in a report: its figures with their places, its words, and the items packed in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rmb.report.page.blobs import unpacked

VOID = {"meta", "link", "br", "input"}


@dataclass(frozen=True, slots=True)
class Told:
    """A number in a table: its text and its unrounded value. file, run, pointer: where it is said to come from."""

    text: str
    value: float
    file: str
    run: int
    pointer: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark of a drawing that stands for a figure, as rmb.report.figures writes it."""

    judge: str
    path: str
    value: float


@dataclass
class Page(HTMLParser):
    """A report, read. words: all that is shown without scripts; blobs: packed parts by their id."""

    told: list[Told] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    blobs: dict[str, str] = field(default_factory=dict)
    policy: str = ""
    headings: list[str] = field(default_factory=list)
    words: str = ""

    def __post_init__(self) -> None:
        """Begins outside of every element."""
        super().__init__(convert_charrefs=True)
        self.stack: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes marks and the policy."""
        has = {name: value or "" for name, value in attrs}
        if has.get("http-equiv") == "Content-Security-Policy":
            self.policy = has["content"]
        if "data-path" in has and "data-value" in has:
            self.marks.append(Mark(has.get("data-judge", ""), has["data-path"], float(has["data-value"])))
        if tag not in VOID:
            self.stack.append((tag, has))

    def handle_endtag(self, tag: str) -> None:
        """Leaves an element."""
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Notes a number, a heading, or words."""
        tags = [tag for tag, _ in self.stack]
        if "script" in tags or "style" in tags:
            has = self.stack[-1][1]
            if "id" in has:
                self.blobs[has["id"]] = self.blobs.get(has["id"], "") + data
            return
        self.words += data
        if "h2" in tags:
            self.headings.append(data)
        has = next((has for tag, has in reversed(self.stack) if tag == "data"), None)
        if has is not None:
            place = has["data-file"], int(has["data-run"]), has["data-pointer"]
            self.told.append(Told(data, float(has["value"]), *place))

    def index(self) -> dict[str, Any]:
        """The index of the items."""
        found: dict[str, Any] = unpacked(self.blobs["index"])
        return found

    def item(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """An item in full, and the chunk that it refers to."""
        items = self.index()["items"]
        row = items["id"].index(name)
        chunk = unpacked(self.blobs[f"chunk-{items['chunk'][row]}"])
        return chunk["items"][items["place"][row]], chunk


def read(path: Path | str) -> Page:
    """The report in a file."""
    page = Page()
    page.feed(Path(path).read_text(encoding="utf-8"))
    page.close()
    return page


def at(content: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) points at."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        content = content[int(name)] if isinstance(content, list) else content[name]
    return content


def drawn(content: Any, path: str) -> float:
    """The number that a mark of a drawing stands for: "scenarios.<path>.<set>", or keys joined by dots, or a pointer."""
    if path.startswith("/"):
        found = at(content, path)
    elif path.startswith("scenarios."):
        _, rest = path.split(".", 1)
        name, kind = rest.rsplit(".", 1)
        found = content["scenarios"][name][kind]
    else:
        found = content
        for step in path.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
    return float(found["value"] if isinstance(found, dict) else found)
