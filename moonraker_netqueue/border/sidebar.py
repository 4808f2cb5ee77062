"""Our entry in Mainsail's sidebar, `config/.theme/navi.json`. Pure, bytes to bytes.

The installer's `uninstall` uses it, too, with nothing but the standard library.
"""

from __future__ import annotations

import json
from typing import Any

from ..api.routes import PANEL

TITLE = "Print queue"
_ICON = "M3,4H21V8H3V4M3,10H21V14H3V10M3,16H21V20H3V16Z"
_ITEM = {"title": TITLE, "href": PANEL, "target": "_self", "icon": _ICON}


def with_entry(text: bytes | None) -> bytes:
    """The file with our entry at its end; None: there is no such file.

    Raises ValueError for a file that is no list of entries: it has to stay as it is.
    """
    if text is None:
        return _bytes([_ITEM])
    items = _items(text)
    if any(isinstance(item, dict) and item.get("href") == PANEL for item in items):
        return text
    return _bytes([*items, _ITEM])


def without_entry(text: bytes, before: bytes | None) -> bytes | None:
    """The file as it was `before` ours was added, if nothing else changed since.

    Else the text without our entry; one that a person changed stays. None: no file.
    Raises ValueError for a file that is no list.
    """
    if text == with_entry(before):
        return before
    items = _items(text)
    kept = [item for item in items if item != _ITEM]
    return text if kept == items else _bytes(kept)


def _items(text: bytes) -> list[Any]:
    try:
        items = json.loads(text)
    except RecursionError:
        items = None
    if not isinstance(items, list):
        raise ValueError("config/.theme/navi.json holds no list: nothing is changed")
    return items


def _bytes(items: list[Any]) -> bytes:
    return json.dumps(items, indent=2, ensure_ascii=False).encode() + b"\n"
