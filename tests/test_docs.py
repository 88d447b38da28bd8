"""What the documentation says is there, and what is there is documented."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rmb
from rmb import content
from rmb.cli.main import COMMANDS
from tests.conftest import CHECKOUT

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(rmb.__path__, "rmb.")
    if not module.name.endswith("__main__")
)
PAGES = sorted(
    [
        *CHECKOUT.glob("*.md"),
        *CHECKOUT.glob("docs/**/*.md"),
        *CHECKOUT.glob("judges/*.md"),
        *CHECKOUT.glob("prompts/*.md"),
        *CHECKOUT.glob("studies/*.md"),
    ]
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    """Every >>> example of a module prints what it says."""
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    """docs/cli.md has a section for each command."""
    assert f"## `rmb {name}`" in (CHECKOUT / "docs/cli.md").read_text()


@pytest.mark.parametrize(
    ("folder", "page"), [("judges", "judges"), ("prompts", "prompts"), ("studies", "studies")]
)
def test_every_card_and_template_is_listed(folder: str, page: str) -> None:
    """The README of a content folder names each of its files."""
    text = (CHECKOUT / page / "README.md").read_text()
    assert [name for name in content.names(folder) if f"[{name}]" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page is to a file that exists."""
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#{}]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_commands_of_the_readme_are_verbs_of_the_makefile() -> None:
    """`make X` in README and CONTRIBUTING exists in the Makefile."""
    verbs = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    pages = "".join((CHECKOUT / name).read_text() for name in ("README.md", "CONTRIBUTING.md"))
    assert set(re.findall(r"^ *make ([a-z-]+)", pages, re.MULTILINE)) - verbs == set()


def test_generated_pages_are_up_to_date() -> None:
    """`make docs` would change nothing."""
    pages = ["docs/cli.md", "judges/README.md", "prompts/README.md"]
    check = [sys.executable, "-m", "cogapp", "--check", "-r", "-I", ".", *pages]
    done = subprocess.run(check, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
