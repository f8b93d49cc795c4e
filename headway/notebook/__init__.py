"""Jobs in a notebook: live bars with buttons, charts of what jobs measure, and the `%headway` magic."""

from IPython import get_ipython

from headway.notebook.chart import Chart, live_chart
from headway.notebook.handle import Handle
from headway.notebook.magic import register
from headway.notebook.watching import Handles, run, submit, watch

__all__ = ["Chart", "Handle", "Handles", "live_chart", "run", "submit", "watch"]

register(get_ipython())
