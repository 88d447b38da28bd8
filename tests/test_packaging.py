"""The wheel behaves as the checkout does, wherever it is run from."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

CONTENT = ("judges", "prompts", "sample", "studies")
HOSTILE = "raise SystemExit('the wrong module was imported')\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from its sdist as a release would be."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds nothing but the installed wheel."""
    folder = tmp_path_factory.mktemp("site")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(folder),
    ]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    return folder


def run(
    words: list[str], cwd: Path, *, path: Path | None = None, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """A Python process from a folder; `path` is searched before what is installed."""
    environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
    command = [sys.executable, *options, *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_carries_the_content_byte_for_byte(wheel: Path) -> None:
    """Every judge, prompt and sample file is in the wheel below rmb/_content, unchanged, and nothing else is."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name.removeprefix("rmb/_content/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("rmb/_content/")
        }
    tracked = subprocess.run(
        ["git", "ls-files", "-z", *CONTENT], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    assert packed == {name: (CHECKOUT / name).read_bytes() for name in tracked if name}


@pytest.mark.parametrize(
    ("folder", "pattern"),
    [
        ("rmb/report/page", "*.js"),
        ("rmb/report/page", "*.css"),
        ("rmb/report/page", "page.html.jinja"),
        ("rmb/report/figures", "figures.css"),
    ],
)
def test_the_wheel_carries_what_a_report_is_made_of(wheel: Path, folder: str, pattern: str) -> None:
    """Scripts, styles and the page's template, unchanged: what is no module is easily left behind."""
    files = {path.relative_to(CHECKOUT).as_posix(): path for path in (CHECKOUT / folder).glob(pattern)}
    assert files
    with zipfile.ZipFile(wheel) as archive:
        assert {name: archive.read(name) for name in files} == {
            name: path.read_bytes() for name, path in files.items()
        }


def test_only_rmb_lands_in_site_packages(wheel: Path) -> None:
    """No `judges`, `prompts`, `cache` or `tests` package is installed beside `rmb`."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"rmb"}


def test_the_installed_wheel_judges_as_the_checkout_does(installed: Path, tmp_path: Path) -> None:
    """The same command prints the same summary from the wheel and from the checkout, and each run has its report."""
    words = ["-m", "rmb.judge", "--judge", "longest", "--judge", "random", "--json", "-q"]
    here, there = run(words, tmp_path, path=CHECKOUT), run(words, tmp_path, path=installed)
    where = run(["-c", "import rmb; print(rmb.__file__)"], tmp_path, path=installed).stdout
    assert where.startswith(str(installed))
    assert here.returncode == there.returncode == 0, there.stderr
    assert here.stdout == there.stdout
    assert len(list(tmp_path.glob("runs/*/report.html"))) == 4


def test_the_checkout_and_the_wheel_list_the_same_content(installed: Path, tmp_path: Path) -> None:
    """`rmb judges` and `rmb prompts list` do not depend on how the program was installed."""
    for words in (["judges"], ["prompts", "list"], ["prompts", "show", "pairwise_v2"]):
        here, there = (run(["-m", "rmb", *words], tmp_path, path=path) for path in (CHECKOUT, installed))
        assert here.stdout == there.stdout != ""


def test_modules_of_the_working_folder_are_not_taken_for_content(tmp_path: Path) -> None:
    """`python -m rmb.judge` works from a folder with a prompts.py, a judges.py and a cache.py."""
    for name in ("prompts", "judges", "cache"):
        (tmp_path / f"{name}.py").write_text(HOSTILE)
    done = run(["-m", "rmb.judge", "--judge", "first", "-q"], tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("script", "words"), [("rmb", ["judge"]), ("rmb-judge", [])])
def test_console_scripts_do_not_import_from_the_working_folder(
    tmp_path: Path, script: str, words: list[str]
) -> None:
    """Unlike `python -m`, the scripts work even beside a yaml.py."""
    for name in ("yaml", "prompts", "click"):
        (tmp_path / f"{name}.py").write_text(HOSTILE)
    command = [str(Path(sys.executable).parent / script), *words, "--judge", "first", "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_is_quiet_under_strict_warnings(tmp_path: Path) -> None:
    """`python -W error -m rmb.judge --help` exits 0 and writes nothing to stderr."""
    done = run(["-m", "rmb.judge", "--help"], tmp_path, options=("-W", "error"))
    assert (done.returncode, done.stderr) == (0, "")
