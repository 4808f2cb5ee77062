"""[netqueue] and [netqueue <queue>] of moonraker.conf -> frozen dataclasses."""

from __future__ import annotations

import difflib
import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from .admission_mode import AdmissionSettings, read_mode, read_token
from .errors import NetqueueError
from .model.checks import WORD_MAX, WORDS_MAX, has_control
from .model.errors import Rejected
from .model.printer import ClearBed, Volume
from .names import is_queue_name, queue_name_remedy

_T = TypeVar("_T")

_SIDE = r"(\d{1,6}(?:\.\d{1,6})?)"
_VOLUME = re.compile(rf"{_SIDE}\s*x\s*{_SIDE}\s*x\s*{_SIDE}", re.ASCII)
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_PORT_FIRST = 6700  # the first port that hosts try
_WHOLE = re.compile(r"[0-9]{1,9}")
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_LOCAL = "local"
_MIB = 1 << 20
_DISK_BUDGET = 4096 * _MIB


class ConfigInvalid(NetqueueError):
    """A mistake in moonraker.conf: names section, option, value and remedy.

    `option` is empty where the name of the section is the mistake.
    """

    def __init__(self, section: str, option: str, value: str, remedy: str) -> None:
        what = f"option '{option}: {value}'" if option else "section"
        super().__init__(f"[{section}] {what}: {remedy}")
        self.option = option


@dataclass(frozen=True)
class NetworkSettings:
    """How this host is reached and finds others."""

    bind: str = ""  # address to listen on; empty: all
    port: int | None = None  # None: first free from 6700
    peers: tuple[tuple[str, int], ...] = ()
    discovery: bool = True
    discovery_interface: str | None = None  # address of one interface; None: all
    seat_ttl: int = 900  # seconds until a voter that is gone loses its seat


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
    clear_timeout: int = 3600  # seconds: a bed may have to cool first
    manual_effort_cost: int = 30


class Entry(Enum):
    """A way from the dashboards to the page."""

    CARD = "card"
    SIDEBAR = "sidebar"
    ANNOUNCEMENT = "announcement"


@dataclass(frozen=True)
class Settings:
    """All of it."""

    name: str
    queues: tuple[str, ...]
    job_queue: str | None  # the one behind Moonraker's own job queue; None: its own
    hot_folder: bool  # add what is put into gcodes/netqueue-in/<queue>
    disk_budget: int  # bytes that the contents of jobs may take
    prompts: bool  # ask on the printer's screen and on dashboards
    entries: tuple[Entry, ...]
    network: NetworkSettings
    printer: PrinterSettings
    admission: AdmissionSettings  # of queues that have no section of their own
    admission_of: Mapping[str, AdmissionSettings]  # by queue

    def admits(self, queue: str) -> AdmissionSettings:
        """How a queue lets newcomers in."""
        return self.admission_of.get(queue, self.admission)


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
    admission = _admission(reader, AdmissionSettings())
    sections = {
        queue: _Reader(f"netqueue {queue}", dict(section))
        for queue, section in queue_sections.items()
    }
    settings = Settings(
        name=reader.take("name", _name, host_name.strip()[:WORD_MAX] or "printer"),
        queues=queues,
        job_queue=_job_queue(reader, queues),
        hot_folder=reader.take("hot_folder", _boolean, True),
        disk_budget=reader.take("disk_budget", _mebibytes, _DISK_BUDGET),
        prompts=reader.take("prompts", _boolean, True),
        entries=reader.take("entries", _entries, tuple(Entry)),
        network=_network(reader),
        printer=_printer(reader),
        admission=admission,
        admission_of={q: _admission(r, admission) for q, r in sections.items()},
    )
    for each in (reader, *sections.values()):
        each.finish()
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
            else:
                remedy = f"there is no such option; known: {', '.join(self._known)}"
            raise ConfigInvalid(self._section, option, value, remedy)


def _queues(reader: _Reader, named: tuple[str, ...]) -> tuple[str, ...]:
    listed: tuple[str, ...] = reader.take("queues", _queue_names, ())
    for name in named:
        if not is_queue_name(name):
            raise ConfigInvalid(f"netqueue {name}", "", "", queue_name_remedy(name))
    return tuple(dict.fromkeys((*listed, *named))) or ("default",)


def _queue_names(text: str) -> tuple[str, ...]:
    names = _split(text)
    for name in names:
        if not is_queue_name(name):
            raise ValueError(queue_name_remedy(name))
    return names


def _job_queue(reader: _Reader, queues: tuple[str, ...]) -> str | None:
    def chosen(text: str) -> str | None:
        if text != _LOCAL and text not in queues:
            raise ValueError(
                f"this printer does not serve that queue; give {', '.join(queues)} or"
                f" '{_LOCAL}', which leaves Moonraker's own job queue alone"
            )
        return None if text == _LOCAL else text

    first: str | None = queues[0]
    return reader.take("job_queue", chosen, first)


def _network(reader: _Reader) -> NetworkSettings:
    return NetworkSettings(
        bind=reader.take("bind", _bind, ""),
        port=reader.take("port", _port, None),
        peers=reader.take("peers", _addresses, ()),
        discovery=reader.take("discovery", _boolean, True),
        discovery_interface=reader.take("discovery_interface", _interface, None),
        seat_ttl=reader.take("seat_ttl", _seconds, NetworkSettings.seat_ttl),
    )


def _printer(reader: _Reader) -> PrinterSettings:
    return PrinterSettings(
        model=reader.take("model", _model, ""),
        nozzle=reader.take("nozzle", _nozzle, None),
        materials=reader.take("materials", _words, ()),
        materials_ready=reader.take("materials_ready", _words, ()),
        volume=reader.take("volume", _volume, None),
        tags=reader.take("tags", _words, ()),
        clear_bed=reader.take("clear_bed", _clear_bed, ClearBed.MANUAL),
        clear_macro=reader.take("clear_macro", _macro, PrinterSettings.clear_macro),
        clear_timeout=reader.take(
            "clear_timeout", _macro_seconds, PrinterSettings.clear_timeout
        ),
        manual_effort_cost=reader.take("manual_effort_cost", _minutes, 30),
    )


def _split(text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in re.split(r"[,\n]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def _words(text: str) -> tuple[str, ...]:
    words = _split(text)
    wrong = any(len(word) > WORD_MAX or has_control(word) for word in words)
    if wrong or len(words) > WORDS_MAX:
        raise ValueError(
            f"at most {WORDS_MAX} words of at most {WORD_MAX} characters, with commas"
            " between them"
        )
    return words


def _entries(text: str) -> tuple[Entry, ...]:
    words = _split(text)
    if words == ("none",):
        return ()
    known = [entry.value for entry in Entry]
    if not words or set(words) - set(known):
        raise ValueError(f"some of {', '.join(known)}, or none")
    return tuple(Entry(word) for word in words)


def _model(text: str) -> str:
    if len(text) > WORD_MAX or has_control(text):
        raise ValueError(f"a printer's model has at most {WORD_MAX} characters")
    return text


def _name(text: str) -> str:
    if not 1 <= len(text) <= WORD_MAX or has_control(text):
        raise ValueError(f"a printer's name has 1 to {WORD_MAX} characters")
    return text


def _bind(text: str) -> str:
    if text and not _is_address(text):
        raise ValueError("an address of this host; leave it out to listen on all")
    return text


def _interface(text: str) -> str | None:
    if text and not _is_address(text):
        raise ValueError(
            "the address of one network interface of this host, such as 192.168.1.20;"
            " leave it out to use all"
        )
    return text or None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    raise ValueError("give True or False")


def _port(text: str) -> int:
    if _WHOLE.fullmatch(text) and 1 <= int(text) <= 65535:
        return int(text)
    raise ValueError("a port is a number from 1 to 65535; leave it out for 6700 upward")


def _addresses(text: str) -> tuple[tuple[str, int], ...]:
    return tuple(dict.fromkeys(_address(word) for word in _split(text)))


def _address(word: str) -> tuple[str, int]:
    """`host`, `host:port`, `[IPv6]:port` or a bare IPv6 address."""
    if _is_address(word):
        return word, _PORT_FIRST
    host, colon, port = word.rpartition(":")
    if not colon:
        host, port = word, str(_PORT_FIRST)
    if word.startswith("["):
        if word.endswith("]"):
            host, port = word, str(_PORT_FIRST)
        host = host.removeprefix("[").removesuffix("]")
        known = ":" in host and _is_address(host)
    else:
        known = _HOST_NAME.fullmatch(host) is not None
    if not known:
        raise ValueError(
            f"{word!r} is no address; write host or host:port, commas between several"
        )
    return host, _port(port)


def _nozzle(text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not 0.05 <= size <= 10:
        raise ValueError("the nozzle's diameter in mm, such as 0.4")
    return size


def _volume(text: str) -> Volume:
    remedy = "width x depth x height in mm, such as 220 x 220 x 250"
    match = _VOLUME.fullmatch(text.lower())
    if match is None:
        raise ValueError(remedy)
    width, depth, height = (float(side) for side in match.groups())
    volume = Volume(width, depth, height)
    try:
        volume.check()
    except Rejected as error:
        raise ValueError(f"{remedy}; {error.reason}") from error
    return volume


def _clear_bed(text: str) -> ClearBed:
    try:
        return ClearBed(text.lower())
    except ValueError:
        raise ValueError("give one of never, macro, manual") from None


def _macro(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError("the name of one G-code macro, such as NETQUEUE_CLEAR_BED")
    return text


def _seconds(text: str) -> int:
    if _WHOLE.fullmatch(text) and 30 <= int(text) <= 604_800:
        return int(text)
    raise ValueError("whole seconds, 30 to 604800 (a week)")


def _macro_seconds(text: str) -> int:
    if _WHOLE.fullmatch(text) and 1 <= int(text) <= 86_400:
        return int(text)
    raise ValueError("whole seconds, 1 to 86400 (a day)")


def _mebibytes(text: str) -> int:
    if _WHOLE.fullmatch(text) and 64 <= int(text) <= 10_000_000:
        return int(text) * _MIB
    raise ValueError("whole MiB, 64 to 10000000")


def _minutes(text: str) -> int:
    if _WHOLE.fullmatch(text) and int(text) <= 10_000:
        return int(text)
    raise ValueError("whole minutes, 0 to 10000")


def _admission(reader: _Reader, default: AdmissionSettings) -> AdmissionSettings:
    return AdmissionSettings(
        mode=reader.take("admission", read_mode, default.mode),
        token=reader.take("token", read_token, default.token),
    )
