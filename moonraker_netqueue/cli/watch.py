"""`netqueue watch`: the queue as it changes, for as long as somebody looks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import click
from rich.live import Live

from . import farm_pages, job_pages
from .errors import HostRefused, HostUnreachable
from .feed import Feed
from .page import Line, Page
from .screen import Screen, drawn
from .session import Session, understood
from .text import clean, short
from .verb import Verb, pass_session

_RETRY_SECONDS = 1.0
_GATHER_SECONDS = 0.2  # changes of one moment are read at once
_QUIET_SECONDS = 10.0  # then it reads again: a host that goes makes no notification
_HOPELESS = (400, 401, 403, 404)  # answers that waiting does not make better


class View(Protocol):
    """Where the watcher shows what it sees."""

    def queue(self, jobs: Any, printers: Any) -> None:
        """The queue as it is now."""

    def change(self, change: Any) -> None:
        """A notification of it, as it came."""

    def away(self, reason: str) -> None:
        """The host is out of reach; what is shown is old."""


async def follow(session: Session, view: View) -> None:
    """Never ends, but for an error that waiting does not mend."""
    while True:
        try:
            feed = await Feed.connect(session)
            try:
                await _follow(feed, view)
            finally:
                feed.close()
        except HostRefused as error:
            if error.status in _HOPELESS:
                raise
            view.away(str(error))
        except HostUnreachable as error:
            view.away(str(error))
        await asyncio.sleep(_RETRY_SECONDS)


async def _follow(feed: Feed, view: View) -> None:
    """Read, and again after each change."""
    while True:
        jobs = await feed.ask("jobs")
        view.queue(jobs, await feed.ask("printers"))
        changes = await feed.changes(_QUIET_SECONDS)
        if changes:
            changes += await feed.changes(_GATHER_SECONDS)
        for change in changes:
            if change["queue"] == jobs["queue"]:
                view.change(change)


class TerminalView:
    """A page that is drawn again and again in its place."""

    def __init__(self, screen: Screen, url: str) -> None:
        self._screen = screen
        self._url = url
        self._page: Page = []
        self._away = ""
        self._live = Live(console=screen.console, auto_refresh=False)

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGWINCH, self.draw)
        with self._live:
            yield

    def queue(self, jobs: Any, printers: Any) -> None:
        self._away = ""
        self._page = understood((jobs, printers), self._lines)
        self.draw()

    def change(self, change: Any) -> None:
        """The next reading shows it."""

    def away(self, reason: str) -> None:
        if not self._away:
            self._away = f"away since {time.strftime('%H:%M:%S')}; below is older"
        reasons: Page = [
            Line(self._away, "red"),
            Line(f"trying again: {reason}", "red"),
        ]
        self._page = reasons + [part for part in self._page if not _is_red(part)]
        self.draw()

    def draw(self) -> None:
        self._live.update(drawn(self._page, self._screen.console.width), refresh=True)

    def _lines(self, answers: Any) -> Page:
        jobs, printers = answers
        now = time.strftime("%H:%M:%S")
        return [
            Line(f"queue {jobs['queue']} at {self._url}, {now}", "bold"),
            *farm_pages.printers_page(printers),
            Line(""),
            *job_pages.jobs_page(jobs),
        ]


def _is_red(part: object) -> bool:
    return isinstance(part, Line) and part.style == "red"


class LineView:
    """A line for each thing that changed: for files, pipes and screen readers."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._shown: dict[str, str] = {}
        self._is_away = False

    def queue(self, jobs: Any, printers: Any) -> None:
        if self._is_away:
            self._tell(f"the host is back, queue {jobs['queue']}")
        self._is_away = False
        lines: dict[str, str] = understood((jobs, printers), _lines)
        for key in self._shown.keys() - lines.keys():
            self._tell(f"gone: {self._shown[key]}")
        for key, line in lines.items():
            if self._shown.get(key) != line:
                self._tell(line)
        self._shown = lines

    def change(self, change: Any) -> None:
        """The next reading shows it."""

    def away(self, reason: str) -> None:
        if not self._is_away:
            self._tell(f"the host is away, trying again: {reason}")
        self._is_away = True

    def _tell(self, text: str) -> None:
        self._say(f"{time.strftime('%H:%M:%S')} {clean(text)}")


def _lines(answers: Any) -> dict[str, str]:
    """Jobs and printers, a line each."""
    jobs, printers = answers
    lines = {}
    for printer in printers["printers"]:
        prints = "; ".join(one["file"] or one["job"] for one in printer["prints"])
        words = [f"{printer['name']}: {printer['state']}", prints, printer["reason"]]
        lines[printer["printer_id"]] = ", ".join(word for word in words if word)
    for job in jobs["jobs"]:
        words = [
            f"{job['name']} ({short(job['job_id'])}): {job_pages.progress(job)} done",
            job["why"] or job["state"],
        ]
        lines[job["job_id"]] = ", ".join(words)
    return lines


class JsonView:
    """Each notification as a line of JSON; each outage as one on standard error."""

    def __init__(self) -> None:
        self._is_away = False

    def queue(self, jobs: Any, printers: Any) -> None:
        self._is_away = False  # only changes are told

    def change(self, change: Any) -> None:
        click.echo(json.dumps(change))

    def away(self, reason: str) -> None:
        if not self._is_away:
            problem = {"error": {"code": None, "message": reason}}
            click.echo(json.dumps(problem), err=True)
        self._is_away = True


@click.command(cls=Verb)
@pass_session
def watch(session: Session) -> None:
    """The queue as it changes, until Ctrl-C. With --json a line for each change."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(session))


async def _watch(session: Session) -> None:
    if session.as_json:
        await follow(session, JsonView())
    elif not session.screen.is_terminal:
        await follow(session, LineView(click.echo))
    else:
        view = TerminalView(session.screen, session.address.url)
        with view.open():
            await follow(session, view)


COMMANDS: tuple[click.Command, ...] = (watch,)
