"""The queues that people made this host serve besides those of moonraker.conf."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from .durable_file import replace_durably
from .errors import NetqueueError
from .names import is_queue_name
from .ports import Disk, Worker


class ServedQueuesDamaged(NetqueueError):
    """The file cannot be read; says what to do."""


class ServedQueues:
    """A file of names, replaced as a whole."""

    def __init__(self, directory: Path, disk: Disk, worker: Worker) -> None:
        self._path = directory / "queues.json"
        self._disk = disk
        self._worker = worker

    async def load(self) -> tuple[str, ...]:
        """The names; raises ServedQueuesDamaged."""
        return await self._worker.run(self._load)

    async def save(self, names: Iterable[str]) -> None:
        """Make these the names, durably; raises OSError."""
        await self._worker.run(self._save, sorted(names))

    def _load(self) -> tuple[str, ...]:
        if not self._disk.exists(self._path):
            return ()
        with self._disk.open(self._path, "rb") as file:
            data = file.read()
        try:
            names = json.loads(data)["queues"]
            if not isinstance(names, list):
                raise TypeError("no list of names")
            if not all(map(is_queue_name, names)):
                raise ValueError("a name that is none")
        except (ValueError, TypeError, KeyError) as error:
            raise ServedQueuesDamaged(
                f"{self._path} is damaged ({error}): move it away, restart Moonraker,"
                " and create the queues of this host again"
            ) from error
        return tuple(names)

    def _save(self, names: list[str]) -> None:
        data = json.dumps({"queues": names}).encode()
        replace_durably(self._path, data, self._disk)
