"""What a judge writes before it judges: asked once for a conversation, kept, and shared by all that rests on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rmb.cards import Generative, Limits, NamedCard
from rmb.errors import ContentError
from rmb.records import Item, Question
from rmb.run import Run
from rmb.scorers import Scorer, Setup, open_scorer
from rmb.store import Store
from rmb.templates import PENDING, Template
from tests.builders import Listener, listing, pair, run
from tests.fake_api import FakeApi, Reply, Request

ITEMS = [
    pair("good", "bad", uid="1"),
    pair("good", "worse", uid="2"),
    pair("fine", "poor", uid="3", asked="And you?"),
]
"""Three pairs about two conversations."""
CRITERIA, ANSWER = "1. It says hello back.", "Good day to you."


def judge(api: FakeApi, *, model: str = "openai/m", **parts: str) -> Scorer:
    """A judge behind a fake provider."""
    card = Generative(
        kind="generative", summary="For tests.", model=model, base_url=api.openai_url,
        limits=Limits(attempts=1, deadline_s=20, concurrency=4),
    )  # fmt: skip
    return open_scorer(
        NamedCard(name="mine", sha256="0", card=card), Setup(template=Template.load("pairwise_v2", **parts))
    )


def writes(request: Request) -> bool:
    """Whether a request asks for something to be written, and not for a verdict."""
    return "[[A]]" not in "".join(message["content"] for message in request.messages)


def prefers_good(request: Request) -> Reply:
    """Writes criteria when asked to, and else says where the better of the two stands."""
    if writes(request):
        return Reply(CRITERIA)
    said = request.messages[-1]["content"] if len(request.messages) == 2 else request.messages[1]["content"]
    first = min((said.find(word), word) for word in ("good", "bad", "worse", "fine", "poor") if word in said)[
        1
    ]
    return Reply("[[A]]" if first in {"good", "fine"} else "[[B]]")


def done(
    script: Callable[[Request], Reply], items: list[Item] = ITEMS, *, store: Store | None = None, **parts: str
) -> tuple[Run, list[Request]]:
    """A run, and what was asked in it."""
    with FakeApi(script) as api:
        ran = run(judge(api, **parts), items, store=store)
        return ran, list(api.requests)


def test_criteria_are_written_once_for_a_conversation() -> None:
    """Two conversations, two calls that write; every verdict rests on what was written, and counts none of it."""
    ran, asked = done(prefers_good, criteria="query")
    first = [request for request in asked if writes(request)]
    assert len(first) == 2
    assert not any("=== response" in message["content"] for request in first for message in request.messages)
    assert all(CRITERIA in request.messages[0]["content"] for request in asked if not writes(request))
    assert (ran.counts["questions"], ran.counts["asked"], ran.counts["written"]) == (6, 6, 2)
    assert [outcome.showings[0].said for outcome in ran.outcomes] == ["chosen"] * 3


def test_what_was_written_is_kept(tmp_path: Path) -> None:
    """A second run asks nothing; another template of the same judge asks for verdicts alone."""
    with Store(tmp_path / "answers") as store, FakeApi(prefers_good) as api:
        once = run(judge(api, criteria="query"), ITEMS, store=store)
        before = len(api.requests)
        again = run(judge(api, criteria="query"), ITEMS, store=store)
        assert (len(api.requests) - before, again.counts["from_store"]) == (0, once.counts["asked"])
        run(judge(api, criteria="query", style="verdict_only"), ITEMS, store=store)
        assert not any(writes(request) for request in api.requests[before:])
        assert again.outcomes == once.outcomes


def test_another_model_writes_its_own(tmp_path: Path) -> None:
    """What is written belongs to who wrote it."""
    with Store(tmp_path / "answers") as store, FakeApi(prefers_good) as api:
        for model in ("openai/m", "openai/n"):
            run(judge(api, model=model, criteria="query"), ITEMS, store=store)
        assert sum(map(writes, api.requests)) == 4


def test_a_run_that_was_cut_short_goes_on_with_what_was_written(tmp_path: Path) -> None:
    """The criteria of one conversation, and its verdicts: none of it is asked again."""
    broken = True

    def script(request: Request) -> Reply:
        if broken and "And you?" in str(request.messages):
            return Reply(status=400, error={"message": "no"})
        return prefers_good(request)

    with Store(tmp_path / "answers") as store, FakeApi(script) as api:
        assert run(judge(api, criteria="query"), ITEMS, store=store).unanswered == 2
        before, broken = len(api.requests), False
        assert run(judge(api, criteria="query"), ITEMS, store=store).unanswered == 0
        assert len(api.requests) - before == 3


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(""), "empty"),
        (Reply("<think>hm</think>"), "empty"),
        (Reply("", finish_reason="length"), "truncated"),
        (Reply("", finish_reason="content_filter"), "content_filter"),
    ],
)
def test_nothing_written_is_a_failure_of_the_judge(reply: Reply, reason: str) -> None:
    """No verdict is asked for that would rest on nothing; the reason is that of the writing."""
    ran, asked = done(lambda request: reply if writes(request) else Reply("[[A]]"), criteria="query")
    assert all(map(writes, asked))
    assert ran.failures == {reason: 6}
    assert {each.failure.detail for each in ran.ledger} == {
        "the judge wrote nothing of what its verdict is to rest on"
    }


def test_a_reference_is_the_judge_s_own_answer() -> None:
    """It is fenced like the rest, and said to be no more than it is."""
    _, asked = done(
        lambda request: Reply(ANSWER) if writes(request) else prefers_good(request), style="reference"
    )
    shown = [request for request in asked if not writes(request)]
    assert sum(map(writes, asked)) == 2
    assert all(ANSWER in str(request.messages) for request in shown)


def test_thoughts_are_no_part_of_what_is_written() -> None:
    """A model that thinks aloud shows its judge the criteria alone."""
    _, asked = done(
        lambda request: Reply(f"<think>secret</think>{CRITERIA}") if writes(request) else Reply("[[A]]"),
        criteria="query",
    )
    assert not any("secret" in str(request.messages) for request in asked)


def test_a_verdict_is_thought_over() -> None:
    """The same conversation goes on with the judge's own reply; the second verdict counts."""

    def second_thoughts(request: Request) -> Reply:
        if request.messages[-1]["content"].startswith("Look at it once more"):
            assert request.messages[-2] == {"role": "assistant", "content": "It is [[B]]"}
            return prefers_good(request)
        return Reply("It is [[B]]")

    ran, asked = done(second_thoughts, style="rethink")
    assert len(asked) == 12
    assert ran.counts["written"] == 6
    assert [outcome.showings[0].said for outcome in ran.outcomes] == ["chosen"] * 3


def test_the_first_verdict_is_shared_with_a_run_that_stops_there(tmp_path: Path) -> None:
    """Thinking over costs the second call alone if the first is in the store."""
    with Store(tmp_path / "answers") as store, FakeApi(prefers_good) as api:
        for style in ("explain_first", "rethink"):
            run(judge(api, style=style), ITEMS, store=store)
        assert len(api.requests) == 12


def test_criteria_and_a_second_look_go_together() -> None:
    """What is written first is part of the first question, and of the second."""
    ran, asked = done(prefers_good, criteria="query", style="rethink")
    verdicts = [request for request in asked if not writes(request)]
    assert (len(asked), len(verdicts)) == (14, 12)
    assert all(CRITERIA in request.messages[0]["content"] for request in verdicts)
    assert ran.failures == {}


def test_a_watcher_hears_of_all_that_is_asked() -> None:
    """Progress counts what is written as well."""
    listener = Listener()
    with FakeApi(prefers_good) as api:
        run(judge(api, criteria="query"), ITEMS, listener=listener)
    assert len(listener.replies) == 8


def test_a_refused_key_ends_the_run_before_any_verdict() -> None:
    """One call, and its error."""
    ran, asked = done(lambda _: Reply(status=401), criteria="query")
    assert ran.error is not None
    assert (len(asked), ran.unanswered) == (1, 6)


def test_lists_rest_on_the_same_criteria() -> None:
    """A list about a conversation shares what was written for its pairs."""
    _, asked = done(prefers_good, [ITEMS[0], listing("good", ["bad", "worse"], uid="9")], criteria="query")
    assert sum(map(writes, asked)) == 1


def test_a_prompt_that_is_only_shown_says_what_is_missing() -> None:
    """`rmb prompts render` asks nobody."""
    template = Template.load("pairwise_v2", criteria="query")
    assert PENDING in template.render(Question(ITEMS[0].conversation, ("a", "b")))[0].content


def test_a_style_that_rethinks_one_that_rethinks_is_refused(tmp_path: Path) -> None:
    """Twice is enough."""
    (tmp_path / "again.jinja").write_text(
        "---\nsummary: x\nrethinks: rethink\n---\nAgain: {{ verdict.choices }}"
    )
    with pytest.raises(ContentError, match="rethinks rethink, which rethinks another"):
        Template.load("pairwise_v2", style=str(tmp_path / "again.jinja"))


def test_an_unknown_writing_is_refused(tmp_path: Path) -> None:
    """At load, with what there is."""
    (tmp_path / "mine.jinja").write_text("---\nsummary: x\nwritten: criteria_for_qery\n---\n{{ written }}")
    with pytest.raises(Exception, match="no writing 'criteria_for_qery'; did you mean criteria_for_query"):
        Template.load("pairwise_v2", criteria=str(tmp_path / "mine.jinja"))
