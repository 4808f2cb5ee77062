"""Hours in which a person is there, as people write and read them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME = r"([01]?\d|2[0-3]):([0-5]\d)"
_HOURS = re.compile(
    rf"([A-Za-z,-]+) +{_TIME} *- *{_TIME}(?: +([A-Za-z]\S*))?(?: +(\d{{1,6}})x)?"
)
_DAY = 24 * 60
_NONE = "none"
_LINK = Path("/etc/localtime")
EXAMPLE = "'Mon-Fri 08:00-18:00 Europe/Berlin 4x'"


def read_hours(
    _context: click.Context, _option: click.Parameter, typed: Sequence[str]
) -> list[dict[str, Any]] | None:
    """Periods: DAYS HH:MM-HH:MM [ZONE] [how often the person comes, as 4x].

    Without a zone it is this machine's. `none` alone: no period.
    """
    if tuple(typed) == (_NONE,):
        return []
    return [_period(text) for text in typed] or None


def shown(period: Mapping[str, Any]) -> str:
    """A period of an answer."""
    days = " ".join(_DAYS[day] for day in period["days"])
    text = f"{days} {period['start']} for {period['duration']} min ({period['tz']})"
    most = period["max_manual_events"]
    return text if most is None else f"{text}, at most {most} times"


def _period(text: str) -> dict[str, Any]:
    found = _HOURS.fullmatch(text.strip())
    days = _days(found[1]) if found else None
    if found is None or days is None:
        raise click.BadParameter(f"{text!r} are no hours: write {EXAMPLE}")
    start = int(found[2]) * 60 + int(found[3])
    end = int(found[4]) * 60 + int(found[5])
    return {
        "days": days,
        "start": f"{start // 60:02}:{start % 60:02}",
        "duration": (end - start) % _DAY or _DAY,  # one that ends earlier: next day
        "tz": found[6] or _zone(),
        "max_manual_events": None if found[7] is None else int(found[7]),
    }


def _days(text: str) -> list[int] | None:
    """0 is Monday; None: one of them is no day."""
    names = [day.lower() for day in _DAYS]
    days: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        if first not in names or (dash and last not in names):
            return None
        begin, end = names.index(first), names.index(last if dash else first)
        days.update((begin + n) % 7 for n in range((end - begin) % 7 + 1))
    return sorted(days)


def _zone() -> str:
    """This machine's time zone."""
    name = os.environ.get("TZ", "").removeprefix(":")
    return name or str(_LINK.resolve()).partition("zoneinfo/")[2] or "UTC"
