"""`rmb ablate`: a grid of cells, from the command line or a study file to the folder, over HTTP and in real processes."""

from __future__ import annotations

import csv
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rmb.datasets.rmb import load_sample
from rmb.run.rows import read_rows
from tests.fake_api import FakeApi, Reply, Request
from tests.scripted_grid import Knowing, bodies, write_card
from tests.test_cli import Ended, read
from tests.test_compare_command import Rmb, called, pair_record, write_records

CHECKOUT = Path(__file__).parents[1]
COMMAND = ["-m", "rmb", "ablate"]
AT_ONCE = 16
TEMPLATES = ("pairwise_v1", "pairwise_v2", "pairwise_tie_v1")
CRITERIA = ("none", "general", "helpfulness", "honesty")
STYLES = ("verdict_only", "explain_first", "answer_first")
GRID = [
    *("--template", ",".join(TEMPLATES), "--criteria", ",".join(CRITERIA), "--style", ",".join(STYLES)),
    *("--judge", "small.yaml,large.yaml", "--limit", "60", "--orders", "single", "--yes", "--out", "study"),
]
CELLS, QUESTIONS = 72, 5616


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


def start(folder: Path, *words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """`rmb ablate` in a process of its own, which heeds Ctrl-C whoever started the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, *COMMAND, *words],
            cwd=folder,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "RMB_CACHE": str(folder / "cache")},
        )
    finally:
        signal.signal(signal.SIGINT, before)


def finish(process: subprocess.Popen[str]) -> Ended:
    """Waits for a process to end."""
    try:
        out, err = process.communicate(timeout=300)
    finally:
        process.kill()
    return Ended(process.returncode, out, err)


def after(process: subprocess.Popen[str], api: FakeApi, requests: int, what: signal.Signals) -> Ended:
    """How a process ends that gets a signal as soon as the provider has seen so many requests."""
    for _ in range(12_000):
        if len(api.requests) >= requests or process.poll() is not None:
            break
        time.sleep(0.01)
    process.send_signal(what)
    return finish(process)


# The whole grid: 3 templates × 4 criteria × 3 styles × 2 judges.


@dataclass
class Story:
    """A grid that was killed, started again, and run once more; how often each thing was asked."""

    folder: Path
    ended: Sequence[Ended]
    requests: Sequence[int]
    asked: Counter[str]
    results: Sequence[dict[str, Any]]

    @property
    def found(self) -> dict[str, Any]:
        """results.json of the study."""
        return self.results[0]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Told once for all tests."""
    folder, ended, requests, results = tmp_path_factory.mktemp("grid"), [], [], []
    with FakeApi(Knowing(load_sample().items)) as api:
        write_card(folder / "small.yaml", api, price=1.0)
        write_card(folder / "large.yaml", api, price=10.0)
        ended.append(after(start(folder, *GRID), api, QUESTIONS // 3, signal.SIGKILL))
        requests.append(len(api.requests))
        for _ in range(2):
            ended.append(finish(start(folder, *GRID)))
            requests.append(len(api.requests))
            results.append(json.loads((folder / "study/results.json").read_text(encoding="utf-8")))
        return Story(folder, ended, requests, bodies(api), results)


def levels(found: Mapping[str, Any], axis: str) -> dict[str, Any]:
    """What a study says of the levels of an axis against its first."""
    told = found["factors"]["axes"][axis]["levels"]
    return {name: level["effect"] for name, level in told.items() if level["effect"]}


def test_a_killed_grid_goes_on_where_it_was(story: Story) -> None:
    """Nothing that was stored is asked again: at most what was under way at the kill, by either judge."""
    assert [one.code for one in story.ended] == [-signal.SIGKILL, 0, 0]
    assert QUESTIONS // 3 <= story.requests[0] < QUESTIONS
    assert len(story.asked) == QUESTIONS
    assert max(story.asked.values()) <= 2
    assert story.requests[1] - QUESTIONS <= 2 * AT_ONCE
    assert story.found["counts"]["asked"] + story.found["counts"]["from_store"] == QUESTIONS


def test_a_second_run_makes_no_call_and_finds_the_same(story: Story) -> None:
    """All from the store; figures equal to the last digit, but for what was asked now."""
    assert story.requests[2] == story.requests[1]
    first, again = story.results
    assert again["counts"] == {"asked": 0, "from_store": QUESTIONS}
    assert again["cost_usd"] == 0
    now = {"counts", "cost_usd"}
    assert {key: again[key] for key in again if key not in now} == {
        key: first[key] for key in first if key not in now
    }


def test_planted_effects_are_found(story: Story) -> None:
    """Template and judge have the sign and about the size that they were given; criteria do nothing."""
    template, judge = levels(story.found, "template"), levels(story.found, "judge")
    better = template["pairwise_v2"]
    assert better["finding"] == "different"
    assert better["difference"]["overall"]["value"] == pytest.approx(0.30, abs=0.08)
    assert template["pairwise_tie_v1"]["finding"] != "different"
    assert judge["large"]["finding"] == "different"
    assert 0.03 < judge["large"]["difference"]["overall"]["value"] < 0.2
    assert all(effect["finding"] != "different" for effect in levels(story.found, "criteria").values())
    assert all(effect["p_holm"] > 0.05 for effect in levels(story.found, "criteria").values())


def test_a_planted_interaction_is_the_clearest(story: Story) -> None:
    """To explain first helps the small judge alone: with the large one it is worth less."""
    told = story.found["factors"]["interactions"]
    clearest = min(told, key=lambda one: one["p"])
    assert clearest["levels"] == {"style": "explain_first", "judge": "large"}
    assert clearest["difference"]["overall"]["value"] < 0
    assert clearest["finding"] == "different"


def test_the_leaderboard_is_in_order(story: Story) -> None:
    """72 cells by Overall, each once; all but the baseline tested, each p at most its Holm p."""
    lines = story.found["leaderboard"]
    values = [line["overall"]["value"] for line in lines]
    assert len({line["cell"] for line in lines}) == len(lines) == CELLS
    assert values == sorted(values, reverse=True)
    assert [line["place"] for line in lines] == list(range(1, CELLS + 1))
    assert all(line["levels"]["template"] == "pairwise_v2" for line in lines[:3])
    (base,) = (line for line in lines if line["is_baseline"])
    assert base["cell"] == story.found["baseline"] == "pairwise_v1 + none + verdict_only + small"
    tested = [line["against_baseline"] for line in lines if line is not base]
    assert all(one["p"] <= one["p_holm"] <= 1 for one in tested)
    assert {line["items"] for line in lines} == {60}
    assert {line["coverage"] for line in lines} == {1.0}


def test_the_pareto_set_has_the_best_and_the_cheapest(story: Story) -> None:
    """All prices are known; nothing in the set is beaten in all three by another cell."""
    lines = {line["cell"]: line for line in story.found["leaderboard"]}
    kept = story.found["pareto"]
    assert kept == [name for name, line in lines.items() if line["is_pareto"]]
    best = story.found["leaderboard"][0]["overall"]["value"]
    assert any(lines[name]["overall"]["value"] == best for name in kept)
    cheapest = min(lines, key=lambda name: lines[name]["cost"]["usd_per_1000_items"])
    assert cheapest in kept

    def merits(name: str) -> tuple[float, float, float]:
        cost = lines[name]["cost"]
        taken = (cost["usd_per_1000_items"], cost["seconds_per_1000_items"])
        return (lines[name]["overall"]["value"], -taken[0], -taken[1])

    for name in lines:
        beaten = any(
            merits(other) != merits(name)
            and all(a >= b for a, b in zip(merits(other), merits(name), strict=True))
            for other in lines
        )
        assert beaten == (name not in kept)


def test_the_tables_cut_no_figure(story: Story) -> None:
    """Names of four levels, headings and figures stand whole, on one line each."""
    out = story.ended[2].out
    assert "…" not in out
    for title in ("Cells", "Axes", "Interactions", "overall", "Holm p", "Pareto"):
        assert title in out
    assert "Best under " in out
    assert all(f"  {line['cell']}  " in out for line in story.found["leaderboard"])


def test_the_folder_is_whole_and_its_cells_are_runs(
    story: Story, rmb: Rmb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """study.json leads to the cells; compare, show and reread work on them; the CSV has a line for each."""
    monkeypatch.chdir(story.folder)
    monkeypatch.setenv("RMB_CACHE", str(story.folder / "cache"))
    study = read("study/study.json")
    assert (study["ended"], study["items"], len(study["cells"])) == ("complete", 60, CELLS)
    assert study["axes"]["criteria"] == list(CRITERIA)
    with Path("study/leaderboard.csv").open(encoding="utf-8", newline="") as text:
        lines = list(csv.DictReader(text))
    assert [line["cell"] for line in lines] == [line["cell"] for line in story.found["leaderboard"]]
    one, other = (f"study/{study['cells'][number]['folder']}" for number in (0, 71))
    compared = rmb("compare", one, other, "--json")
    assert compared.code == 0
    assert json.loads(compared.out)["items"] == 60
    assert read(f"{one}/run.json")["counts"]["items"] == 60
    item = read_rows(Path(one, "items.parquet"))[0]["item"]
    assert "Decide which response serves the user better" in rmb("show", one, "--item", item).out
    before = read(f"{other}/summary.json")["overall"]
    assert rmb("reread", other).code == 0
    assert read(f"{other}/summary.json")["overall"] == before


# Ctrl-C.

PAIRS = 60


def good_pairs(count: int = PAIRS) -> list[dict[str, Any]]:
    """Pairs on conversations of their own, whose better response says so."""
    return [pair_record(number, f"good {number}", f"bad {number}") for number in range(count)]


def says(request: Request, *, wrong: bool = False, delay: float = 0.0) -> Reply:
    """The verdict of a model that finds the good response, or the other."""
    text = request.messages[-1]["content"]
    first = text.index("good ") < text.index("bad ")
    return Reply("[[A]]" if first != wrong else "[[B]]", delay_s=delay)


def by_model(request: Request) -> Reply:
    """The model called bad prefers the loser, all others the winner; both write the criteria they are asked for."""
    if "Write three to five criteria" in str(request.messages):
        return Reply("It says so itself.")
    return says(request, wrong=request.body["model"] == "bad")


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """Two models on sixty pairs, good.yaml and bad.yaml."""
    write_records("data/Pairwise_set/Helpfulness/Chat.json", good_pairs())
    with FakeApi(by_model) as asked:
        for name in ("good", "bad"):
            write_card(Path(f"{name}.yaml"), asked)
        yield asked


ON_PAIRS = ("--data", "data", "--orders", "single", "--out", "study")
TWO = ("--template", "pairwise_v1,pairwise_v2", "--judge", "good.yaml")


def test_ctrl_c_leaves_all_cells_with_the_same_items(tmp_path: Path) -> None:
    """Exit code 130 and a whole folder; no cell is far ahead; the command that was printed asks the rest."""
    write_records("data/Pairwise_set/Helpfulness/Chat.json", good_pairs())
    with FakeApi(partial(says, delay=0.05)) as slow:
        for name in ("good", "other"):
            write_card(Path(f"{name}.yaml"), slow, at_once=2)
        words = [*ON_PAIRS, "--template", "pairwise_v1,pairwise_v2", "--judge", "good.yaml,other.yaml", "-y"]
        ended = after(start(tmp_path, *words), slow, 80, signal.SIGINT)
        assert ended.code == 130
        assert "Traceback" not in ended.err
        found, study = read("study/results.json"), read("study/study.json")
        assert study["ended"] == "interrupted"
        items = [line["items"] for line in found["leaderboard"]]
        assert len(items) == 4
        assert max(items) - min(items) <= 6
        assert 10 <= found["conversations"]["reached"] <= min(items)
        command = shlex.split(ended.err.splitlines()[-1].partition("to resume: ")[2])
        assert command[:4] == ["python", *COMMAND]
        again = finish(start(tmp_path, *command[4:]))
        assert again.code == 0
        assert {line["items"] for line in read("study/results.json")["leaderboard"]} == {PAIRS}
        assert len(bodies(slow)) == 4 * PAIRS
        assert len(slow.requests) - 4 * PAIRS <= 4


# Stopping what is clearly worse.


def test_a_cell_that_is_clearly_worse_is_stopped(rmb: Rmb, api: FakeApi) -> None:
    """The saving is what was not asked; the table says that the cell was stopped; that is no failure."""
    ended = rmb("ablate", *ON_PAIRS, "--judge", "good.yaml,bad.yaml", "--adaptive", "--yes")
    assert ended.code == 0
    found = read("study/results.json")
    saved = found["adaptive"]["saved"]
    assert saved["questions"] == 2 * PAIRS - len(api.requests) > 0
    assert saved["share"] == pytest.approx(saved["questions"] / (2 * PAIRS))
    assert saved["usd"] > 0
    best, worst = found["leaderboard"]
    assert (best["cell"], best["stopped"], worst["cell"]) == ("good", None, "bad")
    assert 20 <= worst["stopped"]["after"] < PAIRS
    assert worst["against_baseline"]["p_holm"] is None
    assert worst["against_baseline"]["finding"] == "stopped"
    assert "stopped" in ended.out
    assert f"Stopped cells left {saved['questions']} questions unasked" in ended.out


def test_the_baseline_is_never_stopped(rmb: Rmb, api: FakeApi) -> None:
    """Others are compared with it, so it is asked to the end however bad it is."""
    words = ("--judge", "good.yaml,bad.yaml", "--adaptive", "--baseline", "judge=bad.yaml", "--yes")
    assert rmb("ablate", *ON_PAIRS, *words).code == 0
    assert len(api.requests) == 2 * PAIRS
    assert read("study/results.json")["adaptive"]["saved"] == {"questions": 0, "share": 0.0, "usd": 0.0}


# A dry run, and consent.


def needed(out: str) -> dict[str, list[str]]:
    """The figures of a table of needs, by cell."""
    rows = (line.split("  ") for line in out.splitlines())
    told = {row[0].strip(): [word.strip() for word in row[1:] if word.strip()] for row in rows if row[0]}
    return {name: row for name, row in told.items() if len(row) == 7 and name != "cell"}


def test_a_dry_run_asks_nothing_and_counts_each_question_once(rmb: Rmb, api: FakeApi) -> None:
    """Both orders have the questions of the single one; the second cell has nothing more to ask."""
    words = ("ablate", "--data", "data", "--judge", "good.yaml", "--orders", "single,both")
    ended = rmb(*words, "--dry-run", "--out", "study")
    said = needed(ended.out)
    assert (ended.code, api.requests, Path("study").exists()) == (0, [], False)
    assert said["single"][:4] == ["60", "0", "0", "60"]
    assert said["both"][:4] == ["120", "0", "60", "60"]
    assert said["all together"][:4] == ["180", "0", "60", "120"]
    rmb("ablate", "--data", "data", "--judge", "good.yaml", "--orders", "single", "--yes", "--out", "one")
    said = needed(rmb(*words, "--dry-run").out)
    assert said["single"][:4] == ["60", "60", "0", "0"]
    assert said["both"][:4] == ["120", "60", "0", "60"]
    assert len(api.requests) == 60


def test_a_dry_run_has_the_price_of_the_card(rmb: Rmb, api: FakeApi) -> None:
    """A dollar for a token: dollars are the tokens."""
    write_card(Path("dear.yaml"), api, price=1e6)
    row = needed(rmb("ablate", "--data", "data", "--judge", "dear.yaml", "--dry-run").out)["dear"]
    prompt, reply = (int(each.replace(",", "")) for each in row[4:6])
    assert row[6] == f"{prompt:,}.00 to {prompt + reply:,}.00"
    assert api.requests == []


def test_what_is_written_first_is_counted_and_asked(rmb: Rmb, api: FakeApi) -> None:
    """Criteria for the query: one more question for each conversation, shared by both styles."""
    words = ("ablate", *ON_PAIRS, "--judge", "good.yaml", "--criteria", "query,none", "--style",
             "verdict_only,explain_first")  # fmt: skip
    said = needed(rmb(*words, "--dry-run").out)
    assert said["query + verdict_only"][:4] == ["120", "0", "0", "120"]
    assert said["query + explain_first"][:4] == ["120", "0", "60", "60"]
    assert said["none + verdict_only"][:4] == ["60", "0", "0", "60"]
    assert api.requests == []
    assert rmb(*words, "--yes").code == 0
    assert len(api.requests) == len(bodies(api)) == 300
    assert needed(rmb(*words, "--dry-run").out)["all together"][3] == "0"


def test_without_a_yes_nothing_is_asked(rmb: Rmb, api: FakeApi) -> None:
    """Nobody can be asked: exit code 2, what it takes, and one line that names --yes; no folder."""
    ended = rmb("ablate", *ON_PAIRS, *TWO, "-q")
    assert (ended.code, api.requests, Path("study").exists()) == (2, [], False)
    last = "rmb: 120 questions are to be asked; say --yes to ask them (--dry-run shows what it takes)"
    assert ended.err.splitlines()[-1] == last


@pytest.mark.parametrize(("said", "code", "asked"), [("n", 130, 0), ("y", 0, 120)])
def test_somebody_at_a_terminal_is_asked(
    tmp_path: Path, api: FakeApi, said: str, code: int, asked: int
) -> None:
    """A no asks nothing and leaves no folder; a yes asks."""
    ours, theirs = pty.openpty()
    process = start(tmp_path, *ON_PAIRS, *TWO, stdin=theirs)
    os.write(ours, f"{said}\n".encode())
    ended = finish(process)
    os.close(ours)
    os.close(theirs)
    assert "Ask 120 questions?" in ended.err
    assert (ended.code, len(api.requests), Path("study").exists()) == (code, asked, said == "y")


def test_nothing_left_to_ask_needs_no_yes(rmb: Rmb, api: FakeApi) -> None:
    """All is in the store: no question, no call."""
    assert rmb("ablate", *ON_PAIRS, *TWO, "--yes").code == 0
    assert rmb("ablate", *ON_PAIRS, *TWO).code == 0
    assert len(api.requests) == 120


# The study file.

WRONG = {
    "templat: [pairwise_v1]": "no key of a study (in study.yaml) 'templat'; did you mean template",
    "template: [pairwise_v11]": "no template 'pairwise_v11'; did you mean pairwise_v1 ",
    "criteria: helpfulnes": "no criteria 'helpfulnes'; did you mean helpfulness?",
    "style: [verdict_onlly]": "no style 'verdict_onlly'; did you mean verdict_only?",
    "judge: [embeded]": "no judge 'embeded'; did you mean embedded?",
    "baseline: {orders: single}": "no level of orders 'single'; there are: both",
    "baseline: {ordrs: both}": "no axis of the study 'ordrs'; did you mean orders?",
    "template: []": "study.yaml: template: ",
    "judge: []": "study.yaml: judge: ",
    "orders: []": "study.yaml: orders: ",
    "template: {a: b}": "study.yaml: template.0: ",
    "limit: many": "study.yaml: limit: ",
    "samples: 0": "study.yaml: samples.0: ",
    "orders: sideways": "study.yaml: orders.0: ",
    "tie: 7": "study.yaml: tie: ",
    "error_rate: 0": "study.yaml: error_rate: ",
    "scenario: Nope": "no scenario 'Nope'",
    "data: ./nowhere": "no data at nowhere",
    "template: [a": "study.yaml: while parsing",
    "- a": "study.yaml: no study; it holds keys such as",
    "template: [./a/mine.jinja, ./b/mine.jinja]": "go by one name; rename a file",
}


@pytest.mark.parametrize(("text", "told"), WRONG.items())
def test_a_wrong_study_is_refused_before_any_call(rmb: Rmb, api: FakeApi, text: str, told: str) -> None:
    """Exit code 2 and one line that names what is wrong, with the nearest names; no folder, no request."""
    source = (CHECKOUT / "prompts/pairwise_v1.jinja").read_text(encoding="utf-8")
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "mine.jinja").write_text(source, encoding="utf-8")
    judge = "" if "judge" in text or text.startswith("- ") else "judge: ./good.yaml\n"
    Path("study.yaml").write_text(f"{judge}{text}\n", encoding="utf-8")
    ended = rmb("ablate", "study.yaml", "--yes", "--out", "study")
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
    assert ended.err.startswith("rmb: ")
    assert told in ended.err
    assert (api.requests, Path("study").exists()) == ([], False)


STUDY = """\
description: All keys.
template: [pairwise_v1, ./prompts/mine.jinja]
criteria: none
style: [verdict_only]
orders: both
samples: 1
judge: [./good.yaml, ./bad.yaml]
vote: mean
baseline: {template: pairwise_v1, judge: ./bad.yaml}
adaptive: false
error_rate: 0.1
data: ./data
set: pairwise
scenario: Chat
limit: 10
seed: 3
temperature: 0.5
max_tokens: 9
tie: 0.5
failure: chance
credit: consistent
average: macro
"""


def test_a_study_file_has_all_keys_and_options_go_before_it(rmb: Rmb, api: FakeApi) -> None:
    """Paths in it are beside it, wherever the command is typed; an option takes the place of a key."""
    Path("prompts").mkdir()
    source = (CHECKOUT / "prompts/pairwise_v1.jinja").read_text(encoding="utf-8")
    Path("prompts/mine.jinja").write_text(source.replace("Decide", "Tell"), encoding="utf-8")
    Path("study.yaml").write_text(STUDY, encoding="utf-8")
    Path("below").mkdir()
    os.chdir("below")
    assert rmb("ablate", "../study.yaml", "--yes", "--out", "study").code == 0
    found = read("study/results.json")
    assert len(api.requests) == 80
    assert found["baseline"] == "pairwise_v1 + bad"
    assert sorted(line["cell"] for line in found["leaderboard"]) == [
        "mine + bad", "mine + good", "pairwise_v1 + bad", "pairwise_v1 + good",
    ]  # fmt: skip
    assert {(one.body["temperature"], one.body["max_tokens"]) for one in api.requests} == {(0.5, 9)}
    told = found["convention"]
    assert (told["tie"], told["judge_failure"], told["credit_of_orders"], told["average"], told["seed"]) == (
        0.5, "chance", "consistent", "macro", 3,
    )  # fmt: skip
    options = ("--limit", "5", "--judge", "../good.yaml", "--baseline", "template=pairwise_v1", "--tie", "0")
    ended = rmb("ablate", "../study.yaml", *options, "--yes", "--out", "other", "--json")
    assert json.loads(ended.out) == read("other/results.json")
    again = read("other/results.json")
    assert [line["items"] for line in again["leaderboard"]] == [5, 5]
    assert again["convention"]["tie"] == 0
    assert again["counts"] == {"asked": 0, "from_store": 20}


# Samples.


class TwoOfThree:
    """A judge that is wrong whenever it is asked something for the first time, and right after that."""

    def __init__(self) -> None:
        """Nothing asked yet."""
        self.asked: Counter[str] = Counter()

    def __call__(self, request: Request) -> Reply:
        """The verdict."""
        text = str(request.messages)
        self.asked[text] += 1
        return says(request, wrong=self.asked[text] == 1)


@pytest.mark.parametrize(("vote", "value"), [("majority", 1.0), ("mean", 1.0), ("each", 2 / 3)])
def test_samples_share_answers_and_vote(rmb: Rmb, vote: str, value: float) -> None:
    """One sample and three: the first is asked once for both; right two times of three is right by vote."""
    write_records("data/Pairwise_set/Helpfulness/Chat.json", good_pairs(20))
    with FakeApi(TwoOfThree()) as moody:
        # One at a time, so that the first sample is the first to arrive.
        write_card(Path("moody.yaml"), moody, at_once=1)
        words = ("--samples", "1,3", "--judge", "moody.yaml", "--vote", vote, "--temperature", "1", "--yes")
        assert rmb("ablate", *ON_PAIRS, *words).code == 0
    assert len(moody.requests) == 60
    lines = {line["cell"]: line for line in read("study/results.json")["leaderboard"]}
    assert lines["1 sample"]["overall"]["value"] == 0.0
    assert lines["3 samples"]["overall"]["value"] == pytest.approx(value)


# Judges that cannot be asked, and judges without a prompt.


@pytest.mark.usefixtures("api")
def test_a_refused_judge_leaves_the_others_whole(rmb: Rmb, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad key: its cells say so, the other judge's are complete; exit code 3."""
    monkeypatch.setenv("BAD_KEY", "sk-wrong")
    with FakeApi(Reply(status=401)) as closed:
        write_card(Path("closed.yaml"), closed, key="BAD_KEY", at_once=1)
        ended = rmb("ablate", *ON_PAIRS, "--template", "pairwise_v1,pairwise_v2",
                    "--judge", "closed.yaml,good.yaml", "--yes")  # fmt: skip
    assert ended.code == 3
    assert len(closed.requests) == 1
    lines = {line["cell"]: line for line in read("study/results.json")["leaderboard"]}
    for template in ("pairwise_v1", "pairwise_v2"):
        assert "key" in lines[f"{template} + closed"]["error"]
        assert lines[f"{template} + closed"]["overall"] is None
        assert (lines[f"{template} + good"]["coverage"], lines[f"{template} + good"]["error"]) == (1.0, None)
    assert "key" in read("study/study.json")["ended"]
    assert "sk-wrong" not in ended.err + ended.out


def test_judges_without_a_prompt_have_one_cell_each(rmb: Rmb, api: FakeApi) -> None:
    """Beside four prompts of a model, the longest and the oracle: six cells, and effects of the prompted ones."""
    words = ("--template", "pairwise_v1,pairwise_v2", "--style", "verdict_only,explain_first")
    ended = rmb("ablate", *ON_PAIRS, *words, "--judge", "good.yaml,longest,oracle", "--yes")
    assert ended.code == 0
    found = read("study/results.json")
    names = {line["cell"] for line in found["leaderboard"]}
    assert len(names) == 6
    assert {"longest", "oracle"} < names
    assert len(api.requests) == 4 * PAIRS
    assert levels(found, "template")["pairwise_v2"]["finding"] == "identical"


# Odd studies.


@pytest.mark.parametrize(
    "words",
    [
        ("--judge", "good.yaml"),
        ("--judge", "good.yaml", "--limit", "1"),
        ("--judge", "good.yaml,bad.yaml", "--limit", "1", "--adaptive"),
        ("--judge", "longest"),
        ("--judge", "good.yaml", "--set", "pairwise", "--samples", "2", "--limit", "2"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("api")
def test_small_studies_are_studies(rmb: Rmb, words: Sequence[str]) -> None:
    """One cell, one item, no model: tables, a folder, exit code 0."""
    ended = rmb("ablate", *ON_PAIRS, *words, "--yes")
    assert ended.code == 0
    assert "Cells" in ended.out
    assert read("study/study.json")["ended"] == "complete"


def test_names_in_any_script_are_names(rmb: Rmb, api: FakeApi) -> None:
    """A judge's card and a template by letters that are not ASCII."""
    Path("richterin-gründlich.yaml").write_text(
        Path("good.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    source = (CHECKOUT / "prompts/pairwise_v1.jinja").read_text(encoding="utf-8")
    Path("问题.jinja").write_text(source, encoding="utf-8")
    words = ("--template", "问题.jinja,pairwise_v1", "--judge", "richterin-gründlich.yaml", "--limit", "3")
    assert rmb("ablate", *ON_PAIRS, *words, "--yes").code == 0
    assert {line["cell"] for line in read("study/results.json")["leaderboard"]} == {"问题", "pairwise_v1"}
    assert len(api.requests) == 3
    assert read("study/results.json")["same_questions"] == [["问题", "pairwise_v1"]]


def test_another_sort_of_folder_is_not_written_over(rmb: Rmb, api: FakeApi) -> None:
    """A run's folder, or a stranger's: refused before any call."""
    assert rmb("judge", "--judge", "longest", "--data", "data", "--out", "study", "-q").code == 0
    ended = rmb("ablate", *ON_PAIRS, "--judge", "good.yaml", "--yes", "-q")
    assert ended.code == 2
    assert "so it is no study folder; name another with --out" in ended.err
    assert api.requests == []


def test_another_study_has_a_folder_of_its_own(rmb: Rmb, api: FakeApi) -> None:
    """Cells of two studies in one folder would pass for one: refused before any call; the same study may go on."""
    assert rmb("ablate", *ON_PAIRS, *TWO, "--yes").code == 0
    ended = rmb("ablate", *ON_PAIRS, *TWO, "--style", "explain_first,json", "--yes", "-q")
    assert ended.code == 2
    assert ended.err.startswith(
        "rmb: study holds another study, with the cell '000-pairwise_v1'; name another "
    )
    assert len(api.requests) == 120
    assert rmb("ablate", *ON_PAIRS, *TWO, "--limit", "5", "--yes").code == 0
