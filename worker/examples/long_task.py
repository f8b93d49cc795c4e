"""The lesson's job, with the lesson's messages and the lesson's result."""

import time
from typing import Annotated

from pydantic import Field

from headway import checkpoint, report, task


@task
def long_task(
    n_steps: Annotated[int, Field(title="Steps", ge=0, description="How many steps to take.")] = 5,
    step_s: Annotated[
        float, Field(title="Seconds per step", ge=0, le=60, description="How long a step takes, in seconds.")
    ] = 1.0,
) -> dict[str, str | int]:
    """Take some steps, one second each: the hello-world of progress."""
    for step in range(1, n_steps + 1):
        # As in the lesson, the pause stands for work.
        time.sleep(step_s)
        report(message=f"step {step}/{n_steps}", n=step, total=n_steps, unit="steps")
        checkpoint()
    return {"msg": "done", "value": 42}
