"""What became of commands: each acts once, and the memory of it is bounded (R11)."""

from __future__ import annotations

import pytest

from moonraker_netqueue.model.command import (
    Command,
    CommandId,
    Dissolve,
    JobAdd,
    JobMove,
    JobRemove,
    Place,
    PrintReserve,
    QueuePause,
    RulesRaise,
)
from moonraker_netqueue.model.errors import REASON_MAX, Rejected, Rule
from moonraker_netqueue.model.job import Wishes
from moonraker_netqueue.model.outcome import (
    AUTHORS_MAX,
    AuthorLog,
    Outcome,
    Outcomes,
)
from moonraker_netqueue.model.schema import SCHEMA
from tests.model.talk import ANNA, BERT, Talk, restored, spec

PAUSE = QueuePause(True)


@pytest.fixture
def talk() -> Talk:
    return Talk.with_printers()


def pause(sequence: int, paused: bool = True, incarnation: int = 2) -> Command:
    return Command(CommandId(ANNA, incarnation, sequence), 5.0, QueuePause(paused))


def test_one_command_twice_acts_once(talk: Talk) -> None:
    """The second time nothing happens, and the outcome is that of the first."""
    command = talk.command(ANNA, JobAdd("job-0001", Wishes("a"), (spec(),)))
    assert talk.apply(command) != ()
    talk.say(BERT, JobRemove("job-0001"))
    before = talk.state.canonical()
    assert talk.apply(command) == ()
    assert talk.state.canonical() == before
    assert talk.state.outcome(command.id) == Outcome(ref="job-0001")


def test_a_rejected_command_stays_rejected(talk: Talk) -> None:
    """Repeated when it would be possible, it raises what it raised (R11)."""
    command = talk.command(ANNA, JobMove("job-0001", Place.FRONT))
    for _ in range(2):
        with pytest.raises(Rejected, match="there is no job") as caught:
            talk.apply(command)
        assert caught.value.rule is Rule.NOT_FOUND
        if "job-0001" not in talk.state.jobs:
            talk.add("job-0001")


def test_one_client_id_twice_acts_once_and_returns_the_first_ref(talk: Talk) -> None:
    """Also when the second click goes to another host under another job id."""
    first = talk.command(ANNA, JobAdd("job-0001", Wishes("a"), (spec(),)), "click-001")
    second = talk.command(BERT, JobAdd("job-0002", Wishes("a"), (spec(),)), "click-001")
    talk.apply(first)
    assert talk.apply(second) == ()
    assert talk.order() == ["job-0001"]
    outcome = talk.state.outcome(second.id)
    assert outcome is not None
    assert outcome.ref == "job-0001"


def test_a_client_id_that_another_host_used_up_swallows_no_job(talk: Talk) -> None:
    """Who leads sees the id before the job is in the log, and pauses the queue by it:
    the job was accepted, and in no queue."""
    talk.say(ANNA, RulesRaise(SCHEMA))
    talk.say(BERT, QueuePause(False), "click-001")
    talk.say(ANNA, JobAdd("job-0001", Wishes("a"), (spec(),)), "click-001")
    assert talk.order() == ["job-0001"]
    talk.say(ANNA, QueuePause(True), "click-001")
    assert not talk.state.paused


def test_one_client_id_twice_repeats_a_rejection(talk: Talk) -> None:
    """A click that was refused stays refused under its id."""
    for author in (ANNA, BERT):
        with pytest.raises(Rejected, match="there is no job"):
            talk.say(author, JobRemove("job-0001"), "click-001")


def test_client_ids_are_forgotten_oldest_first(talk: Talk) -> None:
    """Their number is bounded; the newest are those that are repeated."""
    for number in range(300):
        talk.say(ANNA, QueuePause(bool(number % 2)), f"click-{number:03}")
    known = talk.state.outcomes
    assert len(known.clients) == 256
    assert known.of_client("click-043") is None
    assert known.of_client("click-044") == Outcome()


def test_outcome_of_a_reservation_names_its_print(talk: Talk) -> None:
    """`ref` is the id of what a command made."""
    talk.add("job-0001")
    command = talk.command(ANNA, PrintReserve("print-01", "job-0001", 0, "1" * 64))
    talk.apply(command)
    assert talk.state.outcome(command.id) == Outcome(ref="print-01")


def test_sequences_with_gaps_act(talk: Talk) -> None:
    """An outbox that came from another group starts in the middle, and may skip."""
    talk.apply(pause(70))
    assert talk.state.paused
    talk.apply(pause(90, paused=False))
    assert not talk.state.paused


def test_a_command_that_was_overtaken_still_acts_once(talk: Talk) -> None:
    """It does not read as applied because a later one was (R10: facts are kept)."""
    talk.apply(pause(2, paused=False))
    assert talk.state.outcome(CommandId(ANNA, 2, 1)) is None
    talk.apply(pause(1))
    assert talk.state.paused
    assert talk.apply(pause(2, paused=False)) == ()
    talk.apply(pause(3, paused=False))
    assert talk.apply(pause(1)) == ()
    assert not talk.state.paused


def test_a_command_overtaken_by_many_still_acts(talk: Talk) -> None:
    """As long as the memory reaches back to its neighbours."""
    for sequence in (1, *range(3, 18)):
        talk.apply(pause(sequence, paused=False))
    talk.apply(pause(2))
    assert talk.state.paused


def test_an_old_sequence_beyond_memory_does_not_act(talk: Talk) -> None:
    """It was applied long ago and reads as accepted."""
    for sequence in range(1, 40):
        talk.apply(pause(sequence, paused=False))
    assert talk.apply(pause(1)) == ()
    assert not talk.state.paused
    assert talk.state.outcome(CommandId(ANNA, 2, 1)) == Outcome()


def test_outcomes_per_author_are_bounded(talk: Talk) -> None:
    """Some recent ones of some recent lives."""
    for incarnation in range(1, 20):
        for sequence in range(1, 40):
            talk.apply(pause(sequence, incarnation=incarnation))
    lives = talk.state.outcomes.authors[ANNA]
    assert [life.incarnation for life in lives] == [16, 17, 18, 19]
    assert {len(life.recent) for life in lives} == {16}
    assert lives[-1].last == 39


def test_the_oldest_life_is_forgotten_whoever_spoke_last(talk: Talk) -> None:
    """A delayed command of an older life does not push out a newer one."""
    for incarnation in (3, 1, 2, 4, 5):
        talk.apply(pause(1, incarnation=incarnation))
    lives = talk.state.outcomes.authors[ANNA]
    assert [life.incarnation for life in lives] == [2, 3, 4, 5]


def test_a_life_long_over_does_not_act_again(talk: Talk) -> None:
    """Its commands are refused: whether they acted is no longer known."""
    for incarnation in range(10, 20):
        talk.apply(pause(1, paused=False, incarnation=incarnation))
    before = talk.state.canonical()
    with pytest.raises(Rejected, match="long over"):
        talk.apply(pause(1, incarnation=10))
    assert talk.state.canonical() == before


def test_number_of_authors_is_bounded() -> None:
    """A host beyond the limit is refused and leaves no trace; the others go on."""
    talk = Talk()
    authors = {f"{number:064}": (AuthorLog(1),) for number in range(AUTHORS_MAX)}
    talk.state.outcomes = Outcomes(authors=authors)
    before = talk.state.canonical()
    with pytest.raises(Rejected, match="have spoken"):
        talk.say(ANNA, PAUSE)
    assert talk.state.canonical() == before
    talk.say(f"{0:064}", PAUSE)
    assert talk.state.paused


def test_reasons_are_bounded_so_that_a_snapshot_can_be_read(talk: Talk) -> None:
    """A reason that quotes a long text of a peer is cut."""
    with pytest.raises(Rejected) as caught:
        talk.say(ANNA, JobAdd("job-0001", Wishes("a"), (spec(name="\u2028" * 4096),)))
    assert len(caught.value.reason) <= REASON_MAX
    with pytest.raises(Rejected) as caught:
        talk.say(ANNA, JobRemove("\u2028" * 4096))
    assert len(caught.value.reason) <= REASON_MAX
    assert restored(talk.state).canonical() == talk.state.canonical()


def test_dissolved_group_refuses_all_but_knows_what_it_did() -> None:
    """R14: who gave the group up hears the same when it asks again."""
    talk = Talk()
    dissolve = talk.command(ANNA, Dissolve("group-0002"))
    talk.apply(dissolve)
    assert talk.apply(dissolve) == ()
    assert "group-00" in talk.refused(BERT, PAUSE, Rule.DISSOLVED)
    assert talk.state.dissolved_into == "group-0002"


def test_group_that_ever_had_a_job_is_not_dissolved(talk: Talk) -> None:
    """R14: also when the job is gone; and only into something that has an id."""
    talk.refused(ANNA, Dissolve("x"), Rule.INVALID)
    talk.add("job-0001")
    talk.say(ANNA, JobRemove("job-0001"))
    talk.refused(ANNA, Dissolve("group-0002"), Rule.CONFLICT)
