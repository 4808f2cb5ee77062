"""Hours in which a person is there, as arguments of a request."""

from __future__ import annotations

from ..model.errors import Rejected
from ..model.hours import Period
from ..scheduler.zone import UTC, utc_offset
from .arguments import Arguments
from .errors import ApiError


def read_periods(arguments: Arguments, name: str) -> tuple[Period, ...]:
    """The periods in argument `name`; answers 400 naming which is wrong."""
    return tuple(
        _period(f"{name}[{number}]", row)
        for number, row in enumerate(arguments.objects(name))
    )


def _period(where: str, row: Arguments) -> Period:
    period = Period(
        days=row.integers("days"),
        start=row.text("start"),
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
