"""How fast whole hosts are simulated, and the picture of docs/simulation.md.

`python3 -m bench.simulation` at the root of the checkout: N hosts of one queue that
print, simulated seconds per second of CPU time (and of the clock on the wall), once all
have begun. `python3 -m bench.simulation --picture` draws docs/pictures/simulation.svg
anew instead: what a terminal shows of testdata/scenario1.yaml after 45 minutes.
"""

from __future__ import annotations

import asyncio
import io
import re
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from moonraker_netqueue.cli.screen import drawn
from moonraker_netqueue.sim.pages import live_page
from moonraker_netqueue.sim.scenario import read_scenario
from moonraker_netqueue.sim.scenario_run import ScenarioRun
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play

_HOSTS = {3: 3600.0, 8: 900.0, 30: 120.0}  # hosts: simulated seconds
_START = 60.0  # simulated seconds until all print
_ROOT = Path(__file__).parents[1]
_PICTURE = _ROOT / "docs" / "pictures" / "simulation.svg"
_COLUMNS, _LINES = 92, 40
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # would be fetched elsewhere


def _farm(count: int) -> str:
    """A scenario in which `count` printers print all the time."""
    names = [f"p{number:02}" for number in range(count)]
    printers = "\n".join(f"  {name}: {{selfClearing: true}}" for name in names)
    return (
        f"queues:\n  - namespace: bench\n    members: [{', '.join(names)}]\n"
        "    jobs: [{name: part, items: [{name: part, count: 10000, minutes: 20}]}]\n"
        f"printers:\n{printers}\n"
    )


def _measure(count: int, seconds: float) -> tuple[float, float]:
    """Simulated seconds per second of CPU time, and of the clock on the wall."""
    marks: list[tuple[float, float, float]] = []

    async def mark(run: ScenarioRun) -> None:
        for moment in (_START, _START + seconds):
            await asyncio.sleep(moment - run.seconds)
            marks.append((run.seconds, time.process_time(), time.monotonic()))

    async def whole(loop: VirtualLoop) -> None:
        scenario = read_scenario(_farm(count), "bench")
        run = ScenarioRun(scenario, loop, 1)
        marking = asyncio.ensure_future(mark(run))
        await run.run((_START + seconds + 1) / 3600)
        await marking

    play(whole, VirtualLoop())
    (virtual, cpu, wall), (virtual_end, cpu_end, wall_end) = marks
    passed = virtual_end - virtual
    return passed / (cpu_end - cpu), passed / (wall_end - wall)


def _draw() -> None:
    """The live page, as a picture."""
    pages = []

    async def whole(loop: VirtualLoop) -> None:
        path = _ROOT / "testdata" / "scenario1.yaml"
        scenario = read_scenario(path.read_text(), path.name)
        run = ScenarioRun(scenario, loop, scenario.seed)
        playing = asyncio.ensure_future(run.run(0.75 + 1 / 3600))
        await asyncio.sleep(0.75 * 3600)
        pages.append(live_page(run, 600, _LINES))
        await playing

    play(whole, VirtualLoop())
    console = Console(
        record=True, width=_COLUMNS, file=io.StringIO(), highlight=False, emoji=False
    )
    console.print(drawn(pages[0], _COLUMNS))
    title = "python3 -m moonraker_netqueue.sim testdata/scenario1.yaml"
    picture = console.export_svg(title=title, theme=MONOKAI, unique_id="simulation")
    _PICTURE.write_text(_FONT.sub("", picture))


def main() -> None:
    """Measure, or draw."""
    if sys.argv[1:] == ["--picture"]:
        _draw()
        return
    print("| hosts | simulated s per CPU s | per s |\n|---|---|---|")
    for count, seconds in _HOSTS.items():
        by_cpu, by_wall = _measure(count, seconds)
        print(f"| {count} | {by_cpu:.0f} | {by_wall:.0f} |", flush=True)


if __name__ == "__main__":
    main()
