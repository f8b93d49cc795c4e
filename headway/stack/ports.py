"""Whether a port can be listened on."""

import errno
import os
import socket


def port_problem(host: str, port: int) -> str:
    """What stands in the way of listening there, as the end of a sentence ("is already in use"); empty if nothing.

    Args:
        host: a name or address of this machine; a bracketed IPv6 address will do.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # macOS lets a second socket bind beside one on all addresses; only a connection tells.
        if probe.connect_ex(address) == 0:
            return "is already in use"
    with socket.socket(family, kind, protocol) as probe:
        # Without it a port is refused for a minute after its last connection.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is already in use"
            return f"cannot be opened ({os.strerror(error.errno or 0)})"
    return ""
