"""What peers do wrong is said once of each: a liar must not fill the log."""

from __future__ import annotations

import logging
from collections import OrderedDict

from ..names import printable

_MOST = 1024  # (host, kind) remembered


class Complaints:
    """Warnings in a log, each kind once for each host."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._said: OrderedDict[tuple[str, str], None] = OrderedDict()

    def say(self, host_id: str, name: str, kind: str, detail: object = "") -> None:
        """Name a host and what it did; `detail` does not make it another kind."""
        key = (host_id, kind)
        if key in self._said:
            return
        self._said[key] = None
        if len(self._said) > _MOST:
            self._said.popitem(last=False)
        more = f": {detail}" if detail else ""
        named = f"{name} ({host_id[:8]})" if name else host_id[:8]
        self._logger.warning("%s", printable(f"host {named} {kind}{more}"))
