"""`netqueue recover`: let a queue go on without hosts that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from .farm import me
from .page import Column, Line, Page, Table
from .session import Session, understood
from .text import short
from .verb import Verb, pass_session

_Thing = Mapping[str, Any]


@click.command(cls=Verb)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--by", help="Who decides.")
@pass_session
def recover(session: Session, yes: bool, by: str | None) -> None:
    """Let the queue go on without hosts that do not come back.

    Shows who is missing and what it risks, then asks. It ends no reservation: what a
    missing printer holds is decided with `netqueue print`, one by one. With --json it
    only shows, unless --yes is given.
    """
    shown = session.call("GET", "recover")
    if session.as_json and not (yes and shown["needed"]):
        session.say_json(shown)
        return
    if not session.as_json:
        session.screen.show(understood(shown, risks_page))
    if not shown["needed"]:
        return
    if not yes:
        click.confirm("Go on without them?", abort=True)
    answer = session.call("POST", "recover", group=shown["group"], by=by or me())
    session.show(answer, recovered_page)


def risks_page(shown: _Thing) -> Page:
    """Who is missing, who goes on, and what may be lost or made twice."""
    if not shown["needed"]:
        return [Line(f"nothing to do: {shown['reason']}")]
    page: Page = [
        Line(f"missing: {_names(shown['missing'])}", "red"),
        Line(f"would go on: {_names(shown['following'])}"),
    ]
    if shown["unseen"]:
        page.append(Line(shown["unseen"], "yellow"))
    else:
        page.append(Line("all that was accepted is here: nothing is lost by it"))
    if shown["twice"]:
        page.append(Line(shown["twice_if"], "yellow"))
        columns = (Column("may be made twice", lead=True), Column("copies"))
        rows = [(row["job"], row["copies"]) for row in shown["twice"]]
        page.append(Table.of(columns, rows))
    return page + _held(shown["held"])


def recovered_page(answer: _Thing) -> Page:
    """What is new, and what is left to decide."""
    page: Page = [
        Line(
            f"the queue goes on, as generation {answer['generation']}"
            f" ({short(answer['group'])})",
            "bold",
        )
    ]
    page += [
        Line(f"  job {name!r} was removed by one host and changed by another: gone")
        for name in answer["overruled"]
    ]
    return page + _held(answer["held"])


def _held(prints: list[_Thing]) -> Page:
    """Copies of printers that are out of reach: a decision each."""
    if not prints:
        return []
    columns = (
        Column("print", lead=True, whole=True),
        Column("printer", lead=True),
        Column("job", lead=True),
        Column("state"),
        Column("if it is printed again"),
    )
    rows = [
        (
            short(one["print_id"]),
            one["printer"] or short(one["printer_id"]),
            one["job"],
            one["state"],
            one["choices"]["retry"],
        )
        for one in prints
    ]
    advice = "these copies stay with their printers; or: netqueue print PRINT retry"
    return [Table.of(columns, rows), Line(advice)]


def _names(hosts: list[_Thing]) -> str:
    return ", ".join(host["name"] for host in hosts)


COMMANDS: tuple[click.Command, ...] = (recover,)
