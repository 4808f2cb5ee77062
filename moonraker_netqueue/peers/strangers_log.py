"""What Tornado says of each bad handshake or request: a few times, not each time.

Whoever reaches the port could fill the log of Moonraker with it.
"""

from __future__ import annotations

import logging

from ..ports import Clock
from .budget import Budget
from .limits import STRANGERS_LINES

_OF_STRANGERS = (
    *("SSL Error on", "Malformed HTTP", "Unsatisfiable read", "Timeout reading body"),
    *("error on read", "Write error on"),
)


class StrangersLog(logging.Filter):
    """Lets only so many of those lines pass, and all others."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._budget = Budget(STRANGERS_LINES, clock)
        self._logger = logging.getLogger("tornado.general")

    def begin(self) -> None:
        """Watch over the log of this process."""
        self._logger.addFilter(self)

    def end(self) -> None:
        """Leave it as it was."""
        self._logger.removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        of_strangers = str(record.msg).startswith(_OF_STRANGERS)
        return not of_strangers or self._budget.take()
