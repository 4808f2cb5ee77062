"""`demo --check`: jobs whose copies are counted by Klipper, not by our component."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from .demo import Demo, Say
from .errors import VirtualPrinterError
from .evidence import gather, problems, table
from .moonraker_client import NoAnswerError, RefusedError
from .printers import VirtualFarm, VirtualPrinter
from .shared_queue import jobs

_LIMIT_SECONDS = 210.0  # the whole demo has to end within 5 minutes
_DOWN_SECONDS = 3.0  # between the kill of a Moonraker and its restart
_SETTLE_SECONDS = 4.0  # a print too many would have begun by then
_BIG_SECONDS = 20
_SMALL_SECONDS = 5


@dataclass(frozen=True)
class Sample:
    """A file of the check; `mark` tells its content from all others."""

    path: str
    mark: str
    count: int
    seconds: int

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    def gcode(self) -> bytes:
        dwell = "G4 P1000\n" * self.seconds
        text = (
            f"RECORD TEXT=begin-{self.mark}\nG28\n{dwell}RECORD TEXT=end-{self.mark}\n"
        )
        return text.encode()


def samples() -> tuple[Sample, ...]:
    """New contents each time: an earlier check's records are not these."""
    run = secrets.token_hex(4)
    return (
        Sample("plate.gcode", f"{run}-plate", 9, _BIG_SECONDS),
        Sample("left/part.gcode", f"{run}-left", 1, _SMALL_SECONDS),
        Sample("right/part.gcode", f"{run}-right", 2, _SMALL_SECONDS),
    )


def check(demo: Demo, say: Say) -> None:
    """Raise VirtualPrinterError unless every copy is printed once, as it should be."""
    farm, files = demo.farm, samples()
    started = time.time()
    job_ids = _add_jobs(farm, files)
    wanted = {sample.mark: sample.count for sample in files}
    say(f"check: {sum(wanted.values())} copies of {len(files)} files are in the queue")
    killed = _follow(demo, job_ids, say)
    time.sleep(_SETTLE_SECONDS)
    evidence = gather(farm, started)
    titles = {sample.mark: sample.path for sample in files}
    for line in table(evidence, wanted, titles):
        say(line)
    found = list(problems(evidence, wanted, titles, killed))
    if found:
        raise VirtualPrinterError("the check failed: " + "; ".join(found))
    say(f"check: all is well after {time.time() - started:.0f} s")


def _add_jobs(farm: VirtualFarm, files: Sequence[Sample]) -> list[str]:
    """Upload all files at once, each to another printer, and add them there."""
    count = len(farm.printers)
    printers = [farm.printers[index % count] for index in range(len(files))]
    with ThreadPoolExecutor(len(files)) as pool:
        return list(pool.map(_add_job, printers, files))


def _add_job(printer: VirtualPrinter, sample: Sample) -> str:
    printer.client.upload(sample.path, sample.gcode())
    if printer.client.download(sample.path) != sample.gcode():
        raise VirtualPrinterError(
            f"{printer.name} stored other bytes for {sample.path} than were sent"
        )
    answer = printer.client.post(
        "/server/netqueue/job",
        {"filename": sample.path, "count": sample.count},
    )
    return str(answer["job_id"])


def _follow(demo: Demo, job_ids: Sequence[str], say: Say) -> str:
    """Wait for the jobs' end, killing a Moonraker on the way; whose it was."""
    victim = demo.farm.printers[-1]
    deadline = time.monotonic() + _LIMIT_SECONDS
    killed_at = None
    while True:
        demo.tick()
        open_jobs = _open_jobs(demo.farm, job_ids)
        if killed_at is None and _in_the_middle(victim, open_jobs):
            say(f"check: kill -9 of {victim.name}'s Moonraker while it prints")
            victim.kill("moonraker")
            killed_at = time.monotonic()
        elif victim.dead() and killed_at is not None:
            if time.monotonic() > killed_at + _DOWN_SECONDS:
                demo.restart(victim.name)
        elif open_jobs is not None and not open_jobs:
            break
        if time.monotonic() > deadline:
            raise VirtualPrinterError(
                f"the check is not done after {_LIMIT_SECONDS:g} s; missing: "
                + "; ".join(_missing(open_jobs))
            )
    if killed_at is None:
        raise VirtualPrinterError(
            f"the check could not kill {victim.name}'s Moonraker: it never printed"
        )
    return victim.name


def _open_jobs(
    farm: VirtualFarm, job_ids: Sequence[str]
) -> list[dict[str, Any]] | None:
    """Jobs of the check not done on every printer; None: one does not answer."""
    views: dict[str, dict[str, Any]] = {}
    for printer in farm.printers:
        try:
            found = {job["job_id"]: job for job in jobs(printer.client)}
        except (NoAnswerError, RefusedError):
            return None
        for job_id in job_ids:
            if job_id not in found:
                views[job_id] = {"name": job_id, "items": [], "why": "not arrived"}
            elif found[job_id]["state"] != "done":
                views[job_id] = found[job_id]
    return list(views.values())


def _in_the_middle(
    printer: VirtualPrinter, open_jobs: list[dict[str, Any]] | None
) -> bool:
    """Whether some copies are done, some are not, and `printer` prints one."""
    if not open_jobs or not any(i["done"] for job in open_jobs for i in job["items"]):
        return False
    try:
        return bool(printer.client.query("print_stats")["state"] == "printing")
    except (NoAnswerError, RefusedError):
        return False


def _missing(open_jobs: list[dict[str, Any]] | None) -> Iterator[str]:
    if open_jobs is None:
        yield "a printer does not answer"
        return
    for job in open_jobs:
        counts = ", ".join(f"{i['done']} of {i['count']}" for i in job["items"])
        yield f"{job['name']}: {counts} ({job['why'] or 'no reason given'})"
