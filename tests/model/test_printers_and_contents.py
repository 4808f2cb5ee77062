"""Printers' own entries, the registry of contents, the pause of a queue."""

from __future__ import annotations

import dataclasses
import time

import pytest

from moonraker_netqueue.model.command import (
    ContentDropped,
    ContentHeld,
    JobRemove,
    PrinterUpdate,
    QueuePause,
    RulesRaise,
)
from moonraker_netqueue.model.content import Content
from moonraker_netqueue.model.errors import Rule
from moonraker_netqueue.model.event import Event, Topic
from moonraker_netqueue.model.printer import Printer, Profile, Volume
from moonraker_netqueue.model.printer_rules import CONTENTS_MAX, PRINTERS_MAX
from moonraker_netqueue.model.schema import SCHEMA
from tests.model.talk import ANNA, BERT, Talk, file, spec


@pytest.fixture
def talk() -> Talk:
    return Talk.with_printers()


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (Profile(""), "name of a printer"),
        (Profile("x" * 65), "name of a printer"),
        (Profile("A", model="x" * 65), "model of a printer"),
        (Profile("A", nozzle=-0.4), "nozzle in mm -0.4"),
        (Profile("A", manual_effort_cost=-1), "manual_effort_cost"),
        (Profile("A", manual_effort_cost=10_001), "manual_effort_cost"),
        (Profile("A", tags=("a",) * 65), "tags: at most 64"),
        (Profile("A", materials=(" ",)), "each of materials"),
        (Profile("A", materials_ready=("x" * 65,)), "each of materials_ready"),
        (Profile("A", volume=Volume(0, 1, 1)), "width in mm 0"),
        (Profile("A", volume=Volume(1, 1, 1e9)), "height in mm 1e+09"),
    ],
)
def test_profile_names_the_bad_argument(
    talk: Talk, profile: Profile, words: str
) -> None:
    """What cannot be a printer's entry is refused with the reason."""
    assert words in talk.refused(ANNA, PrinterUpdate(profile), Rule.INVALID)


def test_a_printer_writes_its_own_entry_only(talk: Talk) -> None:
    """The entry is keyed by the author; no command can name another's."""
    events = talk.say(BERT, PrinterUpdate(Profile("Anna's twin")), at=9.0)
    assert events == (Event(Topic.PRINTER, BERT),)
    assert talk.state.printers[BERT].updated == 9.0
    assert talk.state.printers[ANNA].profile.name == "Anna"


def test_number_of_printers_is_bounded(talk: Talk) -> None:
    """A new one is refused at the limit; a known one may still change."""
    for number in range(PRINTERS_MAX - 3):
        host = f"{number:064}"
        talk.state.printers[host] = Printer(host, Profile("x"), 1.0)
    talk.refused("d" * 64, PrinterUpdate(Profile("late")), Rule.CONFLICT)
    talk.say(ANNA, PrinterUpdate(Profile("Anna 2")))


def test_holders_are_kept_in_order(talk: Talk) -> None:
    """Whoever says first, twice or last: one sorted list."""
    for host in (BERT, ANNA, BERT):
        talk.say(host, ContentHeld(file("1")))
    assert talk.state.contents["1" * 64].holders == (ANNA, BERT)


def test_one_hash_has_one_size_and_md5(talk: Talk) -> None:
    """A host that says otherwise has read something else."""
    for changed in (
        dataclasses.replace(file(), size=7),
        dataclasses.replace(file(), key="9" * 32),
    ):
        reason = talk.refused(BERT, ContentHeld(changed), Rule.INVALID)
        assert "hash it again" in reason


def test_registry_is_bounded(talk: Talk) -> None:
    """A new content is refused at the limit; a known one gains holders."""
    for number in range(CONTENTS_MAX - 3):
        sha256 = f"{number:064}"
        talk.state.contents[sha256] = Content(sha256, 1, "f" * 32, "x")
    talk.refused(ANNA, ContentHeld(file("9")), Rule.CONFLICT)
    talk.say(BERT, ContentHeld(file("1")))


def test_who_fills_the_registry_keeps_nobody_off(talk: Talk) -> None:
    """What nobody needs of the host that told of most goes; what a job needs stays."""
    talk.say(ANNA, RulesRaise(SCHEMA))
    talk.add("job-0001")
    for number in range(CONTENTS_MAX - 3):
        sha256 = f"{number:064}"
        talk.state.contents[sha256] = Content(sha256, 1, "f" * 32, "x", (BERT,))
    talk.say(ANNA, ContentHeld(file("9")))
    known = talk.state.contents
    assert {letter * 64 for letter in "1239"} <= known.keys()
    assert len(known) == CONTENTS_MAX - 255
    before = time.process_time()
    for number in range(600):
        talk.say(
            BERT,
            ContentHeld(dataclasses.replace(file("8"), sha256=f"a{number:063}")),
        )
    assert time.process_time() - before < 2
    assert {letter * 64 for letter in "1239"} <= talk.state.contents.keys()


def test_dropped_content_stays_known_while_a_job_needs_it(talk: Talk) -> None:
    """Without holders the job waits and says why; unreferenced it is forgotten."""
    talk.add("job-0001")
    talk.say(BERT, ContentDropped("1" * 64))
    assert talk.state.contents["1" * 64].holders == (ANNA,)
    talk.say(ANNA, ContentDropped("1" * 64))
    assert not talk.state.contents["1" * 64].holders
    talk.say(ANNA, ContentDropped("2" * 64))
    assert "2" * 64 not in talk.state.contents
    talk.refused(ANNA, ContentDropped("2" * 64), Rule.NOT_FOUND)


def test_content_goes_with_the_last_job_that_names_it(talk: Talk) -> None:
    """And not before."""
    talk.add("job-0001")
    talk.add("job-0002", spec(1, file("1")), spec(1, file("2")))
    talk.say(ANNA, JobRemove("job-0001"))
    assert "1" * 64 in talk.state.contents
    events = talk.say(ANNA, JobRemove("job-0002"))
    assert Event(Topic.CONTENT, "2" * 64) in events
    assert sorted(talk.state.contents) == ["3" * 64]


def test_paused_queue_keeps_what_prints(talk: Talk) -> None:
    """A pause stops new reservations only."""
    talk.add("job-0001")
    talk.start(ANNA, "print-01", "job-0001")
    talk.say(BERT, QueuePause(True))
    talk.end(ANNA, "print-01")
    assert talk.state.jobs["job-0001"].complete
