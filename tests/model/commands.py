"""Hypothesis: rich sequences of commands, valid, invalid, repeated, out of order."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentDropped,
    ContentHeld,
    Decision,
    Dissolve,
    JobAdd,
    JobEdit,
    JobMove,
    JobRemove,
    Place,
    PrintDecide,
    PrintEnded,
    PrinterUpdate,
    PrintFetching,
    PrintReserve,
    PrintStarted,
    QueuePause,
    QueueSet,
    decode,
    encode,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.errors import Rejected
from moonraker_netqueue.model.hours import Period
from moonraker_netqueue.model.job import ItemSpec, Job, Requirements, Wishes
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.model.queue_state import QueueState
from tests.model.talk import HOSTS, file

# Few values of each kind, so that commands meet; some of each are out of range.
job_ids = st.sampled_from(["job-0001", "job-0002", "job-0003", "bad"])
print_ids = st.sampled_from([f"print-{n:02}" for n in range(6)] + ["bad"])
files = st.sampled_from([file("1"), file("2"), file("1", "x/y"), file("9")])
likely_files = st.one_of(st.just(file("1")), files)
shas = st.sampled_from(["1" * 64, "1" * 64, "2" * 64, "junk"])
indexes = st.sampled_from([0, 0, 0, 1, -1, 1 << 61])
counts = st.sampled_from([1, 2, 3, 10_000, 0, 1 << 40])
texts = st.sampled_from(["a", "b\u00e9", "", "x" * 300, "two\nlines"])
names = st.sampled_from(["part", "part", "b\u00e9", ""])

specs = st.builds(
    ItemSpec,
    name=names,
    count=counts,
    files=st.lists(likely_files, min_size=1, max_size=2).map(tuple),
    nozzle=st.sampled_from([None, 0.4, -1.0]),
)
items = st.lists(specs, min_size=1, max_size=2).map(tuple)
wishes = st.builds(
    Wishes,
    name=names,
    priority=st.sampled_from([0, 9, 10]),
    due=st.sampled_from([None, 0.1 + 0.2, -0.0]),
    hold=st.sampled_from([False, False, True]),
    max_attempts=st.sampled_from([1, 3, 0]),
)
requirements = st.builds(
    Requirements, keep_together=st.booleans(), spread=st.booleans()
)
periods = st.builds(
    Period,
    days=st.sampled_from([(0, 1, 2), (6,), (), (7,)]),
    start=st.sampled_from(["00:00", "08:00", "24:00"]),
    duration=st.sampled_from([600, 0]),
    tz=st.sampled_from(["UTC", "Europe/Berlin", "no zone"]),
)


def changes(
    keys: st.SearchStrategy[str], values: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """A partial change of a mapping, or none."""
    return st.one_of(st.none(), st.dictionaries(keys, st.none() | values, max_size=2))


versions = st.sampled_from([None, None, 1, 2])

jobs_added = st.builds(
    JobAdd,
    job_id=job_ids,
    wishes=st.just(Wishes("a")),
    items=st.one_of(st.just((ItemSpec("part", 3, (file("1"),)),)), items),
    requires=requirements,
    front=st.booleans(),
)
prints_ended = st.builds(
    PrintEnded,
    print_id=print_ids,
    outcome=st.sampled_from(PrintState),
    job_id=job_ids,
    item=indexes,
    sha256=shas,
    reason=texts,
)
bodies: st.SearchStrategy[Body] = st.one_of(
    jobs_added,
    st.builds(
        JobEdit,
        job_id=job_ids,
        if_version=versions,
        wishes=st.one_of(st.none(), wishes),
        requires=st.one_of(st.none(), requirements),
        items=st.one_of(st.none(), items),
        retry=st.booleans(),
    ),
    st.builds(JobRemove, job_id=job_ids, if_version=versions),
    st.builds(JobMove, job_id=job_ids, place=st.sampled_from(Place), anchor=job_ids),
    st.builds(QueuePause, paused=st.sampled_from([False, False, True])),
    st.builds(
        QueueSet,
        title=st.one_of(st.none(), texts),
        strategy=st.sampled_from([None, "greedy", "of a later version", "later"]),
        weights=changes(st.sampled_from(["age", "a b"]), st.floats(0, 9)),
        operator=st.one_of(st.none(), st.lists(periods, max_size=2).map(tuple)),
        shares=changes(names, st.sampled_from([0, 1, 5])),
        start_spacing_s=st.sampled_from([None, 0, 60, -1]),
    ),
    st.builds(
        PrinterUpdate,
        profile=st.builds(Profile, name=names, accept=st.booleans()),
        forgive=st.booleans(),
    ),
    st.builds(ContentHeld, file=likely_files),
    st.builds(ContentDropped, sha256=shas),
    *[
        st.builds(
            PrintReserve,
            print_id=print_ids,
            job_id=job_ids,
            item=indexes,
            sha256=shas,
        )
    ]
    * 3,
    st.builds(PrintFetching, print_id=print_ids),
    *[st.builds(PrintStarted, print_id=print_ids, spaced=st.booleans())] * 2,
    *[prints_ended] * 2,
    st.builds(
        PrintDecide,
        print_id=print_ids,
        decision=st.sampled_from(Decision),
        by=st.sampled_from(["eva", ""]),
    ),
    st.builds(Dissolve, into=st.sampled_from(["group-0002", "x"])),
)

times = st.sampled_from([0.0, 1.5, 1e9, -3.25])
client_ids = st.sampled_from([""] * 20 + ["click-001", "click-002"])
decisions = st.sampled_from(Decision)
_TOLD = (PrintState.DONE, PrintState.FAILED, PrintState.LOST, PrintState.RELEASED)
any_commands = st.builds(
    Command,
    id=st.builds(
        CommandId,
        author=st.sampled_from(HOSTS),
        incarnation=st.sampled_from([1, 1, 1, 2]),
        sequence=st.integers(1, 40),
    ),
    at=times,
    body=bodies,
    client_id=client_ids,
)


@st.composite
def sequences(draw: st.DrawFn, most: int = 40) -> list[Command]:
    """Commands mostly in order and to the point, some again, late or senseless."""
    commands = _opening()
    state, heard = QueueState(), 0
    following = dict.fromkeys(HOSTS, 10)
    for _ in range(draw(st.integers(1, most))):
        _hear(state, commands[heard:])
        heard = len(commands)
        kind = draw(
            st.sampled_from(["fitting"] * 14 + ["next", "next", "again", "any"])
        )
        if kind == "again":
            commands.append(draw(st.sampled_from(commands)))
            continue
        if kind == "any":
            commands.append(draw(any_commands))
            continue
        host = draw(st.sampled_from(HOSTS))
        body = draw(fitting(state, host) if kind == "fitting" else bodies)
        following[host] += 1
        at, client_id = draw(times), draw(client_ids)
        command_id = CommandId(host, 1, following[host])
        commands.append(Command(command_id, at, body, client_id))
    return commands


def _hear(state: QueueState, commands: list[Command]) -> None:
    for command in commands:
        with contextlib.suppress(Rejected):
            state.apply(decode(encode(command)), 0)


def fitting(state: QueueState, host: str) -> st.SearchStrategy[Body]:
    """What `host` might say to a queue in this state, and be heard."""
    choices: list[st.SearchStrategy[Body]] = []
    for p in state.prints_of_host(host):
        same: dict[str, Any] = {"job_id": p.job_id, "item": p.item, "sha256": p.sha256}
        outcomes = st.sampled_from([word for word in _TOLD if word is not p.state])
        ended = st.builds(
            PrintEnded, print_id=st.just(p.print_id), outcome=outcomes, **_just(same)
        )
        choices += [st.just(PrintStarted(p.print_id)), ended]
    for p in state.lost_prints():
        choices.append(st.builds(PrintDecide, _is(p.print_id), decisions, _is("eva")))
    for p in state.finished:
        if p.host == host:
            late = PrintEnded(p.print_id, PrintState.DONE, p.job_id, p.item, p.sha256)
            choices.append(st.just(late))
    for job in state.ordered_jobs():
        sha256 = job.items[0].spec.files[0].sha256
        free = f"print-{len(state.prints) + len(state.finished):02}"
        choices += [
            st.just(PrintReserve(free, job.job_id, 0, sha256)),
            st.builds(JobMove, _is(job.job_id), st.sampled_from(Place), job_ids),
            st.builds(_recount, _is(job), st.sampled_from([1, 2, 3, 10_000])),
        ]
    return st.one_of(choices) if choices else jobs_added


def _recount(job: Job, count: int) -> JobEdit:
    first, *others = (item.spec for item in job.items)
    return JobEdit(job.job_id, items=(replace(first, count=count), *others))


def _is(value: Any) -> st.SearchStrategy[Any]:
    return st.just(value)


def _just(values: dict[str, Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {name: st.just(value) for name, value in values.items()}


def _opening() -> list[Command]:
    """Printers, a content and a job, so that what follows finds something."""
    part: FileRef = file("1")
    opening: list[tuple[str, Body]] = [
        *((host, PrinterUpdate(Profile(host[:4]))) for host in HOSTS),
        (HOSTS[0], ContentHeld(part)),
        (HOSTS[0], JobAdd("job-0001", Wishes("a"), (ItemSpec("part", 3, (part,)),))),
    ]
    return [
        Command(CommandId(author, 1, number), 1.0, body)
        for number, (author, body) in enumerate(opening, 1)
    ]
