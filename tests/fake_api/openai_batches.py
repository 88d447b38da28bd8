"""OpenAI's files and batches: a file of requests goes up, a batch is made of it, files of results come down."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.fake_api.http import Call, Response
from tests.fake_api.jobs import Job, Jobs, Refused, Result
from tests.fake_api.replies import Request
from tests.fake_api.wires import CHAT, Json, read

KIND = "batch"
MOST_REQUESTS = 50_000
_UNDONE = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "canceled": ("batch_cancelled", "This request was not executed because the batch was cancelled."),
}


@dataclass(slots=True)
class _File:
    """A file; results are those that have gone out when its content has."""

    name: str
    content: bytes
    purpose: str
    id: str = field(default_factory=lambda: f"file-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))
    job: Job | None = None
    custom_ids: tuple[str, ...] = ()

    def body(self) -> Json:
        """The file as its provider describes it."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
            "expires_at": None,
        }

    def delivered(self) -> None:
        """Enters that what is in it went out."""
        for custom_id in self.custom_ids:
            assert self.job is not None
            self.job.deliver(custom_id)


@dataclass(slots=True)
class _Order:
    """What OpenAI knows of a batch beyond the job itself."""

    input_file: str
    endpoint: str
    window: str
    errors: list[Json]
    output_file: str | None = None
    error_file: str | None = None


class OpenAIBatches:
    """Files and batches in OpenAI's format. Results stand in another order than the requests, as OpenAI warns."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._files: dict[str, _File] = {}
        self._orders: dict[str, _Order] = {}
        self.routes = {
            "POST /v1/files": self._upload,
            "GET /v1/files": self._list_files,
            "GET /v1/files/*": self._file_body,
            "GET /v1/files/*/content": self._content,
            "DELETE /v1/files/*": self._delete,
            "POST /v1/batches": self._create,
            "GET /v1/batches": self._list,
            "GET /v1/batches/*": self._retrieve,
            "POST /v1/batches/*/cancel": self._cancel,
        }

    def _upload(self, call: Call, _: str) -> Response:
        form = _form(call)
        if "file" not in form:
            raise Refused(400, "'file' is a required property")
        name, content = form["file"]
        return _json(self._keep(_File(name, content, form.get("purpose", ("", b""))[1].decode())).body())

    def _keep(self, file: _File) -> _File:
        return self._files.setdefault(file.id, file)

    def _file(self, file_id: str) -> _File:
        if file_id not in self._files:
            raise Refused(404, f"No such File object: {file_id}")
        return self._files[file_id]

    def _list_files(self, call: Call, _: str) -> Response:
        return _json(_page([file.body() for file in reversed(self._files.values())], call))

    def _file_body(self, _: Call, file_id: str) -> Response:
        return _json(self._file(file_id).body())

    def _content(self, _: Call, file_id: str) -> Response:
        file = self._file(file_id)
        headers = {"Content-Type": "application/octet-stream"}
        return Response(200, file.content, headers, delivered=file.delivered)

    def _delete(self, _: Call, file_id: str) -> Response:
        del self._files[self._file(file_id).id]
        return _json({"id": file_id, "object": "file", "deleted": True})

    def _create(self, call: Call, _: str) -> Response:
        asked = json.loads(call.body)
        endpoint = asked.get("endpoint")
        if endpoint != CHAT:
            raise Refused(400, f"Invalid value for 'endpoint': {endpoint!r}.")
        requests, errors = _requests(self._file(asked.get("input_file_id")).content, call.headers)
        job = self._jobs.start(KIND, {} if errors else requests, asked.get("metadata"))
        order = _Order(asked["input_file_id"], endpoint, asked.get("completion_window", "24h"), errors)
        self._orders[job.id] = order
        return self._body(job)

    def _list(self, call: Call, _: str) -> Response:
        bodies = [_batch(job, self._orders[job.id]) for job in self._jobs.newest(KIND)]
        return _json(_page(bodies, call))

    def _retrieve(self, _: Call, job_id: str) -> Response:
        job = self._jobs.found(KIND, job_id)
        job.poll()
        if job.state == "ended" and not self._orders[job.id].errors:
            self._write_files(job, self._orders[job.id])
        return self._body(job)

    def _cancel(self, _: Call, job_id: str) -> Response:
        job = self._jobs.found(KIND, job_id)
        if job.state == "ended":
            raise Refused(409, "Cannot cancel a batch that has ended.")
        job.cancel()
        return self._body(job)

    def _body(self, job: Job) -> Response:
        return _json(_batch(job, self._orders[job.id]))

    def _write_files(self, job: Job, order: _Order) -> None:
        """One file of successes and one of the rest, if there are any; once."""
        done = [name for name, result in job.results.items() if result.outcome == "succeeded"]
        rest = [name for name in job.results if name not in set(done)]
        if done and order.output_file is None:
            order.output_file = self._results(job, done, "output")
        if rest and order.error_file is None:
            order.error_file = self._results(job, rest, "error")

    def _results(self, job: Job, custom_ids: list[str], name: str) -> str:
        lines = (json.dumps(_line(custom_id, job.results[custom_id])) for custom_id in reversed(custom_ids))
        content = "".join(f"{line}\n" for line in lines).encode()
        file = _File(f"{job.id}_{name}.jsonl", content, "batch_output", job=job, custom_ids=tuple(custom_ids))
        return self._keep(file).id


def _status(job: Job, order: _Order) -> str:
    if order.errors:
        return "validating" if job.state == "in_progress" else "failed"
    if job.state == "ended":
        counts = job.counts()
        return "cancelled" if counts["canceled"] else "expired" if counts["expired"] else "completed"
    if job.state == "canceling":
        return "cancelling"
    return "in_progress" if job.polls else "validating"


def _batch(job: Job, order: _Order) -> Json:
    status, counts = _status(job, order), job.counts()
    body = {
        "id": job.id,
        "object": "batch",
        "endpoint": order.endpoint,
        "errors": {"object": "list", "data": order.errors} if order.errors else None,
        "input_file_id": order.input_file,
        "completion_window": order.window,
        "status": status,
        "output_file_id": order.output_file,
        "error_file_id": order.error_file,
        "created_at": int(job.created),
        "in_progress_at": int(job.created) if job.polls else None,
        "expires_at": int(job.created) + 86_400,
        "metadata": job.metadata,
    }
    if job.ended:
        body[f"{status}_at"] = int(job.ended)
    failed, completed = counts["errored"], counts["succeeded"]
    body["request_counts"] = {"total": len(job.requests), "completed": completed, "failed": failed}
    return body


def _line(custom_id: str, result: Result) -> Json:
    """One line of a file of results."""
    line: Json = {"id": f"batch_req_{uuid.uuid4().hex}", "custom_id": custom_id}
    if result.outcome in _UNDONE:
        code, message = _UNDONE[result.outcome]
        return {**line, "response": None, "error": {"code": code, "message": message}}
    response = {"status_code": result.status, "request_id": uuid.uuid4().hex, "body": result.body}
    return {**line, "response": response, "error": None}


def _requests(content: bytes, headers: Mapping[str, str]) -> tuple[dict[str, Request], list[Json]]:
    """The requests of an input file by custom_id, and what is wrong with its lines."""
    requests: dict[str, Request] = {}
    errors = [] if content.strip() else [_wrong("empty_file", "The input file is empty.", None)]
    lines = content.decode().splitlines()
    if len(lines) > MOST_REQUESTS:
        errors.append(_wrong("too_many_tasks", f"A batch has at most {MOST_REQUESTS} requests.", None))
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            custom_id, request = entry["custom_id"], read(entry["url"], entry["body"], headers)
        except (ValueError, KeyError, TypeError) as error:
            errors.append(_wrong("invalid_json_line", f"This line is no request: {error!r}.", number))
            continue
        if custom_id in requests:
            errors.append(_wrong("duplicate_custom_id", f"The custom_id '{custom_id}' is taken.", number))
        if (entry.get("method"), request.path) != ("POST", CHAT):
            errors.append(_wrong("mismatched_endpoint", "Not the endpoint of this batch.", number))
        requests[custom_id] = request
    return requests, errors


def _wrong(code: str, message: str, line: int | None) -> Json:
    return {"code": code, "message": message, "param": None, "line": line}


def _page(bodies: list[Json], call: Call) -> Json:
    """One page of a list: after an id, up to a limit."""
    ids = [body["id"] for body in bodies]
    after, limit = call.query.get("after"), int(call.query.get("limit", 20))
    start = ids.index(after) + 1 if after in ids else 0
    page = bodies[start : start + limit]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
    return {"object": "list", "data": page, **ends, "has_more": start + limit < len(bodies)}


def _form(call: Call) -> dict[str, tuple[str, bytes]]:
    """The fields of a multipart form: file name ("" if it is no file) and content."""
    boundary = re.search(r'boundary="?([^";]+)', call.headers.get("content-type", ""))
    if boundary is None:
        raise Refused(400, "A file comes in a multipart form.")
    return dict(_fields(call.body, b"--" + boundary[1].encode()))


def _fields(body: bytes, mark: bytes) -> Iterator[tuple[str, tuple[str, bytes]]]:
    for part in body.split(mark)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        names = dict(re.findall(r'(\w+)="([^"]*)"', head.decode()))
        yield names["name"], (names.get("filename", ""), content.removesuffix(b"\r\n"))


def _json(body: Json) -> Response:
    return Response(200, json.dumps(body).encode())
