"""A queue in OctoPrint's words: what OrcaSlicer, PrusaSlicer and Cura ask for.

A queue is never busy: whatever this printer does, the answer to "may I print?" is yes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..version import __version__
from .errors import ApiError

if TYPE_CHECKING:
    from .uploads import Taken

_SERVER = "1.5.0"  # of OctoPrint: what Moonraker's own octoprint_compat says it is
_READY = "Operational"
_FLAGS = (
    *("cancelling", "closedOrError", "error", "finishing", "paused", "pausing"),
    *("printing", "resuming", "sdReady"),
)


def answer_to(method: str, call: str, queue: str) -> dict[str, Any]:
    """The answer to a call below `api/`; raises ApiError where there is none."""
    answers = _POST if method == "POST" else _GET
    if call not in answers:
        raise ApiError(404, f"a print queue has no '{call[:80]}'")
    answer: dict[str, Any] = answers[call]
    if call == "version":
        # Slicers refuse a host whose text does not begin so.
        text = f"OctoPrint (netqueue {__version__}, queue {queue})"
        return {**answer, "text": text}
    if call == "printerprofiles":
        profile = {**_PROFILE, "name": f"queue {queue}"}
        return {"profiles": {"_default": profile}}
    return answer


def uploaded_view(taken: Taken, location: str, queue: str) -> dict[str, Any]:
    """The answer to an upload, with ours under `netqueue`."""
    queued = taken.job is not None
    return {
        "done": True,
        "files": {
            "local": {
                "name": taken.target.name,
                "display": taken.target.name,
                "path": taken.target.filename,
                "type": "machinecode",
                "typePath": ["machinecode", "gcode"],
                "origin": "local",
                "size": taken.file.size,
                "refs": {"resource": location},
            }
        },
        "effectiveSelect": queued,
        "effectivePrint": queued,
        "netqueue": taken.view(queue),
    }


_AXIS = {"speed": 6000.0, "inverted": False}
_PROFILE = {
    "id": "_default",
    "model": "netqueue",
    "color": "default",
    "default": True,
    "current": True,
    "heatedBed": True,
    "heatedChamber": False,
    "axes": {"x": _AXIS, "y": _AXIS, "z": _AXIS, "e": _AXIS},
}
_USER = {
    "_is_external_client": False,
    "_login_mechanism": "apikey",
    "name": "_api",
    "active": True,
    "user": True,
    "admin": False,
    "apikey": None,
    "permissions": [],
    "groups": ["users"],
}
_GET: dict[str, dict[str, Any]] = {
    "version": {"server": _SERVER, "api": "0.1"},
    "server": {"server": _SERVER, "safemode": None},
    "currentuser": _USER,
    # No plugin: so Cura sends g-code as it is, not in a .ufp container.
    "settings": {
        "plugins": {},
        "feature": {"sdSupport": False, "temperatureGraph": False},
        "webcam": {"webcamEnabled": False},
    },
    "job": {
        "job": {
            "file": {"name": None},
            "estimatedPrintTime": None,
            "filament": {"length": None},
            "user": None,
        },
        "progress": {
            "completion": None,
            "filepos": None,
            "printTime": None,
            "printTimeLeft": None,
            "printTimeOrigin": None,
        },
        "state": _READY,
    },
    "printer": {
        "temperature": {},
        "state": {
            "text": _READY,
            "flags": {
                **dict.fromkeys(_FLAGS, False),
                "operational": True,
                "ready": True,
            },
        },
    },
    "printerprofiles": {},
    "connection": {
        "current": {"state": _READY, "printerProfile": "_default"},
        "options": {"ports": [], "baudrates": [], "printerProfiles": []},
    },
}
_POST: dict[str, dict[str, Any]] = {"login": _USER}
