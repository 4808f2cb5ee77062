"""How a queue wants work given to its printers: its settings in the planner's terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..model.hours import Period
from ..model.settings import ASSIGNMENT, QueueSettings
from ..scheduler.hours import OperatorPeriod
from ..scheduler.problem import Weights
from ..scheduler.strategies import known_strategies
from ..scheduler.weights import SETTABLE, weights_from
from ..scheduler.zone import utc_offset


@dataclass(frozen=True)
class Manner:
    """Queues of one manner are planned together."""

    strategy: str
    weights: Weights
    operator: tuple[OperatorPeriod, ...]
    shares: tuple[tuple[str, int], ...]


def manner_of(settings: QueueSettings, now: int) -> Manner:
    """The manner of a queue at Unix second `now`, as far as this version knows it."""
    known = settings.strategy in known_strategies()
    return Manner(
        strategy=settings.strategy if known else ASSIGNMENT,
        weights=weights_of(settings),
        operator=operator_periods(settings.operator, now),
        shares=tuple(sorted(settings.shares.items())),
    )


def notice_of(settings: QueueSettings) -> str:
    """What a person must know of this host's way of planning; empty: nothing."""
    if settings.strategy in known_strategies():
        return ""
    return (
        f"this host does not know strategy {settings.strategy!r} and plans with"
        f" {ASSIGNMENT!r}: update moonraker_netqueue on it"
    )


def operator_periods(periods: Iterable[Period], now: int) -> tuple[OperatorPeriod, ...]:
    """The same hours for the planner; a zone that this host lacks counts as UTC."""
    return tuple(
        OperatorPeriod(
            days=period.days,
            start=period.start_minute,
            duration=period.duration,
            utc_offset=utc_offset(period.tz, now) or 0,
            max_manual_events=period.max_manual_events,
        )
        for period in periods
    )


def with_used(
    periods: tuple[OperatorPeriod, ...], now: int, by_hand: Iterable[int]
) -> tuple[OperatorPeriod, ...]:
    """The periods, with what was done by hand in those that are on; Unix minutes."""
    if all(period.max_manual_events is None for period in periods):
        return periods
    minutes = tuple(by_hand)
    return tuple(
        replace(period, events_used=_since(period.opening(now // 60), minutes))
        for period in periods
    )


def _since(opening: int | None, minutes: Iterable[int]) -> int:
    return 0 if opening is None else sum(minute >= opening for minute in minutes)


def weights_of(settings: QueueSettings) -> Weights:
    """The planner's weights; what this version does not know counts for nothing."""
    return weights_from(
        {
            name: min(value, SETTABLE[name].most)
            for name, value in settings.weights.items()
            if name in SETTABLE
        }
    )
