"""Errors of the printer agent."""

from __future__ import annotations

from ..errors import NetqueueError


class PrinterError(NetqueueError):
    """Base of everything the printer agent raises on purpose."""


class PrinterRefused(PrinterError):
    """Klipper did not do what was asked; the message is its own."""


class RecordDamaged(PrinterError):
    """The agent's record cannot be read: what it knew of the bed is gone."""


class RecordNotSaved(PrinterError):
    """The agent's record could not be made durable, so nothing may start."""


class NotThisPrint(PrinterError):
    """A person asked for something that this print, as it is, cannot do."""


class ChangeInvalid(PrinterError):
    """A change of the printer's own entry names a wrong option or value."""


class TooSoon(NetqueueError):
    """Another print of the queue has just started: this one waits its turn."""


class Abandoned(PrinterError):
    """A reservation cannot be carried out here; the message is the reason."""


class PrinterGone(PrinterError):
    """Klipper went away before it answered: it may have done what was asked."""
