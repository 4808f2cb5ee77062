"""The fixed names of the endpoints: what is registered with Moonraker at its start."""

from __future__ import annotations

ROOT = "/server/netqueue"
PANEL = f"{ROOT}/panel"  # the page
CHANGED = "netqueue:netqueue_changed"  # Moonraker: notify_netqueue_changed

ROUTES: dict[str, tuple[str, ...]] = {
    "status": ("GET",),
    "jobs": ("GET",),
    "job": ("GET", "POST", "DELETE"),
    "move": ("POST",),
    "pause": ("POST",),
    "resume": ("POST",),
    "printers": ("GET",),
    "printer": ("POST",),
    "bed_clear": ("POST",),
    "camera": ("GET",),
    "print": ("GET", "POST"),
    "plan": ("GET",),
    "history": ("GET",),
    "members": ("GET",),
    "events": ("GET",),
    "files": ("GET", "DELETE"),  # POST is an upload: see border/upload_border.py
    "queues": ("GET", "POST", "DELETE"),
    "fetch": ("POST",),
    "rejoin": ("POST",),
    "recover": ("GET", "POST"),
    "rules": ("GET", "POST"),
    "member": ("POST", "DELETE"),
    "token": ("POST",),
}
