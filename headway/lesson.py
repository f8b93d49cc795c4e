"""The lesson's task as every API knows it, without loading its code and before any worker announced it."""

from headway.fields import fields
from headway.tasks import TaskInfo

#: The name that `POST /workflow/run` enqueues.
NAME = "long_task"

_PARAMS_SCHEMA = {
    "title": NAME,
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "n_steps": {
            "title": "Steps",
            "description": "How many steps to take.",
            "type": "integer",
            "minimum": 0,
            "default": 5,
        },
        "step_s": {
            "title": "Seconds per step",
            "description": "How long a step takes, in seconds.",
            "type": "number",
            "minimum": 0,
            "maximum": 60,
            "default": 1.0,
        },
    },
}

LONG_TASK = TaskInfo(
    name=NAME,
    description="Take some steps, one second each: the hello-world of progress.",
    params_schema=_PARAMS_SCHEMA,
    fields=fields(_PARAMS_SCHEMA),
)
