"""Runs the API until SIGTERM or Ctrl-C: `python -m api`."""

import socket
import sys

import uvicorn

from api.main import create_app
from api.sockets import AnsweringProtocol
from headway.errors import SettingsError
from headway.settings import Settings, read_settings
from headway.stack.ports import port_problem

#: A client has nothing to say on a socket: larger frames end it.
_WS_FRAME_MAX_BYTES = 4_096
_GRACE_S = 1
_BACKLOG = 2_048


def main() -> int:
    """Serve; 2 if a setting is wrong or the port is taken."""
    try:
        settings = read_settings()
        app = create_app(settings)
        listening = _listen(settings)
    except SettingsError as error:
        print(f"headway: {error}", file=sys.stderr)
        return 2
    config = uvicorn.Config(
        app,
        # Others than the bare protocol need trust in headers that anybody on this machine can write.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        # Below that it says two lines for each socket.
        log_level="warning",
        ws=AnsweringProtocol,
        ws_max_size=_WS_FRAME_MAX_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    uvicorn.Server(config).run(sockets=[listening])
    return 0


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.api_host.strip("[]"), settings.api_port
    problem = port_problem(host, port)
    if problem:
        raise SettingsError(f"HEADWAY_API_PORT: port {port} of {host} {problem}")
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SettingsError(f"HEADWAY_API_PORT: port {port} of {host} cannot be opened: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main())
