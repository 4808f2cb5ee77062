"""A problem as a YAML file, in the words of the original `schedule*.yaml`.

docs/scheduling.md describes the keys; the files of testdata/instances are examples.
"""

from __future__ import annotations

from dataclasses import dataclass

from .document import parse_yaml
from .hours import DAY, WEEK, OperatorPeriod
from .problem import (
    ANY_MODEL,
    DEFAULT_QUEUE,
    UNKNOWN_DURATION,
    FormFactor,
    JobClass,
    Printer,
    Problem,
    Volume,
    Weights,
)
from .section import Section
from .weights import WEIGHTS
from .zone import UTC, utc_offset

ONE_SHOT = "oneshot"
_MAKESPAN = "makespan"
_PAGE = "docs/scheduling.md"

_FILE_KEYS = (
    "kind",
    "now",
    "weights",
    "operator",
    "printers",
    "jobs",
    "userCredit",
    "expected",
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
)
_JOB_KEYS = (
    "materials",
    "created_at",
    "copies",
    "durations",
    "grams",
    "nozzle",
    "bbox",
    "queue",
    "tags",
    "priority",
    "deadline",
    "user",
    "keepTogether",
)
VOLUME_KEYS = ("width", "depth", "height", "formFactor")
PERIOD_KEYS = ("daysofweek", "start", "duration", "max_manual_events", "tz")


@dataclass(frozen=True)
class Instance:
    """A problem, and whether it asks for the next prints or for a whole batch."""

    is_batch: bool
    problem: Problem


def read_instance(text: str, name: str) -> Instance:
    """The problem in the text of file `name`; raises ProblemError in one line."""
    root = Section(parse_yaml(text, name, _PAGE), name, _FILE_KEYS)
    jobs = tuple(_job(*entry) for entry in root.entries("jobs", _JOB_KEYS))
    # Without `now` the plan must not depend on when somebody runs it.
    newest = max((job.added for job in jobs), default=0)
    now = root.moment("now") if "now" in root else newest
    return Instance(
        is_batch=root.text("kind", ONE_SHOT).startswith(_MAKESPAN),
        problem=Problem(
            now=now,
            printers=tuple(
                _printer(*entry) for entry in root.entries("printers", _PRINTER_KEYS)
            ),
            jobs=jobs,
            weights=_weights(
                root.section("weights", (weight.key for weight in WEIGHTS))
            ),
            operator=tuple(
                read_period(section, now)
                for section in root.sections("operator", PERIOD_KEYS)
            ),
            owner_credit=_credits(root),
        ),
    )


def _job(name: str, section: Section) -> JobClass:
    for key in ("materials", "created_at"):
        if key not in section:
            remedy = {
                "materials": "list what it needs, [] if any will do",
                "created_at": "give a time like 2026-03-22T10:00:00Z",
            }
            raise section.error(key, "is missing", remedy[key])
    durations = section.whole_numbers("durations", least=1)
    bbox = section.measures("bbox", 3)
    return JobClass(
        name=name,
        added=section.moment("created_at"),
        copies=section.whole("copies", 1, least=1),
        materials=section.texts("materials", ()),
        durations=tuple(sorted(durations.items())) or ((ANY_MODEL, UNKNOWN_DURATION),),
        nozzle=section.measure("nozzle", None),
        bbox=None if bbox is None else (bbox[0], bbox[1], bbox[2]),
        grams=section.measure("grams", 0),
        queue=section.text("queue", DEFAULT_QUEUE),
        tags=section.texts("tags", ()),
        priority=section.whole("priority", 0),
        due=section.moment("deadline") if "deadline" in section else None,
        owner=section.text("user", ""),
        keep_together=section.flag("keepTogether"),
    )


def _printer(name: str, section: Section) -> Printer:
    return Printer(
        name=name,
        model=section.text("model", ANY_MODEL),
        materials=section.texts("materialsAvailable", ()),
        loaded=section.texts("materialsReady", ()),
        self_clearing=section.flag("selfClearing"),
        volume=read_volume(section.section("volume", VOLUME_KEYS))
        if "volume" in section
        else None,
        nozzle=section.measure("nozzle", None),
        manual_effort_cost=section.whole("manualEffortCost", 30, least=0),
        grams_left=section.measure("gramsLeft", None),
        spool_grams=section.measure("spoolGrams", None),
        queues=section.texts("queues", (DEFAULT_QUEUE,)),
        tags=section.texts("tags", ()),
        state=section.text("state", "idle"),
        busy_minutes=section.whole("busyMinutes", 0, least=0),
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
    return Weights(
        **{
            weight.name: section.whole(
                weight.key, getattr(default, weight.name), 0, weight.most_in_file
            )
            for weight in WEIGHTS
        }
    )


def _credits(root: Section) -> tuple[tuple[str, int], ...]:
    # A credit may be negative, but far from as much as this.
    return tuple(sorted(root.whole_numbers("userCredit", least=-(10**9)).items()))


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
    duration = section.whole("duration", 1, least=1)
    if duration > WEEK:
        raise section.error("duration", f"{duration} is over a week", f"up to {WEEK}")
    return OperatorPeriod(
        days=tuple(int(day) for day in days),
        start=_minute_of_day(section),
        duration=duration,
        utc_offset=_utc_offset(section, now),
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
