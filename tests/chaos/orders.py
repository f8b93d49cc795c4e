"""What is ordered: a task and its parameters."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: How often each kind of job is ordered, and from how many to how many steps, parts or rounds it has.
KINDS = {
    "step_along": (6, 5, 120),
    "share_out": (2, 4, 40),
    "think": (3, 10, 150),
    "carry_on": (4, 9, 90),
    "go_wrong": (1, 1, 20),
    "be_quick": (2, 1, 9),
}


@dataclass(frozen=True)
class Order:
    """A job that somebody wants."""

    key: str
    task: str
    params: dict[str, Any]

    @property
    def trace(self) -> Path:
        """Where the job notes who is at it."""
        return Path(self.params["trace"])

    @property
    def body(self) -> dict[str, Any]:
        """The submit."""
        return {"task": self.task, "params": self.params}


def orders(folder: Path, chance: random.Random) -> Iterator[Order]:
    """Any number of them."""
    number = 0
    while True:
        number += 1
        (task,) = chance.choices(list(KINDS), [often for often, _, _ in KINDS.values()])
        _, least, most = KINDS[task]
        trace = folder / f"{number}.ran"
        params = {"seed": chance.randrange(10**6), "count": chance.randint(least, most), "trace": str(trace)}
        yield Order(f"order-{number}", task, params)
