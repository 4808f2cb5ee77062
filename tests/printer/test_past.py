"""What recent prints cost people and owners, and how the plan counts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from moonraker_netqueue.model.command import (
    ContentHeld,
    JobAdd,
    PrintEnded,
    PrinterUpdate,
    PrintReserve,
    PrintStarted,
    QueueSet,
)
from moonraker_netqueue.model.hours import Period
from moonraker_netqueue.model.job import ItemSpec, Requirements, Wishes
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import ClearBed
from moonraker_netqueue.printer.durations import learn
from moonraker_netqueue.printer.past import done_by_hand, used_minutes
from moonraker_netqueue.scheduler.feasibility import Reason, refusal
from moonraker_netqueue.scheduler.planner import plan
from tests.printer.test_board import NOW, PART, READY, A, B, Talk

MANUAL = replace(READY, clear_bed=ClearBed.MANUAL)
WEEKDAY = (NOW // 86_400 + 3) % 7  # 0 = Monday
DAY = Period((WEEKDAY,), "00:00", 1440, max_manual_events=3)
MINUTE = NOW // 60


class Past(Talk):
    """`a` is cleared by hand, `b` by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.printers(a=MANUAL, b=READY)

    def add(
        self,
        name: str,
        owner: str = "",
        materials: tuple[str, ...] = (),
        requires: Requirements | None = None,
    ) -> str:
        self.say(A, ContentHeld(PART))
        spec = ItemSpec(name, 9, (PART,), materials, estimate_s=3600)
        body = JobAdd(
            f"job-{name}-1234",
            Wishes(name, owner=owner),
            (spec,),
            requires or Requirements(),
        )
        self.say(A, body)
        return body.job_id

    def start(self, job_id: str, host: str = A, at: float = NOW) -> str:
        self._count += 1
        print_id = f"print-{self._count:04}"
        self.say(host, PrintReserve(print_id, job_id, 0, PART.sha256), at)
        self.say(host, PrintStarted(print_id), at)
        return print_id

    def make(
        self,
        job_id: str,
        host: str = A,
        at: float = NOW,
        seconds: float = 3600,
        outcome: PrintState = PrintState.DONE,
    ) -> None:
        print_id = self.start(job_id, host, at)
        end = PrintEnded(print_id, outcome, job_id, 0, PART.sha256)
        self.say(host, end, at + seconds)

    def used(self) -> Mapping[str, int]:
        return used_minutes([self.state], learn([self.state]))


def test_a_start_on_a_bed_that_a_person_clears_is_work_by_hand() -> None:
    """So is other material than before; a print that names none changes nothing."""
    talk = Past()
    pla, petg = talk.add("pla", "", ("PLA",)), talk.add("petg", "", ("PETG",))
    any_material = talk.add("any")
    for number, job_id in enumerate((pla, pla, any_material, petg, any_material)):
        talk.make(job_id, B, NOW + 60 * number)
    talk.make(pla, A)
    talk.start(petg, A, NOW + 60)
    by_hand = done_by_hand([talk.state])
    assert by_hand == {A: [MINUTE, MINUTE + 1, MINUTE + 1], B: [MINUTE + 3]}


def test_what_was_done_by_hand_is_counted_in_the_period_that_is_on() -> None:
    """At printers without hours of their own; theirs count for themselves."""
    talk = Past()
    job_id = talk.add("part")
    talk.say(A, QueueSet(operator=(DAY,)))
    midnight = NOW // 86_400 * 86_400
    talk.make(job_id, A, midnight - 60, 60)
    talk.make(job_id, A, midnight, 60)
    talk.make(job_id, B, midnight, 60)
    talk.start(job_id, A, NOW - 60)
    (period,) = talk.problem().operator
    assert (period.max_manual_events, period.events_used) == (3, 2)
    talk.say(A, PrinterUpdate(replace(MANUAL, name="a", hours=(DAY,))))
    problem = talk.problem()
    assert problem.operator[0].events_used == 0
    own = {printer.name: printer.operator for printer in problem.printers}
    assert own["b"] == ()
    assert [p.events_used for p in own["a"]] == [2]


def test_hours_of_a_printer_replace_those_of_the_queue() -> None:
    """What is loaded there by hand waits for its own people."""
    talk = Past()
    talk.add("part", "", ("PETG",))
    never = Period(((WEEKDAY + 3) % 7,), "00:00", 60)
    for letter, hours in (("a", (never,)), ("b", ())):
        loaded = replace(READY, materials=("PETG",), materials_ready=("PLA",))
        talk.printers(**{letter: replace(loaded, hours=hours)})
    assert plan(talk.problem()).assignment == {"a": None, "b": "part"}


def test_owners_used_what_their_prints_took() -> None:
    """Those that run count with what they will take; released ones with nothing."""
    talk = Past()
    eva, tom = talk.add("eva", "eva"), talk.add("tom", "tom")
    talk.add("ina", "ina")
    talk.make(eva, seconds=7200)
    talk.make(eva, seconds=600, outcome=PrintState.FAILED)
    talk.make(eva, seconds=600, outcome=PrintState.RELEASED)
    talk.start(tom, B)
    assert talk.used() == {"eva": 130, "tom": 60, "ina": 0}


def test_shares_are_of_those_who_wait() -> None:
    """Who had most comes last; without shares, nobody is held back."""
    talk = Past()
    eva = talk.add("eva", "eva")
    talk.add("tom", "tom")
    talk.make(eva, B, seconds=7200)
    assert talk.problem().owner_credit == ()
    assert plan(talk.problem()).assignment["b"] == "eva"
    talk.say(A, QueueSet(shares={"eva": 1}, weights={"share": 10.0}))
    assert dict(talk.problem().owner_credit) == {"eva": -1000, "tom": 1000}
    assert plan(talk.problem()).assignment["b"] == "tom"


def test_spread_copies_know_who_made_and_who_holds_them() -> None:
    """Jobs that are not spread carry neither."""
    talk = Past()
    spread = talk.add("spread", requires=Requirements(spread=True))
    usual = talk.add("usual")
    for job_id in (spread, usual):
        talk.make(job_id, B)
        talk.start(job_id, A)
    jobs = {job.name: job for job in talk.problem().jobs}
    assert (jobs["spread"].made_on, jobs["spread"].held_on) == (("b",), ("a",))
    assert (jobs["usual"].made_on, jobs["usual"].held_on) == ((), ())
    problem = talk.problem()
    idle = replace(problem.printers[0], state="idle", busy_minutes=0)
    assert refusal(problem, idle, jobs["spread"]) is Reason.SPREAD
    assert refusal(problem, idle, jobs["usual"]) is None
