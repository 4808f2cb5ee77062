"""Checks of single values that commands carry; each raises Rejected."""

from __future__ import annotations

import re

from .errors import Rejected, Rule

TEXT_MAX = 255  # characters of a name or a short remark
WORDS_MAX = 64  # tags, materials or models of one thing
WORD_MAX = 64  # characters of one of them

_ID = re.compile(r"[0-9A-Za-z._:-]{8,64}")


def check_id(what: str, text: str) -> None:
    """An id that some host or client made up: 8 to 64 plain characters."""
    if not _ID.fullmatch(text):
        raise Rejected(
            Rule.INVALID,
            f"{what} {text[:80]!r} must be 8 to 64 of a-z, A-Z, 0-9 and . _ : -",
        )


def check_text(what: str, text: str, most: int = TEXT_MAX) -> None:
    """A text for people: something visible, on one line."""
    if not text.strip() or len(text) > most or has_control(text):
        raise Rejected(
            Rule.INVALID, f"{what} must have 1 to {most} characters, on one line"
        )


def check_words(what: str, words: tuple[str, ...]) -> None:
    """A list of tags, materials or models."""
    check_size(what, len(words), WORDS_MAX)
    for word in words:
        check_text(f"each of {what}", word, WORD_MAX)


def check_size(what: str, size: int, most: int) -> None:
    """How many there are of something."""
    if size > most:
        raise Rejected(Rule.INVALID, f"{what}: at most {most} are possible")


def check_range(what: str, value: float | None, least: float, most: float) -> None:
    """An optional number."""
    if value is not None and not least <= value <= most:
        raise Rejected(
            Rule.INVALID, f"{what} {value:g} is not in {least:g} to {most:g}"
        )


def has_control(text: str) -> bool:
    """Whether a text would break a line of a log."""
    return any(c < " " or c == "\x7f" for c in text)
