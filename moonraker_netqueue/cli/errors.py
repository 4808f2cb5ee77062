"""Why a command fails, and the exit code that says so to scripts."""

from __future__ import annotations

from ..errors import NetqueueError

REFUSED, USAGE, UNREACHABLE, PENDING, STOPPED = 1, 2, 3, 4, 130


class CliError(NetqueueError):
    """A command failed; `status` is the HTTP code, if a host answered with one."""

    exit_code = REFUSED

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class HostRefused(CliError):
    """The host answered with an error."""


class HostUnreachable(CliError):
    """Nobody answers, or the answer broke off."""

    exit_code = UNREACHABLE


class CommandPending(CliError):
    """The host keeps the command until a majority of its queue is back."""

    exit_code = PENDING


class WrongUsage(CliError):
    """What was typed cannot be meant."""

    exit_code = USAGE


class ArchiveBad(CliError):
    """An archive is damaged, or is no export of a queue."""
