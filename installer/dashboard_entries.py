"""Ways to the queue's page that netqueue made in the dashboards: removed with it.

Runs with Moonraker's own Python, on the standard library alone. Goes to Moonraker's
database itself: so it works whether Moonraker runs or not, and whatever ails netqueue.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_CHECKOUT))  # this package, whatever the environment has

from installer.config_file import Change, apply  # noqa: E402
from moonraker_netqueue.border.sidebar import TITLE, without_entry  # noqa: E402

_WORDS = {
    "card": f"the card '{TITLE}' of the dashboards",
    "sidebar": f"the entry '{TITLE}' of Mainsail's sidebar",
    "announcement": f"the announcement '{TITLE}' of the dashboards",
}
_BUSY = 10.0  # seconds that Moonraker may hold its database


class Entries:
    """What netqueue made, by its own record; one that a person removed is none."""

    def __init__(self, data_path: Path) -> None:
        self._record = data_path / "netqueue" / "entries.json"
        self._before = data_path / "netqueue" / "navi.json"
        self._sidebar = data_path / "config" / ".theme" / "navi.json"
        self._database = data_path / "database" / "moonraker-sql.db"
        self._made: dict[str, str] = {}
        if self._record.exists():
            self._made = json.loads(self._record.read_bytes())

    def found(self) -> list[str]:
        """Names of those that are still there."""
        names = [name for name, _, _ in self._rows()]
        return [*names, "sidebar"] if self._sidebar_change() else names

    def remove(self) -> list[str]:
        """Remove them; a new install makes them again. Returns their names."""
        rows, sidebar = self._rows(), self._sidebar_change()
        names = [name for name, _, _ in rows]
        if rows:
            with self._connected() as database, database:
                database.executemany(
                    "DELETE FROM namespace_store WHERE namespace = ? AND key = ?",
                    [where for _, *where in rows],
                )
        if sidebar is not None:
            names.append("sidebar")
            apply(sidebar, keep_backup=False)
            if sidebar.new is None:
                with contextlib.suppress(OSError):  # there are other files in it
                    self._sidebar.parent.rmdir()
        self._before.unlink(missing_ok=True)
        if names:
            left = {k: v for k, v in self._made.items() if k not in names}
            old = self._record.read_bytes()
            new = json.dumps(left).encode() if left else None
            apply(Change(self._record, old, new), keep_backup=False)
        return names

    def _rows(self) -> list[tuple[str, str, str]]:
        """Name, namespace and key of those in the database."""
        if not self._made.keys() & {"card", "announcement"}:
            return []
        if not self._database.exists():
            return []
        query = "SELECT namespace, key, value FROM namespace_store WHERE namespace IN"
        with self._connected() as database:
            stored = database.execute(f"{query} ('webcams', 'announcements')")
            return [
                (name, namespace, key)
                for namespace, key, value in stored
                for name in self._made
                if self._is_ours(name, namespace, key, value)
            ]

    def _is_ours(self, name: str, namespace: str, key: str, value: bytes) -> bool:
        if namespace == "webcams":
            return name == "card" and key == self._made[name]
        if name != "announcement":
            return False
        return bool(json.loads(value)["entry_id"] == self._made[name])

    def _sidebar_change(self) -> Change | None:
        if "sidebar" not in self._made or not self._sidebar.exists():
            return None
        text = self._sidebar.read_bytes()
        before = self._before.read_bytes() if self._before.exists() else None
        try:
            new = without_entry(text, before)
        except ValueError:
            return None  # a person made something else of it
        return None if new == text else Change(self._sidebar, text, new)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(
            f"{self._database.resolve().as_uri()}?mode=rw", timeout=_BUSY, uri=True
        )
        with contextlib.closing(database):
            yield database


def main() -> int:
    """Run; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data_path", type=Path)
    parser.add_argument("--show", action="store_true", help="change nothing")
    arguments = parser.parse_args()
    try:
        entries = Entries(arguments.data_path)
        names = entries.found() if arguments.show else entries.remove()
    except (OSError, sqlite3.Error, ValueError) as error:
        print(
            f"error: what netqueue added to the dashboards of {arguments.data_path}"
            f" cannot be removed: {error}. Remove the card and the sidebar's entry"
            f" '{TITLE}' in the dashboards themselves",
            file=sys.stderr,
        )
        return 1
    for name in names:
        print("remove" if arguments.show else "removed", _WORDS[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
