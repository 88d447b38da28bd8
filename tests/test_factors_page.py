"""What `rmb factors` is made of: its sentences, its drawing, its Markdown, and the styles that it asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rmb import content, verdicts
from rmb.outcomes import HEADLINE
from rmb.records import Answer, Failure, Scores
from rmb.report import figures
from rmb.report.factors import answer, interactions, panels
from rmb.report.page.factors import page_of_factors
from rmb.report.page.markdown import markdown
from rmb.report.page.markup import Page, markup
from rmb.report.page.parts import Cell, Folded, Pairs, Row, Section, Table, Words
from rmb.studies import design
from rmb.templates import Template
from tests.browsing import Watch
from tests.drawn import SVG, parsed, points
from tests.test_figures import HOSTILE, NAMES

VALUE = st.floats(-1, 1)
Found = dict[str, Any]


def effect(
    value: float | None, finding: str = "different", *, p: float | None = 0.01, would: float | None = 0.04
) -> Found:
    """A contrast as results.json has it, of level "b" against "a"; None: nothing was measured."""
    difference = (
        None if value is None else {"overall": {"value": value, "low": value - 0.02, "high": value + 0.02}}
    )
    return {
        "levels": {"style": "b"},
        "reference": {"style": "a"},
        "difference": difference,
        "p": p,
        "p_holm": None if value is None else p,
        "detectable": would,
        "finding": finding,
        "words": "style b is better than style a by 10 points",
    }


def axis(reference: str, **effects: Found) -> Found:
    """An axis: its reference, and each other level."""
    return {
        "reference": reference,
        "levels": {reference: {"effect": None}, **{name: {"effect": each} for name, each in effects.items()}},
    }


def block(conversations: int = 100, shown: Sequence[Found] = (), **axes: Found) -> Found:
    """A block of factors."""
    return {"axes": axes, "conversations": conversations, "interactions": list(shown), "tables": []}


def results(factors: Found | None, judges: Sequence[str] = ("j",), **by_judge: Found) -> Found:
    """results.json, as far as sentences are made of it."""
    lines = [{"levels": {"judge": name}} for name in judges]
    return {"factors": factors, "by_judge": by_judge, "leaderboard": lines}


STYLE = axis("a", b=effect(0.1))
WITH_ANOTHER = axis("a", b=effect(0.1), **{"–": effect(None, "not enough data")})
UNPROMPTED = axis("–", a=effect(None, "not enough data"), b=effect(None, "not enough data"))


@pytest.mark.parametrize(
    ("found", "names"),
    [
        (results(block(style=STYLE)), ["j"]),
        (results(block(style=STYLE, judge=axis("j", k=effect(0.0))), "jk", j=block(style=STYLE), k=block(style=STYLE)),
         ["all judges", "j", "k"]),
        (results(block(style=WITH_ANOTHER), ["j", "longest"], j=block(style=STYLE)), ["j"]),
        (results(block(style=UNPROMPTED), ["longest", "j"], j=block(style=STYLE)), ["j"]),
        (results(block(style=UNPROMPTED), ["longest", "j", "k"], j=block(style=STYLE), k=block(style=STYLE)), ["j", "k"]),
        (results(block(style=UNPROMPTED), ["longest", "j"], longest=block(orders=STYLE), j=block(style=STYLE)), ["j"]),
        (results(block(template=STYLE)), []),
        (results(None), []),
        ({"factors": block(style=STYLE), "leaderboard": [{"levels": {"judge": name}} for name in "jk"]}, ["all judges"]),
    ],
    ids=["one judge", "two", "the first is prompted", "one is prompted", "the reference is not", "orders of one that is not", "other axes", "one cell", "older"],
)  # fmt: skip
def test_who_is_told_of(found: Found, names: Sequence[str]) -> None:
    """All judges together and each that has criteria or methods; of one such judge, that one alone."""
    assert [one.name for one in panels(found)] == names


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"b": effect(0.1)}, ["method b is better than method a by 10 points."]),
        ({"b": effect(0.01, "no difference shown")},
         ["no method was shown to differ from a.",
          "no difference shown between method b (+1.0) and a; 4.0 points would have shown."]),
        ({"b": effect(0.1), "c": effect(-0.03, "not enough data", would=0.09), "d": effect(0.0, "not enough data", would=0.07)},
         ["method b is better than method a by 10 points.",
          "not enough data to tell method c (-3.0), method d (+0.0) from a; 7.0 to 9.0 points could show."]),
        ({"b": effect(0.1, "not enough data", would=None)},
         ["no method was shown to differ from a.",
          "not enough data to tell method b (+10.0) from a; no difference of any size could show."]),
        ({"b": effect(0.0, "identical")},
         ["no method was shown to differ from a.", "method b (+0.0): the same credit as a on every item."]),
        ({"b": effect(None, "not enough data"), "–": effect(None, "not enough data")},
         ["no method was shown to differ from a.", "nothing was measured of method b."]),
    ],
    ids=["shown", "not shown", "little data", "no spread", "identical", "not measured"],
)  # fmt: skip
def test_the_answer_says_what_was_shown_and_what_would_have(
    given: Mapping[str, Found], told: Sequence[str]
) -> None:
    """A sentence for each level that differs, and one for each sort of the others."""
    found = list(answer(results(block(style=axis("a", **given)))))
    assert found[: len(told)] == told
    measured = sum(one["p_holm"] is not None for one in given.values())
    assert found[len(told)].startswith(f"p is Holm's, which allows for all comparisons: {measured}. ")


def test_the_answer_says_on_how_little_it_rests() -> None:
    """Few conversations, and other axes that effects are means over."""
    found = " ".join(answer(results(block(12, style=STYLE, template=axis("x", y=effect(0.0))))))
    assert "j: 12 conversations; with so few, intervals are too narrow." in found
    assert "Effects are means over template as well." in found


def test_interactions_of_other_axes_are_not_told() -> None:
    """Those of template and judge are no answer to the question, and count for Holm."""
    both = effect(0.3) | {
        "levels": {"template": "y", "judge": "k"},
        "reference": {"template": "x", "judge": "j"},
    }
    mine = effect(0.0, "not enough data", p=0.8) | {"levels": {"style": "b", "judge": "k"}}
    assert list(interactions(results(block(shown=[both, mine], style=STYLE)))) == [
        "none of 1 interactions was shown (Holm over 2); 4.0 points would have shown."
    ]


# The drawing.


@st.composite
def effects(draw: st.DrawFn) -> list[figures.Effects]:
    """Up to nine series of any name over some levels, each with an interval, without one, or not measured."""
    levels = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))

    def one() -> Found | None:
        low, value, high = sorted(draw(st.tuples(VALUE, VALUE, VALUE)))
        ends = draw(st.sampled_from([(low, high), (None, None)]))
        return draw(st.sampled_from([None, {"value": value, "low": ends[0], "high": ends[1], "n": 9}]))

    return [
        figures.Effects(name, {level: one() for level in levels}, {})
        for name in draw(st.lists(NAMES, min_size=1, max_size=9))
    ]


@settings(max_examples=40, deadline=None)
@given(effects(), NAMES)
def test_any_effects_make_a_well_formed_forest(given_: list[figures.Effects], reference: str) -> None:
    """Whatever is measured and however things are called; a mark for each figure, and no drawing of none."""
    svg = figures.forest(given_, reference, title="Effects")
    measured = [found["value"] for one in given_ for found in one.figures.values() if found]
    assert (svg is None) == (not measured)
    if svg is not None:
        assert sorted(float(each.attrib["data-value"]) for each in points(parsed(svg))) == sorted(measured)


def test_places_in_a_forest_are_the_values() -> None:
    """Points and ends of intervals on the axis that the ticks name, the reference at 0; a dash where nothing is."""
    told = {"value": 0.1, "low": -0.05, "high": 0.2, "n": 9}
    root = parsed(
        figures.forest([figures.Effects("j", {"b": told, "c": None}, {"b": "/x"})], "a", title="T") or ""
    )
    ticks = {
        each.text: float(each.attrib["x"]) for each in root.iter(f"{SVG}text") if each.get("class") == "small"
    }
    zero, ten = ticks["0"], ticks["+10"]
    (point,) = points(root)
    assert (point.attrib["data-path"], point.attrib["data-tip"]) == (
        "/x",
        "b\nj\n+10.0 points (95 %: -5.0 to +20.0)",
    )
    assert float(next(point.iter(f"{SVG}circle")).attrib["cx"]) == pytest.approx(ten, abs=0.02)
    ends = [float(line.attrib[end]) for line in point.iter(f"{SVG}line") for end in ("x1", "x2")]
    assert (min(ends), max(ends)) == pytest.approx(
        (zero - (ten - zero) / 2, zero + 2 * (ten - zero)), abs=0.02
    )
    assert [each.text for each in root.iter(f"{SVG}text")].count("–") == 1
    assert "points of Overall against a" in {each.text for each in root.iter(f"{SVG}text")}


def test_grids_may_have_one_key() -> None:
    """With the same ends, the same value has the same shade in both."""
    shades = figures.Shades(0.0, 1.0)
    svgs = [
        figures.heatmap(["r"], ["c"], [[{"value": value, "low": None}]], shades=shades)
        for value in (0.5, 0.95)
    ]
    assert [re.findall(r'class="cell level-(\d)"', svg or "") for svg in svgs] == [["5"], ["9"]]


# The Markdown.


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=30), min_size=3, max_size=3))
def test_any_names_stand_in_markdown_as_they_are(names: list[str]) -> None:
    """Two tables of two columns and nothing else: no name makes a row, a link, a heading or markup."""
    table = Table(names[0], ["level", names[1]], [Row(names[2], [Cell("0.5", 0.5, names[0])])], names[1])
    parts = [table, Words(names), Words(names[:1]), Pairs([(names[0], names[1])]), Folded(names[2], [table])]
    text = markdown(Page(names[0], names[1], names, [Section("s", names[2], parts, [names[0]])]))
    text.encode("utf-8")
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = [token.type for token in tokens]
    assert (kinds.count("table_open"), kinds.count("th_open"), kinds.count("td_open")) == (2, 4, 4)
    inside = {child.type for token in tokens for child in token.children or ()}
    assert inside <= {"text", "text_special", "strong_open", "strong_close", "softbreak", "entity"}
    assert not {"html_block", "fence", "code_block"} & set(kinds)


# The page on paper.


def whole_study() -> tuple[Found, Found]:
    """study.json and results.json of the project's study with one judge, as long as such files can be: every level shown."""
    read = {axis: design.study("factors", {}).axes[axis] for axis in ("criteria", "style")}
    score = {"value": 0.5, "low": 0.45, "high": 0.55, "n": 1_000}
    takes = dict.fromkeys(("usd", "seconds", "prompt_tokens", "completion_tokens"), 123_456.0)
    level = {"mean": score, "takes": {f"{name}_per_1000_items": value for name, value in takes.items()}}
    level["takes"] |= {"no_verdict": 0.123, "failures": {"parse": 120, "truncated": 340}}
    axes = {}
    for name, levels in read.items():
        first, *others = levels
        told = {first: level | {"effect": None}}
        for other in others:
            words = f"{name} {other} is better than {name} {first} by 12.3 points (95 % 10.1 to 14.5) (p = 0.0016)"
            one = effect(0.1) | {"levels": {name: other}, "reference": {name: first}, "words": words}
            told[other] = level | {"effect": one}
        axes[name] = {"reference": first, "levels": told}
    means = {row: dict.fromkeys(read["style"], score) for row in read["criteria"]}
    factors = block(1_000, **axes) | {
        "items": 1_000,
        "tables": [{"axes": ["criteria", "style"], "means": means}],
    }
    found = results(factors) | {
        "counts": {"asked": 30_000, "from_store": 0},
        "cost_usd": 12.3,
        "conversations": {"reached": 1_000, "all": 1_000},
        "same_questions": [],
        "convention": HEADLINE.to_json(),
    }
    found["leaderboard"] = [{"levels": {"judge": "j"}, "stopped": None, "cost": {"usd": 1.0}}]
    parts = [
        {"criteria": {"name": row, "sha256": "c" * 64}, "style": {"name": column, "sha256": "f" * 64}}
        for row in read["criteria"]
        for column in read["style"]
    ]
    cells = [{"judge": {"name": "gpt-4o-mini", "sha256": "a" * 64}, "template": part} for part in parts]
    study = {
        "cells": cells,
        "data": {"name": "RMB", "fingerprint": "d" * 64},
        "command": "rmb factors " + "x" * 200,
    }
    return study, found


def test_the_study_of_one_judge_is_one_sheet_of_a4(watch: Watch, tmp_path: Path) -> None:
    """Printed, with all levels shown to differ, which takes the most lines; and a browser has no complaint of it."""
    study, found = whole_study()
    (tmp_path / "factors.html").write_text(markup(page_of_factors(study, found)), encoding="utf-8")
    page = watch(tmp_path / "factors.html").page
    page.pdf(path=str(tmp_path / "factors.pdf"), prefer_css_page_size=True)
    (sheet,) = pypdf.PdfReader(tmp_path / "factors.pdf").pages
    assert (float(sheet.mediabox.width), float(sheet.mediabox.height)) == pytest.approx((595, 842), abs=1)
    text = sheet.extract_text()
    assert all(
        word in text for word in ("What was asked", "method few_shot", "$123,456", "Criteria by method")
    )


# The styles.

MARKS = "Task: A 3/3, B 2/3. Truth: A 2/3, B 0/3. Safety: 3/3 and 3/3. Use: A 3/3, B 1/3.\nSum of A: 11/12, of B: 6/12."
ALONE = (
    "Task 2/3, it leaves out the date. Truth: 1/3. Safety 3/3. Use: 2/3.\n**Sum**: 8/12, so above the middle."
)


@pytest.mark.parametrize("name", content.names("prompts"))
def test_marks_of_a_rubric_are_no_verdict(name: str) -> None:
    """Of no template: marks alone are a reply without a verdict, and before one they leave it as it is."""
    template = Template.load(name, style="rubric")
    width = template.width or 3
    rule = template.verdict.model_copy(update={"read": "last_match"}).of(width)
    label = "B > A > C" if rule.responses == "ranking" else rule.known[-1]
    for marks in (MARKS, ALONE):
        shown = tuple(f"Response number {number}." for number in range(width))
        assert isinstance(verdicts.read(rule, Answer(text=marks), shown), Failure)
        read = verdicts.read(rule, Answer(text=f"{marks}\n{rule.written(label)}"), shown)
        assert isinstance(read, Scores)
        assert read == verdicts.read(rule, Answer(text=rule.written(label)), shown)
