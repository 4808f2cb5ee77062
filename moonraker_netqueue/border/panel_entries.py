# Ways to the page from the dashboards that people already use
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..api.routes import PANEL
from ..config import Entry
from ..durable_file import parse_json, replace_durably
from ..ports import Disk, Worker
from .sidebar import TITLE, with_entry, without_entry

# Annotation imports
if TYPE_CHECKING:
    from moonraker.server import Server

_LOGGER = logging.getLogger(__name__)
_RECORD = "entries.json"  # what was made; what a person removed is not made again
_SIDEBAR = "navi.json"  # also the copy of what was there, beside the record
_CARD = {
    "name": TITLE,
    "service": "iframe",  # both dashboards show the URL of such a camera in a card
    "stream_url": f"{PANEL}?embed=1",
    "aspect_ratio": "4:3",
    "icon": "mdiFormatListBulleted",
}
_NEWS = "The printers of this queue have a page: who prints what, and why a job waits."


class PanelEntries:
    """Makes each entry once, and removes those that moonraker.conf names no more."""

    def __init__(
        self, server: Server, data_path: Path, disk: Disk, worker: Worker
    ) -> None:
        self._server = server
        self._record = data_path / "netqueue" / _RECORD
        self._before = self._record.with_name(_SIDEBAR)
        self._navigation = data_path / "config" / ".theme" / _SIDEBAR
        self._disk = disk
        self._worker = worker

    async def apply(self, wanted: Collection[Entry]) -> None:
        """Bring the dashboards' entries in step. What is in the way is told.

        Nothing is made that could not be remembered: it would be made at each start.
        """
        try:
            made = await self._worker.run(self._read_record)
            if made.keys() == {entry.value for entry in wanted}:
                return
            await self._worker.run(self._write_record, made)
            changed = await self._changed(made, wanted)
            if changed != made:
                await self._worker.run(self._write_record, changed)
        except (OSError, ValueError) as error:
            self._server.add_warning(
                f"netqueue: the entries in dashboards stay as they are: {self._record}"
                f" cannot be used ({error}). Free space on its disk, or move it away"
                " so that they are made anew; then restart Moonraker.",
                warn_id="netqueue_entries",
            )

    async def _changed(
        self, made: Mapping[str, str], wanted: Collection[Entry]
    ) -> dict[str, str]:
        """Make and remove entries; what is made then."""
        made = dict(made)
        for entry in Entry:
            name = entry.value
            try:
                if entry in wanted and name not in made:
                    made[name] = await self._add(entry)
                elif entry not in wanted and name in made:
                    await self._remove(entry, made.pop(name))
            except (self._server.error, OSError, ValueError) as error:
                _LOGGER.warning("netqueue: %s in the dashboard: %s", name, error)
        return made

    async def _add(self, entry: Entry) -> str:
        """Make an entry; what it is found by again."""
        if entry is Entry.CARD:
            answer = await self._call("server.webcams.post_item", _CARD)
            return str(answer["webcam"]["uid"])
        if entry is Entry.SIDEBAR:
            await self._worker.run(self._change_sidebar, True)
            return PANEL
        news = self._server.lookup_component("announcements")
        made = news.add_internal_announcement(TITLE, _NEWS, PANEL, "normal", "netqueue")
        return str(made["entry_id"])

    async def _remove(self, entry: Entry, found_by: str) -> None:
        if entry is Entry.CARD:
            cameras = (await self._call("server.webcams.list", {}))["webcams"]
            if any(camera["uid"] == found_by for camera in cameras):
                await self._call("server.webcams.delete_item", {"uid": found_by})
        elif entry is Entry.SIDEBAR:
            await self._worker.run(self._change_sidebar, False)
        else:
            news = self._server.lookup_component("announcements")
            await news.remove_announcement(found_by)

    async def _call(self, method: str, params: dict[str, Any]) -> Any:
        transport: Any = self._server.lookup_component("internal_transport")
        return await transport.call_method(method, dict(params))

    def _read_record(self) -> dict[str, str]:
        text = self._read(self._record)
        record = {} if text is None else parse_json(text)
        if not isinstance(record, dict):
            raise ValueError("it is damaged")
        return {str(name): str(found_by) for name, found_by in record.items()}

    def _write_record(self, made: Mapping[str, str]) -> None:
        replace_durably(self._record, json.dumps(made).encode(), self._disk)

    def _change_sidebar(self, wanted: bool) -> None:
        """Add our entry, or give the file back as it was."""
        text = self._read(self._navigation)
        if wanted:
            changed: bytes | None = with_entry(text)
            if text is not None and changed != text:
                replace_durably(self._before, text, self._disk)
        else:
            before = self._read(self._before)
            changed = None if text is None else without_entry(text, before)
        if changed is None:
            self._disk.remove(self._navigation)
        elif changed != text:
            self._disk.make_directory(self._navigation.parent)
            replace_durably(self._navigation, changed, self._disk)
        if not wanted:
            self._disk.remove(self._before)

    def _read(self, path: Path) -> bytes | None:
        try:
            with self._disk.open(path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
