"""Reading verdicts: what a reply says, and why it says nothing."""

from __future__ import annotations

import math
import re
from typing import Literal

import pydantic
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rmb import content
from rmb.records import JUDGE_FAILURES, Answer, Failure, Scores, Token
from rmb.templates import Template
from rmb.verdicts import VerdictRule, read

SHIPPED = {name: Template.load(name).verdict.of(2) for name in content.names("prompts")}
LABELLED = [name for name, rule in SHIPPED.items() if not rule.responses]
TEXT = {"read": "last_match"}
PAIRWISE = SHIPPED["pairwise_v2"]  # [[A]] or [[B]], in the text
RATING = SHIPPED["pointwise_v1"]  # [[1]] to [[10]], in the text
LETTER = SHIPPED["pairwise_logprob_v1"]  # A or B, from log-probabilities
YES = SHIPPED["pointwise_yes_v1"]  # Yes or No, from log-probabilities
MARKED = PAIRWISE.model_copy(update={"read": "logprob"})  # [[A]] or [[B]], from log-probabilities
READ_AS_TEXT = [rule.model_copy(update=TEXT) for rule in SHIPPED.values()]
RULES = [*SHIPPED.values(), *READ_AS_TEXT, MARKED]

A, B = (1.0, 0.0), (0.0, 1.0)

pieces = st.sampled_from([*"AB[]/.-8 ", "[[", "]]", "[[A]]", "Yes", "no", "<think>", "</think>", "10", "\n"])
replies = st.text() | st.lists(pieces).map("".join)
logs = st.floats(-30, 0)
alternatives = st.dictionaries(
    st.sampled_from(["A", " A", "B", "Yes", "No", "x"]) | st.text(), logs, max_size=6
)
generated = st.lists(st.builds(Token, pieces | st.text(), alternatives), max_size=8).map(tuple)


def says(rule: VerdictRule, text: str | None, finish: str = "stop") -> tuple[float, ...] | str:
    """The scores that the rule reads in a text, or the reason of the failure."""
    return plainly(read(rule, Answer(text=text, finish_reason=finish)))


def plainly(verdict: Scores | Failure) -> tuple[float, ...] | str:
    """Scores as a tuple, a failure as its reason."""
    return verdict.reason if isinstance(verdict, Failure) else verdict.values


def reply(*tokens: str | tuple[str, dict[str, float]], finish: str = "stop") -> Answer:
    """An answer made of tokens; of some, the probabilities of what could have stood there."""
    pairs = [(token, {}) if isinstance(token, str) else token for token in tokens]
    made = tuple(Token(text, {word: math.log(p) for word, p in given.items()}) for text, given in pairs)
    return Answer(text="".join(token.text for token in made), tokens=made, finish_reason=finish)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[[A]]", A, id="marker alone"),
        pytest.param("[[B]]", B, id="the other marker"),
        pytest.param("A is fine, B is better.\n\n[[B]]", B, id="explained first"),
        pytest.param("[[A]], since B is wrong.", A, id="explained after"),
        pytest.param("[[A]] as I said: [[A]]", A, id="same marker twice"),
        pytest.param("[[A]] or rather [[B]]", "contradiction", id="both markers"),
        pytest.param("Choose [[A]] or [[B]]. [[B]]", "contradiction", id="instruction echoed"),
        pytest.param("[[a]]", A, id="lower case"),
        pytest.param("[[A]] [[a]]", A, id="both cases of one label"),
        pytest.param("[[ B ]]", B, id="spaces inside"),
        pytest.param("[[\nB\n]]", B, id="line breaks inside"),
        pytest.param("**[[A]]**", A, id="bold"),
        pytest.param("## Verdict\n> `[[B]]`", B, id="heading, quote and code"),
        pytest.param("```\n[[A]]\n```", A, id="code block"),
        pytest.param("[[A]].", A, id="full stop"),
        pytest.param("[[[A]]]", A, id="a bracket too many"),
        pytest.param("我认为回答B更好，因此选择[[B]]。", B, id="Chinese around"),
        pytest.param("最终判断：【[[A]]】", A, id="Chinese brackets around"),
        pytest.param("\ud83d [[A]] \x00", A, id="half characters around"),
        pytest.param("[[C]]", "parse", id="no such label"),
        pytest.param("[[A/B]]", "parse", id="two labels in one marker"),
        pytest.param("[[AB]]", "parse", id="label too long"),
        pytest.param("[[А]]", "parse", id="Cyrillic look-alike"),
        pytest.param("[[**A**]]", A, id="bold inside"),
        pytest.param("[A]", "parse", id="single brackets"),
        pytest.param("[[A]", "parse", id="half closed"),
        pytest.param("A", "parse", id="bare letter"),
        pytest.param("Response A is better.", "parse", id="prose only"),
        pytest.param("[[Tie]]", "parse", id="tie not offered"),
        pytest.param("I cannot help with that.", "parse", id="refusal in prose"),
        pytest.param("", "empty", id="empty"),
        pytest.param(None, "empty", id="no text at all"),
        pytest.param(" \n\t ", "empty", id="whitespace"),
    ],
)
def test_the_marker_of_a_pairwise_verdict(text: str | None, expected: tuple[float, ...] | str) -> None:
    """A pairwise reply prefers the response whose marker it holds, wherever that stands; two are none."""
    assert says(PAIRWISE, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("<think>[[A]] at first</think>[[B]]", B, id="thinking left out"),
        pytest.param("<think>\n[[A]]\n[[B]]\n</think>\n\n[[A]]", A, id="both weighed while thinking"),
        pytest.param("<think>x</think>[[A]]<think>[[B]]</think>", A, id="thinks twice"),
        pytest.param("<think>[[A]]</think>", "empty", id="nothing but thinking"),
        pytest.param("<think>[[A]]</think> Hm.", "parse", id="marker in the thinking only"),
        pytest.param("<think>surely [[A]], but", "empty", id="thinking never closed"),
        pytest.param("[[B]]<think>[[A]]", B, id="verdict, then thinking never closed"),
        pytest.param("<think></think>[[A]]", A, id="no thoughts"),
    ],
)
def test_what_is_only_thought_is_no_verdict(text: str, expected: tuple[float, ...] | str) -> None:
    """Markers between <think> and </think>, or after a <think> that is never closed, do not count."""
    assert says(PAIRWISE, text) == expected


@pytest.mark.parametrize(
    ("text", "finish", "expected"),
    [
        pytest.param("First, A is", "length", "truncated", id="cut off before its verdict"),
        pytest.param("", "length", "truncated", id="cut off before its first word"),
        pytest.param("<think>[[A]] or", "length", "truncated", id="cut off while thinking"),
        pytest.param("[[A]] because it", "length", A, id="cut off after its verdict"),
        pytest.param("[[A", "length", "truncated", id="cut off inside its verdict"),
        pytest.param("I'm sorry.", "refusal", "refusal", id="refused"),
        pytest.param(None, "refusal", "refusal", id="refused without a word"),
        pytest.param(None, "content_filter", "content_filter", id="filtered"),
        pytest.param("[[B]]", "content_filter", B, id="filtered after its verdict"),
        pytest.param(None, "context_length", "context_length", id="prompt too long"),
        pytest.param("Hm.", "stop", "parse", id="ended as it should"),
        pytest.param("Hm.", "tool_calls", "parse", id="a reason that tells nothing"),
        pytest.param("", "stop", "empty", id="ended before it began"),
    ],
)
def test_the_provider_says_why_there_is_no_verdict(
    text: str | None, finish: str, expected: tuple[float, ...] | str
) -> None:
    """The finish reason explains a reply without a verdict, and takes nothing from one with a verdict."""
    assert says(PAIRWISE, text, finish) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[[1]]", 1, id="lowest"),
        pytest.param("[[10]]", 10, id="highest"),
        pytest.param("Clear and correct. Rating: [[ 7 ]]", 7, id="explained, spaces"),
        pytest.param("[[8.5]]", 8.5, id="half a point"),
        pytest.param("[[8/10]]", 8, id="out of ten"),
        pytest.param("[[ 8 / 10 ]]", 8, id="out of ten, spaces"),
        pytest.param("[[8]] [[8.0]] [[8/10]]", 8, id="the same rating in three forms"),
        pytest.param("评分：[[９]]", 9, id="full-width digit, Chinese around"),
        pytest.param("[[07]]", 7, id="leading zero"),
        pytest.param("[[3]] then [[4]]", "contradiction", id="two ratings"),
        pytest.param("[[0]]", "parse", id="below the scale"),
        pytest.param("[[11]]", "parse", id="above the scale"),
        pytest.param("[[-3]]", "parse", id="negative"),
        pytest.param("[[10.1]]", "parse", id="a little above the scale"),
        pytest.param("[[80/100]]", "parse", id="on another scale"),
        pytest.param("[[3]] no, [[30]]", "parse", id="one of two off the scale"),
        pytest.param("[[30]] no, [[3]]", "parse", id="the first of two off the scale"),
        pytest.param(f"[[{'9' * 400}]]", "parse", id="beyond any float"),
        pytest.param("[[1-10]]", "parse", id="a range"),
        pytest.param("[[seven]]", "parse", id="in words"),
        pytest.param("[[NaN]]", "parse", id="no number"),
        pytest.param("[[.5]]", "parse", id="no digit before the point"),
        pytest.param("[[A]]", "parse", id="a letter"),
        pytest.param("8/10", 8, id="a rating and nothing else"),
        pytest.param("I give it 8/10", "parse", id="no marker"),
        pytest.param("<think>[[2]]</think>[[9]]", 9, id="thinking left out"),
        pytest.param("", "empty", id="empty"),
    ],
)
def test_the_rating_of_a_response(text: str, expected: float | str) -> None:
    """A rating is a number on the scale inside the marker; a number off the scale is no verdict."""
    assert says(RATING, text) == (expected if isinstance(expected, str) else (expected,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("A", A, id="the letter"),
        pytest.param("b", B, id="lower case"),
        pytest.param(" B\n", B, id="spaces around"),
        pytest.param("**A**", A, id="bold"),
        pytest.param('"B".', B, id="quoted, full stop"),
        pytest.param("[[A]]", A, id="in brackets"),
        pytest.param("（A）。", A, id="Chinese punctuation"),
        pytest.param("<think>B?</think>\nA", A, id="thinking left out"),
        pytest.param("A, B", "parse", id="both letters"),
        pytest.param("A A", "parse", id="the letter twice"),
        pytest.param("A is better", "parse", id="a sentence"),
        pytest.param("Neither", "parse", id="another word"),
        pytest.param("Apple", "parse", id="a word that begins so"),
        pytest.param("选A", "parse", id="Chinese before"),
        pytest.param("", "empty", id="empty"),
    ],
)
def test_a_bare_letter(text: str, expected: tuple[float, ...] | str) -> None:
    """Where the verdict is a bare letter, the reply is that letter and nothing else that has letters."""
    assert says(LETTER.model_copy(update=TEXT), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Yes", 1, id="yes"),
        pytest.param("NO!", 0, id="capitals"),
        pytest.param("- yes.", 1, id="list item"),
        pytest.param("Yes and no", "parse", id="both words"),
        pytest.param("Yes, it is", "parse", id="a sentence"),
        pytest.param("Not", "parse", id="a word that begins so"),
        pytest.param("是", "parse", id="another language"),
    ],
)
def test_a_bare_word(text: str, expected: float | str) -> None:
    """Where the verdict is Yes or No, the reply is that word and nothing else that has letters."""
    assert says(YES.model_copy(update=TEXT), text) == (expected if isinstance(expected, str) else (expected,))


def test_only_numbers_that_mean_a_degree_are_graded() -> None:
    """Ratings and probabilities can be averaged; a bare preference cannot."""
    assert read(RATING, Answer(text="[[8]]")) == Scores((8.0,), graded=True)
    assert read(PAIRWISE, Answer(text="[[A]]")) == Scores(A, graded=False)
    assert read(LETTER, reply(("A", {"A": 0.5, "B": 0.5}))) == Scores((0.5, 0.5), graded=True)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("[[A]] or [[B]] or [[A]]", "the reply says A and B"),
        ("No\n\nidea  at all", "no verdict in 'No idea at all'"),
        ("x" * 500 + "the end", "no verdict in '…" + "x" * 72 + "the end'"),
    ],
    ids=["contradiction", "on one line", "its end"],
)
def test_a_failure_says_what_it_saw(text: str, detail: str) -> None:
    """The detail of a failure is one short line for a person, with the end of the reply."""
    verdict = read(PAIRWISE, Answer(text=text))
    assert isinstance(verdict, Failure)
    assert verdict.detail == detail


@pytest.mark.parametrize(
    ("rule", "answer", "expected"),
    [
        pytest.param(LETTER, reply(("A", {"A": 0.7, "B": 0.3})), (0.7, 0.3), id="adds up to 1"),
        pytest.param(LETTER, reply(("A", {"A": 0.4, "B": 0.1, "The": 0.5})), (0.8, 0.2), id="other words"),
        pytest.param(LETTER, reply(("A", {"A": 0.3, "B": 0.7})), (0.3, 0.7), id="not the likeliest written"),
        pytest.param(LETTER, reply((" A", {" A": 0.6, "B": 0.2})), (0.75, 0.25), id="space before the label"),
        pytest.param(
            LETTER,
            reply(("A", {"A": 0.2, " A": 0.3, "A\n": 0.1, "B": 0.2})),
            (0.75, 0.25),
            id="spellings summed",
        ),
        pytest.param(LETTER, reply(("A", {"A": 0.8, "x": 0.1})), (8 / 9, 1 / 9), id="unlisted: the floor"),
        pytest.param(
            LETTER, reply(("B", {"B": 0.6, "x": 0.2, "y": 0.15})), (1 / 13, 12 / 13), id="what is left of 1"
        ),
        pytest.param(
            LETTER, reply(("B", {"B": 0.6, "x": 0.2, "y": 0.1})), (1 / 7, 6 / 7), id="lowest is the floor"
        ),
        pytest.param(LETTER, reply(("A", {"A": 0.75, "x": 0.25})), (1, 0), id="nothing left"),
        pytest.param(LETTER, reply("\n", ("A", {"A": 0.7, "B": 0.3})), (0.7, 0.3), id="line break first"),
        pytest.param(LETTER, reply("**", ("A", {"A": 0.7, "B": 0.3}), "**"), (0.7, 0.3), id="bold"),
        pytest.param(
            LETTER, reply(("A", {"A": 0.7, "B": 0.3}), finish="length"), (0.7, 0.3), id="one token only"
        ),
        pytest.param(YES, reply(("Yes", {"Yes": 0.6, "No": 0.2})), (0.75,), id="p(Yes)"),
        pytest.param(YES, reply((" No", {" Yes": 0.1, " No": 0.9})), (0.1,), id="p(Yes) of a No"),
        pytest.param(
            MARKED, reply("[[", ("A", {"A": 0.7, "B": 0.3}), "]]"), (0.7, 0.3), id="inside the marker"
        ),
        pytest.param(
            MARKED,
            reply("So", " [", "[", ("B", {"A": 0.2, "B": 0.8}), "]", "]."),
            (0.2, 0.8),
            id="marker in pieces",
        ),
        pytest.param(
            MARKED, reply("[[", " ", ("A", {"A": 0.7, "B": 0.3}), "]]"), (0.7, 0.3), id="space token"
        ),
        pytest.param(
            MARKED,
            reply(("A", {"A": 0.1, "B": 0.9}), " is bad: [[", ("A", {"A": 0.7, "B": 0.3}), "]]"),
            (0.7, 0.3),
            id="letters outside the marker",
        ),
        pytest.param(
            MARKED,
            reply("[[", ("A", {"A": 0.7, "B": 0.3}), "]] no, [[", ("B", {"A": 0.2, "B": 0.8}), "]]"),
            (0.2, 0.8),
            id="the last marker",
        ),
    ],
)
def test_probabilities_at_the_verdict(rule: VerdictRule, answer: Answer, expected: tuple[float, ...]) -> None:
    """A verdict from log-probabilities is the softmax over the labels at the token where the verdict stands."""
    verdict = read(rule, answer)
    assert isinstance(verdict, Scores)
    assert verdict.values == pytest.approx(expected)


def test_each_label_counts_by_its_probability() -> None:
    """With a label for ties, half of its probability goes to each response."""
    rule = VerdictRule(marker="{}", labels={"A": A, "B": B, "C": (0.5, 0.5)}, read="logprob")
    verdict = read(rule, reply(("A", {"A": 0.5, "B": 0.25, "C": 0.25})))
    assert plainly(verdict) == pytest.approx((0.625, 0.375))


def test_hopeless_alternatives_do_not_underflow() -> None:
    """Log-probabilities as low as providers give them, -9999, still make scores."""
    token = Token("A", {"A": -9000.0, "B": -9999.0})
    assert plainly(read(LETTER, Answer(text="A", tokens=(token,)))) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("rule", "answer", "reason"),
    [
        pytest.param(LETTER, reply(("A", {"x": 0.7, "y": 0.3})), "parse", id="labels absent"),
        pytest.param(LETTER, reply("A"), "parse", id="no alternatives"),
        pytest.param(
            LETTER, reply(("The", {"A": 0.7, "B": 0.3}), " best"), "parse", id="another word written"
        ),
        pytest.param(LETTER, reply(("The", {"A": 0.7}), finish="length"), "truncated", id="cut off"),
        pytest.param(LETTER, reply((" ", {"A": 0.7}), "\n"), "empty", id="whitespace"),
        pytest.param(LETTER, reply(("Sorry", {"A": 0.7}), finish="refusal"), "refusal", id="refused"),
        pytest.param(YES, reply(("Y", {"Y": 0.9}), "es"), "parse", id="label in two tokens"),
        pytest.param(
            MARKED, reply(("[[A", {"[[A": 0.7, "[[B": 0.3}), "]]"), "parse", id="glued to the marker"
        ),
        pytest.param(MARKED, reply(("A", {"A": 0.7, "B": 0.3})), "parse", id="no marker"),
        pytest.param(LETTER, Answer(text="A"), "parse", id="no log-probabilities"),
        pytest.param(LETTER, Answer(), "empty", id="nothing at all"),
        pytest.param(LETTER, Answer(finish_reason="content_filter"), "content_filter", id="filtered"),
    ],
)
def test_no_probabilities_no_verdict(rule: VerdictRule, answer: Answer, reason: str) -> None:
    """Where no label's probability can be had at the verdict, there is a reason and no guess."""
    assert plainly(read(rule, answer)) == reason


@pytest.mark.parametrize(("fallback", "expected"), [("fail", "parse"), ("text", A)])
def test_a_rule_says_what_replaces_log_probabilities(
    fallback: Literal["fail", "text"], expected: tuple[float, ...] | str
) -> None:
    """A reply without log-probabilities is a failure, or is read as text if the rule allows that."""
    assert says(LETTER.model_copy(update={"fallback": fallback}), "A") == expected


@pytest.mark.parametrize("finish", ["refusal", "length", "content_filter"])
def test_the_finish_reason_goes_before_missing_log_probabilities(finish: str) -> None:
    """A reply that has no verdict because it was refused or cut off says so, with or without tokens."""
    assert says(LETTER, "I am afraid", finish) == says(PAIRWISE, "I am afraid", finish)


@settings(deadline=None)
@given(st.sampled_from(RULES), replies, st.sampled_from([None, "stop", "length", "refusal", "odd"]))
def test_any_text_is_a_verdict_or_a_known_failure(rule: VerdictRule, text: str, finish: str | None) -> None:
    """Reading never raises, and never leaves a failure without one of the known reasons."""
    verdict = read(rule, Answer(text=text, finish_reason=finish))
    assert isinstance(verdict, Scores) or verdict.reason in JUDGE_FAILURES


@settings(deadline=None)
@given(st.sampled_from([LETTER, YES, MARKED]), generated)
def test_any_tokens_are_a_verdict_or_a_known_failure(rule: VerdictRule, tokens: tuple[Token, ...]) -> None:
    """Log-probabilities of any text give finite scores between the labels' own, or a known failure."""
    verdict = read(rule, Answer(text="".join(token.text for token in tokens), tokens=tokens))
    if isinstance(verdict, Failure):
        assert verdict.reason in JUDGE_FAILURES
    else:
        assert all(-1e-9 <= value <= 1 + 1e-9 for value in verdict.values)


@settings(deadline=None)
@given(st.sampled_from([PAIRWISE, RATING]), replies.map(lambda text: text.replace("[[", "")))
def test_without_a_marker_there_is_no_verdict(rule: VerdictRule, text: str) -> None:
    """No text without [[ yields a verdict, whatever letters and numbers are in it; a number alone is a rating."""
    assume("[[" not in text)
    assume("think>" not in text)
    assume(re.search(r"[^\s*_`.\d/]", text) or not re.search(r"\d", text))
    assert isinstance(read(rule, Answer(text=text)), Failure)


@settings(deadline=None)
@given(st.sampled_from(READ_AS_TEXT), replies, replies.filter(lambda text: "</think>" not in text))
def test_thinking_changes_nothing(rule: VerdictRule, text: str, thought: str) -> None:
    """A reply reads the same with and without a thought before it."""
    assert says(rule, f"<think>{thought}</think>{text}") == says(rule, text)


@given(logs, logs)
def test_swapping_the_probabilities_swaps_the_scores(a: float, b: float) -> None:
    """The scores of A and B add up to 1, follow their log-probabilities, and swap with them."""
    one, other = (
        read(LETTER, Answer(text="A", tokens=(Token("A", {"A": p, "B": q}),))) for p, q in [(a, b), (b, a)]
    )
    assert isinstance(one, Scores)
    assert isinstance(other, Scores)
    assert math.fsum(one.values) == pytest.approx(1)
    assert one.values == other.values[::-1]
    assert (a > b) <= (one.values[0] >= one.values[1])


@given(replies)
def test_the_labels_name_the_responses(text: str) -> None:
    """A reply with its letters exchanged prefers the other response."""
    swapped = text.translate(str.maketrans("ABab", "BAba"))
    verdict, other = says(PAIRWISE, text), says(PAIRWISE, swapped)
    assert other == (verdict if isinstance(verdict, str) else verdict[::-1])


LETTERS = '("A" | "B")'
NUMBERS = '("1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "10")'
GRAMMARS = {
    "listwise_best_v1": '"[[" ("A" | "B") "]]"',
    "listwise_ranking_v1": '"Ranking: " ([A-B] " > " [A-B]) ""',
    "pairwise_five_v1": '"[[" ("A>>B" | "A>B" | "A=B" | "B>A" | "B>>A") "]]"',
    "pairwise_tie_v1": '"[[" ("A" | "B" | "tie") "]]"',
    "pointwise_five_v1": '"Rating: " ("1" | "2" | "3" | "4" | "5") ""',
    "pointwise_refused_v1": '"[[" ("Yes" | "No") "]]"',
    "pointwise_v2": '"Rating: " ("1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "10") ""',
    "pairwise_logprob_v1": f'"" {LETTERS} ""',
    "pairwise_v1": f'"[[" {LETTERS} "]]"',
    "pairwise_v2": f'"[[" {LETTERS} "]]"',
    "pointwise_v1": f'"[[" {NUMBERS} "]]"',
    "pointwise_yes_v1": '"" ("Yes" | "No") ""',
}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_grammar_allows_nothing_but_verdicts(name: str) -> None:
    """The grammar of a template lists its verdicts; where the judge explains, some text may come before."""
    rule = SHIPPED[name]
    assert rule.grammar(explains=False) == f"root ::= {GRAMMARS[name]}"
    line = r'"\n" ' if rule.marker == "{}" else ""
    assert rule.grammar(explains=True) == rf"root ::= [^\[\]]{{1,600}} {line}{GRAMMARS[name]}"


def test_a_grammar_quotes_the_marker() -> None:
    """Quotes and backslashes of a marker are escaped in the grammar's literals."""
    rule = VerdictRule(marker='"\\{}"', labels={"A": A, "B": B})
    assert rule.grammar(explains=False) == r'root ::= "\"\\" ("A" | "B") "\""'


@pytest.mark.parametrize("name", LABELLED)
def test_every_form_of_a_verdict_is_read(name: str) -> None:
    """Each verdict as the prompt asks for it is read as the scores of its label."""
    rule = SHIPPED[name].model_copy(update=TEXT)
    read_back = [says(rule, form) for form in rule.forms]
    assert read_back == [(float(label),) if rule.scale else rule.labels[label] for label in rule.known]
    assert len(set(read_back)) == len(rule.forms) >= 2


@pytest.mark.parametrize("name", LABELLED)
def test_an_explained_verdict_is_read(name: str) -> None:
    """A reply in the form that explain_first asks for, the verdict on a line of its own at the end, is read."""
    rule = SHIPPED[name].model_copy(update=TEXT)
    assert isinstance(read(rule, Answer(text=f"It is clear and correct.\n{rule.forms[0]}")), Scores)


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        pytest.param(
            {"labels": {"A": A}, "scale": (1, 10)},
            "one of labels, scale and responses",
            id="labels and scale",
        ),
        pytest.param({}, "one of labels, scale and responses", id="neither labels nor scale"),
        pytest.param({"labels": {}}, "one of labels, scale and responses", id="no labels"),
        pytest.param(
            {"scale": (1, 10), "marker": "[[]]"}, "marker needs one {}", id="no place for the label"
        ),
        pytest.param({"scale": (1, 10), "marker": "{}{}"}, "marker needs one {}", id="two places"),
        pytest.param({"scale": (10, 1)}, "lowest, highest", id="scale upside down"),
        pytest.param({"scale": (5, 5)}, "lowest, highest", id="scale of one number"),
        pytest.param({"scale": (0.5, 5)}, "valid integer", id="scale of fractions"),
        pytest.param({"scale": (1, 10), "mark": "x"}, "Extra inputs", id="unknown key"),
        pytest.param({"scale": (1, 10), "read": "guess"}, "last_match", id="unknown reading"),
        pytest.param({"scale": (1, 10), "fallback": "random"}, "fail", id="unknown fallback"),
        pytest.param({"labels": {True: A, False: B}}, "valid string", id="YAML's Yes and No without quotes"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(declared: dict[str, object], fault: str) -> None:
    """A rule that contradicts itself is an error when it is declared, not when the first reply comes."""
    with pytest.raises(pydantic.ValidationError, match=fault):
        VerdictRule.model_validate(declared)


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({"A": A, "B": (1.0,)}, id="of different lengths: IndexError while reading"),
        pytest.param({"A": A, "a": B}, id="alike but for case: the last one wins"),
        pytest.param({"A": (float("nan"), 0.0), "B": B}, id="not finite: Scores are"),
        pytest.param({"A": (), "B": ()}, id="without scores"),
        pytest.param({"": A, "B": B}, id="without a word"),
        pytest.param({" A": A, "B": B}, id="space around"),
    ],
)
def test_labels_that_make_no_scores_are_refused(labels: dict[str, tuple[float, ...]]) -> None:
    """Labels give each response shown one finite number, and are told apart without regard to case."""
    with pytest.raises(pydantic.ValidationError):
        VerdictRule(labels=labels)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        pytest.param({"A": A, "B": B}, "Answer: Both are bad.", id="Both is read as B"),
        pytest.param({"A": A, "B": B}, "Answer: As I said, neither.", id="As is read as A"),
        pytest.param({"Yes": (1.0,), "No": (0.0,)}, "Answer: Not sure.", id="Not is read as No"),
    ],
)
def test_a_word_that_begins_like_a_label_is_no_label(labels: dict[str, tuple[float, ...]], text: str) -> None:
    """With the marker "Answer: {}", the label is the whole word."""
    assert says(VerdictRule(marker="Answer: {}", labels=labels), text) == "parse"


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        pytest.param("[[{}]]", "[[4/5]]", id="4 of 5 is read as 4 of 10"),
        pytest.param("[[{}]]", "[[8/100]]", id="8 of 100 is read as 8 of 10"),
        pytest.param("{}", "-8", id="bare -8 is read as 8"),
        pytest.param("{}", ".5", id="bare .5 is read as 5"),
        pytest.param("Rating: {}", "Rating: 1.5.2024", id="a date is read as 1.5"),
        pytest.param("Rating: {}", "Rating: 8,5", id="a decimal comma is read as 8"),
        pytest.param("Rating: {}", "Rating: 8 / 100", id="8 of 100, spaced"),
        pytest.param("Rating: {}", "Rating: 4 out of 5", id="4 of 5 in words"),
        pytest.param("Rating: {}", "Rating: 8%", id="per cent"),
        pytest.param("Rating: {}", "Rating: 6-8", id="a range is read as 6"),
        pytest.param("Rating: {}.", "Rating: 1.5", id="the marker's stop is a decimal point"),
        pytest.param("{}/10", "8/100", id="the marker's 10 is 100"),
        pytest.param("{}/10", "2.5.8/10", id="the end of a date"),
        pytest.param("{}", "8/100", id="bare 8 of 100"),
        pytest.param("{}", "80%", id="bare per cent"),
    ],
)
def test_a_number_is_read_whole_or_not_at_all(marker: str, text: str) -> None:
    """A rating on another scale, or the tail of a number, is no rating on a scale of 1 to 10."""
    assert says(VerdictRule(marker=marker, scale=(1, 10)), text) == "parse"


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("Rating: {}", "Rating: 8."),
        ("Rating: {}", "Rating: 8, since it is clear."),
        ("Rating: {}", "Rating: 8/10."),
        ("Rating: {}", "rating: 8 - clear"),
        ("Rating: {}.", "Rating: 8."),
        ("{}/10", "I say 8/10."),
        ("{}", "**8**"),
        ("{}", "8."),
        ("{}", "8 out of 10"),
    ],
)
def test_what_stands_around_a_whole_number_does_no_harm(marker: str, text: str) -> None:
    """A rating ends with its sentence, and may name the top of its own scale."""
    assert says(VerdictRule(marker=marker, scale=(1, 10)), text) == (8.0,)


@pytest.mark.parametrize(
    ("marker", "labels", "text", "expected"),
    [
        pytest.param("Answer: {}", "AB", "**Answer: A**", A, id="bold"),
        pytest.param("Answer: {}", "AB", "Answer: B.", B, id="full stop"),
        pytest.param("Answer: {}", "AB", "Answer: A/B", "parse", id="two labels"),
        pytest.param("Answer: {}", "AB", "Answer: A-", A, id="a dash"),
        pytest.param("{} is better", "AB", "Clearly B is better", B, id="label in front"),
        pytest.param("{} is better", "AB", "Nota is better", "parse", id="a word that ends so"),
        pytest.param("Answer: {}", ["A", "A+"], "Answer: A+", B, id="a label that begins another"),
        pytest.param("{}", ["1", "-1"], "-1", B, id="a sign that is part of a label"),
    ],
)
def test_a_label_is_whole(marker: str, labels: list[str], text: str, expected: object) -> None:
    """What is beside a label tells if it is all of a word; a longer label goes before a shorter one."""
    assert says(VerdictRule(marker=marker, labels=dict(zip(labels, (A, B)))), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("A is wrong.\n\n**B**\n", B, id="last line, bold"),
        pytest.param("A is wrong.\r\nB\r\n", B, id="Windows"),
        pytest.param("A is wrong.\n```\nB\n```", B, id="last line with a word"),
        pytest.param("B\nA is wrong.", "parse", id="first line"),
        pytest.param("A is wrong.\nSo B", "parse", id="not alone on its line"),
        pytest.param("It is B<think>\nA</think>", "parse", id="a thought makes no line"),
    ],
)
def test_a_bare_letter_after_an_explanation(text: str, expected: object) -> None:
    """A bare label counts where it is all of the last line that has a word on it."""
    assert says(LETTER.model_copy(update=TEXT), text) == expected


@pytest.mark.parametrize(
    ("rule", "answer", "expected"),
    [
        pytest.param(
            MARKED,
            reply("<think>", "[[", ("A", {"A": 0.7, "B": 0.3}), "]]", " but"),
            "empty",
            id="only thought",
        ),
        pytest.param(
            LETTER, reply("<think>Hm.</think>", ("A", {"A": 0.5, "B": 0.5})), (0.5, 0.5), id="after a thought"
        ),
    ],
)
def test_thinking_is_left_out_of_tokens(
    rule: VerdictRule, answer: Answer, expected: tuple[float, ...] | str
) -> None:
    """What is only thought is no verdict where log-probabilities are read either."""
    assert plainly(read(rule, answer)) == expected


@pytest.mark.parametrize(
    "text", ["Perhaps [[A]] …</think>I cannot tell.", "Perhaps [[A]] …</think>\n[[B]]"], ids=["none", "other"]
)
def test_a_thought_whose_opening_is_in_the_prompt_is_left_out(text: str) -> None:
    """Chat templates that write <think> themselves leave just </think> in the reply: before it all is thought."""
    assert says(PAIRWISE, text) in {"parse", B}


def test_letter_case_does_not_matter_for_probabilities() -> None:
    """A model that writes "yes" with probability 0.8 says yes, as it does where the text is read."""
    verdict = read(YES, reply(("yes", {"yes": 0.8, "No": 0.1, "Yes": 0.02})))
    assert isinstance(verdict, Scores)
    assert verdict.values[0] > 0.5


@pytest.mark.parametrize(
    "alternatives",
    [
        pytest.param({"A": math.log(0.9)}, id="one alternative given: at most 0.1 is left for B"),
        pytest.param({"A": 0.0, "B": -math.inf}, id="B is given as impossible"),
    ],
)
def test_a_label_gets_no_more_than_what_is_left(alternatives: dict[str, float]) -> None:
    """A certain A is no tie because nothing else was listed."""
    verdict = read(LETTER, Answer(text="A", tokens=(Token("A", alternatives),)))
    assert isinstance(verdict, Scores)
    assert verdict.values[0] > 0.89


@pytest.mark.parametrize(("fallback", "expected"), [("fail", "parse"), ("text", (-2.0, 2.0))])
def test_a_label_of_several_tokens_has_no_probability(
    fallback: Literal["fail", "text"], expected: tuple[float, ...] | str
) -> None:
    """No one token says how likely it was: a failure that says so, or the text, as the rule has it."""
    rule = SHIPPED["pairwise_five_v1"].model_copy(update={"read": "logprob", "fallback": fallback})
    verdict = read(rule, reply("[[", "B", ">>", "A", "]]"))
    assert plainly(verdict) == expected
    if isinstance(verdict, Failure):
        assert verdict.detail == "the verdict 'B>>A' is several tokens, and of none alone the probability"
