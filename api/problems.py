"""Every error as one shape: RFC 9457 problem details, without the optional `status` member.

That name is a snapshot's, and lesson code looks at it.
"""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from headway import errors
from headway.history.database import HistoryUnavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
_DETAIL_MAX = 1_000
_log = logging.getLogger("headway.api")


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Dotted path; empty for the whole object.", examples=["n_steps"])
    detail: str = Field(examples=["'many' is not of type 'integer'"])


class Problem(BaseModel):
    """Why the request was not served (RFC 9457)."""

    type: str = Field(examples=["urn:headway:job-not-found"])
    title: str = Field(examples=["Job not found"])
    detail: str = Field(examples=["job not found"])
    errors: list[FieldProblem] | None = Field(default=None, description="Only where single fields are to blame.")


class Kind:
    """One kind of problem: its HTTP status, what follows `urn:headway:`, and its title."""

    def __init__(self, http_status: int, name: str, title: str, example: str) -> None:
        self.http_status = http_status
        self.name = name
        self.title = title
        self.example = example


JOB_NOT_FOUND = Kind(404, "job-not-found", "Job not found", "job not found")
TASK_NOT_FOUND = Kind(404, "task-not-found", "Task not found", "no task named 'profil': …")
NOT_FOUND = Kind(404, "not-found", "Not found", "nothing is served at /statuses")
METHOD_NOT_ALLOWED = Kind(405, "method-not-allowed", "Method not allowed", "PUT is not served here")
BAD_PARAMS = Kind(422, "bad-params", "The parameters do not fit the task", "task 'long_task': parameter 'n_steps': …")
BAD_REQUEST = Kind(422, "bad-request", "The request cannot be used", "limit: input should be at most 200")
BAD_HOST = Kind(400, "bad-request", "The request cannot be used", "the Host header names another machine")
NOT_SIGNED_IN = Kind(401, "not-signed-in", "Not signed in", "say who you are: send a token as …")
FORBIDDEN = Kind(403, "forbidden", "Forbidden", "requests from https://example.org are not served")
CONFLICT = Kind(409, "conflict", "The job's state does not allow this", "the job has not finished")
TOO_LARGE = Kind(413, "too-large", "The body is too large", "the body is larger than 1048576 bytes")
UNSUPPORTED = Kind(415, "bad-request", "The request cannot be used", "send application/json or multipart/form-data")
TOO_MANY = Kind(429, "too-many", "Too many requests", "'ann' may make 60 submits and uploads a minute: try …")
INTERNAL = Kind(500, "internal", "Internal error", "something went wrong here; the server's log says what")
UNREADABLE = Kind(502, "unreadable", "What is stored cannot be read", "what is stored for job … cannot be read: …")
REDIS_UNAVAILABLE = Kind(503, "redis-unavailable", "Redis does not answer", "Redis does not answer: …")
ENGINE_UNAVAILABLE = Kind(503, "engine-unavailable", "The queue did not take the job", "the queue did not take it: …")
HISTORY_UNAVAILABLE = Kind(503, "history-unavailable", "History cannot be read", "there is no history yet: …")
STORAGE_FULL = Kind(507, "storage-full", "No room for the file", "there is no room left for uploads")
UNAVAILABLE = Kind(503, "unavailable", "Not available now", "try again later")

#: What every route may answer, what one with a body may besides, and what one that reads Redis may.
EVERYWHERE = (BAD_HOST, NOT_SIGNED_IN, FORBIDDEN, BAD_REQUEST, INTERNAL)
WITH_BODY = (TOO_LARGE, UNSUPPORTED)
STORED = (UNREADABLE, REDIS_UNAVAILABLE)

# From the most particular to the most general: the first that fits is taken.
_OF_ERROR: tuple[tuple[type[errors.HeadwayError], Kind], ...] = (
    (errors.InvalidJobId, JOB_NOT_FOUND),
    (errors.JobNotFound, JOB_NOT_FOUND),
    (errors.TaskNotFound, TASK_NOT_FOUND),
    (errors.NotFound, NOT_FOUND),
    (errors.NotSignedIn, NOT_SIGNED_IN),
    (errors.NotAllowed, FORBIDDEN),
    (errors.InvalidParams, BAD_PARAMS),
    (errors.TooLarge, TOO_LARGE),
    (errors.BadInput, BAD_REQUEST),
    (errors.TooMany, TOO_MANY),
    (errors.Conflict, CONFLICT),
    (errors.Unreadable, UNREADABLE),
    (errors.RedisUnavailable, REDIS_UNAVAILABLE),
    (errors.EngineUnavailable, ENGINE_UNAVAILABLE),
    (errors.StorageFull, STORAGE_FULL),
    (HistoryUnavailable, HISTORY_UNAVAILABLE),
    (errors.Unavailable, UNAVAILABLE),
)
_OF_HTTP_STATUS = {kind.http_status: kind for kind in (METHOD_NOT_ALLOWED, NOT_FOUND, FORBIDDEN, CONFLICT, TOO_LARGE)}


def response(
    kind: Kind, detail: str, fields: list[dict[str, str]] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer for one problem; `fields` are `{field, detail}` each."""
    problem: dict[str, Any] = {"type": f"urn:headway:{kind.name}", "title": kind.title, "detail": detail[:_DETAIL_MAX]}
    if fields is not None:
        problem["errors"] = fields
    sent = dict(headers or {})
    if kind.http_status == HTTPStatus.SERVICE_UNAVAILABLE:
        sent["Retry-After"] = str(RETRY_AFTER_S)
    if kind is NOT_SIGNED_IN:
        sent["WWW-Authenticate"] = "Bearer"
    # As ASCII: what a client sent may hold surrogates that no UTF-8 can carry back.
    return Response(json.dumps(problem).encode(), kind.http_status, sent, MEDIA_TYPE)


def documented(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """These problems as a route's `responses`, with an example each."""
    documents: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        example = {"type": f"urn:headway:{kind.name}", "title": kind.title, "detail": kind.example}
        known = documents.setdefault(
            kind.http_status,
            {"model": Problem, "description": kind.title, "content": {MEDIA_TYPE: {"examples": {}}}},
        )
        known["content"][MEDIA_TYPE]["examples"][kind.name] = {"value": example}
    return documents


def install(app: FastAPI) -> None:
    """Make every error that leaves a route one of these answers."""
    app.add_exception_handler(errors.HeadwayError, _headway)
    app.add_exception_handler(RequestValidationError, _request)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RedisError, _stored)
    app.add_exception_handler(ValidationError, _stored)
    app.add_exception_handler(Exception, _unexpected)


async def _headway(request: Request, error: Exception) -> Response:
    kind = next((kind for branch, kind in _OF_ERROR if isinstance(error, branch)), INTERNAL)
    if kind is INTERNAL:
        return await _unexpected(request, error)
    if isinstance(error, errors.InvalidJobId):
        return response(kind, kind.example, [{"field": "job_id", "detail": str(error)}])
    fields = error.errors if isinstance(error, errors.InvalidParams) else None
    again = {"Retry-After": str(error.after_s)} if isinstance(error, errors.TooMany) else None
    return response(kind, str(error), fields, again)


async def _request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [{"field": _field(item["loc"]), "detail": str(item["msg"])[:_DETAIL_MAX]} for item in error.errors()]
    first = fields[0]
    detail = f"{first['field']}: {first['detail']}" if first["field"] else first["detail"]
    return response(BAD_REQUEST, detail, fields)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _OF_HTTP_STATUS.get(error.status_code, Kind(error.status_code, "bad-request", BAD_REQUEST.title, ""))
    detail = str(error.detail)
    if kind is NOT_FOUND:
        detail = f"nothing is served at {request.url.path}"
    elif kind is METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not served at {request.url.path}"
    return response(kind, detail, headers=error.headers)


async def _stored(request: Request, error: Exception) -> Response:
    """Somebody else wrote under one of headway's keys, or Redis refused a command: no fault of the request."""
    _log.error("%s %s: %s", request.method, request.url.path, error, exc_info=error)
    return response(UNREADABLE, "what is stored in Redis is not headway's; the server's log says what")


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return response(INTERNAL, INTERNAL.example)


def _field(where: tuple[int | str, ...]) -> str:
    # FastAPI puts the part of the request first; a malformed body has the position of the fault there.
    parts = where[1:] if where and where[0] in {"body", "query", "path", "header"} else where
    return ".".join(str(part) for part in parts if not isinstance(part, int) or len(parts) > 1)
