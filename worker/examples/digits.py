"""Scikit-learn's 1,797 handwritten digits, split into those to learn from and those to be judged by."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

_DARKEST = 16.0


def digits(seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[Any], npt.NDArray[Any]]:
    """1,347 images to learn from and 450 held out, shape (n, 64), in 0..1; then which digits they show, 0..9."""
    images, shown = load_digits(return_X_y=True)
    learn, held_out, learn_shown, held_out_shown = train_test_split(
        images / _DARKEST, shown, test_size=0.25, random_state=seed, stratify=shown
    )
    return learn, held_out, learn_shown, held_out_shown
