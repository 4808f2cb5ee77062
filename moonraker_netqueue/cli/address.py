"""Where a Moonraker is reached."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .errors import WrongUsage

DEFAULT_PORT = 7125  # Moonraker's own; a bare name means this one
DEFAULT_URL = f"http://localhost:{DEFAULT_PORT}"
DEMO_FACTS = Path(".demo", "demo.json")
_PROBE_SECONDS = 0.5


@dataclass(frozen=True)
class Address:
    """A Moonraker's address, taken apart once."""

    secure: bool
    host: str
    port: int
    path: str = ""  # a proxy may serve several Moonrakers below one name

    @property
    def url(self) -> str:
        return f"http{'s' * self.secure}://{self._place}{self.path}"

    @property
    def websocket(self) -> str:
        return f"ws{'s' * self.secure}://{self._place}{self.path}/websocket"

    @property
    def _place(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse(text: str) -> Address:
    """A URL, or a name with or without a port; raises WrongUsage."""
    bare = "://" not in text
    try:
        parts = urlsplit(f"http://{text}" if bare else text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    good = parts.scheme in ("http", "https") and parts.hostname
    if not good or parts.username or parts.query or parts.fragment:
        raise WrongUsage(
            f"--url {text!r} is no address of a Moonraker: write it as"
            f" {DEFAULT_URL} or printer1.local"
        )
    secure = parts.scheme == "https"
    usual = DEFAULT_PORT if bare else 443 if secure else 80
    host = str(parts.hostname)
    return Address(secure, host, port or usual, parts.path.rstrip("/"))


def demo_printer(facts: Path = DEMO_FACTS) -> tuple[str, str] | None:
    """Name and URL of a printer of the demo in this folder, if one runs."""
    try:
        printers = json.loads(facts.read_text(encoding="utf-8"))["printers"]
        known = [(str(p["name"]), str(p["url"])) for p in printers]
        for name, url in known:
            if _listens(parse(url)):
                return name, url
    except (OSError, ValueError, KeyError, TypeError, WrongUsage):
        return None  # no demo, or its folder is half written
    return None


def _listens(address: Address) -> bool:
    try:
        place = (address.host, address.port)
        with socket.create_connection(place, _PROBE_SECONDS):
            return True
    except OSError:
        return False
