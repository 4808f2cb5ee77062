"""`netqueue queue`: the settings of a queue, read and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from . import hours
from .page import Line, Page
from .session import Session
from .verb import Verb, pass_session

_NONE = "none"


def _pairs(
    _context: click.Context, option: click.Parameter, typed: Sequence[str]
) -> dict[str, float | None] | None:
    """NAME=NUMBER of each; `none` makes one what it was before anybody set it."""
    pairs: dict[str, float | None] = {}
    for text in typed:
        name, sign, number = text.rpartition("=")
        try:
            pairs[name] = None if number == _NONE else float(number)
        except ValueError:
            sign = ""
        if not sign or not name:
            raise click.BadParameter(f"{text!r} is not {option.metavar}")
    return pairs or None


@click.command(cls=Verb)
@click.option("--title", help="What people read in place of its name; '' for none.")
@click.option("--strategy", help="How work is shared out.")
@click.option(
    "--weight",
    "weights",
    metavar="NAME=MINUTES",
    multiple=True,
    callback=_pairs,
    help="Such as change_minutes=20; 'none' for the usual.",
)
@click.option(
    "--share",
    "shares",
    metavar="OWNER=NUMBER",
    multiple=True,
    callback=_pairs,
    help="Of an owner, in proportion to the others; 'none' for no share.",
)
@click.option(
    "--operator",
    metavar="HOURS",
    multiple=True,
    callback=hours.read_hours,
    help=f"When a person is there, such as {hours.EXAMPLE}; 'none': always.",
)
@click.option("--start-spacing-s", type=int, help="Seconds between two starts.")
@pass_session
def queue(session: Session, /, **settings: Any) -> None:
    """The settings of the host's queues; with an option, change them for all hosts."""
    if any(value is not None for value in settings.values()):
        answer = session.call("POST", "queues", **settings)
        session.show(answer, lambda told: _queue(told["queue"]))
        return
    answer = session.client.call("GET", "queues", {})
    name = session.queue
    shown = [q for q in answer["queues"] if name in (None, q["queue"])]
    session.show({"queues": shown}, queues_page)


def queues_page(answer: Mapping[str, Any]) -> Page:
    """Each queue and its settings."""
    page = [line for one in answer["queues"] for line in _queue(one)]
    return page or [Line("the host serves no queue of that name")]


def _queue(one: Mapping[str, Any]) -> Page:
    title = f": {one['title']}" if one["title"] else ""
    spacing = one["start_spacing_s"]
    spread = f"; starts are spread by {spacing} s" if spacing else ""
    page: Page = [
        Line(f"queue {one['queue']}{title}", "bold"),
        Line(f"  strategy: {one['strategy']}{spread}"),
        Line(f"  weights: {_listed(one['weights'])}"),
    ]
    page += [Line(f"  somebody is there: {hours.shown(p)}") for p in one["operator"]]
    if one["shares"]:
        page.append(Line(f"  shares: {_listed(one['shares'])}"))
    return page


def _listed(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {number:g}" for name, number in numbers.items())


COMMANDS: tuple[click.Command, ...] = (queue,)
