"""Switches, reported the way Klipper's micro-controllers report buttons."""

from __future__ import annotations

from .board import Board, Handlers

FILAMENT_PIN = 60  # high while there is filament
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


class Switches:
    """The board's switches; only the one for filament ever moves."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._high_pins = frozenset({FILAMENT_PIN})
        self._buttons: dict[int, Buttons] = {}
        self.handlers: Handlers = {
            "config_buttons": self._on_config_buttons,
            "buttons_add": self._on_buttons_add,
            "buttons_query": self._on_buttons_query,
            "buttons_ack": self._on_buttons_ack,
        }

    def reset(self) -> None:
        """Forget the configuration."""
        self._buttons.clear()

    def set_filament(self, present: bool) -> None:
        """Put filament into the sensor, or take it out."""
        self._high_pins = frozenset({FILAMENT_PIN} if present else ())

    def _on_config_buttons(self, oid: int, button_count: int) -> None:
        self._buttons[oid] = Buttons()

    def _on_buttons_add(self, oid: int, position: int, pin: int, pull_up: int) -> None:
        self._buttons[oid].add(position, pin)

    def _on_buttons_query(
        self, oid: int, clock: int, rest_ticks: int, retransmit_count: int, invert: int
    ) -> None:
        self._buttons[oid].query(rest_ticks, invert)
        self._board.schedule(self._board.widen(clock), lambda: self._sample(oid))

    def _on_buttons_ack(self, oid: int, count: int) -> None:
        self._buttons[oid].acknowledge(count)

    def _sample(self, oid: int) -> None:
        buttons = self._buttons[oid]
        if not buttons.rest_ticks:
            return
        next_clock = self._board.clock() + buttons.rest_ticks
        self._board.schedule(next_clock, lambda: self._sample(oid))
        reports = buttons.sample(self._high_pins)
        if reports and not self._board.is_shut_down:
            self._board.send("buttons_state", oid, buttons.acknowledged, reports)
