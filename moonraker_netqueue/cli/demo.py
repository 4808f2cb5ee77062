"""Commands about the demo, and completion of commands in a shell."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import get_completion_class

from ..virtual_printer.demo_control import ask_restart
from ..virtual_printer.installation import DEMO_FOLDER
from .errors import CliError
from .session import Session
from .verb import Verb, Verbs, pass_session


@click.group(cls=Verbs)
def demo() -> None:
    """A demo that was started by './install.sh demo'."""


@demo.command()
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=DEMO_FOLDER,
    help="The demo's folder.",
)
@pass_session
def restart(session: Session, name: str, folder: Path) -> None:
    """Start a printer that died again, such as printer2."""
    ask_restart(folder.resolve(), name)
    if session.as_json:
        session.say_json({"restarted": name})
    else:
        click.echo(f"{name} is ready")


@click.command(cls=Verb)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """A script that completes commands and options.

    \b
    bash: source <(netqueue completion bash)
    zsh:  source <(netqueue completion zsh)
    fish: netqueue completion fish | source
    """
    known = get_completion_class(shell)
    if known is None:
        raise CliError(f"this version of click completes nothing for {shell}")
    root = context.find_root().command
    click.echo(known(root, {}, "netqueue", "_NETQUEUE_COMPLETE").source())


COMMANDS: tuple[click.Command, ...] = (demo, completion)
