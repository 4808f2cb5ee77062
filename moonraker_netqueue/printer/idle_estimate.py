"""When the printer will be idle: an estimate that seldom changes."""

from __future__ import annotations

from .printer_port import Observation

_UNKNOWN = 3600.0  # seconds a print takes of which nothing is known
_LEAST = 60.0  # seconds: of a print beyond its estimate, and of a change worth telling
_TOLD_SHARE = 0.2  # of what remains: a smaller change is not worth an entry in the log
_TELLING_PROGRESS = 0.05  # share of a file after which its pace means something


class IdleEstimate:
    """Unix seconds, moved only when it was clearly wrong."""

    def __init__(self) -> None:
        self._at: float | None = None

    def update(
        self, seen: Observation, estimate_s: int | None, now: float
    ) -> float | None:
        """The estimate at Unix time `now`; None while nothing prints."""
        if not seen.mark.active:
            self._at = None
            return None
        left = _left(seen, estimate_s)
        moved = abs(now + left - self._at) if self._at is not None else None
        if moved is None or moved > max(_LEAST, _TOLD_SHARE * left):
            self._at = now + left
        return self._at


def _left(seen: Observation, estimate_s: int | None) -> float:
    elapsed, progress = seen.mark.total_duration, seen.progress
    if progress >= _TELLING_PROGRESS:
        return max(_LEAST, elapsed * (1 - progress) / progress)
    return max(_LEAST, (estimate_s or _UNKNOWN) - elapsed)
