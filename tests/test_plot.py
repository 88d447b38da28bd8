"""`rmb plot`: the report's drawings as files for papers."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pypdf
import pytest

from rmb.report import figures
from tests.drawn import SVG, place, summary
from tests.judged import CHECKOUT
from tests.test_cli import Ended
from tests.test_compare_command import called


def write_run(folder: Path, found: dict[str, Any], judge: str = "mine", **manifest: Any) -> str:
    """A folder of which only what a picture needs is there."""
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(found), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps({"judge": {"name": judge}, **manifest}), encoding="utf-8")
    return str(folder)


@pytest.fixture
def run(tmp_path: Path) -> str:
    """A run's folder."""
    return write_run(tmp_path / "run", summary())


@pytest.fixture
def plot(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `rmb plot` with some words, in this process."""

    def plotted(*words: str) -> Ended:
        return called(capsys, "plot", *words)

    return plotted


def drawn(path: str) -> ET.Element:
    """A picture in SVG."""
    return ET.fromstring(Path(path).read_text(encoding="utf-8"))


def judges(path: str) -> list[str]:
    """The judges that have a mark in a picture, each once."""
    return list(
        dict.fromkeys(each.attrib["data-judge"] for each in drawn(path).iter() if "data-judge" in each.attrib)
    )


@pytest.mark.parametrize("what", ["scenarios", "radar", "calibration", "pareto"])
@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_every_drawing_in_every_format(plot: Any, run: str, what: str, ending: str) -> None:
    """One line says where the picture is; its first bytes are those of its format."""
    ended = plot(run, "--what", what, "--out", f"fig.{ending}")
    assert (ended.code, ended.out, ended.err) == (0, "", f"rmb: fig.{ending}\n")
    begins = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}[ending]
    assert Path(f"fig.{ending}").read_bytes().startswith(begins)


def test_a_real_run_is_drawn_from_its_folder(tmp_path: Path, plot: Any) -> None:
    """What `rmb judge` wrote: every mark of the picture has the figure of summary.json."""
    words = ["judge", "--judge", "random", "--out", "run", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "rmb", *words], cwd=tmp_path, check=True, env={"PYTHONPATH": str(CHECKOUT)}
    )
    found = json.loads((tmp_path / "run/summary.json").read_text(encoding="utf-8"))
    assert plot("run", "--what", "scenarios", "--out", "fig.svg").code == 0
    marked = [each.attrib for each in drawn("fig.svg").iter() if "data-value" in each.attrib]
    assert len(marked) > 20
    for each in marked:
        assert float(each["data-value"]) == place(found, each["data-path"])["value"]


@pytest.mark.parametrize("what", ["scenarios", "radar"])
def test_both_goals_stand_in_one_picture(plot: Any, run: str, what: str) -> None:
    """Unless --goal names one."""
    plot(run, "--what", what, "--out", "both.svg")
    plot(run, "--what", what, "--goal", "harmlessness", "--out", "one.svg")
    headings = [
        [text.text for text in drawn(name).iter(f"{SVG}text") if text.get("class") == "heading"]
        for name in ("both.svg", "one.svg")
    ]
    assert headings == [["Helpfulness", "Harmlessness"], ["Harmlessness"]]
    ids = [each.attrib["id"] for each in drawn("both.svg").iter() if "id" in each.attrib]
    assert len(ids) == len(set(ids)) == 4


def test_set_draws_one_set(plot: Any, run: str) -> None:
    """--set bon: no mark of a pair."""
    for what in ("scenarios", "radar"):
        plot(run, "--what", what, "--set", "bon", "--out", "fig.svg")
        paths = {each.attrib["data-path"] for each in drawn("fig.svg").iter() if "data-path" in each.attrib}
        assert {path.rpartition(".")[2] for path in paths} == {"bon"}


def test_several_runs(plot: Any, tmp_path: Path) -> None:
    """Judges by their names; runs of one judge by their folders. Radars of several have one for each set."""
    a = write_run(tmp_path / "a", summary(), "x")
    b = write_run(tmp_path / "b", summary(0.1), "x")
    c = write_run(tmp_path / "c", summary(0.2), "y")
    plot(a, c, "--what", "pareto", "--out", "fig.svg")
    assert judges("fig.svg") == ["x", "y"]
    plot(a, b, "--what", "radar", "--goal", "helpfulness", "--out", "fig.svg")
    assert judges("fig.svg") == ["x (a)", "x (b)"]
    headings = [text.text for text in drawn("fig.svg").iter(f"{SVG}text") if text.get("class") == "heading"]
    assert headings == ["Helpfulness, pairwise", "Helpfulness, best-of-N"]


def test_a_study_is_drawn_by_its_price(plot: Any, tmp_path: Path) -> None:
    """A study's cells; other drawings are of runs, and it says where these are."""
    study = tmp_path / "study"
    study.mkdir()
    overall = summary()["overall"]
    cell = {"cell": "one", "overall": overall, "cost": {"usd_per_1000_items": 2.0}}
    (study / "study.json").write_text("{}")
    (study / "results.json").write_text(json.dumps({"leaderboard": [cell], "pareto": ["one"]}))
    assert plot("study", "--what", "pareto", "--out", "fig.svg").code == 0
    assert judges("fig.svg") == ["one"]
    refused = plot("study", "--what", "radar", "--out", "fig.svg")
    assert refused.code == 2
    assert "study/cells" in refused.err
    assert (
        "alone"
        in plot("study", write_run(tmp_path / "r", summary()), "--what", "pareto", "--out", "f.svg").err
    )


def test_the_names_are_words_in_a_pdf(plot: Any, run: str) -> None:
    """A PDF's text can be searched, and its page has the width asked for, in points."""
    plot(run, "--what", "scenarios", "--width", "5.5", "--out", "fig.pdf")
    (page,) = pypdf.PdfReader("fig.pdf").pages
    assert float(page.mediabox.width) == pytest.approx(72 * 5.5, abs=1)
    text = page.extract_text()
    assert [
        name for name in ("Casual", "Deep", "Code", "S10", "pairwise", "best-of-N") if name not in text
    ] == []


def png_size(path: str) -> tuple[int, int]:
    """Dots of a PNG across and down."""
    found: tuple[int, int] = struct.unpack(">II", Path(path).read_bytes()[16:24])
    return found


def test_dots_of_a_png(plot: Any, run: str) -> None:
    """--scale dots for a pixel; --width in inches of 96 pixels."""
    plot(run, "--what", "calibration", "--out", "fig.svg")
    natural = float(drawn("fig.svg").attrib["width"])
    for words, wide in (
        ([], 2 * natural),
        (["--scale", "1"], natural),
        (["--width", "4", "--scale", "3"], 4 * 96 * 3),
    ):
        plot(run, "--what", "calibration", "--out", "fig.png", *words)
        assert png_size("fig.png")[0] == pytest.approx(wide, abs=2)


@pytest.mark.parametrize("what", ["radar", "scenarios", "pareto"])
def test_hostile_names_are_drawn(plot: Any, tmp_path: Path, what: str) -> None:
    """Markup, control characters and lone surrogates in names break no format."""
    found = summary()
    evil = "<script>&\"'\x00 עברית \u202e"
    found["scenarios"] = {
        f"helpfulness/{evil}/{n}": each for n, each in enumerate(found["scenarios"].values())
    }
    runs = [write_run(tmp_path / name, found, f"{name}\ud800{evil}") for name in ("r", "s")]
    for ending in ("svg", "pdf", "png"):
        assert plot(*runs, "--what", what, "--out", f"fig.{ending}").code == 0
    assert "<script" not in Path("fig.svg").read_text(encoding="utf-8")


def test_a_run_of_an_older_schema_is_drawn(plot: Any, tmp_path: Path) -> None:
    """Figures are enough: no rows, no settings, no behaviour, no price."""
    old = {key: summary()[key] for key in ("overall", "helpfulness", "harmlessness", "scenarios")}
    run = write_run(tmp_path / "old", old, schema=1)
    assert plot(run, "--what", "scenarios", "--out", "fig.svg").code == 0
    assert plot(run, "--what", "radar", "--out", "fig.svg").code == 0


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "--what", "radar", "--out", "fig.jpg"], ".pdf, .png, .svg"),
        (["run", "--what", "radar", "--out", "fig"], ".pdf, .png, .svg"),
        (["run", "--what", "radar", "--goal", "harmlesness", "--out", "f.svg"], "did you mean harmlessness?"),
        (["run", "run", "--what", "radar", "--out", "f.svg"], "named twice"),
        (["nowhere", "--what", "radar", "--out", "f.svg"], "no run folder"),
        (["bare", "--what", "calibration", "--out", "f.svg"], "no judge here gives probabilities"),
        (["run", "--what", "pareto", "--set", "bon", "--out", "f.svg"], "of scenarios and radar"),
        (["bare", "--what", "pareto", "--out", "f.svg"], "no price is known"),
        (["bare", "--what", "radar", "--out", "f.svg"], "nothing was measured"),
        (["other", "--what", "radar", "--out", "f.svg"], "has no scenarios"),
        (["nameless", "--what", "radar", "--out", "f.svg"], "does not say who judged"),
        (["run", "--what", "scenarios", "--width", "40", "--scale", "8", "--out", "f.png"], "lower --scale"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(plot: Any, words: list[str], told: str) -> None:
    """Exit code 2, one line that says why, and no file."""
    nothing = {"helpfulness": {"bon": None, "pairwise": None}, "scenarios": {}}
    write_run(Path("bare"), nothing)
    write_run(Path("other"), {"overall": None})
    write_run(Path("nameless"), summary(), judge=None)  # type: ignore[arg-type]
    Path("nameless/run.json").write_text("{}")
    ended = plot(*words)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert told in ended.err
    assert not Path(words[-1]).exists()


def test_a_folder_that_is_not_there_is_told(plot: Any, run: str) -> None:
    """The disk's complaint is one line with exit code 74."""
    ended = plot(run, "--what", "radar", "--out", "no/where/fig.svg")
    assert (ended.code, ended.err.count("\n")) == (74, 1)
    assert "no/where" in ended.err


def test_an_old_picture_is_replaced_whole(plot: Any, run: str) -> None:
    """The new one takes its name, and nothing is left beside it; one that fails leaves it as it was."""
    Path("fig.svg").write_text("old")
    plot("nowhere", "--what", "radar", "--out", "fig.svg")
    assert Path("fig.svg").read_text() == "old"
    plot(run, "--what", "radar", "--out", "fig.svg")
    assert Path("fig.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert {path.name for path in Path().iterdir()} >= {"fig.svg", "run"}
    assert not list(Path().glob(".fig*"))


def test_without_the_converter_only_svg(plot: Any, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install; an SVG needs nothing."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    ended = plot(run, "--what", "radar", "--out", "fig.pdf")
    assert ended.code == 2
    assert 'pip install "rmb-judge[plot]"' in ended.err
    assert plot(run, "--what", "radar", "--out", "fig.svg").code == 0


def test_a_picture_in_svg_stands_alone(plot: Any, run: str) -> None:
    """White paper, the stylesheet inside, nothing from elsewhere."""
    plot(run, "--what", "scenarios", "--out", "fig.svg")
    text = Path("fig.svg").read_text(encoding="utf-8")
    assert figures.light() in text
    assert 'fill="#ffffff"' in text
    assert [word for word in ("href", "url(", "@import", "<image") if word in text] == []
