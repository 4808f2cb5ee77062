"""Names for people of things that have keys."""

from __future__ import annotations

from collections.abc import Container


def unique(name: str, key: str, taken: Container[str]) -> str:
    """A name for people; of equal ones, the later carry as much of a key as needed."""
    candidates = (name, f"{name} ({key[:8]})", f"{name} ({key})")
    return next(candidate for candidate in candidates if candidate not in taken)
