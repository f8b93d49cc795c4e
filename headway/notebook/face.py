"""Where this Python runs, as far as it decides how a job is shown."""

import os
import sys
from enum import Enum
from importlib.metadata import version

from IPython import get_ipython


class Face(Enum):
    """How a job can be shown here."""

    #: A notebook: widgets move while other cells run.
    NOTEBOOK = "notebook"
    #: Colab shows what a thread sends only while a cell runs, so the cell waits.
    COLAB = "colab"
    #: A script, or IPython in a terminal.
    TERMINAL = "terminal"


def face() -> Face:
    """How jobs are shown in this process."""
    if "google.colab" in sys.modules:
        return Face.COLAB
    shell = get_ipython()
    return Face.NOTEBOOK if getattr(shell, "kernel", None) is not None else Face.TERMINAL


def buttons_wait() -> bool:
    """Whether a button is answered only once the running cell has ended.

    JupyterLab 4.4 and Notebook 7.4 send clicks to a thread of their own in ipykernel 7; VS Code does not.
    """
    return int(version("ipykernel").partition(".")[0]) < 7 or "VSCODE_PID" in os.environ
