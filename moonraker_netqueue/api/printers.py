"""Endpoints about printers and prints; calls about others go to their owners."""

from __future__ import annotations

from typing import Any

from ..model.command import Decision, PrintDecide
from ..model.print import ENDED, Print, PrintState
from .arguments import Arguments
from .camera import camera_view
from .errors import ApiError
from .host import Host
from .periods import read_periods
from .queue import ServedQueue
from .undecided import choices
from .views import print_view, printer_view

_ACTIONS = ("cancel", "retry", "mark_done", "release")


class PrinterEndpoints:
    """What `printers`, `printer`, `print` and `bed_clear` do."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def list_printers(self, arguments: Arguments) -> dict[str, Any]:
        """Every printer of the queue: state, bed, materials, and why it is idle."""
        queue = self._host.queue(arguments)
        arguments.finish()
        why, gone = await self._host.why_idle(queue), queue.gone()
        printers = sorted(
            queue.state.printers.values(), key=lambda p: (p.profile.name, p.host)
        )
        return {
            "queue": queue.name,
            "revision": queue.revision,
            "printers": [
                printer_view(
                    queue.state,
                    printer,
                    self._host.reaches(queue, printer.host),
                    why.get(printer.host),
                )
                for printer in printers
                if printer.host not in gone
            ],
        }

    async def write_printer(self, arguments: Arguments) -> dict[str, Any]:
        """Change a printer's own entry: accept, materials, spools, costs, hours."""
        queue, owner = self._owner(arguments)
        if owner != self._host.host_id:
            return await self._host.ask_owner(queue, owner, "printer", arguments)
        changes: dict[str, Any] = {}
        if "accept" in arguments:
            changes["accept"] = arguments.boolean("accept")
        for word in ("materials", "materials_ready", "tags"):
            if word in arguments:
                changes[word] = arguments.words(word)
        if "manual_effort_cost" in arguments:
            changes["manual_effort_cost"] = arguments.integer("manual_effort_cost")
        for word in ("grams_left", "spool_grams"):
            if word in arguments:
                changes[word] = arguments.optional_number(word)
        if "hours" in arguments:
            changes["hours"] = read_periods(arguments, "hours")
        arguments.finish()
        await self._host.agent.change(changes)
        return {"printer": self._host.agent.view()}

    async def clear_bed(self, arguments: Arguments) -> dict[str, Any]:
        """Record that a bed is clear, by whose word."""
        queue, owner = self._owner(arguments)
        if owner != self._host.host_id:
            return await self._host.ask_owner(queue, owner, "bed_clear", arguments)
        by = arguments.who()
        arguments.finish()
        await self._host.agent.bed_clear(by)
        return {"printer": self._host.agent.view()}

    async def show_camera(self, arguments: Arguments) -> dict[str, Any]:
        """Where a printer's camera gives a picture, if it has one."""
        queue, owner = self._owner(arguments)
        if owner != self._host.host_id:
            return await self._host.ask_owner(queue, owner, "camera", arguments)
        arguments.finish()
        return {"camera": camera_view(self._host.cameras())}

    async def read_print(self, arguments: Arguments) -> dict[str, Any]:
        """One print, live or among the last that ended."""
        queue = self._host.queue(arguments)
        print_ = self._print(queue, arguments.text("print_id"))
        arguments.finish()
        view = print_view(queue.state, print_)
        away = not self._host.reaches(queue, print_.host)
        if print_.state is PrintState.LOST or (away and print_.state not in ENDED):
            view["choices"] = choices(print_)
        return {"print": view}

    async def act_on_print(self, arguments: Arguments) -> dict[str, Any]:
        """Cancel or release a print at its printer; decide about a lost one, or one
        whose printer is out of reach."""
        queue = self._host.queue(arguments)
        print_ = self._print(queue, arguments.text("print_id"))
        action = arguments.text("action")
        if action not in _ACTIONS:
            raise ApiError(
                400, f"argument 'action': one of {', '.join(_ACTIONS)}, not {action!r}"
            )
        by = arguments.who()
        if action in ("retry", "mark_done"):
            arguments.finish()
            absent = not self._host.reaches(queue, print_.host)
            decision = PrintDecide(print_.print_id, Decision(action), by, absent)
            pending = await queue.submit(decision)
            return self._answer(queue, print_.print_id, pending)
        if print_.host != self._host.host_id:
            return await self._host.ask_owner(queue, print_.host, "print", arguments)
        arguments.finish()
        if action == "cancel":
            await self._host.agent.cancel(print_.print_id, by)
        else:
            await self._host.agent.release(print_.print_id, by)
        return self._answer(queue, print_.print_id)

    def _owner(self, arguments: Arguments) -> tuple[ServedQueue, str]:
        """The queue, and the host of the printer that a call is about.

        One's own printer is the same in every queue.
        """
        if "printer_id" not in arguments and "queue" not in arguments:
            return next(iter(self._host.queues.values())), self._host.host_id
        queue = self._host.queue(arguments)
        owner = arguments.text("printer_id", self._host.host_id)
        if owner not in queue.state.printers and owner != self._host.host_id:
            raise ApiError(404, f"queue {queue.name!r} has no printer {owner[:64]!r}")
        return queue, owner

    def _print(self, queue: ServedQueue, print_id: str) -> Print:
        print_ = queue.state.prints.get(print_id)
        if print_ is not None:
            return print_
        for ended in queue.state.finished:
            if ended.print_id == print_id:
                return ended
        raise ApiError(404, f"queue {queue.name!r} has no print {print_id[:64]!r}")

    def _answer(
        self, queue: ServedQueue, print_id: str, pending: bool = False
    ) -> dict[str, Any]:
        print_ = self._print(queue, print_id)
        view = print_view(queue.state, print_)
        return {"print": view, "pending": pending}
