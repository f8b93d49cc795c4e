"""The server around the application: how it listens, and how it goes away."""

import gc
import resource
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from api.lingering import Lingering
from api.protocol import SocketProtocol
from headway.errors import SettingsError
from headway.settings import Settings
from headway.stack.ports import port_problem

#: What a client may say at once on a socket: 200 jobs to follow; larger frames end it.
_WS_FRAME_MAX_BYTES = 32_768
#: How often a socket is asked whether its client is there, and how long the answer may take, in seconds.
PING_S = 20.0
#: How often connections are looked for that should have ended, in seconds.
SWEEP_S = 30.0
_TICK_S = 0.1
_GRACE_S = 1
_BACKLOG = 4_096


class Server(uvicorn.Server):
    """uvicorn's, which tells those who wait for news that none will come from here."""

    def __init__(self, config: uvicorn.Config, sweep_s: float) -> None:
        super().__init__(config)
        self._lingering = Lingering()
        self._sweep_ticks = round(sweep_s / _TICK_S)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        # What was imported stays: a full collection would look through all of it, with every watcher waiting.
        gc.collect()
        gc.freeze()

    async def on_tick(self, counter: int) -> bool:
        """Do what is to be done now and then; true if the server is to end."""
        if counter % self._sweep_ticks == 0:
            self._lingering.sweep(self.server_state.connections)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer who waits, close the sockets with 1012, and end."""
        services = self.lifespan.state.get("services")
        if services is not None:
            services.hub.end_watches()
        await super().shutdown(sockets)


def serve(app: ASGIApp, settings: Settings, *, ping_s: float = PING_S, sweep_s: float = SWEEP_S) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        SettingsError: the port is taken.
    """
    listening = _listen(settings)
    _allow_many_files()
    config = uvicorn.Config(
        app,
        # Others than the bare protocol need trust in headers that anybody on this machine can write.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        # Below that it says two lines for each socket.
        log_level="warning",
        ws=SocketProtocol,
        ws_max_size=_WS_FRAME_MAX_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=ping_s,
        ws_ping_timeout=ping_s,
        timeout_graceful_shutdown=_GRACE_S,
    )
    Server(config, sweep_s).run(sockets=[listening])


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.api_host.strip("[]"), settings.api_port
    problem = port_problem(host, port)
    if problem:
        raise SettingsError(f"HEADWAY_API_PORT: port {port} of {host} {problem}")
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    # asyncio sends small writes at once (TCP_NODELAY) only where the socket says that it speaks TCP, which those of
    # `socket.create_server` do not: each answer would wait 40 ms for the acknowledgement of its own headers.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise SettingsError(f"HEADWAY_API_PORT: port {port} of {host} cannot be opened: {error.strerror}") from None
    return listening


def _allow_many_files() -> None:
    """Ask for as many open files as the system gives this process: each socket is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS says "without limit", and refuses to be taken at its word.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
