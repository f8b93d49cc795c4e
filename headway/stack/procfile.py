"""What the Procfile starts."""

from pathlib import Path

from honcho.environ import expand_processes, parse_procfile

from headway.stack.errors import StackError


def read_procfile(path: Path, workers: int) -> dict[str, str]:
    """The commands by process name (`api.1`, `worker.1`, `worker.2`, …), in the file's order.

    Args:
        workers: how many times the entry `worker` is started.

    Raises:
        StackError: there is no such file, or nothing in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise StackError(f"no {path.name} in {path.parent}: run this in a checkout of headway") from None
    expanded = expand_processes(parse_procfile(text).processes, concurrency={"worker": workers})
    if not expanded:
        raise StackError(f"{path} starts nothing: it needs lines like 'api: python -m api'")
    return {process.name: process.cmd for process in expanded}
