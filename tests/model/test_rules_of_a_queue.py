"""A queue goes by rules that all its hosts know; a command says what it needs (R23)."""

from __future__ import annotations

import dataclasses
import json

import pytest

from moonraker_netqueue.model import codec
from moonraker_netqueue.model.command import (
    Command,
    CommandId,
    ContentEvict,
    ContentHeld,
    JobAdd,
    PrinterUpdate,
    RulesRaise,
    decode,
    encode,
    schema_of,
)
from moonraker_netqueue.model.errors import (
    CommandInvalid,
    CommandTooNew,
    Rejected,
    Rule,
)
from moonraker_netqueue.model.event import Event, Topic
from moonraker_netqueue.model.job import Wishes
from moonraker_netqueue.model.merge import merge
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.model.schema import BASE, SCHEMA
from moonraker_netqueue.replica import snapshot
from tests.model.talk import ANNA, BERT, CLARA, Talk, file, restored, spec
from tests.versions import FIRST, module

_CHECK = "d" * 64


@dataclasses.dataclass(frozen=True)
class _Old:
    name: str


@dataclasses.dataclass(frozen=True)
class _New:
    name: str
    colour: str = codec.since(7, "")


@dataclasses.dataclass(frozen=True)
class _Around:
    things: tuple[_New, ...] = ()
    by_name: dict[str, _New] = dataclasses.field(default_factory=dict)


def test_a_new_field_is_written_only_where_it_says_something() -> None:
    """So an earlier version reads whatever does without it."""
    assert codec.to_plain(_New("a")) == codec.to_plain(_Old("a"))
    assert codec.to_plain(_New("a", "red")) == {"name": "a", "colour": "red"}
    for value in (_New("a"), _New("a", "red")):
        assert codec.from_plain(_New, codec.to_plain(value)) == value


def test_a_value_tells_which_schema_it_needs() -> None:
    assert codec.schema_of(_Old("a")) == codec.schema_of(_New("a")) == 0
    assert codec.schema_of(_Around((_New("a"), _New("b", "red")))) == 7
    assert codec.schema_of(_Around(by_name={"x": _New("b", "red")})) == 7


def test_a_command_is_written_in_the_lowest_schema_that_has_it() -> None:
    assert schema_of(ContentEvict("1" * 64, (BERT,))) == 3
    assert schema_of(RulesRaise(SCHEMA)) == SCHEMA
    text = encode(Command(CommandId(ANNA, 1, 1), 0.0, RulesRaise(SCHEMA), schema=1))
    assert decode(text).schema == SCHEMA
    with pytest.raises((CommandTooNew, CommandInvalid)):
        encode(Command(CommandId(ANNA, 1, 1), 0.0, RulesRaise(SCHEMA + 1)))


def test_what_is_above_the_rules_is_refused_until_they_are_raised() -> None:
    talk = Talk.with_printers()
    evict = ContentEvict("2" * 64, ())
    with pytest.raises(Rejected, match="the queue goes by 2"):
        talk.say(ANNA, evict)
    assert talk.say(BERT, RulesRaise(3)) == (Event(Topic.QUEUE, "rules"),)
    assert talk.say(BERT, RulesRaise(3)) == talk.say(BERT, RulesRaise(2)) == ()
    assert talk.state.rules == 3
    assert talk.say(ANNA, evict) == (Event(Topic.CONTENT, "2" * 64),)


def test_raised_rules_take_no_place_among_their_authors_commands() -> None:
    """A leader raises them beside its outbox: its next command is the next one."""
    talk = Talk()
    before = talk.state.outcomes
    command = Command(CommandId(ANNA, 1 << 61, 5), 0.0, RulesRaise(3), schema=3)
    talk.state.apply(command, 1)
    assert talk.state.outcomes == before


def test_rules_survive_a_snapshot_and_a_merge_takes_the_higher() -> None:
    low, high = Talk.with_printers(), Talk.with_printers()
    high.say(ANNA, RulesRaise(3))
    assert restored(high.state).rules == 3
    assert merge(low.state, high.state).rules == merge(high.state, low.state).rules == 3
    plain = high.state.to_json() | {"rules": SCHEMA + 1}
    with pytest.raises(CommandInvalid, match="rules"):
        QueueState.from_json(plain)


def test_the_first_version_reads_snapshots_until_the_rules_are_raised() -> None:
    """Then it says that it must be updated; it does not take them for damage."""
    talk = Talk.with_printers()
    talk.add("job-0001")
    old = module(FIRST, "replica.snapshot")
    taken, text = snapshot.write(talk.state, 9, 1, {ANNA: ""}, (2, 0))
    loaded = old.read(text)
    assert loaded.state.canonical() == talk.state.canonical()
    assert snapshot.read(text) == snapshot.Loaded(taken, talk.state)
    talk.say(ANNA, RulesRaise(3))
    _, text = snapshot.write(talk.state, 9, 1, {ANNA: ""}, (2, 0))
    assert json.loads(text.split("\n")[0])["version"] == 3
    with pytest.raises(module(FIRST, "replica.errors").SnapshotTooNew, match="update"):
        old.read(text)


def test_the_first_version_reads_what_goes_without_anything_new() -> None:
    """Byte for byte the same command, in both directions."""
    old = module(FIRST, "model.command")
    talk = Talk()
    bodies = (
        PrinterUpdate(Profile("Anna", hours=(), grams_left=3.0)),
        ContentHeld(file()),
        JobAdd("job-0001", Wishes("lamp"), (spec(2),)),
    )
    for body in bodies:
        text = encode(talk.command(ANNA, body))
        assert old.encode(old.decode(text)) == text
        assert encode(decode(text)) == text
        assert json.loads(text)["schema"] == BASE


# Eviction (R17).


def _needed() -> Talk:
    """A content that a job needs, on three hosts."""
    talk = Talk.with_printers()
    talk.say(ANNA, RulesRaise(3))
    for host in (ANNA, BERT, CLARA):
        talk.say(host, ContentHeld(file("4")))
    talk.add("job-0004", spec(1, file("4")))
    return talk


def test_of_what_is_needed_two_hosts_that_are_on_keep_a_copy() -> None:
    talk = _needed()
    with pytest.raises(Rejected, match="1 other hosts that are on have it") as refused:
        talk.say(ANNA, ContentEvict("4" * 64, (BERT,)))
    assert refused.value.rule is Rule.CONFLICT
    talk.say(ANNA, ContentEvict("4" * 64, (BERT, CLARA, _CHECK)))
    assert talk.state.contents["4" * 64].holders == (BERT, CLARA)


def test_two_that_evict_one_content_at_once_cannot_both() -> None:
    """Each names the other as a holder; the log decides who was first."""
    talk = _needed()
    talk.say(ANNA, ContentEvict("4" * 64, (BERT, CLARA)))
    with pytest.raises(Rejected):
        talk.say(BERT, ContentEvict("4" * 64, (ANNA, CLARA)))
    assert talk.state.contents["4" * 64].holders == (BERT, CLARA)


def test_what_nobody_needs_goes_and_its_registration_with_the_last() -> None:
    talk = Talk.with_printers()
    talk.say(ANNA, RulesRaise(3))
    talk.say(BERT, ContentHeld(file("5")))
    talk.say(BERT, ContentEvict("5" * 64, ()))
    assert "5" * 64 not in talk.state.contents
    with pytest.raises(Rejected, match="is registered"):
        talk.say(BERT, ContentEvict("5" * 64, ()))
