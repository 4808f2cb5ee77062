"""Dashboards that know Moonraker's own job queue drive the shared one, unchanged.

The calls and their order are those of Mainsail 2.18, Fluidd 1.37, KlipperScreen and
Mobileraker; each over a real websocket to a real Moonraker, on two printers.
"""

from __future__ import annotations

import asyncio
import base64
import posixpath
from collections.abc import Callable, Coroutine, Iterator
from functools import partial, wraps
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.moonraker_client import RefusedError
from moonraker_netqueue.virtual_printer.printers import (
    VirtualFarm,
    VirtualPrinter,
)
from moonraker_netqueue.virtual_printer.shared_queue import sections, unshared_reason
from tests.component.dashboard import CallRefusedError, Dashboard
from tests.component.test_component import LONG, ROOT, serves, wait
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(300)
_GCODE = b"G28\nG4 P500\n"

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mNQaPhPEmIY1TCqYfhqAADB"
    "Np8Q4t5+jwAAAABJRU5ErkJggg=="
)

Story = Callable[[VirtualPrinter, VirtualPrinter], Coroutine[None, None, None]]


@pytest.fixture(scope="module")
def farm(printers_folder: Path) -> Iterator[VirtualFarm]:
    """Two printers of one queue; the first has the files."""
    with start_farm(printers_folder, 2, sections("panels")) as farm:
        wait(lambda: unshared_reason(farm) is None)
        for name in "abc":
            farm.printers[0].client.upload(f"{name}.gcode", _GCODE + name.encode())
        farm.printers[0].client.upload("box/lid.gcode", _GCODE + b"; lid\n")
        farm.printers[0].client.upload("long.gcode", LONG)
        yield farm


@pytest.fixture
def paused(farm: VirtualFarm) -> VirtualFarm:
    """Nothing is in the queue, and nothing is started."""
    client = farm.printers[0].client
    client.post("/server/job_queue/pause")
    for job in client.get(f"{ROOT}/jobs")["jobs"]:
        wait(partial(remove, farm.printers[0], job["job_id"]))
    wait(
        lambda: all(
            p.client.get("/server/job_queue/status")
            == {"queued_jobs": [], "queue_state": "paused"}
            for p in farm.printers
        )
    )
    return farm


def remove(printer: VirtualPrinter, job_id: str) -> bool:
    """Remove a job, once its prints have ended."""
    printer.client._call(
        "DELETE", f"{ROOT}/job?job_id={job_id}", None, "application/json"
    )
    return True


def story(tell: Story) -> Callable[[VirtualFarm], None]:
    """A test on both printers, in a loop of its own."""

    @wraps(tell)
    def test(paused: VirtualFarm) -> None:
        first, second = paused.printers
        asyncio.run(tell(first, second))

    del test.__wrapped__  # pytest reads the fixtures from `test`
    return test


@story
async def test_mainsail_fills_reorders_and_empties_the_queue(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """Another Mainsail, at the other printer, sees each step."""
    async with (
        Dashboard(first, "mainsail") as one,
        Dashboard(second, "mainsail") as two,
    ):
        assert await one.job_queue("status") == []
        await two.job_queue("status")
        await one.job_queue("post_job", filenames=["a.gcode"])
        await one.job_queue("post_job", filenames=["b.gcode"] * 3)
        files = ["a.gcode", "b.gcode", "b.gcode", "b.gcode"]
        assert one.files == files
        await two.shows(*files)
        assert two.queue[0].keys() == {
            "filename",
            "job_id",
            "time_added",
            "time_in_queue",
        }
        assert len({row["job_id"][:8] for row in two.queue}) == 4
        dragged = ["b.gcode", "b.gcode", "b.gcode", "a.gcode"]
        assert await two.job_queue("post_job", filenames=dragged, reset=True) == dragged
        await one.shows(*dragged)
        assert await one.job_queue("delete_job", job_ids=one.ids("b.gcode")[:1]) == [
            "b.gcode",
            "b.gcode",
            "a.gcode",
        ]
        await one.job_queue("delete_job", job_ids=one.ids("b.gcode"))
        await two.shows("a.gcode")
        told = [action for action in two.actions if action != "state_changed"]
        assert "jobs_added" in told  # what was before may be told of first
        assert told[-1] == "jobs_removed"


@story
async def test_a_removal_that_is_repeated_takes_one_copy(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """A client that has not seen the answer asks again: at once, after the answer, or
    over another connection. Rows that were not asked for stay what they were."""
    async with Dashboard(first, "mainsail") as one, Dashboard(second, "x") as two:
        await one.job_queue("post_job", filenames=["a.gcode"] * 6)
        ids = one.ids("a.gcode")
        call = {"job_ids": ids[1:2]}
        await asyncio.gather(*(one.job_queue("delete_job", **call) for _ in range(2)))
        assert one.ids("a.gcode") == [ids[0], *ids[2:]]
        await one.job_queue("delete_job", **call)
        async with Dashboard(first, "fluidd") as again:
            await again.job_queue("delete_job", **call)
            assert again.ids("a.gcode") == [ids[0], *ids[2:]]
        await asyncio.gather(
            *(one.job_queue("delete_job", job_ids=[row]) for row in (ids[0], ids[2]))
        )
        assert one.ids("a.gcode") == ids[3:]
        await two.shows("a.gcode", "a.gcode", "a.gcode")


@story
async def test_a_repeated_removal_of_one_file_leaves_the_others_of_its_kit(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """A kit without its first file is a job whose second file comes first."""
    items = [
        {"filename": "a.gcode", "count": 1},
        {"filename": "b.gcode", "count": 3},
    ]
    await asyncio.to_thread(first.client.post, f"{ROOT}/job", {"items": items})
    async with Dashboard(first, "mainsail") as one:
        await one.job_queue("status")
        call = {"job_ids": one.ids("a.gcode")}
        for _ in range(2):
            assert await one.job_queue("delete_job", **call) == ["b.gcode"] * 3


@story
async def test_a_drag_does_not_undo_what_another_one_adds_meanwhile(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """The dragging client posts the list that it saw; ids of jobs stay."""
    async with (
        Dashboard(first, "mainsail") as one,
        Dashboard(second, "mainsail") as two,
    ):
        await one.job_queue("post_job", filenames=["a.gcode", "b.gcode"])
        await two.shows("a.gcode", "b.gcode")
        ids = dict(zip(two.files, (row["job_id"] for row in two.queue), strict=True))
        posted = asyncio.create_task(one.job_queue("post_job", filenames=["c.gcode"]))
        await two.job_queue("post_job", filenames=["b.gcode", "a.gcode"], reset=True)
        await posted
        await two.shows("b.gcode", "a.gcode", "c.gcode")
        await one.shows("b.gcode", "a.gcode", "c.gcode")
        assert [ids[name] for name in ("b.gcode", "a.gcode")] == [
            row["job_id"] for row in one.queue[:2]
        ]


@story
async def test_fluidd_adds_a_file_of_a_folder_and_clears_all(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """The row has the file's folder: Fluidd looks its thumbnail up by it."""
    async with Dashboard(first, "fluidd") as one, Dashboard(second, "fluidd") as two:
        await two.job_queue("status")
        assert await one.job_queue("post_job", filenames=["box/lid.gcode"]) == [
            "box/lid.gcode"
        ]
        await one.job_queue("post_job", filenames=["a.gcode"])
        await two.shows("box/lid.gcode", "a.gcode")
        # The file is on the other printer; one more copy of it is no new file.
        assert await two.job_queue("post_job", filenames=["box/lid.gcode"]) == [
            "box/lid.gcode",
            "a.gcode",
            "box/lid.gcode",
        ]
        with pytest.raises(CallRefusedError, match=r"no file nope\.gcode"):
            await two.job_queue("post_job", filenames=["a.gcode", "nope.gcode"])
        assert len(await two.job_queue("status")) == 3, "all are added, or none"
        assert await two.job_queue("delete_job", all=True) == []
        await one.shows()


@story
async def test_a_file_on_another_printer_has_its_metadata_and_picture(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """Mainsail asks its own Moonraker about each row, by the row's file name."""
    async with (
        Dashboard(first, "mainsail") as one,
        Dashboard(second, "mainsail") as two,
    ):
        picture = "box/picture.gcode"
        await asyncio.to_thread(first.client.upload, picture, with_thumbnail(PNG))
        await one.job_queue("post_job", filenames=[picture])
        await two.shows(picture)
        own = await one.call("server.files.metadata", filename=picture)
        found = await two.call("server.files.metadata", filename=picture)
        theirs, here = own.pop("thumbnails"), found.pop("thumbnails")
        assert found == own
        for one_, other in zip(theirs, here, strict=True):
            assert {**one_, "relative_path": ""} == {**other, "relative_path": ""}
        paths = [f"box/{entry['relative_path']}" for entry in here]
        listed = await two.call("server.files.thumbnails", filename=picture)
        assert [entry["thumbnail_path"] for entry in listed] == paths
        images = [await asyncio.to_thread(download, second, path) for path in paths]
        assert PNG in images
        with pytest.raises(CallRefusedError, match="Metadata not available for <x>"):
            await two.call("server.files.metadata", filename="x")


@story
async def test_klipperscreen_starts_pauses_and_jumps(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """The pause is the queue's: both printers show it."""
    async with Dashboard(first, "KlipperScreen") as one, Dashboard(second, "x") as two:
        await two.job_queue("status")
        await one.job_queue("post_job", filenames=["a.gcode", "b.gcode", "c.gcode"])
        assert one.state == "paused"
        files = await one.job_queue("jump", job_id=one.ids("c.gcode")[0])
        assert files == ["c.gcode", "a.gcode", "b.gcode"]
        with pytest.raises(CallRefusedError, match="Invalid job id: 0123"):
            await one.job_queue("jump", job_id="0123")
        await one.job_queue("delete_job", all=True)
        await one.job_queue("start")
        assert one.state == "ready"
        await two.is_told(lambda: two.state == "ready")
        await two.job_queue("pause")
        await one.is_told(lambda: one.state == "paused")
        assert one.actions[-1] == "state_changed"


@story
async def test_macros_start_and_pause_the_shared_queue(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """Klipper's remote methods have the names that macros know. A Klipper that shuts
    down pauses nobody's queue but, in Moonraker's own way, its own."""
    async with Dashboard(first, "x") as one, Dashboard(second, "x") as two:
        await one.job_queue("status")
        await two.job_queue("status")
        await asyncio.to_thread(first.client.script, "START_JOB_QUEUE")
        await two.is_told(lambda: two.state == "ready")
        await asyncio.to_thread(shut_down_and_recover, first)
        assert await two.job_queue("status") == []
        assert two.state == "ready"
        await asyncio.to_thread(second.client.script, "PAUSE_JOB_QUEUE")
        await one.is_told(lambda: one.state == "paused")


@story
async def test_mobileraker_over_http(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """The same calls without a websocket: a list is merged with the one of now."""

    def use() -> None:
        client = first.client
        client.post("/server/job_queue/job", {"filenames": ["a.gcode", "b.gcode"]})
        client.post("/server/job_queue/job?filenames=c.gcode")
        order = ["c.gcode", "a.gcode"]
        answer = client.post(
            "/server/job_queue/job", {"filenames": order, "reset": True}
        )
        assert [row["filename"] for row in answer["queued_jobs"]] == order
        gone = answer["queued_jobs"][0]["job_id"]
        client._call(
            "DELETE", f"/server/job_queue/job?job_ids={gone},unknown", None, ""
        )
        rest = client.get("/server/job_queue/status")["queued_jobs"]
        assert [row["filename"] for row in rest] == ["a.gcode"]

    await asyncio.to_thread(use)


@story
async def test_a_copy_that_prints_is_no_row_and_not_deleted(
    first: VirtualPrinter, second: VirtualPrinter
) -> None:
    """It is assigned: the refusal names the rule."""
    async with Dashboard(first, "mainsail") as one:
        await one.job_queue("post_job", filenames=["long.gcode"] * 4)
        ids = one.ids("long.gcode")
        await one.job_queue("start")
        await one.is_told(lambda: len(one.queue) == 2)  # one prints at each printer
        with pytest.raises(CallRefusedError, match="assigned") as refusal:
            await one.job_queue("delete_job", job_ids=ids[:1])
        assert refusal.value.code == 403
        await one.job_queue("pause")
        await one.job_queue("delete_job", all=True)
    await asyncio.to_thread(cancel_all, first, second)


def shut_down_and_recover(printer: VirtualPrinter) -> None:
    """What an emergency stop leaves, and the restart after it."""
    printer.client.post("/printer/emergency_stop")
    wait(lambda: printer.server_info()["klippy_state"] == "shutdown")
    printer.recover()


def with_thumbnail(image: bytes) -> bytes:
    """G-code as PrusaSlicer writes it."""
    text = base64.b64encode(image).decode()
    return (
        "; generated by PrusaSlicer 2.7.0 on 2026-01-01\n"
        f"; thumbnail begin 16x16 {len(text)}\n; {text}\n; thumbnail end\n"
        "G28\nG1 X10 Y10 E1\n; estimated printing time (normal mode) = 12m 3s\n"
    ).encode()


def download(printer: VirtualPrinter, path: str) -> bytes:
    """As a browser does: it takes `..` out of a path itself."""
    return printer.client.download(posixpath.normpath(path))


def cancel_all(*printers: VirtualPrinter) -> None:
    """End what prints, so that the next test finds an idle printer."""
    for printer in printers:
        printer.client.post("/printer/print/cancel")
        wait(partial(is_idle, printer))


def is_idle(printer: VirtualPrinter) -> bool:
    """Whether Klipper prints nothing."""
    return printer.client.query("print_stats")["state"] not in ("printing", "paused")


@pytest.mark.timeout(600)
def test_an_option_leaves_the_local_queue_alone(printers_folder: Path) -> None:
    """Moonraker's own job queue then is what it was, and the shared one too."""
    section = (
        "[netqueue]\nname: $name\nqueues: $name\nbind: 127.0.0.1\ndiscovery: False\n"
        "job_queue: local\n"
    )
    with start_farm(printers_folder, 1, section) as farm:
        (printer,) = farm.printers
        wait(lambda: serves(printer))
        printer.client.upload("a.gcode", _GCODE)
        job = {"filenames": ["a.gcode"]}
        answer = printer.client.post("/server/job_queue/job", job)
        assert answer["queue_state"] == "paused"
        assert len(answer["queued_jobs"]) == 1
        assert printer.client.get(f"{ROOT}/jobs")["jobs"] == []
        with pytest.raises(RefusedError, match="does not exist"):
            printer.client.post("/server/job_queue/job", {"filenames": ["b.gcode"]})
