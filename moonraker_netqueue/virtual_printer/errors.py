"""The one error of the virtual printers and their demo."""

from __future__ import annotations

from ..errors import NetqueueError


class VirtualPrinterError(NetqueueError):
    """A virtual printer, its set-up or the demo cannot do what was asked."""
