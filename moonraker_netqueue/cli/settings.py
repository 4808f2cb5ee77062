"""`netqueue queue`: the settings of a queue, read and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from .page import Line, Page
from .session import Session
from .verb import Verb, pass_session

_NONE = "none"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


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
@click.option("--start-spacing-s", type=int, help="Seconds between two starts.")
@pass_session
def queue(session: Session, /, **settings: Any) -> None:
    """The settings of the host's queues; with an option, change them for all hosts.

    When a person is there (`operator`) is set by POST queues: see docs/api.md.
    """
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
    page += [Line(f"  somebody is there: {_period(p)}") for p in one["operator"]]
    if one["shares"]:
        page.append(Line(f"  shares: {_listed(one['shares'])}"))
    return page


def _listed(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {number:g}" for name, number in numbers.items())


def _period(period: Mapping[str, Any]) -> str:
    days = " ".join(_DAYS[day] for day in period["days"])
    text = f"{days} {period['start']} for {period['duration']} min ({period['tz']})"
    most = period["max_manual_events"]
    return text if most is None else f"{text}, at most {most} times"


COMMANDS: tuple[click.Command, ...] = (queue,)
