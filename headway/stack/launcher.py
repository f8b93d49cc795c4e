"""Starts everything, watches it, and stops everything, Redis last."""

import os
import secrets
import shlex
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from headway.settings import Settings
from headway.stack.checks import check_ports, check_redis, without_password
from headway.stack.child import Child, Terminal
from headway.stack.environment import api_url, child_environment, environment_file, grace_s, shell_environment
from headway.stack.errors import StackError
from headway.stack.family import Family
from headway.stack.first_job import FirstJob
from headway.stack.procfile import read_procfile
from headway.stack.redis_server import RedisServer
from headway.stack.watchdog import watchdog

DIED = 1
WRONG_SET_UP = 2
LOOK_S = 0.1
# What a worker needs, after its job's grace, for handing the job back.
HAND_BACK_S = 7.0


class StopRequest:
    """Ctrl-C, SIGTERM or a closed terminal; a second one means: at once."""

    def __init__(self) -> None:
        self.count = 0

    def install(self) -> None:
        """Take these signals from now on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup, and only there, a closed terminal means nothing.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


def launch(settings: Settings, root: Path, more: Sequence[str] = ()) -> tuple[int, str]:
    """Run the stack until it is asked to stop or one of its processes ends.

    Args:
        root: the checkout, which has the Procfile.
        more: names of further files like it in the checkout, which are started too.

    Returns:
        The exit status, and what happened: 0 and nothing if it was asked to stop; 2 if one of the processes refused
        its set-up, in a sentence of its own; 1 if one ended otherwise.

    Raises:
        StackError: a wrong set-up; nothing runs.
    """
    stop = StopRequest()
    stop.install()
    commands: dict[str, str] = {}
    for name in ("Procfile", *more):
        commands |= read_procfile(root / name, settings.workers)
    server = _private_server(settings)
    check_ports(settings, with_redis=server is not None)
    _make_folder(settings.data_dir)
    terminal = Terminal(list(commands))
    with ExitStack() as stack:
        redis_url = stack.enter_context(_running(server)) if server else _named_redis(settings)
        children = stack.enter_context(_children(settings, commands, server, redis_url, terminal, stop))
        stack.enter_context(_links(settings, redis_url, server, terminal))
        ending = _watch(children, server, stop)
        terminal.text("\nstopping everything …")
    terminal.text("everything is stopped.")
    return ending


def _private_server(settings: Settings) -> RedisServer | None:
    """The Redis to start; None if the settings name one that is there already."""
    server = RedisServer(settings.data_dir / "redis", port=settings.redis_port)
    # A shell that has read the file `env` of an earlier run still names our own socket.
    named = "redis_url" in settings.model_fields_set and settings.redis_url.get_secret_value() != server.url
    return None if named else server


@contextmanager
def _running(server: RedisServer) -> Iterator[str]:
    with server:
        yield server.url


def _named_redis(settings: Settings) -> str:
    url = settings.redis_url.get_secret_value()
    check_redis(url, "HEADWAY_REDIS_URL" if os.environ.get("HEADWAY_REDIS_URL") else "REDIS_URL")
    return url


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"HEADWAY_DATA_DIR: {folder} cannot be made ({error.strerror})") from None


@contextmanager
def _children(
    settings: Settings,
    commands: dict[str, str],
    server: RedisServer | None,
    redis_url: str,
    terminal: Terminal,
    stop: StopRequest,
) -> Iterator[list[Child]]:
    """The processes of the Procfile; at the end of the block neither they nor anything they started is left."""
    family = Family(secrets.token_hex(8))
    environment = child_environment(settings, redis_url, family.stack_id)
    patience_s = grace_s(settings) + HAND_BACK_S
    with watchdog(family.stack_id, patience_s, [server.lifeline] if server else []) as dog:
        children = []
        try:
            for name, command in commands.items():
                child = Child(name, command, environment, terminal)
                children.append(child)
                family.sessions.add(child.pid)
                dog.knows(child.pid)
            yield children
        finally:
            family.end(patience_s, hurry=lambda: stop.count > 1)
            for child in children:
                child.close()


@contextmanager
def _links(settings: Settings, redis_url: str, server: RedisServer | None, terminal: Terminal) -> Iterator[None]:
    """The file `env` beside the data, the first job, and the lines that say where everything is."""
    path = settings.data_dir / "env"
    url = api_url(settings)
    notes = [
        f"  REDIS_URL        {without_password(redis_url)}",
        *([f"  and              {server.port_url}"] if server and server.port_url else []),
        f"  HEADWAY_API_URL  {url}",
        f"  These and more for another terminal:  . {shlex.quote(str(path))}",
        "  Ctrl-C stops everything.",
    ]
    job = FirstJob(url, f"http://127.0.0.1:{settings.ui_port}", terminal.text, notes)
    with environment_file(path, shell_environment(settings, redis_url)):
        job.start()
        try:
            yield
        finally:
            job.stop()


def _watch(children: list[Child], server: RedisServer | None, stop: StopRequest) -> tuple[int, str]:
    """Wait until somebody asks for a stop, or a process ends; the exit status and what to say in that case."""
    while not stop.count:
        if server is not None and (status := server.poll()) is not None:
            return DIED, f"Redis {_how(status)}"
        for child in children:
            if (status := child.poll()) is not None:
                return WRONG_SET_UP if status == WRONG_SET_UP else DIED, f"{child.name} {_how(status)}"
        time.sleep(LOOK_S)
    return 0, ""


def _how(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended by itself with exit status {status}"
