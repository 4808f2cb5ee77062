"""Who said a command: its author signs it for one group, every host checks (R12).

A leader orders what the hosts say; it cannot speak for another one. The queue and the
group are signed too: nothing can be said again in another one. A group has a new id in
each generation, so an author signs as late as it delivers.
"""

from __future__ import annotations

from dataclasses import replace

from ..model.codec import dumps
from ..model.command import Command, schema_of, signed_part
from ..model.schema import SIGNED
from ..ports import Signer


class Signatures:
    """Signs what this host says in a queue, and checks what anybody says."""

    def __init__(self, queue: str, host_id: str, signer: Signer) -> None:
        self._queue = queue
        self._host_id = host_id
        self._signer = signer

    def signed(self, command: Command, group: str) -> Command:
        """The command with its author's signature, if that is this host."""
        if command.id.author != self._host_id:
            return command
        command = replace(command, schema=schema_of(command.body))
        signature = self._signer.sign(self._text(command, group))
        return replace(command, signature=signature)

    def refusal(self, command: Command, group: str, rules: int) -> str | None:
        """Why a command counts for nothing in a group that goes by `rules`."""
        if rules < SIGNED:
            return None
        author = command.id.author
        if not command.signature:
            return f"host {author[:8]} did not sign it"
        text = self._text(command, group)
        if self._signer.is_signed(author, text, command.signature):
            return None
        return f"host {author[:8]} did not sign this, for this group"

    def _text(self, command: Command, group: str) -> bytes:
        signed = ["netqueue command", self._queue, group, signed_part(command)]
        return dumps(signed).encode("ascii")
