"""The strategies: each is a module here whose STRATEGY is found by itself."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from ..errors import ProblemError
from .strategy import Strategy


@functools.cache
def known_strategies() -> Mapping[str, Strategy]:
    """Every strategy by its name."""
    modules = (
        importlib.import_module(f".{module.name}", __name__)
        for module in pkgutil.iter_modules(__path__)
    )
    found: list[Strategy] = [m.STRATEGY for m in modules if hasattr(m, "STRATEGY")]
    return {strategy.name: strategy for strategy in found}


def strategy_named(name: str) -> Strategy:
    """A strategy; raises ProblemError that lists those there are."""
    found = known_strategies().get(name)
    if found is None:
        raise ProblemError(
            f"strategy {name!r}: there is none of that name; give one of"
            f" {', '.join(sorted(known_strategies()))}"
        )
    return found
