"""Batches: whatever the texts, each goes through the model once, within the budget, and is shared where it may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.records import Message, Question
from rmb.scorers.local.batches import (
    WORTH,
    Batch,
    Family,
    Padded,
    Shared,
    Work,
    batches,
    in_common,
    packed,
    related,
    windows,
)
from rmb.scorers.local.text import Text

many = settings(max_examples=80, deadline=None)
lengths = st.lists(st.integers(1, 60), max_size=40)
budgets = st.integers(1, 400)
rows = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6).map(tuple), min_size=1, max_size=5)


@st.composite
def conversations(draw: st.DrawFn) -> list[Text]:
    """Texts of a few conversations, in any order, that begin alike: some for long, some hardly, some by chance."""
    texts = []
    for number in range(draw(st.integers(0, 4))):
        talk = (Message("user", f"conversation {number}"),)
        begun = (7,) * draw(st.sampled_from([0, 3, WORTH - 1, WORTH, WORTH + 1, 40]))
        ends = draw(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=30), min_size=1, max_size=5))
        for place, end in enumerate(ends):
            texts.append(Text(Question(talk, (str(place),)), (*begun, *end)))
    return draw(st.permutations(texts))


longest = st.sampled_from([0, 10, 30, 50, 1000])


def size(batch: Padded) -> int:
    """Padded tokens of a batch that goes whole."""
    return len(batch.texts) * max(len(text.tokens) for text in batch.texts)


def leaves(batch: Batch) -> list[Text]:
    """The texts of a batch that was halved until nothing could be halved."""
    halves = batch.halves()
    if not halves:
        assert isinstance(batch, Padded)
        assert len(batch.texts) == 1
    return [text for half in halves for text in leaves(half)] or list(batch.texts)


# Packing.


@many
@given(lengths, budgets)
def test_each_row_is_packed_once_within_the_budget(given_lengths: list[int], budget: int) -> None:
    """A batch is as long as its longest row, times its rows; only a single row may be more than the budget."""
    found = list(packed(given_lengths, budget))
    assert sorted(place for places in found for place in places) == list(range(len(given_lengths)))
    for places in found:
        assert len(places) == 1 or len(places) * max(given_lengths[place] for place in places) <= budget


@many
@given(lengths, budgets)
def test_longest_rows_go_first_and_no_batch_ends_early(given_lengths: list[int], budget: int) -> None:
    """What does not fit shows at once; each batch but the last is full: the next row would have been too much."""
    found = list(packed(given_lengths, budget))
    flat = [given_lengths[place] for places in found for place in places]
    assert flat == sorted(given_lengths, reverse=True)
    for places in found[:-1]:
        assert (len(places) + 1) * given_lengths[places[0]] > budget


# What rows have in common.


def by_definition(given_rows: Sequence[tuple[int, ...]]) -> int:
    """The longest beginning that all rows have and none consists of, found one by one."""
    first = given_rows[0]
    return max(
        length
        for length in range(len(first))
        if all(row[:length] == first[:length] and len(row) > length for row in given_rows)
    )


@many
@given(rows)
def test_in_common_is_what_it_says(given_rows: list[tuple[int, ...]]) -> None:
    """As by its definition, token by token, over all rows."""
    assert in_common(given_rows) == by_definition(given_rows)


@pytest.mark.parametrize(
    ("given_rows", "shared"),
    [
        pytest.param([(1, 2, 3), (1, 2, 3)], 2, id="equal texts keep their last token"),
        pytest.param([(1, 2, 3), (1, 2)], 1, id="one is the other's beginning"),
        pytest.param([(1, 9, 3), (1, 2, 9), (1, 2, 3)], 1, id="the first two differ first"),
        pytest.param([(1,), (1, 2)], 0, id="one token is all there is"),
        pytest.param([(2, 1), (1, 1)], 0, id="nothing"),
        pytest.param([(5, 6, 7)], 2, id="one text alone"),
    ],
)
def test_in_common_by_example(given_rows: list[tuple[int, ...]], shared: int) -> None:
    """Each row has at least one token of its own left, at which its score can be read."""
    assert in_common(given_rows) == shared


# Families.


@many
@given(conversations(), longest)
def test_each_text_is_in_one_family_or_alone(texts: list[Text], most: int) -> None:
    """None is lost, none is doubled."""
    families, alone = related(texts, most)
    assert Counter([*alone, *(text for family in families for text in family.texts)]) == Counter(texts)


@many
@given(conversations(), longest)
def test_a_family_begins_alike(texts: list[Text], most: int) -> None:
    """Of one conversation, at least two texts, worth sharing; all begin with the same tokens and go on with others."""
    for family in related(texts, most)[0]:
        assert len(family.texts) > 1
        assert len({text.question.conversation for text in family.texts}) == 1
        assert len({text.tokens[: family.shared] for text in family.texts}) == 1
        assert family.shared >= WORTH
        assert all(len(text.tokens) > family.shared for text in family.texts)


@many
@given(conversations(), longest)
def test_texts_over_the_longest_go_alone(texts: list[Text], most: int) -> None:
    """Where a model cannot share that far; those of their conversation that are shorter may still share."""
    families, alone = related(texts, most)
    assert all(len(text.tokens) <= most for family in families for text in family.texts)
    assert {text for text in texts if len(text.tokens) > most} <= set(alone)


@many
@given(conversations(), budgets)
def test_nothing_is_shared_where_nothing_can_be(texts: list[Text], budget: int) -> None:
    """A longest of 0 has every text go whole."""
    assert all(isinstance(batch, Padded) for batch in batches(texts, budget, longest=0))


def two(common: int, *, asked: tuple[str, str] = ("Hello", "Hello")) -> list[Text]:
    """Two texts with so many tokens in common, and one token of its own each."""
    return [
        Text(Question((Message("user", text),), (str(end),)), (*[7] * common, end))
        for end, text in enumerate(asked)
    ]


@pytest.mark.parametrize(
    ("texts", "most", "shared"),
    [
        pytest.param(two(WORTH), 1000, WORTH, id="the least that is worth it"),
        pytest.param(two(WORTH - 1), 1000, None, id="one token less"),
        pytest.param(two(40), 41, 40, id="just short enough"),
        pytest.param(two(40), 40, None, id="one token too long"),
        pytest.param(two(40, asked=("Hello", "Hi")), 1000, None, id="of two conversations"),
        pytest.param(two(40)[:1], 1000, None, id="one text"),
    ],
)
def test_who_shares_by_example(texts: list[Text], most: int, shared: int | None) -> None:
    """Texts of one conversation that are short enough and have enough in common."""
    expected = ([], texts) if shared is None else ([Family(tuple(texts), shared)], [])
    assert related(texts, most) == expected


# Batches.


@many
@given(conversations(), budgets, longest)
def test_every_text_is_in_one_batch(texts: list[Text], budget: int, most: int) -> None:
    """Whatever the budget, and whatever can be shared."""
    found = list(batches(texts, budget, longest=most))
    assert Counter(text for batch in found for text in batch.texts) == Counter(texts)


@many
@given(conversations(), budgets, longest)
def test_a_padded_batch_keeps_to_the_budget(texts: list[Text], budget: int, most: int) -> None:
    """Its texts, each padded to the longest; only a single text may be more."""
    for batch in batches(texts, budget, longest=most):
        if isinstance(batch, Padded):
            assert len(batch.texts) == 1 or size(batch) <= budget


@many
@given(conversations(), budgets)
def test_a_shared_batch_keeps_to_the_budget(texts: list[Text], budget: int) -> None:
    """Its beginnings together, and then each pass over rests, with the beginnings copied for each row."""
    for batch in batches(texts, budget, longest=1000):
        if isinstance(batch, Padded):
            continue
        begun = [family.shared for family in batch.families]
        assert len(begun) == 1 or len(begun) * max(begun) <= budget
        for places in batch.rests():
            row = max(begun) + max(batch.lengths[place] for place in places)
            assert len(places) == 1 or len(places) * row <= budget


@many
@given(conversations(), budgets)
def test_rests_cover_each_place_once(texts: list[Text], budget: int) -> None:
    """A place is that of a text in `texts`; its owner and its length are those of its family and its rest."""
    for batch in batches(texts, budget, longest=1000):
        if isinstance(batch, Padded):
            continue
        covered = sorted(place for places in batch.rests() for place in places)
        assert covered == list(range(len(batch.texts)))
        assert len(batch.owners) == len(batch.lengths) == len(batch.texts)
        for text, owner, length in zip(batch.texts, batch.owners, batch.lengths, strict=True):
            assert text in batch.families[owner].texts
            assert batch.families[owner].shared + length == len(text.tokens)
            assert length > 0


@many
@given(conversations(), budgets, longest)
def test_halves_are_the_batch(texts: list[Text], budget: int, most: int) -> None:
    """Both halves have the batch's texts in their order, and halving ends at single texts that go whole."""
    for batch in batches(texts, budget, longest=most):
        halves = batch.halves()
        if halves:
            assert tuple(text for half in halves for text in half.texts) == batch.texts
            assert all(half.texts for half in halves)
        assert leaves(batch) == list(batch.texts)


def test_a_single_family_is_halved_as_whole_texts() -> None:
    """Its beginning is one row already: what does not fit are the rests, which whole texts can be halved of."""
    talk = (Message("user", "Hello"),)
    texts = tuple(Text(Question(talk, (str(end),)), (*[7] * 20, end)) for end in range(3))
    family = Family(texts, 20)
    assert Shared((family,), 100).halves() == (Padded(texts),)
    assert Shared((family, family), 100).halves() == (Shared((family,), 100), Shared((family,), 100))
    assert Padded(texts).halves() == (Padded(texts[:1]), Padded(texts[1:]))
    assert Padded(texts[:1]).halves() == ()


# Work.


@many
@given(conversations(), budgets, longest)
def test_work_counts_what_goes_through(texts: list[Text], budget: int, most: int) -> None:
    """Real tokens: each text's, less what others of its family have begun already. Padding comes on top."""
    planned = list(batches(texts, budget, longest=most))
    work, saved, passes = Work(), 0, 0
    for batch in planned:
        work.batch(batch)
        if isinstance(batch, Shared):
            saved += sum(family.shared * (len(family.texts) - 1) for family in batch.families)
            passes += len(list(batch.rests()))
    assert work.real == sum(len(text.tokens) for text in texts) - saved
    assert work.passes == len(planned) + passes
    assert work.padded >= work.real


@pytest.mark.parametrize(
    ("batch_of", "work"),
    [
        pytest.param([3], Work(passes=1, padded=3, real=3), id="one text"),
        pytest.param([3, 5, 4], Work(passes=1, padded=15, real=12), id="three texts, padded to five"),
    ],
)
def test_work_by_example(batch_of: list[int], work: Work) -> None:
    """Passes, tokens with the padding, and tokens without it."""
    talk, done = (Message("user", "Hello"),), Work()
    done.batch(Padded(tuple(Text(Question(talk, (str(each),)), (1,) * each) for each in batch_of)))
    assert done == work


def test_work_of_a_shared_batch_by_example() -> None:
    """Two families, of 20 and 16 tokens in common, with rests of 1 and 3, and of 2: one pass each if there is room."""
    one, other = (Message("user", "Hello"),), (Message("user", "Hi"),)
    first = tuple(Text(Question(one, (str(n),)), (*[7] * 20, *[n] * n)) for n in (1, 3))
    second = tuple(Text(Question(other, (str(n),)), (*[8] * 16, n, n)) for n in (1, 2))
    batch, done = Shared((Family(first, 20), Family(second, 16)), budget=1000), Work()
    done.batch(batch)
    # Beginnings: 2 rows of 20, of which 36 are real. Rests: 4 rows of 3, of which 8 are real.
    assert done == Work(passes=2, padded=40 + 12, real=36 + 8)


# Windows.


@st.composite
def asked(draw: st.DrawFn) -> list[Question]:
    """Questions of a few conversations, in any order, some of them twice."""
    numbers = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), max_size=40))
    return [Question((Message("user", str(talk)),), (str(response),)) for talk, response in numbers]


@many
@given(asked(), st.integers(1, 12))
def test_windows_give_each_question_once(questions: list[Question], most: int) -> None:
    """At most so many in a window, and no window is empty."""
    found = list(windows(questions, most))
    assert Counter(each for window in found for each in window) == Counter(questions)
    assert all(1 <= len(window) <= most for window in found)


@many
@given(asked(), st.integers(1, 12))
def test_windows_keep_conversations_together(questions: list[Question], most: int) -> None:
    """One after the other, in the order of their first questions; none is split that fits into a window."""
    found = list(windows(questions, most))
    talks = [each.conversation for window in found for each in window]
    assert [talk for talk, _ in groupby(talks)] == list(
        dict.fromkeys(each.conversation for each in questions)
    )
    spread = Counter(talk for window in found for talk in {each.conversation for each in window})
    sizes = Counter(each.conversation for each in questions)
    assert all(spread[talk] == 1 for talk, count in sizes.items() if count <= most)


@many
@given(asked(), st.integers(1, 12))
def test_windows_are_not_smaller_than_they_must_be(questions: list[Question], most: int) -> None:
    """A window and the conversation after it would have been too much together."""
    found = list(windows(questions, most))
    sizes = Counter(each.conversation for each in questions)
    for window, following in pairwise(found):
        assert len(window) + sizes[following[0].conversation] > most
