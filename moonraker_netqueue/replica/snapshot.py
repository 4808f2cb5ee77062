"""A queue's state and seats at one index of the log, as text (R3).

JSON lines, none of them long: one call into the JSON module holds the interpreter,
and with it Moonraker's loop, for a line only. First the header, then `[path, value]`
each; a container of many members has a line of its own and is filled by later ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NamedTuple

from ..model.codec import dumps, to_plain
from ..model.errors import CommandInvalid
from ..model.queue_state import QueueState
from ..model.schema import SCHEMA, UPDATE_HERE
from .entry import is_name
from .errors import SnapshotInvalid, SnapshotTooNew

SIZE_MAX = 64 << 20  # bytes of text
_OLDEST = 1  # schema that is still read: without settings and what a merge needs
_SPLIT_DEPTH = 2  # from there on containers may be written in one line
_WHOLE_MAX = 16  # if they have at most as many members

_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Snapshot:
    """What a snapshot is of. `seats` are those at `index`, not those of now.

    `changed` is index and term of the membership entry that made them; (0, 0) if
    that is unknown.
    """

    index: int
    term: int
    seats: Mapping[str, str]
    changed: tuple[int, int]
    size: int  # bytes of the text
    digest: str  # SHA-256 of the text


class Loaded(NamedTuple):
    """A snapshot with the state that it holds."""

    snapshot: Snapshot
    state: QueueState


def write(
    state: QueueState,
    index: int,
    term: int,
    seats: Mapping[str, str],
    changed: tuple[int, int],
) -> tuple[Snapshot, str]:
    """The snapshot and its text. Slow: for the worker."""
    header = {"version": state.rules, "index": index, "term": term}
    lines = [dumps(header | {"seats": dict(seats), "changed": list(changed)})]
    lines += (dumps(line) for line in _lines((), state.members()))
    text = "\n".join(lines)
    taken = Snapshot(index, term, dict(seats), changed, len(text), digest_of(text))
    return taken, text


def digest_of(text: str) -> str:
    """SHA-256 of a snapshot's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(text: str) -> Loaded:
    """What `write` wrote. Slow: for the worker.

    Raises SnapshotInvalid or SnapshotTooNew.
    """
    first, *lines = text.split("\n")
    try:
        index, term, seats, changed = _header(json.loads(first))
        plain: Any = {}
        for line in lines:
            path, value = json.loads(line)
            plain = _placed(plain, path, value)
        state = QueueState.from_json(plain)
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        raise SnapshotInvalid(f"no snapshot of a queue: {str(error)[:200]}") from error
    except CommandInvalid as error:
        raise SnapshotInvalid(f"no state of a queue: {error}") from error
    taken = Snapshot(index, term, seats, changed, len(text), digest_of(text))
    return Loaded(taken, state)


def _header(header: Any) -> tuple[int, int, dict[str, str], tuple[int, int]]:
    version = header["version"]
    if version not in range(_OLDEST, SCHEMA + 1):
        raise SnapshotTooNew(
            f"a snapshot of schema {str(version)[:20]}, this version knows {SCHEMA}:"
            f" {UPDATE_HERE}"
        )
    index, term, seats = header["index"], header["term"], header["seats"]
    if type(index) is not int or index < 1 or type(term) is not int or term < 0:
        raise SnapshotInvalid("a snapshot has an index and a term")
    for host, incarnation in seats.items():
        if not is_name(host) or not (incarnation == "" or is_name(incarnation)):
            raise SnapshotInvalid("a snapshot's seats are hosts and incarnations")
    change_index, change_term = header.get("changed", (0, 0))
    if type(change_index) is not int or type(change_term) is not int:
        raise SnapshotInvalid("a snapshot's last change is an index and a term")
    return index, term, seats, (change_index, change_term)


def _lines(path: _Path, value: Any) -> Iterator[tuple[_Path, Any]]:
    """A value as lines that are short and name their place.

    Made JSON one by one: all at once would be so many objects that the collection
    of garbage holds the interpreter.
    """
    if len(path) < _SPLIT_DEPTH and is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    members: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        members = value.items()
    elif isinstance(value, tuple):
        members = enumerate(value)
    if members and (len(path) < _SPLIT_DEPTH or len(value) > _WHOLE_MAX):
        yield path, {} if isinstance(value, Mapping) else []
        for key, member in members:
            yield from _lines((*path, key), member)
    else:
        yield path, to_plain(value)


def _placed(root: Any, path: list[str | int], value: Any) -> Any:
    """The tree with a value put at its place."""
    if not path:
        return value
    *way, last = path
    container = root
    for step in way:
        container = container[step]
    if isinstance(container, list) and last == len(container):
        container.append(value)
    elif isinstance(container, dict) and isinstance(last, str):
        container[last] = value
    else:
        raise SnapshotInvalid("a line of a snapshot names no place")
    return root
