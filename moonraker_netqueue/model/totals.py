"""What a queue counts of all time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Totals:
    """Counters since the queue was founded; they only grow."""

    jobs_added: int = 0
    jobs_completed: int = 0
    prints_done: int = 0
    prints_failed: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            **{name: value + getattr(other, name) for name, value in vars(self).items()}
        )

    def joined(self, other: Totals) -> Totals:
        """What two groups counted of one host's commands."""
        return Totals(
            **{
                name: max(value, getattr(other, name))
                for name, value in vars(self).items()
            }
        )
