"""Hours in which a person is there, as arguments and in answers."""

from __future__ import annotations

import re
from typing import Any

from ..model.errors import Rejected
from ..model.settings import Period
from ..scheduler.zone import UTC, utc_offset
from .arguments import Arguments
from .errors import ApiError

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


def read_periods(arguments: Arguments, name: str) -> tuple[Period, ...]:
    """The periods in argument `name`; answers 400 naming which is wrong."""
    return tuple(
        _period(f"{name}[{number}]", row)
        for number, row in enumerate(arguments.objects(name))
    )


def period_view(period: Period) -> dict[str, Any]:
    """A period in the form that it is given in."""
    hours, minutes = divmod(period.start, 60)
    return {
        "days": list(period.days),
        "start": f"{hours:02}:{minutes:02}",
        "duration": period.duration,
        "tz": period.tz,
        "max_manual_events": period.max_manual_events,
    }


def _period(where: str, row: Arguments) -> Period:
    time = _TIME.fullmatch(row.text("start"))
    if time is None:
        raise ApiError(400, f"argument '{where}.start': give HH:MM, such as 08:00")
    period = Period(
        days=row.integers("days"),
        start=int(time[1]) * 60 + int(time[2]),
        duration=row.integer("duration"),
        tz=row.text("tz", UTC),
        max_manual_events=row.optional_integer("max_manual_events"),
    )
    row.finish()
    try:
        period.check(where)
    except Rejected as error:
        raise ApiError.from_rejection(error) from error
    if utc_offset(period.tz, 0) is None:
        raise ApiError(
            400,
            f"argument '{where}.tz': {period.tz!r} is no time zone that this host"
            " knows: give one like Europe/Berlin",
        )
    return period
