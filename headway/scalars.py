"""Single values that JSON has no word for, as ones that it has."""

import ipaddress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import isfinite
from pathlib import PurePath
from typing import Any
from uuid import UUID

from headway.values import EXACT_INT

#: What `scalar` answers for a value that is none.
NO_SCALAR = object()

_TEXT_TYPES = (
    PurePath,
    UUID,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)


def scalar(value: object) -> Any:
    """`value` as text, number or None, NaN and large ones included; an Enum's value may be anything."""
    if isinstance(value, Enum):
        return value.value
    # Asked of the base class: a subclass's own __str__ may answer with the subclass again.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime | date | time | timedelta):
        return _moment(value)
    return str(value) if isinstance(value, _TEXT_TYPES) else NO_SCALAR


def _decimal(value: Decimal) -> int | float | str | None:
    if not value.is_finite():
        return None
    if abs(value) <= EXACT_INT and value == value.to_integral_value():
        return int(value)
    nearest = float(value)
    return nearest if isfinite(nearest) and Decimal(repr(nearest)) == value else str(value)


def _moment(value: datetime | date | time | timedelta) -> str | float | None:
    if value != value:  # pandas' NaT is a datetime that equals nothing
        return None
    if isinstance(value, timedelta):
        return value.total_seconds()
    text = value.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
