"""Scenario files: what they mean, and what their mistakes are told as."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from moonraker_netqueue.model.printer import ClearBed, Volume
from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.sim import scenario as scenario_module
from moonraker_netqueue.sim.scenario import (
    Habits,
    Happening,
    Scenario,
    What,
    read_scenario,
)

_TESTDATA = Path(__file__).parents[2] / "testdata"
_SMALL = """
queues:
  - namespace: bench
    members: [anton, berta]
    jobs:
      - name: part
        items: [{name: half, count: 2, materials: [PLA]}]
printers:
  anton: {model: mk3, materialsReady: [PLA]}
  berta: {model: mk3, selfClearing: true}
"""


def _read(more: str = "", **changes: str) -> Scenario:
    """The small scenario, with words replaced and lines added."""
    text = _SMALL + textwrap.dedent(more)
    for old, new in changes.items():
        text = text.replace(old, new)
    return read_scenario(text, "small.yaml")


def test_what_is_left_out_has_its_documented_default() -> None:
    """The original's files need nothing that it did not have."""
    scenario = _read()
    assert (scenario.seed, scenario.failures, scenario.events) == (1, 0.0, ())
    assert scenario.now == 1774252800  # Monday 2026-03-23 08:00 UTC
    assert scenario.person == Habits(reaction=5, clearing=5, changing=15)
    assert scenario.operator == ()
    (job,) = scenario.jobs
    assert (job.queue, job.at, job.items[0].minutes) == ("bench", 0, 60)
    assert scenario.printers["anton"].clear_bed is ClearBed.MANUAL
    assert scenario.printers["berta"].clear_bed is ClearBed.MACRO


def test_everything_can_be_said() -> None:
    """Each key ends up where it belongs."""
    scenario = read_scenario(
        """
now: '2026-03-24T06:30:00+01:00'
seed: 7
failures: 0.25
queues:
  - namespace: one
    members: [p, q, p]
    jobs:
      - {name: j, at: 9, priority: 2, user: anna, keepTogether: true, tags: [belt],
         items: [{name: i, count: 3, materials: ['PLA:red'], nozzle: 0.6, minutes: 7}]}
  - {namespace: two, members: [q]}
printers:
  p: {model: m, materialsAvailable: [PLA], materialsReady: ['PLA:red'], nozzle: 0.6,
      tags: [belt], manualEffortCost: 3,
      volume: {width: 1, depth: 2, height: 3, formFactor: circular}}
  q: {}
operator: [{daysofweek: [1], start: '06:00', duration: 90, tz: Europe/Berlin}]
person: {reaction: 1, clearing: 2, changing: 3}
events: [{at: 8, what: mend, printer: q}, {at: 4, what: cut, printer: q}]
""",
        "all.yaml",
    )
    assert scenario.now == 1774330200
    assert (scenario.seed, scenario.failures) == (7, 0.25)
    assert scenario.members == {"one": ("p", "q"), "two": ("q",)}
    assert scenario.queues_of("q") == ("one", "two")
    (job,) = scenario.jobs
    assert (job.at, job.priority, job.owner, job.tags) == (9, 2, "anna", ("belt",))
    assert job.keep_together
    (item,) = job.items
    assert (item.count, item.materials, item.nozzle) == (3, ("PLA:red",), 0.6)
    assert item.minutes == 7
    printer = scenario.printers["p"]
    assert (printer.materials, printer.materials_ready) == (("PLA",), ("PLA:red",))
    assert (printer.nozzle, printer.tags) == (0.6, ("belt",))
    assert printer.manual_effort_cost == 3
    assert printer.volume == Volume(1, 2, 3, "circular")
    assert scenario.operator[0].utc_offset == 60
    assert scenario.person == Habits(1, 2, 3)
    assert scenario.events == (
        Happening(4, What.CUT, "q"),
        Happening(8, What.MEND, "q"),
    )


@pytest.mark.parametrize(
    ("more", "changes", "told"),
    [
        ("sead: 3", {}, "unknown key 'sead'; did you mean 'seed'?"),
        ("seed: -1", {}, "seed: -1 is too small"),
        ("failures: 2", {}, "failures: is 2; give a share"),
        ("failures: .nan", {}, "failures: nan is not possible"),
        ("", {"[anton, berta]": "[anton, bert]"}, "members: 'bert' is no printer"),
        ("", {"[anton, berta]": "[anton]"}, "'berta' is in no queue; name it"),
        ("", {"[anton, berta]": "[]"}, "members: is empty"),
        ("", {"bench": "Bench 1"}, "namespace: is 'Bench 1'; use up to 32"),
        ("", {"name: part": "name: a/b"}, "'a/b' has a /"),
        ("", {"name: part": "name: ''"}, "name: it must have 1 to 60 characters"),
        ("", {"count: 2": "count: 0"}, "count: 0 is too small"),
        ("", {"count: 2": "count: 100001"}, "100001 is too large"),
        ("", {"count: 2": "count: many"}, "count: is 'many'; give a whole number"),
        ("", {"[PLA]}]": "[PLA], minutes: 9999999}]"}, "9999999 is too large"),
        ("", {"[{name: half, count: 2, materials: [PLA]}]": "[]"}, "items: are 0"),
        ("", {"selfClearing: true": "selfClearing: 1"}, "is 1; give true or false"),
        ("", {"model: mk3, m": "nozzle: 99, m"}, "nozzle in mm 99 is not in"),
        (
            "events: [{at: 1, what: burn, printer: anton}]",
            {},
            "one of power off, power on",
        ),
        ("events: [{at: 1, what: cut, printer: x}]", {}, "'x' is no printer; one of"),
        ("operator: [{start: '08:00'}]", {}, "daysofweek: is missing"),
        ("now: soon", {}, "now: is 'soon'; give a time like"),
        ("now: [", {}, "is not YAML"),
        ("", {"name: part": "name: part\n        priority: 99"}, "priority"),
    ],
)
def test_mistakes_are_told_with_place_and_remedy(
    more: str, changes: dict[str, str], told: str
) -> None:
    """In one line, which names the file."""
    with pytest.raises(ProblemError) as caught:
        _read(more, **changes)
    message = str(caught.value)
    assert told in message
    assert message.startswith("small.yaml")
    assert "\n" not in message


@pytest.mark.parametrize("key", ["queues", "printers"])
def test_a_scenario_without_printers_or_queues_is_none(key: str) -> None:
    """Nothing would ever happen in it."""
    text = {"queues": "printers: {p: {}}", "printers": "queues: []"}[key]
    with pytest.raises(ProblemError, match="is empty; see docs/simulation"):
        read_scenario(text, "empty.yaml")


def test_names_are_there_once() -> None:
    """Of queues, of a queue's jobs, of a job's items."""
    twice = _SMALL.split("printers:")
    queue = twice[0] + twice[0].replace("queues:\n", "") + "printers:" + twice[1]
    item = "{name: half, count: 2, materials: [PLA]}"
    job = f"      - name: part\n        items: [{item}]\n"
    for text in (
        queue,
        _SMALL.replace(job, job + job),
        _SMALL.replace(item, f"{item}, {item}"),
    ):
        with pytest.raises(ProblemError, match="is there twice"):
            read_scenario(text, "twice.yaml")


@pytest.mark.parametrize("path", sorted(_TESTDATA.glob("scenario*.yaml")), ids=str)
def test_the_examples_can_be_read_and_explain_themselves(path: Path) -> None:
    """Their first comment says what they are for and what is to be expected."""
    text = path.read_text()
    read_scenario(text, path.name)
    comment = text[: text.index("\nnow:")]
    assert comment.startswith("# ")
    assert "# Expected: exit status" in comment


def test_there_are_the_examples_of_the_issue() -> None:
    """Small, a workshop, a farm."""
    sizes = [
        len(read_scenario(path.read_text(), path.name).printers)
        for path in sorted(_TESTDATA.glob("scenario*.yaml"))
    ]
    assert sizes == [3, 8, 30]


def test_every_key_is_documented() -> None:
    """In the table of docs/simulation.md, with the kinds of events."""
    page = (_TESTDATA.parent / "docs" / "simulation.md").read_text()
    keys = {
        key
        for name, keys in vars(scenario_module).items()
        if re.fullmatch("_[A-Z]+_KEYS", name)  # others' are in scheduling.md
        for key in keys
    }
    assert len(keys) > 30
    words = keys | {what.value for what in What}
    assert [word for word in sorted(words) if f"`{word}`" not in page] == []
