"""The state machine of a queue: `apply` is the only way it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import (
    hand_in_rules,
    job_rules,
    member_rules,
    permissions,
    print_rules,
    printer_rules,
    queue_rules,
)
from .command import (
    Command,
    CommandId,
    ContentDropped,
    ContentEvict,
    ContentHeld,
    Dissolve,
    HandIn,
    JobAdd,
    JobEdit,
    JobMove,
    JobRemove,
    MemberNoted,
    MemberSet,
    PrintDecide,
    PrintEnded,
    PrinterUpdate,
    PrintFetching,
    PrintReserve,
    PrintStarted,
    QueuePause,
    QueueSet,
    RulesRaise,
)
from .errors import Rejected, Rule
from .event import Event
from .outcome import Outcome
from .queue_data import QueueData
from .schema import SIGNED

_RULES: dict[type[Any], Callable[[QueueData, Command, Any], tuple[Event, ...]]] = {
    JobAdd: job_rules.add_job,
    JobEdit: job_rules.edit_job,
    JobRemove: job_rules.remove_job,
    JobMove: job_rules.move_job,
    QueuePause: queue_rules.pause_queue,
    QueueSet: queue_rules.set_queue,
    PrinterUpdate: printer_rules.update_printer,
    ContentHeld: printer_rules.hold_content,
    ContentDropped: printer_rules.drop_content,
    ContentEvict: printer_rules.evict_content,
    PrintReserve: print_rules.reserve,
    PrintFetching: print_rules.note_fetching,
    PrintStarted: print_rules.note_started,
    PrintEnded: print_rules.note_ended,
    PrintDecide: print_rules.decide,
    Dissolve: queue_rules.dissolve,
    MemberSet: member_rules.set_member,
    MemberNoted: member_rules.note_member,
}
# What changes nothing if it comes twice needs no place among its author's commands.
_UNREMEMBERED: dict[type[Any], Callable[[QueueData, Command, Any], tuple[Event, ...]]]
_UNREMEMBERED = {
    RulesRaise: queue_rules.raise_rules,
    HandIn: hand_in_rules.hand_in,
}


class QueueState(QueueData):
    """A queue as every replica computes it from the same commands in one order."""

    @classmethod
    def from_json(cls, plain: Any) -> QueueState:
        """The state that `to_json` wrote; raises CommandInvalid."""
        state = cls()
        state.load_json(plain)
        return state

    def copied(self) -> QueueState:
        """A copy to read while this one goes on changing; cheap: values are frozen."""
        copy = QueueState()
        for name, value in vars(self).items():
            setattr(copy, name, dict(value) if isinstance(value, dict) else value)
        return copy

    def outcome(self, command_id: CommandId) -> Outcome | None:
        """What became of a command; None if it has not been applied."""
        return self.outcomes.of(command_id)

    def apply(self, command: Command, index: int) -> tuple[Event, ...]:
        """Apply the command at log position `index`; returns what changed.

        Raises Rejected where a rule forbids it, and then nothing but the memory of
        that outcome changes. A command applied before changes nothing: it returns
        () or raises the rejection it got; what is handed in, and raised rules, change
        nothing by themselves the second time, and are not remembered. No clock, no
        randomness, no set order.
        `command` is one that `decode` returned, on the author's own host too: only
        then do all replicas see the same types.
        """
        unremembered = _UNREMEMBERED.get(type(command.body))
        earlier = None if unremembered else self.outcome(command.id)
        if earlier is not None:
            earlier.raise_if_rejected()
            return ()
        if self.dissolved_into is not None:
            raise Rejected(
                Rule.DISSOLVED, f"this group went into group {self.dissolved_into[:8]}"
            )
        if unremembered is not None:
            self._check_author(command)
            return unremembered(self, command, command.body)
        self.outcomes.check_room(command.id.author)
        repeated = self.outcomes.of_client(command.client_id)
        if repeated is not None and self._repeats(command, repeated):
            self._remember(command, repeated)
            repeated.raise_if_rejected()
            return ()
        try:
            self._check_author(command)
            events = _RULES[type(command.body)](self, command, command.body)
        except Rejected as error:
            self._remember(command, Outcome(error.rule, error.reason))
            raise
        self._remember(command, Outcome(ref=_made(command)))
        return events

    def _repeats(self, command: Command, earlier: Outcome) -> bool:
        """Whether what a client's id was used for may have been this command: an id
        that another host used for less would have an accepted job in no queue."""
        if self.rules < SIGNED or not earlier.accepted:
            return True
        return bool(earlier.ref) == bool(_made(command))

    def _check_author(self, command: Command) -> None:
        queue_rules.may_say(self, command)
        permissions.may_act(self, command)

    def _remember(self, command: Command, outcome: Outcome) -> None:
        self.outcomes = self.outcomes.with_outcome(
            command.id, command.client_id, outcome, exact=command.dot.sequence > 0
        )


def _made(command: Command) -> str:
    body = command.body
    if isinstance(body, JobAdd):
        return body.job_id
    return body.print_id if isinstance(body, PrintReserve) else ""
