"""Answers about jobs as pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .page import Column, Line, Page, Table
from .text import duration, moment, short, size, soon

_Thing = Mapping[str, Any]

_JOBS = (
    Column("#", lead=True, numeric=True, whole=True),
    Column("id", lead=True, whole=True),
    Column("job", lead=True),
    Column("done", lead=True, whole=True),
    Column("state", whole=True),
    Column("due", whole=True),
    Column("why"),
)


def jobs_page(answer: _Thing) -> Page:
    """The jobs that are not done, in order."""
    jobs = [job for job in answer["jobs"] if job["state"] != "done"]
    page: Page = [jobs_table(jobs)]
    if done := len(answer["jobs"]) - len(jobs):
        page.append(Line(f"and {done} done: netqueue history", "dim"))
    if kept := len(answer["pending"]):
        page.append(
            Line(f"{kept} commands of this host wait for the queue's majority", "red")
        )
    return page


def jobs_table(jobs: Sequence[_Thing]) -> Table:
    rows = [
        (
            number,
            short(job["job_id"]),
            job["name"],
            progress(job),
            job["state"],
            moment(job["due"]),
            job["why"],
        )
        for number, job in enumerate(jobs, start=1)
    ]
    return Table.of(_JOBS, rows, empty="no job waits or prints")


def progress(job: _Thing) -> str:
    """Such as 5/12."""
    done = sum(item["done"] for item in job["items"])
    return f"{done}/{sum(item['count'] for item in job['items'])}"


def job_page(answer: _Thing) -> Page:
    """All of one job."""
    job = answer["job"]
    facts = (
        ("id", job["job_id"]),
        ("added", moment(job["added"])),
        ("owner", job["owner"]),
        ("note", job["note"]),
        ("due", moment(job["due"])),
        ("priority", job["priority"] or ""),
        ("tags", ", ".join(job["requires"]["tags"])),
        ("models", ", ".join(job["requires"]["models"])),
        ("together", "all copies on one printer" if job["keep_together"] else ""),
        ("spread", "one copy at a time on each printer" if job["spread"] else ""),
        ("why", job["why"]),
    )
    page: Page = [Line(f"{job['name']}: {job['state']}, {progress(job)} done", "bold")]
    page += [Line(f"  {name}: {text}") for name, text in facts if text]
    page.append(_items(job["items"]))
    return page


def _items(items: Sequence[_Thing]) -> Table:
    columns = (
        Column("item", lead=True, numeric=True, whole=True),
        Column("name", lead=True),
        Column("done", lead=True, whole=True),
        Column("printing", numeric=True),
        Column("failed", numeric=True),
        Column("lost", numeric=True),
        Column("materials"),
        Column("nozzle"),
        Column("each", whole=True),
        Column("size", whole=True),
        Column("hosts", numeric=True),
    )
    rows = [
        (
            number,
            item["name"],
            f"{item['done']}/{item['count']}",
            (item["printing"] + item["reserved"]) or "",
            item["failed"] or "",
            item["lost"] or "",
            ", ".join(item["materials"]),
            item["nozzle"],
            duration(item["estimate_s"]) if item["estimate_s"] else "",
            size(sum(file["size"] for file in item["files"])),
            min((len(file["holders"]) for file in item["files"]), default=0),
        )
        for number, item in enumerate(items, start=1)
    ]
    return Table.of(columns, rows)


def changed_page(verb: str) -> Callable[[_Thing], Page]:
    """A page for a job that was added, changed or moved: one line."""

    def page(answer: _Thing) -> Page:
        job = answer["job"]
        named = f"{job['name']} ({short(answer['job_id'])})"
        line = f"{verb} {named}: {progress(job)} done"
        return [Line(f"{line}, {job['why'] or job['state']}")]

    return page


def removed_page(answer: _Thing) -> Page:
    return [Line(f"removed {short(answer['job_id'])}")]


def why_page(answer: _Thing) -> Page:
    """Why one job waits: in a line, when it will start, and printer by printer."""
    job = answer["job"]
    why = job["why"] or f"{job['state']}: {_not_waiting(job)}"
    page: Page = [Line(f"{job['name']}: {why}")]
    if job["why"]:
        page.append(Line(f"  {starts(job['starts']) or _NOT_SEEN}"))
    if job["why_not"]:
        page.append(_why_not(job))
    return page


_NOT_SEEN = "does not start within the next days, as things are"


def starts(start: _Thing | None) -> str:
    """When and where a job starts; nothing if that is not seen."""
    if start is None:
        return ""
    return f"starts about {soon(start['at'])} on {start['printer']}"


def _why_not(job: _Thing) -> Table:
    columns = (
        Column("item", lead=True),
        Column("printer", lead=True),
        Column("why"),
        Column("what to do"),
        Column("from", whole=True),
    )
    items = job["items"]
    rows = [
        (
            items[row["item"]]["name"] if len(items) > 1 else "",
            row["printer"],
            row["text"],
            row["remedy"],
            soon(row["at"]),
        )
        for row in job["why_not"]
    ]
    return Table.of(columns, rows)


def _not_waiting(job: _Thing) -> str:
    """What to say of a job that the host gives no reason for."""
    if job["state"] == "done":
        return "all copies are done"
    making = sum(item["printing"] + item["reserved"] for item in job["items"])
    return f"nothing of it waits: {making} copies are being printed"
