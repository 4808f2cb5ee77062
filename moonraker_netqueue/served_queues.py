"""The queues that people made this host serve besides those of moonraker.conf."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .durable_file import parse_json, read_what_is_left, replace_durably, set_aside
from .names import is_queue_name
from .ports import Disk, Worker

_LOGGER = logging.getLogger(__name__)
_ADDED, _LEFT = "queues", "left"


@dataclass(frozen=True)
class Kept:
    """What is on disk of this host's queues, by name.

    `added` by people, `left` by people who were asked; `found`: all that have a folder.
    `aside`: where a file was put that did not say any more which were added or left.
    """

    added: tuple[str, ...]
    left: tuple[str, ...]
    found: tuple[str, ...]
    aside: Path | None


class ServedQueues:
    """A file of names, replaced as a whole, beside the folders of the queues."""

    def __init__(self, directory: Path, disk: Disk, worker: Worker) -> None:
        self._path = directory / "queues.json"
        self.folders = directory / "queues"
        self._disk = disk
        self._worker = worker

    async def load(self) -> Kept:
        """What is there; a damaged file is set aside. Raises OSError."""
        return await self._worker.run(self._load)

    async def save(self, added: Iterable[str], left: Iterable[str]) -> None:
        """Make these the names, durably; raises OSError."""
        names = {_ADDED: sorted(added), _LEFT: sorted(left)}
        await self._worker.run(self._save, names)

    def _load(self) -> Kept:
        found = tuple(
            folder.name
            for folder in self._disk.list(self.folders)
            if is_queue_name(folder.name)
        )
        if not self._disk.exists(self._path):
            return Kept((), (), found, None)
        try:
            form = parse_json(read_what_is_left(self._path, self._disk))
            return Kept(_names(form[_ADDED]), _names(form.get(_LEFT, [])), found, None)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            aside = set_aside(self._path, self._disk)
            _LOGGER.error("%s is damaged (%s): it is now %s", self._path, error, aside)
            return Kept((), (), found, aside)

    def _save(self, names: Mapping[str, list[str]]) -> None:
        replace_durably(self._path, json.dumps(names).encode(), self._disk)


def _names(form: object) -> tuple[str, ...]:
    if not isinstance(form, list):
        raise TypeError("no list of names")
    if not all(map(is_queue_name, form)):
        raise ValueError("a name that is none")
    return tuple(form)
