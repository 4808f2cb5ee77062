"""Which job, printer or print is meant: by a beginning of its id, or by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .errors import CliError
from .session import Session, understood
from .text import clean

_FULL_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")
_LISTED_MAX = 10
_IDENTIFIERS = {"jobs": "job_id", "printers": "printer_id", "members": "host_id"}
_BEGINNING_MIN = 4  # of an id; less is a name, such as 'a'
_Thing = dict[str, Any]


def job_id(session: Session, text: str) -> str:
    """The id of the job that is meant."""
    if _FULL_ID.fullmatch(text):
        return text
    return str(job(session, text)["job_id"])


def job(session: Session, text: str) -> _Thing:
    """The job that is meant; among those of one name the one that is not done."""
    jobs = _rows(session, "jobs")
    found = _matching(jobs, text, "job_id", "name")
    still_open = [one for one in found if one["state"] != "done"]
    if len(found) > 1 and len(still_open) == 1:
        found = still_open
    return _only(found, "job", text, "job_id", "netqueue ls")


def printer_id(session: Session, text: str | None) -> str | None:
    """The id of the printer that is meant; None stands for the host's own."""
    if text is None or _FULL_ID.fullmatch(text):
        return text
    found = _matching(_rows(session, "printers"), text, "printer_id", "name")
    return str(
        _only(found, "printer", text, "printer_id", "netqueue printers")["printer_id"]
    )


def member_id(session: Session, text: str) -> str:
    """The id of the host that is meant."""
    if _FULL_ID.fullmatch(text):
        return text
    rows = [
        row | {"name": row["printer"] or row["name"]}
        for row in _rows(session, "members")
    ]
    found = _matching(rows, text, "host_id", "name")
    return str(_only(found, "host", text, "host_id", "netqueue members")["host_id"])


def member(session: Session, host_id: str) -> _Thing:
    """What the queue knows of a member; empty: nothing."""
    rows = [row for row in _rows(session, "members") if row["host_id"] == host_id]
    return rows[0] if rows else {}


def waiting_id(rows: Sequence[_Thing], text: str) -> str:
    """The id of the host, among those that wait or were forgotten."""
    if _FULL_ID.fullmatch(text):
        return text
    found = _matching(rows, text, "host_id", "name")
    return str(_only(found, "host", text, "host_id", "netqueue admit")["host_id"])


def print_id(session: Session, text: str) -> str:
    """The id of the print that is meant; a printer's name means the one it has."""
    if _FULL_ID.fullmatch(text):
        return text
    prints = [
        one | {"name": f"{one['file'] or one['job']} on {printer['name']}"}
        for printer in _rows(session, "printers")
        for one in printer["prints"]
    ]
    found = _matching(prints, text, "print_id", "printer")
    made = [one for one in found if one["state"] == "printing"]
    if len(found) > 1 and len(made) == 1:
        found = made  # not the copy that the same printer has reserved
    if not found:  # those that ended are kept for a while, to be looked at
        ended = session.call("GET", "history")["prints"]
        named = [one | {"name": one["file"]} for one in ended]
        found = _matching(named, text, "print_id", "print_id")
    return str(_only(found, "print", text, "print_id", "netqueue printers")["print_id"])


def _rows(session: Session, what: str) -> list[_Thing]:
    """The things that an answer lists; raises CliError for an unknown shape."""
    answer = session.call("GET", what)
    identifier = _IDENTIFIERS[what]

    def rows(answer: _Thing) -> list[_Thing]:
        return [
            one | {identifier: str(one[identifier]), "name": str(one["name"])}
            for one in answer[what]
        ]

    return understood(answer, rows)


def _matching(
    things: Sequence[_Thing], text: str, identifier: str, name: str
) -> list[_Thing]:
    return [
        thing
        for thing in things
        if thing[name] == text
        or (len(text) >= _BEGINNING_MIN and thing[identifier].startswith(text))
    ]


def _only(
    found: Sequence[_Thing], kind: str, text: str, identifier: str, remedy: str
) -> _Thing:
    if len(found) == 1:
        return found[0]
    if not found:
        raise CliError(
            f"no {kind} has the name {text!r}, or an id that begins so"
            f" ({_BEGINNING_MIN} letters at least): see '{remedy}'",
            404,
        )
    listed = ", ".join(
        f"{one[identifier][: max(8, len(text) + 4)]} ({clean(one['name'])})"
        for one in found[:_LISTED_MAX]
    )
    more = f" and {len(found) - _LISTED_MAX} more" if len(found) > _LISTED_MAX else ""
    raise CliError(f"{text!r} may be {listed}{more}: give more of the id", 409)
