"""Who uses a farm while everything goes wrong: adds jobs, looks after the printers."""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
import time
from collections import Counter
from typing import Any

from moonraker_netqueue.virtual_printer.errors import VirtualPrinterError
from moonraker_netqueue.virtual_printer.moonraker_client import RefusedError
from tests.component.test_component import ROOT
from tests.failures.farm import Farm, InsideClient, Machine

_JOBS_EVERY = 6.0  # seconds
_ROUND_EVERY = 15.0  # seconds between a person's looks at the printers
_PATIENCE = 15.0  # seconds until a person takes a host for dead
_LINE = b";" * 1023 + b"\n"
_BALLAST = 62 << 10  # lines of a file that stays: nobody else has it, nobody prints it
_PADDING = _LINE * 500  # of a file that is printed: a few fit beside the ballast
_AGAIN = "again "  # how names of jobs begin that print a file once more
_REASON_MAX = 90  # characters


class People:
    """Who adds jobs at any printer, whatever happens, and looks after the printers."""

    def __init__(self, farm: Farm, seed: int) -> None:
        self.submitted = self.pending = self.let_in_again = 0
        self.unanswered: Counter[str] = Counter()  # jobs not acknowledged, by the cause
        self.job_ids: dict[str, str] = {}  # by mark, of what was acknowledged
        self.decided: dict[str, str] = {}  # print -> job, of prints made again
        self.seen: dict[str, dict[str, Any]] = {}  # by id; the queue keeps 100 complete
        self.deleted = self.fetched_again = 0  # files, on all hosts
        self._files: dict[str, set[str]] = {}  # by host: names of its contents
        self._left: dict[str, set[str]] = {}  # by host: those that it had once
        self._marks: dict[str, str] = {}  # by SHA-256, of acknowledged jobs
        self._again: dict[str, dict[str, Any]] = {}  # not acknowledged, by command
        self._wanted_again: set[str] = set()
        self.again = 0  # copies of files that had left their printer
        self._farm = farm
        self._draw = random.Random(seed + 1)  # noqa: S311 - which job
        self._next_job = self._next_round = 0.0

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Each job that a printer showed, by mark, as it was shown last."""
        return {
            job["name"].removesuffix(".gcode"): job
            for job in self.seen.values()
            if not job["name"].startswith(_AGAIN)
        }

    @property
    def made_again(self) -> int:
        """How many copies of files that had left their printer are made."""
        again = (j for j in self.seen.values() if j["name"].startswith(_AGAIN))
        return sum(job["state"] == "done" for job in again)

    def mark_of(self, job_id: str) -> str:
        """Which file a job prints."""
        for mark, known in self.job_ids.items():
            if known == job_id:
                return mark
        name = str(self.seen[job_id]["name"]) if job_id in self.seen else ""
        return name.removeprefix(_AGAIN).removesuffix(".gcode")

    @property
    def finished(self) -> bool:
        """Whether all jobs that were seen are complete."""
        return all(job["state"] == "done" for job in self.seen.values())

    def unfinished(self) -> str:
        """What is not complete, for who waits."""
        left = [job for job in self.seen.values() if job["state"] != "done"]
        first = f", the first {left[0]['name']}: {left[0]['why']}" if left else ""
        return f"{len(left)} of {len(self.seen)} jobs{first}"

    @property
    def printed(self) -> set[str]:
        """Marks of the jobs that are complete."""
        return {mark for mark, job in self.jobs.items() if job["state"] == "done"}

    def take_room(self) -> None:
        """Leave each host little room for files that come and go."""
        for printer in self._farm.printers:
            printer.client = InsideClient(printer.namespace, _PATIENCE)
            printer.client.post(f"{ROOT}/printer", {"tags": [printer.name]})
            name = f"ballast of {printer.name}.gcode"
            printer.client.upload(name, f"G28 ; {name}\n".encode() + _LINE * _BALLAST)
            job = {"filename": name, "tags": ["nobody has it"]}
            printer.client.post(f"{ROOT}/job", job)

    def work_for(self, seconds: float) -> None:
        """Do what is due until so much time is over."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if now >= self._next_job:
                self._next_job = now + _JOBS_EVERY
                self._add()
            if now >= self._next_round:
                self._next_round = now + _ROUND_EVERY
                self.look_after()
                self._want_again()
            self._look_at_files()
            time.sleep(0.1)

    def _look_at_files(self) -> None:
        for printer in self._farm.printers:
            folder = printer.data_path / "gcodes" / ".netqueue"
            now = {path.name for path in folder.glob("?" * 64)}
            before = self._files.get(printer.name, set())
            left = self._left.setdefault(printer.name, set())
            self.deleted += len(before - now)
            self.fetched_again += len((now - before) & left)
            left |= before - now
            self._files[printer.name] = now

    def _add(self) -> None:
        """Add a job; a host that does not answer is not asked again."""
        at = self._draw.choice(self._farm.printers)
        count = self._draw.randint(1, len(self._farm.printers))
        self.submitted += 1
        mark, text = self._farm.sample(count, seconds=self._draw.randint(1, 5))
        text += _PADDING
        try:
            answer = self._farm.submit(at, mark, text, count)
        except (VirtualPrinterError, OSError) as error:
            self.unanswered[_cause(error)] += 1
        else:
            self.pending += bool(answer["pending"])
            self.job_ids[mark] = str(answer["job_id"])
            self._marks[hashlib.sha256(text).hexdigest()] = mark

    def _want_again(self) -> None:
        """One more copy of a file that a printer had and has no more, made there."""
        for printer in self._farm.printers:
            now = self._files.get(printer.name, set())
            left = self._left.get(printer.name, set()) - now
            known = sorted(left & self._marks.keys() - self._wanted_again)
            if not known or len(self._again) >= len(self._farm.printers):
                continue
            sha256 = self._draw.choice(known)
            self._wanted_again.add(sha256)
            self._farm.again[self._marks[sha256]] += 1
            self.again += 1
            self._again[f"again-{sha256[:16]}"] = {
                "name": f"{_AGAIN}{self._marks[sha256]}",
                "sha256": sha256,
                "tags": [printer.name],
            }
        self.ask_again()

    def ask_again(self) -> bool:
        """Repeat what was not answered under its old id; whether all is answered."""
        for command, job in list(self._again.items()):
            at = self._draw.choice(self._farm.printers)
            with contextlib.suppress(VirtualPrinterError, OSError):
                at.client.post(f"{ROOT}/job", {**job, "command_id": command})
                del self._again[command]
        return not self._again

    def look_after(self) -> None:
        """Clear beds, and have prints made again whose end nobody saw."""
        for printer in self._farm.printers:
            with contextlib.suppress(VirtualPrinterError, OSError):
                if printer.client.get(f"{ROOT}/status")["printer"]["state"] in (
                    "bed_occupied",
                    "needs_attention",
                ):
                    printer.recover(20)
                    printer.client.post(f"{ROOT}/bed_clear", {"by": "nemesis"})
                self._see(self._farm.jobs(printer))
                self._spread(printer)
                for lost in _lost(printer):
                    self._decide(printer, lost)

    def _spread(self, printer: Machine) -> None:
        """Where all three have a file, one may delete it for want of room."""
        lacking = self._marks.keys() - self._files.get(printer.name, set())
        for sha256 in sorted(lacking - self._left.get(printer.name, set()))[:2]:
            printer.client.post(f"{ROOT}/fetch", {"sha256": sha256})

    def _see(self, jobs: list[dict[str, Any]]) -> None:
        done = {job_id for job_id, job in self.seen.items() if job["state"] == "done"}
        self.seen |= {
            job["job_id"]: job
            for job in jobs
            if job["job_id"] not in done and not job["name"].startswith("ballast")
        }

    def let_in(self, printer: Machine) -> None:
        """A host that has less than it had said forgets its copy (R5)."""
        if printer.status()["phase"] == "failed":
            printer.client.post(f"{ROOT}/rejoin")
            self.let_in_again += 1

    def _decide(self, at: Machine, lost: dict[str, Any]) -> None:
        """What is not answered may be done all the same, so it counts as done."""
        self.decided[lost["print_id"]] = lost["job_id"]
        retry = {"print_id": lost["print_id"], "action": "retry", "by": "nemesis"}
        at.client.post(f"{ROOT}/print", retry)


def _lost(at: Machine) -> list[dict[str, Any]]:
    printers = at.client.get(f"{ROOT}/printers")["printers"]
    return [p for one in printers for p in one["prints"] if p["state"] == "lost"]


def _cause(error: Exception) -> str:
    """Why a job has no acknowledgement, without what differs from job to job."""
    if not isinstance(error, RefusedError):
        return "not reached: the host is off, stopped or starts"
    reason = str(error).split(": ", 1)[-1]
    plain = re.sub(r"\b[0-9a-f]{8,}\b|/\S+", "…", reason)
    return f"refused: {plain[:_REASON_MAX]}"
