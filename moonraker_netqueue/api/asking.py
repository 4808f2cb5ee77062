"""Who asks: known where a request comes in, recorded where its command leaves.

It goes with the request's own context, so that no endpoint has to hand it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..model.command import NOBODY, ORIGIN_MAX, Origin

_ORIGIN: ContextVar[Origin] = ContextVar("netqueue_origin", default=NOBODY)


@contextmanager
def asked_by(user: str, address: str) -> Iterator[None]:
    """Record who a request comes from; empty: unknown, or the host by itself."""
    origin = Origin(user[:ORIGIN_MAX], address[:ORIGIN_MAX])
    token = _ORIGIN.set(origin)
    try:
        yield
    finally:
        _ORIGIN.reset(token)


def origin() -> Origin:
    """Who the present request comes from."""
    return _ORIGIN.get()
