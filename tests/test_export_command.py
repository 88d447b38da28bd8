"""`rmb export`: folders for Hugging Face datasets, opened with that library; and what it refuses, in one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyarrow import parquet

from rmb.report.exports.hub import MARKER, code
from rmb.run.rows import COLUMNS
from tests.fake_api import FakeApi, Reply
from tests.test_cli import write_card
from tests.test_compare_command import Rmb, bytes_below, folder_of, judged, pairs, rmb

__all__ = ["rmb"]

OPENED = """
import json, sys, datasets
found = datasets.load_dataset("hf")
pairs = datasets.load_dataset("json", data_files="pairs.jsonl", split="train")
print(json.dumps({
    "splits": list(found), "rows": found["test"].to_list(),
    "pairs": pairs.to_list(), "columns": pairs.column_names, "chosen": str(pairs.features["chosen"]),
}))
"""


@pytest.fixture
def run(rmb: Rmb) -> str:
    """A run of the longest on ten pairs."""
    return judged(rmb, "longest", folder_of("data", pairs(range(10), wrong=range(4))), "run")


def front_matter(card: str) -> dict[str, Any]:
    """The YAML at a card's head."""
    matter: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return matter


# Folders for Hugging Face datasets.


def test_the_library_opens_both(rmb: Rmb, run: str) -> None:
    """`load_dataset` gives the rows of the folder with their texts, and the preference pairs in TRL's format."""
    assert rmb("export", run, "--to", "hf", "--texts", "--out", "hf").err == "rmb: 10 rows → hf\n"
    assert rmb("export", run, "--to", "trl", "--out", "pairs.jsonl").code == 0
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": "home", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", OPENED], env=env, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["splits"] == ["test"]
    assert found["rows"] == parquet.read_table("hf/data/verdicts.parquet").to_pylist()
    assert found["rows"][9]["best_text"] == "the long 9"
    assert {"prompt", "chosen", "rejected"} < set(found["columns"])
    # TRL's trainers give columns of these names a meaning.
    assert not {"margin", "messages", "images", "tools"} & set(found["columns"])
    assert "role" in found["chosen"]
    assert found["pairs"][9]["chosen"] == [{"role": "assistant", "content": "the long 9"}]


def test_the_card_says_what_the_rows_are(rmb: Rmb, run: str) -> None:
    """Judge, data, command, convention, figures, and every column."""
    assert rmb("export", run, "--to", "hf", "--texts", "--out", "hf").code == 0
    card = Path("hf/README.md").read_text()
    manifest = json.loads(Path(run, "run.json").read_bytes())
    (config,) = front_matter(card)["configs"]
    assert config["data_files"] == [{"split": "test", "path": "data/verdicts.parquet"}]
    for fact in (manifest["command"], manifest["data"]["fingerprint"], manifest["judge"]["sha256"]):
        assert f"`{fact}" in card or f"{fact})`" in card
    assert "| helpfulness, pairwise | 0.600 |" in card
    assert "Convention: tie 0, failure 0, expected, micro." in card
    named = card[card.index("## Columns") :]
    listed = {name for line in named.splitlines() for name in line.split("|")[1:2] for name in name.split()}
    assert {"messages", "best_text,", "loser_text"} <= listed
    costs = {"judge", "best_model", "loser_model", "best_length", "loser_length", "completion_tokens"}
    costs |= {"cached_tokens", "cost_usd", "seconds", "attempts"}
    assert set(COLUMNS) - {name.strip(",") for name in listed} <= costs


@pytest.mark.parametrize(
    ("template", "protocol"),
    [("pairwise_v2", "pairs"), ("listwise_best_v1", "lists"), ("pointwise_v2", "alone")],
)
def test_prompted_judges_are_exported_in_every_format(
    rmb: Rmb, monkeypatch: pytest.MonkeyPatch, template: str, protocol: str
) -> None:
    """Whatever they were shown at a time; the card names what they were asked and who answered."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with FakeApi(Reply("[[A]]" if protocol != "alone" else "Rating: [[7]]", model="gpt-as-served")) as api:
        write_card("mine.yaml", api)
        asked = (
            "--judge",
            "mine.yaml",
            "--template",
            template,
            "--scenario",
            "S1",
            "--out",
            "prompted",
            "-q",
        )
        assert rmb("judge", *asked).code == 0
    for to in ("csv", "jsonl", "parquet", "trl", "rewardbench", "hf"):
        assert rmb("export", "prompted", "--to", to, "--texts", "--out", f"out-{to}").code == 0
    card = Path("out-hf/README.md").read_text()
    assert f"| template | `{template} (sha256 " in card
    assert "| served by | `gpt-as-served` |" in card
    rows = [json.loads(line) for line in Path("out-jsonl").read_text().splitlines()]
    assert all(row["answer_keys"] for row in rows)
    for name in ("pairwise", "bon"):
        found = json.loads(Path("out-rewardbench", f"{name}.json").read_bytes())
        assert (found["model_type"], found["chat_template"]) == ("Generative RM", template)
        assert None not in found["results"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a|b", "`a\\|b`"), ("a`b", "`a'b`"), ("a\nb\r\n c", "`a b c`"), ("<b>", "`<b>`"), ("", "``")],
)
def test_facts_stay_in_their_cells(text: str, shown: str) -> None:
    """No name ends its cell, its code or its line."""
    assert code(text) == shown


def test_an_earlier_export_is_replaced(rmb: Rmb, run: str) -> None:
    """It is known by its card; what else lies in the folder stays."""
    assert rmb("export", run, "--to", "hf", "--out", "hf").code == 0
    Path("hf/.gitattributes").write_text("mine")
    assert rmb("export", run, "--to", "hf", "--texts", "--out", "hf").code == 0
    assert "messages" in parquet.read_schema("hf/data/verdicts.parquet").names
    assert Path("hf/.gitattributes").read_text() == "mine"
    assert sorted(path.name for path in Path("hf/data").iterdir()) == ["verdicts.parquet"]


@pytest.mark.parametrize("card", [None, "# Something else"])
def test_another_folder_is_not(rmb: Rmb, run: str, card: str | None) -> None:
    """Files that are not ours are not written over."""
    Path("mine").mkdir()
    Path("mine/data").write_text("mine")
    if card:
        Path("mine/README.md").write_text(card)
    before = bytes_below("mine")
    ended = rmb("export", run, "--to", "hf", "--out", "mine")
    assert (ended.code, ended.err) == (
        2,
        "rmb: mine is there already, and no earlier export; name another folder with --out\n",
    )
    assert bytes_below("mine") == before


def test_the_marker_is_seen_by_no_reader() -> None:
    """It is a comment."""
    assert MARKER.startswith("<!--")


# What is refused, and what is told.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "--to", "excel", "--out", "x"), "'excel' is not one of"),
        (("run", "--to", "csv"), "Missing option '--out'"),
        (("nowhere", "--to", "csv", "--out", "x"), "nowhere is no run folder: it has no run.json"),
        (("run", "--to", "parquet", "--out", "-"), "--out - is for csv, jsonl, trl; name a path for parquet"),
        (("run", "--to", "hf", "--out", "-"), "--out - is for csv, jsonl, trl; name a path for hf"),
        (("run", "--to", "csv", "--out", "data"), "data is a folder; name a file with --out"),
        (("run", "--to", "csv", "--out", "run/items.parquet"), "is in the run's own folder"),
        (("run", "--to", "hf", "--out", "run"), "run is in the run's own folder"),
        (
            ("run", "--to", "csv", "--labels", "judge", "--out", "x"),
            "--min-margin are for --to trl, not for csv",
        ),
        (
            ("run", "--to", "hf", "--min-margin", "0", "--out", "x"),
            "--min-margin are for --to trl, not for hf",
        ),
        (
            ("run", "--to", "trl", "--labels", "benchmark", "--min-margin", "1", "--out", "x"),
            "--min-margin is of the judge's preference",
        ),
        (("run", "--to", "csv", "--data", "data", "--out", "x"), "add --texts to have them"),
        (("run", "--to", "trl", "--data", "other", "--out", "x"), "other is other data than run was made on"),
        (
            ("run", "--to", "csv", "--texts", "--data", "gone", "--out", "x"),
            "name the run's data with --data",
        ),
        (("study", "--to", "csv", "--out", "x"), "it is a study: the runs of its cells are below cells/"),
        (("old", "--to", "csv", "--out", "x"), "has no column 'graded': another version wrote it"),
        (("older", "--to", "trl", "--out", "x"), "was not written by this version of the program"),
        (("torn", "--to", "jsonl", "--out", "x"), "cannot read torn/items.parquet"),
    ],
)
def test_refused(rmb: Rmb, run: str, words: tuple[str, ...], told: str) -> None:
    """One line that names the thing; exit code 2; nothing written."""
    folder_of("other", pairs(range(3)))
    Path("study").mkdir()
    Path("study/study.json").write_text("{}")
    for name in ("old", "older", "torn"):
        shutil.copytree(run, name)
    table = parquet.read_table("old/items.parquet")
    parquet.write_table(table.drop_columns(["graded"]), "old/items.parquet")
    Path("older/run.json").write_text("{}")
    torn = Path("torn/items.parquet")
    torn.write_bytes(torn.read_bytes()[:1000])
    before = bytes_below("run", "data")
    ended = rmb("export", *words)
    assert ended.code == 2
    assert told in ended.err.splitlines()[-1]
    assert not Path("x").exists()
    assert bytes_below("run", "data") == before


def test_data_that_moved_is_found_where_it_is_said_to_be(rmb: Rmb, run: str) -> None:
    """Without --data the error says so; with it, the same texts are found."""
    Path("data").rename("moved")
    ended = rmb("export", run, "--to", "trl", "--out", "x")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert ended.err.startswith("rmb: no texts: ")
    assert rmb("export", run, "--to", "trl", "--data", "moved", "--out", "x").code == 0


def test_rows_need_no_texts(rmb: Rmb, run: str) -> None:
    """Tables are made where the data is gone."""
    shutil.rmtree("data")
    assert rmb("export", run, "--to", "csv", "--out", "x").code == 0


def test_a_run_with_answers_missing_says_so(rmb: Rmb) -> None:
    """What there is is written; what is missing, and how the run ended, goes to stderr."""
    data = folder_of("data", pairs(range(10)))
    scores = [{"id": f"pairwise/{n}", "scores": [1.0, 0.5]} for n in range(7)]
    Path("scores.jsonl").write_text("".join(json.dumps(row) + "\n" for row in scores))
    judged(rmb, "./scores.jsonl", data, "part", code=1)
    for to, told in (("jsonl", "10 rows → x"), ("trl", "7 pairs of 10 comparisons → x")):
        ended = rmb("export", "part", "--to", to, "--out", "x")
        first, second, *_ = ended.err.splitlines()
        assert ended.code == 0
        assert first.startswith("rmb: 3 verdicts are missing: the run ended: ")
        assert second == f"rmb: {told}"
    assert rmb("export", "part", "--to", "rewardbench", "--out", "rb").code == 0
    found = json.loads(Path("rb/pairwise.json").read_bytes(), parse_constant=pytest.fail)
    assert found["results"] == [1.0] * 7 + [None] * 3
    assert found["scores_chosen"] == [1.0] * 7 + [None] * 3
