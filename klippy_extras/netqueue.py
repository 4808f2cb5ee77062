# G-code commands and a status object for the shared print queue of Moonraker
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

import logging
from typing import Any

_SILENCE = 15.0  # seconds; Moonraker's component speaks every 5 s
_TIMEOUT_MAX = 86400  # seconds
_TEXT_MAX = 1000  # characters of a text that is shown
_UNKNOWN = "unknown"
# What Moonraker tells, and what stands there before it has.
_FIELDS: dict[str, Any] = {
    "version": "",
    "name": "",
    "queues": {},
    "paused": False,
    "jobs": 0,
    "waiting": 0,
    "printing": 0,
    "state": _UNKNOWN,
    "bed": _UNKNOWN,
    "accept": False,
    "materials_ready": [],
    "job": "",
    "why": "",
}
_QUEUE_FIELDS: dict[str, Any] = {
    "paused": False,
    "jobs": 0,
    "waiting": 0,
    "printing": 0,
}
_COMMANDS = (
    "BED_CLEAR",
    "PAUSE",
    "RESUME",
    "STATUS",
    "MATERIAL",
    "ADD",
    "DECIDE",
    "ADMIT",
    "REFUSE",
)
_REMEDY = (
    "Is Moonraker running, with a section [netqueue] in moonraker.conf, and no warning"
    " of netqueue in the dashboard?"
)


class NetQueue:
    def __init__(self, config: Any) -> None:
        self.printer = config.get_printer()
        self.reactor = self.printer.get_reactor()
        self.gcode = self.printer.lookup_object("gcode")
        self.webhooks = self.printer.lookup_object("webhooks")
        self.clear_macro: str = config.get("clear_macro", "").strip().upper()
        self.clear_timeout: int = config.getint(
            "clear_timeout", 0, minval=0, maxval=_TIMEOUT_MAX
        )
        self.status = _cleaned(_FIELDS, {})
        self.heard: float | None = None
        self.clearing = ""  # the macro that runs
        self.printer.register_event_handler("klippy:connect", self._handle_connect)
        self.webhooks.register_endpoint("netqueue/update", self._handle_update)
        self.webhooks.register_endpoint("netqueue/clear", self._handle_clear)
        for name in _COMMANDS:
            self.gcode.register_command(
                f"NETQUEUE_{name}",
                getattr(self, f"cmd_NETQUEUE_{name}"),
                desc=getattr(self, f"cmd_NETQUEUE_{name}_help"),
            )

    def get_status(self, eventtime: float) -> dict[str, Any]:
        connected = self._connected(eventtime)
        status = dict(
            self.status,
            connected=connected,
            clearing=bool(self.clearing),
            clear_macro=self.clear_macro,
            clear_timeout=self.clear_timeout,
        )
        if not connected:
            # A macro must not act on what was true once.
            status.update(state=_UNKNOWN, bed=_UNKNOWN)
        return status

    # The commands. What they ask is answered later, through netqueue/update: a
    # command that waited would hold up the print it is used in.

    cmd_NETQUEUE_BED_CLEAR_help = "Say that the bed is clear: [BY=<name>]"

    def cmd_NETQUEUE_BED_CLEAR(self, gcmd: Any) -> None:
        params = _taken(gcmd, BY="by")
        if self.clearing:
            gcmd.respond_info(
                f"netqueue: the bed counts as clear once {self.clearing} has ended well"
            )
            return
        self._call(gcmd, "netqueue_bed_clear", params)

    cmd_NETQUEUE_PAUSE_help = "Let a queue start no more prints: [QUEUE=<name>]"

    def cmd_NETQUEUE_PAUSE(self, gcmd: Any) -> None:
        self._call(gcmd, "netqueue_pause", _taken(gcmd, QUEUE="queue"))

    cmd_NETQUEUE_RESUME_help = "Let a queue start prints again: [QUEUE=<name>]"

    def cmd_NETQUEUE_RESUME(self, gcmd: Any) -> None:
        self._call(gcmd, "netqueue_resume", _taken(gcmd, QUEUE="queue"))

    cmd_NETQUEUE_STATUS_help = "Show the queues, and this printer as they see it"

    def cmd_NETQUEUE_STATUS(self, gcmd: Any) -> None:
        _taken(gcmd)
        self._check_heard(gcmd)
        lines = _summary(self.status)
        if not self._connected(self.reactor.monotonic()):
            lines.append("This is old: Moonraker speaks no more. Is it running?")
        gcmd.respond_info("\n".join(lines))

    cmd_NETQUEUE_MATERIAL_help = (
        "Say what is loaded: READY=<material>[:<colour>][,...]; without READY, show it"
    )

    def cmd_NETQUEUE_MATERIAL(self, gcmd: Any) -> None:
        params = _taken(gcmd, READY="materials_ready")
        if params:
            self._call(gcmd, "netqueue_material", params)
            return
        self._check_heard(gcmd)
        gcmd.respond_info("netqueue: " + _loaded(self.status))

    cmd_NETQUEUE_ADD_help = (
        "Add a file of this printer to a queue: FILE=<file> [COUNT=<copies>]"
        " [QUEUE=<name>] [NAME=<name of the job>]"
    )

    def cmd_NETQUEUE_ADD(self, gcmd: Any) -> None:
        gcmd.get("FILE")
        gcmd.get_int("COUNT", 1, minval=1)
        params = _taken(
            gcmd, FILE="filename", COUNT="count", QUEUE="queue", NAME="name"
        )
        self._call(gcmd, "netqueue_add", params)

    cmd_NETQUEUE_ADMIT_help = (
        "Let a host into a queue: HOST=<beginning of its id> [QUEUE=<name>]"
    )

    def cmd_NETQUEUE_ADMIT(self, gcmd: Any) -> None:
        gcmd.get("HOST")
        self._call(gcmd, "netqueue_admit", _taken(gcmd, HOST="host_id", QUEUE="queue"))

    cmd_NETQUEUE_REFUSE_help = (
        "Do not let a host into a queue: HOST=<beginning of its id> [QUEUE=<name>]"
    )

    def cmd_NETQUEUE_REFUSE(self, gcmd: Any) -> None:
        gcmd.get("HOST")
        self._call(gcmd, "netqueue_refuse", _taken(gcmd, HOST="host_id", QUEUE="queue"))

    cmd_NETQUEUE_DECIDE_help = (
        "Say how a lost print ended: PRINT=<id> ACTION=<retry|mark_done>"
        " [QUEUE=<name>] [BY=<name>]"
    )

    def cmd_NETQUEUE_DECIDE(self, gcmd: Any) -> None:
        gcmd.get("PRINT")
        gcmd.get("ACTION")
        params = _taken(gcmd, PRINT="print_id", ACTION="action", QUEUE="queue", BY="by")
        self._call(gcmd, "netqueue_decide", params)

    def _call(self, gcmd: Any, method: str, params: dict[str, str]) -> None:
        try:
            self.webhooks.call_remote_method(method, **params)
        except self.printer.command_error as error:
            raise _unanswered(gcmd, str(error)) from error

    def _check_heard(self, gcmd: Any) -> None:
        if self.heard is None:
            raise _unanswered(gcmd, "it has not spoken since Klipper started")

    def _connected(self, eventtime: float) -> bool:
        return self.heard is not None and eventtime - self.heard < _SILENCE

    # What Moonraker asks. Any error but a command's would shut Klipper down, and
    # every client may call this: nothing in it is taken for what it should be.

    def _handle_update(self, web_request: Any) -> None:
        status = web_request.get_dict("status", None)
        text = web_request.get_str("text", "")
        self.heard = self.reactor.monotonic()
        if status is not None:
            self.status = _cleaned(_FIELDS, status)
        if text:
            line = _one_line(text)
            if web_request.get("error", False) is True:
                self.gcode.respond_raw("!! netqueue: " + line)
            else:
                self.gcode.respond_info("netqueue: " + line, log=False)

    def _handle_clear(self, web_request: Any) -> None:
        """Run a macro under a timeout; whatever goes wrong is an error."""
        macro = web_request.get_str("macro").upper()
        seconds = web_request.get_int("timeout")
        if not 1 <= seconds <= _TIMEOUT_MAX:
            raise web_request.error(f"timeout must be 1 to {_TIMEOUT_MAX} s")
        if not self._has_macro(macro):
            raise web_request.error(_no_macro(macro))
        deadline = self.reactor.monotonic() + seconds
        # In a greenlet of its own: a macro cannot be stopped, but left to itself.
        done = self.reactor.register_callback(lambda _: self._clear(macro, deadline))
        problem = done.wait(deadline, f"it did not end within {seconds} s")
        if problem:
            raise web_request.error(problem)
        web_request.send({"macro": macro})

    def _clear(self, macro: str, deadline: float) -> str:
        """Run it to the end of its motion; what went wrong, or nothing."""
        try:
            with self.gcode.get_mutex():
                if self.reactor.monotonic() >= deadline:
                    return "other G-code ran for too long"  # and it is not wanted now
                if self._is_printing():
                    return "a print is under way"
                self.clearing = macro
                try:
                    self.gcode.run_script_from_command(macro)
                    self.printer.lookup_object("toolhead").wait_moves()
                finally:
                    self.clearing = ""
        except self.printer.command_error as error:
            return _one_line(str(error).strip()) or "its G-code failed"
        except Exception as error:  # else it would end Klipper's reactor
            logging.exception("netqueue: macro %s", macro)
            return f"internal error: {error}"
        message, state = self.printer.get_state_message()
        return "" if state == "ready" else _one_line(message)

    def _is_printing(self) -> bool:
        stats = self.printer.lookup_object("print_stats", None)
        if stats is None:
            return False
        state = stats.get_status(self.reactor.monotonic())["state"]
        return state in ("printing", "paused")

    def _has_macro(self, name: str) -> bool:
        # Klipper only shows a message for an unknown command: no error, no failure.
        macros = self.printer.lookup_objects("gcode_macro")
        known = {section.split(None, 1)[-1].upper() for section, _ in macros}
        return name in known or name in self.gcode.get_command_help()

    def _handle_connect(self) -> None:
        if self.clear_macro and not self._has_macro(self.clear_macro):
            raise self.printer.config_error(
                "Option 'clear_macro' in section 'netqueue': "
                + _no_macro(self.clear_macro)
            )


def _unanswered(gcmd: Any, why: str) -> Exception:
    error: Exception = gcmd.error(
        f"netqueue: Moonraker's component netqueue is not there ({why}). {_REMEDY}"
    )
    return error


def _no_macro(name: str) -> str:
    return f"there is no [gcode_macro {name[:80]}] in printer.cfg"


def _taken(gcmd: Any, **known: str) -> dict[str, str]:
    """The parameters under Moonraker's names; one that is not known is an error."""
    given: dict[str, str] = gcmd.get_command_parameters()
    wrong = sorted(set(given) - set(known))
    if wrong:
        names = ", ".join(known) or "none"
        raise gcmd.error(
            f"netqueue: {gcmd.get_command()} has no parameter {wrong[0][:40]};"
            f" known: {names}"
        )
    return {known[name]: value for name, value in given.items()}


def _cleaned(fields: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The known fields of `values`, each of the type of its default."""
    status: dict[str, Any] = {}
    for name, default in fields.items():
        value = values.get(name)
        status[name] = value if type(value) is type(default) else default
    if "queues" in status:
        status["queues"] = {
            name: _cleaned(_QUEUE_FIELDS, queue)
            for name, queue in status["queues"].items()
            if isinstance(queue, dict)
        }
    return status


def _summary(status: dict[str, Any]) -> list[str]:
    here = f"netqueue {status['version']} on {status['name']}:"
    lines = [
        f"{here} printer {status['state']}, bed {status['bed']}",
        _loaded(status),
    ]
    for name, queue in sorted(status["queues"].items()):
        line = (
            f"queue {name}: {queue['jobs']} jobs, {queue['waiting']} copies waiting,"
            f" {queue['printing']} printing"
        )
        lines.append(line + (", paused" if queue["paused"] else ""))
    if not status["accept"]:
        lines.append("this printer is switched off for the queue")
    if status["job"]:
        lines.append("it prints a copy of: " + status["job"])
    if status["why"]:
        lines.append("why it does not print: " + status["why"])
    return [_one_line(line) for line in lines]


def _loaded(status: dict[str, Any]) -> str:
    materials = ", ".join(str(word) for word in status["materials_ready"])
    return _one_line("loaded: " + (materials or "nothing that the queue knows of"))


def _one_line(text: str) -> str:
    # A line of its own could be taken for a command to a screen ("action:...").
    return "".join(c if c.isprintable() else " " for c in text[:_TEXT_MAX])


def load_config(config: Any) -> NetQueue:
    return NetQueue(config)
