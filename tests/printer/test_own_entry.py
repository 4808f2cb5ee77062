"""What a person changes of a printer's own entry, and what its prints use up."""

from __future__ import annotations

import asyncio

import pytest

from moonraker_netqueue.model.command import Body, PrinterUpdate
from moonraker_netqueue.model.hours import Period
from moonraker_netqueue.model.printer import PrinterState
from moonraker_netqueue.printer.errors import ChangeInvalid
from moonraker_netqueue.printer.queue_port import Submission
from tests.printer.workshop import Workshop, in_queues, story

SATURDAY = Period((5,), "10:00", 240, "Europe/Berlin")


@story
async def test_hours_and_spools_are_kept_over_a_restart(workshop: Workshop) -> None:
    """As everything that a person changed; none of them is back to nothing."""
    host = await workshop.host()
    await host.agent.change({"hours": (SATURDAY,), "spool_grams": 750.0})
    await host.agent.change({"grams_left": 80.0})
    await workshop.until(lambda: host.profile.grams_left == 80)
    await host.kill()
    await host.start()
    assert host.agent.view()["hours"] == [
        {
            "days": [5],
            "start": "10:00",
            "duration": 240,
            "tz": "Europe/Berlin",
            "max_manual_events": None,
        }
    ]
    await host.agent.change({"hours": (), "spool_grams": None})
    await workshop.until(lambda: host.profile.hours == ())
    assert (host.profile.spool_grams, host.profile.grams_left) == (None, 80)


@story
async def test_prints_use_up_what_is_left(workshop: Workshop) -> None:
    """What is too little for the next copy has to be replaced first."""
    host = await workshop.host()
    await host.agent.change({"grams_left": 70.0})
    job_id = await workshop.add(host, count=2, estimate_s=10, grams=30.25)
    await workshop.until(lambda: workshop.done(job_id) == 2, 300)
    await workshop.until(lambda: host.profile.grams_left == 9.5)
    other = await workshop.add(host, "other.gcode", estimate_s=10, grams=30.25)
    await workshop.until(lambda: "9.5 g are left" in host.profile.reason, 30)
    await asyncio.sleep(600)
    assert workshop.done(other) == 0
    await host.agent.change({"grams_left": 30.5})
    await workshop.until(lambda: workshop.done(other) == 1, 300)
    await workshop.until(lambda: host.profile.grams_left == 0.2)


@story
async def test_what_nobody_weighed_stays_unknown(workshop: Workshop) -> None:
    """Neither the spool nor the copy."""
    host = await workshop.host()
    job_id = await workshop.add(host, estimate_s=10, grams=30)
    await workshop.until(lambda: workshop.done(job_id) == 1, 300)
    assert host.profile.grams_left is None
    await host.agent.change({"grams_left": 5.0})
    other = await workshop.add(host, "other.gcode", estimate_s=10)
    await workshop.until(lambda: workshop.done(other) == 1, 300)
    assert host.profile.grams_left == 5


@story
async def test_other_material_is_another_spool(workshop: Workshop) -> None:
    """A full one, unless it is said how much is on it."""
    host = await workshop.host(materials_ready=("PLA",))
    await host.agent.change({"grams_left": 5.0, "spool_grams": 1000.0})
    await host.agent.change({"materials_ready": ("PLA",)})
    assert host.agent.view()["grams_left"] == 5
    await host.agent.change({"materials_ready": ("PETG",)})
    assert host.agent.view()["grams_left"] == 1000
    await host.agent.change({"materials_ready": ("PLA",), "grams_left": 200.0})
    assert host.agent.view()["grams_left"] == 200


@story
async def test_what_is_wrong_changes_nothing(workshop: Workshop) -> None:
    """And is named."""
    host = await workshop.host()
    before = host.agent.view()
    for changes, words in (
        ({"hours": (Period((9,), "10:00", 1),)}, r"hours\[0\].days"),
        ({"grams_left": -1.0}, "grams_left -1"),
        ({"spool_grams": 1e9, "accept": False}, "spool_grams"),
        ({"nozzles": 2}, "no 'nozzles' to change"),
    ):
        with pytest.raises(ChangeInvalid, match=words):
            await host.agent.change(changes)
    assert host.agent.view() == before


@in_queues("production", "prototypes")
async def test_a_queue_that_is_left_hears_nothing_after_the_farewell(
    workshop: Workshop,
) -> None:
    """Its answer is slow, and the entry that the other queue has differs from it."""
    host = await workshop.host()
    port, queue = host.queues["prototypes"], workshop.queues["prototypes"]
    submit = port.submit

    async def slow(body: Body, client_id: str = "", timeout: float = 5.0) -> Submission:
        answer = await submit(body, client_id, timeout)
        await asyncio.sleep(30)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(port, "submit", slow)
        await host.agent.leave("prototypes")
    await asyncio.sleep(60)
    last = queue.bodies(PrinterUpdate, host.host_id)[-1]
    assert last.profile.state is PrinterState.OFFLINE
    assert not last.profile.accept
    assert host.profile.accept  # in the other queue
