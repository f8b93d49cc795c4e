"""Free loopback ports for servers under test."""

import socket


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has open now; the kernel gives a different one at each call for a while."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
