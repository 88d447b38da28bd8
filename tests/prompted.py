"""Sources of prompts, recipes and panels of judges for the tests of `rmb build`; and its commands, in this process."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rmb.build.prompt import Category, Prompt
from rmb.cli.main import rmb as group
from rmb.cli.main import run
from rmb.records import Message
from tests.fake_api import Request
from tests.test_cli import Ended

NAME = re.compile(r"prompt \d+")


def called(*words: str) -> Ended:
    """`rmb` with some words, in this process; for fixtures of a module, which have no capsys."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        run(group, args=list(words), prog_name="rmb")
    assert isinstance(ended.value.code, int)
    return Ended(ended.value.code, out.getvalue(), err.getvalue())


def record(*texts: str, **more: Any) -> dict[str, Any]:
    """A record in WildChat's form: the user begins, and the turns go to and fro."""
    roles = ("user", "assistant")
    turns = [{"role": roles[at % 2], "content": text, "language": "English"} for at, text in enumerate(texts)]
    return {"conversation": turns, "language": "English", **more}


def write_lines(path: Path, records: Sequence[Any]) -> Path:
    """Records as JSONL, packed where the name says so; a text stands as it is, for what is no record."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in records]
    data = "\n".join([*lines, ""]).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_parquet(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    """Records as Parquet, whose conversations are lists of structs."""
    pq.write_table(pa.Table.from_pylist([dict(one) for one in records]), path)
    return path


def write_recipe(folder: Path, source: Path | str, **sections: Any) -> Path:
    """A build's folder whose build.yaml holds some sections."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "build.yaml").write_text(json.dumps({"source": str(source), **sections}), encoding="utf-8")
    return folder


def write_judges(folder: Path, url: str, names: Sequence[str], **more: Any) -> list[str]:
    """Cards of models behind the fake API, asked one question after the other; what a recipe beside them calls them."""
    for name in names:
        card = {
            "kind": "generative",
            "summary": "For tests.",
            "model": f"openai/{name}",
            "transport": "direct",
            "base_url": url,
            "price": {"input": 1.0, "output": 2.0},
            "limits": {"concurrency": 1},
            **more,
        }
        (folder / f"{name}.yaml").write_text(json.dumps(card), encoding="utf-8")
    return [f"./{name}.yaml" for name in names]


def name_of(request: Request) -> str:
    """Which prompt a request shows."""
    found = NAME.search(request.messages[-1]["content"])
    assert found is not None
    return found[0]


def jsonl(path: Path) -> list[dict[str, Any]]:
    """The records of a stage's file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def a_prompt(text: str, *, name: str = "", language: str | None = "English", path: str = "A/B") -> Prompt:
    """A prompt of one turn."""
    return Prompt(name or text, (Message("user", text),), language, {}, Category.of(path))
