"""Answers about hosts, printers, prints and the past as pages."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from . import hours
from .page import Column, Line, Page, Table
from .text import duration, moment, short

_Thing = Mapping[str, Any]


def status_page(answer: _Thing) -> Page:
    """The host, its printer, and each queue in a few lines."""
    printer = answer["printer"]
    about = (
        f"{answer['name']} ({short(answer['host_id'])}), version {answer['version']}"
    )
    page: Page = [
        Line(about, "bold"),
        Line(f"  printer: {printer['state']}{_reason(printer)}"),
    ]
    making = printer["print"]
    if making is not None:
        done = f"{100 * making['progress']:.0f} %"
        page.append(Line(f"  prints {making['filename']}: {done}"))
    for name, queue in answer["queues"].items():
        page += _queue(name, queue)
    return page


def _queue(name: str, queue: _Thing) -> Page:
    here = sum(member["connected"] for member in queue["members"])
    quorum = "" if queue["quorum"] else ", NO QUORUM"
    page: Page = [
        Line(f"queue {name}: {queue['role']}{quorum}", "bold"),
        Line(f"  hosts: {here} of {len(queue['members'])} are reached"),
        Line(
            f"  jobs: {queue['jobs']}; copies: {queue['waiting']} wait,"
            f" {queue['printing']} print, {queue['done']} done,"
            f" {queue['failed']} failed, {queue['lost']} lost"
        ),
    ]
    if queue["paused"]:
        page.append(Line("  paused: no printer gets another copy", "yellow"))
    if queue["missing"]:
        page.append(Line(f"  missing: {', '.join(queue['missing'])}", "red"))
    if queue["pending"]:
        page.append(Line(f"  {queue['pending']} commands wait for a quorum", "red"))
    page += [Line(f"  {notice}", "yellow") for notice in queue["notices"]]
    if queue["error"]:
        page.append(Line(f"  {queue['error']}", "red"))
    return page


def _reason(printer: _Thing) -> str:
    return f": {printer['reason']}" if printer["reason"] else ""


def printers_page(answer: _Thing) -> Page:
    """Every printer, what it does and why it does nothing."""
    return [printers_table(answer["printers"])]


def printers_table(printers: Sequence[_Thing]) -> Table:
    columns = (
        Column("printer", lead=True),
        Column("id", whole=True),
        Column("state", lead=True, whole=True),
        Column("prints"),
        Column("idle in", whole=True),
        Column("loaded"),
        Column("why"),
    )
    rows = [
        (
            printer["name"],
            short(printer["printer_id"]),
            printer["state"],
            "; ".join(_print(one) for one in printer["prints"]),
            _idle_in(printer["idle_at"]),
            ", ".join(printer["materials_ready"]),
            _why(printer),
        )
        for printer in printers
    ]
    return Table.of(columns, rows, "no printer is in this queue")


def _print(one: _Thing) -> str:
    return f"{short(one['print_id'])} {one['file'] or one['job']} ({one['state']})"


def _idle_in(idle_at: float | None) -> str:
    return "" if idle_at is None else duration(idle_at - time.time())


def _why(printer: _Thing) -> str:
    if printer["quarantined"]:
        return f"set aside after {printer['failures']} failures in a row"
    if not printer["accept"]:
        return "takes no copies: its switch is off"
    return str(printer["reason"] or printer["why"])


def printer_page(answer: _Thing) -> Page:
    """One printer after a change of its own entry."""
    printer = answer["printer"]
    facts = (
        ("accept", "yes" if printer["accept"] else "no"),
        ("materials", ", ".join(printer["materials"])),
        ("loaded", ", ".join(printer["materials_ready"])),
        ("tags", ", ".join(printer["tags"])),
        ("effort", printer["manual_effort_cost"]),
        *(("somebody is there", hours.shown(period)) for period in printer["hours"]),
    )
    page: Page = [
        Line(f"{printer['name']}: {printer['state']}{_reason(printer)}", "bold")
    ]
    return page + [Line(f"  {name}: {text}") for name, text in facts if text != ""]


def cleared_page(answer: _Thing) -> Page:
    printer = answer["printer"]
    bed = printer["bed"]
    said = f", says {bed['by']}" if bed else ""
    return [Line(f"{printer['name']}: the bed is clear{said}; {printer['state']}")]


def paused_page(answer: _Thing) -> Page:
    if answer["paused"]:
        return [Line(f"{answer['queue']} is paused: what prints goes on to its end")]
    return [Line(f"{answer['queue']} goes on")]


def members_page(answer: _Thing) -> Page:
    """Hosts of the queue, and whether they are enough."""
    columns = (
        Column("host", lead=True),
        Column("id", whole=True),
        Column("role", lead=True, whole=True),
        Column("address"),
        Column("heard", whole=True),
        Column("version", whole=True),
    )
    rows = [
        (
            member["printer"] or member["name"],
            short(member["host_id"]),
            member["role"],
            "this host" if member["here"] else member["address"],
            _heard(member),
            member["version"],
        )
        for member in answer["members"]
    ]
    page: Page = [Table.of(columns, rows)]
    if not answer["quorum"]:
        missing = ", ".join(answer["missing"]) or "a leader"
        page.append(Line(f"no quorum: {missing} is missing", "red"))
    for member in answer["members"]:
        if losses := member.get("losses"):  # a host of version 0.1.0 says none
            name = member["printer"] or member["name"]
            more = f" (and {len(losses) - 1} more)" if losses[1:] else ""
            page.append(Line(f"if {name} left for good: {losses[0]}{more}", "yellow"))
    return page + (requests_page(answer) if answer["requests"] else [])


def requests_page(answer: _Thing) -> Page:
    """Who waits to be let in."""
    columns = (
        Column("host", lead=True),
        Column("id", whole=True),
        Column("code", whole=True),
        Column("", lead=True),
    )
    rows = [
        (one["name"], short(one["host_id"]), one["code"], _wish(one))
        for one in answer["requests"]
    ]
    page: Page = [Table.of(columns, rows, "nobody waits to be let in")]
    if rows:
        page.append(Line("if a host shows the same code: netqueue admit HOST CODE"))
    if answer["forgotten"]:
        names = ", ".join(one["name"] for one in answer["forgotten"])
        page.append(Line(f"forgotten, and may be let in again: {names}"))
    return page


def _wish(one: _Thing) -> str:
    if one.get("either"):  # a host of version 0.1.0 does not say it
        return "is new, too: let it in here or there"
    if one["asks"]:
        return f"asks at {one['via']}" if one["via"] else "asks to be let in"
    return (
        "would let this host in" if one["lets_in"] else "is asked to let this host in"
    )


def _heard(member: _Thing) -> str:
    if member["here"]:
        return ""
    if member["silent_s"] is None:
        return "offline"
    return f"{duration(member['silent_s'])} ago"


def print_page(answer: _Thing) -> Page:
    """One print."""
    one = answer["print"]
    facts = (
        ("id", one["print_id"]),
        ("job", f"{one['job']} ({short(one['job_id'])})"),
        ("printer", one["printer"] or short(one["printer_id"])),
        ("started", moment(one["started"])),
        ("ended", moment(one["ended"])),
        ("decided by", one["decided_by"]),
    )
    page: Page = [
        Line(f"{one['file'] or one['job']}: {one['state']}{_reason(one)}", "bold")
    ]
    page += [Line(f"  {name}: {text}") for name, text in facts if text]
    return page + _choices(one)


def _choices(one: _Thing) -> Page:
    """What a person can decide, and what each risks."""
    choices = one.get("choices", {})
    if not choices:
        return []
    word = f"netqueue print {short(one['print_id'])}"
    page: Page = [Line("look at the bed, then decide:", "yellow")]
    for action, risk in choices.items():
        command = "wait" if action == "wait" else f"{word} {action}"
        page.append(Line(f"  {command}: {risk}"))
    return page


def history_page(answer: _Thing) -> Page:
    """The prints that ended last, and totals."""
    columns = (
        Column("ended", lead=True, whole=True),
        Column("printer", lead=True),
        Column("file", lead=True),
        Column("state", whole=True),
        Column("took", whole=True),
        Column("why"),
    )
    rows = [
        (
            moment(one["ended"]),
            one["printer"],
            one["file"] or one["job"],
            one["state"],
            _took(one),
            one["reason"],
        )
        for one in answer["prints"]
    ]
    totals = answer["totals"]
    return [
        Table.of(columns, rows, "no print has ended yet"),
        Line(
            f"in all: {totals['prints_done']} done, {totals['prints_failed']} failed;"
            f" {totals['jobs_completed']} of {totals['jobs_added']} jobs complete"
        ),
    ]


def _took(one: _Thing) -> str:
    if one["started"] is None or one["ended"] is None:
        return ""
    return duration(one["ended"] - one["started"])


def events_page(answer: _Thing) -> Page:
    """Who did what, newest first."""
    columns = (
        Column("at", lead=True, whole=True),
        Column("host", lead=True),
        Column("who", lead=True),
        Column("from", lead=True),
        Column("what"),
        Column("refused"),
    )
    rows = [
        (
            moment(one["at"]),
            one["host"],
            one["who"],
            one["address"],
            one["what"],
            one["refused"],
        )
        for one in answer["events"]
    ]
    return [Table.of(columns, rows, "nothing has happened yet")]
