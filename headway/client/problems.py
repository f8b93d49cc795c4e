"""What an answer other than 2xx means, as one of headway's errors."""

import json
from typing import Any

from headway.errors import (
    ApiRefused,
    ApiUnavailable,
    Conflict,
    HeadwayError,
    InvalidParams,
    JobNotFound,
    NotAllowed,
    NotSignedIn,
    StorageFull,
    TaskNotFound,
    TooLarge,
    TooMany,
    Unreadable,
)

Problem = dict[str, Any]

_KIND = "urn:headway:"
#: What a lesson API says of a job that it does not know, in a problem without a kind.
_LESSON_UNKNOWN = "job not found"
_DETAIL_MAX = 500


def error_of(http_status: int, body: bytes, *, about: str = "", base: str = "") -> HeadwayError:
    """The error that an answer stands for.

    Args:
        http_status: 300 or above.
        body: problem details (RFC 9457), or whatever a proxy in between wrote.
        about: the job id or task name that was asked for.
        base: the API's address, for the sentence.
    """
    problem = problem_of(body)
    detail = str(problem["detail"])
    match http_status, kind_of(problem):
        case 502, "unreadable":
            return Unreadable(about, detail.partition(" cannot be read: ")[2] or detail)
        case 507, "storage-full":
            return StorageFull(detail)
        case status, _ if status >= 500:
            return ApiUnavailable(f"the API at {base} cannot answer now: {detail} (HTTP {status})")
        case 401, "not-signed-in":
            return not_signed_in(detail, base)
        case 403, "forbidden":
            return NotAllowed(detail)
        case 404, "job-not-found":
            return JobNotFound(about, base)
        case 404, "task-not-found":
            return TaskNotFound(about)
        case 404, "" if detail == _LESSON_UNKNOWN:
            return JobNotFound(about, base)
        case 413, "too-large":
            return TooLarge(detail)
        case 409, _:
            return Conflict(detail)
        case 429, "too-many":
            return TooMany(detail)
        case 422, "bad-params" if fields := _fields_of(problem):
            return InvalidParams(about, fields)
        case _:
            return ApiRefused(http_status, problem)


def not_signed_in(why: str, base: str) -> NotSignedIn:
    """The error for a token that is missing or not valid; the sentence says what to do."""
    return NotSignedIn(
        f"{why or 'sign in first'}: pass the client a token=, or set HEADWAY_TOKEN, that the API at {base} knows"
    )


def unreachable(base: str, why: str) -> ApiUnavailable:
    """The error for no answer at all; the sentence says what to do."""
    return ApiUnavailable(
        f"no API answers at {base} ({why}): start it with `make run`, or set HEADWAY_API_URL to where it is"
    )


def not_headway(base: str, path: str) -> ApiUnavailable:
    """The error for a good answer that is none of headway's."""
    return ApiUnavailable(
        f"what answers at {base}{path} is not headway's API, or another version of it: see HEADWAY_API_URL"
    )


def problem_of(body: bytes) -> Problem:
    """The problem details in `body`; its `detail` is always there."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        text = body.decode("utf-8", "replace").strip()
        return {"detail": text[:_DETAIL_MAX] or "no explanation given"}
    return problem | {"detail": problem.get("detail") or problem.get("title") or "no explanation given"}


def kind_of(problem: Problem) -> str:
    """What follows `urn:headway:` in the type, empty where it is not headway's."""
    kind = problem.get("type")
    return kind.removeprefix(_KIND) if isinstance(kind, str) and kind.startswith(_KIND) else ""


def _fields_of(problem: Problem) -> list[dict[str, str]]:
    errors = problem.get("errors")
    if not isinstance(errors, list):
        return []
    return [
        {"field": str(item.get("field", "")), "detail": str(item.get("detail", ""))}
        for item in errors
        if isinstance(item, dict)
    ]
