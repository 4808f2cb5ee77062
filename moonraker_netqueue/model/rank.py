"""Fractional ranks: a text between any two texts, so a move touches one job only.

A rank is a non-empty string of the digits 0-9a-z that does not end in 0, read as
the fraction 0.d1d2d3... in base 36; string order is numeric order.
"""

from __future__ import annotations

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE = len(_DIGITS)


def between(low: str | None, high: str | None) -> str:
    """A rank above `low` and below `high`; None stands for the open end."""
    if low is not None and high is not None and low >= high:
        raise ValueError(f"no rank lies between {low!r} and {high!r}")
    if high is None:
        return _above(low or "")
    return _middle(low or "", high)


def spread(count: int) -> list[str]:
    """`count` ranks in order, short and with room between any two."""
    places = 1
    while _BASE**places <= 2 * count:
        places += 1
    step = _BASE**places // (count + 1)
    return [_digits(number * step, places) for number in range(1, count + 1)]


def is_rank(text: str) -> bool:
    """Whether a text has the form of a rank."""
    return text.strip(_DIGITS) == "" and text[-1:] not in ("", _DIGITS[0])


def _digits(number: int, places: int) -> str:
    digits = ""
    for _ in range(places):
        number, digit = divmod(number, _BASE)
        digits = _DIGITS[digit] + digits
    return digits.rstrip(_DIGITS[0])


def _above(low: str) -> str:
    """Step up by one digit where there is room: appending stays short."""
    for place, digit in enumerate(low):
        if digit != _DIGITS[-1]:
            return low[:place] + _DIGITS[_DIGITS.index(digit) + 1]
    return low + _DIGITS[1]


def _middle(low: str, high: str) -> str:
    rank = ""
    place = 0
    bounded = True  # whether `high` still limits the digits to come
    while True:
        least = _DIGITS.index(low[place]) if place < len(low) else 0
        most = _BASE
        if bounded:
            most = _DIGITS.index(high[place]) if place < len(high) else 0
        if most - least > 1:
            return rank + _DIGITS[(least + most) // 2]
        rank += _DIGITS[least]
        bounded = bounded and most == least
        place += 1
