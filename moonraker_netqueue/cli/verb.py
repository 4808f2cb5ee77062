"""A command of `netqueue`: the options that all have, before or after its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .session import Session

pass_session = click.make_pass_decorator(Session, ensure=True)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Note an option in the session, where it was given."""

    def keep(context: click.Context, _option: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            setattr(context.ensure_object(Session), name, value)

    return keep


def _shared(with_environment: bool) -> list[click.Parameter]:
    def option(flag: str, name: str, variable: str, words: str) -> click.Option:
        return click.Option(
            [flag, name],
            envvar=variable if with_environment else None,
            help=words,
            expose_value=False,
            callback=_keep(name),
        )

    return [
        option("--url", "url", "NETQUEUE_URL", "A printer's Moonraker."),
        option("--api-key", "api_key", "NETQUEUE_API_KEY", "Its key, if it needs one."),
        option("--queue", "queue", "NETQUEUE_QUEUE", "Where it serves several."),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            help="The host's answer as JSON.",
            expose_value=False,
            callback=_keep("as_json"),
        ),
    ]


class Verb(click.Command):
    """A command with the shared options."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        # From the environment they come once, at the group: what is typed wins.
        self.params.extend(_shared(with_environment=False))


class Verbs(click.Group):
    """A group of such commands."""

    command_class = Verb

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params.extend(_shared(with_environment=True))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of their use, not of the alphabet


Verbs.group_class = Verbs
