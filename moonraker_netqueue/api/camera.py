"""The camera of a printer, as its Moonraker lists it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_SHOWN = ("name", "snapshot_url", "flip_horizontal", "flip_vertical", "rotation")


def camera_view(cameras: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The first camera that is switched on and gives single pictures.

    `cameras` are rows of Moonraker's `server.webcams.list`. A `snapshot_url` without a
    host is on the printer's own web server.
    """
    for camera in cameras:
        if camera["enabled"] and camera["snapshot_url"]:
            return {name: camera[name] for name in _SHOWN}
    return None
