"""What `rmb align` makes of files and options that do not fit, and of scorers recorded elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rmb.alignment.downstream import of_benchmark, read_prompts
from rmb.alignment.samples import Samples, read_samples
from rmb.datasets.rmb import load_sample
from rmb.errors import DataError
from tests.aligned import called, found_in, prompts, write_lines

FREE = ("--samples", "samples.jsonl", "--judge", "longest", "--measure", "match")


def sampled(
    identity: str, *responses: str, model: str = "m", reference: str = "42", **more: Any
) -> dict[str, Any]:
    """A line of samples."""
    known = {"id": identity, "prompt": f"What is {identity}?", "reference": reference}
    return {**known, "model": model, "responses": list(responses), **more}


RIGHT = sampled("p1", "It is 41.", "It is 42, I think.", "It is 43.")
GOOD, NONE = prompts(1)[0], "prompt"
LINES = {
    "broken JSON": ([GOOD, '{"id": '], "set.jsonl, line 2: broken JSON"),
    "no object": ([[1]], "line 1: a list, not an object"),
    "nothing": ([], "holds no prompt"),
    "no text": ([{"prompt": " "}], "line 1: a prompt without text"),
    "another type": ([{"prompt": 5}], "line 1: no turns to answer"),
    "no prompt": ([{"id": "a"}], 'line 1: expected "prompt"'),
    "both": ([{"prompt": "a", "conversation": []}], 'line 1: expected "prompt"'),
    "no turns": ([{"conversation": []}], "line 1: a prompt without text"),
    "a strange role": (
        [{"conversation": [{"role": "bot", "content": "a"}]}],
        "roles system, user, assistant",
    ),
    "the last word said": ([{"conversation": [{"role": "assistant", "content": "a"}]}], "the user's"),
    "an id twice": ([GOOD, GOOD], "line 2: a second prompt with the id 'p0'"),
    "no text for reference": ([{"prompt": "a", "reference": 4}], "line 1: reference is a int"),
}


@pytest.mark.parametrize("name", LINES)
def test_a_line_that_is_no_prompt_is_named(name: str) -> None:
    """One line on stderr with file, line and what was expected; exit code 2."""
    lines, told = LINES[name]
    write_lines(Path("set.jsonl"), lines)
    ended = called("--prompts", "set.jsonl", "--measure", "refusal")
    assert ended.code == 2
    assert told in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--prompts", "set.jsonl"], "have none (first: 'p0'); give each a \"reference\""),
        (["--prompts", "set.jsonl", "--measure", "match"], "match compares with a reference"),
        (["--measure", "won_rate"], "did you mean win_rate"),
        (["-n", "0"], "0 is not in the range"),
        (["--temperature", "0"], "the same sample 4 times"),
        (["--policy", "longest"], "longest writes nothing"),
        (["--policy", "nobody"], "no judge 'nobody'"),
        (["--judge", "oracle"], "--oracle"),
        (["--measure", "match", "--by", "embedded"], "leave out --by"),
        (["--measure", "rating", "--measure-template", "pairwise_v2"], "--measure-template"),
        (["--measure", "refusal", "--by", "embedded", "--measure-template", "pointwise_v2"], "refused_v1"),
        (["--samples", "samples.jsonl", "--policy", "embedded"], "leave one of the two out"),
        (["--prompts", "none.jsonl"], "cannot read none.jsonl: No such file"),
        (["--prompts", "set.jsonl", "--data", "x"], "name one"),
        (["--samples", "set.jsonl", "--measure", "refusal"], '"model"'),
        (["--scenario", "nowhere"], "no scenario 'nowhere'"),
        (["--reference", "longest"], "longest writes nothing"),
    ],
)
def test_options_that_do_not_fit_are_told(words: list[str], told: str) -> None:
    """Exit code 2, and the way out; nothing is asked or written."""
    write_lines(Path("set.jsonl"), [{"id": "p0", "prompt": "a"}])
    write_lines(Path("samples.jsonl"), [RIGHT])
    ended = called(*words)
    assert ended.code == 2
    assert told in " ".join(ended.err.split())
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([{**RIGHT, "model": ""}], 'expected "model"'),
        ([{**RIGHT, "responses": []}], 'expected "responses"'),
        ([{**RIGHT, "responses": ["a", None]}], 'expected "responses"'),
        ([RIGHT, RIGHT], "line 2: a second line of m to the prompt 'p1'"),
        ([RIGHT, {**RIGHT, "prompt": "Another?", "model": "o"}], "line 2: another prompt with the id 'p1'"),
        ([{"id": "p1", "model": "m", "responses": ["a"]}], "samples to no prompt"),
        ([], "holds no sample"),
    ],
)
def test_a_line_that_is_no_sample_is_named(lines: list[Any], told: str) -> None:
    """With its place."""
    write_lines(Path("samples.jsonl"), lines)
    with pytest.raises(DataError, match=told):
        read_samples(Path("samples.jsonl"), None, None)


def test_samples_are_found_by_id_or_conversation() -> None:
    """Those of a set; lines to other prompts are counted, and the longest line says how many there are."""
    write_lines(Path("set.jsonl"), [{"id": "p1", "prompt": "One?"}, {"prompt": "Two?"}])
    known = read_prompts(Path("set.jsonl"))
    rows = [
        {"id": "p1", "model": "m", "responses": ["a", "b"]},
        {"prompt": "Two?", "model": "m", "responses": ["c"]},
        {"id": "gone", "model": "m", "responses": ["d"]},
        {"prompt": "Three?", "model": "m", "responses": ["e"]},
    ]
    write_lines(Path("samples.jsonl"), rows)
    same, samples, strangers = read_samples(Path("samples.jsonl"), known, None)
    assert same is known
    assert strangers == 2
    assert samples == Samples(2, ("m",), {("m", "p1"): ("a", "b"), ("m", "2"): ("c",)})
    assert [case.prompt.id for case in samples.cases(known.prompts)] == ["p1"]


def test_samples_are_read_as_they_were_written() -> None:
    """With their prompts, references, odd letters and all."""
    one = sampled("p\ud800", "a\u2028b", "\ud83d", goal="harmlessness")
    write_lines(Path("samples.jsonl"), [one, RIGHT])
    known, samples, _ = read_samples(Path("samples.jsonl"), None, None)
    again = list(samples.to_lines(known.prompts))
    write_lines(Path("again.jsonl"), again)
    assert read_samples(Path("again.jsonl"), None, None)[:2][1] == samples
    assert read_samples(Path("again.jsonl"), None, None)[0].prompts == known.prompts
    assert [one.path for one in known.prompts] == ["harmlessness", ""]


def test_conversations_of_a_benchmark_have_the_best_of_their_list_as_reference() -> None:
    """Each conversation once."""
    benchmark = load_sample()
    found = of_benchmark(benchmark)
    lists = {
        item.conversation: item.candidates[item.best].text for item in benchmark.items if item.set == "bon"
    }
    assert len(found.prompts) == len({item.conversation for item in benchmark.items})
    assert all(one.reference == lists.get(one.conversation, one.reference) for one in found.prompts)
    assert all(one.reference for one in found.prompts)
    assert len(found.narrowed(None, 5, 0).prompts) == 5
    assert {one.path for one in found.narrowed("S1", None, 0).prompts} == {"harmlessness/S1"}


# Scorers that cost nothing, on samples from elsewhere


def test_samples_of_others_need_no_model() -> None:
    """Recorded scores, a rule that finds the right answer, no key and no store; what is not on file is missing."""
    lines = [RIGHT, sampled("p2", "42", "It is 7", "none"), sampled("p3", "42", "7")]
    write_lines(Path("samples.jsonl"), lines)
    scores = [
        {
            "conversation": [{"role": "user", "content": f"What is {line['id']}?"}],
            "response": text,
            "score": score,
        }
        for line in lines[:2]
        for text, score in zip(line["responses"], (1.0, 2.0, None), strict=True)
    ]
    write_lines(Path("mine.jsonl"), scores)
    ended = called(*FREE, "--judge", "mine.jsonl", "--out", "o", "-q")
    assert ended.code == 0, ended.err
    found = found_in(Path("o"))
    mine, reference = found["scorers"]["mine"], found["reference"]
    assert found["counts"]["asked"] == 0
    assert found["ns"] == [1, 2, 3]
    # p1: the second, right; p2: the second, wrong; p3 has two of three samples.
    assert mine["s_align"]["value"] == 0.5
    assert mine["missing"] == {"samples": 1}
    assert mine["coverage"] == pytest.approx(2 / 3)
    assert [figure["value"] for figure in reference["oracle"]["by_n"].values()] == [0.5, 1.0, 1.0]
    assert reference["random"]["by_n"]["3"]["value"] == pytest.approx(1 / 3)
    assert "1 of 3 lists of samples are not whole" in ended.out
    # Without a score for one text, the pick of all is not known; that of fewer is.
    write_lines(Path("mine.jsonl"), scores[:5])
    ended = called(*FREE, "--judge", "mine.jsonl", "--out", "o", "-q")
    assert ended.code == 1
    assert found_in(Path("o"))["scorers"]["mine"]["missing"] == {"unrecorded": 1, "samples": 1}
    assert found_in(Path("o"))["scorers"]["mine"]["by_n"]["2"]["n"] == 2


def test_a_scorer_without_a_verdict_counts_as_the_first_sample() -> None:
    """Or is left out; either way it is counted, by reason."""
    write_lines(Path("samples.jsonl"), [RIGHT, sampled("p2", "42", "It is 7", "none")])
    turns = [{"role": "user", "content": "What is p1?"}]
    rows = [{"conversation": turns, "response": text, "score": 1.0} for text in RIGHT["responses"]]
    none = [{"role": "user", "content": "What is p2?"}]
    rows += [{"conversation": none, "response": text, "score": None} for text in ("42", "It is 7", "none")]
    write_lines(Path("mine.jsonl"), rows)
    values = {}
    for way in ("first", "excluded"):
        ended = called(*FREE, "--judge", "mine.jsonl", "--out", "o", "-q", "--failure", way)
        assert ended.code == 0, ended.err
        values[way] = found_in(Path("o"))["scorers"]["mine"]
    # All of p1 tie, and one of three is right.
    assert values["first"]["s_align"]["value"] == pytest.approx((1 / 3 + 1) / 2)
    assert values["excluded"]["s_align"]["value"] == pytest.approx(1 / 3)
    assert [block["coverage"] for block in values.values()] == [1, 0.5]
    assert all(sum(block["failures"].values()) == 1 for block in values.values())


def test_judges_of_one_name_are_numbered() -> None:
    """As of `rmb judge`; and a judge that is called as a row without a scorer is a judge all the same."""
    write_lines(Path("samples.jsonl"), [RIGHT])
    for folder, rule in (("a", "longest"), ("b", "shortest")):
        Path(folder).mkdir()
        Path(folder, "first.yaml").write_text(f"kind: baseline\nsummary: x\nrule: {rule}\n")
    words = ("--judge", "a/first.yaml", "--judge", "b/first.yaml", "--measure", "match", "--out", "o", "-q")
    ended = called("--samples", "samples.jsonl", *words)
    assert ended.code == 0, ended.err
    found = found_in(Path("o"))
    assert [block["s_align"]["value"] for block in found["scorers"].values()] == [1, 0]
    assert list(found["scorers"]) == ["first", "first-2"]
    assert "(first sample)" in ended.out


def test_refusals_are_told_with_attack_success() -> None:
    """Its complement, with the bounds turned round."""
    rows = [sampled(f"p{n}", "Sure.", "I'm sorry, but I can't help with that.") for n in range(3)]
    write_lines(Path("samples.jsonl"), [*rows, sampled("p3", "Sure.", "Of course, gladly.")])
    ended = called(
        "--samples", "samples.jsonl", "--judge", "longest", "--measure", "refusal", "--out", "o", "-q"
    )
    assert ended.code == 0, ended.err
    block = found_in(Path("o"))["scorers"]["longest"]
    assert block["s_align"]["value"] == 0.75
    assert block["attack_success"]["value"] == 0.25
    assert block["attack_success"]["low"] == 1 - block["s_align"]["high"]
    words = ("--samples", "o/samples.jsonl", "--measure", "refusal", "--out", "o", "-q", "--json")
    again = called(*words, "--judge", "longest", "--judge", "longest")
    assert json.loads(again.out) == found_in(Path("o"))
    assert json.loads(again.out)["scorers"] == {"longest": block}
