"""Anthropic's message batches: requests go up in one body, results come down as lines of JSON once it has ended."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime

from tests.fake_api.http import Call, Response
from tests.fake_api.jobs import Job, Jobs, Refused, Result
from tests.fake_api.replies import Request
from tests.fake_api.wires import MESSAGES, Json, read

KIND = "msgbatch"
MOST_REQUESTS = 100_000
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_OUTCOMES = ("succeeded", "errored", "canceled", "expired")
_DAY_S = 86_400


class AnthropicBatches:
    """Message batches. Results stand in another order than the requests, as Anthropic warns."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self.routes = {
            "POST /v1/messages/batches": self._create,
            "GET /v1/messages/batches": self._list,
            "GET /v1/messages/batches/*": self._retrieve,
            "GET /v1/messages/batches/*/results": self._results,
            "POST /v1/messages/batches/*/cancel": self._cancel,
            "DELETE /v1/messages/batches/*": self._delete,
        }

    def _create(self, call: Call, _: str) -> Response:
        job = self._jobs.start(KIND, _requests(json.loads(call.body).get("requests", []), call))
        return _json(_batch(job, call))

    def _list(self, call: Call, _: str) -> Response:
        jobs = self._jobs.newest(KIND)
        ids, after, before = [job.id for job in jobs], call.query.get("after_id"), call.query.get("before_id")
        start = ids.index(after) + 1 if after in ids else 0
        stop = ids.index(before) if before in ids else len(ids)
        page = jobs[start:stop][: int(call.query.get("limit", 20))]
        ends = {"first_id": page[0].id if page else None, "last_id": page[-1].id if page else None}
        more = start + len(page) < stop
        return _json({"data": [_batch(job, call) for job in page], **ends, "has_more": more})

    def _retrieve(self, call: Call, job_id: str) -> Response:
        job = self._jobs.found(KIND, job_id)
        job.poll()
        return _json(_batch(job, call))

    def _results(self, _: Call, job_id: str) -> Response:
        job = self._jobs.found(KIND, job_id)
        if job.state != "ended":
            raise Refused(404, f"Batch '{job_id}' has no results yet.")
        lines = (json.dumps(_line(name, result)) for name, result in reversed(job.results.items()))
        content = "".join(f"{line}\n" for line in lines).encode()
        return Response(
            200, content, {"Content-Type": "application/x-jsonl"}, delivered=lambda: _all_delivered(job)
        )

    def _cancel(self, call: Call, job_id: str) -> Response:
        job = self._jobs.found(KIND, job_id)
        if job.state == "ended":
            raise Refused(400, f"Batch '{job_id}' has ended.")
        job.cancel()
        return _json(_batch(job, call))

    def _delete(self, _: Call, job_id: str) -> Response:
        if self._jobs.found(KIND, job_id).state != "ended":
            raise Refused(400, f"Batch '{job_id}' has not ended.")
        del self._jobs[job_id]
        return _json({"id": job_id, "type": "message_batch_deleted"})


def _all_delivered(job: Job) -> None:
    for custom_id in job.results:
        job.deliver(custom_id)


def _requests(entries: list[Json], call: Call) -> dict[str, Request]:
    """The requests of a batch by custom_id. Raises Refused for the first thing wrong with them."""
    if not 0 < len(entries) <= MOST_REQUESTS:
        raise Refused(400, f"requests: a batch has 1 to {MOST_REQUESTS} requests")
    requests: dict[str, Request] = {}
    for place, entry in enumerate(entries):
        custom_id = entry.get("custom_id", "")
        if not _CUSTOM_ID.fullmatch(custom_id):
            raise Refused(400, f"requests.{place}.custom_id: must match {_CUSTOM_ID.pattern}")
        if custom_id in requests:
            raise Refused(400, f"requests.{place}.custom_id: '{custom_id}' is taken")
        requests[custom_id] = read(MESSAGES, entry["params"], call.headers)
    return requests


def _batch(job: Job, call: Call) -> Json:
    ended = job.state == "ended"
    counts = job.counts() if ended else {}
    return {
        "id": job.id,
        "type": "message_batch",
        "processing_status": job.state,
        # Nothing is counted as done before all of it is.
        "request_counts": {
            "processing": 0 if ended else len(job.requests),
            **{outcome: counts.get(outcome, 0) for outcome in _OUTCOMES},
        },
        "created_at": _time(job.created),
        "expires_at": _time(job.created + _DAY_S),
        "ended_at": _time(job.ended) if job.ended else None,
        "cancel_initiated_at": _time(job.created) if job.canceled else None,
        "archived_at": None,
        "results_url": f"http://{call.headers['host']}/v1/messages/batches/{job.id}/results"
        if ended
        else None,
    }


def _line(custom_id: str, result: Result) -> Json:
    """One line of the results."""
    match result.outcome:
        case "succeeded":
            said = {"message": result.body}
        case "errored":
            said = {"error": {**(result.body or {}), "request_id": f"req_{uuid.uuid4().hex}"}}
        case _:
            said = {}
    return {"custom_id": custom_id, "result": {"type": result.outcome, **said}}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _json(body: Json) -> Response:
    return Response(200, json.dumps(body).encode())
