"""A simulation for people and programs: its live page, its summary, its JSON."""

from __future__ import annotations

from typing import Any

from ..cli.page import Column, Line, Page, Table
from ..cli.text import duration
from .host import WholeHost
from .ledger import Copies
from .scenario_run import ScenarioRun

_BAR = 20  # characters
_LAST = 10  # sentences of the story on the live page
_NONE_TWICE = "none made twice"
_TITLES = 8  # lines of the live page that are always there


def live_page(run: ScenarioRun, speed: float, height: int) -> Page:
    """The workshop as it is now, in at most `height` lines.

    `speed`: simulated seconds per second.
    """
    told = run.story.told[-min(_LAST, max(3, height // 4)) :]
    jobs = _unfinished_first(run)[: max(3, height // 4)]
    printers = max(1, height - _TITLES - len(told) - len(jobs))
    moment = run.story.moment(run.scenario.now + run.seconds)
    head = f"{run.scenario.name}, seed {run.seed}: {moment}, {speed:.0f} x"
    return [
        Line(head, "bold"),
        Line(""),
        *_printers(run, printers),
        Line(""),
        *_jobs(run, jobs),
        Line(""),
        *(Line(run.story.line(one), one.style) for one in told),
    ]


def _printers(run: ScenarioRun, most: int) -> Page:
    columns = (
        Column("printer", lead=True),
        Column("state", lead=True, whole=True),
        Column("prints"),
        Column("", whole=True),
        Column("loaded"),
        Column("made", numeric=True),
    )
    rows = []
    for host in tuple(run.hosts.values())[:most]:
        seen = host.printer.seen
        making = run.ledger.copies(seen.mark.filename) if seen.mark.active else None
        rows.append(
            (
                host.name,
                _state(run, host),
                "" if making is None else making.name,
                "" if making is None else _bar(seen.progress),
                ", ".join(host.loaded),
                run.ledger.made_by[host.name],
            )
        )
    return [Table.of(columns, rows), *_more(len(run.hosts) - len(rows))]


def _more(count: int) -> Page:
    return [Line(f"and {count} more", "dim")] if count else []


def _state(run: ScenarioRun, host: WholeHost) -> str:
    if host.name in run.off:
        return "off"
    if host.life is None:
        return "offline"
    for replica in host.replicas.values():
        entry = replica.state.printers.get(host.id)
        if entry is not None:
            cut = " (cut off)" if host.name in run.cut else ""
            return entry.profile.state.value + cut
    return "starts"


def _unfinished_first(run: ScenarioRun) -> list[Copies]:
    return sorted(run.ledger.all(), key=lambda copies: copies.done)


def _jobs(run: ScenarioRun, shown: list[Copies]) -> Page:
    columns = (
        Column("queue", lead=True),
        Column("job", lead=True),
        Column("done", whole=True),
        Column("", whole=True),
        Column("printing", numeric=True),
        Column("spoiled", numeric=True),
    )
    rows = [
        (
            copies.job.queue,
            copies.name,
            f"{copies.counted}/{copies.item.count}",
            _bar(copies.counted / copies.item.count),
            copies.running or "",
            copies.spoiled or "",
        )
        for copies in shown
    ]
    return [Table.of(columns, rows), *_more(len(run.ledger.all()) - len(rows))]


def _bar(share: float) -> str:
    full = min(_BAR, int(share * _BAR))
    return "█" * full + "░" * (_BAR - full) + f" {100 * share:3.0f} %"


def document(run: ScenarioRun) -> dict[str, Any]:
    """How it ended, as JSON values."""
    every = run.ledger.all()
    return {
        "scenario": run.scenario.name,
        "seed": run.seed,
        "done": run.done,
        "simulated_s": round(run.seconds),
        "jobs": [
            {
                "queue": copies.job.queue,
                "job": copies.job.name,
                "item": copies.item.name,
                "wanted": copies.item.count,
                "done": copies.counted,
                "made": copies.made,
                "spoiled": copies.spoiled,
            }
            for copies in every
        ],
        "printers": [
            {
                "printer": name,
                "made": run.ledger.made_by[name],
                "printing_s": round(run.printing[name]),
            }
            for name in run.hosts
        ],
        "person": {
            "cleared": run.person.cleared,
            "changed": run.person.changed,
            "decided": run.person.decided,
        },
        "left": [
            {"queue": copies.job.queue, "item": copies.name, "why": why}
            for copies, why in run.left
        ],
    }


def summary_page(run: ScenarioRun) -> Page:
    """How it ended, for people."""
    every, person = run.ledger.all(), run.person
    took = duration(run.seconds)
    head = f"all is done after {took}" if run.done else f"not done after {took}"
    page: Page = [
        Line(f"{head} (seed {run.seed})", "bold"),
        Line(
            f"{_sum(every, 'counted')} of {sum(c.item.count for c in every)} copies"
            f" done, {_sum(every, 'spoiled')} spoiled, {_twice(every)}"
        ),
        Line(
            f"the operator cleared {person.cleared} beds, changed material"
            f" {person.changed} times, decided on {person.decided} lost prints"
        ),
        Line(""),
        _shares(run),
    ]
    if run.left:
        columns = (Column("queue", lead=True), Column("left", lead=True), Column("why"))
        left = [(copies.job.queue, _left(copies), why) for copies, why in run.left]
        page += [Line(""), Table.of(columns, left)]
    return page


def _twice(every: list[Copies]) -> str:
    """Only a print that a person gave up can turn out to have been good."""
    extra = sum(max(0, copies.made - copies.item.count) for copies in every)
    return f"{extra} made twice after a person gave one up" if extra else _NONE_TWICE


def _sum(every: list[Copies], figure: str) -> int:
    return sum(getattr(copies, figure) for copies in every)


def _left(copies: Copies) -> str:
    return f"{copies.name} x {copies.item.count - copies.counted}"


def _shares(run: ScenarioRun) -> Table:
    columns = (
        Column("printer", lead=True),
        Column("made", numeric=True),
        Column("printing", numeric=True, whole=True),
    )
    rows = [
        (
            name,
            run.ledger.made_by[name],
            f"{100 * run.printing[name] / run.seconds:.0f} %",
        )
        for name in run.hosts
    ]
    return Table.of(columns, rows)
