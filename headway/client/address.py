"""Where the API is, and how this client names itself there."""

import getpass
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from headway.errors import BadInput
from headway.settings import get_settings, is_http_address

_USER_MAX = 100


@dataclass(frozen=True)
class Address:
    """The API's base address, without a slash at its end."""

    base: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Take an http:// or https:// address, a path in front of the API's own included.

        Raises:
            BadInput: it is no such address, or carries a user, a password, a query or a fragment.
        """
        refused = f"{url!r} is no address of an API: write http://host:port or https://host"
        if "@" not in url and not is_http_address(url):
            raise BadInput(refused)
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise BadInput("the API's address must not carry a user or password: pass token= instead")
        if not is_http_address(url) or parts.query or parts.fragment:
            raise BadInput(refused)
        return cls(url.rstrip("/"))

    @classmethod
    def given(cls, url: str | None) -> "Address":
        """The address a caller gave, or that of `HEADWAY_API_URL` for None; errors as `parse`, and `SettingsError`."""
        return cls.parse(url if url is not None else get_settings().api_url)

    @property
    def loopback(self) -> bool:
        """Whether the API is on this machine, where no proxy may come between."""
        host = urlsplit(self.base).hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False

    def http(self, path: str) -> str:
        """The full address of a path that begins with a slash."""
        return self.base + path

    def websocket(self, path: str) -> str:
        """The same as ws:// or wss://."""
        return "ws" + self.base.removeprefix("http") + path


def identity(user: str | None, token: str | None) -> dict[str, str]:
    """The headers that say who is asking.

    Args:
        user: what the user is called where nobody has to sign in; None takes the operating system's name.
        token: None takes that of `HEADWAY_TOKEN`, if it is set.

    Raises:
        BadInput: the token has a character that no header may carry; the token itself is not quoted.
        SettingsError: a setting is wrong.
    """
    if token is None and (setting := get_settings().token) is not None:
        token = setting.get_secret_value()
    headers = {"X-Headway-User": header_text(user if user is not None else os_user())}
    if token is not None:
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise BadInput("token: only printable ASCII characters without spaces can be sent")
        headers["Authorization"] = f"Bearer {token}"
    return headers


def header_text(text: str) -> str:
    """Replace with `?` what a header cannot carry; "unknown" where nothing is left."""
    latin = text.strip()[:_USER_MAX].encode("latin-1", "replace").decode("latin-1")
    return "".join(char if char.isprintable() else "?" for char in latin).strip() or "unknown"


def os_user() -> str:
    """What the operating system calls whoever runs this; "unknown" where it does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
