"""Time zones by name: how far a clock on the wall is ahead of UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC = "UTC"


def utc_offset(zone: str, at: int) -> int | None:
    """Minutes that `zone` is ahead of UTC at Unix second `at`; None: no such zone."""
    if zone == UTC:
        return 0  # also where the system has no time zone data
    try:
        local = datetime.fromtimestamp(at, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return (local.utcoffset() or timedelta()) // timedelta(minutes=1)
