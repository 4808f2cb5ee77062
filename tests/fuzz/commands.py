"""Commands of every kind, each one that a queue with something of everything takes.

`Dissolve` alone is none: such a queue refuses it.
"""

from __future__ import annotations

from moonraker_netqueue.model import command, parts
from moonraker_netqueue.model.hours import Period
from moonraker_netqueue.model.job import Requirements, Wishes
from moonraker_netqueue.model.member import MemberRole, MemberWord
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import Profile
from tests.model.talk import ANNA, BERT, CLARA, Talk, busy, file, spec

_WORK = Period((0, 4), "08:00", 600, "UTC", 3)


def _queue() -> Talk:
    talk = busy()
    talk.say(ANNA, command.RulesRaise(4))
    talk.add("job-0002", spec(2, file("1"), file("2")), spec(1, file("2")))
    talk.start(CLARA, "print-03", "job-0002")
    talk.add("job-0003", spec(2))
    talk.say(CLARA, command.ContentHeld(file("3")))
    lost = command.PrintEnded("print-04", PrintState.LOST, "job-0002", 1, "2" * 64)
    talk.start(ANNA, "print-04", "job-0002", 1)
    talk.say(ANNA, lost)
    return talk


QUEUE = _queue()
_SAID: tuple[tuple[str, command.Body], ...] = (
    (ANNA, command.JobAdd("job-0004", Wishes(name="part"), (spec(3),))),
    (ANNA, command.JobEdit("job-0001", 1, Wishes("b", "n", 2, 5.0), None, (spec(7),))),
    (BERT, command.JobEdit("job-0003", requires=Requirements(("x",)))),
    (ANNA, command.JobRemove("job-0003")),
    (ANNA, command.JobMove("job-0001", command.Place.BACK)),
    (BERT, command.JobMove("job-0003", command.Place.BEFORE, "job-0002")),
    (ANNA, command.QueuePause(True)),
    (
        ANNA,
        command.QueueSet(
            "Title", "fifo", {"swap": 15.0}, (_WORK,), {"anna": 2, "bert": None}, 30
        ),
    ),
    (
        BERT,
        command.PrinterUpdate(
            Profile("Bert", materials=("PLA",), nozzle=0.4, hours=(_WORK,)), True
        ),
    ),
    (BERT, command.ContentHeld(file("3"))),
    (ANNA, command.ContentDropped("3" * 64)),
    (ANNA, command.ContentEvict("3" * 64, (ANNA, BERT, CLARA))),
    (ANNA, command.PrintReserve("print-05", "job-0003", 0, "1" * 64)),
    (BERT, command.PrintFetching("print-02")),
    (BERT, command.PrintStarted("print-02", True)),
    (
        CLARA,
        command.PrintEnded(
            "print-03", PrintState.FAILED, "job-0002", 0, "1" * 64, "it came off"
        ),
    ),
    (BERT, command.PrintDecide("print-04", command.Decision.RETRY, "anna")),
    (ANNA, command.PrintDecide("print-03", command.Decision.MARK_DONE, "anna", True)),
    (ANNA, command.RulesRaise(4, (CLARA,))),
    (ANNA, command.MemberSet(CLARA, MemberRole.VIEWER)),
    (ANNA, command.MemberNoted(BERT, "Bert", MemberWord.FORGOTTEN)),
    *(
        (BERT, command.HandIn("group-01", part, 2, {"group-00": 1}, True))
        for part in parts.cut(QUEUE.state)
    ),
)


def _text(author: str, body: command.Body) -> bytes:
    said = QUEUE.forked().command(author, body, "client-01")
    return command.encode(said).encode()


COMMANDS = tuple(_text(author, body) for author, body in _SAID)
