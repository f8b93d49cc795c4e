"""Jobs in a notebook: live bars with buttons, forms, tables, charts of what jobs measure, and the `%headway` magic."""

from IPython import get_ipython

from headway.notebook.chart import Chart, live_chart
from headway.notebook.handle import Handle
from headway.notebook.jobs_table import JobsTable, jobs
from headway.notebook.magic import register
from headway.notebook.task_form import TaskForm, form
from headway.notebook.watching import Handles, run, submit, watch

__all__ = [
    "Chart",
    "Handle",
    "Handles",
    "JobsTable",
    "TaskForm",
    "form",
    "jobs",
    "live_chart",
    "run",
    "submit",
    "watch",
]

register(get_ipython())
