"""The form of raft messages between hosts, checked on receipt (R2).

    {"t": "raft", "g": group id, "i": the sender's incarnation, "m": {"type": ..., ...}}

Entries travel as [index, term, kind, payload]; PySyncObj's bytes are built here.
Its 'apply_command', 'serialized' and 'transmission' have no form, so they cannot
arrive. Snapshots are offered by a message of ours and fetched by request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..names import is_sha256
from . import snapshot
from .entry import PAYLOAD_MAX, Entry, Kind, pack, unpack
from .errors import WireInvalid

# Entries of one message; the last one may pass it. More than one entry can have: the
# library would cut a larger entry into pieces, which have no form here.
BATCH_BYTES = 1 << 16
_BATCH_MAX = BATCH_BYTES + PAYLOAD_MAX + 1
_NUMBER_MAX = 1 << 53

RaftMessage = dict[str, Any]


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _NUMBER_MAX:
        raise WireInvalid(f"{str(value)[:40]!r} is no index or term")
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise WireInvalid(f"{str(value)[:40]!r} is no flag")
    return value


def _digest(value: object) -> str:
    if not is_sha256(value):
        raise WireInvalid(f"{str(value)[:40]!r} is no SHA-256")
    return value


def _snapshot_size(value: object) -> int:
    size = _number(value)
    if size > snapshot.SIZE_MAX:
        raise WireInvalid(f"a snapshot of {size} bytes: at most {snapshot.SIZE_MAX}")
    return size


def _entries(value: object) -> list[Entry]:
    if not isinstance(value, (list, tuple)):
        raise WireInvalid("entries are a list")
    entries: list[Entry] = []
    size = 0
    for item in value:
        if not isinstance(item, (list, tuple)) or len(item) != 4:
            raise WireInvalid("an entry is [index, term, kind, payload]")
        index, term, word, payload = item
        if not isinstance(word, str) or not isinstance(payload, str):
            raise WireInvalid("an entry's kind and payload are texts")
        try:
            kind = Kind(word)
        except ValueError as error:
            raise WireInvalid(f"unknown kind of entry {word[:40]!r}") from error
        size += len(payload) + 1
        if size > _BATCH_MAX:
            raise WireInvalid(f"more than {_BATCH_MAX} bytes of entries")
        entries.append(Entry(pack(kind, payload), _number(index), _number(term)))
    return entries


_Check = Callable[[object], Any]
_FIELDS: dict[str, dict[str, _Check]] = {
    "append_entries": {
        "term": _number,
        "commit_index": _number,
        "prevLogIdx": _number,
        "prevLogTerm": _number,
        "entries": _entries,
    },
    "snapshot_offer": {
        "term": _number,
        "index": _number,
        "log_term": _number,
        "size": _snapshot_size,
        "digest": _digest,
    },
    "next_node_idx": {
        "term": _number,
        "next_node_idx": _number,
        "reset": _flag,
        "success": _flag,
    },
    "request_vote": {
        "term": _number,
        "last_log_index": _number,
        "last_log_term": _number,
    },
    "response_vote": {"term": _number},
    "pre_vote": {
        "term": _number,
        "round": _number,
        "last_log_index": _number,
        "last_log_term": _number,
    },
    "pre_vote_answer": {"term": _number, "round": _number, "granted": _flag},
    "higher_term": {"term": _number},
    "timeout_now": {"term": _number},
}


def encode(group: str, incarnation: str, message: RaftMessage) -> dict[str, Any]:
    """The map that goes over the link; KeyError for what may not travel."""
    fields = _FIELDS[message["type"]]
    form = {name: message[name] for name in fields} | {"type": message["type"]}
    if "entries" in form:
        form["entries"] = [_entry_form(entry) for entry in form["entries"]]
    return {"t": "raft", "g": group, "i": incarnation, "m": form}


def _entry_form(entry: Entry) -> list[Any]:
    data, index, term = entry
    kind, payload = unpack(data)
    return [index, term, kind.value, payload]


def decode(form: object) -> RaftMessage:
    """The message for the library; raises WireInvalid."""
    if not isinstance(form, Mapping):
        raise WireInvalid("a raft message is a map")
    kind = form.get("type")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise WireInvalid(f"unknown raft message {str(kind)[:40]!r}")
    if set(form) != {"type", *fields}:
        raise WireInvalid(f"{kind} has other fields than it must have")
    message: RaftMessage = {name: check(form[name]) for name, check in fields.items()}
    message["type"] = kind
    if kind == "append_entries":
        _check_run(message)
    elif kind == "next_node_idx" and message["next_node_idx"] < 2:
        # Entry 1 is in every log: nobody has to be sent it, or a snapshot of it.
        raise WireInvalid("an ack names an index from 2 on")
    elif kind == "snapshot_offer" and message["log_term"] > message["term"]:
        raise WireInvalid("a snapshot is of no later term than its leader's")
    return message


def _check_run(message: RaftMessage) -> None:
    """Entries follow each other and never fall back or run ahead in term."""
    index, term = message["prevLogIdx"], message["prevLogTerm"]
    if index < 1:
        raise WireInvalid("entries follow an entry")
    for entry in message["entries"]:
        if entry.index != index + 1 or not term <= entry.term <= message["term"]:
            raise WireInvalid(f"entry {entry.index} does not follow entry {index}")
        index, term = entry.index, entry.term
