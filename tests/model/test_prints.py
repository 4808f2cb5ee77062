"""Prints: reservations, facts of their owner, decisions of people."""

from __future__ import annotations

import pytest

from moonraker_netqueue.model.command import (
    Decision,
    JobEdit,
    JobRemove,
    PrintDecide,
    PrintEnded,
    PrinterUpdate,
    PrintFetching,
    PrintReserve,
    PrintStarted,
    QueuePause,
    QueueSet,
)
from moonraker_netqueue.model.errors import Rejected, Rule
from moonraker_netqueue.model.job import (
    INCARNATIONS_MAX,
    Item,
    Requirements,
    Tally,
    Wishes,
)
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.print_rules import HELD_MAX
from moonraker_netqueue.model.printer import FAILURES_MAX, Profile
from moonraker_netqueue.model.queue_data import FINISHED_MAX, REPORTED_MAX
from tests.model.talk import ANNA, BERT, CLARA, HOSTS, Talk, file, spec

DONE, FAILED, LOST, RELEASED = (
    PrintState.DONE,
    PrintState.FAILED,
    PrintState.LOST,
    PrintState.RELEASED,
)
JOB = "job-0001"


@pytest.fixture
def talk() -> Talk:
    return Talk.with_printers()


def lose(talk: Talk, host: str, print_id: str) -> None:
    talk.start(host, print_id, JOB)
    talk.end(host, print_id, LOST)


def test_one_copy_is_given_to_one_printer(talk: Talk) -> None:
    """Of two that claim the last copy the second is refused."""
    talk.add(JOB)
    talk.reserve(ANNA, "print-01", JOB)
    body = PrintReserve("print-02", JOB, 0, "1" * 64)
    assert "no copy" in talk.refused(BERT, body, Rule.CONFLICT)


@pytest.mark.parametrize("item", [-1, 1, 1 << 60])
def test_claim_of_an_item_that_is_not_there(talk: Talk, item: int) -> None:
    """An index does not wrap around and does not raise anything else."""
    talk.add(JOB)
    talk.refused(ANNA, PrintReserve("print-01", JOB, item, "1" * 64), Rule.NOT_FOUND)


def test_claims_are_refused_where_the_state_forbids_them(talk: Talk) -> None:
    """Unknown job or file, hold, pause, switched off, a stranger, a used id."""
    talk.add(JOB, spec(5))
    claim = PrintReserve("print-01", JOB, 0, "1" * 64)
    talk.refused(
        ANNA, PrintReserve("print-01", "job-0009", 0, "1" * 64), Rule.NOT_FOUND
    )
    talk.refused(ANNA, PrintReserve("print-01", JOB, 0, "2" * 64), Rule.CONFLICT)
    talk.refused(ANNA, PrintReserve("p", JOB, 0, "1" * 64), Rule.INVALID)
    talk.refused("d" * 64, claim, Rule.PERMISSION)
    talk.say(BERT, QueuePause(True))
    assert "paused" in talk.refused(ANNA, claim, Rule.CONFLICT)
    talk.say(BERT, QueuePause(False))
    talk.say(BERT, JobEdit(JOB, wishes=Wishes("a", hold=True)))
    assert "hold" in talk.refused(ANNA, claim, Rule.CONFLICT)
    talk.say(BERT, JobEdit(JOB, wishes=Wishes("a")))
    talk.say(ANNA, PrinterUpdate(Profile("Anna", accept=False)))
    assert "switched off" in talk.refused(ANNA, claim, Rule.CONFLICT)
    talk.say(ANNA, PrinterUpdate(Profile("Anna")))
    talk.print_one(ANNA, "print-01", JOB)
    assert "before" in talk.refused(ANNA, claim, Rule.CONFLICT)


def test_a_printer_holds_two_unstarted_reservations_at_most(talk: Talk) -> None:
    """R20; a started one no longer counts."""
    talk.add(JOB, spec(9))
    talk.reserve(ANNA, "print-01", JOB)
    talk.reserve(ANNA, "print-02", JOB)
    third = PrintReserve("print-03", JOB, 0, "1" * 64)
    assert "2 reservations" in talk.refused(ANNA, third, Rule.CONFLICT)
    talk.say(ANNA, PrintStarted("print-01"))
    talk.say(ANNA, third)


def test_a_printer_with_many_lost_prints_takes_no_more(talk: Talk) -> None:
    """Live prints per printer are bounded; a decision makes room."""
    talk.add(JOB, spec(99))
    for number in range(HELD_MAX):
        lose(talk, ANNA, f"print-{number:02}")
    claim = PrintReserve("print-99", JOB, 0, "1" * 64)
    assert "decide" in talk.refused(ANNA, claim, Rule.CONFLICT)
    talk.say(BERT, PrintDecide("print-00", Decision.RETRY, "eva"))
    talk.say(ANNA, claim)


def test_only_the_owner_records_its_print(talk: Talk) -> None:
    """Fetching, started and ended of another's print are refused, live or finished."""
    talk.add(JOB)
    talk.reserve(ANNA, "print-01", JOB)
    ended = PrintEnded("print-01", DONE, JOB, 0, "1" * 64)
    for body in (PrintFetching("print-01"), PrintStarted("print-01"), ended):
        talk.refused(BERT, body, Rule.PERMISSION)
    talk.end(ANNA, "print-01")
    talk.refused(BERT, ended, Rule.PERMISSION)


def test_life_of_a_print(talk: Talk) -> None:
    """Reserved, fetching (said again: nothing), printing, done; times are kept."""
    talk.add(JOB)
    talk.reserve(ANNA, "print-01", JOB)
    talk.say(ANNA, PrintFetching("print-01"))
    assert talk.say(ANNA, PrintFetching("print-01")) == ()
    talk.say(ANNA, PrintStarted("print-01"), at=7.0)
    talk.refused(ANNA, PrintFetching("print-01"), Rule.CONFLICT)
    assert talk.state.prints["print-01"].started == 7.0
    talk.end(ANNA, "print-01", reason="x" * 4000)
    assert not talk.state.prints
    assert talk.finished("print-01").state is DONE
    assert len(talk.finished("print-01").reason) == 255
    assert talk.item(JOB).tallies == {f"{ANNA}:1": Tally(done=1)}


def test_start_is_accepted_once(talk: Talk) -> None:
    """R9: a second start of one print, and one of an ended reservation, is refused."""
    talk.add(JOB, spec(2))
    talk.start(ANNA, "print-01", JOB)
    talk.refused(ANNA, PrintStarted("print-01"), Rule.CONFLICT)
    talk.reserve(ANNA, "print-02", JOB)
    talk.end(ANNA, "print-02", RELEASED)
    talk.refused(ANNA, PrintStarted("print-02"), Rule.NOT_FOUND)


@pytest.mark.parametrize("outcome", [RELEASED, FAILED])
def test_a_copy_that_was_not_made_waits_again(talk: Talk, outcome: PrintState) -> None:
    """After a release or a failure another printer may take the copy."""
    talk.add(JOB)
    talk.start(ANNA, "print-01", JOB)
    talk.end(ANNA, "print-01", outcome)
    talk.print_one(BERT, "print-02", JOB)
    assert talk.state.jobs[JOB].complete


def test_a_fact_about_an_unstarted_print_counts(talk: Talk) -> None:
    """R10: the record of its start may be missing; what came out is a fact."""
    talk.add(JOB, spec(2))
    talk.reserve(ANNA, "print-01", JOB)
    talk.end(ANNA, "print-01", DONE)
    assert talk.item(JOB).done == 1


def test_lost_print_holds_its_copy_until_a_person_decides(talk: Talk) -> None:
    """Absence is not evidence; lost said twice is accepted and changes nothing."""
    talk.add(JOB)
    lose(talk, ANNA, "print-01")
    assert talk.end(ANNA, "print-01", LOST) == ()
    assert [p.print_id for p in talk.state.lost_prints()] == ["print-01"]
    talk.refused(BERT, PrintReserve("print-02", JOB, 0, "1" * 64), Rule.CONFLICT)
    talk.refused(BERT, JobRemove(JOB), Rule.PERMISSION)
    talk.refused(BERT, PrintDecide("print-01", Decision.RETRY, " "), Rule.INVALID)
    talk.say(BERT, PrintDecide("print-01", Decision.RETRY, "eva"))
    assert talk.finished("print-01").decided_by == "eva"
    talk.print_one(BERT, "print-02", JOB)


@pytest.mark.parametrize("at", [5.0 + 61, 5.0 + 90, 1e12])
@pytest.mark.parametrize("state", ["reserved", "printing", "lost"])
def test_a_clock_ahead_or_a_holder_offline_takes_no_copy_away(
    talk: Talk, state: str, at: float
) -> None:
    """Made twice, once: a lock of 60 s had run out while it printed (lesson 5)."""
    talk.add(JOB)
    if state == "reserved":
        talk.reserve(ANNA, "print-01", JOB)
    else:
        talk.start(ANNA, "print-01", JOB)
    if state == "lost":
        talk.end(ANNA, "print-01", LOST)
    with pytest.raises(Rejected):
        talk.say(BERT, PrintReserve("print-02", JOB, 0, "1" * 64), at=at)
    talk.end(ANNA, "print-01", DONE)
    assert talk.item(JOB).done == 1


def test_a_person_decides_lost_prints_only(talk: Talk) -> None:
    """What prints is ended by its printer; what has ended is not there any more."""
    talk.add(JOB)
    talk.start(ANNA, "print-01", JOB)
    decide = PrintDecide("print-01", Decision.MARK_DONE, "eva")
    talk.refused(BERT, decide, Rule.PERMISSION)
    talk.end(ANNA, "print-01")
    talk.refused(BERT, decide, Rule.NOT_FOUND)


def test_mark_done_counts_the_copy_once(talk: Talk) -> None:
    """A late word of the printer changes no count, also when its record is pruned."""
    talk.add(JOB, spec(2))
    talk.add("job-0002", spec(FINISHED_MAX))
    lose(talk, ANNA, "print-01")
    talk.say(BERT, PrintDecide("print-01", Decision.MARK_DONE, "eva"))
    assert talk.end(ANNA, "print-01", DONE) == ()
    assert talk.end(ANNA, "print-01", FAILED) == ()
    for number in range(FINISHED_MAX):
        talk.print_one(BERT, f"other-{number:03}", "job-0002")
    assert talk.end(ANNA, "print-01", DONE) == ()
    assert (talk.item(JOB).done, len(talk.item(JOB).declared)) == (1, 1)
    assert talk.state.totals.prints_done == FINISHED_MAX + 1


def test_late_done_after_retry_is_recorded_as_extra_once(talk: Talk) -> None:
    """R10: said again under another command id, and after pruning, it counts once."""
    talk.add(JOB)
    talk.add("job-0002", spec(FINISHED_MAX))
    lose(talk, ANNA, "print-01")
    talk.say(BERT, PrintDecide("print-01", Decision.RETRY, "eva"))
    talk.print_one(BERT, "print-02", JOB)
    talk.end(ANNA, "print-01", DONE)
    late = talk.finished("print-01")
    assert (late.extra, late.state, late.decided_by) == (True, DONE, "eva")
    assert (talk.item(JOB).done, talk.item(JOB).extra) == (2, 1)
    assert talk.end(ANNA, "print-01", DONE) == ()
    for number in range(FINISHED_MAX):
        talk.print_one(CLARA, f"other-{number:03}", "job-0002")
    assert talk.end(ANNA, "print-01", DONE) == ()
    assert talk.item(JOB).done == 2


def test_late_words_repeated_after_pruning_count_once(talk: Talk) -> None:
    """A printer that returns may tell several ends, and tell all of them again."""
    talk.add(JOB, spec(2))
    talk.add("job-0002", spec(FINISHED_MAX))
    late = [f"print-{number:02}" for number in range(3)]
    for print_id in late:
        lose(talk, ANNA, print_id)
        talk.say(BERT, PrintDecide(print_id, Decision.RETRY, "eva"))
    for print_id in late:
        talk.end(ANNA, print_id, DONE)
    for number in range(FINISHED_MAX):
        talk.print_one(CLARA, f"other-{number:03}", "job-0002")
    for print_id in late:
        assert talk.end(ANNA, print_id, DONE) == ()
    assert talk.item(JOB).done == 3


def test_late_done_after_its_job_is_gone_is_kept(talk: Talk) -> None:
    """The totals count it, although there is no job to count for."""
    talk.add(JOB)
    lose(talk, ANNA, "print-01")
    talk.say(BERT, PrintDecide("print-01", Decision.RETRY, "eva"))
    talk.say(BERT, JobRemove(JOB))
    talk.end(ANNA, "print-01", DONE)
    assert talk.state.totals.prints_done == 1
    assert talk.finished("print-01").extra


def test_late_done_does_not_count_for_a_replaced_item(talk: Talk) -> None:
    """A copy of other bytes is no copy of what the item is now."""
    talk.add(JOB)
    lose(talk, ANNA, "print-01")
    talk.say(BERT, PrintDecide("print-01", Decision.RETRY, "eva"))
    talk.say(BERT, JobEdit(JOB, items=(spec(1, file("2")),)))
    talk.end(ANNA, "print-01", DONE)
    assert talk.item(JOB).done == 0
    assert talk.state.totals.prints_done == 1


def test_first_word_about_an_ended_print_stands(talk: Talk) -> None:
    """Another end of a print that its printer ended is accepted; nothing changes."""
    talk.add(JOB, spec(50))
    talk.start(ANNA, "print-01", JOB)
    talk.end(ANNA, "print-01", FAILED)
    for number in range(REPORTED_MAX):
        talk.print_one(ANNA, f"other-{number:02}", JOB)
    before = talk.item(JOB)
    for outcome in (DONE, FAILED, LOST, RELEASED):
        assert talk.end(ANNA, "print-01", outcome) == ()
    assert talk.item(JOB) == before


def test_done_after_released_counts(talk: Talk) -> None:
    """A copy that exists is never forgotten, whatever its printer said before."""
    talk.add(JOB)
    talk.start(ANNA, "print-01", JOB)
    talk.end(ANNA, "print-01", RELEASED)
    talk.end(ANNA, "print-01", DONE)
    assert talk.item(JOB).done == 1


def test_what_cannot_be_a_fact_is_refused(talk: Talk) -> None:
    """Only arguments that no printer can mean are: they would grow the state."""
    talk.add(JOB)
    for body in (
        PrintEnded("print-01", PrintState.PRINTING, JOB, 0, "1" * 64),
        PrintEnded("x" * 4000, DONE, JOB, 0, "1" * 64),
        PrintEnded("print-01", DONE, "x" * 4000, 0, "1" * 64),
        PrintEnded("print-01", DONE, JOB, -1, "1" * 64),
        PrintEnded("print-01", DONE, JOB, 1 << 60, "1" * 64),
        PrintEnded("print-01", DONE, JOB, 0, "x" * 64),
    ):
        talk.refused(ANNA, body, Rule.INVALID)


def test_finished_prints_are_pruned_and_totals_stay(talk: Talk) -> None:
    """10,000 copies cost no more than a few: records are bounded, counters count."""
    talk.add(JOB, spec(10_000))
    for number in range(FINISHED_MAX + 50):
        talk.print_one(ANNA, f"print-{number:04}", JOB)
    assert len(talk.state.finished) == FINISHED_MAX
    assert talk.item(JOB).done == FINISHED_MAX + 50
    assert talk.state.totals.prints_done == FINISHED_MAX + 50


def test_item_that_fails_in_a_row_is_quarantined_until_retry(talk: Talk) -> None:
    """max_attempts failures without a success hold it back; retry forgives them."""
    talk.add(JOB, spec(9), max_attempts=2)
    for number, host in enumerate((ANNA, BERT)):
        talk.start(host, f"print-{number:02}", JOB)
        talk.end(host, f"print-{number:02}", FAILED)
    claim = PrintReserve("print-99", JOB, 0, "1" * 64)
    assert "too often" in talk.refused(CLARA, claim, Rule.CONFLICT)
    talk.say(ANNA, JobEdit(JOB, retry=True))
    talk.say(CLARA, claim)
    assert (talk.item(JOB).failed, talk.item(JOB).failed_on(BERT)) == (2, 1)


def test_a_success_forgives_the_failures_before_it(talk: Talk) -> None:
    """One failure now and then among 10,000 copies does not stop a job."""
    talk.add(JOB, spec(10_000), max_attempts=2)
    for number in range(4):
        talk.start(ANNA, f"failed-{number:02}", JOB)
        talk.end(ANNA, f"failed-{number:02}", FAILED)
        talk.print_one(ANNA, f"print-{number:02}", JOB)
    assert talk.item(JOB).failed == 4
    assert not talk.state.jobs[JOB].quarantined(0)


def test_printer_that_fails_in_a_row_is_quarantined_until_forgiven(talk: Talk) -> None:
    """Its own update ends it, not by the way but when it says so."""
    for number in range(FAILURES_MAX):
        job = talk.add(f"job-{number:04}")
        talk.start(ANNA, f"print-{number:02}", job)
        talk.end(ANNA, f"print-{number:02}", FAILED, job_id=job)
    talk.add("job-0009")
    claim = PrintReserve("print-99", "job-0009", 0, "1" * 64)
    assert "3 prints in a row" in talk.refused(ANNA, claim, Rule.CONFLICT)
    talk.say(ANNA, PrinterUpdate(Profile("Anna")))
    talk.refused(ANNA, claim, Rule.CONFLICT)
    talk.say(ANNA, PrinterUpdate(Profile("Anna"), forgive=True))
    talk.say(ANNA, claim)


def test_job_kept_together_stays_on_its_printer(talk: Talk) -> None:
    """While it holds copies, and after it has made some."""
    talk.add(JOB, spec(9), requires=Requirements(keep_together=True))
    claim = PrintReserve("print-99", JOB, 0, "1" * 64)
    talk.start(ANNA, "print-01", JOB)
    assert "together" in talk.refused(BERT, claim, Rule.CONFLICT)
    talk.end(ANNA, "print-01")
    assert "together" in talk.refused(BERT, claim, Rule.CONFLICT)
    talk.print_one(ANNA, "print-02", JOB)


def test_job_kept_together_is_not_stuck_by_a_late_copy_elsewhere(talk: Talk) -> None:
    """A given-up print that was done after all does not bind the job to two."""
    talk.add(JOB, spec(9), requires=Requirements(keep_together=True))
    lose(talk, ANNA, "print-01")
    talk.say(BERT, PrintDecide("print-01", Decision.RETRY, "eva"))
    talk.print_one(BERT, "print-02", JOB)
    talk.print_one(BERT, "print-03", JOB)
    talk.end(ANNA, "print-01", DONE)
    assert talk.state.keepers(talk.state.jobs[JOB]) == {BERT}
    talk.print_one(BERT, "print-04", JOB)


def test_tallies_of_one_host_are_bounded_and_lose_nothing() -> None:
    """Beyond INCARNATIONS_MAX lives the oldest are added up."""
    item = Item(spec(99))
    for life in range(INCARNATIONS_MAX + 5):
        item = item.with_ended(ANNA, life, Tally(done=1, failed=2))
        item = item.with_ended(BERT, life, Tally(done=1))
    assert len(item.tallies) == 2 * INCARNATIONS_MAX
    assert item.done_on(ANNA) == item.done_on(BERT) == INCARNATIONS_MAX + 5
    assert item.failed == 2 * (INCARNATIONS_MAX + 5)


def test_starts_are_spread_where_the_queue_says_so() -> None:
    """By any print that started, over or not; not by one from a clock ahead."""
    talk = Talk.with_printers()
    talk.say(ANNA, QueueSet(start_spacing_s=60))
    talk.add("job-0001", spec(9))
    for number, host in enumerate(HOSTS, 1):
        talk.reserve(host, f"print-0{number}", "job-0001")
    talk.say(ANNA, PrintStarted("print-01", spaced=True), at=100)
    with pytest.raises(Rejected, match="spread by 60 s: 20 s are left") as caught:
        talk.say(BERT, PrintStarted("print-02", spaced=True), at=140)
    assert caught.value.rule is Rule.CONFLICT
    talk.end(ANNA, "print-01")
    with pytest.raises(Rejected, match="1 s are left"):
        talk.say(BERT, PrintStarted("print-02", spaced=True), at=159)
    talk.say(BERT, PrintStarted("print-02", spaced=True), at=160)
    talk.say(CLARA, PrintStarted("print-03", spaced=True), at=99)
    states = [talk.state.prints[f"print-0{n}"].state for n in (2, 3)]
    assert states == [PrintState.PRINTING] * 2


def test_a_start_that_happened_is_not_refused() -> None:
    """Its host was cut off; nor are starts spread where nobody wants that."""
    talk = Talk.with_printers()
    talk.add("job-0001", spec(9))
    for number, host in enumerate(HOSTS, 1):
        talk.reserve(host, f"print-0{number}", "job-0001")
    talk.say(ANNA, PrintStarted("print-01", spaced=True), at=100)
    talk.say(BERT, PrintStarted("print-02", spaced=True), at=100)
    talk.say(ANNA, QueueSet(start_spacing_s=60))
    talk.say(CLARA, PrintStarted("print-03"), at=101)
    assert talk.state.prints["print-03"].state is PrintState.PRINTING
