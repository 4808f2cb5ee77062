"""Scenarios played: the real hosts do what they promise, and it is told."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from moonraker_netqueue.cli.screen import plain
from moonraker_netqueue.model.command import PrintEnded
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.printer.printer_port import StatsState
from moonraker_netqueue.sim.ledger import Ledger, PromiseBroken
from moonraker_netqueue.sim.pages import live_page
from moonraker_netqueue.sim.scenario import Scenario, read_scenario
from moonraker_netqueue.sim.scenario_run import ScenarioRun
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play

_TESTDATA = Path(__file__).parents[2] / "testdata"
_HEAD = """
queues:
  - namespace: bench
    members: [anton, berta, carla]
    jobs:
      - name: part
        items: [{name: half, count: 4, materials: [PLA], minutes: 3}]
printers:
  anton: {materialsReady: [PLA], selfClearing: true}
  berta: {materialsReady: [PLA], selfClearing: true}
  carla: {materialsReady: [PLA], selfClearing: true}
person: {reaction: 0, clearing: 1, changing: 2}
"""

pytestmark = pytest.mark.timeout(300)  # seconds of a busy machine


def scenario(more: str = "", **changes: str) -> Scenario:
    """Three printers, four short copies; with words replaced and lines added."""
    text = _HEAD + textwrap.dedent(more)
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return read_scenario(text, "short.yaml")


def played(wanted: Scenario, hours: float = 2.0, seed: int = 1) -> ScenarioRun:
    """The scenario, played to its end."""
    runs: list[ScenarioRun] = []

    async def whole(loop: VirtualLoop) -> None:
        runs.append(ScenarioRun(wanted, loop, seed))
        await runs[0].run(hours)

    play(whole, VirtualLoop())
    return runs[0]


def texts(run: ScenarioRun) -> list[str]:
    return [told.text for told in run.story.told]


def test_all_copies_are_printed_once_and_it_is_told() -> None:
    """From the first leader to the last copy."""
    run = played(scenario())
    assert run.done
    assert run.left == []
    assert sum(run.ledger.made_by.values()) == 4
    told = texts(run)
    assert told[0] == "anton leads queue bench"
    assert "part is added to queue bench at anton: 4 copies" in told
    assert sum("prints part" in text for text in told) == 4
    assert told[-1].endswith("has printed part: 4 of 4 made")
    assert 300 < run.seconds < 900


def test_the_same_seed_tells_the_same_story_and_another_one_does_not() -> None:
    """Also in a process whose sets are in another order."""
    wanted = scenario("failures: 0.5")
    here = [run.story.told for run in (played(wanted), played(wanted, seed=2))]
    assert here[0] != here[1]
    code = (
        "from tests.sim.test_scenario_run import played, scenario\n"
        "print(played(scenario('failures: 0.5')).story.told)"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=_TESTDATA.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == str(here[0])


def test_a_copy_spoiled_by_a_power_cut_is_made_again_once_a_person_said_so() -> None:
    """Its printer is off for ten minutes; the others go on."""
    events = """
    events:
      - {at: 2, what: power off, printer: berta}
      - {at: 12, what: power on, printer: berta}
    """
    run = played(scenario(events))
    assert run.done
    (copies,) = run.ledger.all()
    assert (copies.made, copies.spoiled, copies.given_up) == (4, 1, 1)
    assert run.person.decided == 1
    told = texts(run)
    assert "berta spoils part: it broke off" in told
    before = told.index("berta is switched on again")
    assert "operator at berta: part is printed again" in told[before:]


def test_a_printer_that_stays_off_keeps_its_copy_and_that_is_said() -> None:
    """Nobody knows what it made: no time makes that known (R7)."""
    run = played(scenario("events: [{at: 2, what: power off, printer: berta}]"), 0.3)
    assert not run.done
    ((copies, why),) = run.left
    assert (copies.name, copies.counted, copies.made) == ("part", 3, 3)
    assert why == "printing on berta, which is off"


def test_a_printer_that_is_cut_off_prints_on_and_hands_in_later() -> None:
    """What it made meanwhile counts once."""
    events = """
    events:
      - {at: 2, what: cut, printer: berta}
      - {at: 15, what: mend, printer: berta}
    """
    run = played(scenario(events))
    assert run.done
    assert run.seconds > 15 * 60
    assert run.ledger.made_by["berta"] >= 1
    (copies,) = run.ledger.all()
    assert (copies.made, copies.counted) == (4, 4)


def test_a_crash_of_moonraker_does_not_disturb_the_print() -> None:
    """It is found again, and nothing is printed twice."""
    run = played(scenario("events: [{at: 2, what: crash, printer: anton}]"))
    assert run.done
    (copies,) = run.ledger.all()
    assert (copies.made, copies.spoiled) == (4, 0)
    assert "anton: Moonraker is back" in texts(run)


def test_a_printer_that_is_shut_down_in_order_leaves_the_other_going() -> None:
    """The commonest farm."""
    wanted = scenario(
        "events: [{at: 0, what: shut down, printer: berta}]",
        **{
            "[anton, berta, carla]": "[anton, berta]",
            "  carla: {materialsReady: [PLA], selfClearing: true}\n": "",
            "{at: 0,": "{at: 1,",
            "- name: part": "- name: part\n        at: 3",
        },
    )
    run = played(wanted)
    assert run.done
    assert run.ledger.made_by == {"anton": 4}


def test_a_person_clears_beds_and_loads_material_only_while_at_work() -> None:
    """At 8:00 it begins, at 8:05 somebody comes for an hour."""
    wanted = scenario(
        "operator: [{daysofweek: [0], start: '08:05', duration: 60}]",
        **{
            "anton: {materialsReady: [PLA], selfClearing: true}": (
                "anton: {materialsAvailable: [PLA], materialsReady: [ABS]}"
            ),
            "[anton, berta, carla]": "[anton]",
            "  berta: {materialsReady: [PLA], selfClearing: true}\n": "",
            "  carla: {materialsReady: [PLA], selfClearing: true}\n": "",
            "count: 4": "count: 2",
        },
    )
    run = played(wanted)
    assert run.done
    assert (run.person.cleared, run.person.changed) == (1, 1)
    acts = [t for t in run.story.told if t.text.startswith("operator")]
    assert [told.text for told in acts] == [
        "operator looks at the bed of anton",
        "operator loads PLA at anton",
        "operator clears the bed of anton",
    ]
    assert run.story.line(acts[0]).startswith("Mon 08:05:")


def test_a_job_that_no_printer_may_print_is_left_with_its_reason() -> None:
    """As the page of the queue tells it."""
    run = played(scenario(**{"materials: [PLA], m": "materials: [PEEK], m"}), 0.1)
    ((_, why),) = run.left
    assert "load PEEK on anton" in why


def test_a_job_is_added_when_its_time_has_come() -> None:
    """Before, it is not missed."""
    wanted = scenario(**{"- name: part": "- name: part\n        at: 12"})
    run = played(wanted, 0.1)
    ((_, why),) = run.left
    assert why == "it is added 12 min after the start"
    assert played(wanted).done


def test_a_queue_that_never_has_a_majority_gets_no_job() -> None:
    """Cut apart from the first moment on: whoever is not asked says so."""
    events = "events: [{at: 0, what: power off, printer: %s}]"
    wanted = scenario(
        events % "anton",
        **{
            "[anton, berta, carla]": "[anton]",
            "  berta: {materialsReady: [PLA], selfClearing: true}\n": "",
            "  carla: {materialsReady: [PLA], selfClearing: true}\n": "",
        },
    )
    run = played(wanted, 0.1)
    ((_, why),) = run.left
    assert why == "it was never added: no host of the queue had a majority"


def test_a_printer_of_two_queues_serves_both() -> None:
    """One print at a time."""
    wanted = read_scenario(
        """
queues:
  - namespace: one
    members: [anton, berta]
    jobs: [{name: a, items: [{name: a, count: 2, minutes: 2}]}]
  - namespace: two
    members: [berta]
    jobs: [{name: a, items: [{name: a, count: 2, minutes: 2}]}]
printers: {anton: {selfClearing: true}, berta: {selfClearing: true}}
""",
        "two.yaml",
    )
    run = played(wanted)
    assert run.done
    assert run.ledger.made_by["berta"] >= 2
    assert run.ledger.made_by["anton"] >= 1


def test_the_first_half_minute_of_the_farm() -> None:
    """Thirty hosts find one leader, and their first prints begin; of all that a
    small terminal shows what fits."""
    path = _TESTDATA / "scenario3.yaml"
    wanted = read_scenario(path.read_text(), path.name)
    shown: list[list[str]] = []
    runs: list[ScenarioRun] = []

    async def whole(loop: VirtualLoop) -> None:
        run = ScenarioRun(wanted, loop, wanted.seed)
        runs.append(run)
        playing = asyncio.ensure_future(run.run(25 / 3600))
        await asyncio.sleep(24)
        shown.append(list(plain(live_page(run, 12.0, height=24))))
        await playing

    play(whole, VirtualLoop())
    assert sum("leads queue farm" in text for text in texts(runs[0])) == 1
    assert len([text for text in texts(runs[0]) if " prints " in text]) >= 15
    (page,) = shown
    assert len(page) <= 24
    assert page[0].endswith("Mon 09:00:24, 12 x")
    assert page[2].split() == ["printer", "state", "prints", "loaded", "made"]
    assert any(line.startswith("p01") and "printing" in line for line in page)
    assert page.count("and 25 more") == 1  # printers: five fit


# What would be a defect is found.


def _ledger() -> Ledger:
    return Ledger(scenario().jobs)


_FILE = "netqueue/bench/part - half.gcode"


def test_a_copy_too_many_is_found() -> None:
    """Four are wanted: a fifth may begin only after one was spoiled or given up."""
    ledger = _ledger()
    for printer in "abcd":
        ledger.begin(printer, _FILE, on_bed="", loaded=("PLA",))
    ledger.end("a", _FILE, StatsState.ERROR)
    ledger.begin("a", _FILE, on_bed="", loaded=("PLA",))
    with pytest.raises(PromiseBroken, match="e prints part once too often"):
        ledger.begin("e", _FILE, on_bed="", loaded=("PLA",))
    ledger = _ledger()
    ledger.copies(_FILE).given_up = 1
    for printer in "abcde":
        ledger.begin(printer, _FILE, on_bed="", loaded=("PLA",))


def test_a_print_on_a_full_bed_is_found() -> None:
    """Whatever the host believes of the bed."""
    with pytest.raises(PromiseBroken, match="on top of"):
        _ledger().begin("a", _FILE, on_bed="other.gcode", loaded=("PLA",))


def test_a_print_in_the_wrong_material_is_found() -> None:
    """Whatever the host believes to be loaded."""
    with pytest.raises(PromiseBroken, match="a started part in PETG"):
        _ledger().begin("a", _FILE, on_bed="", loaded=("PETG",))


def test_a_host_that_claims_what_it_did_not_make_ends_the_run() -> None:
    """A lie told to the real queue: counts do not add up."""
    runs: list[ScenarioRun] = []

    async def whole(loop: VirtualLoop) -> None:
        run = ScenarioRun(scenario(), loop, 1)
        runs.append(run)

        async def lie() -> None:
            await asyncio.sleep(60)
            (print_, *_) = run.state("bench").prints.values()
            liar = next(h for h in run.hosts.values() if h.id == print_.host)
            done = PrintEnded(
                print_.print_id,
                PrintState.DONE,
                print_.job_id,
                print_.item,
                print_.sha256,
            )
            await liar.give("bench", done)

        lying = asyncio.ensure_future(lie())
        try:
            await run.run(1)
        finally:
            await lying

    with pytest.raises(PromiseBroken, match="counts 1 of part, 0 were made"):
        play(whole, VirtualLoop())
