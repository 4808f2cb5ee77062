"""Which rules each host of the queue knows (R23).

Every host says so in its hello, and each keeps the last word of every other one, over
restarts too: a host that is away counts with what it said last.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from ..model.schema import BASE
from .database import Database
from .greeting import is_count

TABLE = """
CREATE TABLE IF NOT EXISTS speaks (
    host TEXT PRIMARY KEY, rules INTEGER NOT NULL, version TEXT NOT NULL);
"""
_SET = "INSERT OR REPLACE INTO speaks VALUES (?, ?, ?)"
_HOSTS_MAX = 1000


class LastWord(NamedTuple):
    """What a host said last: the highest rules that it knows, its program's version."""

    rules: int
    version: str


_UNKNOWN = LastWord(BASE, "an unknown version")


class Versions:
    """The last word of each host that was ever linked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._words: dict[str, LastWord] = {}

    def load(self, connection: sqlite3.Connection) -> None:
        """Read the table; what is no word was not written by us, and is passed over."""
        for host, rules, version in connection.execute(
            "SELECT host, rules, version FROM speaks"
        ).fetchall():
            if isinstance(version, str) and is_count(rules):
                self._words[str(host)] = LastWord(rules, version)

    def note(self, host: str, rules: int, version: str) -> None:
        """A linked host says what it knows; written at once, if it is news."""
        word = LastWord(rules, version)
        if self._words.get(host) == word:
            return
        if host in self._words or len(self._words) < _HOSTS_MAX:
            self._words[host] = word
            if self._database.error is None:
                self._database.put((_SET, (host, rules, version)))

    def of(self, host: str) -> LastWord:
        """Its last word; of a host that never said any, the least that it may know."""
        return self._words.get(host, _UNKNOWN)

    def known(self) -> frozenset[str]:
        """All hosts that ever said a word."""
        return frozenset(self._words)
