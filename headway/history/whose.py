"""Whose jobs an answer of history is about."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func

from headway.history import schema

# As an expression: SQLite shall look up the jobs of a time or task, not all of a user.
_owner = func.nullif(schema.jobs.c.owner, "")


@dataclass(frozen=True, slots=True)
class Whose:
    """One user's jobs, or with an `owner` of None those of all users, and if `nobodys` those too that nobody owns."""

    owner: str | None = None
    nobodys: bool = True

    @property
    def where(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions on `jobs`; none for all of them."""
        if self.owner is not None:
            return (_owner == self.owner,)
        return () if self.nobodys else (_owner.is_not(None),)


#: All jobs there are.
EVERYBODYS = Whose()
