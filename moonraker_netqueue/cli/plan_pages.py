"""Answers about the plan as pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .page import Column, Line, Page, Table
from .text import short, soon
from .timeline import timeline

_Thing = Mapping[str, Any]


def plan_page(answer: _Thing) -> Page:
    """Who prints what, next and later, and why the rest waits; or what would be."""
    if "what_if" in answer:
        return _what_if(answer["what_if"])
    page: Page = [_next(answer["next"])]
    page += timeline(answer["forecast"])
    if answer["waiting"]:
        page.append(_waiting(answer["waiting"]))
    if answer["idle"]:
        page.append(_idle(answer["idle"]))
    return page


def all_why_page(answer: _Thing) -> Page:
    """Why each job waits and each printer is idle."""
    return [_waiting(answer["waiting"]), _idle(answer["idle"])]


def _what_if(found: _Thing) -> Page:
    """The plan as it would be, and the difference to the one that is."""
    difference = found["difference"]
    page: Page = [
        Line(f"if {' and '.join(found['with'])}:", "bold"),
        _next(found["next"]),
        *timeline(found["forecast"]),
        _shifts(difference["jobs"]),
    ]
    page += [Line(text) for text in _figures(difference)]
    return page


def _shifts(jobs: Sequence[_Thing]) -> Table:
    columns = (
        Column("job", lead=True),
        Column("would start", whole=True),
        Column("not", whole=True),
        Column("would end", whole=True),
        Column("not", whole=True),
    )
    rows = [
        (
            job["job"],
            _or_never(job["start_after"]),
            _or_never(job["start_before"]),
            _or_never(job["end_after"]),
            _or_never(job["end_before"]),
        )
        for job in jobs
    ]
    return Table.of(columns, rows, "no job starts or ends at another time")


def _figures(difference: _Thing) -> Iterable[str]:
    """What differs of the whole."""
    before, after = difference["finish_before"], difference["finish_after"]
    if before is not None and after is not None and before != after:
        yield f"all would be done {soon(after)}, not {soon(before)}"
    for word, text in (
        ("copies", "copies would be printed in that time"),
        ("changes", "changes of material would be needed"),
        ("never", "copies would never print"),
    ):
        was, would_be = difference[f"{word}_before"], difference[f"{word}_after"]
        if was != would_be:
            yield f"{would_be} {text}, not {was}"


def _or_never(unix: int | None) -> str:
    return "-" if unix is None else soon(unix)


def _next(rows: Sequence[_Thing]) -> Table:
    columns = (
        Column("printer", lead=True),
        Column("next", lead=True),
        Column("id"),
        Column("score", numeric=True),
    )
    cells = [
        (
            one["printer"],
            one["job"],
            short(one["job_id"]),
            one.get("score_minutes"),
        )
        for one in sorted(rows, key=lambda one: str(one["printer"]))
    ]
    return Table.of(columns, cells, "no printer has a next copy")


def _waiting(rows: Sequence[_Thing]) -> Table:
    columns = (
        Column("id", lead=True, whole=True),
        Column("job", lead=True),
        Column("starts", whole=True),
        Column("on"),
        Column("why"),
    )
    cells = [
        (
            short(one["job_id"]),
            one["job"],
            soon(one["starts"]["at"]) if one["starts"] else "-",
            one["starts"]["printer"] if one["starts"] else "",
            one["why"],
        )
        for one in rows
    ]
    return Table.of(columns, cells, "no job waits")


def _idle(rows: Sequence[_Thing]) -> Table:
    columns = (Column("printer", lead=True), Column("why"))
    cells = [(one["printer"], one["why"]) for one in rows]
    return Table.of(columns, cells, "no printer is idle")
