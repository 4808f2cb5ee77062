"""Steppers that count their steps, and endstops that stop them between two."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from .board import Board, Handlers
from .dictionary import CLOCK_HZ

_ENDSTOP_TICKS = CLOCK_HZ // 4  # from the start of homing until the endstop triggers
_SEGMENTS_KEPT = 400  # more than a stop ever has to take back


@dataclass(frozen=True)
class _Segment:
    start: int
    interval: int
    count: int
    add: int
    direction: int

    def ticks(self, steps: int) -> int:
        """Clock ticks that the first `steps` steps take."""
        return self.interval * steps + self.add * (steps * (steps - 1) // 2)

    def steps_until(self, clock: int) -> int:
        done = 0
        while done < self.count and self.start + self.ticks(done + 1) <= clock:
            done += 1
        return done


class Stepper:
    """Position in steps.

    As in a real board, the clock of the next step has 32 bits: Klipper counts on it
    when it sets it to 0, or queues the first step after a long rest.
    """

    def __init__(self, widen: Callable[[int], int]) -> None:
        """`widen` is the board's: the 64-bit clock nearest to now."""
        self.position = 0
        self._widen = widen
        self._direction = -1
        self._stopped = False
        self._clock = 0
        self._segments: deque[_Segment] = deque(maxlen=_SEGMENTS_KEPT)

    def set_direction(self, forward: bool) -> None:
        self._direction = 1 if forward else -1

    def reset_clock(self, clock: int) -> None:
        """The next step counts from `clock` (its low 32 bits); a stop ends here."""
        self._clock = clock
        self._stopped = False

    def queue(self, interval: int, count: int, add: int) -> None:
        """Take `count` steps; dropped while stopped."""
        if self._stopped:
            return
        start = self._widen(self._clock + interval & 0xFFFFFFFF) - interval
        segment = _Segment(start, interval, count, add, self._direction)
        self._segments.append(segment)
        self._clock = start + segment.ticks(count)
        self.position += self._direction * count

    def stop(self, clock: int) -> None:
        """Stop at `clock`: steps queued for later are not taken."""
        self._stopped = True
        for segment in reversed(self._segments):
            missed = segment.count - segment.steps_until(clock)
            if not missed:
                break
            self.position -= segment.direction * missed
        self._segments.clear()


@dataclass
class _Trigger:
    """Stops steppers together (Klipper's trsync)."""

    armed: bool = False
    reason: int = 0
    steppers: list[Stepper] = field(default_factory=list)


@dataclass
class _Endstop:
    homing: bool = False
    homings: int = 0
    next_clock: int = 0
    rest_ticks: int = 0


class Motion:
    """The board's steppers, and endstops that stop them."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._steppers: dict[int, Stepper] = {}
        self._triggers: dict[int, _Trigger] = {}
        self._endstops: dict[int, _Endstop] = {}
        self.handlers: Handlers = {
            "config_stepper": self._on_config_stepper,
            "set_next_step_dir": self._on_set_next_step_dir,
            "queue_step": self._on_queue_step,
            "reset_step_clock": self._on_reset_step_clock,
            "stepper_get_position": self._on_stepper_get_position,
            "stepper_stop_on_trigger": self._on_stepper_stop_on_trigger,
            "config_trsync": self._on_config_trsync,
            "trsync_start": self._on_trsync_start,
            "trsync_trigger": self._on_trsync_trigger,
            "config_endstop": self._on_config_endstop,
            "endstop_home": self._on_endstop_home,
            "endstop_query_state": self._on_endstop_query_state,
        }

    def reset(self) -> None:
        """Forget the configuration."""
        self._steppers.clear()
        self._triggers.clear()
        self._endstops.clear()

    def _on_config_stepper(
        self, oid: int, step_pin: int, dir_pin: int, invert: int, pulse_ticks: int
    ) -> None:
        self._steppers[oid] = Stepper(self._board.widen)

    def _on_set_next_step_dir(self, oid: int, forward: int) -> None:
        self._steppers[oid].set_direction(bool(forward))

    def _on_queue_step(self, oid: int, interval: int, count: int, add: int) -> None:
        self._steppers[oid].queue(interval, count & 0xFFFF, add)

    def _on_reset_step_clock(self, oid: int, clock: int) -> None:
        self._steppers[oid].reset_clock(clock)

    def _on_stepper_get_position(self, oid: int) -> None:
        self._board.send("stepper_position", oid, self._steppers[oid].position)

    def _on_stepper_stop_on_trigger(self, oid: int, trigger_oid: int) -> None:
        self._triggers[trigger_oid].steppers.append(self._steppers[oid])

    def _on_config_trsync(self, oid: int) -> None:
        self._triggers[oid] = _Trigger()

    def _on_trsync_start(
        self, oid: int, report_clock: int, report_ticks: int, expire_reason: int
    ) -> None:
        self._triggers[oid] = _Trigger(armed=True)

    def _on_trsync_trigger(self, oid: int, reason: int) -> None:
        clock = self._board.clock()
        self._pull(oid, reason, clock)
        self._send_trigger(oid, clock)

    def _pull(self, oid: int, reason: int, clock: int) -> bool:
        trigger = self._triggers[oid]
        if not trigger.armed:
            return False
        for stepper in trigger.steppers:
            stepper.stop(clock)
        self._triggers[oid] = _Trigger(reason=reason)
        return True

    def _send_trigger(self, oid: int, clock: int) -> None:
        trigger = self._triggers[oid]
        self._board.send("trsync_state", oid, trigger.armed, trigger.reason, clock)

    def _on_config_endstop(self, oid: int, pin: int, pull_up: int) -> None:
        self._endstops[oid] = _Endstop()

    def _on_endstop_home(
        self,
        oid: int,
        clock: int,
        sample_ticks: int,
        sample_count: int,
        rest_ticks: int,
        pin_value: int,
        trigger_oid: int,
        reason: int,
    ) -> None:
        endstop = self._endstops[oid]
        endstop.homings += 1
        endstop.homing = bool(sample_count)
        endstop.rest_ticks = rest_ticks
        if not endstop.homing:
            return
        number = endstop.homings

        def hit() -> None:
            if endstop.homings == number:
                self._hit(endstop, trigger_oid, reason)

        self._board.schedule(self._board.widen(clock) + _ENDSTOP_TICKS, hit)

    def _hit(self, endstop: _Endstop, trigger_oid: int, reason: int) -> None:
        clock = self._board.clock()  # one time for both: Klipper compares them
        endstop.homing = False
        endstop.next_clock = clock + endstop.rest_ticks
        if self._pull(trigger_oid, reason, clock):
            self._send_trigger(trigger_oid, clock)

    def _on_endstop_query_state(self, oid: int) -> None:
        endstop = self._endstops[oid]
        next_clock = endstop.next_clock
        self._board.send("endstop_state", oid, endstop.homing, next_clock, 0)
