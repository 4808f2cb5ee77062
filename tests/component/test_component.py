"""The component inside real Moonrakers with real Klippers: what people meet."""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers.identity import load_or_create
from moonraker_netqueue.virtual_printer.faults import Fault
from moonraker_netqueue.virtual_printer.moonraker_client import (
    NoAnswerError,
    RefusedError,
)
from moonraker_netqueue.virtual_printer.printers import (
    VirtualFarm,
    VirtualPrinter,
    free_ports,
)
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(300)

ROOT = "/server/netqueue"
SECTION = """\
[netqueue]
name: $name
queues: $name
bind: 127.0.0.1
discovery: False
"""
GCODE = b"G28\nG4 P500\n"
LONG = b"G28\n" + b"G4 P250\n" * 400


@pytest.fixture(scope="module")
def farm(printers_folder: Path) -> Iterator[VirtualFarm]:
    """Two printers with a queue each: one is asked, the other one prints."""
    with start_farm(printers_folder, 2, SECTION) as farm:
        for printer in farm.printers:
            client = printer.client
            wait(partial(serves, printer))
            client.upload("part.gcode", GCODE)
            client.upload("long.gcode", LONG)
        yield farm


@pytest.fixture(scope="module")
def asked(farm: VirtualFarm) -> VirtualPrinter:
    """A printer whose queue is paused: its jobs stay as they are."""
    printer = farm.printers[0]
    printer.client.upload("empty.gcode", b"")
    printer.client.upload("notes.txt", b"hello\n")
    printer.client.post(f"{ROOT}/pause")
    return printer


@pytest.fixture
def printing(farm: VirtualFarm) -> VirtualPrinter:
    """A ready printer with a clear bed and an empty queue."""
    printer = farm.printers[1]
    printer.fault(Fault.FILAMENT_IN)
    printer.recover()
    wait(lambda: own(printer)["state"] not in ("printing", "finishing", "busy"))
    for job in jobs(printer):
        refused(printer, "DELETE", "job", {"job_id": job["job_id"]})
    printer.client.post(f"{ROOT}/bed_clear", {"by": "test"})
    return printer


def serves(printer: VirtualPrinter) -> bool:
    """Whether every queue has a leader."""
    status = printer.client.get(f"{ROOT}/status")
    return all(queue["quorum"] for queue in status["queues"].values())


def wait(condition: Callable[[], Any], seconds: float = 90.0) -> Any:
    """What the condition says once it is true; a refusal is not yet."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            if last := condition():
                return last
        except (NoAnswerError, RefusedError) as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"not after {seconds:g} s: {last}")


def exchange(
    printer: VirtualPrinter, method: str, path: str, body: Mapping[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", printer.port, timeout=60)
    try:
        connection.request(
            method, path, json.dumps(body), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def refused(
    printer: VirtualPrinter, method: str, call: str, body: Mapping[str, Any]
) -> tuple[int, str]:
    """Status and message of a call that is expected to be refused."""
    status, answer = exchange(printer, method, f"{ROOT}/{call}", body)
    return status, str(answer.get("error", {}).get("message", ""))


def rpc(printer: VirtualPrinter, method: str, **params: Any) -> dict[str, Any]:
    """The answer to a JSON-RPC call."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return exchange(printer, "POST", "/server/jsonrpc", request)[1]


def jobs(printer: VirtualPrinter) -> list[dict[str, Any]]:
    """The jobs of the printer's queue."""
    found: list[dict[str, Any]] = printer.client.get(f"{ROOT}/jobs")["jobs"]
    return found


def job(printer: VirtualPrinter, job_id: str) -> dict[str, Any]:
    """One job."""
    found: dict[str, Any] = printer.client.get(f"{ROOT}/job", job_id=job_id)["job"]
    return found


def add(printer: VirtualPrinter, filename: str, **options: Any) -> str:
    """Add a job; its id."""
    answer = printer.client.post(f"{ROOT}/job", {"filename": filename, **options})
    return str(answer["job_id"])


def own(printer: VirtualPrinter) -> dict[str, Any]:
    """The printer's own entry."""
    found: dict[str, Any] = printer.client.get(f"{ROOT}/status")["printer"]
    return found


def is_in(printer: VirtualPrinter, state: str) -> Callable[[], bool]:
    """A condition: the printer's entry says `state`."""
    return lambda: bool(own(printer)["state"] == state)


def running(printer: VirtualPrinter, job_id: str) -> str:
    """Wait until Klipper prints the job; the print's id."""

    def look() -> str | None:
        print_ = own(printer)["print"]
        stats = printer.client.query("print_stats")
        if print_ and print_["job_id"] == job_id and stats["state"] == "printing":
            return str(print_["print_id"])
        return None

    return str(wait(look))


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"filename": "nothing.gcode"}, 404, "nothing.gcode"),
        ({"filename": "notes.txt"}, 400, "notes.txt"),
        ({"filename": "empty.gcode"}, 400, "empty.gcode"),
        ({"filename": "../part.gcode"}, 400, "filename"),
        ({"filename": "/etc/passwd"}, 400, "filename"),
        ({"filename": ""}, 400, "filename"),
        ({"filename": 7}, 400, "filename"),
        ({}, 400, "filename"),
        ({"filename": "part.gcode", "count": 0}, 400, "count"),
        ({"filename": "part.gcode", "count": -1}, 400, "count"),
        ({"filename": "part.gcode", "count": 10**9}, 400, "count"),
        ({"filename": "part.gcode", "count": "many"}, 400, "count"),
        ({"filename": "part.gcode", "queue": "nope"}, 404, "printer1"),
        ({"filename": "part.gcode", "cuont": 2}, 400, "cuont"),
        ({"filename": "part.gcode", "priority": 10}, 400, "priority"),
        ({"items": []}, 400, "items"),
        ({"job_id": "none", "note": "x"}, 404, "none"),
    ],
)
def test_bad_jobs_are_refused_and_leave_nothing(
    asked: VirtualPrinter, body: dict[str, Any], status: int, words: str
) -> None:
    """The code and the name of what is wrong; no job and no pending command."""
    before = jobs(asked)
    code, message = refused(asked, "POST", "job", body)
    assert (code, words in message) == (status, True), (code, message)
    assert jobs(asked) == before
    assert asked.client.get(f"{ROOT}/jobs")["pending"] == []


@pytest.mark.parametrize(
    ("method", "call", "body", "status"),
    [
        ("POST", "recover", {}, 400),
        ("POST", "recover", {"group": "none"}, 409),
        ("POST", "member", {}, 400),
        ("POST", "member", {"host_id": "0" * 64, "action": "approve"}, 404),
        ("DELETE", "member", {}, 400),
        ("DELETE", "member", {"host_id": "0" * 64}, 404),
        ("POST", "token", {"seconds": "soon"}, 400),
        ("GET", "job?job_id=none", {}, 404),
        ("DELETE", "job", {"job_id": "none"}, 404),
        ("POST", "move", {"job_id": "none", "to": "front"}, 404),
        ("POST", "move", {"job_id": "none", "to": "up"}, 400),
        ("POST", "move", {"job_id": "none"}, 400),
        ("POST", "print", {"print_id": "none", "action": "cancel"}, 404),
        ("POST", "bed_clear", {"printer_id": "none"}, 404),
        ("POST", "printer", {"accept": "maybe"}, 400),
    ],
)
def test_calls_about_nothing_are_refused(
    asked: VirtualPrinter, method: str, call: str, body: dict[str, Any], status: int
) -> None:
    """The documented code and a message, on every kind of call."""
    code, message = refused(asked, method, call, body)
    assert (code, bool(message)) == (status, True), (code, message)


def test_the_same_command_id_adds_one_job(asked: VirtualPrinter) -> None:
    """A client that repeats its call gets the job it has added."""
    before = len(jobs(asked))
    first = add(asked, "part.gcode", command_id="only-once")
    assert add(asked, "part.gcode", command_id="only-once") == first
    assert len(jobs(asked)) == before + 1


def test_a_job_is_edited_held_moved_and_removed(asked: VirtualPrinter) -> None:
    """Each changes what it says; an edit of an old version is refused."""
    first, second = add(asked, "part.gcode"), add(asked, "part.gcode")
    old = job(asked, first)["version"]
    asked.client.post(f"{ROOT}/job", {"job_id": first, "note": "x", "if_version": old})
    edit = {"job_id": first, "note": "y", "if_version": old}
    assert refused(asked, "POST", "job", edit)[0] == http.client.CONFLICT
    assert job(asked, first)["note"] == "x"
    asked.client.post(f"{ROOT}/job", {"job_id": first, "hold": True})
    assert job(asked, first)["state"] == "held"
    asked.client.post(f"{ROOT}/move", {"job_id": second, "before": first})
    order = [found["job_id"] for found in jobs(asked)]
    assert order.index(second) == order.index(first) - 1
    asked.client.post(f"{ROOT}/move", {"job_id": first, "to": "front"})
    assert jobs(asked)[0]["job_id"] == first
    for job_id in (first, second):
        assert refused(asked, "DELETE", "job", {"job_id": job_id}) == (200, "")
        assert job_id not in [found["job_id"] for found in jobs(asked)]


def test_json_rpc_answers_as_http_does(asked: VirtualPrinter) -> None:
    """The same answers and messages under server.netqueue names."""
    status = asked.client.get(f"{ROOT}/status")
    assert rpc(asked, "server.netqueue.status")["result"].keys() == status.keys()
    answer = rpc(asked, "server.netqueue.post_job", filename="part.gcode", count=2)
    job_id = answer["result"]["job_id"]
    assert job(asked, job_id)["items"][0]["count"] == 2
    bad = {"filename": "part.gcode", "count": 0}
    error = rpc(asked, "server.netqueue.post_job", **bad)["error"]
    assert error["message"] == refused(asked, "POST", "job", bad)[1]
    assert "result" in rpc(asked, "server.netqueue.delete_job", job_id=job_id)


@pytest.mark.parametrize("command_id", ["", "short", "x" * 65])
def test_a_command_id_of_a_wrong_length_is_named(
    asked: VirtualPrinter, command_id: str
) -> None:
    """The message says which argument it is; an empty one counts as none."""
    body = {"filename": "part.gcode", "command_id": command_id, "hold": True}
    code, message = refused(asked, "POST", "job", body)
    assert (code, "'command_id'" in message) == (
        (400, True) if command_id else (200, False)
    )


def test_a_job_for_no_printer_says_why(printing: VirtualPrinter) -> None:
    """Materials that no printer has are the reason it waits."""
    job_id = add(printing, "part.gcode", materials=["UNOBTAINIUM"])
    assert "load UNOBTAINIUM on printer2" in job(printing, job_id)["why"]


def test_a_persons_own_print_goes_first(printing: VirtualPrinter) -> None:
    """Our job waits for its end, and then for a person to clear the bed."""
    client = printing.client
    client.upload("own.gcode", b"G28\n" + b"G4 P250\n" * 32)
    client.post("/printer/print/start", {"filename": "own.gcode"})
    wait(is_in(printing, "busy"))
    job_id = add(printing, "part.gcode")
    assert job(printing, job_id)["state"] == "waiting"
    wait(is_in(printing, "bed_occupied"))
    time.sleep(2.0)  # it would start now, if the bed did not count
    assert job(printing, job_id)["state"] == "waiting"
    assert client.query("print_stats")["filename"] == "own.gcode"
    client.post(f"{ROOT}/bed_clear", {"by": "test"})
    wait(lambda: job(printing, job_id)["state"] == "done")
    wait(is_in(printing, "bed_occupied"))


def test_a_cancelled_print_failed_and_is_on_the_bed(printing: VirtualPrinter) -> None:
    """Cancel ends it at Klipper; nothing prints until the bed is clear."""
    client = printing.client
    job_id = add(printing, "long.gcode", max_attempts=1)
    print_id = running(printing, job_id)
    client.post(
        f"{ROOT}/print", {"print_id": print_id, "action": "cancel", "by": "test"}
    )
    wait(lambda: ended(printing, print_id)["state"] == "failed")
    assert client.query("print_stats")["state"] == "cancelled"
    wait(is_in(printing, "bed_occupied"))


def ended(printer: VirtualPrinter, print_id: str) -> dict[str, Any]:
    """A print, as the queue knows it."""
    answer: dict[str, Any] = printer.client.get(f"{ROOT}/print", print_id=print_id)
    found: dict[str, Any] = answer["print"]
    return found


def test_a_print_out_of_filament_is_paused_and_goes_on(
    printing: VirtualPrinter,
) -> None:
    """The printer's reason says paused; resumed, the copy is done."""
    printing.client.upload("spool.gcode", b"G28\n" + b"G4 P250\n" * 64)
    job_id = add(printing, "spool.gcode")
    running(printing, job_id)
    printing.fault(Fault.FILAMENT_OUT)
    wait(lambda: "paused" in own(printing)["reason"])
    printing.fault(Fault.FILAMENT_IN)
    printing.client.post("/printer/print/resume")
    wait(lambda: job(printing, job_id)["state"] == "done")


def test_a_shutdown_fails_the_print(printing: VirtualPrinter) -> None:
    """Klipper's shutdown is a failed copy, and the printer needs attention."""
    job_id = add(printing, "long.gcode", max_attempts=1)
    print_id = running(printing, job_id)
    printing.fault(Fault.FIRMWARE_SHUTDOWN)
    wait(lambda: ended(printing, print_id)["state"] == "failed")
    wait(is_in(printing, "needs_attention"))
    assert ended(printing, print_id)["reason"]


def netqueue_warnings(printer: VirtualPrinter) -> list[str]:
    """What Moonraker shows about us."""
    texts = printer.server_info()["warnings"]
    return [text for text in texts if "netqueue" in text]


@contextmanager
def troubled(
    folder: Path, options: str, data: Callable[[Path], object] = lambda _: None
) -> Iterator[tuple[VirtualPrinter, str]]:
    """A Moonraker that has started, and its one warning of netqueue."""
    path = Path(tempfile.mkdtemp(dir=folder))
    data(path)
    with free_ports(1) as ports:
        port = ports[0]
    section = f"[netqueue]\nbind: 127.0.0.1\ndiscovery: False\n{options}\n"
    printer = VirtualPrinter("printer1", path, port, section)
    printer.start()

    try:
        found = wait(lambda: netqueue_warnings(printer))
        assert len(found) == 1, found
        yield printer, found[0]
    finally:
        printer.stop()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("quues: x", ("quues: x", "'queues'? The")),
        ("port: 99999", ("port", "99999", "65535")),
        ("[netqueue ]", ("[netqueue ]", "'' cannot name a queue")),
    ],
)
def test_a_wrong_option_is_one_warning(
    printers_folder: Path, options: str, words: tuple[str, ...]
) -> None:
    """Moonraker starts; option, value and remedy in a warning and in every 503."""
    with troubled(printers_folder, options) as (printer, warning):
        assert [word for word in words if word not in warning] == [], warning
        code, message = refused(printer, "GET", "status", {})
        assert code == http.client.SERVICE_UNAVAILABLE
        assert warning.endswith(message)


def _damaged_journal(path: Path) -> None:
    """What a bad card leaves of a queue's replica."""
    load_or_create(path / "netqueue", MachineDisk())  # the host is the one of before
    folder = path / "netqueue" / "queues" / "default"
    folder.mkdir(parents=True)
    (folder / "group.db").write_bytes(b"no database " * 400)


def test_a_damaged_journal_is_a_warning_until_a_person_decides(
    printers_folder: Path,
) -> None:
    """Alone it founds nothing; `rejoin` with `found` begins an empty queue."""
    options = "queues: default"
    with troubled(printers_folder, options, _damaged_journal) as (printer, warning):
        for word in ("group.db is damaged", "set-aside", "rejoin with found=true"):
            assert word in warning, warning
        assert not serves(printer)
        answer = refused(printer, "POST", "rejoin", {})
        assert answer[0] == http.client.CONFLICT
        printer.client.post(f"{ROOT}/rejoin", {"found": True})
        wait(lambda: serves(printer))
        wait(lambda: not netqueue_warnings(printer))
        aside = printer.data_path / "netqueue/queues/default/set-aside/damaged-1.db"
        assert aside.read_bytes() == b"no database " * 400
        assert refused(printer, "POST", "rejoin", {"found": True})[0] == 409


def test_a_port_in_use_is_one_warning(printers_folder: Path) -> None:
    """Moonraker starts, and the warning names the port that somebody else has."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with troubled(printers_folder, f"port: {port}") as (printer, warning):
            assert str(port) in warning
            assert refused(printer, "GET", "status", {})[0] == 503


def test_a_data_folder_that_cannot_be_written_is_one_warning(
    printers_folder: Path,
) -> None:
    """Moonraker starts, and the warning names the path."""
    with troubled(
        printers_folder, "", lambda path: (path / "netqueue").write_text("")
    ) as (printer, warning):
        assert str(printer.data_path / "netqueue") in warning
        assert refused(printer, "GET", "status", {})[0] == 503
