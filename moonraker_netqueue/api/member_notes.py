"""What the audit log tells of admissions: each word on a member that is said here.

Who is a member is outside of the log (R19), when and by whom is in it. A word that was
noted in a group that went over to another one is noted there again, as of its own time.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from ..admission_mode import AdmissionMode
from ..model.command import Command, MemberNoted, Origin
from ..model.errors import CommandInvalid
from ..model.event import Event
from ..model.member import MemberWord
from ..model.outcome import Outcome
from ..peers.desk import Desk
from ..peers.record import Word
from ..replica.errors import ReplicaError
from ..replica.replica import GROUP_ENTERED, Replica
from ..replica.status import Role
from ..tasks import Tasks
from .asking import origin

_LOGGER = logging.getLogger(__name__)
_NOTE_SECONDS = 0.5  # nobody waits for the audit log: it is told later
_KEPT_MAX = 64  # own notes that are said again in another group, the newest
_WORDS = {Word.ADMIT: MemberWord.ADMITTED, Word.FORGET: MemberWord.FORGOTTEN}


class _Note(NamedTuple):
    """What was said of a member, when and by whom."""

    body: MemberNoted
    at: float
    origin: Origin


class MemberNotes:
    """Notes what is said of the members of one queue at this host."""

    def __init__(self, queue: str, replica: Replica, desk: Desk) -> None:
        self._queue = queue
        self._replica = replica
        self._desk = desk
        self._tasks = Tasks()
        self._noted_in: OrderedDict[_Note, str | None] = OrderedDict()  # which group
        self._let_in_unasked: dict[str, str] = {}  # names, by id: not noted yet
        replica.add_command_listener(self._on_command)
        replica.add_listener(self._on_events)
        desk.attach(queue, self.on_word, lambda: replica.state.viewers)

    async def close(self) -> None:
        """Say nothing more; what was said and has no answer is in the outbox."""
        await self._tasks.close()

    async def on_word(self, host_id: str, name: str, word: Word, unasked: bool) -> None:
        """A host was let in or put out here. `unasked`: the queue is open.

        A newcomer of an open queue is let in by each host that it meets: the one that
        leads notes it for all.
        """
        said = _WORDS[word]
        _LOGGER.info("%s (%s) is %s", name, host_id[:8], said.value)
        if unasked:
            self._let_in_unasked[host_id] = name
            self._note_unasked()
        else:
            await self._say(MemberNoted(host_id, name, said), None, origin())

    def _note_unasked(self) -> None:
        if not self._let_in_unasked:
            return
        status = self._replica.status()
        if status.leader is None:
            return  # of a group that comes to be: this host may lead it
        if status.role is Role.LEADER:
            for host_id, name in self._let_in_unasked.items():
                body = MemberNoted(host_id, name, MemberWord.ADMITTED)
                self._tasks.spawn(self._say(body, None, origin()))
        self._let_in_unasked.clear()

    def _on_command(self, command: Command, _index: int, outcome: Outcome) -> None:
        own = command.id.author == self._replica.host_id
        if own and isinstance(command.body, MemberNoted) and outcome.accepted:
            note = _Note(command.body, command.at, command.origin)
            self._noted_in[note] = self._replica.status().group
            if len(self._noted_in) > _KEPT_MAX:
                self._noted_in.popitem(last=False)

    def _on_events(self, events: Iterable[Event]) -> None:
        if GROUP_ENTERED in events:
            self._say_again()
        self._note_unasked()

    def _say_again(self) -> None:
        here = self._replica.status().group
        is_open = self._desk.mode(self._queue) is AdmissionMode.OPEN
        for note, group in self._noted_in.items():
            by_hosts = is_open and note.body.word is MemberWord.ADMITTED
            if group != here and not by_hosts:  # those of the other group say it
                self._noted_in[note] = here
                self._tasks.spawn(self._say(*note))

    async def _say(self, body: MemberNoted, at: float | None, by: Origin) -> None:
        """Tell the audit log, as soon as the queue can carry it."""
        try:
            outcome = await self._replica.submit(body, "", _NOTE_SECONDS, by, at)
        except (ReplicaError, CommandInvalid) as error:
            _LOGGER.warning("the audit log is not told of %s: %s", body.name, error)
        else:
            if outcome.rule is not None:
                _LOGGER.warning("the audit log is not told: %s", outcome.reason)
