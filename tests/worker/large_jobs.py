"""Jobs whose results are too large to be shown whole."""

import numpy as np
import pandas as pd

from headway import task


@task
def return_frame() -> pd.DataFrame:
    """Return a gigabyte of zeros, which takes no memory until somebody reads all of it."""
    return pd.DataFrame(np.zeros((1_000_000, 128)))


@task
def return_text(chars: int) -> str:
    """Return one long line."""
    return "x" * chars
