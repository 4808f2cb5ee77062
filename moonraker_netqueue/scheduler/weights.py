"""Weights under the names and in the units in which people set them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .errors import ProblemError
from .problem import Weights

_FILE_MAX = 10**9  # in a file: far from what adds up to more than a solver's 2**53


@dataclass(frozen=True)
class Weight:
    """One field of Weights: `name`. In YAML files it is `key`, in the field's units.

    People set minutes, of `max_wait` hours, up to `most`: `scale` of the field's units
    each, rounded. A weight without a scale is for files only.
    """

    name: str
    key: str
    scale: int = 0
    most: int = 0
    unit: str = "minutes"

    @property
    def default(self) -> float:
        """What it is if nobody sets it, in the unit of people."""
        return self.of(Weights())

    @property
    def most_in_file(self) -> int:
        """The greatest value in a file."""
        return self.most * self.scale or _FILE_MAX

    def of(self, weights: Weights) -> float:
        """What it is in `weights`, in the unit of people."""
        return float(getattr(weights, self.name)) / self.scale


_HUNDREDTHS, _WEEK, _YEAR = 100, 7 * 1440, 366 * 24

WEIGHTS = (
    Weight("busy", "busy", _HUNDREDTHS, _WEEK),
    Weight("change_minutes", "changeMinutes", 1, _WEEK),
    Weight("clear", "clear", _HUNDREDTHS, _WEEK),
    Weight("slow", "slow", _HUNDREDTHS, _WEEK),
    Weight("dead", "dead", _HUNDREDTHS, _WEEK),
    Weight("late", "late", _HUNDREDTHS, _WEEK),
    Weight("late_cap", "lateCap"),
    Weight("age", "age", _HUNDREDTHS, _WEEK),
    Weight("printing", "printing", _HUNDREDTHS, _WEEK),
    Weight("priority", "prio", _HUNDREDTHS, _WEEK),
    Weight("idle", "idle"),
    Weight("max_wait", "maxWait", 60, _YEAR, "hours"),
    Weight("starving", "starving"),
    Weight("horizon", "horizon"),
    Weight("spread", "spread", _HUNDREDTHS, _WEEK),
    Weight("share", "share", _HUNDREDTHS, _WEEK),
)
SETTABLE: Mapping[str, Weight] = {
    weight.name: weight for weight in WEIGHTS if weight.scale
}
"""The weights that people set, by name."""


def weights_from(chosen: Mapping[str, float]) -> Weights:
    """What people set, over the defaults; raises ProblemError naming what is wrong."""
    fields: dict[str, int] = {}
    for name, value in chosen.items():
        weight = SETTABLE.get(name)
        if weight is None:
            raise ProblemError(
                f"weights: there is no weight {name[:80]!r}; give one of"
                f" {', '.join(SETTABLE)}"
            )
        if not 0 <= value <= weight.most:
            raise ProblemError(
                f"weights.{name}: {value:g} is not possible; give 0 to {weight.most}"
                f" {weight.unit}"
            )
        fields[name] = round(value * weight.scale)
    return replace(Weights(), **fields)


def as_people_set(weights: Weights) -> dict[str, float]:
    """Every weight that people may set, by name and in their unit."""
    return {name: weight.of(weights) for name, weight in SETTABLE.items()}
