"""What all commands share: which host, which queue, how to answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import click

from .address import DEFAULT_URL, Address, demo_printer, parse
from .client import Client
from .errors import CliError, CommandPending, WrongUsage
from .page import Page
from .screen import Screen

_T = TypeVar("_T")
_ABOUT_THE_HOST = ("status",)  # not about one queue


class Session:
    """One call of `netqueue`."""

    def __init__(self) -> None:
        self.url: str | None = None
        self.api_key: str | None = None
        self.queue: str | None = None
        self.as_json = False

    @cached_property
    def address(self) -> Address:
        """The host that was named, else the demo in this folder, else this machine."""
        if self.url is not None:
            return parse(self.url)
        found = demo_printer()
        if found is None:
            return parse(DEFAULT_URL)
        name, url = found
        address = parse(url)
        self.remark(f"using {name} of the demo in this folder, {address.url}")
        return address

    @cached_property
    def client(self) -> Client:
        key = self.api_key
        if key and not (key.isascii() and key.isprintable()):
            raise WrongUsage("--api-key: a key is plain letters and digits")
        return Client(self.address, key)

    @cached_property
    def screen(self) -> Screen:
        return Screen()

    def call(self, method: str, endpoint: str, **values: Any) -> Any:
        """What an endpoint answers; arguments that are None are left out."""
        given = {name: value for name, value in values.items() if value is not None}
        return self._call(method, endpoint, given)

    def post(self, endpoint: str, body: dict[str, Any]) -> Any:
        """As `call`, but here None is passed on: it says "none"."""
        return self._call("POST", endpoint, body)

    def _call(self, method: str, endpoint: str, given: dict[str, Any]) -> Any:
        if self.queue is not None and endpoint not in _ABOUT_THE_HOST:
            given["queue"] = self.queue
        return self.client.call(method, endpoint, given)

    def show(self, answer: Any, page: Callable[[Any], Page]) -> None:
        """Print an answer; raises CommandPending for one that waits for a quorum."""
        pending = answer.get("pending") is True
        if self.as_json:
            self.say_json(answer)
        elif not pending:  # nothing has changed yet
            self.screen.show(understood(answer, page))
        if pending:
            raise CommandPending(
                answer.get("message")
                or "kept on the host's disk: it is done as soon as the majority of the"
                " queue's hosts is back. Do not repeat it"
            )

    def say_json(self, document: Any) -> None:
        """One JSON document on standard output."""
        click.echo(json.dumps(document, indent=2))

    def remark(self, text: str) -> None:
        """A word beside the answer."""
        click.echo(text, err=True)


def understood(answer: Any, page: Callable[[Any], _T]) -> _T:
    """The page of an answer; raises CliError for one of an unknown shape."""
    try:
        return page(answer)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise CliError(
            f"the host's answer is not understood ({error!r}): does it run another"
            " version? --json shows it as it is"
        ) from error
