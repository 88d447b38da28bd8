"""Limits on the shape of the code, so that it stays readable; counted here with the standard library alone."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

FILES = sorted((CHECKOUT / "rmb").rglob("*.py"))
TESTS = sorted((CHECKOUT / "tests").rglob("test_*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def length(node: Function) -> int:
    """Lines from the first decorator to the last line."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return (node.end_lineno or node.lineno) - first + 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    """A file can be read in a few minutes."""
    assert len(path.read_text().splitlines()) <= 400


def test_functions_are_short() -> None:
    """Functions have 14 lines in the mean, 35 at the 95th percentile, and never more than 60."""
    lengths = sorted(length(node) for path in FILES for node in functions(path))
    assert statistics.mean(lengths) <= 14
    assert lengths[int(0.95 * len(lengths))] <= 35
    assert lengths[-1] <= 60


def test_no_function_takes_more_than_seven_parameters() -> None:
    """Seven parameters at the most, `self` left out."""
    long = []
    for path in FILES:
        for node in functions(path):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            if len([name for name in names if name not in {"self", "cls"}]) > 7:
                long.append(f"{path.name}:{node.name}")
    assert long == []


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_every_test_says_what_it_shows(path: Path) -> None:
    """Each test function has a docstring and at most 60 lines."""
    tests = [node for node in functions(path) if node.name.startswith("test_")]
    assert [node.name for node in tests if not ast.get_docstring(node) or length(node) > 60] == []
