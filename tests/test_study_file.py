"""Study files: axes with one level or several, what options replace, what names cells go by, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.errors import ContentError, RmbError, UnknownName, UsageError
from rmb.studies.design import NONE, Study, beside, called, grid, labels, read, study

LEVELS = st.lists(st.text("abc", min_size=1), min_size=1, max_size=4, unique=True)


def written(text: str, name: str = "study.yaml") -> str:
    """The name of a study file that says this."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name


@pytest.mark.parametrize(
    ("text", "axes"),
    [
        ("{}", {"orders": ("both",), "samples": ("1",), "judge": ("embedded",)}),
        ("template: a", {"template": ("a",)}),
        ("template: [a, b, a]", {"template": ("a", "b")}),
        ("style: [x]\ncriteria: [y, z]", {"criteria": ("y", "z"), "style": ("x",)}),
        ("samples: [1, 3]", {"samples": ("1", "3")}),
        ("orders: single", {"orders": ("single",)}),
        ("judge: openai/gpt-4o", {"judge": ("openai/gpt-4o",)}),
    ],
)
def test_axes_are_as_the_file_says(text: str, axes: Mapping[str, Sequence[str]]) -> None:
    """One level may stand without brackets; each counts once; axes that are left out are none, but for three."""
    usual = {"orders": ("both",), "samples": ("1",), "judge": ("embedded",)}
    assert study(written(text), {}).axes == usual | dict(axes)


@pytest.mark.parametrize(
    ("text", "given_too", "key", "value"),
    [
        ("limit: 3", {"limit": 5}, "limit", 5),
        ("limit: 3", {"limit": None}, "limit", 3),
        ("seed: 7", {"seed": 0}, "seed", 0),
        ("temperature: 1", {"temperature": 0.0}, "temperature", 0.0),
        ("adaptive: true", {"adaptive": None}, "adaptive", True),
        ("template: [a, b]", {"template": ("c",)}, "template", ("c",)),
        ("template: [a, b]", {"template": ()}, "template", ("a", "b")),
        ("samples: 2", {"samples": ("1", "3")}, "samples", (1, 3)),
        ("template: [a, b]\nbaseline: {template: b}", {"baseline": {}}, "baseline", {"template": "b"}),
        ("tie: 0.5", {}, "tie", "0.5"),
        ("failure: 0", {}, "failure", "0"),
        ("samples: [1, 3]\nbaseline: {samples: 3}", {}, "baseline", {"samples": "3"}),
    ],
)
def test_options_go_before_the_file(text: str, given_too: dict[str, Any], key: str, value: object) -> None:
    """What is given by option takes the place of the key, 0 too; what is not given leaves it."""
    assert getattr(study(written(text), given_too), key) == value


WRONG = {
    "templates: a": (UnknownName, "did you mean template"),
    "5: a": (UnknownName, "no key of a study"),
    "template: []": (ContentError, "template: "),
    "judge: []": (ContentError, "judge: "),
    "orders: []": (ContentError, "orders: "),
    "samples: []": (ContentError, "samples: "),
    "samples: 0": (ContentError, "samples.0: "),
    "samples: [1, x]": (ContentError, "samples.1: "),
    "orders: sideways": (ContentError, "orders.0: "),
    "tie: 7": (ContentError, "tie: "),
    "vote: loudest": (ContentError, "vote: "),
    "error_rate: 1": (ContentError, "error_rate: "),
    "error_rate: 0": (ContentError, "error_rate: "),
    "limit: 0": (ContentError, "limit: "),
    "temperature: -1": (ContentError, "temperature: "),
    "baseline: [a]": (ContentError, "baseline: "),
    "baseline: {style: a}": (UnknownName, "no axis of the study 'style'"),
    "template: [a, b]\nbaseline: {template: c}": (UnknownName, "no level of template 'c'"),
    "template: [a": (ContentError, "study.yaml: "),
    "template: a\nlimit: 3\ntemplate: b": (ContentError, "study.yaml: a key stands twice, line 1"),
    "a: 2026-02-31": (ContentError, "study.yaml: "),
    "- a": (ContentError, "no study"),
    "": (ContentError, "no study"),
}


@pytest.mark.parametrize(("text", "error", "told"), [(text, *found) for text, found in WRONG.items()])
def test_a_file_that_is_no_study_is_refused(text: str, error: type[RmbError], told: str) -> None:
    """One line that names the key."""
    with pytest.raises(error) as refused:
        study(written(text), {})
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused() -> None:
    """With its name."""
    with pytest.raises(ContentError, match=r"nowhere\.yaml"):
        study("nowhere.yaml", {})


def test_too_many_cells_are_refused() -> None:
    """Before they are opened one by one."""
    levels = tuple(f"level {number}" for number in range(101))
    with pytest.raises(UsageError, match="10,201 cells are more than 10,000"):
        study(None, {"template": levels, "style": levels})


def test_paths_are_beside_the_file() -> None:
    """Paths "./x" and "../x" are below the study's own folder, wherever one stands; other names are as they were."""
    file = written(
        "template: [./a.jinja, pairwise_v1]\njudge: ../b.yaml\ndata: ./data\nbaseline: {template: ./a.jinja}\n"
        "description: ./not a path",
        "studies/one.yaml",
    )
    assert read(file) == {
        "template": ["studies/a.jinja", "pairwise_v1"],
        "judge": "studies/../b.yaml",
        "data": "studies/data",
        "baseline": {"template": "studies/a.jinja"},
        "description": "./not a path",
    }
    assert study(file, {}).reference()["template"] == "studies/a.jinja"


@pytest.mark.parametrize("value", ["pairwise_v1", "/a/b", 3, None, ["x", "y"], {}])
def test_what_is_no_path_from_here_stays(value: object) -> None:
    """Names, absolute paths, numbers."""
    assert beside(Path("studies/one.yaml"), value) == value


def test_the_baseline_has_the_first_level_unless_it_says_another() -> None:
    """On every axis."""
    told = Study(template=("a", "b"), style=("x", "y"), baseline={"style": "y"})
    assert told.reference() == {
        "template": "a", "style": "y", "orders": "both", "samples": "1", "judge": "embedded",
    }  # fmt: skip


@given(st.dictionaries(st.sampled_from(["template", "style", "judge"]), LEVELS, min_size=1))
def test_a_grid_has_every_combination_once(axes: dict[str, list[str]]) -> None:
    """As many as the product of the levels, and the last axis changes fastest."""
    cells = list(grid(axes))
    size = 1
    for levels in axes.values():
        size *= len(levels)
    assert len({tuple(cell.items()) for cell in cells}) == len(cells) == size
    assert [cell[list(axes)[-1]] for cell in cells][: len(levels)] == levels


@given(st.dictionaries(st.sampled_from(["template", "style", "judge"]), LEVELS, min_size=1))
def test_cells_go_by_names_of_their_own(axes: dict[str, list[str]]) -> None:
    """No two cells of a grid have one name."""
    axes = {"judge": ["embedded"], **axes}
    cells = list(grid(axes))
    assert len({called(cell, axes) for cell in cells}) == len(cells)


@pytest.mark.parametrize(
    ("levels", "name"),
    [
        ({"template": "a", "style": "x", "samples": "1", "judge": "j"}, "a + 1 sample"),
        ({"template": NONE, "style": NONE, "samples": "3", "judge": "j"}, "3 samples"),
    ],
)
def test_a_name_has_the_axes_that_vary(levels: dict[str, str], name: str) -> None:
    """One level says nothing; a judge that is not prompted has no level of prompts."""
    axes = {"template": ["a", "b"], "style": ["x"], "samples": ["1", "3"], "judge": ["j"]}
    assert called(levels, axes) == name


def test_files_go_by_their_names() -> None:
    """A template without folder and ending, a judge as its card says; two that would be called alike are refused."""
    axes = {"template": ("dir/a.jinja", "b"), "judge": ("x/j.yaml",)}
    assert labels(axes, {"x/j.yaml": "j"}) == {
        "template": {"dir/a.jinja": "a", "b": "b"},
        "judge": {"x/j.yaml": "j"},
    }
    with pytest.raises(UsageError, match=r"two levels of style, 'a' and 'b/a.jinja', go by one name"):
        labels({"style": ("a", "b/a.jinja")}, {})
