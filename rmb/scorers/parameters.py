"""Which parameters a model does not take: decided once for a version of LiteLLM, and kept beside the answers.

An answer's key is made of what is sent, so this has to be known before the store is asked; and LiteLLM, which knows,
takes seconds to import. So what it said is written down: a run whose answers are all stored never imports it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rmb.canonical import digest
from rmb.records import Json
from rmb.store import default_folder

FILE = "parameters.json"


def remembered(model: str, asked: Mapping[str, Json], decide: Callable[[], Sequence[str]]) -> tuple[str, ...]:
    """The names of the parameters that the model does not take; `decide` is called for what was never asked before."""
    try:
        said = f"litellm {version('litellm')}"
    except PackageNotFoundError:
        said = "litellm"
    key, file = f"{said} {model} {digest(dict(asked))[:16]}", default_folder() / FILE
    known = read(file)
    if key not in known:
        known[key] = list(decide())
        keep(file, known)
    return tuple(known[key])


def read(file: Path) -> dict[str, list[str]]:
    """What is written down; nothing of a file that is not there or was damaged, since it can be asked for again."""
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    good = isinstance(known, dict) and all(isinstance(names, list) for names in known.values())
    return known if good else {}


def keep(file: Path, known: Mapping[str, Sequence[str]]) -> None:
    """Writes it down, whole or not at all; a folder that cannot be written costs seconds the next time, and no more."""
    part = file.with_name(f"{FILE}.{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.write_text(json.dumps(known, indent=1, sort_keys=True))
        part.replace(file)
    except OSError as error:
        logging.getLogger(__name__).debug("%s: %s", file, error)
