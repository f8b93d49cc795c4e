"""Tasks written with tqdm alone, as other people's code is."""

from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.contrib import itertools
from tqdm.contrib.concurrent import process_map, thread_map

from headway import task
from headway.tqdm import tqdm


@task
def apply_to_rows(rows: int) -> int:
    """Apply a function to every row of a table."""
    tqdm.pandas(desc="rows", unit="row")
    table = pd.DataFrame({"a": range(rows), "b": 1})
    return int(table.progress_apply(lambda row: row["a"] + row["b"], axis=1).sum())


@task
def apply_to_groups(groups: int) -> dict[str, int]:
    """Apply a function to every group of a table."""
    tqdm.pandas(desc="groups", unit="group")
    table = pd.DataFrame({"key": [f"k{i % groups}" for i in range(groups * 3)], "a": 1})
    sums = table.groupby("key")["a"].progress_apply(sum)
    return {str(key): int(value) for key, value in sums.items()}


@task
def hand_over_the_class(how: str) -> list[Any]:
    """Give the class to a library that makes the bar itself."""
    if how == "product":
        return list(itertools.product("ab", [1, 2], tqdm_class=tqdm, desc="pairs"))
    mapped = process_map if how == "process_map" else thread_map
    return list(mapped(abs, [-1, -2, -3, -4], tqdm_class=tqdm, desc="pairs", max_workers=2))


@task
def train(go: str) -> None:
    """Two bars at positions of their own, with losses and lines; stands inside both until `go` is there."""
    with tqdm(total=4, desc="epochs", unit="epoch", position=0) as epochs:
        epochs.update(1)
        with tqdm(total=10, desc="batches", unit="batch", position=1, leave=False) as batches:
            batches.update(5)
            batches.set_postfix(loss=0.25, split="train")
            tqdm.write("first epoch\nwent well")
            while not Path(go).exists():
                sum(range(10_000))
        epochs.update(3)
