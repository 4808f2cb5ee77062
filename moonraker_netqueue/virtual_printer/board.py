"""What the parts of a pretend micro-controller share: its clock, timers and link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Handlers = dict[str, Callable[..., None]]
"""Command name -> function of the command's arguments, in order."""


class Board(Protocol):
    """Clocks are 64-bit ticks since the board was made."""

    def seconds(self) -> float:
        """The time, in seconds."""

    def clock(self) -> int:
        """The time, in ticks."""

    def widen(self, clock32: int) -> int:
        """The clock nearest to now that has these low 32 bits."""

    def schedule(self, clock: int, callback: Callable[[], None]) -> None:
        """Run `callback` at `clock`, unless the board is reset before."""

    def send(self, name: str, *values: int | bytes) -> None:
        """Send a response of the dictionary."""

    def shut_down(self, reason: str) -> None:
        """Stop for a reason of the dictionary, until cleared or reset."""

    @property
    def is_shut_down(self) -> bool:
        """Whether it is stopped."""
