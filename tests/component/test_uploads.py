"""Programs upload into a queue, and read and clear its registry of files."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from tests.component.slicer import (
    CREATED,
    GCODE,
    Slicer,
    incoming,
    jobs,
    registered,
)
from tests.component.test_component import ROOT, exchange, serves, wait

pytestmark = pytest.mark.timeout(300)


def test_programs_upload_into_a_queue(printer: VirtualPrinter, gcodes: Path) -> None:
    """POST files: the arguments of POST job as fields; the answer has both."""
    program = Slicer(printer, ROOT)
    content = GCODE + b"; by a program\n"
    answer = program.upload(
        [
            ("queue", None, b"workshop"),
            ("count", None, b"12"),
            ("file", "clip.gcode", content),
            ("name", None, b"clips"),
            ("materials", None, b"PLA:black, PETG"),
            ("path", None, b"box"),
        ],
        path="files",
    )
    assert answer.status == CREATED, answer.text
    result = answer.json["result"]
    assert (result["queue"], result["filename"]) == ("workshop", "box/clip.gcode")
    assert result["file"]["size"] == len(content)
    (job,) = jobs(printer)
    assert (job["job_id"], job["name"]) == (result["job_id"], "clips")
    assert job["items"][0]["count"] == 12
    assert job["items"][0]["materials"] == ["PLA:black", "PETG"]
    for fields, status, words in (
        ([("count", None, b"0")], 400, "count"),
        ([("count", None, b"many")], 400, "count"),
        ([("queue", None, b"nope")], 404, "workshop, spare"),
    ):
        answer = program.upload([*fields, ("file", "c.gcode", content)], path="files")
        assert answer.status == status
        assert words in answer.json["error"]["message"]
    assert len(jobs(printer)) == 1
    only = [("add", None, b"false"), ("file", "only.gcode", content + b"; only\n")]
    assert program.upload(only, path="files").status == CREATED
    assert len(jobs(printer)) == 1
    assert registered(printer, content + b"; only\n") is not None


def test_the_same_command_id_uploads_into_one_job(
    printer: VirtualPrinter, gcodes: Path
) -> None:
    """A program that repeats its call gets the job that it has added."""
    parts: list[tuple[str, str | None, bytes]] = [
        ("command_id", None, b"upload-once"),
        ("file", "once.gcode", GCODE),
    ]
    program = Slicer(printer, ROOT)
    ids = {
        program.upload([("queue", None, b"spare"), *parts], path="files").json[
            "result"
        ]["job_id"]
        for _ in range(2)
    }
    assert [job["job_id"] for job in jobs(printer, "spare")] == list(ids)


def test_the_registry_is_read_and_cleared(
    printer: VirtualPrinter, gcodes: Path
) -> None:
    """What a job needs is not dropped, nor what came a moment ago."""
    content = GCODE + b"; to drop\n"
    sha256 = hashlib.sha256(content).hexdigest()
    assert Slicer(printer).send("drop.gcode", content, start=True).status == CREATED
    row = registered(printer, content)
    assert row is not None
    assert row["referenced"]
    drop = partial(exchange, printer, "DELETE", f"{ROOT}/files")
    status, answer = drop({"sha256": sha256})
    assert (status, "queue 'workshop'" in answer["error"]["message"]) == (409, True)
    (job,) = jobs(printer)
    exchange(
        printer,
        "DELETE",
        f"{ROOT}/job",
        {"queue": "workshop", "job_id": job["job_id"]},
    )
    status, answer = drop({"sha256": sha256})
    assert (status, "a moment ago" in answer["error"]["message"]) == (409, True)
    assert drop({"sha256": "0" * 64})[0] == 404
    assert drop({})[0] == 400
    assert registered(printer, content) is None  # its job is gone
    orphans = printer.client.get(f"{ROOT}/files", queue="spare")["orphans"]
    assert sha256 in [row["sha256"] for row in orphans]
    for name in "ab":
        other = GCODE + name.encode()
        assert Slicer(printer).send(f"{name}.gcode", other).status == CREATED
    page = partial(printer.client.get, f"{ROOT}/files", queue="workshop")
    everything = page()
    assert everything["total"] == len(everything["files"]) >= 2
    assert page(offset=1, limit=1)["files"] == everything["files"][1:2]
    assert exchange(printer, "GET", f"{ROOT}/files?limit=501&queue=spare", {})[0] == 400


def test_a_forgotten_file_is_dropped_after_a_restart(
    printer: VirtualPrinter, gcodes: Path
) -> None:
    """Bytes and holder are gone; what a crash left of an upload is cleared, too."""
    content = GCODE + b"; forgotten\n"
    sha256 = hashlib.sha256(content).hexdigest()
    assert Slicer(printer).send("forgotten.gcode", content).status == CREATED
    printer.kill("moonraker")
    (gcodes / ".netqueue/incoming/0123.upload").write_bytes(b"G28\n")
    printer.start()
    printer.wait_ready()
    wait(partial(serves, printer))
    assert incoming(gcodes) == []
    status, answer = exchange(printer, "DELETE", f"{ROOT}/files", {"sha256": sha256})
    assert (status, answer["result"]["queues"]) == (200, ["workshop"])
    assert registered(printer, content) is None
    assert not (gcodes / ".netqueue" / sha256).exists()
    assert exchange(printer, "DELETE", f"{ROOT}/files", {"sha256": sha256})[0] == 404
