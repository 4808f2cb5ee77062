"""Texts of others made harmless, and numbers made readable."""

from __future__ import annotations

import time

_WEEKDAYS = 6  # days within which a weekday's name means one day
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def clean(text: object) -> str:
    """One line that only shows itself: control and direction characters are spelt."""
    return "".join(c if c.isprintable() else _spelt(c) for c in str(text))


def _spelt(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def moment(unix: float | None) -> str:
    """Local date and time; nothing for None."""
    if unix is None:
        return ""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix))
    except (OverflowError, ValueError, OSError):
        return f"{unix:g}"  # a clock that was far off wrote it


def soon(unix: float | None) -> str:
    """Local time of day, with the day if it is another one; nothing for None."""
    if unix is None:
        return ""
    then = time.localtime(unix)
    days = abs(unix - time.time()) / _DAY
    if then.tm_yday == time.localtime(time.time()).tm_yday and days < 1:
        return time.strftime("%H:%M", then)
    return time.strftime("%a %H:%M", then) if days < _WEEKDAYS else moment(unix)


def duration(seconds: float) -> str:
    """Such as 1 h 5 min: two units, the smallest a second."""
    left = max(0, round(seconds))
    if left < _MINUTE:
        return f"{left} s"
    if left < _HOUR:
        return f"{left // _MINUTE} min"
    if left < _DAY:
        return f"{left // _HOUR} h {left % _HOUR // _MINUTE} min"
    return f"{left // _DAY} d {left % _DAY // _HOUR} h"


def size(count: int) -> str:
    """Bytes in the unit that keeps it short."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1_000 or unit == "TB":
            break
        value /= 1_000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def short(identifier: object) -> str:
    """The part of an id that people type."""
    return str(identifier)[:8]
