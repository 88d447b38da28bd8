"""`rmb build agree`: a sheet for people, what they saved, and how far they agree."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rmb.build.agree import agreed, bands, majority
from rmb.build.labels import Person, read
from rmb.build.sheet import Key
from rmb.cli.main import rmb
from rmb.errors import DataError, RmbError
from rmb.report.sheet import Row, cell, comma_separated, page
from tests.browsing import Watch
from tests.built import made_up, write_build

IDS = {"a1", "b2", "c3"}


def agree(*words: str, code: int = 0) -> Any:
    """What `rmb build agree` does; its error where the code is not 0."""
    result = CliRunner().invoke(rmb, ["build", "agree", *words], standalone_mode=False)
    error = result.exception
    if error and not isinstance(error, RmbError):
        raise error
    assert (error.exit_code if isinstance(error, RmbError) else 0) == code, result.output
    return error or result


def keys(count: int, *, gap: float = 1.0) -> list[Key]:
    """Rows "0", "1" …, each of another conversation, labelled A and B in turn."""
    return [
        Key(f"{at}", f"pairwise/{at}", "test", f"{'HG'[at % 2]}/x", f"p{at}", "AB"[at % 2], gap, None)  # type: ignore[arg-type]
        for at in range(count)
    ]


def person(name: str, words: str) -> Person:
    """Who says "A", "B", "T" (tie) or nothing (".") of row 0, 1 and so on."""
    said = {"A": "A", "B": "B", "T": "tie"}
    return Person(name, {f"{at}": said[word] for at, word in enumerate(words) if word in said})


# Figures


def test_agreement_is_counted_by_hand() -> None:
    """Raw agreement, κ, ties, the majority and α of three people on six pairs, whose labels are A B A B A B."""
    people = [person("anna", "ABABAB"), person("ben", "AAAATT"), person("cy", "ABABB.")]
    found = agreed(keys(6), people)
    told = {one["who"]: one for one in found["with_labels"]}
    assert {who: (one["pairs"], round(one["raw"]["value"], 3), one["ties"]) for who, one in told.items()} == {
        "anna": (6, 1.0, 0),
        "ben": (6, round(2 / 6, 3), 2),
        "cy": (5, 0.8, 0),
        "all": (17, round(12 / 17, 3), 2),
        "majority": (6, round(4 / 6, 3), 2),
    }
    assert told["anna"]["kappa"]["value"] == 1
    # Chance: 1/2 · 4/6 of both A, as ben never says B.
    assert told["ben"]["kappa"]["value"] == pytest.approx((2 / 6 - 1 / 3) / (1 - 1 / 3))
    assert told["ben"]["decided"]["value"] == 0.5
    pairs = {tuple(one["people"]): one["raw"]["value"] for one in found["between"]}
    assert pairs == {
        ("anna", "ben"): pytest.approx(2 / 6),
        ("anna", "cy"): 0.8,
        ("ben", "cy"): pytest.approx(0.4),
    }
    assert -1 < found["alpha"] < 1
    assert {goal: one["pairs"] for goal, one in found["by_goal"].items()} == {"G": 8, "H": 9}


@pytest.mark.parametrize(
    ("votes", "expected"),
    [("AAB", "A"), ("AB", "tie"), ("TTA", "tie"), ("ABT", "tie"), ("BB", "B"), ("A", None)],
)
def test_the_majority_needs_more_votes_than_anything_else(votes: str, expected: str | None) -> None:
    """Otherwise it is a tie; one person is no majority."""
    assert majority([person(f"{at}", vote) for at, vote in enumerate(votes)]).said.get("0") == expected


def test_few_conversations_have_no_interval() -> None:
    """Of 29 conversations a figure stands alone, and a note says why; of 30 it has an interval around it."""
    few, enough = (
        agreed(keys(count), [person("anna", ("ABBB" * 8)[:count])], resamples=200) for count in (29, 30)
    )
    told = few["with_labels"][0]
    assert told["raw"]["low"] is None
    assert told["kappa"]["low"] is None
    assert "anna and the labels: 29 conversations, too few for an interval (30)" in few["notes"]
    told = enough["with_labels"][0]
    assert told["raw"]["low"] < told["raw"]["value"] < told["raw"]["high"]
    assert told["kappa"]["low"] < told["kappa"]["value"] < told["kappa"]["high"]


def test_what_is_not_defined_is_null_with_a_reason() -> None:
    """κ where both always say the same; people without a pair in common; α of one person."""
    found = agreed(keys(1), [person("anna", "A")])
    assert found["with_labels"][0]["kappa"] is None
    assert found["alpha"] is None
    assert any("κ is not defined" in note for note in found["notes"])
    apart = agreed(keys(2), [person("anna", "A."), person("ben", ".B")])
    assert apart["between"][0]["raw"] is None
    assert "anna and ben: no pair has both labels" in apart["notes"]
    json.dumps(apart, allow_nan=False)


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([1, 1, 2, 2, 3, 3], [(1, 1), (2, 2), (3, 3)]),
        ([1, 1, 1], [(1, 1)]),
        ([1, 1, 1, 1, 5], [(1, 1), (5, 5)]),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], [(1, 3), (4, 6), (7, 9)]),
    ],
)
def test_gaps_are_put_into_up_to_three_parts(
    gaps: Sequence[float], expected: list[tuple[float, float]]
) -> None:
    """Of about the same size, each gap in one of them."""
    rows = [Key(f"{at}", "", "", "G/x", "", "A", gap, None) for at, gap in enumerate(gaps)]
    assert [(low, high) for low, high, _ in bands(rows)] == expected
    assert sum(len(ids) for _, _, ids in bands(rows)) == len(gaps)


# Files that people saved


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(
            b"id,label\na1,A\nb2,tie\nc3,\n", {"a1": "A", "b2": "tie"}, id="plain; nothing is no label"
        ),
        pytest.param(
            b"\xef\xbb\xbfID;Label\r\na1; b \r\nb2;SAME\r\n", {"a1": "B", "b2": "tie"}, id="Excel, German"
        ),
        pytest.param(
            b"id\ttext\tlabel\na1\tx\xff\tA\n", {"a1": "A"}, id="tabs, and a text that is not UTF-8"
        ),
        pytest.param(
            b'id,text,label\na1,"two\nlines",A\n\n,,\n', {"a1": "A"}, id="lines in a cell, empty lines"
        ),
    ],
)
def test_labels_are_read_as_spreadsheets_write_them(
    tmp_path: Path, data: bytes, said: Mapping[str, str]
) -> None:
    """Whatever the separator, the letter case, and the texts beside; the name is the file's."""
    path = tmp_path / "anna.csv"
    path.write_bytes(data)
    assert read(path, IDS) == Person("anna", said)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id,label\na1,A\nb2,C\n", "line 3: the label 'C' is none of A, B, tie"),
        ("id,label\na1,A\na1,B\n", "line 3: the row a1 is there twice, first in line 2"),
        ("id,label\na,A\n", r"line 2: the sheet has no row 'a' \(did you mean"),
        ("id,label\nzzz9,A\n", "line 2: the sheet has no row 'zzz9'; is this file of another sheet"),
        ("id,label\n,A\n", "line 2: the sheet has no row ''"),
        ("id,labels\na1,A\n", "no column label"),
        ("", "no column id and no column label"),
        ("id,label,annotator\na1,A,anna\nb2,B,ben\n", "labels of several people, anna, ben"),
        ("i\0d", "zero bytes"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    """Nothing is guessed."""
    path = tmp_path / "anna.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"anna.csv.*{complaint}"):
        read(path, IDS)


# The sheet


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An assembled build of 40 prompts with a sheet of 60 pairs."""
    place = tmp_path_factory.mktemp("agree") / "mine"
    prompts, lines = made_up(40)
    lines[0]["text"] = '</script><img src=x onerror=alert(1)> "=1+1"\n\u2028 \ud800'
    lines[1]["text"] = "=HYPERLINK(1)"
    write_build(place, prompts, lines, "assemble: {test: 0.5}\nagree: {items: 60}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RMB_CACHE", str(place.parent / "cache"))
        CliRunner().invoke(rmb, ["build", "assemble", str(place), "-q"], catch_exceptions=False)
        agree(str(place), "-q")
    return place


def key_of(place: Path) -> list[dict[str, Any]]:
    """The lines of a sheet's key."""
    return [json.loads(line) for line in (place / "agree/key.jsonl").read_text("utf-8").splitlines()]


def test_the_sheet_is_a_sample_that_gives_nothing_away(built: Path) -> None:
    """Sixty pairs spread over the categories, the better one first about as often as not; no label, no model."""
    key = key_of(built)
    assert Counter(one["category"] for one in key).most_common()[-1][1] >= 13
    assert 18 <= Counter(one["label"] for one in key)["A"] <= 42
    rows = list(csv.reader(io.StringIO((built / "agree/sheet.csv").read_text("utf-8-sig"))))
    assert rows[0] == ["id", "conversation", "response A", "response B", "label"]
    assert [row[0] for row in rows[1:]] == [one["id"] for one in key]
    assert all(row[0].startswith("p") for row in rows[1:])
    assert {row[4] for row in rows[1:]} == {""}
    items = {}
    for path in (built / "benchmark").rglob("Pairwise_set/**/*.json"):
        items.update({f"pairwise/{one['pair_uid']}": one for one in json.loads(path.read_text("utf-8"))})
    for row, one in zip(rows[1:], key, strict=True):
        item = items[one["item"]]
        texts = [item[side]["answer"] for side in ("chosen", "reject")]
        assert row[2:4] == [cell(text) for text in (texts if one["label"] == "A" else texts[::-1])]
    for name in ("sheet.csv", "sheet.html"):
        text = (built / "agree" / name).read_text("utf-8-sig")
        assert not any(word in text for word in ("m0", "m1-2026", '"gap"', "Helpfulness", "pairwise/"))


def test_the_same_seed_makes_the_same_sheet(built: Path) -> None:
    """To the byte; one that somebody has filled in is never written over."""
    files = [built / "agree" / name for name in ("sheet.csv", "sheet.html", "key.jsonl")]
    before = [path.read_bytes() for path in files]
    agree(str(built), "-q")
    assert [path.read_bytes() for path in files] == before
    files[0].write_bytes(before[0].replace(b",\r\n", b",A\r\n", 1))
    assert "has labels in it" in str(agree(str(built), code=2))
    files[0].write_bytes(before[0])


def test_a_dry_run_says_how_many_and_writes_nothing(built: Path, tmp_path: Path) -> None:
    """Neither a sheet, nor what people agree on."""
    place = tmp_path / "dry"
    shutil.copytree(built, place)
    shutil.rmtree(place / "agree")
    assert "60 pairs to be labelled (" in agree(str(place), "--dry-run").output
    assert not (place / "agree").exists()
    shutil.copytree(built / "agree", place / "agree")
    row = key_of(place)[0]
    (tmp_path / "anna.csv").write_text(f"id,label\n{row['id']},{row['label']}\n", encoding="utf-8")
    assert "anna" in agree(str(place), "--labels", str(tmp_path / "anna.csv"), "--dry-run").output
    assert not (place / "agree.json").exists()


def test_no_text_is_a_formula_or_markup() -> None:
    """Neither for a spreadsheet nor for a browser; lines in a text stay."""
    row = Row("1", [("user", "=1+1")], "</script><b>\u2028", "-1\r\nx\0")
    assert comma_separated([row]).splitlines()[1].startswith("1,user: =1+1,</script>")
    assert [cell(text) for text in ("=1", " @x", "+1", "-1\r\nx\0", "1=1")] == [
        "'=1",
        "' @x",
        "'+1",
        "'-1\nx\ufffd",
        "1=1",
    ]
    text = page([row], "sheet")
    assert text.count("</script>") == 2
    assert "<b>" not in text


def test_labels_go_to_the_table_the_file_and_the_card(built: Path, tmp_path: Path) -> None:
    """What two people saved: shown, in agree.json, in both forms of the data card, and out of date after a new build."""
    place = tmp_path / "mine"
    shutil.copytree(built, place)
    names = ("anna", "<b>[red]ben\x1b[31m")
    draw = random.Random(0)
    for number, name in enumerate(names):
        lines = ["id,label,annotator"]
        for one in key_of(place):
            wrong = "AB"[one["label"] == "A"]
            lines.append(f"{one['id']},{one['label'] if draw.random() < 0.8 else wrong},{name}")
        (place / f"{number}.csv").write_text("\n".join(lines), encoding="utf-8")
    words = [str(place), "--labels", str(place / "0.csv"), "--labels", str(place / "1.csv")]
    shown = agree(*words).output
    assert all(
        part in shown
        for part in ("anna", "<b>[red]ben [31m", "majority", "Krippendorff", "By gap of the ratings")
    )
    found = json.loads(agree(*words, "--json").output)
    assert found == json.loads((place / "agree.json").read_text("utf-8"))
    card = json.loads((place / "card.json").read_text("utf-8"))
    assert card["stages"]["agree"]["with_labels"] == found["with_labels"]
    text = (place / "card.md").read_text("utf-8")
    assert "\\<b\\>\\[red\\]ben" in text
    assert "Out of date" not in text
    with (place / "assemble.jsonl").open("a") as opened:
        opened.write("\n")
    agree(*words)
    assert "Out of date" in (place / "card.md").read_text("utf-8")
    assert any("assembled anew" in note for note in json.loads((place / "agree.json").read_text())["notes"])


def test_what_cannot_be_done_is_said(built: Path, tmp_path: Path) -> None:
    """A build without a benchmark or a sheet; two files of one person; a file without a label."""
    empty = write_build(tmp_path / "empty", [], [])
    assert "run first: rmb build assemble" in str(agree(str(empty), code=2))
    assert "write the sheet first" in str(agree(str(empty), "--labels", "x.csv", code=2))
    none = shutil.copytree(built, tmp_path / "none")
    (none / "build.yaml").write_text("source: x\nagree: {split: train}", encoding="utf-8")
    shutil.rmtree(none / "benchmark/train")
    assert "no pair in the split 'train'" in str(agree(str(none), code=2))
    (none / "assemble.jsonl").write_text("{}", encoding="utf-8")
    assert "is not what assemble.jsonl tells of" in str(agree(str(none), code=2))
    one = tmp_path / "x.csv"
    one.write_text(f"id,label\n{key_of(built)[0]['id']},A\n", encoding="utf-8")
    assert "both of x" in str(agree(str(built), "--labels", str(one), "--labels", str(one), code=2))
    one.write_text("id,label\n", encoding="utf-8")
    assert "has no label" in str(agree(str(built), "--labels", str(one), code=2))


def test_the_form_works_from_disk_by_keyboard(built: Path, tmp_path: Path, watch: Watch) -> None:
    """Labels are given by key, kept by the browser, and saved as a file that --labels reads."""
    watched = watch(built / "agree/sheet.html", accept_downloads=True)
    tab = watched.page
    first, second = (one["id"] for one in key_of(built)[:2])
    for key in ("a", "b", "ArrowLeft", "t", "b", "ArrowLeft", "x"):
        tab.keyboard.press(key)
    assert tab.locator("#status").inner_text().startswith("2 of 60 labelled")
    tab.click("#save")
    assert "Your name is missing" in tab.locator("#status").inner_text()
    tab.keyboard.type("=ab")
    tab.reload()
    assert tab.locator("#status").inner_text().startswith("2 of 60 labelled")
    assert tab.locator("#place").inner_text() == "Pair 3 of 60"
    with tab.expect_download() as coming:
        tab.click("#save")
    saved = tmp_path / coming.value.suggested_filename
    shutil.copy(str(coming.value.path()), saved)
    found = read(saved, {one["id"] for one in key_of(built)})
    assert (found.name, found.said) == ("'=ab", {first: "A", second: "tie"})
