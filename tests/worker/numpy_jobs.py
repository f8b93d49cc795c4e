"""Jobs that report and return numpy's and pandas' values."""

import numpy as np
import pandas as pd

from headway import metric, report, task, track


@task
def return_frame() -> pd.DataFrame:
    """Return a gigabyte of zeros, which takes no memory until somebody reads all of it."""
    return pd.DataFrame(np.zeros((1_000_000, 128)))


@task
def return_text(chars: int) -> str:
    """Return one long line."""
    return "x" * chars


@task
def report_scalars() -> dict[str, object]:
    """Report single values of numpy's and pandas', some of which are no numbers."""
    losses = np.array([0.5, np.nan, np.inf], dtype=np.float32)
    for loss in track(losses, total=np.int64(3), weight=np.float16(1), unit=np.str_("epoch")):
        metric({np.str_("loss"): loss, "worse": np.bool_(loss > 0.4), "all": losses, "none": pd.NA})
    metric(loss=losses[0], one=losses[:1])
    report(n=np.uint8(2), total=np.float64(3), message=losses)
    return {"last": losses[0], "when": np.datetime64("2013-01-01"), "mean": losses.mean(), "flags": losses > 0}
