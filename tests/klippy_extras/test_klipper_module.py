"""Klipper's module against a Klipper of the test's own, whose clock it sets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from klippy_extras.netqueue import load_config

STATUS: dict[str, Any] = {
    "version": "1.2.3",
    "name": "mk3",
    "queues": {
        "lab": {"paused": True, "jobs": 2, "waiting": 5, "printing": 1},
    },
    "paused": True,
    "jobs": 2,
    "waiting": 5,
    "printing": 1,
    "state": "ready",
    "bed": "clear",
    "accept": True,
    "materials_ready": ["PLA:black"],
    "job": "brackets",
    "why": "the queue is paused",
}


class KlipperError(Exception):
    """Klipper's command error, config error and web request error in one."""


class FakeKlipper:
    """The printer, its reactor, gcode and webhooks, and the section, in one."""

    command_error = config_error = error = KlipperError

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.now = 100.0
        self.shown: list[str] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.problem = ""
        self.commands: dict[str, Any] = {}
        self.helps: dict[str, str] = {}
        self.endpoints: dict[str, Any] = {}
        self.handlers: dict[str, Any] = {}
        self.macros = ["gcode_macro Eject"]
        self.module = load_config(self)

    # The section.

    def get_printer(self) -> FakeKlipper:
        return self

    def get(self, name: str, default: Any) -> Any:
        return self.options.get(name, default)

    def getint(self, name: str, default: int, minval: int, maxval: int) -> int:
        value = int(self.options.get(name, default))
        if not minval <= value <= maxval:
            raise KlipperError(f"Option '{name}' must have maximum of {maxval}")
        return value

    # The printer.

    def get_reactor(self) -> FakeKlipper:
        return self

    def monotonic(self) -> float:
        return self.now

    def lookup_object(self, _name: str) -> FakeKlipper:
        return self

    def lookup_objects(self, _module: str) -> list[tuple[str, object]]:
        return [(name, self) for name in self.macros]

    def register_event_handler(self, event: str, handler: Any) -> None:
        self.handlers[event] = handler

    def register_endpoint(self, path: str, handler: Any) -> None:
        self.endpoints[path] = handler

    def register_command(self, name: str, handler: Any, desc: str) -> None:
        self.commands[name], self.helps[name] = handler, desc

    def get_command_help(self) -> dict[str, str]:
        return self.helps

    def call_remote_method(self, method: str, **params: str) -> None:
        if self.problem:
            raise KlipperError(self.problem)
        self.asked.append((method, params))

    def respond_info(self, text: str, log: bool = True) -> None:
        self.shown += [f"// {line}" for line in text.split("\n")]

    def respond_raw(self, text: str) -> None:
        self.shown.append(text)

    # What people and Moonraker do.

    def run(self, command: str, **params: str) -> None:
        def get(name: str, *_: Any, **__: Any) -> str | None:
            return params.get(name)

        self.commands[command](
            SimpleNamespace(
                get=get,
                get_int=get,
                get_command=lambda: command,
                get_command_parameters=lambda: params,
                respond_info=self.respond_info,
                error=KlipperError,
            )
        )

    def request(self, endpoint: str, **params: Any) -> None:
        def get(kind: type) -> Any:
            def typed(name: str, default: Any = None) -> Any:
                value = params.get(name, default)
                if name in params and not isinstance(value, kind):
                    raise KlipperError(f"Invalid Argument Type [{name}]")
                return value

            return typed

        self.endpoints[endpoint](
            SimpleNamespace(
                get=get(object),
                get_dict=get(dict),
                get_str=get(str),
                get_int=get(int),
                error=KlipperError,
            )
        )

    def status(self) -> dict[str, Any]:
        return self.module.get_status(self.now)


def test_every_command_has_a_help_text() -> None:
    """HELP and the dashboards show it."""
    klipper = FakeKlipper()
    names = ["ADD", "ADMIT", "BED_CLEAR", "DECIDE", "MATERIAL", "PAUSE", "REFUSE"]
    assert sorted(klipper.helps) == [
        f"NETQUEUE_{name}" for name in (*names, "RESUME", "STATUS")
    ]
    assert all(klipper.helps.values())


@pytest.mark.parametrize(
    ("command", "params", "method", "values"),
    [
        ("BED_CLEAR", {}, "bed_clear", {}),
        ("BED_CLEAR", {"BY": "anna"}, "bed_clear", {"by": "anna"}),
        ("PAUSE", {"QUEUE": "lab"}, "pause", {"queue": "lab"}),
        ("RESUME", {}, "resume", {}),
        ("MATERIAL", {"READY": ""}, "material", {"materials_ready": ""}),
        (
            "ADD",
            {"FILE": "a.gcode", "COUNT": "3", "QUEUE": "lab", "NAME": "a b"},
            "add",
            {"filename": "a.gcode", "count": "3", "queue": "lab", "name": "a b"},
        ),
    ],
)
def test_commands_are_passed_on(
    command: str, params: dict[str, str], method: str, values: dict[str, str]
) -> None:
    """Under the names of Moonraker's calls; a missing Moonraker is an error."""
    klipper = FakeKlipper()
    klipper.run(f"NETQUEUE_{command}", **params)
    assert klipper.asked == [(f"netqueue_{method}", values)]
    klipper.problem = f"Remote method 'netqueue_{method}' not registered"
    with pytest.raises(KlipperError, match=r"not registered\).*\[netqueue\] in moonra"):
        klipper.run(f"NETQUEUE_{command}", **params)


@pytest.mark.parametrize("command", ["BED_CLEAR", "STATUS", "MATERIAL", "ADD"])
def test_a_parameter_that_is_not_known_is_an_error(command: str) -> None:
    """What is mistyped is not passed over."""
    klipper = FakeKlipper()
    with pytest.raises(KlipperError, match="no parameter CUONT; known: "):
        klipper.run(f"NETQUEUE_{command}", CUONT="2")
    assert klipper.asked == []


def test_nothing_is_known_before_moonraker_speaks() -> None:
    """Macros see unknown; the commands that show something say what is missing."""
    klipper = FakeKlipper()
    status = klipper.status()
    assert (status["connected"], status["state"], status["bed"]) == (
        False,
        "unknown",
        "unknown",
    )
    for command in ("STATUS", "MATERIAL"):
        with pytest.raises(KlipperError, match="not spoken since Klipper started"):
            klipper.run(f"NETQUEUE_{command}")


def test_what_moonraker_tells_is_shown_until_it_is_silent() -> None:
    """Old news is marked as such, and no macro acts on it."""
    klipper = FakeKlipper()
    klipper.request("netqueue/update", status=STATUS)
    assert klipper.status().items() >= {**STATUS, "connected": True}.items()
    klipper.run("NETQUEUE_STATUS")
    klipper.run("NETQUEUE_MATERIAL")
    assert klipper.shown == [
        "// netqueue 1.2.3 on mk3: printer ready, bed clear",
        "// loaded: PLA:black",
        "// queue lab: 2 jobs, 5 copies waiting, 1 printing, paused",
        "// it prints a copy of: brackets",
        "// why it does not print: the queue is paused",
        "// netqueue: loaded: PLA:black",
    ]
    klipper.now += 14.0
    klipper.request("netqueue/update")  # a heartbeat
    klipper.now += 14.0
    assert klipper.status()["bed"] == "clear"
    klipper.now += 2.0
    status = klipper.status()
    assert (status["connected"], status["bed"], status["jobs"]) == (
        False,
        "unknown",
        2,
    )
    klipper.run("NETQUEUE_STATUS")
    assert klipper.shown[-1].startswith("// This is old")


def test_answers_are_one_line_that_is_no_command_to_a_screen() -> None:
    """Names of jobs come from other printers."""
    klipper = FakeKlipper()
    text = "added x\naction:prompt_begin y\x1b[2J"
    klipper.request("netqueue/update", text=text)
    klipper.request("netqueue/update", text="no such file", error=True)
    assert klipper.shown == [
        "// netqueue: added x action:prompt_begin y [2J",
        "!! netqueue: no such file",
    ]


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"jobs": "many", "paused": 1, "materials_ready": "PLA", "bed": None},
        {"queues": {"lab": 7, "shop": {"jobs": None, "waiting": True}}},
        {"queues": [], "materials_ready": [None, {}], "why": ["x"]},
    ],
)
def test_a_status_that_is_none_does_no_harm(status: dict[str, Any]) -> None:
    """An exception would shut Klipper down, and any client may call the endpoint."""
    klipper = FakeKlipper()
    klipper.request("netqueue/update", status=status)
    assert set(STATUS) < set(klipper.status())
    klipper.run("NETQUEUE_STATUS")
    with pytest.raises(KlipperError):
        klipper.request("netqueue/update", status="none")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"macro": "EJECT", "timeout": 0}, "1 to 86400"),
        ({"macro": "EJECT", "timeout": 86_401}, "1 to 86400"),
        ({"macro": "NOTHING", "timeout": 1}, r"no \[gcode_macro NOTHING\]"),
        ({"macro": 7, "timeout": 1}, "Invalid"),
    ],
)
def test_a_clearing_that_cannot_be_is_refused(
    params: dict[str, Any], words: str
) -> None:
    """Before anything moves."""
    with pytest.raises(KlipperError, match=words):
        FakeKlipper().request("netqueue/clear", **params)


def test_options_are_checked_when_klipper_starts() -> None:
    """A macro must be there, by whatever case its section has."""
    klipper = FakeKlipper(clear_macro="eject", clear_timeout="600")
    klipper.handlers["klippy:connect"]()
    status = klipper.status()
    assert (status["clear_macro"], status["clear_timeout"]) == ("EJECT", 600)
    with pytest.raises(KlipperError, match=r"'clear_macro' .* no \[gcode_macro PUSH\]"):
        FakeKlipper(clear_macro="PUSH").handlers["klippy:connect"]()
    with pytest.raises(KlipperError, match="clear_timeout"):
        FakeKlipper(clear_timeout="86401")
