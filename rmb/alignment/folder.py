"""The folder of `rmb align`: each file appears whole or not at all.

align.json: how it came about. alignment.json: S_align of each scorer. samples.jsonl: what policies wrote, to be used again
with --samples. picks.jsonl: what each scorer picked of the first n samples to each prompt, and what that is worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rmb.run import folder

FILES = {"align.json", "alignment.json", "samples.jsonl", "picks.jsonl"}


def claim(place: Path | None) -> Path:
    """The folder, made before anything is asked; below runs/ if none is named. Raises UsageError for another's."""
    if place is None:
        return folder.new_folder("align", None)
    return folder.claim(place, {*FILES, *(f".{name}.part" for name in FILES)}, what="alignment")


def write(
    place: Path,
    manifest: Mapping[str, Any],
    found: Mapping[str, Any],
    samples: Iterable[Mapping[str, Any]],
    picks: Iterable[Mapping[str, Any]],
) -> None:
    """Writes all files, align.json last: a folder that has it is whole. Raises StorageError if the disk fails."""
    with folder.storage(place):
        folder.write_lines(place / "samples.jsonl", samples)
        folder.write_lines(place / "picks.jsonl", picks)
        folder.write_json(place / "alignment.json", found)
        folder.write_json(place / "align.json", manifest)
