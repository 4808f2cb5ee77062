"""A print whose end nobody saw waits for a person: told what each choice risks."""

from __future__ import annotations

import pytest

from moonraker_netqueue.api.undecided import choices, notice_of
from moonraker_netqueue.model.command import PrintDecide, PrintStarted
from moonraker_netqueue.model.print import Decision, PrintState
from tests.model.talk import ANNA, BERT, Talk, spec


@pytest.fixture
def talk() -> Talk:
    return Talk.with_printers()


def test_a_lost_print_is_told_until_it_is_decided(talk: Talk) -> None:
    """Which, where, how to decide, and what it risks; then nothing any more."""
    job_id = talk.add("hooks-01", spec(2))
    talk.start(BERT, "print-01", job_id)
    assert notice_of(talk.state) == ""
    talk.end(BERT, "print-01", PrintState.LOST)
    notice = notice_of(talk.state)
    for words in ("'hooks-01' on Bert", "print-01 mark_done", "retry", "twice"):
        assert words in notice
    talk.say(ANNA, PrintDecide("print-01", Decision.MARK_DONE, "eva"))
    assert notice_of(talk.state) == ""


def test_many_lost_prints_are_one_short_notice(talk: Talk) -> None:
    """After a power failure of a workshop."""
    job_id = talk.add("hooks-01", spec(9))
    for number in range(5):
        talk.start(BERT, f"print-0{number}", job_id)
        talk.end(BERT, f"print-0{number}", PrintState.LOST)
    assert "2 more" in notice_of(talk.state)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PrintState.RESERVED, "may start it"),
        (PrintState.PRINTING, "may be printing"),
        (PrintState.LOST, "after all"),
    ],
)
def test_each_choice_says_what_it_risks(
    talk: Talk, state: PrintState, words: str
) -> None:
    """Waiting risks nothing; printing again, a copy too many; "good", one too few."""
    job_id = talk.add("hooks-01")
    talk.reserve(BERT, "print-01", job_id)
    if state is not PrintState.RESERVED:
        talk.say(BERT, PrintStarted("print-01"))
    if state is PrintState.LOST:
        talk.end(BERT, "print-01", PrintState.LOST)
    told = choices(talk.state.prints["print-01"])
    assert set(told) == {"wait", "retry", "mark_done"}
    assert "nothing is risked" in told["wait"]
    assert words in told["retry"]
    assert "twice" in told["retry"]
    assert "missing" in told["mark_done"]
