"""build.yaml: what a build is to be; every setting with its default, and errors that name the key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rmb import content
from rmb.build.recipe import Recipe, blank, paths_beside, read
from tests.prompted import called, write_recipe


def test_a_new_folder_holds_every_setting_with_its_default(tmp_path: Path) -> None:
    """`rmb build new` writes the source as an absolute path and, beside each key, what holds without it."""
    ended = called("build", "new", "mine", "--source", 'odd "name": #1.jsonl')
    assert ended.code == 0
    assert "rmb build categorise mine" in ended.err
    recipe = read(tmp_path / "mine")
    assert recipe == Recipe(source=str(tmp_path / 'odd "name": #1.jsonl'))
    told = content.read_yaml((tmp_path / "mine" / "build.yaml").read_text(encoding="utf-8"))
    expected = recipe.model_dump()
    assert list(told) == list(expected)
    for name, section in expected.items():
        assert not isinstance(section, dict) or list(told[name]) == list(section)


def test_every_setting_is_explained_where_it_could_be_mistaken() -> None:
    """The shipped file says a few words at each section."""
    lines = blank(Path("x.jsonl")).splitlines()
    sections = [line for line in lines if line.endswith(":") or ":  " in line]
    assert all("#" in line for line in sections if not line.startswith((" ", "#")))


def test_a_recipe_is_never_overwritten(tmp_path: Path) -> None:
    """A second `new` on the same folder is refused, and the file stays as it was edited."""
    assert called("build", "new", "mine", "--source", "a.jsonl").code == 0
    (tmp_path / "mine" / "build.yaml").write_text("source: mine.jsonl\n")
    ended = called("build", "new", "mine", "--source", "b.jsonl")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "build.yaml is there already; name another folder" in ended.err
    assert read(tmp_path / "mine").source == "mine.jsonl"


def test_a_new_folder_needs_a_source() -> None:
    """Without --source the command says what is missing."""
    ended = called("build", "new", "mine")
    assert ended.code == 2
    assert "--source" in ended.err


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a section": ({"filters": {}}, "no key of a build .* 'filters'; did you mean filter"),
    "a key": ({"filter": {"language": ["English"]}}, "'language'; did you mean languages"),
    "a key of categorise": ({"categorise": {"judge": "a"}}, "'judge'; did you mean judges"),
    "a key of difficulty": (
        {"filter": {"difficulty": {"weak": ["a"], "strong": ["b"], "jugde": "c"}}},
        "'jugde'; did you mean judge",
    ),
    "a number": ({"most_turns": 0}, "most_turns: Input should be greater than or equal to 1"),
    "a text": ({"limit": "all"}, "limit: Input should be a valid integer"),
    "a share": ({"filter": {"letters": 30}}, "filter.letters: Input should be less than or equal to 1"),
    "too alike": (
        {"filter": {"near_duplicates": 0.1}},
        "filter.near_duplicates: .*greater than or equal to 0.2",
    ),
    "no language": ({"filter": {"languages": []}}, "filter.languages: .*at least 1 item"),
    "out of order": ({"filter": {"characters": [9, 8]}}, "filter: .*characters: the least come first"),
    "too many": ({"categorise": {"judges": ["a"], "agree": 3}}, "agree is 3, and judges are 1"),
}


@pytest.mark.parametrize(("told", "message"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_recipe_names_the_key(told: dict[str, Any], message: str, tmp_path: Path) -> None:
    """One line with the file, the key that is wrong and, for a key that there is not, the nearest."""
    write_recipe(tmp_path, **{"source": "x.jsonl", **told})
    ended = called("build", "filter", str(tmp_path))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert re.search(message, ended.err)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "has no build.yaml; make one with: rmb build new"),
        ("", "build.yaml"),
        ("- a\n", "build.yaml"),
        ("limit: 3\n", "source: Field required"),
        ("source: [\n", "build.yaml"),
        ("source: a\nsource: b\n", "a key stands twice"),
        ("\x00", "build.yaml"),
    ],
)
def test_what_is_no_recipe_is_an_error_of_one_line(text: str | None, message: str, tmp_path: Path) -> None:
    """No file, nothing in it, or no YAML."""
    if text is not None:
        (tmp_path / "build.yaml").write_text(text)
    ended = called("build", "filter", str(tmp_path))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert message in ended.err


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("./a.yaml", "b/a.yaml"),
        ("../a.yaml", "b/../a.yaml"),
        ("gpt-4o", "gpt-4o"),
        ("/x/a.yaml", "/x/a.yaml"),
    ],
)
def test_paths_are_below_the_builds_folder(name: str, path: str) -> None:
    """A path that begins with a dot is as seen from build.yaml; a bare name and any other path stand as they are."""
    assert paths_beside(Path("b"), name) == path
