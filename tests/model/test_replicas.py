"""Whatever is said to a queue: replicas agree to the byte, and its promises hold."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.model.command import Command, decode, encode
from moonraker_netqueue.model.errors import Rejected
from moonraker_netqueue.model.event import Event, Topic
from moonraker_netqueue.model.order import RANK_MAX
from moonraker_netqueue.model.print import ENDED, TRANSITIONS, Print, PrintState
from moonraker_netqueue.model.print_rules import HELD_MAX, UNSTARTED_MAX
from moonraker_netqueue.model.queue_state import QueueState
from tests.model.commands import sequences
from tests.model.talk import restored

REMEMBERED = 16  # outcomes of one life of an author


def heard(commands: list[Command]) -> list[Command]:
    return [decode(encode(command)) for command in commands]


def apply(
    state: QueueState, command: Command, index: int
) -> tuple[tuple[Event, ...], str]:
    """What a replica's owner sees: events, and the rule that was broken and why."""
    try:
        return state.apply(command, index), ""
    except Rejected as error:
        return (), f"{error.rule.value}: {error.reason}"


def but_outcomes(state: QueueState) -> str:
    plain = state.to_json()
    del plain["outcomes"]
    return json.dumps(plain, sort_keys=True)


@settings(deadline=None, max_examples=60)
@given(sequences(), st.data())
def test_replicas_agree_to_the_byte(
    commands: list[Command], data: st.DataObject
) -> None:
    """Also one that was loaded from a snapshot in the middle, for ever after."""
    cut = data.draw(st.integers(0, len(commands)))
    one, other = QueueState(), QueueState()
    for index, command in enumerate(heard(commands)):
        if index == cut:
            other = restored(other)
            assert other.canonical() == one.canonical()
        assert apply(one, command, index) == apply(other, command, index)
    assert other.canonical() == one.canonical()
    assert restored(one).canonical() == one.canonical()


@settings(deadline=None, max_examples=40)
@given(sequences(), st.data())
def test_a_copy_stays_as_it_was(commands: list[Command], data: st.DataObject) -> None:
    """Whatever is applied to the original, or to the copy."""
    cut = data.draw(st.integers(0, len(commands)))
    state = QueueState()
    for index, command in enumerate(heard(commands[:cut])):
        apply(state, command, index)
    copied, before = state.copied(), state.canonical()
    other = state.copied()
    for index, command in enumerate(heard(commands[cut:]), start=cut):
        assert apply(state, command, index) == apply(other, command, index)
    assert copied.canonical() == before
    assert other.canonical() == state.canonical()


@settings(deadline=None, max_examples=40)
@given(sequences())
def test_a_command_twice_changes_nothing(commands: list[Command]) -> None:
    """Each is given again at once: no event, no change, the same refusal.

    Of one that comes behind REMEMBERED later ones of its author the refusal is not
    kept. A host has one command in flight, so there is none.
    """
    state = QueueState()
    told: dict[tuple[str, int], set[int]] = {}
    for index, command in enumerate(heard(commands)):
        known = told.setdefault((command.id.author, command.id.incarnation), set())
        late = sum(one > command.id.sequence for one in known) >= REMEMBERED
        known.add(command.id.sequence)
        first = apply(state, command, index)
        before = state.canonical()
        assert apply(state, command, index) == ((), "" if late else first[1])
        assert state.canonical() == before


@settings(deadline=None, max_examples=40)
@given(sequences())
def test_a_refusal_changes_nothing_but_what_is_remembered(
    commands: list[Command],
) -> None:
    """And the other way round: what changes something says so with an event."""
    state = QueueState()
    for index, command in enumerate(heard(commands)):
        before = but_outcomes(state)
        events, _ = apply(state, command, index)
        if not events:
            assert but_outcomes(state) == before


def states_of(state: QueueState) -> dict[str, PrintState]:
    known = {p.print_id: p.state for p in state.finished}
    known.update({p.print_id: p.state for p in state.prints.values()})
    return known


def check_step(before: dict[str, PrintState], after: QueueState) -> None:
    """Each print moved along TRANSITIONS, through printing at most, or came late."""
    for print_id, state in states_of(after).items():
        old = before.get(print_id)
        if old is None or old is state:
            continue
        through = {end for step in TRANSITIONS[old] for end in TRANSITIONS[step]}
        late = old is PrintState.RELEASED and state in ENDED
        assert state in TRANSITIONS[old] | through or late, (old, state)


def check_queue(state: QueueState) -> None:
    """What holds in every state."""
    for job in state.jobs.values():
        assert len(job.rank) <= RANK_MAX
        assert (job.completed is not None) == job.complete
        for index, item in enumerate(job.items):
            live = state.live(job.job_id, index)
            waiting = state.waiting(job, index)
            assert item.done + live + waiting >= item.spec.count
            assert waiting == 0 or item.done + live + waiting == item.spec.count
            assert live <= item.spec.count
            assert 0 <= item.forgiven <= item.failed
    assert len({job.rank for job in state.jobs.values()}) == len(state.jobs)
    for host in state.printers:
        assert state.unstarted_of_host(host) <= UNSTARTED_MAX
        assert len(state.prints_of_host(host)) <= HELD_MAX
    for p in state.prints.values():
        check_live(state, p)
    ids = [p.print_id for p in state.finished]
    assert len(set(ids)) == len(ids)
    assert not set(ids) & set(state.prints)


def check_live(state: QueueState, p: Print) -> None:
    files = state.jobs[p.job_id].items[p.item].spec.files
    assert p.state not in ENDED
    assert p.sha256 in {file.sha256 for file in files}
    assert p.sha256 in state.contents
    assert p.host in state.printers


@pytest.mark.timeout(300)  # many states, on a machine that may be busy
@settings(deadline=None, max_examples=100)
@given(sequences(60))
def test_promises_hold_in_every_state(commands: list[Command]) -> None:
    """Counts, lives of prints, bounds and references, after each command."""
    state = QueueState()
    for index, command in enumerate(heard(commands)):
        before = states_of(state)
        totals = copy.copy(state.totals)
        apply(state, command, index)
        check_step(before, state)
        check_queue(state)
        for name, value in vars(totals).items():
            assert getattr(state.totals, name) >= value


@settings(deadline=None, max_examples=40)
@given(sequences())
def test_events_name_what_changed(commands: list[Command]) -> None:
    """Whoever follows the events alone knows every job, print, printer and content."""
    state = QueueState()
    for index, command in enumerate(heard(commands)):
        before = state.to_json()
        events, _ = apply(state, command, index)
        after = state.to_json()
        named = {(event.topic, event.key) for event in events}
        for topic, part in (
            (Topic.JOB, "jobs"),
            (Topic.PRINT, "prints"),
            (Topic.PRINTER, "printers"),
            (Topic.CONTENT, "contents"),
        ):
            for key in before[part].keys() | after[part].keys():
                if before[part].get(key) != after[part].get(key):
                    assert (topic, key) in named
