"""A copy whose material is not loaded waits for the person who loads it."""

from __future__ import annotations

import asyncio

import pytest

from moonraker_netqueue.config import PrinterSettings
from moonraker_netqueue.model.job import ItemSpec
from moonraker_netqueue.model.printer import PrinterState
from moonraker_netqueue.printer.bed import after_damage
from moonraker_netqueue.printer.loading import to_load
from moonraker_netqueue.printer.record import Changes, Record
from tests.printer.workshop import Workshop, story

PLA, PETG = "PLA:red", "PETG:black"
BOTH = PrinterSettings(materials=(PLA, PETG), materials_ready=(PLA,))


@pytest.mark.parametrize(
    ("settings", "left", "spec", "words"),
    [
        (BOTH, None, ItemSpec("part", 1, (), materials=(PLA,)), ""),
        (BOTH, None, ItemSpec("part", 1, (), materials=("PLA",)), ""),
        (BOTH, None, ItemSpec("part", 1, ()), ""),
        (BOTH, None, ItemSpec("part", 1, (), materials=(PETG,)), "load PETG:black for"),
        (BOTH, 9.5, ItemSpec("part", 1, (), grams=30), "it takes 30 g, 9.5 g are left"),
        (BOTH, 30.0, ItemSpec("part", 1, (), grams=30), ""),
        (
            PrinterSettings(),  # says nothing of what it has
            None,
            ItemSpec("part", 1, (), materials=(PETG,), from_file=("materials",)),
            "",
        ),
    ],
)
def test_what_must_be_loaded(
    settings: PrinterSettings, left: float | None, spec: ItemSpec, words: str
) -> None:
    """Only what is needed and surely not there."""
    record = Record(after_damage("a test"), changes=Changes(grams_left=left))
    text = to_load(settings, record, spec)
    assert text == "" if not words else words in text


@story
async def test_a_print_waits_until_its_material_is_said_to_be_loaded(
    workshop: Workshop,
) -> None:
    """However long it takes: in the wrong material it would be lost."""
    host = await workshop.host(materials=(PLA, PETG), materials_ready=(PLA,))
    job_id = await workshop.add(host, materials=(PETG,), estimate_s=10)
    await workshop.until(lambda: "load PETG:black" in host.profile.reason)
    await asyncio.sleep(3600)
    assert host.printer.starts == []
    assert host.profile.state is PrinterState.READY
    await host.agent.change({"materials_ready": (PETG,)})
    await workshop.until(lambda: workshop.done(job_id) == 1, 60)
    assert host.profile.reason == ""


@story
async def test_who_has_the_material_loaded_takes_the_copy_that_waits(
    workshop: Workshop,
) -> None:
    """The other one gives its reservation back once somebody can start."""
    waits = await workshop.host(materials=(PLA, PETG), materials_ready=(PLA,))
    job_id = await workshop.add(waits, materials=(PETG,), estimate_s=10)
    await workshop.until(lambda: "load PETG:black" in waits.profile.reason)
    able = await workshop.host("able", materials_ready=(PETG,))
    able.files.here |= waits.files.here
    await workshop.until(lambda: workshop.done(job_id) == 1, 300)
    assert waits.printer.starts == []
    assert len(able.printer.starts) == 1


@story
async def test_a_person_may_give_back_what_waits_for_material(
    workshop: Workshop,
) -> None:
    """And it is tried elsewhere, or here again later."""
    host = await workshop.host(materials=(PLA, PETG), materials_ready=(PLA,))
    await workshop.add(host, materials=(PETG,), estimate_s=10)
    await workshop.until(lambda: "load PETG:black" in host.profile.reason)
    (print_,) = workshop.state.prints.values()
    await host.agent.release(print_.print_id, "anna")
    await workshop.until(lambda: not workshop.state.prints)
    plain = await workshop.add(host, "plain.gcode", estimate_s=10)
    await workshop.until(lambda: workshop.done(plain) == 1, 60)
