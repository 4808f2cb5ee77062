"""All that a host knows of its queue, the uncommitted tail of its log included (R6)."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import Any

from ..model.errors import Rejected
from ..model.intake import note_ancestors
from ..model.merge import merge
from ..model.queue_state import QueueState
from ..ports import Message, Worker
from . import snapshot
from .applier import command_of
from .errors import ReplicaError, RequestRefused, SnapshotInvalid
from .group import Group
from .group_files import GroupFiles
from .journal import Journal
from .signatures import Signatures
from .snapshot_intake import PART_SIZE, Ask

_LOGGER = logging.getLogger(__name__)


async def all_known(
    group: Group, journal: Journal, files: GroupFiles, signatures: Signatures
) -> QueueState:
    """The group's state with every entry of this host's log applied, and what this
    host brought to the group and has not got back yet.

    An entry that is not known to be committed may be one that was acknowledged: by a
    leader that died before it could say so. Raises CommandTooNew.
    """
    state = group.state.copied()
    state = _with_tail(state, journal, group.applied_index, signatures)
    for name, file in journal.not_yet_back(state):
        old = await _read_aside(files, name, file, signatures)
        state = await files.worker.run(merge, state, old)
    return state


async def _read_aside(
    files: GroupFiles, group: str, file: str, signatures: Signatures
) -> QueueState:
    """All that a journal knows that was set aside; nothing if it cannot be read."""
    try:
        journal, state = await files.open_aside(file)
    except ReplicaError as error:
        _LOGGER.error("what this host brought is not with the others: %s", error)
        return QueueState()
    await journal.database.close()
    note_ancestors(state, {group: journal.meta("generation")})
    applied = journal.snapshot_index
    return await files.worker.run(_with_tail, state, journal, applied, signatures)


def _with_tail(
    state: QueueState, journal: Journal, applied: int, signatures: Signatures
) -> QueueState:
    """The state with the entries after `applied` that their authors signed."""
    group = journal.meta("group")
    for index in range(applied + 1, journal.last_index + 1):
        entry = journal.entry(index)
        command = None if entry is None else command_of(entry)
        if command is None:
            continue
        if signatures.refusal(command, group, state.rules) is None:
            with contextlib.suppress(Rejected):
                state.apply(command, index)
    return state


@dataclass(frozen=True)
class Copy:
    """A state as text, to be fetched in pieces."""

    text: str
    digest: str

    @classmethod
    async def of(cls, state: QueueState, worker: Worker) -> Copy:
        """Write a state, off the loop."""
        taken, text = await worker.run(snapshot.write, state, 1, 0, {}, (0, 0))
        return cls(text, taken.digest)

    def form(self) -> Message:
        """How it is offered."""
        return {"digest": self.digest, "size": len(self.text)}

    def piece(self, params: Message) -> Message:
        """Some characters of it; RequestRefused if another one is asked for."""
        start = params.get("start")
        if params.get("digest") != self.digest or type(start) is not int:
            raise RequestRefused("that copy is not here any more")
        return {"text": self.text[max(0, start) :][:PART_SIZE]}


async def fetch_copy(
    ask: Ask, host: str, params: dict[str, Any], worker: Worker
) -> QueueState:
    """What another host knows; raises a NetqueueError."""
    offer = await ask(host, "copy", params)
    digest, size = offer.get("digest"), offer.get("size")
    if not isinstance(digest, str) or type(size) is not int:
        raise SnapshotInvalid("an offer of a copy has another form")
    if not 0 < size <= snapshot.SIZE_MAX:
        raise SnapshotInvalid(f"a copy of {size} bytes")
    parts: list[str] = []
    here = 0
    while here < size:
        answer = await ask(host, "copy_part", {"digest": digest, "start": here})
        part = answer.get("text")
        if not isinstance(part, str) or not 0 < len(part) <= size - here:
            raise SnapshotInvalid("a part of another size than it must have")
        parts.append(part)
        here += len(part)
    return await worker.run(_read, "".join(parts), digest)


def _read(text: str, digest: str) -> QueueState:
    if not text.isascii() or snapshot.digest_of(text) != digest:
        raise SnapshotInvalid("its bytes are not those that were offered: refused")
    return snapshot.read(text).state
