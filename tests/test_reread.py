"""`rmb reread`: a run's figures from its stored answers, with the provider gone and the network off."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rmb import content
from rmb.metrics.summary import summarise
from rmb.outcomes import HEADLINE, Convention
from rmb.run import folder
from rmb.run.rows import read_rows
from tests.fake_api import FakeApi, Reply, Request
from tests.test_cli import FILES, KEY, Ended, read, write_card
from tests.test_compare_command import called, pair_record, write_records

GOOD, BAD = "zebra", "quagga"
"""Words of the best responses and of the losers that stand in no prompt."""
JUDGED = ("judge", "--judge", "mine.yaml", "--data", "data.json", "--out", "run", "--concurrency", "1")
FRESH = {"counts", "cost_usd"}
"""What a summary says of what was asked and not of what was answered."""
Rmb = Callable[..., Ended]


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


@pytest.fixture(autouse=True)
def eight_items() -> None:
    """Six pairs and two lists on eight conversations, in both goals."""
    paths = ["Helpfulness/Chat/Discussion", "Helpfulness/Code", "Harmlessness/S1"]
    records = [
        pair_record(number, f"{GOOD} {number}", f"{BAD} {number}", path=paths[number % 3])
        for number in range(6)
    ]
    records += [
        {
            "bon_uid": str(number),
            "category_path": f"BoN_set/{paths[number]}",
            "conversation_input": [{"role": "user", "content": f"Question {6 + number}?"}],
            "bon_best": {"llm_name": "a", "answer": GOOD},
            "loser_list": [{"llm_name": "b", "answer": f"{BAD} {loser}"} for loser in range(2)],
        }
        for number in range(2)
    ]
    write_records("data.json", records)


def moody(request: Request) -> Reply:
    """The truth, but of some conversations: the first, the opposite, or no verdict. Ratings: ties of some."""
    text = request.messages[-1]["content"]
    number = int(text.partition("Question ")[2].partition("?")[0])
    if GOOD not in text or BAD not in text:
        return Reply("[[5]]" if number in {1, 2} else "no idea" if number == 3 else rating(text))
    first = text.index(GOOD) < text.index(BAD)
    said = {1: "[[A]]", 2: "[[B]]" if first else "[[A]]", 3: "no idea", 4: "[[A]] or [[B]]"}
    return Reply(said.get(number, "[[A]]" if first else "[[B]]"))


def rating(text: str) -> str:
    """Nine of ten for a good response, two for a bad one."""
    return "[[9]]" if GOOD in text else "[[2]]"


def judged(rmb: Rmb, *options: str, script: Any = moody, code: int = 0) -> dict[str, Any]:
    """The summary of a run, made against a provider that is gone when this returns."""
    with FakeApi(script) as api:
        write_card("mine.yaml", api)
        assert rmb(*JUDGED, *options).code == code
        assert api.requests
    return summary_in("run")


def summary_in(place: str) -> dict[str, Any]:
    """The figures in a run's folder."""
    summary: dict[str, Any] = read(f"{place}/summary.json")
    return summary


def figures(summary: dict[str, Any]) -> dict[str, Any]:
    """All but what was asked and what it cost."""
    return {name: value for name, value in summary.items() if name not in FRESH}


def told(differ: int) -> str:
    """What is said on stderr of a run that was read again into `again`."""
    return f"{differ} verdicts differ, nothing was asked → again\nreport → again/report.html\n"


def bytes_in(place: str) -> dict[str, bytes]:
    """Every file of a folder, to the byte."""
    return {path.name: path.read_bytes() for path in Path(place).iterdir()}


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for OpenAI."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Turns the network off, loopback included, and takes the key away."""

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was used")

    def cut() -> None:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        for name in ("connect", "connect_ex", "sendto"):
            monkeypatch.setattr(socket.socket, name, refused)
        monkeypatch.setattr(socket, "getaddrinfo", refused)

    return cut


Cut = Callable[[], None]

# The same reader.


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--template", "pointwise_v1"),
        ("--template", "pairwise_v1"),
        ("--style", "verdict_only", "--criteria", "helpfulness"),
        ("--style", "few_shot"),
        ("--orders", "single", "--seed", "3"),
        ("--template", "listwise_best_v1"),
        ("--template", "listwise_best_v1", "--orders", "rotations", "--samples", "2"),
        ("--samples", "2"),
        ("--limit", "5"),
        ("--set", "bon"),
        ("--tie", "0.5", "--failure", "excluded", "--credit", "majority", "--average", "macro"),
    ],
    ids=lambda options: " ".join(options) or "plain",
)
@pytest.mark.usefixtures("key")
def test_figures_are_made_again_without_a_call(rmb: Rmb, cut_off: Cut, options: tuple[str, ...]) -> None:
    """No provider, no network, no key: every figure, verdict and failure is what it was."""
    before = judged(rmb, *options)
    cut_off()
    ended = rmb("reread", "run", "--out", "again")
    assert ended.code == 0
    assert ended.err == told(0)
    after = summary_in("again")
    assert figures(after) == figures(before)
    questions = before["counts"]["questions"]
    assert after["counts"] == {**before["counts"], "asked": 0, "from_store": questions}
    assert after["cost_usd"] == 0
    for name in ("items.parquet", "sanity.parquet"):
        assert read_rows(Path("again", name)) == read_rows(Path("run", name))
    assert bytes_in("again")["failures.jsonl"] == bytes_in("run")["failures.jsonl"]
    assert read("again/run.json")["ended"] == "complete"


@pytest.mark.usefixtures("key")
def test_what_is_read_again_can_be_read_again(rmb: Rmb, cut_off: Cut) -> None:
    """The folder of a reread is a run's folder."""
    before = judged(rmb)
    cut_off()
    assert rmb("reread", "run", "--out", "again").code == 0
    assert rmb("reread", "again", "--out", "once more").code == 0
    assert figures(summary_in("once more")) == figures(before)


@pytest.mark.usefixtures("key")
def test_the_run_is_kept_as_it_is(rmb: Rmb, cut_off: Cut) -> None:
    """A new folder below runs/ has the new figures, and the old one is the same to the byte."""
    judged(rmb)
    cut_off()
    before = bytes_in("run")
    ended = rmb("reread", "run", "--tie", "0.5")
    (place,) = Path("runs").iterdir()
    assert str(place) in ended.err
    assert place.name.endswith("-mine-pairwise_v2")
    assert bytes_in("run") == before


@pytest.mark.usefixtures("key")
def test_a_run_is_read_again_in_place(rmb: Rmb, cut_off: Cut) -> None:
    """--out that names the run puts the new figures where the old ones were, and leaves nothing else behind."""
    before = judged(rmb)
    cut_off()
    assert rmb("reread", "run", "--out", "run", "--failure", "excluded").code == 0
    assert sorted(bytes_in("run")) == FILES
    assert summary_in("run")["convention"]["judge_failure"] == "excluded"
    assert figures(summary_in("run")) != figures(before)
    assert rmb("reread", "run", "--out", "run", "--failure", "0").code == 0
    assert figures(summary_in("run")) == figures(before)
    assert not Path("runs").exists()


@pytest.mark.usefixtures("key")
def test_json_is_the_summary_and_nothing_else(rmb: Rmb, cut_off: Cut) -> None:
    """--json prints what the new summary.json holds; without it, there are tables."""
    judged(rmb)
    cut_off()
    assert json.loads(rmb("reread", "run", "--out", "again", "--json").out) == summary_in("again")
    assert "Judges" in rmb("reread", "run", "--out", "again").out


@pytest.mark.usefixtures("key")
def test_other_data_beside_the_runs_does_no_harm(rmb: Rmb, cut_off: Cut) -> None:
    """Of data that has grown since, only the run's items are read."""
    before = judged(rmb)
    cut_off()
    records = [*read("data.json"), pair_record(99, f"{GOOD} 99", f"{BAD} 99")]
    write_records("grown.json", records)
    assert rmb("reread", "run", "--data", "grown.json", "--out", "again").code == 0
    assert figures(summary_in("again")) == figures(before)


# Another reader.


def own_template(old: str, new: str) -> None:
    """mine.jinja: pairwise_v2 with something else in its front matter; what is asked stays the same."""
    source = (content.content_root() / "prompts" / "pairwise_v2.jinja").read_text(encoding="utf-8")
    matter, marker, rest = source.partition("---\n{% block")
    assert old in matter
    Path("mine.jinja").write_text(matter.replace(old, new) + marker + rest, encoding="utf-8")


@pytest.mark.usefixtures("key")
def test_a_mended_reader_finds_what_the_first_one_missed(rmb: Rmb, cut_off: Cut) -> None:
    """A judge that writes its verdicts otherwise than it was told: all parse failures, then all read."""
    before = judged(rmb, script=lambda request: Reply(f"Verdict: {moody(request).text}".translate(BARE)))
    assert before["failures"] == {"parse": 16 + 4}
    assert before["overall"] is None or before["helpfulness"]["pairwise"]["value"] == 0
    cut_off()
    own_template('marker: "[[{}]]"', 'marker: "Verdict: {}"')
    ended = rmb("reread", "run", "--template", "./mine.jinja", "--out", "again")
    assert ended.code == 0
    after = summary_in("again")
    assert after["failures"] == {"parse": 2}
    # Pairs 0, 3 in Discussion; 1, 4 in Code; 2, 5 in S1: right, no idea; the first, the first; wrong, right.
    assert after["helpfulness"]["pairwise"]["value"] == (1 + 0 + 0.5 + 0.5) / 4
    assert after["harmlessness"]["pairwise"]["value"] == (0 + 1) / 2
    assert ended.err.startswith("18 verdicts differ, nothing was asked")
    assert read("again/run.json")["template"]["template"]["name"] == "./mine.jinja"


BARE = {ord(letter): None for letter in "[]"}


@pytest.mark.usefixtures("key")
def test_a_reader_turned_round_turns_the_verdicts_round(rmb: Rmb, cut_off: Cut) -> None:
    """Labels that mean the opposite: who was right is wrong, and the sure order of a judge stays its own."""
    before = judged(rmb)
    cut_off()
    own_template("{A: [1, 0], B: [0, 1]}", "{A: [0, 1], B: [1, 0]}")
    rmb("reread", "run", "--template", "./mine.jinja", "--out", "again")
    old, new = (read_rows(Path(place, "items.parquet")) for place in ("run", "again"))
    turned = {"chosen": "rejected", "rejected": "chosen", None: None}
    assert [turned[row["verdict"]] for row in old] == [row["verdict"] for row in new]
    assert [row["answer_keys"] for row in old] == [row["answer_keys"] for row in new]
    after = summary_in("again")
    assert after["failures"] == before["failures"] == {"parse": 2, "contradiction": 2}
    assert after["first_position_rate"]["value"] == 1 - before["first_position_rate"]["value"]


@pytest.mark.parametrize(
    ("options", "convention"),
    [
        (("--tie", "0.5"), Convention(tie=0.5)),
        (("--failure", "chance"), Convention(failure=0.5)),
        (("--failure", "excluded"), Convention(failure=None)),
        (("--credit", "averaged"), Convention(order="averaged")),
        (("--credit", "consistent"), Convention(order="consistent")),
        (("--credit", "single"), Convention(order="single")),
        (("--credit", "majority", "--tie", "0.5"), Convention(order="majority", tie=0.5)),
        (("--average", "macro"), Convention(average="macro")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("template", ["pairwise_v2", "pointwise_v1"])
@pytest.mark.usefixtures("key")
def test_another_convention_gives_the_figures_of_a_run_under_it(
    rmb: Rmb, cut_off: Cut, options: tuple[str, ...], convention: Convention, template: str
) -> None:
    """As if the run had been made so, rows' credits included, and as the metrics say of its outcomes."""
    judged(rmb, "--template", template)
    cut_off()
    assert rmb("reread", "run", *options, "--out", "again").code == 0
    assert rmb(*JUDGED, "--template", template, *options).code == 0
    assert figures(summary_in("again")) == figures(summary_in("run"))
    assert read_rows(Path("again/items.parquet")) == read_rows(Path("run/items.parquet"))
    kept = folder.read(Path("again"))
    assert kept.convention == convention
    direct = summarise(kept.outcomes, convention=convention)
    assert {name: summary_in("again")[name] for name in direct} == json.loads(json.dumps(direct))


@pytest.mark.usefixtures("key")
def test_conventions_change_what_they_say(rmb: Rmb, cut_off: Cut) -> None:
    """By hand: pair 3 has no verdict, pair 1 the first place, pair 4 contradicts itself; 0 is right."""
    judged(rmb, "--set", "pairwise", "--scenario", "helpfulness/*")
    cut_off()

    def value(*options: str) -> tuple[float, int]:
        rmb("reread", "run", *options, "--out", "again")
        figure = summary_in("again")["helpfulness"]["pairwise"]
        return figure["value"], figure["n"]

    assert value() == ((1 + 0.5 + 0 + 0) / 4, 4)
    assert value("--failure", "chance") == ((1 + 0.5 + 0.5 + 0.5) / 4, 4)
    assert value("--failure", "excluded") == ((1 + 0.5) / 2, 2)
    assert value("--credit", "consistent") == (1 / 4, 4)
    assert value("--credit", "majority", "--tie", "0.5") == ((1 + 0.5 + 0 + 0) / 4, 4)
    # Discussion has pairs 0 and 3, Code 1 and 4.
    assert value("--failure", "excluded", "--average", "macro") == ((1 + 0.5) / 2, 2)


@pytest.mark.usefixtures("key")
def test_a_run_keeps_its_convention_unless_told_otherwise(rmb: Rmb, cut_off: Cut) -> None:
    """What is not named stays as it was in the run."""
    judged(rmb, "--tie", "0.5", "--seed", "3")
    cut_off()
    rmb("reread", "run", "--failure", "chance", "--out", "again")
    assert folder.read(Path("again")).convention == Convention(tie=0.5, failure=0.5, seed=3)


# Runs with gaps.


@pytest.mark.parametrize("template", ["pairwise_v2", "pointwise_v1"])
@pytest.mark.usefixtures("key")
def test_a_run_with_gaps_stays_so(rmb: Rmb, cut_off: Cut, template: str) -> None:
    """What the provider did not answer is as missing as it was, exit 1, and nothing is asked."""
    replies = [Reply("[[A]]" if template == "pairwise_v2" else "[[5]]"), Reply(status=500), Reply(reset=True)]
    before = judged(rmb, "--template", template, script=[*replies, replies[0]], code=1)
    cut_off()
    ended = rmb("reread", "run", "--out", "again")
    assert ended.code == 1
    after = summary_in("again")
    assert figures(after) == figures(before)
    assert before["failures"] == {"transport": 2}
    assert 0 < after["coverage"] < 1
    assert after["bounds"] is not None
    assert after["counts"]["from_store"] == after["counts"]["questions"] - 2
    assert bytes_in("again")["failures.jsonl"] == bytes_in("run")["failures.jsonl"]
    assert read("again/run.json")["ended"] == "2 questions unanswered"


@pytest.mark.usefixtures("key")
def test_what_was_answered_since_is_taken(rmb: Rmb, cut_off: Cut) -> None:
    """Another run of the same judge filled the gaps: the first one, read again, is complete."""
    with FakeApi([Reply("[[A]]"), Reply(status=500), Reply("[[A]]")]) as api:
        write_card("mine.yaml", api)
        assert rmb(*JUDGED).code == 1
        shutil.copytree("run", "first")
        assert rmb(*JUDGED).code == 0
    cut_off()
    ended = rmb("reread", "first", "--out", "again")
    assert (ended.code, ended.err) == (0, told(1))
    assert figures(summary_in("again")) == figures(summary_in("run"))


# A judge whose answers are not kept.


@pytest.mark.parametrize("judge", ["first", "longest", "random", "oracle"])
def test_a_judge_without_a_model_answers_anew(rmb: Rmb, cut_off: Cut, judge: str) -> None:
    """Its answers cost nothing, so none is stored; with the run's seed they are the same."""
    cut_off()
    rmb("judge", "--judge", judge, "--data", "data.json", "--seed", "5", "--out", "run")
    before = summary_in("run")
    ended = rmb("reread", "run", "--out", "again")
    assert (ended.code, ended.err) == (0, told(0))
    assert figures(summary_in("again")) == figures(before)
    assert rmb("reread", "run", "--tie", "0.5", "--out", "again").code == 0
    assert folder.read(Path("again")).convention == Convention(tie=0.5, seed=5)


def test_the_sample_is_found_again(rmb: Rmb) -> None:
    """A run on the bundled data names no path."""
    rmb("judge", "--judge", "longest", "--limit", "30", "--out", "run")
    assert rmb("reread", "run", "--out", "again").code == 0
    assert figures(summary_in("again")) == figures(summary_in("run"))


# What cannot be read again.


def refused(rmb: Rmb, *words: str) -> str:
    """The one line on which a command ends with 2; the run is as it was, and no folder was made."""
    before, here = bytes_in("run"), sorted(Path().iterdir())
    ended = rmb("reread", "run", *words)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("rmb: ")
    assert bytes_in("run") == before
    assert [path for path in sorted(Path().iterdir()) if path not in here and path.name != "elsewhere"] == []
    return ended.err


@pytest.mark.parametrize("out", [(), ("--out", "again"), ("--out", "run")], ids=["", "again", "run"])
@pytest.mark.usefixtures("key")
def test_answers_that_are_not_in_the_store_are_told(rmb: Rmb, cut_off: Cut, out: tuple[str, ...]) -> None:
    """Another store has none; how many there are, and where to look."""
    judged(rmb)
    cut_off()
    said = refused(rmb, "--cache", "elsewhere", *out)
    assert said == (
        "rmb: 20 of 20 answers of this run are not in the store elsewhere; name the run's with --cache\n"
    )


@pytest.mark.usefixtures("key")
def test_one_lost_answer_is_one_too_many(rmb: Rmb, cut_off: Cut) -> None:
    """An answer that the journal lacks too: a run is read whole or not at all, figures of a part would be others."""
    judged(rmb)
    cut_off()
    with sqlite3.connect(next(Path("cache").rglob("cache.db"))) as database:
        database.execute("UPDATE Cache SET value = x'00' WHERE rowid = 3")
    database.close()
    next(Path("cache").rglob("journal")).unlink()
    assert refused(rmb).startswith("rmb: 1 of 20 answers of this run are not in the store ")


@pytest.mark.parametrize(
    "held", [b"", b"PAR1", b"no parquet at all", None], ids=["empty", "cut", "text", "gone"]
)
@pytest.mark.usefixtures("key")
def test_a_corrupt_file_of_rows_is_named(rmb: Rmb, cut_off: Cut, held: bytes | None) -> None:
    """Whatever else is in the folder, nothing is overwritten."""
    judged(rmb)
    cut_off()
    Path("run/items.parquet").unlink()
    if held is not None:
        Path("run/items.parquet").write_bytes(held)
    assert "run/items.parquet" in refused(rmb, "--out", "run")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("run.json", "{", "cannot read run/run.json: "),
        ("run.json", "[]", "run/run.json holds no JSON object"),
        ("run.json", "{}", "run was not written by this version of the program (KeyError('judge')); run "),
        ("summary.json", "", "cannot read run/summary.json: "),
        ("summary.json", '{"convention": {"tie": 0}}', "run was not written by this version of the program "),
        ("summary.json", '{"convention": null}', "run was not written by this version of the program "),
    ],
)
def test_a_corrupt_file_is_named(rmb: Rmb, name: str, text: str, says: str) -> None:
    """Which file it is, or that another version wrote it."""
    rmb("judge", "--judge", "longest", "--data", "data.json", "--out", "run")
    Path("run", name).write_text(text, encoding="utf-8")
    assert refused(rmb).startswith(f"rmb: {says}")


@pytest.mark.parametrize("settings", [None, [], {"orders": "both", "samples": 1, "seed": 0, "more": 1}])
def test_settings_of_another_version_are_told(rmb: Rmb, settings: Any) -> None:
    """A manifest that says how items were shown in other words was not written by this version."""
    rmb("judge", "--judge", "longest", "--data", "data.json", "--out", "run")
    manifest = read("run/run.json") | {"settings": settings}
    Path("run/run.json").write_text(json.dumps(manifest), encoding="utf-8")
    refused(rmb)


def test_a_folder_that_is_no_run_is_told(rmb: Rmb) -> None:
    """So is one that is not there."""
    Path("run").mkdir()
    assert refused(rmb) == "rmb: run is no run folder: it has no run.json\n"
    assert rmb("reread", "nowhere").err == "rmb: nowhere is no run folder: it has no run.json\n"


@pytest.mark.usefixtures("key")
def test_data_that_moved_is_told(rmb: Rmb, cut_off: Cut) -> None:
    """The texts are needed to know who was shown where; --data says where they are now."""
    before = judged(rmb)
    cut_off()
    Path("data.json").rename("moved.json")
    assert "data.json" in refused(rmb)
    assert rmb("reread", "run", "--data", "moved.json", "--out", "again").code == 0
    assert figures(summary_in("again")) == figures(before)


@pytest.mark.usefixtures("key")
def test_data_that_changed_is_told(rmb: Rmb, cut_off: Cut) -> None:
    """One letter of one response: how many items are not there as they were, and the first of them."""
    judged(rmb)
    cut_off()
    text = Path("data.json").read_text(encoding="utf-8")
    Path("data.json").write_text(text.replace(f"{BAD} 4", f"{BAD} 5"), encoding="utf-8")
    assert refused(rmb).startswith(
        "rmb: 1 items of the run are not in this data as they were, such as pairwise/4; name "
    )


@pytest.mark.parametrize(
    ("ran", "read_as"), [("pairwise_v2", "pointwise_v1"), ("pointwise_v1", "pairwise_v2")]
)
@pytest.mark.usefixtures("key")
def test_a_template_of_another_width_is_refused(rmb: Rmb, cut_off: Cut, ran: str, read_as: str) -> None:
    """Replies to one response say nothing of two, and the other way round."""
    judged(rmb, "--template", ran)
    cut_off()
    assert "otherwise than the run did: it cannot be read again so" in refused(rmb, "--template", read_as)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--template", "pairwise_v3"), "no template 'pairwise_v3'; did you mean "),
        (("--judge", "longset"), "no judge 'longset'; did you mean longest?"),
        (("--data", "nowhere"), "no data at nowhere; "),
        (("--out", "other"), "other holds 'a.json', so it is no run folder; name another with --out"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.usefixtures("key")
def test_names_that_do_not_exist_are_one_line(
    rmb: Rmb, cut_off: Cut, words: tuple[str, ...], says: str
) -> None:
    """As with the other commands."""
    Path("other").mkdir()
    Path("other/a.json").touch()
    judged(rmb)
    cut_off()
    assert refused(rmb, *words).startswith(f"rmb: {says}")


@pytest.mark.usefixtures("key")
def test_a_template_of_ones_own_that_is_gone_is_told(rmb: Rmb, cut_off: Cut) -> None:
    """The run's template is read as it is now; it has to be there."""
    own_template("pairwise", "pairwise")
    judged(rmb, "--template", "./mine.jinja")
    cut_off()
    assert rmb("reread", "run", "--out", "again").code == 0
    shutil.rmtree("again")
    Path("mine.jinja").unlink()
    assert refused(rmb).startswith("rmb: no template file './mine.jinja'; ")


# Items that share an id, folders that share a second.


@pytest.mark.usefixtures("key")
def test_items_that_share_an_id_keep_their_own_answers(rmb: Rmb, cut_off: Cut) -> None:
    """Two files may number their records alike: each item is read from its own answers."""
    records = [pair_record(number, f"{GOOD} {number}", f"{BAD} {number}") for number in (0, 2)]
    write_records("data.json", [record | {"pair_uid": "0"} for record in records])
    before = judged(rmb)
    cut_off()
    ended = rmb("reread", "run", "--out", "again")
    assert ended.err.startswith("0 verdicts differ")
    assert figures(summary_in("again")) == figures(before)


def test_rereads_within_a_second_have_folders_of_their_own(rmb: Rmb) -> None:
    """What was written before is never written over unless --out names it."""
    rmb("judge", "--judge", "longest", "--data", "data.json", "--out", "run")
    for _ in range(12):
        rmb("reread", "run")
    assert len(list(Path("runs").iterdir())) == 12


def test_the_headline_is_the_usual_convention(rmb: Rmb) -> None:
    """A run without options about credits was made under it, and is read so."""
    rmb("judge", "--judge", "longest", "--data", "data.json", "--out", "run")
    assert folder.read(Path("run")).convention == HEADLINE
