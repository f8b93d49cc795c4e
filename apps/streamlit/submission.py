"""Submitting a form once, however often its button is clicked."""

from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from file_field import as_entries, given_twice, upload_all
from session import client
from task_form import emptied

from headway.errors import HeadwayError, InvalidParams
from headway.forms import parse
from headway.tasks import TaskInfo

_SLOT = "submission"


@dataclass
class Submission:
    """What became of the last submit of this session."""

    task: str = ""
    job_id: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    problem: str = ""
    #: The task of the last job that this session submitted.
    ran: str = ""
    #: How many jobs this session has submitted. It is part of the button's key: the second half of a double click is
    #: meant for a button that is no longer there.
    count: int = 0

    @property
    def refusal(self) -> str:
        """Why nothing was submitted, in a sentence; empty where something was."""
        if self.problem:
            return self.problem
        count = len({error["field"].partition(".")[0] for error in self.errors})
        if not count:
            return ""
        return "1 field needs a look." if count == 1 else f"{count} fields need a look."


def last_submission() -> Submission:
    """The last submit of this session; an empty one before the first."""
    submission: Submission = st.session_state.setdefault(_SLOT, Submission())
    return submission


def forget_submission() -> None:
    """Begin anew, as with another task."""
    st.session_state[_SLOT] = Submission(ran=last_submission().ran, count=last_submission().count)


def submit(task: TaskInfo, values: dict[str, Any]) -> Submission:
    """Submit what the form holds, and keep what became of it; a refused one has no job."""
    new = Submission(task.name, ran=last_submission().ran, count=last_submission().count)
    try:
        new.job_id = client().submit(task.name, _params(task, values)).job_id
    except InvalidParams as error:
        new.errors = error.errors
        new.problem = "" if error.errors else str(error)
    except HeadwayError as error:
        new.problem = str(error)
    else:
        new.ran = task.name
        new.count += 1
    st.session_state[_SLOT] = new
    return new


def _params(task: TaskInfo, values: dict[str, Any]) -> dict[str, Any]:
    missed = emptied(task.fields, values) + given_twice(values)
    try:
        params = parse(task.fields, as_entries(values), task.name)
    except InvalidParams as error:
        raise InvalidParams(task.name, missed + error.errors) from None
    if missed:
        raise InvalidParams(task.name, missed)
    return params | upload_all(client(), task.name, values)
