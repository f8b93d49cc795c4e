"""Tasks whose parameters and bars are of every kind."""

import time
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from headway import report, task, track


class Colour(Enum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


@task
def echo(
    count: Annotated[int, Field(ge=0, description="How many.")] = 0,
    share: float = 0.5,
    loud: bool = False,
    words: list[str] | None = None,
    numbers: list[int] | None = None,
    day: date | None = None,
    moment: datetime | None = None,
    colour: Colour = Colour.RED,
    anything: dict[str, Any] | None = None,
    name: str = "nobody",
) -> dict[str, Any]:
    """Give back what came in.

    Nothing else is done with it.
    """
    return dict(locals())


@task
def nested(go: str, fail: bool = False) -> int:
    """Two loops, one inside the other; the last step waits until a file is there."""
    done = 0
    for outer in track(range(2), desc="outer", unit="box"):
        for inner in track(range(2), desc="inner", unit="item"):
            done += 1
            if outer == inner == 1:
                while not Path(go).exists():
                    time.sleep(0.01)
                if fail:
                    raise ValueError("at the last step")
    return done


@task
def aimless(go: str) -> str:
    """Report without any total until a file is there."""
    n = 0
    while not Path(go).exists():
        n += 1
        report(n=n, message="looking")
        time.sleep(0.01)
    return "found"
