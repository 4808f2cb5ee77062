"""The forecast as bars of letters: the Gantt picture of a terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from string import ascii_letters
from typing import Any

from .page import Column, Line, Page, Table
from .text import soon

_Thing = Mapping[str, Any]

_COLUMNS = 48
_STEPS = (10, 15, 20, 30, 60, 120)  # minutes of a column
_IDLE, _WAITS, _OTHER = ".", "-", "#"


def timeline(forecast: _Thing) -> Page:
    """A row for each printer that prints; a letter for each job, told below."""
    prints = forecast["prints"]
    if not prints:
        return []
    start = min(time.time(), min(one["start"] for one in prints))
    minutes = (max(one["end"] for one in prints) - start) / 60
    step = next((s for s in _STEPS if s * _COLUMNS >= minutes), _STEPS[-1])
    letters = _letters(prints)
    rows = [
        (printer, _bar(own, start, step, letters))
        for printer, own in sorted(_by_printer(prints).items())
    ]
    title = f"from {soon(start)}, {step} min a letter"
    told = [f"{letter} {job}" for job, letter in letters.items() if letter != _OTHER]
    return [
        Table.of((Column("printer", lead=True), Column(title, whole=True)), rows),
        Line("  " + ", ".join(told), "dim"),
        Line(f"  {_WAITS} printed, waits for a person   {_IDLE} idle", "dim"),
    ]


def _letters(prints: Sequence[_Thing]) -> dict[str, str]:
    """By job, in the order of their starts; who comes late shares a sign."""
    jobs = dict.fromkeys(str(one["job"]) for one in prints)
    return {
        job: ascii_letters[number] if number < len(ascii_letters) else _OTHER
        for number, job in enumerate(jobs)
    }


def _by_printer(prints: Sequence[_Thing]) -> dict[str, list[_Thing]]:
    found: dict[str, list[_Thing]] = {}
    for one in prints:
        found.setdefault(str(one["printer"]), []).append(one)
    return found


def _bar(
    prints: Sequence[_Thing], start: float, step: int, letters: Mapping[str, str]
) -> str:
    """What the printer does in the middle of each column."""
    cells = [_IDLE] * _COLUMNS
    for number in range(_COLUMNS):
        moment = start + 60 * step * (number + 0.5)
        for one in prints:
            if one["start"] <= moment < one["end"]:
                cells[number] = letters[str(one["job"])]
            elif one["end"] <= moment < one["ready"]:
                cells[number] = _WAITS
    return "".join(cells).rstrip(_IDLE)
