"""A scenario as a YAML file, in the words of the original `scenario*.yaml`.

docs/simulation.md describes the keys; testdata/scenario*.yaml are examples.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from ..config import PrinterSettings
from ..model.checks import check_text, check_words
from ..model.errors import Rejected
from ..model.hours import Period
from ..model.job import COUNT_MAX, ITEMS_MAX, Wishes
from ..model.printer import ClearBed, Profile, Volume
from ..model.settings import ASSIGNMENT
from ..names import QUEUE_NAME_FORM, is_queue_name
from ..scheduler.document import parse_yaml
from ..scheduler.hours import DAY, OperatorPeriod
from ..scheduler.instance import PERIOD_KEYS, VOLUME_KEYS, read_period, read_volume
from ..scheduler.problem import CLEARING, UNKNOWN_DURATION, Weights
from ..scheduler.section import Section
from ..scheduler.strategies import known_strategies

_PAGE = "docs/simulation.md"
_MONDAY = 1774252800  # 2026-03-23 08:00 UTC
_MINUTES_MAX = 60 * 24 * 365
_SHOWN_MAX = 60  # characters of a name that a line of the story holds

_FILE_KEYS = (
    "now",
    "seed",
    "failures",
    "queues",
    "printers",
    "operator",
    "person",
    "events",
)
_QUEUE_KEYS = ("namespace", "members", "strategy", "jobs")
_JOB_KEYS = ("name", "items", "at", "priority", "user", "keepTogether", "tags")
_ITEM_KEYS = ("name", "count", "materials", "nozzle", "minutes")
_PRINTER_KEYS = (
    "model",
    "materialsAvailable",
    "materialsReady",
    "selfClearing",
    "volume",
    "manualEffortCost",
    "nozzle",
    "tags",
)
_PERSON_KEYS = ("reaction", "clearing", "changing")
_EVENT_KEYS = ("at", "what", "printer")


class What(enum.Enum):
    """What can happen to a printer and its host."""

    OFF = "power off"  # its plug is pulled
    ON = "power on"  # it is switched on again
    STOP = "shut down"  # its host is shut down in order, then switched off
    CRASH = "crash"  # Moonraker is killed and started again; Klipper prints on
    CUT = "cut"  # its network cable is pulled
    MEND = "mend"  # it is plugged in again


@dataclass(frozen=True)
class WantedItem:
    """An item of a job; `minutes` are what its slicer says of one copy."""

    name: str
    count: int
    materials: tuple[str, ...]
    nozzle: float | None
    minutes: int


@dataclass(frozen=True)
class WantedJob:
    """A job that somebody adds `at` so many minutes after the start."""

    queue: str
    name: str
    items: tuple[WantedItem, ...]
    at: int
    priority: int
    owner: str
    keep_together: bool
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Happening:
    """Something that happens to a printer, `at` so many minutes after the start."""

    at: int
    what: What
    printer: str


@dataclass(frozen=True)
class Habits:
    """How many minutes the person takes to notice, to clear a bed, to load material."""

    reaction: int
    clearing: int
    changing: int


@dataclass(frozen=True)
class Scenario:
    """All of it. `now` is the start, in Unix seconds; `failures` a share of prints."""

    name: str
    now: int
    seed: int
    failures: float
    printers: dict[str, PrinterSettings]
    members: dict[str, tuple[str, ...]]  # printers by queue
    strategies: dict[str, str]  # by queue
    jobs: tuple[WantedJob, ...]
    operator: tuple[OperatorPeriod, ...]
    person: Habits
    events: tuple[Happening, ...]

    def queues_of(self, printer: str) -> tuple[str, ...]:
        """The queues that a printer serves."""
        return tuple(q for q, members in self.members.items() if printer in members)


def read_scenario(text: str, name: str) -> Scenario:
    """The scenario in the text of file `name`; raises ProblemError in one line."""
    root = Section(parse_yaml(text, name, _PAGE), name, _FILE_KEYS)
    now = root.moment("now") if "now" in root else _MONDAY
    failures = root.measure("failures", 0.0)
    if failures > 1:
        raise root.error("failures", f"is {failures:g}", "give a share, such as 0.02")
    printers = {n: _printer(n, s) for n, s in root.entries("printers", _PRINTER_KEYS)}
    members: dict[str, tuple[str, ...]] = {}
    strategies: dict[str, str] = {}
    jobs: list[WantedJob] = []
    for section in root.sections("queues", _QUEUE_KEYS):
        queue, its = _queue(section, printers)
        if queue in members:
            raise section.error("namespace", f"{queue!r} is there twice", "join them")
        members[queue] = its
        strategies[queue] = _strategy(section)
        jobs += _jobs(queue, section)
    scenario = Scenario(
        name=name,
        now=now,
        seed=root.whole("seed", 1, least=0),
        failures=failures,
        printers=printers,
        members=members,
        strategies=strategies,
        jobs=tuple(jobs),
        operator=tuple(
            read_period(s, now) for s in root.sections("operator", PERIOD_KEYS)
        ),
        person=_habits(root.section("person", _PERSON_KEYS)),
        events=tuple(
            sorted(
                (_event(s, printers) for s in root.sections("events", _EVENT_KEYS)),
                key=lambda event: event.at,
            )
        ),
    )
    _require_use(root, scenario)
    return scenario


def _require_use(root: Section, scenario: Scenario) -> None:
    """Refuse a scenario in which nothing could happen."""
    for key, there in (("queues", scenario.members), ("printers", scenario.printers)):
        if not there:
            raise root.error(key, "is empty", f"see {_PAGE} for an example")
    for printer in scenario.printers:
        if not scenario.queues_of(printer):
            raise root.error(
                "printers",
                f"{printer!r} is in no queue",
                "name it in the members of a queue",
            )


def _printer(name: str, section: Section) -> PrinterSettings:
    volume = None
    if "volume" in section:
        form = read_volume(section.section("volume", VOLUME_KEYS))
        volume = Volume(form.width, form.depth, form.height, form.form_factor.value)
    settings = PrinterSettings(
        model=section.text("model", ""),
        nozzle=section.measure("nozzle", None),
        materials=section.texts("materialsAvailable", ()),
        materials_ready=section.texts("materialsReady", ()),
        volume=volume,
        tags=section.texts("tags", ()),
        clear_bed=ClearBed.MACRO if section.flag("selfClearing") else ClearBed.MANUAL,
        manual_effort_cost=section.whole("manualEffortCost", 30, least=0),
    )
    entry = Profile(
        name,
        model=settings.model,
        nozzle=settings.nozzle,
        materials=settings.materials,
        materials_ready=settings.materials_ready,
        volume=settings.volume,
        tags=settings.tags,
        manual_effort_cost=settings.manual_effort_cost,
    )
    _checked(section, "model", entry.check)
    return settings


def _queue(
    section: Section, printers: dict[str, PrinterSettings]
) -> tuple[str, tuple[str, ...]]:
    queue = section.text("namespace", "")
    if not is_queue_name(queue):
        raise section.error("namespace", f"is {queue!r}", f"use {QUEUE_NAME_FORM}")
    members = section.texts("members", ())
    if not members:
        raise section.error("members", "is empty", "name at least one printer")
    for member in members:
        _require_printer(section, "members", member, printers)
    return queue, tuple(dict.fromkeys(members))


def _strategy(section: Section) -> str:
    strategy = section.text("strategy", ASSIGNMENT)
    if strategy not in known_strategies():
        known = ", ".join(sorted(known_strategies()))
        raise section.error("strategy", f"is {strategy!r}", f"one of {known}")
    return strategy


def _require_printer(
    section: Section, key: str, name: str, printers: dict[str, PrinterSettings]
) -> None:
    if name not in printers:
        known = ", ".join(printers) or "none is described under printers"
        raise section.error(key, f"{name!r} is no printer", f"one of: {known}")


def _jobs(queue: str, section: Section) -> list[WantedJob]:
    jobs: list[WantedJob] = []
    for wanted in section.sections("jobs", _JOB_KEYS):
        job = _job(queue, wanted)
        if any(other.name == job.name for other in jobs):
            raise wanted.error(
                "name", f"{job.name!r} is there twice", "call it otherwise"
            )
        jobs.append(job)
    return jobs


def _job(queue: str, section: Section) -> WantedJob:
    name = _shown(section, "name")
    items: list[WantedItem] = []
    for wanted in section.sections("items", _ITEM_KEYS):
        item = _item(wanted)
        if any(other.name == item.name for other in items):
            raise wanted.error(
                "name", f"{item.name!r} is there twice", "call it otherwise"
            )
        items.append(item)
    if not 1 <= len(items) <= ITEMS_MAX:
        raise section.error("items", f"are {len(items)}", f"give 1 to {ITEMS_MAX}")
    priority, owner = section.whole("priority", 0), section.text("user", "")
    _checked(section, "priority", Wishes(name, priority=priority, owner=owner).check)
    tags = section.texts("tags", ())
    _checked(section, "tags", lambda: check_words("tags", tags))
    return WantedJob(
        queue=queue,
        name=name,
        items=tuple(items),
        at=_minutes(section, "at", 0, least=0),
        priority=priority,
        owner=owner,
        keep_together=section.flag("keepTogether"),
        tags=tags,
    )


def _item(section: Section) -> WantedItem:
    materials = section.texts("materials", ())
    _checked(section, "materials", lambda: check_words("materials", materials))
    return WantedItem(
        name=_shown(section, "name"),
        count=section.whole("count", 1, 1, COUNT_MAX),
        materials=materials,
        nozzle=section.measure("nozzle", None),
        minutes=_minutes(section, "minutes", UNKNOWN_DURATION, least=1),
    )


def _shown(section: Section, key: str) -> str:
    """A name that is shown, and becomes part of a file's name."""
    name = section.text(key, "")
    _checked(section, key, lambda: check_text("it", name, _SHOWN_MAX))
    if "/" in name:
        raise section.error(key, f"{name!r} has a /", "call it otherwise")
    return name


def _minutes(section: Section, key: str, default: int, least: int) -> int:
    return section.whole(key, default, least, _MINUTES_MAX)


def _habits(section: Section) -> Habits:
    return Habits(
        reaction=_minutes(section, "reaction", 5, least=0),
        clearing=_minutes(section, "clearing", CLEARING, least=0),
        changing=_minutes(section, "changing", Weights.change_minutes, least=0),
    )


def _event(section: Section, printers: dict[str, PrinterSettings]) -> Happening:
    word = section.text("what", "")
    words = [what.value for what in What]
    if word not in words:
        raise section.error("what", f"is {word!r}", f"one of {', '.join(words)}")
    printer = section.text("printer", "")
    _require_printer(section, "printer", printer, printers)
    return Happening(_minutes(section, "at", 0, least=0), What(word), printer)


def weekly(period: OperatorPeriod) -> Period:
    """An operator period as a setting of a queue."""
    start = period.start - period.utc_offset
    days = tuple(sorted((day + start // DAY) % 7 for day in period.days))
    hours, minutes = divmod(start % DAY, 60)
    return Period(
        days,
        f"{hours:02}:{minutes:02}",
        period.duration,
        max_manual_events=period.max_manual_events,
    )


def _checked(section: Section, key: str, check: Callable[[], object]) -> None:
    """What the queue itself would refuse is refused here, with the place."""
    try:
        check()
    except Rejected as error:
        raise section.error(key, error.reason, "give another value") from None
