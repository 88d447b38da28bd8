"""A loopback HTTP server that stands in for LLM providers, in their real wire formats.

`FakeApi` answers OpenAI chat completions and Anthropic messages (neither streamed) and the batches of both, so
the real `litellm`, `openai` and `anthropic` clients can be pointed at it. What it answers, faults included,
is scripted with `Reply`; what it was asked is kept as `Request`:

    with FakeApi([Reply(status=429, headers={"Retry-After": "1"}), Reply("[[B]]")]) as api:
        ...  # a client with api_base=api.openai_url meets one rate limit, then "[[B]]" for ever
    assert len(api.requests) == 2

`Faults` is a script that lets a share of attempts fail in every way, `TokenBucket` throttles, `BatchPlan` says how
batches go, and `api.ledger` keeps the accounts: asked, billed, delivered whole, dollars.

    bucket = TokenBucket(rate=20, burst=5)
    with FakeApi(Faults(0.2, seed=1), throttle=bucket) as api:
        ...
    assert (api.ledger.asked_again, bucket.refused) == (0, 3)

`python -m tests.fake_api` runs one by hand.
"""

from tests.fake_api.faults import ANSWERED, FATAL, FINAL, KINDS, RETRIED, Faults
from tests.fake_api.jobs import BatchPlan, Job
from tests.fake_api.ledger import Account, Ledger, Price
from tests.fake_api.process import served
from tests.fake_api.replies import Reply, Request, Script
from tests.fake_api.server import FakeApi
from tests.fake_api.throttle import TokenBucket

__all__ = [
    "ANSWERED",
    "FATAL",
    "FINAL",
    "KINDS",
    "RETRIED",
    "Account",
    "BatchPlan",
    "FakeApi",
    "Faults",
    "Job",
    "Ledger",
    "Price",
    "Reply",
    "Request",
    "Script",
    "TokenBucket",
    "served",
]
