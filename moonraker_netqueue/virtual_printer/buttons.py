"""Switches, reported the way Klipper's micro-controllers report buttons."""

from __future__ import annotations

RETRANSMIT_AFTER = 50  # samples without an acknowledgement until a report repeats
_REPORTS_MAX = 8


class Buttons:
    """Up to eight pins sampled together; changes are reported until acknowledged."""

    def __init__(self) -> None:
        self.rest_ticks = 0
        self._pins: dict[int, int] = {}
        self._last = 0
        self._reports = bytearray()
        self._acknowledged = 0
        self._unanswered = 0

    @property
    def acknowledged(self) -> int:
        """Reports acknowledged so far, modulo 256."""
        return self._acknowledged

    def add(self, position: int, pin: int) -> None:
        """Watch `pin` as bit `position`."""
        self._pins[position] = pin

    def query(self, rest_ticks: int, inverted: int) -> None:
        """Sample every `rest_ticks`, 0 for never; `inverted` is the state at rest."""
        self.rest_ticks = rest_ticks
        self._last = inverted
        self._reports.clear()
        self._acknowledged = 0
        self._unanswered = 0

    def acknowledge(self, count: int) -> None:
        """The host has seen the first `count` reports."""
        self._acknowledged = (self._acknowledged + count) & 0xFF
        del self._reports[:count]
        self._unanswered = 0

    def sample(self, high_pins: frozenset[int]) -> bytes:
        """Look at the pins; the reports to send now, if any."""
        state = sum(1 << bit for bit, pin in self._pins.items() if pin in high_pins)
        changed = state != self._last and len(self._reports) < _REPORTS_MAX
        if changed:
            self._last = state
            self._reports.append(state)
        if not self._reports:
            return b""
        due = changed or self._unanswered >= RETRANSMIT_AFTER
        self._unanswered = 0 if due else self._unanswered + 1
        return bytes(self._reports) if due else b""
