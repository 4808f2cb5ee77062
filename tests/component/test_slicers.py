"""Slicers upload into the queue, over real sockets to a real Moonraker.

The sequences are as the sources have them: OctoPrint.cpp of PrusaSlicer and OrcaSlicer,
and Cura's OctoPrint plugin.
"""

from __future__ import annotations

import hashlib
import http.client
import resource
import socket
from functools import partial
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from tests.component.slicer import (
    BASE,
    CREATED,
    GCODE,
    UNTRUSTED,
    Slicer,
    SlowUpload,
    bodies,
    incoming,
    jobs,
    registered,
)
from tests.component.test_component import LONG, ROOT, troubled, wait

pytestmark = pytest.mark.timeout(300)


def test_prusaslicer_uploads_and_prints(printer: VirtualPrinter, gcodes: Path) -> None:
    """One copy is in the queue; the file is in gcodes, with metadata."""
    answer = Slicer(printer).send("Würfel 1.gcode", GCODE, start=True, folder="box/in")
    assert answer.status == CREATED, answer.text
    local = answer.json["files"]["local"]
    assert (local["name"], local["path"]) == ("Würfel 1.gcode", "box/in/Würfel 1.gcode")
    assert local["origin"] == "local"
    assert answer.json["done"] is answer.json["effectivePrint"] is True
    path = "api/files/local/box/in/W%C3%BCrfel%201.gcode"
    assert answer.location == f"http://127.0.0.1:{printer.port}{BASE}/{path}"
    (job,) = jobs(printer)
    assert job["job_id"] == answer.json["netqueue"]["job_id"]
    assert (job["name"], job["items"][0]["count"]) == ("Würfel 1.gcode", 1)
    assert job["items"][0]["name"] == "box/in/Würfel 1.gcode"
    assert job["items"][0]["estimate_s"] == 65
    assert (job["items"][0]["grams"], job["items"][0]["nozzle"]) == (12.5, 0.6)
    assert job["items"][0]["materials"] == ["PETG"]
    assert {"materials", "nozzle"} <= set(job["items"][0]["from_file"])
    assert bodies(job) == [hashlib.sha256(GCODE).hexdigest()]
    assert (gcodes / "box/in/Würfel 1.gcode").read_bytes() == GCODE
    known = printer.client.get(
        "/server/files/metadata", filename="box/in/Würfel 1.gcode"
    )
    assert known["estimated_time"] == 65
    assert incoming(gcodes) == []


def test_orcaslicer_uploads_only(printer: VirtualPrinter, gcodes: Path) -> None:
    """The file is in gcodes and registered; nothing is queued."""
    content = GCODE + b"; orca\n"
    plate: list[tuple[str, str | None, bytes]] = [("plateindex", None, b"1")]
    answer = Slicer(printer, agent="OrcaSlicer/2.3.0").send(
        "plate.gcode", content, extra=plate
    )
    assert answer.status == CREATED, answer.text
    assert answer.json["effectivePrint"] is False
    assert jobs(printer) == []
    assert (gcodes / "plate.gcode").read_bytes() == content
    row = registered(printer, content)
    assert row is not None
    assert (row["name"], row["here"], row["referenced"]) == ("plate.gcode", True, False)
    assert len(row["holders"]) == 1


def test_cura_connects_polls_and_prints(printer: VirtualPrinter, gcodes: Path) -> None:
    """Cura prints only where it is told that the printer is idle; its fields come
    after the file; or it uploads first and says later that it wants a print."""
    cura = Slicer(printer, agent="Cura/5.9.0 OctoPrintPlugin/3.7.3")
    assert cura.get("api/settings").json["plugins"] == {}
    assert cura.get("api/version").json["server"]
    assert cura.post("api/login", {"passive": True}).json["name"]
    profile = cura.get("api/printerprofiles").json["profiles"]["_default"]
    assert (profile["name"], profile["current"]) == ("queue workshop", True)
    assert profile["axes"]["z"]["speed"]
    flags = cura.get("api/printer").json["state"]["flags"]
    assert {name for name, is_set in flags.items() if is_set} == {
        "operational",
        "ready",
    }
    assert cura.get("api/job").json["state"] == "Operational"
    parts: list[tuple[str, str | None, bytes]] = [
        ("path", None, b""),
        ("file", "cura.gcode", GCODE),
        ("select", None, b"true"),
    ]
    printing: tuple[str, str | None, bytes] = ("print", None, b"true")
    answer = cura.upload([*parts, printing], "text/plain")
    assert answer.status == CREATED, answer.text
    assert len(jobs(printer)) == 1
    answer = cura.upload(parts, "text/plain")
    assert len(jobs(printer)) == 1
    later = "api/" + answer.location.split("api/", 1)[1]
    assert cura.post(later, {"command": "select"}).status == 204
    assert len(jobs(printer)) == 1
    assert cura.post(later, {"command": "select", "print": True}).status == 204
    assert [job["name"] for job in jobs(printer)] == ["cura.gcode"] * 2
    assert cura.post(later, {"command": "slice"}).status == 400
    assert cura.get("api/files/local/cura.gcode").status == 404


def test_the_address_names_the_queue(printer: VirtualPrinter, gcodes: Path) -> None:
    """Without a name it is the one of the job queue panels; a wrong one is told at
    the slicer's test button."""
    slicer = Slicer(printer, f"{BASE}/spare")
    assert "queue spare" in slicer.get("api/version").json["text"]
    answer = slicer.send("part.gcode", GCODE, start=True)
    assert answer.status == CREATED, answer.text
    assert [len(jobs(printer, queue)) for queue in ("workshop", "spare")] == [0, 1]
    wrong = Slicer(printer, f"{BASE}/speer").send("part.gcode", GCODE, start=True)
    assert wrong.status == 404
    assert wrong.kind == "text/plain"  # Cura shows no other
    assert wrong.text == "this host does not serve queue 'speer', but workshop, spare"
    assert "queue" in Slicer(printer, f"{BASE}/").get("api/version").json["text"]
    capital = Slicer(printer, f"{BASE}/Spare").get("api/version")
    assert (capital.status, "workshop, spare" in capital.text) == (404, True)


def test_two_uploads_of_one_name_in_one_second(
    printer: VirtualPrinter, gcodes: Path
) -> None:
    """Each job has the bytes that were sent with it, in whatever order they came."""
    slicer = Slicer(printer)
    contents = [GCODE + mark * 200_000 for mark in (b"; a\n", b"; b\n")]
    uploads = [
        SlowUpload(slicer, [("print", None, b"true"), ("file", "twice.gcode", content)])
        for content in contents
    ]
    for _ in range(2):
        for upload in uploads:
            upload.send(300_000)
    assert len(incoming(gcodes)) == 2
    answers = [upload.finish() for upload in uploads]
    assert [answer.status for answer in answers] == [CREATED] * 2
    sha256 = [hashlib.sha256(content).hexdigest() for content in contents]
    found = {job["job_id"]: bodies(job) for job in jobs(printer)}
    for answer, digest in zip(answers, sha256, strict=True):
        assert found[answer.json["netqueue"]["job_id"]] == [digest]
        stored = (gcodes / ".netqueue" / digest).read_bytes()
        assert hashlib.sha256(stored).hexdigest() == digest
    assert (gcodes / "twice.gcode").read_bytes() == contents[1]
    assert incoming(gcodes) == []


def test_an_upload_that_breaks_off_leaves_nothing(
    printer: VirtualPrinter, gcodes: Path
) -> None:
    """No temporary file, no file, no job."""
    before = set((gcodes / ".netqueue").iterdir())
    content = GCODE + b"; long\n" * 100_000
    upload = SlowUpload(
        Slicer(printer), [("print", None, b"true"), ("file", "broken.gcode", content)]
    )
    upload.send(400_000)
    assert len(incoming(gcodes)) == 1
    upload.break_off()
    wait(lambda: incoming(gcodes) == [])
    assert set((gcodes / ".netqueue").iterdir()) == before
    assert not (gcodes / "broken.gcode").exists()
    assert jobs(printer) == []


def test_an_address_that_is_not_trusted_needs_the_key(
    printer: VirtualPrinter, gcodes: Path
) -> None:
    """As on Moonraker's own endpoints; the words say what to enter."""
    key = printer.client.get("/access/api_key")
    for wrong in ("", "0" * 32):
        stranger = Slicer(printer, key=wrong, address=UNTRUSTED)
        for answer in (
            stranger.get("api/version"),
            stranger.upload([("file", "part.gcode", GCODE)]),
        ):
            assert answer.status == 401
            assert "API key" in answer.text
        stranger = Slicer(printer, ROOT, wrong, UNTRUSTED)
        assert stranger.get("files").status == 401
        assert stranger.upload([("file", "a.gcode", GCODE)], path="files").status == 401
    owner = Slicer(printer, key=key, address=UNTRUSTED)
    assert owner.send("keyed.gcode", GCODE, start=True).status == CREATED
    assert [job["name"] for job in jobs(printer)] == ["keyed.gcode"]


@pytest.mark.parametrize(
    ("name", "folder", "content", "words"),
    [
        ("part.stl", "", GCODE, "must end in one of .gcode"),
        ("part.bgcode", "", GCODE, "binary g-code"),
        ("../part.gcode", "", GCODE, "no file name"),
        ("..", "", GCODE, "no file name"),
        ("", "", GCODE, "no file name"),
        ("a\\\\b.gcode", "", GCODE, "no file name"),
        ("part\x00.gcode", "", GCODE, "control characters"),
        ("part\x1b[m.gcode", "", GCODE, "control characters"),
        ("x" * 250 + ".gcode", "", GCODE, "too long"),
        ("part.gcode", "..", GCODE, "not inside gcodes"),
        ("part.gcode", "a/../../b", GCODE, "not inside gcodes"),
        ("part.gcode", "..\\..\\config", GCODE, "not inside gcodes"),
        ("part.gcode", "netqueue/workshop", GCODE, "belongs to the queue"),
        ("part.gcode", "/.netqueue", GCODE, "belongs to the queue"),
        ("bad.gcode", "", b"", "is empty"),
        ("bad.gcode", "", b"<html>Not Found</html>", "no command"),
        ("bad.gcode", "", b"G28\n\0\0\0", "binary zeros"),
    ],
)
def test_what_cannot_be_printed_is_refused_in_words(
    printer: VirtualPrinter,
    gcodes: Path,
    name: str,
    folder: str,
    content: bytes,
    words: str,
) -> None:
    """400 and a sentence, which PrusaSlicer shows as it is; nothing is left."""
    before = sorted(path for path in gcodes.rglob("*") if path.is_file())
    answer = Slicer(printer).send(name, content, start=True, folder=folder)
    assert (answer.status, answer.kind) == (400, "text/plain")
    assert words in answer.text
    assert sorted(path for path in gcodes.rglob("*") if path.is_file()) == before
    assert jobs(printer) == []


def test_forms_that_are_none(printer: VirtualPrinter, gcodes: Path) -> None:
    """A sentence each, and nothing is left."""
    slicer = Slicer(printer)
    assert slicer.post("api/files/local", {"file": "x"}).status == 400
    two: list[tuple[str, str | None, bytes]] = [
        ("file", "a.gcode", GCODE),
        ("file", "b.gcode", GCODE),
    ]
    for parts, words in (
        ([("print", None, b"true")], "'file' is missing"),
        ([("print", None, b"\xff"), two[0]], "not UTF-8"),
        ([("path", None, b"x" * 70_000), two[0]], "more than 65536 bytes"),
        (two, "one file at a time"),
    ):
        answer = slicer.upload(parts)
        assert (answer.status, words in answer.text) == (400, True), answer.text
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = slicer.call("POST", "api/files/local", b"no form at all", kind)
    assert answer.status == 400
    assert incoming(gcodes) == []
    assert jobs(printer) == []


def test_moonrakers_limit_is_told_before_the_file_is_sent(
    printer: VirtualPrinter, gcodes: Path
) -> None:
    """curl, and so PrusaSlicer, waits for a word before it sends much."""
    with socket.create_connection(("127.0.0.1", printer.port), 30) as connection:
        connection.sendall(
            f"POST {BASE}/api/files/local HTTP/1.1\r\nHost: x\r\n"
            f"Content-Length: {257 << 20}\r\nExpect: 100-continue\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode()
        )
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert "max_upload_size" in answer
    assert incoming(gcodes) == []


def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing(
    printer: VirtualPrinter, gcodes: Path
) -> None:
    """The rest of the upload is read, so that the slicer gets to see the answer."""
    pid = printer.pid("moonraker")
    assert pid is not None
    old = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    before = set((gcodes / ".netqueue").iterdir())
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (8 << 20, old[1]))
    try:
        answer = Slicer(printer).send("huge.gcode", GCODE * 200_000, start=True)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, old)
    assert answer.status == http.client.INTERNAL_SERVER_ERROR
    assert "File too large" in answer.text
    assert incoming(gcodes) == []
    assert set((gcodes / ".netqueue").iterdir()) == before
    assert not (gcodes / "huge.gcode").exists()
    assert jobs(printer) == []
    assert Slicer(printer).send("after.gcode", GCODE).status == CREATED


def test_a_file_that_is_printed_is_not_replaced(
    printer: VirtualPrinter, gcodes: Path
) -> None:
    """409, as OctoPrint: Cura has words for that. Under another name it is taken."""
    printer.client.upload("long.gcode", LONG)
    printer.client.post("/printer/print/start", {"filename": "long.gcode"})
    state = partial(printer.client.query, "print_stats")
    wait(lambda: state()["state"] == "printing")
    before = set((gcodes / ".netqueue").iterdir())
    answer = Slicer(printer).send("long.gcode", GCODE + b"; new\n", start=True)
    assert answer.status == http.client.CONFLICT
    assert answer.text == "this printer is printing long.gcode: choose another name"
    assert set((gcodes / ".netqueue").iterdir()) == before
    assert (gcodes / "long.gcode").read_bytes() == LONG
    assert Slicer(printer).send("long2.gcode", GCODE, start=True).status == CREATED
    printer.client.post("/printer/print/cancel")
    wait(lambda: state()["state"] == "cancelled")


def test_a_queue_that_is_off_says_why(printers_folder: Path) -> None:
    """The test button shows what Moonraker's warning says; nothing is taken."""
    with troubled(printers_folder, "port: 0") as (printer, _):
        for answer in (
            Slicer(printer).get("api/version"),
            Slicer(printer).upload([("file", "part.gcode", GCODE)]),
        ):
            assert answer.status == http.client.SERVICE_UNAVAILABLE
            assert "[netqueue] option 'port: 0'" in answer.text
        assert not (printer.data_path / "gcodes/part.gcode").exists()
