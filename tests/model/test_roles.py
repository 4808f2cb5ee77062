"""Who may say what: each command, by each role, of what is its own and what is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.model.command import (
    Body,
    ContentDropped,
    ContentEvict,
    ContentHeld,
    Decision,
    Dissolve,
    HandIn,
    JobAdd,
    JobEdit,
    JobMove,
    JobRemove,
    MemberNoted,
    MemberSet,
    Place,
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
from moonraker_netqueue.model.errors import Rejected, Rule
from moonraker_netqueue.model.identity import Stamp
from moonraker_netqueue.model.job import Requirements, Wishes
from moonraker_netqueue.model.member import (
    MEMBERS_MAX,
    MemberRole,
    MemberWord,
    Standing,
    joined,
)
from moonraker_netqueue.model.merge import merge
from moonraker_netqueue.model.part import Part
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.model.schema import SCHEMA
from tests.model.talk import ANNA, BERT, CLARA, Talk, file, restored, spec

OTHER = "d" * 64
JOB, ASSIGNED, PRINT = "job-free", "job-0001", "print-01"


def workshop(role: MemberRole) -> Talk:
    """Bert has that role, and holds a copy of a job; another job is free."""
    talk = Talk.with_printers()
    talk.say(ANNA, RulesRaise(SCHEMA))
    talk.add(ASSIGNED, spec(3))
    talk.add(JOB)
    for host in (BERT, CLARA):
        talk.say(host, ContentHeld(file("1")))
    talk.reserve(BERT, PRINT, ASSIGNED)
    talk.say(ANNA, MemberSet(BERT, role))
    return talk


def ended(print_id: str = PRINT) -> PrintEnded:
    return PrintEnded(print_id, PrintState.RELEASED, ASSIGNED, 0, "1" * 64)


@dataclass(frozen=True)
class Row:
    """A command that Bert gives: may a printer, may a viewer."""

    name: str
    body: Body
    printer: bool
    viewer: bool
    before: Callable[[Talk], object] = lambda _: None


def lost(talk: Talk) -> None:
    talk.say(BERT, PrintStarted(PRINT))
    talk.say(BERT, replace(ended(), outcome=PrintState.LOST))


def clara_reserves(talk: Talk) -> None:
    talk.reserve(CLARA, "print-02", ASSIGNED)


TABLE = (
    Row("add a job", JobAdd("job-0003", Wishes("x"), (spec(),)), True, False),
    Row("edit a job", JobEdit(JOB, wishes=Wishes("x")), True, False),
    Row("move a job", JobMove(JOB, Place.FRONT), True, False),
    Row("remove a job", JobRemove(JOB), True, False),
    Row("remove an assigned job", JobRemove(ASSIGNED), False, False),
    Row(
        "change what an assigned job requires",
        JobEdit(ASSIGNED, requires=Requirements(spread=True)),
        False,
        False,
    ),
    Row("pause the queue", QueuePause(True), True, False),
    Row("set the queue", QueueSet(title="x"), True, False),
    Row("its own entry", PrinterUpdate(Profile("B")), True, True),
    Row("it has a content", ContentHeld(file("2")), True, False),
    Row("it has it no more", ContentDropped("1" * 64), True, True),
    Row("it deletes it", ContentEvict("1" * 64, (ANNA, BERT, CLARA)), True, True),
    Row("reserve", PrintReserve("print-03", ASSIGNED, 0, "1" * 64), True, False),
    Row("fetch for its print", PrintFetching(PRINT), True, True),
    Row("start its print", PrintStarted(PRINT), True, True),
    Row("end its print", ended(), True, True),
    Row("fetch for another's", PrintFetching("print-02"), False, False, clara_reserves),
    Row("start another's", PrintStarted("print-02"), False, False, clara_reserves),
    Row("end another's", ended("print-02"), False, False, clara_reserves),
    Row(
        "decide on a lost print",
        PrintDecide(PRINT, Decision.RETRY, "bert"),
        True,
        False,
        lost,
    ),
    Row("raise the rules", RulesRaise(SCHEMA), True, True),
    Row("hand in", HandIn("group-of-bert", Part(), complete=True), True, False),
    Row("give a role", MemberSet(OTHER, MemberRole.VIEWER), True, False),
    Row("give itself a role", MemberSet(BERT, MemberRole.PRINTER), False, False),
    Row(
        "note an admission",
        MemberNoted(OTHER, "mk4", MemberWord.ADMITTED),
        True,
        False,
    ),
)


def test_the_table_has_every_command() -> None:
    """But Dissolve, which ends a group that never had a job."""
    assert {type(row.body) for row in TABLE} | {Dissolve} == set(get_args(Body))


@pytest.mark.parametrize("role", MemberRole)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_who_may_say_what(row: Row, role: MemberRole) -> None:
    """What is refused names the rule, and changes nothing."""
    talk = workshop(role)
    row.before(talk)
    allowed = row.viewer if role is MemberRole.VIEWER else row.printer
    if allowed:
        talk.say(BERT, row.body)
    else:
        talk.refused(BERT, row.body, Rule.PERMISSION)


def test_nobody_is_a_viewer_by_what_is_said_of_others() -> None:
    """A role is the host's that is named; given back, all is as before."""
    talk = workshop(MemberRole.VIEWER)
    assert talk.state.viewers == {BERT}
    talk.say(CLARA, QueuePause(True))
    talk.say(ANNA, MemberSet(BERT, MemberRole.PRINTER))
    assert talk.state.viewers == frozenset()
    talk.say(BERT, QueuePause(False))


def test_the_last_one_that_may_give_roles_keeps_its_own() -> None:
    """Whoever makes the others viewers is none, and none of them can make it one."""
    talk = workshop(MemberRole.VIEWER)
    talk.say(ANNA, MemberSet(CLARA, MemberRole.VIEWER))
    talk.refused(BERT, MemberSet(ANNA, MemberRole.VIEWER), Rule.PERMISSION)
    talk.refused(CLARA, MemberSet(ANNA, MemberRole.VIEWER), Rule.PERMISSION)
    talk.refused(ANNA, MemberSet(ANNA, MemberRole.VIEWER), Rule.PERMISSION)
    assert talk.state.viewers == {BERT, CLARA}


def test_roles_are_kept_of_so_many_hosts() -> None:
    """A host that gives them to hosts which it makes up does not fill the state."""
    talk = workshop(MemberRole.PRINTER)
    for number in range(MEMBERS_MAX - 1):
        talk.say(ANNA, MemberSet(f"host-{number:04}", MemberRole.VIEWER))
    talk.refused(ANNA, MemberSet("one-too-many", MemberRole.VIEWER), Rule.INVALID)
    talk.say(ANNA, MemberSet(BERT, MemberRole.VIEWER))
    assert restored(talk.state).canonical() == talk.state.canonical()


def test_queues_of_earlier_rules_have_no_roles() -> None:
    """And their state is written as before."""
    talk = Talk.with_printers()
    body = MemberSet(BERT, MemberRole.VIEWER)
    talk.refused(ANNA, body, Rule.CONFLICT)
    assert "roles" not in talk.state.to_json()


def test_groups_that_merge_take_the_later_role() -> None:
    """In either order; one that was set in one group only counts in both."""
    talk = workshop(MemberRole.PRINTER)
    one, other = talk, talk.forked()
    one.say(ANNA, MemberSet(BERT, MemberRole.VIEWER))
    one.say(ANNA, MemberSet(BERT, MemberRole.PRINTER))
    one.say(ANNA, MemberSet(BERT, MemberRole.VIEWER))
    other.say(CLARA, MemberSet(BERT, MemberRole.PRINTER))
    other.say(CLARA, MemberSet(ANNA, MemberRole.VIEWER))
    merged = merge(one.state, other.state)
    assert merged.canonical() == merge(other.state, one.state).canonical()
    assert merged.viewers == {ANNA, BERT}


standings = st.builds(
    Standing,
    host=st.sampled_from([ANNA, BERT]),
    role=st.sampled_from(MemberRole),
    stamp=st.builds(Stamp, st.integers(1, 2), st.sampled_from([ANNA, BERT])),
)
rolls = st.lists(standings, max_size=4).map(lambda some: joined(some, ()))


@given(rolls, rolls, rolls)
def test_joining_roles_is_a_maximum(
    one: tuple[Standing, ...],
    two: tuple[Standing, ...],
    three: tuple[Standing, ...],
) -> None:
    """Commutative, associative, idempotent."""
    assert joined(one, two) == joined(two, one)
    assert joined(joined(one, two), three) == joined(one, joined(two, three))
    assert joined(one, one) == one


def test_a_viewer_is_told_why() -> None:
    """And what to do."""
    talk = workshop(MemberRole.VIEWER)
    with pytest.raises(Rejected, match=r"viewer of this queue.*another role"):
        talk.say(BERT, QueuePause(True))
