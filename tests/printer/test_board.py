"""The queues' state as a planning problem, and the plan read out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import pytest

from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentHeld,
    JobAdd,
    JobEdit,
    JobMove,
    MemberSet,
    Place,
    PrintEnded,
    PrinterUpdate,
    PrintReserve,
    PrintStarted,
    QueuePause,
    RulesRaise,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.job import ItemSpec, Requirements, Wishes
from moonraker_netqueue.model.member import MemberRole
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import ClearBed, PrinterState, Profile, Volume
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.model.schema import SCHEMA
from moonraker_netqueue.printer.board import (
    Board,
    ClassKey,
    bar_repeaters,
    build_board,
    file_for,
)
from moonraker_netqueue.printer.planner import Planner
from moonraker_netqueue.printer.queues import Queues
from moonraker_netqueue.scheduler.planner import plan
from moonraker_netqueue.scheduler.problem import FormFactor, Problem
from moonraker_netqueue.sim.host import InlineSolver
from moonraker_netqueue.sim.randomness import SimRandom
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play
from tests.printer.workshop import (
    HostQueue,
    InlineWorker,
    LoopClock,
    SharedQueue,
    file_ref,
)

NOW = 1_700_000_000
A, B, C = (hashlib.sha256(name.encode()).hexdigest() for name in "abc")
PART = file_ref("part.gcode")
READY = Profile("a", PrinterState.READY, clear_bed=ClearBed.NEVER)


class Talk:
    """Commands to a state, one a second."""

    def __init__(self) -> None:
        self.state = QueueState()
        self._count = 0

    def say(self, author: str, body: Body, at: float | None = None) -> None:
        self._count += 1
        moment = NOW - 1000 + self._count if at is None else at
        command = Command(CommandId(author, 1, self._count), moment, body)
        self.state.apply(command, self._count)

    def printers(self, **profiles: Profile) -> None:
        for letter, profile in profiles.items():
            host = hashlib.sha256(letter.encode()).hexdigest()
            self.say(host, PrinterUpdate(replace(profile, name=letter)))

    def job(
        self,
        name: str,
        count: int = 1,
        files: tuple[FileRef, ...] = (PART,),
        holder: str = A,
        at: float | None = None,
        requires: Requirements | None = None,
        estimate_s: int | None = None,
    ) -> str:
        for file in files:
            self.say(holder, ContentHeld(replace(file, models=())))
        job_id = f"job-{name}-1234"
        spec = ItemSpec(name, count, files, estimate_s=estimate_s)
        wanted = requires or Requirements()
        self.say(holder, JobAdd(job_id, Wishes(name), (spec,), wanted), at)
        return job_id

    def board(
        self,
        up: Iterable[str] = (A, B, C),
        declined: Iterable[ClassKey] = (),
        overdue: Iterable[str] = (),
    ) -> Board:
        hosts = {"q": frozenset(up)}
        states = {"q": self.state}
        return build_board(states, hosts, NOW, A, frozenset(declined), set(overdue))

    def problem(self, up: Iterable[str] = (A, B, C)) -> Problem:
        """The problem of the one group."""
        (group,) = self.board(up).groups
        return group.problem

    def barred(self, up: Iterable[str] = (A, B, C)) -> tuple[str, ...]:
        """Printers that shall not try the first job again."""
        failures = self.board(up).failures
        return bar_repeaters(self.problem(up), failures).jobs[0].failed_on

    def why(self, name: str, up: Iterable[str] = (A, B, C)) -> str:
        """Why a job of that name waits."""
        return plan(self.problem(up)).why_waiting[name].text


def _printer_states(board: Board) -> dict[str, tuple[str, int]]:
    return {p.name: (p.state, p.busy_minutes) for p in board.groups[0].problem.printers}


def test_each_state_is_what_the_plan_calls_it() -> None:
    """Idle, printing with minutes left, or not there."""
    talk = Talk()
    talk.printers(
        a=READY,
        b=replace(READY, state=PrinterState.BUSY, idle_at=NOW + 601.0),
        c=replace(READY, state=PrinterState.OFFLINE),
        d=replace(READY, state=PrinterState.BED_OCCUPIED),
        e=replace(READY, state=PrinterState.FINISHING),
        f=replace(READY, state=PrinterState.BUSY),
    )
    board = talk.board({p.host for p in talk.state.printers.values()})
    assert _printer_states(board) == {
        "a": ("idle", 0),
        "b": ("printing", 11),
        "c": ("offline", 0),
        "d": ("idle", 0),
        "e": ("printing", 1),
        "f": ("printing", 60),
    }
    assert [p.bed_clear for p in board.groups[0].problem.printers] == [True] * 3 + [
        False,
        True,
        True,
    ]


def test_a_host_that_is_not_there_gets_nothing() -> None:
    """Its entry may say ready: whoever is killed cannot change it."""
    talk = Talk()
    talk.printers(a=READY, b=READY)
    talk.job("part", count=2)
    assert _printer_states(talk.board([A]))["b"] == ("out of reach", 0)
    assert plan(talk.problem([A])).assignment == {"a": "part", "b": None}


def test_a_printer_that_takes_nothing_is_passed_over_but_not_its_files() -> None:
    talk = Talk()
    talk.printers(a=READY, b=READY)
    talk.job("part", count=2, holder=B)
    board = talk.board(overdue=[B])
    assert _printer_states(board)["b"] == ("not taking its work", 0)
    assert plan(board.groups[0].problem).assignment == {"a": "part", "b": None}


def test_a_viewers_printer_gets_nothing() -> None:
    """The plan leaves its work to the others, and says what it is."""
    talk = Talk()
    talk.printers(a=READY, b=READY)
    talk.job("part", count=2)
    talk.say(A, RulesRaise(SCHEMA))
    talk.say(A, MemberSet(B, MemberRole.VIEWER))
    assert _printer_states(talk.board())["b"] == ("a viewer of the queue", 0)
    assert plan(talk.problem()).assignment == {"a": "part", "b": None}


def test_a_reservation_makes_a_printer_busy_before_it_says_so() -> None:
    """So that others do not leave the next copy to it; a lost print does not."""
    talk = Talk()
    talk.printers(a=READY, b=READY)
    job_id = talk.job("part", count=3, estimate_s=1200)
    talk.say(B, PrintReserve("print-0001", job_id, 0, PART.sha256))
    assert _printer_states(talk.board())["b"] == ("printing", 20)
    talk.say(
        B, PrintEnded("print-0001", PrintState.LOST, job_id, 0, PART.sha256, "gone")
    )
    assert _printer_states(talk.board())["b"] == ("idle", 0)


def test_settings_reach_the_plan() -> None:
    """Materials, nozzle, model, volume, tags, effort, clearing, switch."""
    talk = Talk()
    profile = replace(
        READY,
        model="mk3",
        nozzle=0.6,
        materials=("PLA", "PETG"),
        materials_ready=("PLA:black",),
        volume=Volume(200.0, 200.0, 300.0, "circular"),
        tags=("fast",),
        manual_effort_cost=7,
        accept=False,
    )
    talk.printers(a=profile, b=replace(READY, clear_bed=ClearBed.MANUAL))
    a, b = talk.problem().printers
    assert (a.model, a.nozzle, a.tags, a.manual_effort_cost) == (
        "mk3",
        0.6,
        ("fast",),
        7,
    )
    assert (a.materials, a.loaded) == (("PLA", "PETG"), ("PLA:black",))
    assert a.volume is not None
    assert a.volume.form_factor is FormFactor.CIRCULAR
    assert a.switched_off
    assert a.self_clearing
    assert not b.self_clearing


def test_the_order_of_the_queue_is_the_order_of_age() -> None:
    """A job moved to the front counts as the oldest; nobody shares a second."""
    talk = Talk()
    for name in ("first", "second", "third"):
        talk.job(name, at=NOW - 500)
    third = "job-third-1234"
    talk.say(A, JobMove(third, Place.FRONT))
    ordered = [job.name for job in talk.problem().jobs]
    assert ordered == ["third", "first", "second"]
    assert len({job.added for job in talk.problem().jobs}) == 3


def test_names_that_are_the_same_are_told_apart() -> None:
    """Jobs, items of one job and printers: a plan needs names of its own."""
    talk = Talk()
    talk.printers(a=READY)
    talk.say(B, PrinterUpdate(READY))
    talk.job("part")
    specs = tuple(ItemSpec("part", 1, (PART,)) for _ in range(3))
    for job_id in ("client-000001", "client-000002"):
        talk.say(A, JobAdd(job_id, Wishes("part"), (specs[0],)))
    talk.say(A, JobAdd("client-000003", Wishes("part"), specs))
    board = talk.board()
    assert len(board.groups[0].problem.jobs) == 6
    assert len(board.groups[0].problem.printers) == 2
    assert {board.name_of(A), board.name_of(B)} == {"a", f"a ({max(A, B)[:8]})"}


def test_a_file_on_no_host_that_is_there_says_so() -> None:
    """Its holder itself could print it, others not."""
    talk = Talk()
    talk.printers(a=READY, b=READY)
    talk.job("part", holder=B)
    assert talk.problem().jobs[0].unreachable_from == ()
    assert talk.problem([A]).jobs[0].unreachable_from == ("a",)
    assert talk.why("part", [A]) == (
        "waits: switch on a printer that has its file"
        " (file on no host that a can reach)"
    )


def test_models_choose_the_file() -> None:
    """Its own before a general one; a job for certain models goes to no other."""
    general, special = PART, replace(file_ref("mk3.gcode"), models=("mk3",))
    spec = ItemSpec("part", 1, (general, special))
    assert file_for(spec, "mk3") == special
    assert file_for(spec, "ender") == general
    assert file_for(ItemSpec("part", 1, (special,)), "ender") is None
    talk = Talk()
    talk.printers(a=replace(READY, model="ender"), b=replace(READY, model="mk3"))
    talk.job("part", 2, requires=Requirements(models=("mk3",)))
    assert plan(talk.problem()).assignment == {"a": None, "b": "part"}


def test_a_job_for_a_model_that_has_no_file_waits() -> None:
    """Files for one model, a wish for another: no printer fits, and it says why."""
    talk = Talk()
    talk.printers(a=replace(READY, model="mk3"), b=replace(READY, model="mk4"))
    special = replace(PART, models=("mk3",))
    talk.job("part", files=(special,), requires=Requirements(models=("mk4",)))
    assert "no file sliced" in talk.why("part")


def test_declined_classes_are_not_planned_here_only() -> None:
    """The others may still take them."""
    talk = Talk()
    talk.printers(a=READY, b=READY)
    key = ClassKey("q", talk.job("part", 2), 0)
    board = talk.board(declined=[key])
    assert plan(board.groups[0].problem).assignment == {"a": None, "b": "part"}


def test_who_failed_least_tries_again() -> None:
    """Others first; alone, the same printer; after `retry`, anybody."""
    talk = Talk()
    talk.printers(a=READY, b=READY)
    job_id = talk.job("part", 2)

    def fail(host: str, print_id: str) -> None:
        talk.say(host, PrintReserve(print_id, job_id, 0, PART.sha256))
        talk.say(host, PrintStarted(print_id))
        talk.say(
            host,
            PrintEnded(print_id, PrintState.FAILED, job_id, 0, PART.sha256, "clogged"),
        )

    fail(A, "print-0001")
    assert talk.barred() == ("a",)
    assert talk.barred([A]) == ()
    fail(B, "print-0002")
    assert talk.barred() == ()
    talk.say(A, JobEdit(job_id, retry=True))
    assert talk.board().failures == {}


def test_kept_together_stays_where_it_began() -> None:
    """The printer that holds a copy is the only one."""
    talk = Talk()
    talk.printers(a=READY, b=READY)
    job_id = talk.job("part", 3, requires=Requirements(keep_together=True))
    talk.say(B, PrintReserve("print-0001", job_id, 0, PART.sha256))
    (job_class,) = talk.problem().jobs
    assert (job_class.keep_together, job_class.together_on) == (True, "b")


def _explain(talk: Talk, up: Iterable[str] = (A, B)) -> tuple[dict[str, str], ...]:
    async def ask(_loop: VirtualLoop) -> tuple[dict[str, str], ...]:
        shared = SharedQueue("q")
        shared.state = talk.state
        port = HostQueue(shared, A)
        port.reached = set(up)
        queues = Queues(A, {"q": port}, SimRandom(1), lambda: None)
        planner = Planner(queues, InlineSolver(), LoopClock(), InlineWorker())
        told = await planner.explain("q")
        return dict(told.jobs), dict(told.printers)

    # A real loop's time is that since the machine was started.
    return play(ask, VirtualLoop())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (QueuePause(True), "waiting: the queue is paused"),
        (JobEdit("job-part-1234", wishes=Wishes("part", hold=True)), "on hold"),
        (PrinterUpdate(replace(READY, accept=False)), "resume taking work on a"),
        (PrinterUpdate(replace(READY, state=PrinterState.OFFLINE)), "offline"),
        (
            PrinterUpdate(replace(READY, state=PrinterState.BED_OCCUPIED)),
            "clear the bed of a",
        ),
        (
            PrinterUpdate(replace(READY, state=PrinterState.BUSY, idle_at=NOW + 6e4)),
            "min left",
        ),
    ],
)
def test_why_a_job_waits_is_told(change: Body, reason: str) -> None:
    """Each of the component's own reasons, in words."""
    talk = Talk()
    talk.printers(a=READY)
    job_id = talk.job("part")
    talk.say(A, change)
    jobs, _ = _explain(talk, [A])
    assert jobs[job_id].startswith("waiting: ")
    assert reason in jobs[job_id]


def test_a_job_whose_only_printer_is_gone_says_so() -> None:
    """By the name of that printer."""
    talk = Talk()
    talk.printers(a=READY, b=replace(READY, tags=("abs",)))
    job_id = talk.job("part", requires=Requirements(tags=("abs",)))
    jobs, idle = _explain(talk, [A])
    assert jobs[job_id] == "waiting: get b going (it is out of reach)"
    assert set(idle) == {A, B}


def test_a_job_about_to_be_taken_says_by_whom() -> None:
    """The moment between plan and reservation."""
    talk = Talk()
    talk.printers(a=READY)
    job_id = talk.job("part")
    jobs, _ = _explain(talk, [A])
    assert jobs[job_id] == "waiting: a is about to take it"


def test_an_idle_printer_without_work_says_so() -> None:
    """No job waits."""
    talk = Talk()
    talk.printers(a=READY)
    assert _explain(talk, [A]) == ({}, {A: "no job waits"})
