"""A member that hands in the past of a group that it made up."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from moonraker_netqueue.model.command import (
    HandIn,
    JobEdit,
    PrinterUpdate,
    QueuePause,
    RulesRaise,
    decode,
    encode,
)
from moonraker_netqueue.model.content import Content, FileRef
from moonraker_netqueue.model.errors import Rule
from moonraker_netqueue.model.identity import Stamp
from moonraker_netqueue.model.job import RANK, Item, Tally, Wishes
from moonraker_netqueue.model.member import MemberRole, Standing
from moonraker_netqueue.model.outcome import AuthorLog, ClientOutcome, Outcome
from moonraker_netqueue.model.part import NUMBER_MAX, Part, Stretch
from moonraker_netqueue.model.parts import cut
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.model.schema import SCHEMA
from moonraker_netqueue.model.totals import Totals
from tests.model.talk import ANNA, BERT, CLARA, Talk, restored, spec

END = 1 << 62  # the last number that a command can name


def workshop() -> Talk:
    talk = Talk.with_printers()
    talk.say(ANNA, RulesRaise(SCHEMA))
    talk.add("job-0001", spec(3))
    talk.start(CLARA, "print-01", "job-0001")
    return talk


def lies(talk: Talk) -> dict[str, Part]:
    """What no group of a queue can have."""
    job, print_ = talk.state.jobs["job-0001"], talk.state.prints["print-01"]
    (item,), printer = job.items, talk.state.printers[ANNA]
    path = "../../printer.cfg\n"
    stamp = Stamp(END, ANNA, 1, 1)

    def of_job(**changes: Any) -> Part:
        return Part(jobs=(replace(job, **changes),))

    def of_item(**changes: Any) -> Part:
        return of_job(items=(replace(item, **changes),))

    def of_file(text: str) -> Part:
        return of_item(spec=spec(1, FileRef("1" * 32, "1" * 64, 1000, text)))

    return {
        "version": of_job(version=END),
        "stamp": of_job(stamps={RANK: stamp}),
        "completion": of_job(completion=END),
        "tally": of_item(tallies={f"{CLARA}:1": Tally(END, 0)}),
        "sequence": Part(prints=(replace(print_, print_id="print-02", sequence=-1),)),
        "fewer than none": of_item(by_hand=-5),
        "path": of_file(path),
        "NUL": of_file("a\0.gcode"),
        "job": of_job(job_id="x"),
        "job's name": of_job(wishes=Wishes("a\nb")),
        "count": of_item(spec=spec(1 << 40)),
        "content": Part(contents=(Content("9" * 64, 9, "9" * 32, path, (BERT,)),)),
        "printer": Part(
            printers=(replace(printer, profile=Profile("\x1b[2J"), stamp=Stamp(9)),)
        ),
        "printer's stamp": Part(printers=(replace(printer, stamp=stamp),)),
        "print's id": Part(prints=(replace(print_, print_id="../x"),)),
        "print's end": Part(
            prints=(replace(print_, state=PrintState.RELEASED, ending=END),)
        ),
        "paused": Part(paused=True, stamps={"paused": stamp}),
        "client": Part(clients={"c" * 8: ClientOutcome(END, Outcome())}),
        "counted": Part(counted={ANNA: Totals(jobs_added=END)}),
        "role": Part(roles=(Standing(ANNA, MemberRole.VIEWER, stamp),)),
        "numbers": Part(authors={ANNA: (AuthorLog(1, END, {}, ()),)}),
        "lives": Part(authors={ANNA: (AuthorLog(1 << 55, 1),)}),
        "stretch": Part(stretches=(Stretch(ANNA, 1, 1, END),)),
        "hosts": Part(authors={f"{n:x}": (AuthorLog(0),) for n in range(600)}),
    }


@pytest.mark.parametrize("name", lies(workshop()))
def test_what_no_group_can_have_is_refused(name: str) -> None:
    """Counters at their end made a state that no host could read again, names of files
    were paths, and made-up hosts left no room for real ones."""
    talk = workshop()
    talk.refused(BERT, HandIn("group-of-bert", lies(talk)[name]), Rule.INVALID)
    talk.say(ANNA, JobEdit("job-0001", wishes=Wishes("later")))
    talk.say(ANNA, QueuePause(False), client_id="click-01")
    talk.say("e" * 64, PrinterUpdate(Profile("Emil")))
    assert restored(talk.state).canonical() == talk.state.canonical()


@pytest.mark.parametrize(
    "group", ["", "a b" * 9, "../" * 9, "g" * 65, "groups\n\n", "a:bcdefgh"]
)
def test_groups_are_ids(group: str) -> None:
    """Each host names in its hello what its group went on from: with another word in
    it no host took a hello of any other any more."""
    talk = workshop()
    for lie in (
        HandIn(group, Part(), complete=True),
        HandIn("group-of-bert", Part(), 1, {group: 1}, complete=True),
    ):
        talk.refused(BERT, lie, Rule.INVALID)
    assert not talk.state.ancestors


def test_numbers_at_their_end_are_refused_under_all_rules() -> None:
    """A queue goes by the lowest rules for its first hour."""
    talk = Talk.with_printers()
    lie = HandIn("group-of-bert", Part(paused=True, stamps={"paused": Stamp(END)}))
    talk.refused(BERT, lie, Rule.INVALID)


def test_a_group_in_which_a_member_lied_is_still_taken_in() -> None:
    """It raised what it was brought at the highest number, and then was refused."""
    talk, other = workshop(), workshop()
    job = replace(talk.state.jobs["job-0001"], version=NUMBER_MAX)
    stamps = {"paused": Stamp(NUMBER_MAX, BERT, 1, 1)}
    lie = Part(jobs=(job,), paused=True, stamps=stamps)
    talk.say(BERT, HandIn("group-of-bert", lie))
    talk.say(ANNA, JobEdit("job-0001", wishes=Wishes("later")))
    talk.say(ANNA, QueuePause(False))
    assert restored(talk.state).canonical() == talk.state.canonical()
    for part in cut(talk.state):
        other.say(CLARA, HandIn("group-of-anna", part))
    assert other.state.jobs["job-0001"].wishes.name == "later"


def test_lives_that_are_known_here_may_be_handed_in() -> None:
    """A host whose numbers were used up goes on above: see replica/submission.py."""
    talk = workshop()
    log = AuthorLog((1 << 50) + 7, 1)
    talk.state.outcomes = talk.state.outcomes.with_log(ANNA, log)
    talk.say(BERT, HandIn("group-of-bert", Part(authors={ANNA: (log,)})))
    job = replace(talk.state.jobs["job-0001"], incarnation=1 << 51)
    talk.refused(BERT, HandIn("group-of-bert", Part(jobs=(job,))), Rule.INVALID)


def _seconds(talk: Talk, made_up: Part) -> float:
    """How long a host's loop stands still for it."""
    command = decode(encode(talk.command(BERT, HandIn("group-of-bert", made_up))))
    before = time.process_time()
    talk.state.apply(command, 1)
    return time.process_time() - before


def test_a_part_holds_nobodys_loop_for_long() -> None:
    """Each stretch, and each content without a holder, had the whole queue searched:
    one command of 40 KiB took more than ten seconds of every host."""
    talk = workshop()
    job = talk.state.jobs["job-0001"]
    digests = [f"{n:064x}" for n in range(6_000)]
    talk.state.contents |= {
        d: Content(d, 1000, d[:32], "a.gcode", (CLARA,)) for d in digests
    }
    files = tuple(FileRef("1" * 32, "1" * 64, 1000, "a.gcode") for _ in range(32))
    items = tuple(Item(spec(1, *files)) for _ in range(64))
    for n in range(100):
        job_id = f"job-{n:04}"
        talk.state.jobs[job_id] = replace(job, job_id=job_id, items=items)
    stretches = tuple(Stretch(f"{n}", 1, 1, 2) for n in range(400))
    assert _seconds(talk, Part(stretches=stretches)) < 0.5
    unheld = tuple(Content(d, 9, d[:32], "a.gcode") for d in digests[::25])
    talk.state.contents.clear()
    assert _seconds(talk, Part(contents=unheld)) < 0.5
    many = tuple(Stretch(ANNA, 1, n, n) for n in range(1, 30))
    talk.refused(BERT, HandIn("group-of-bert", Part(stretches=many)), Rule.INVALID)
