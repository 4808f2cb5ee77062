"""`netqueue` as a person types it, against real Moonrakers with real Klippers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualFarm
from tests.cli.desks import GCODE, LONG, Desk, jobs, until

pytestmark = pytest.mark.timeout(300)


def test_add_uploads_and_ls_shows(desk: Desk) -> None:
    """What was typed is what the host has."""
    options = ("--count", "12", "--material", "PLA:black", "--note", "for the shelf")
    typed = desk.done("add", desk.file("left.gcode"), *options, "--due", "+3d")
    assert typed.out.startswith("added left.gcode (")
    job = desk.done("show", "left.gcode", "--json").json["job"]
    assert (job["note"], job["items"][0]["count"]) == ("for the shelf", 12)
    assert job["items"][0]["materials"] == ["PLA:black"]
    assert job["due"] > time.time()
    shown = desk.done("ls").out
    assert f"{job['job_id'][:8]}  left.gcode  0/12  waiting" in shown
    assert "the queue is paused" in desk.done("why", "left.gcode").out
    assert "12" in desk.done("show", job["job_id"][:6]).out
    assert desk.printer.client.download("left.gcode") == GCODE


def test_a_kit_of_two_files_of_one_name(desk: Desk) -> None:
    """Each keeps its bytes; items are counted and edited by their number."""
    one, other = desk.file("a/part.gcode"), desk.file("b/part.gcode", GCODE + b";b\n")
    desk.done("add", f"{one}:2", other, "--count", "3", "--name", "kit", "--hold")
    job = desk.done("show", "kit", "--json").json["job"]
    assert [item["count"] for item in job["items"]] == [2, 3]
    assert [item["name"] for item in job["items"]] == ["a/part.gcode", "b/part.gcode"]
    assert len({item["files"][0]["sha256"] for item in job["items"]}) == 2
    desk.done("edit", "kit", "--count", "2:7", "--material", "PLA", "--no-hold")
    job = desk.done("show", "kit", "--json").json["job"]
    assert [item["count"] for item in job["items"]] == [2, 7]
    assert [item["materials"] for item in job["items"]] == [["PLA"], ["PLA"]]
    assert job["state"] == "waiting"
    typed = desk.type("edit", "kit", "--count", "5")
    assert (typed.code, "ITEM:COUNT" in typed.err) == (2, True)


def test_edits_replace_and_clear(desk: Desk) -> None:
    """'none' clears; another's edit meanwhile refuses ours."""
    desk.add("cube.gcode", GCODE, "--due", "2030-05-01", "--material", "PLA")
    desk.done("edit", "cube.gcode", "--due", "none", "--material", "none")
    job = desk.done("show", "cube.gcode", "--json").json["job"]
    assert (job["due"], job["items"][0]["materials"]) == (None, [])
    desk.done("edit", "cube.gcode", "--name", "die", "--count", "2")
    typed = desk.type("edit", "die", "--note", "x", "--if-version", "1", "--json")
    assert (typed.code, json.loads(typed.err)["error"]["code"]) == (1, 409)


def test_mv_and_rm(desk: Desk) -> None:
    """In each of the four ways."""
    for name in ("a", "b", "c"):
        desk.add(f"{name}.gcode", GCODE, "--name", name)
    desk.done("mv", "c", "front")
    assert desk.order() == ["c", "a", "b"]
    desk.done("mv", "c", "back")
    desk.done("mv", "c", "before", "b")
    assert desk.order() == ["a", "c", "b"]
    assert desk.done("mv", "a", "after", "b").out.startswith("moved a (")
    assert desk.done("rm", "c").out.startswith("removed ")
    assert desk.order() == ["b", "a"]
    desk.add("a.gcode", GCODE, "--name", "a", "--front")
    typed = desk.type("rm", "a")
    assert (typed.code, typed.err.count("(a)")) == (1, 2)


def test_a_file_that_the_host_has(desk: Desk) -> None:
    """And one that it has not; a command id adds once."""
    desk.printer.client.upload("sub/there.gcode", GCODE)
    once = ("add", "sub/there.gcode", "--on-host", "--command-id", "only-once-1")
    first = desk.done(*once, "--json").json["job_id"]
    assert desk.done(*once, "--json").json["job_id"] == first
    typed = desk.type("add", "nosuch.gcode", "--on-host")
    assert (typed.code, "there is no file nosuch.gcode" in typed.err) == (1, True)
    typed = desk.type("add", str(desk.folder / "nosuch.gcode"))
    assert (typed.code, "--on-host" in typed.err) == (1, True)
    typed = desk.type("add", desk.file("notes.txt", b"hello\n"), "--json")
    assert (typed.code, json.loads(typed.err)["error"]["code"]) == (1, 400)


def test_json_is_what_the_host_answers(desk: Desk) -> None:
    """Of each call that reads."""
    desk.add("part.gcode")
    for words in ("status", "jobs", "printers", "plan", "members", "history", "events"):
        typed = desk.done("ls" if words == "jobs" else words, "--json").json
        answer = desk.printer.client.get(f"/server/netqueue/{words}")
        assert typed.keys() == answer.keys()
    assert desk.done("why", "--json").json.keys() == typed_keys(desk, "plan")


def typed_keys(desk: Desk, call: str) -> Any:
    return desk.printer.client.get(f"/server/netqueue/{call}").keys()


def test_pages_about_the_farm(desk: Desk) -> None:
    """Each names what it is about."""
    assert "queue cli-" in desk.done("status").out
    assert "paused" in desk.done("status").out
    for words in ("printers", "members", "plan", "why"):
        out = desk.done(words).out
        assert "printer1" in out, words
        assert "printer2" in out, words
    assert "paused the queue" in desk.done("events", "--limit", "1000").out
    assert "in all: " in desk.done("history").out
    typed = desk.type("ls", "--queue", "nosuch")
    assert (typed.code, "cli-" in typed.err) == (1, True)


def test_a_printer_is_told_by_name(desk: Desk) -> None:
    """From another printer's host; what it is told is its own entry."""
    typed = desk.done("clear", "--printer", "printer2", "--by", "anna", "--json")
    assert typed.json["printer"]["bed"]["by"] == "anna"
    typed = desk.done("printer", "printer2", "--loaded", "PLA:red", "--no-accept")
    assert "accept: no" in typed.out
    until(lambda: "PLA:red" in desk.done("printers").out)
    hours = ("--hours", "Mon-Fri 08:00-18:00 UTC 3x", "--hours", "Sun 20:00-2:00 UTC")
    out = desk.done("printer", "printer2", *hours).out
    assert "there: Mon Tue Wed Thu Fri 08:00 for 600 min (UTC), at most 3 times" in out
    assert "there: Sun 20:00 for 360 min (UTC)" in out
    typed = desk.type("printer", "printer2", "--hours", "Mon 8:00-9:00 Mars/Base")
    assert (typed.code, "time zone" in typed.err) == (1, True)
    desk.done("printer", "printer2", "--loaded", "none", "--accept", "--hours", "none")
    assert "bed is clear" in desk.done("clear").out
    assert desk.type("clear", "--printer", "nosuch").code == 1


def test_a_queue_has_settings(desk: Desk) -> None:
    """Shown, and changed one by one; what is typed wrongly changes nothing."""
    assert "strategy: assignment" in desk.done("queue").out
    out = desk.done("queue", "--title", "Hall", "--weight", "age=0.1").out
    assert ": Hall" in out
    assert "age 0.1" in out
    out = desk.done("queue", "--share", "eva=2", "--start-spacing-s", "5").out
    assert ": Hall" in out
    assert "spread by 5 s" in out
    assert "shares: eva 2" in out
    for wrong in ("age", "=1", "age=old", "eva="):
        assert desk.type("queue", "--weight", wrong).code == 2, wrong
    typed = desk.type("queue", "--strategy", "magic")
    assert (typed.code, "one of assignment" in typed.err) == (1, True)
    desk.done("queue", "--title", "", "--weight", "age=none", "--share", "eva=none")
    out = desk.done("queue", "--operator", "Sat 10:00-14:00 Europe/Berlin").out
    assert "somebody is there: Sat 10:00 for 240 min (Europe/Berlin)" in out
    desk.done("queue", "--start-spacing-s", "0", "--operator", "none")
    (shown,) = desk.done("queue", "--json").json["queues"]
    assert (shown["title"], shown["shares"], shown["operator"]) == ("", {}, [])
    assert shown["weights"]["age"] == 0.05


def test_a_print_is_looked_at_and_cancelled(apart: Desk) -> None:
    """By the name of its printer, or the beginning of its id."""
    apart.add("long.gcode", LONG)
    apart.done("clear")
    assert "goes on" in apart.done("resume").out
    found = until(lambda: printing(apart))
    assert "printing" in apart.done("print", "printer1").out
    assert "long.gcode" in apart.done("plan").out + apart.done("printers").out
    typed = apart.type("rm", "long.gcode")
    assert (typed.code, typed.err.startswith("error: ")) == (1, True)
    typed = apart.type("print", found, "mark_done")
    assert typed.code == 1
    until(lambda: apart.type("print", found[:8], "cancel").code == 0)
    until(lambda: not apart.done("printers", "--json").json["printers"][0]["prints"])
    assert "failed" in apart.done("print", found[:8]).out
    assert "long.gcode" in apart.done("history").out
    apart.done("pause")


def printing(desk: Desk) -> str:
    """The id of the print that is being made, or nothing."""
    (printer,) = desk.done("printers", "--json").json["printers"]
    prints = [one for one in printer["prints"] if one["state"] == "printing"]
    return str(prints[0]["print_id"]) if prints else ""


def test_a_queue_moves_with_its_files(desk: Desk, apart: Desk) -> None:
    """Once, however often it is imported; over no file of the other host."""
    desk.add("part.gcode", GCODE, "--count", "4", "--due", "2030-05-01")
    one, other = desk.file("a/part.gcode"), desk.file("b/part.gcode", GCODE + b";b\n")
    desk.done("add", f"{one}:2", f"{other}:3", "--name", "kit", "--tag", "big")
    mine = b"G28\n;mine\n"
    apart.printer.client.upload("part.gcode", mine)
    path = str(desk.folder / "queue.tar")
    assert desk.done("export", path).out.startswith(f"{path}: 2 jobs of queue cli-")
    assert desk.type("export", path).code == 1
    assert desk.done("export", path, "--force", "--json").json["file"] == path
    assert apart.done("import", path).out.count("added") == 2
    imported = apart.done("ls", "--json").json["jobs"]
    for before, after in zip(
        desk.done("ls", "--json").json["jobs"], imported, strict=True
    ):
        for word in ("name", "due", "requires", "note", "hold"):
            assert after[word] == before[word]
        assert contents(after) == contents(before)
    assert apart.printer.client.download("part.gcode") == mine
    again = apart.done("import", path, "--json").json["jobs"]
    assert [row["result"] for row in again] == ["there", "there"]
    apart.done("rm", "kit")
    again = apart.done("import", path, "--json").json["jobs"]
    assert [row["result"] for row in again] == ["there", "removed"]
    assert desk.done("import", path).out.count("was there") == 2


def test_an_import_is_repeated_long_afterwards(desk: Desk, apart: Desk) -> None:
    """When its commands are forgotten: a host remembers those of 256 clients."""
    desk.add("part.gcode")
    path = str(desk.folder / "queue.tar")
    desk.done("export", path)
    apart.done("import", path)
    (job_id,) = jobs(apart)
    for number in range(260):
        edit = {
            "job_id": job_id,
            "note": str(number),
            "command_id": f"another-{number}",
        }
        apart.printer.client.post("/server/netqueue/job", edit)
    assert apart.done("import", path).out.count("was there") == 1
    assert jobs(apart) == [job_id]


def contents(job: dict[str, Any]) -> list[tuple[int, str]]:
    return [(i["count"], f["sha256"]) for i in job["items"] for f in i["files"]]


def test_a_damaged_archive_changes_nothing(desk: Desk, apart: Desk) -> None:
    """It is found before the host hears of any job."""
    desk.add("part.gcode")
    path = desk.folder / "queue.tar"
    desk.done("export", str(path))
    data = path.read_bytes()
    path.write_bytes(data.replace(GCODE, GCODE.swapcase()))
    typed = apart.type("import", str(path), "--json")
    assert typed.code == 1
    assert "other bytes than its hash" in json.loads(typed.err)["error"]["message"]
    assert apart.order() == []
    assert apart.type("import", str(desk.folder / "nosuch.tar")).code == 1


def test_a_content_that_another_host_holds_is_fetched(
    desk: Desk, farms: tuple[VirtualFarm, VirtualFarm]
) -> None:
    """The host that is asked gets it over the links and hands it out."""
    desk.add("far.gcode", GCODE + b";far\n")
    other = desk.at(farms[0].printers[1])
    until(lambda: "far.gcode" in other.order())
    path = desk.folder / "far.tar"
    other.done("export", str(path))
    assert GCODE + b";far\n" in path.read_bytes()


def test_as_a_program(desk: Desk) -> None:
    """The module and the environment; no colours, and a broken pipe is no drama."""
    environment = os.environ | {"NETQUEUE_URL": desk.printer.url, "LC_ALL": "C"}
    command = [sys.executable, "-m", "moonraker_netqueue.cli"]
    desk.add("part.gcode", GCODE, "--name", "\u4ef6 [red]x[/red]")
    done = subprocess.run(
        [*command, "ls"], capture_output=True, env=environment, timeout=90
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\u4ef6 [red]x[/red]" in done.stdout.decode()
    assert b"\x1b" not in done.stdout
    line = '"$0" -m moonraker_netqueue.cli events | head -c 1'
    pipe = subprocess.run(
        ["bash", "-c", line, sys.executable],
        capture_output=True,
        env=environment,
        timeout=90,
    )
    assert pipe.stderr == b""


def test_why_and_plan_tell_what_to_do_and_when(desk: Desk) -> None:
    """For one job on each printer; for all; what if; and as a picture."""
    job_id = desk.add("lamp.gcode", GCODE, "--material", "PETG:black")
    out = desk.done("why", job_id).out
    assert "the queue is paused; resume it" in out
    assert "does not start within" in out
    assert "load PETG black on printer2" in out
    assert desk.done("why", job_id, "--json").json["job"]["starts"] is None
    queue = desk.done("plan", "--json").json["queue"]
    wishes = ("--with", f"{queue}: resume", "--with", "printer1: PETG black")
    out = desk.done("plan", *wishes, "--with", "printer1: bed clear").out
    assert "a lamp.gcode" in out
    assert "0 copies would never print, not 1" in out
    picture = desk.folder / "plan.svg"
    desk.done("plan", *wishes, "--svg", str(picture), "--width", "400")
    assert 'width="400"' in picture.read_text(encoding="utf-8")
    typed = desk.type("plan", "--with", "printr1: PETG black")
    assert (typed.code, "such as" in typed.err) == (1, True)
    typed = desk.type("plan", "--svg", str(desk.folder / "no" / "plan.svg"))
    assert (typed.code, "cannot be written" in typed.err) == (1, True)
