"""Who wrote what: commands, and which of two writes of one thing is the later one."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import CommandInvalid

AUTHOR_MAX = 64  # characters of a host id
ORIGIN_MAX = 128  # characters of a user's name, and of an address


@dataclass(frozen=True)
class Origin:
    """Who asked the author for it, and from which address; for the audit log only."""

    user: str = ""
    address: str = ""


NOBODY = Origin()  # the host by itself, or somebody unknown


@dataclass(frozen=True, order=True)
class CommandId:
    """Who gave a command, in which life of its outbox, and as which in order."""

    author: str
    incarnation: int
    sequence: int

    def check(self) -> None:
        """Raise CommandInvalid unless an outbox can have given this id."""
        if not 1 <= len(self.author) <= AUTHOR_MAX:
            raise CommandInvalid(f"author: 1 to {AUTHOR_MAX} characters")
        if self.incarnation < 0 or self.sequence < 1:
            raise CommandInvalid("incarnations count from 0, sequences from 1")


@dataclass(frozen=True, order=True)
class Said:
    """Which command of a known author said something; `sequence` 0: unknown."""

    incarnation: int = 0
    sequence: int = 0


@dataclass(frozen=True, order=True)
class Stamp:
    """Which write of one part of the state this is: of two, the higher one counts.

    Versions count the writes that this one knew of; so a later write is higher than
    all that it replaced, and of two that did not know each other every host takes
    the same one, whatever the clocks say.
    """

    version: int = 0
    author: str = ""
    incarnation: int = 0
    sequence: int = 0

    def after(self, command: CommandId) -> Stamp:
        """The stamp of a write by `command` over the one that has this stamp."""
        if command.sequence == 0:
            return self
        return Stamp(
            self.version + 1, command.author, command.incarnation, command.sequence
        )
