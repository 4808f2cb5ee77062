"""Due dates as people write them."""

from __future__ import annotations

import datetime
import re
import time

import click

_AHEAD = re.compile(r"\+(\d{1,5})([mhd])")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
NONE = "none"


def read_due(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> float | str | None:
    """2026-05-01, '2026-05-01 18:00', +3d, Unix seconds, or none; local time."""
    if value is None or value == NONE:
        return value
    if ahead := _AHEAD.fullmatch(value):
        return round(time.time()) + int(ahead[1]) * _UNITS[ahead[2]]
    if re.fullmatch(r"\d{9,11}", value):
        return int(value)
    try:
        return datetime.datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(
            f"{value!r} is no date: write 2026-05-01, '2026-05-01 18:00' or +3d"
        ) from None
