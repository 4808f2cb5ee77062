"""A stepper that counts its steps and can be stopped between two of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

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
    """Position in steps; clocks are 64-bit ticks."""

    def __init__(self) -> None:
        self.position = 0
        self._direction = -1
        self._stopped = False
        self._clock = 0
        self._segments: deque[_Segment] = deque(maxlen=_SEGMENTS_KEPT)

    def set_direction(self, forward: bool) -> None:
        self._direction = 1 if forward else -1

    def reset_clock(self, clock: int) -> None:
        """The next step counts from `clock`; a stop ends here."""
        self._clock = clock
        self._stopped = False

    def queue(self, interval: int, count: int, add: int) -> None:
        """Take `count` steps; dropped while stopped."""
        if self._stopped:
            return
        segment = _Segment(self._clock, interval, count, add, self._direction)
        self._segments.append(segment)
        self._clock += segment.ticks(count)
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
