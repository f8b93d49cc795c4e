"""What the blocking and the asyncio client have in common where they touch the network."""

from typing import Any

import httpx2

from headway.client.address import Address
from headway.client.problems import unreachable
from headway.errors import BadInput, HeadwayError

# A pooled connection may have been closed by a restarted API, and an answer may get lost: asked once more.
_REPEATABLE = (httpx2.ReadError, httpx2.WriteError, httpx2.CloseError, httpx2.RemoteProtocolError)


def pool_options(address: Address, headers: dict[str, str], timeout_s: float) -> dict[str, Any]:
    """How to make a pool of connections to one API, for one principal.

    Raises:
        BadInput: `timeout_s` is not above 0.
    """
    if not timeout_s > 0:
        raise BadInput(f"timeout_s={timeout_s!r}: give a number of seconds above 0")
    return {
        "headers": [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()],
        "timeout": timeout_s,
        "trust_env": not address.loopback,
    }


def repeatable(error: Exception) -> bool:
    """Whether the same request is worth sending once more at once."""
    return isinstance(error, _REPEATABLE)


def fault(error: Exception, base: str, *, closed: bool) -> Exception:
    """What the caller gets to see of a request that was not answered; `closed` says that the client was."""
    if isinstance(error, httpx2.TimeoutException):
        return unreachable(base, "timed out")
    if isinstance(error, httpx2.RequestError):
        return unreachable(base, str(error) or type(error).__name__)
    return HeadwayError("this client has been closed") if closed else error


def status_request(query: dict[str, int], etag: str | None, timeout_s: float) -> dict[str, Any]:
    """A poll of a watch, as the arguments of a pool's `request` that follow the method and address."""
    headers = {} if etag is None else {"If-None-Match": etag}
    return {"params": query or None, "headers": headers, "timeout": timeout_s}
