"""The audit log: what a person reads of the commands that were applied."""

from __future__ import annotations

from moonraker_netqueue.api.audit import EVENTS_MAX, AuditLog
from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    Decision,
    JobAdd,
    JobEdit,
    JobMove,
    JobRemove,
    MemberNoted,
    MemberSet,
    Origin,
    Place,
    PrintDecide,
    PrintEnded,
    PrinterUpdate,
    QueuePause,
    QueueSet,
)
from moonraker_netqueue.model.errors import Rule
from moonraker_netqueue.model.founding import Founding
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.member import MemberRole, MemberWord
from moonraker_netqueue.model.outcome import Outcome
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.model.queue_state import QueueState

JOB = "job-0001"


class Log:
    """An audit log of an empty queue, fed with bodies."""

    def __init__(self) -> None:
        self.audit = AuditLog(QueueState)
        self._index = 0

    def note(self, body: Body, outcome: Outcome | None = None, index: int = 0) -> None:
        self._index = index or self._index + 1
        command = Command(CommandId("h" * 64, 1, self._index), 1000.0, body)
        self.audit.on_command(command, self._index, outcome or Outcome())

    def words(self, limit: int = 50) -> list[str]:
        return [event["what"] for event in self.audit.newest_first(limit, None)]


def added(name: str = "box", owner: str = "anna") -> JobAdd:
    item = ItemSpec("box.gcode", 2, ())
    return JobAdd(JOB, Wishes(name, owner=owner), (item, item))


def test_each_command_reads_as_a_sentence() -> None:
    """With the job's name, also once it is gone, and the newest one."""
    log = Log()
    log.note(added())
    log.note(JobEdit(JOB, wishes=Wishes("crate"), retry=True))
    log.note(JobMove(JOB, Place.AFTER, "unknown-job"))
    log.note(PrintEnded("p" * 20, PrintState.FAILED, JOB, 0, "0" * 64, "jammed"))
    log.note(PrintDecide("p" * 20, Decision.RETRY, "bert"))
    log.note(QueuePause(True))
    log.note(QueueSet(title="Hall", weights={"clear": None, "age": 1.0}, operator=()))
    log.note(JobRemove(JOB))
    log.note(MemberNoted("m" * 64, "mk4", MemberWord.ADMITTED))
    log.note(MemberSet("m" * 64, MemberRole.VIEWER))
    log.note(MemberNoted("m" * 64, "", MemberWord.FORGOTTEN))
    assert log.words() == [
        "forgot host 'mmmmmmmm'",
        "made host mmmmmmmm a viewer",
        "let in host 'mk4'",
        "removed job 'crate'",
        "set the queue's title 'Hall', weights (age, clear), operator",
        "paused the queue",
        "decided about a print of job 'crate': retry",
        "a print of job 'crate' ended, failed: jammed",
        "moved job 'crate' after job unknown-",
        "changed job 'crate': wishes, failed attempts forgiven",
        "added job 'box', 4 copies",
    ]
    who = [event["who"] for event in log.audit.newest_first(50, None)]
    assert who == ["", "", "", "", "", "", "bert", "", "", "", "anna"]


def test_a_refusal_has_its_reason() -> None:
    """And what printers say of themselves all day is left out."""
    log = Log()
    log.note(PrinterUpdate(Profile("mk3")))
    log.note(JobRemove(JOB), Outcome(Rule.PERMISSION, "it is assigned"))
    (event,) = log.audit.newest_first(50, None)
    assert event["refused"] == "it is assigned"
    assert event["job_id"] == JOB
    assert event["host"] == "hhhhhhhh"


def test_pages_follow_the_index() -> None:
    """Newest first; `before` goes on where a page ended. Memory is bounded."""
    log = Log()
    for _ in range(EVENTS_MAX + 10):
        log.note(QueuePause(True))
    first = log.audit.newest_first(3, None)
    assert [event["index"] for event in first] == [1010, 1009, 1008]
    second = log.audit.newest_first(2, 1008)
    assert [event["index"] for event in second] == [1007, 1006]
    assert len(log.words(5000)) == EVENTS_MAX


def test_another_group_begins_another_log() -> None:
    """Its indexes start anew."""
    log = Log()
    log.note(QueuePause(True), index=70)
    log.note(QueuePause(False), index=5)
    assert log.words() == ["resumed the queue"]


def test_an_event_tells_who_asked_and_from_where() -> None:
    """The user of Moonraker comes before whom the command names."""
    log = Log()
    body = added(owner="anna")
    origin = Origin("bert", "192.0.2.7")
    command = Command(CommandId("h" * 64, 1, 1), 1000.0, body, origin=origin)
    log.audit.on_command(command, 1, Outcome())
    log.note(JobRemove(JOB), index=2)
    removed, first = log.audit.newest_first(9, None)
    assert (first["who"], first["address"]) == ("bert", "192.0.2.7")
    assert (removed["who"], removed["address"]) == ("", "")


def test_who_let_the_queue_go_on_stays() -> None:
    """However long the log is since, by name, oldest last; pages reach it."""
    state = QueueState()
    state.foundings = tuple(
        Founding(
            f"group-{n}", n, "eva", 9.0, ("h" * 64,), missing, "h" * 64, user, "::1"
        )
        for n, missing, user in ((2, ("m" * 64,), ""), (3, (), "anna"))
    )
    audit = AuditLog(lambda: state)
    command = Command(CommandId("h" * 64, 1, 1), 1000.0, QueuePause(True))
    audit.on_command(command, 3, Outcome())
    first = audit.newest_first(2, None)
    rest = audit.newest_first(2, first[-1]["index"])
    assert [
        (event["what"], event["who"], event["address"]) for event in first + rest
    ] == [
        ("paused the queue", "", ""),
        ("let the queue go on as generation 3", "anna", "::1"),
        ("let the queue go on as generation 2 without mmmmmmmm", "eva", "::1"),
    ]
    assert {event["host_id"] for event in first + rest} == {"h" * 64}
