"""What a provider's complaint means, and how long it asks to wait: tables, and that nothing odd breaks them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.scorers.faults import MOST_READ, MOST_WAIT_S, Complaint, asked_wait_s, read_complaint

LONG = "This model's maximum context length is 8192 tokens."
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NOON_TOLD = "Sat, 21 Nov 2026 12:00:00 GMT"


def of(
    status: int | None, message: str = "no", code: str | None = None, kind: str | None = None
) -> Complaint:
    """A complaint in OpenAI's form."""
    body = {"error": {"message": message, "type": kind, "code": code}}
    return read_complaint(status, json.dumps(body))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, "again") for status in (None, 200, 408, 409, 425, 500, 502, 504, 520)),
        *((status, "busy") for status in (429, 503, 529)),
        *((status, "refused") for status in (401, 402, 403)),
        *((status, "unknown") for status in (404, 405, 501)),
        *((status, "bad") for status in (302, 307, 400, 413, 418, 422)),
    ],
)
def test_a_status_says_what_is_to_be_done(status: int | None, kind: str) -> None:
    """Where the body says no more than that it failed."""
    assert of(status).kind == kind


@pytest.mark.parametrize(
    ("complaint", "kind"),
    [
        pytest.param(of(429, code="insufficient_quota"), "refused", id="OpenAI, no quota"),
        pytest.param(of(429, kind="insufficient_quota"), "refused", id="the same as a type"),
        pytest.param(of(400, "Your credit balance is too low to …"), "refused", id="Anthropic, no money"),
        pytest.param(of(429, "You exceeded your current quota"), "busy", id="Gemini, a minute's limit"),
        pytest.param(of(400, code="model_not_found"), "unknown", id="an unknown model as a bad request"),
        pytest.param(of(400, "The model `x` does not exist"), "unknown", id="vLLM, an unknown model"),
        pytest.param(of(400, code="context_length_exceeded"), "context_length", id="OpenAI, too long"),
        pytest.param(of(400, LONG), "context_length", id="vLLM, too long"),
        pytest.param(of(400, kind="exceed_context_size_error"), "context_length", id="llama.cpp, too long"),
        pytest.param(of(413, "prompt is too long: 9 > 8"), "context_length", id="Anthropic, too long"),
        pytest.param(of(500, LONG), "again", id="a server's own error, whatever it says"),
        pytest.param(of(400, code="content_filter"), "content_filter", id="Azure, filtered"),
        pytest.param(of(400, "rejected by our safety system"), "content_filter", id="OpenAI, filtered"),
        pytest.param(
            of(500, kind="overloaded_error"), "busy", id="Anthropic's 529, which LiteLLM makes a 500"
        ),
        pytest.param(of(422, "x" * MOST_READ + LONG), "bad", id="a sign within what was asked"),
    ],
)
def test_code_and_message_say_more(complaint: Complaint, kind: str) -> None:
    """The words of each provider; a sign far behind the beginning may be the question's."""
    assert complaint.kind == kind


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ('{"error": {"message": "bad", "code": 502}}', 502, "bad"),
        ('{"error": {"message": "slow", "code": 429}}', 429, "slow"),
        ('{"error": "gone"}', 200, "gone"),
        ('{"object": "error", "message": "flat"}', 200, "flat"),
        ('{"error": {"code": 7}}', 200, '{"error": {"code": 7}}'),
        ("<html>", 200, "<html>"),
        ("[" * 100_000, 200, "[" * 100_000),
    ],
)
def test_a_body_is_read_wherever_its_message_stands(body: str, status: int, message: str) -> None:
    """An error within a success has the status that it names; what is no JSON is its own message."""
    found = read_complaint(200, body)
    assert (found.status, found.message) == (status, message)


@given(
    st.one_of(st.none(), st.integers(100, 599)),
    st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps),
)
def test_every_body_means_something(status: int | None, body: str) -> None:
    """Whatever comes, one of the kinds, and no exception."""
    assert read_complaint(status, body).kind


@pytest.mark.parametrize(
    ("complaint", "lasting"),
    [
        (of(500), True),
        (of(200), True),
        (of(502), True),
        (of(None), False),
        (of(408), False),
        (of(429), False),
        (of(529), False),
    ],
)
def test_what_is_no_accident_if_it_repeats(complaint: Complaint, *, lasting: bool) -> None:
    """A server's own error and a broken body; not a lost connection, nor a limit."""
    assert complaint.lasting is lasting


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"Retry-After": "2"}, 2.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"Retry-After-Ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After-Ms": "soon", "Retry-After": "1"}, 1.0),
        ({"Retry-After": "Sat, 21 Nov 2026 12:00:07 GMT", "Date": NOON_TOLD}, 7.0),
        ({"Retry-After": "Sat, 21 Nov 2026 12:00:07 GMT"}, 7.0),
        ({"Retry-After": "Sat, 21 Nov 2020 12:00:07 GMT", "Date": NOON_TOLD}, 0.0),
        ({"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}, MOST_WAIT_S),
        ({"Retry-After": "86400"}, MOST_WAIT_S),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "nan"}, 0.0),
        ({"Retry-After": "inf"}, 0.0),
        ({"Retry-After": "soon"}, 0.0),
    ],
)
def test_how_long_a_reply_asks_to_wait(headers: dict[str, str], seconds: float) -> None:
    """Seconds, milliseconds and dates, within the cap; what cannot be read asks for nothing."""
    assert asked_wait_s(headers, now=NOON) == pytest.approx(seconds)


def test_a_date_is_held_against_the_servers_clock() -> None:
    """A machine whose clock is a year wrong waits three seconds all the same."""
    headers: dict[str, Any] = {"Retry-After": "Sat, 21 Nov 2026 12:00:03 GMT", "Date": NOON_TOLD}
    assert asked_wait_s(headers, now=datetime(2025, 1, 1, tzinfo=UTC)) == 3.0
