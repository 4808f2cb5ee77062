"""[netqueue] and [netqueue <queue>] of moonraker.conf -> frozen dataclasses."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .errors import NetqueueError
from .model.printer import ClearBed, Volume

_T = TypeVar("_T")

QUEUE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_VOLUME = re.compile(r"(\d+(?:\.\d+)?)\s*x\s*(\d+(?:\.\d+)?)\s*x\s*(\d+(?:\.\d+)?)")
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


class ConfigInvalid(NetqueueError):
    """A mistake in moonraker.conf: names section, option, value and remedy."""

    def __init__(self, section: str, option: str, value: str, remedy: str) -> None:
        super().__init__(f"[{section}] option '{option}: {value}': {remedy}")
        self.option = option


@dataclass(frozen=True)
class NetworkSettings:
    """How this host is reached and finds others."""

    bind: str = ""  # address to listen on; empty: all
    port: int | None = None  # None: first free from 6700
    peers: tuple[tuple[str, int], ...] = ()
    discovery: bool = True
    discovery_interface: str | None = None  # address of one interface; None: all


@dataclass(frozen=True)
class PrinterSettings:
    """What the printer behind this host is and can do."""

    model: str = ""
    nozzle: float | None = None
    materials: tuple[str, ...] = ()
    materials_ready: tuple[str, ...] = ()
    volume: Volume | None = None
    tags: tuple[str, ...] = ()
    clear_bed: ClearBed = ClearBed.MANUAL
    clear_macro: str = "NETQUEUE_CLEAR_BED"
    manual_effort_cost: int = 30


@dataclass(frozen=True)
class Settings:
    """All of it."""

    name: str
    queues: tuple[str, ...]
    network: NetworkSettings
    printer: PrinterSettings


def parse(
    options: Mapping[str, str],
    queue_sections: Mapping[str, Mapping[str, str]],
    host_name: str,
) -> Settings:
    """Read section [netqueue] and those of queues; raises ConfigInvalid.

    `queue_sections` maps a queue's name to the options of its section.
    """
    reader = _Reader("netqueue", dict(options))
    queues = _queues(reader, tuple(queue_sections))
    settings = Settings(
        name=reader.take("name", _name, host_name[:64] or "printer"),
        queues=queues,
        network=_network(reader),
        printer=_printer(reader),
    )
    reader.take("admission", _admission, None)
    reader.finish()
    for queue, section in queue_sections.items():
        _Reader(f"netqueue {queue}", dict(section)).finish()
    return settings


class _Reader:
    """Takes options of one section one by one; what is left at the end is unknown."""

    def __init__(self, section: str, options: dict[str, str]) -> None:
        self._section = section
        self._options = options
        self._known: list[str] = []

    def take(self, option: str, convert: Callable[[str], _T], default: _T) -> _T:
        self._known.append(option)
        value = self._options.pop(option, None)
        if value is None:
            return default
        try:
            return convert(value.strip())
        except ValueError as error:
            raise ConfigInvalid(self._section, option, value, str(error)) from error

    def finish(self) -> None:
        for option, value in self._options.items():
            near = difflib.get_close_matches(option, self._known, 1)
            if near:
                remedy = f"there is no such option; did you mean '{near[0]}'?"
            elif self._known:
                remedy = f"there is no such option; known: {', '.join(self._known)}"
            else:
                remedy = "a queue's section has no options in this version; remove it"
            raise ConfigInvalid(self._section, option, value, remedy)


def _queues(reader: _Reader, named: tuple[str, ...]) -> tuple[str, ...]:
    listed = reader.take("queues", _words, ())
    names = tuple(dict.fromkeys((*listed, *named))) or ("default",)
    for name in names:
        if not QUEUE_NAME.fullmatch(name):
            raise ConfigInvalid(
                "netqueue",
                "queues",
                name,
                "a queue's name is up to 32 of a-z, 0-9, '-' and '_'",
            )
    return names


def _network(reader: _Reader) -> NetworkSettings:
    return NetworkSettings(
        bind=reader.take("bind", str, ""),
        port=reader.take("port", _port, None),
        peers=reader.take("peers", _addresses, ()),
        discovery=reader.take("discovery", _boolean, True),
        discovery_interface=reader.take("discovery_interface", str, None),
    )


def _printer(reader: _Reader) -> PrinterSettings:
    return PrinterSettings(
        model=reader.take("model", str, ""),
        nozzle=reader.take("nozzle", _nozzle, None),
        materials=reader.take("materials", _words, ()),
        materials_ready=reader.take("materials_ready", _words, ()),
        volume=reader.take("volume", _volume, None),
        tags=reader.take("tags", _words, ()),
        clear_bed=reader.take("clear_bed", _clear_bed, ClearBed.MANUAL),
        clear_macro=reader.take("clear_macro", _macro, PrinterSettings.clear_macro),
        manual_effort_cost=reader.take("manual_effort_cost", _minutes, 30),
    )


def _words(text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in re.split(r"[,\n]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def _name(text: str) -> str:
    if not 1 <= len(text) <= 64:
        raise ValueError("a printer's name has 1 to 64 characters")
    return text


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    raise ValueError("give True or False")


def _port(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise ValueError("a port is a number from 1 to 65535; leave it out for 6700 upward")


def _addresses(text: str) -> tuple[tuple[str, int], ...]:
    return tuple(_address(word) for word in _words(text))


def _address(word: str) -> tuple[str, int]:
    host, colon, port = word.rpartition(":")
    if not colon:
        host, port = word, "6700"
    host = host.strip("[]")
    if not host:
        raise ValueError(f"{word!r} is no address; write host or host:port")
    return host, _port(port)


def _nozzle(text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = 0.0
    if not 0.05 <= size <= 10:
        raise ValueError("the nozzle's diameter in mm, such as 0.4")
    return size


def _volume(text: str) -> Volume:
    match = _VOLUME.fullmatch(text)
    if match is None:
        raise ValueError("width x depth x height in mm, such as 220 x 220 x 250")
    width, depth, height = (float(side) for side in match.groups())
    return Volume(width, depth, height)


def _clear_bed(text: str) -> ClearBed:
    try:
        return ClearBed(text.lower())
    except ValueError:
        raise ValueError("give one of never, macro, manual") from None


def _macro(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError("the name of one G-code macro, such as NETQUEUE_CLEAR_BED")
    return text


def _minutes(text: str) -> int:
    if text.isdecimal() and int(text) <= 10_000:
        return int(text)
    raise ValueError("whole minutes, 0 to 10000")


def _admission(text: str) -> None:
    if text != "open":
        raise ValueError(
            "this version knows 'open' only: whoever reaches the port joins."
            " 'approve' and 'token' come with a later version"
        )
