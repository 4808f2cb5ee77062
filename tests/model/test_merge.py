"""Two histories of one queue join: the order does not matter, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moonraker_netqueue.model.command import (
    SIZE_MAX,
    Command,
    CommandId,
    Decision,
    HandIn,
    JobAdd,
    JobEdit,
    JobRemove,
    PrintDecide,
    PrintEnded,
    PrintFetching,
    PrintStarted,
    QueuePause,
    encode,
)
from moonraker_netqueue.model.errors import Rejected, Rule
from moonraker_netqueue.model.event import Event, Topic
from moonraker_netqueue.model.intake import take_in
from moonraker_netqueue.model.job import Job, Tally, Wishes
from moonraker_netqueue.model.merge import merge
from moonraker_netqueue.model.parts import cut, whole
from moonraker_netqueue.model.print import ENDED, PrintState
from moonraker_netqueue.model.queue_data import FINISHED_MAX
from moonraker_netqueue.model.queue_state import QueueState
from tests.model.histories import branches, hear
from tests.model.talk import ANNA, BERT, CLARA, Talk, restored, spec

DONE = PrintState.DONE

EXAMPLES = settings(deadline=None, max_examples=100)
SEEDS = st.integers(0, 1 << 40)


@EXAMPLES
@given(SEEDS)
@example(103)  # two people decided differently about a print that failed
@example(1326)  # one that a merge opens again, and the next completes
def test_the_order_of_merges_does_not_matter(seed: int) -> None:
    """Commutative and associative, to the byte."""
    ends = [states[-1] for states in branches(seed).ends]
    results = {
        merge(merge(one, two), three).canonical()
        for one, two, three in permutations(ends)
    }
    results |= {
        merge(one, merge(two, three)).canonical()
        for one, two, three in permutations(ends)
    }
    assert len(results) == 1


@EXAMPLES
@given(SEEDS)
def test_a_merge_again_changes_nothing(seed: int) -> None:
    """Idempotent, also with an old copy, and with itself."""
    one, two, _ = (states[-1] for states in branches(seed).ends)
    both = merge(one, two)
    assert merge(one, one).canonical() == one.canonical()
    assert merge(both, one).canonical() == both.canonical()
    assert merge(two, both).canonical() == both.canonical()
    assert restored(both).canonical() == both.canonical()


@EXAMPLES
@given(SEEDS)
def test_an_old_copy_brings_nothing_back(seed: int) -> None:
    """What was removed, ended, dropped since then stays so."""
    trunk, ends = branches(seed)
    for early, late in ends:
        for old in (trunk, early):
            assert merge(old, late).canonical() == late.canonical()
            assert merge(late, old).canonical() == late.canonical()


def _removed(job: Job, state: QueueState) -> bool:
    return job.job_id not in state.jobs and state.outcomes.knows(job.dot)


@EXAMPLES
@given(SEEDS)
def test_no_job_is_lost_and_none_comes_back(seed: int) -> None:
    """A job is there exactly if one side has it and the other did not remove it."""
    ends = [states[-1] for states in branches(seed).ends]
    for one, two, _ in permutations(ends):
        both = merge(one, two)
        for job in (*one.jobs.values(), *two.jobs.values()):
            gone = _removed(job, one) or _removed(job, two)
            assert (job.job_id in both.jobs) is not gone


@EXAMPLES
@given(SEEDS)
def test_what_was_made_counts_and_what_is_held_stays_held(seed: int) -> None:
    """Of a job that nobody changed meanwhile: all its copies, each once (R10)."""
    one, two, _ = (states[-1] for states in branches(seed).ends)
    both = merge(one, two)
    for job in both.jobs.values():
        sides = [s.jobs[job.job_id] for s in (one, two) if job.job_id in s.jobs]
        if len({side.stamp("form") for side in sides}) > 1:
            continue
        for index, item in enumerate(job.items):
            assert item.done >= max(
                sum(t.done for t in side.items[index].tallies.values())
                for side in sides
            )
    ended = {p.print_id for state in (one, two) for p in state.finished}
    for state, other in ((one, two), (two, one)):
        for print_ in state.prints.values():
            known = other.outcomes.knows(print_.dot)
            gone = known and print_.print_id not in other.prints
            if print_.job_id in both.jobs and not gone and print_.print_id not in ended:
                items = both.jobs[print_.job_id].items[print_.item :][:1]
                files = {file.sha256 for item in items for file in item.spec.files}
                fits = print_.sha256 in files
                assert (print_.print_id in both.prints) is fits
    for print_ in both.prints.values():
        assert print_.state not in ENDED
        assert print_.job_id in both.jobs


@EXAMPLES
@given(SEEDS)
def test_hand_in_in_parts_is_a_merge(seed: int) -> None:
    """Commands of bounded size, twice and with an interruption: one result (R21)."""
    one, two, _ = (states[-1] for states in branches(seed).ends)
    host = "d" * 64
    parts = list(cut(two))
    handed = [HandIn("group-two", part) for part in parts]
    handed[-1] = HandIn("group-two", parts[-1], 3, {"group-old": 2}, complete=True)
    state = one.copied()
    for body in (*handed[: len(handed) // 2], *handed, *handed[-1:]):
        command = Command(CommandId(host, 1 << 61, 1), 1.0, body)
        assert len(encode(command)) <= SIZE_MAX
        hear(state, command)
    expected = merge(one, two)
    expected.ancestors = {"group-old": 2, "group-two": 3}
    assert state.canonical() == expected.canonical()
    assert QueueState().canonical() != state.canonical() or not whole(two).jobs


def test_a_repeated_click_after_a_merge_acts_once() -> None:
    """Accepted in one group, tried again where both are one: nothing is added."""
    one, two = Talk.with_printers(), Talk.with_printers()
    one.say(ANNA, JobAdd("job-0001", Wishes("a"), (spec(),)), "click-001")
    both = Talk()
    both.state = merge(two.state, one.state)
    both.apply(
        Command(
            CommandId(BERT, 7, 1),
            2.0,
            JobAdd("job-0002", Wishes("a"), (spec(),)),
            "click-001",
        )
    )
    assert both.order() == ["job-0001"]


def test_an_answered_command_is_known_after_a_merge() -> None:
    """An outbox that says it again gets the old answer; the copy counts once."""
    one, two = Talk.with_printers(), Talk.with_printers()
    for talk in (one, two):
        talk.add("job-0001", spec(3))
    one.start(ANNA, "print-01", "job-0001")
    done = one.command(ANNA, PrintEnded("print-01", DONE, "job-0001", 0, "1" * 64))
    one.apply(done)
    two.state = merge(two.state, one.state)
    assert two.apply(done) == ()
    assert two.item("job-0001").done == 1


def test_a_copy_made_in_both_groups_is_extra() -> None:
    """One printer was given it by a person's decision, the other had it all along."""
    talk = Talk.with_printers()
    talk.add("job-0001")
    talk.start(ANNA, "print-01", "job-0001")
    one, two = talk.forked(), talk.forked()
    two.say(CLARA, PrintDecide("print-01", Decision.RETRY, "eva", absent=True))
    two.print_one(BERT, "print-02", "job-0001")
    one.end(ANNA, "print-01")
    both = merge(one.state, two.state)
    (item,) = both.jobs["job-0001"].items
    assert (item.done, item.extra) == (2, 1)
    assert {p.print_id: p.extra for p in both.finished} == {
        "print-01": True,
        "print-02": False,
    }


def test_removing_beats_changing_and_is_reported() -> None:
    """Who changed it, not knowing, hears of it."""
    talk = Talk.with_printers()
    talk.add("job-0001")
    one, two = talk.state.copied(), talk.state.copied()
    hear(one, Command(CommandId(ANNA, 2, 1), 5.0, JobRemove("job-0001")))
    edit = JobEdit("job-0001", wishes=Wishes("changed"))
    hear(two, Command(CommandId(BERT, 2, 1), 5.0, edit))
    overruled = Event(Topic.OVERRULED, "changed")
    assert overruled in take_in(one.copied(), whole(two))
    assert overruled in take_in(two.copied(), whole(one))
    assert "job-0001" not in merge(one, two).jobs


def test_what_two_groups_gave_away_is_started_once() -> None:
    """One copy, reserved by a printer in each: only one of them may start."""
    talk = Talk.with_printers()
    talk.add("job-0001")
    one, two, both = talk.forked(), talk.forked(), talk.forked()
    one.reserve(ANNA, "print-01", "job-0001")
    two.reserve(BERT, "print-02", "job-0001")
    both.state = merge(one.state, two.state)
    start = PrintStarted("print-02")
    with pytest.raises(Rejected, match="all copies"):
        both.apply(Command(CommandId(BERT, 1, 91), 5.0, start))
    both.apply(Command(CommandId(ANNA, 1, 91), 5.0, PrintStarted("print-01")))


def test_a_job_with_many_tallies_is_cut() -> None:
    """Whatever its printers did fits commands; what it asks for is bounded."""
    talk = Talk.with_printers()
    talk.add("job-0001", *[spec(99, name=f"item {n}") for n in range(64)])
    job = talk.state.jobs["job-0001"]
    items = job.items
    for host in range(30):
        items = tuple(i.with_ended(f"{host:064}", 1, Tally(done=2)) for i in items)
    talk.state.jobs["job-0001"] = replace(job, items=items)
    other = QueueState()
    for part in cut(talk.state):
        body = HandIn("group-two", part)
        hear(other, Command(CommandId(ANNA, 1 << 61, 1), 1.0, body))
    assert other.jobs == talk.state.jobs


def test_a_person_decides_for_a_printer_that_is_away() -> None:
    """In each state of a live print; what the printer does meanwhile comes on top."""
    for word in (PrintState.RESERVED, PrintState.FETCHING, PrintState.PRINTING):
        talk = Talk.with_printers()
        talk.add("job-0001")
        talk.reserve(ANNA, "print-01", "job-0001")
        if word is PrintState.FETCHING:
            talk.say(ANNA, PrintFetching("print-01"))
        elif word is PrintState.PRINTING:
            talk.say(ANNA, PrintStarted("print-01"))
        decide = PrintDecide("print-01", Decision.RETRY, "eva")
        talk.refused(BERT, decide, Rule.PERMISSION)
        talk.say(BERT, replace(decide, absent=True))
        assert talk.finished("print-01").word is word
        talk.refused(ANNA, PrintStarted("print-01"), Rule.NOT_FOUND)
        talk.print_one(BERT, "print-02", "job-0001")
        talk.end(ANNA, "print-01")
        assert talk.finished("print-01").extra


def test_a_long_queue_is_merged_whole_in_any_order() -> None:
    """Hundreds of commands lie between what is alive: none of it reads as gone, in
    whichever order it is told, live prints last."""
    talk = Talk.with_printers()
    two = talk.forked()
    two.add("job-0001")
    two.reserve(ANNA, "print-01", "job-0001")
    for number in range(300):
        two.add(f"job-{number:04}-later")
        two.say(ANNA, QueuePause(False))
    two.state.jobs = dict(reversed(two.state.jobs.items()))
    both = merge(talk.state, two.state)
    assert both.jobs.keys() == two.state.jobs.keys()
    assert list(both.prints) == ["print-01"]
    handed = talk.state.copied()
    for part in cut(two.state):
        body = HandIn("group-two", part)
        hear(handed, Command(CommandId(BERT, 1 << 61, 1), 1.0, body))
    assert handed.canonical() == both.canonical()
    assert handed.outcomes.authors[ANNA] == two.state.outcomes.authors[ANNA]


def test_what_a_host_is_told_fits_commands() -> None:
    """However long the reasons are, however many of its commands did not come."""
    talk = Talk.with_printers()
    for life in range(2, 5):
        for sequence in range(1, 40):
            body = JobRemove("\U0001f5a8" * 400)
            hear(talk.state, Command(CommandId(ANNA, life, sequence * 3), 1.0, body))
    for sequence in range(100, 6000, 2):
        pause = Command(CommandId(BERT, 7, sequence), 1.0, QueuePause(False))
        hear(talk.state, pause)
    handed = QueueState()
    for part in cut(talk.state):
        command = Command(CommandId(ANNA, 1 << 61, 1), 1.0, HandIn("group-two", part))
        assert len(encode(command)) <= SIZE_MAX
        hear(handed, command)
    assert handed.canonical() == merge(QueueState(), talk.state).canonical()
    assert handed.outcomes.authors == talk.state.outcomes.authors


def test_a_print_whose_end_is_forgotten_stays_ended() -> None:
    """Hundreds of prints later a copy of the queue comes back that has it live."""
    talk = Talk.with_printers()
    talk.add("job-0001", spec(300))
    talk.start(ANNA, "print-first", "job-0001")
    old = talk.state.copied()
    talk.end(ANNA, "print-first")
    for number in range(FINISHED_MAX + 1):
        talk.print_one(ANNA, f"print-{number:03}", "job-0001")
    assert "print-first" not in {p.print_id for p in talk.state.finished}
    for both in (merge(old, talk.state), merge(talk.state, old)):
        assert both.canonical() == talk.state.canonical()
