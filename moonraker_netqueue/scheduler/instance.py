"""A problem as a YAML file, in the words of the original files.

`schedule*.yaml` have `jobs`, `scenario*.yaml` have `queues`; both may be in one file.
docs/scheduling.md describes the keys; the files of testdata are examples.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from .document import parse_yaml
from .hours import DAY, WEEK, OperatorPeriod
from .instance_jobs import read_jobs, read_queue
from .problem import (
    ANY_MODEL,
    DEFAULT_QUEUE,
    FormFactor,
    JobClass,
    Printer,
    Problem,
    Volume,
    Weights,
)
from .section import Section
from .shares import owner_credits
from .weights import WEIGHTS
from .zone import UTC, utc_offset

ONE_SHOT = "oneshot"
_MAKESPAN = "makespan"
_PAGE = "docs/scheduling.md"
_A_MONDAY = 1774252800  # 2026-03-23 08:00 UTC: now, if nothing in a file tells

_FILE_KEYS = (
    "kind",
    "now",
    "weights",
    "operator",
    "printers",
    "jobs",
    "queues",
    "userCredit",
    "shares",
    "usedMinutes",
    "expected",
    # What happens later, in a simulation:
    "seed",
    "failures",
    "person",
    "events",
)
_PRINTER_KEYS = (
    "model",
    "materialsAvailable",
    "materialsReady",
    "selfClearing",
    "volume",
    "manualEffortCost",
    "nozzle",
    "gramsLeft",
    "spoolGrams",
    "queues",
    "tags",
    "state",
    "busyMinutes",
    "bedClear",
    "quarantined",
    "paused",
    "operator",
)
VOLUME_KEYS = ("width", "depth", "height", "formFactor")
PERIOD_KEYS = (
    "daysofweek",
    "start",
    "duration",
    "max_manual_events",
    "events_used",
    "tz",
)
_MINUTES_MAX = 366 * DAY
_EVENTS_MAX = 10_000
_CREDIT_MAX = 10**9


@dataclass(frozen=True)
class Instance:
    """A problem, and whether it asks for the next prints or for a whole batch."""

    is_batch: bool
    problem: Problem


def read_instance(text: str, name: str) -> Instance:
    """The problem in the text of file `name`; raises ProblemError in one line."""
    root = Section(parse_yaml(text, name, _PAGE), name, _FILE_KEYS)
    printers = root.entries("printers", _PRINTER_KEYS)
    names = [printer for printer, _ in printers]
    jobs = read_jobs(root, names)
    # Without `now` the plan must not depend on when somebody runs it.
    now = max((job.added for job in jobs), default=_A_MONDAY)
    if "now" in root:
        now = root.moment("now")
    members: dict[str, list[str]] = {}
    for queue in root.sections("queues", ("namespace", "members", "jobs")):
        found = read_queue(queue, now, names, jobs)
        jobs += found.jobs
        for member in found.members:
            members.setdefault(member, []).append(found.name)
    return Instance(
        is_batch=root.text("kind", ONE_SHOT).startswith(_MAKESPAN),
        problem=Problem(
            now=now,
            printers=tuple(
                _printer(printer, section, now, members.get(printer, []))
                for printer, section in printers
            ),
            jobs=tuple(jobs),
            weights=_weights(root.section("weights", (w.key for w in WEIGHTS))),
            operator=_periods(root, now),
            owner_credit=_credits(root, jobs),
        ),
    )


def _printer(name: str, section: Section, now: int, member_of: list[str]) -> Printer:
    queues = section.texts("queues", () if member_of else (DEFAULT_QUEUE,))
    return Printer(
        name=name,
        model=section.text("model", ANY_MODEL),
        materials=section.materials("materialsAvailable"),
        loaded=section.materials("materialsReady"),
        self_clearing=section.flag("selfClearing"),
        volume=read_volume(section.section("volume", VOLUME_KEYS))
        if "volume" in section
        else None,
        nozzle=section.measure("nozzle", None),
        manual_effort_cost=section.whole("manualEffortCost", 30, 0, _MINUTES_MAX),
        grams_left=section.measure("gramsLeft", None),
        spool_grams=section.measure("spoolGrams", None),
        queues=tuple(dict.fromkeys((*queues, *member_of))),
        tags=section.texts("tags", ()),
        state=section.text("state", "idle"),
        busy_minutes=section.whole("busyMinutes", 0, 0, _MINUTES_MAX),
        bed_clear=section.flag("bedClear", default=True),
        quarantined=section.flag("quarantined"),
        switched_off=section.flag("paused"),
        operator=_periods(section, now),
    )


def read_volume(section: Section) -> Volume:
    """A build volume; raises ProblemError."""
    for key in ("width", "depth", "height"):
        if key not in section:
            raise section.error(key, "is missing", "give millimetres")
    shape = section.text("formFactor", FormFactor.RECTANGULAR.value)
    shapes = [form.value for form in FormFactor]
    if shape not in shapes:
        raise section.error(
            "formFactor", f"is {shape!r}", f"one of {', '.join(shapes)}"
        )
    return Volume(
        section.measure("width", 0),
        section.measure("depth", 0),
        section.measure("height", 0),
        FormFactor(shape),
    )


def _weights(section: Section) -> Weights:
    default = Weights()
    chosen = {
        weight.name: section.whole(
            weight.key, getattr(default, weight.name), 0, weight.most_in_file
        )
        for weight in WEIGHTS
    }
    return replace(default, **chosen)


def _credits(root: Section, jobs: Collection[JobClass]) -> tuple[tuple[str, int], ...]:
    """Given, or from what owners have had of their shares."""
    given = root.whole_numbers("userCredit", -_CREDIT_MAX, _CREDIT_MAX)
    shares = root.whole_numbers("shares", 1)
    used = root.whole_numbers("usedMinutes", 0)
    if not (shares or used):
        return tuple(sorted(given.items()))
    if given:
        key = "shares" if shares else "usedMinutes"
        raise root.error(key, "says the same as userCredit", "give one of them")
    owners = dict.fromkeys((job.owner for job in jobs), 0)
    return owner_credits(shares, {**owners, **used})


def _periods(section: Section, now: int) -> tuple[OperatorPeriod, ...]:
    periods = section.sections("operator", PERIOD_KEYS)
    return tuple(read_period(period, now) for period in periods)


def read_period(section: Section, now: int) -> OperatorPeriod:
    """An operator period, in the time zone as it is at `now`; raises ProblemError."""
    for key in ("daysofweek", "start", "duration"):
        if key not in section:
            raise section.error(
                key, "is missing", "give daysofweek, start and duration"
            )
    days = section.texts("daysofweek", ())
    if not set(days) <= set("0123456"):
        raise section.error("daysofweek", f"is {list(days)}", "give 0 (Monday) to 6")
    limited = "max_manual_events" in section
    if "events_used" in section and not limited:
        raise section.error(
            "events_used", "has no max_manual_events", "give both or none"
        )
    return OperatorPeriod(
        days=tuple(int(day) for day in days),
        start=_minute_of_day(section),
        duration=section.whole("duration", 1, 1, WEEK),
        utc_offset=_utc_offset(section, now),
        max_manual_events=section.whole("max_manual_events", 0, 0, _EVENTS_MAX)
        if limited
        else None,
        events_used=section.whole("events_used", 0, 0, _EVENTS_MAX),
    )


def _minute_of_day(section: Section) -> int:
    text = section.text("start", "")
    hours, colon, minutes = text.partition(":")
    if not colon:
        # YAML reads an unquoted 10:00 as the number 600, base 60.
        hours, minutes = "0", text
    if not (hours.isdecimal() and minutes.isdecimal()):
        raise section.error("start", f"is {text!r}", "give HH:MM")
    start = int(hours) * 60 + int(minutes)
    if start >= DAY:
        raise section.error("start", f"is {text!r}", "give a time before 24:00")
    return start


def _utc_offset(section: Section, now: int) -> int:
    zone = section.text("tz", UTC)
    offset = utc_offset(zone, now)
    if offset is None:
        raise section.error(
            "tz", f"{zone!r} is no time zone", "give one like Europe/Berlin"
        )
    return offset
