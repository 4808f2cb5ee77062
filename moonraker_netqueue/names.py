"""What hosts and queues may be called, wherever a name comes from."""

from __future__ import annotations

import re
from typing import TypeGuard

_SHA256 = re.compile(r"[0-9a-f]{64}")
_QUEUE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
QUEUE_NAME_FORM = "up to 32 of a-z, 0-9, '-' and '_', a letter or digit first"
_MARKUP = str.maketrans('<>"', "()'")
_LONGEST_NAME = 64  # characters of a name shown to people


def is_sha256(value: object) -> TypeGuard[str]:
    """Whether `value` is 64 lower-case hex digits."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def is_host_id(value: object) -> TypeGuard[str]:
    """Whether `value` may be a host id: the SHA-256 of a certificate."""
    return is_sha256(value)


def is_queue_name(value: object) -> bool:
    """Whether `value` may name a queue: it has QUEUE_NAME_FORM."""
    return isinstance(value, str) and _QUEUE_NAME.fullmatch(value) is not None


def queue_name_remedy(name: str) -> str:
    """What is wrong with a queue's name, and how it is right."""
    return f"{name!r} cannot name a queue: use {QUEUE_NAME_FORM}"


def clean_name(value: object) -> str:
    """A stranger's name as harmless text: printable, one line, at most 64 long."""
    if not isinstance(value, str):
        return ""
    kept = printable(value[: 4 * _LONGEST_NAME])
    return " ".join(kept.split())[:_LONGEST_NAME]


def printable(text: str) -> str:
    """A text with spaces for what would move a cursor or begin a line."""
    return "".join(c if c.isprintable() else " " for c in text)


def without_markup(text: str) -> str:
    """A text for a warning or a console line of Moonraker's: of one line, too.

    Mainsail and Fluidd take both for HTML, and Fluidd what follows `https://` for the
    inside of an attribute: the name of a stranger that asks to be let in ran as script.
    """
    return printable(text).translate(_MARKUP)
