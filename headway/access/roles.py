"""What somebody may do, apart from whose jobs they may do it to."""

from typing import Literal

#: A viewer looks, an operator also submits jobs and acts on them, an admin also sees who did what.
Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
