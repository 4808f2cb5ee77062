"""The settings of a queue, as arguments and in answers."""

from __future__ import annotations

from typing import Any

from ..model.codec import to_plain
from ..model.command import QueueSet
from ..model.settings import QueueSettings
from ..printer.manner import weights_of
from ..scheduler.errors import ProblemError
from ..scheduler.strategies import known_strategies
from ..scheduler.weights import SETTABLE, as_people_set, weights_from
from .arguments import Arguments
from .errors import ApiError
from .periods import read_periods

_TEXTS = ("title", "strategy")
NAMES = (*_TEXTS, "weights", "operator", "shares", "start_spacing_s")


def read_change(arguments: Arguments) -> QueueSet:
    """The change that a request asks for; answers 400 for what is not known."""
    change: dict[str, Any] = {
        word: arguments.text(word) for word in _TEXTS if word in arguments
    }
    if "weights" in arguments:
        change["weights"] = _weights(arguments)
    if "operator" in arguments:
        change["operator"] = read_periods(arguments, "operator")
    if "shares" in arguments:
        change["shares"] = _shares(arguments)
    if "start_spacing_s" in arguments:
        change["start_spacing_s"] = arguments.integer("start_spacing_s")
    strategy = change.get("strategy")
    if strategy is not None and strategy not in known_strategies():
        raise ApiError(
            400,
            f"argument 'strategy': one of {', '.join(sorted(known_strategies()))},"
            f" not {strategy[:80]!r}",
        )
    return QueueSet(**change)


def settings_view(settings: QueueSettings) -> dict[str, Any]:
    """The settings under the names of their arguments, weights as they count now."""
    return {
        "title": settings.title,
        "strategy": settings.strategy,
        "weights": as_people_set(weights_of(settings)),
        "operator": [to_plain(period) for period in settings.operator],
        "shares": dict(settings.shares),
        "start_spacing_s": settings.start_spacing_s,
    }


def _weights(arguments: Arguments) -> dict[str, float | None]:
    weights = arguments.numbers("weights")
    if unknown := sorted(set(weights) - set(SETTABLE)):
        raise ApiError(
            400,
            f"argument 'weights': there is no weight {unknown[0][:80]!r}; known:"
            f" {', '.join(SETTABLE)}",
        )
    try:
        weights_from({name: w for name, w in weights.items() if w is not None})
    except ProblemError as error:
        raise ApiError(400, f"argument {error}") from error
    return weights


def _shares(arguments: Arguments) -> dict[str, int | None]:
    shares: dict[str, int | None] = {}
    for owner, share in arguments.numbers("shares").items():
        if share is not None and not share.is_integer():
            raise ApiError(
                400, f"argument 'shares': that of {owner[:80]!r} is no whole number"
            )
        shares[owner] = None if share is None else int(share)
    return shares
