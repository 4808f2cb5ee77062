"""`python3 -m moonraker_netqueue.sim SCENARIO`: a workshop, faster than life."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..cli.page import Page
from ..cli.terminal import complain, quiet_logs
from ..scheduler.errors import ProblemError
from .ledger import PromiseBroken
from .pace import Pace
from .pages import document, live_page, summary_page
from .scenario import Scenario, read_scenario
from .scenario_run import ScenarioRun
from .story import Told
from .virtual_time import VirtualLoop, play

DONE, LEFT, BAD_INPUT, BROKEN, INTERRUPTED = 0, 1, 2, 3, 130  # exit status
_HOURS = 7 * 24.0
_SPEED = 600.0  # in a terminal

Draw = Callable[[ScenarioRun, float], object]
"""Shows a run that goes at so many simulated seconds per second."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play a scenario; the exit status."""
    options = _options(arguments)
    quiet_logs()
    try:
        scenario = _scenario(options.file)
    except ProblemError as error:
        complain(str(error))
        return BAD_INPUT
    seed = scenario.seed if options.seed is None else options.seed
    try:
        run = _play(scenario, seed, options)
    except PromiseBroken as error:
        complain(f"with seed {seed}: {error}")
        return BROKEN
    except KeyboardInterrupt:
        return INTERRUPTED
    if options.json:
        print(json.dumps(document(run)))
    else:
        print()
        _show(summary_page(run))
    return DONE if run.done else LEFT


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m moonraker_netqueue.sim",
        description="Play a workshop in simulated time: real hosts, pretend printers.",
    )
    parser.add_argument("file", type=Path, help="a scenario, YAML: docs/simulation.md")
    parser.add_argument(
        "--speed",
        type=_positive,
        help="simulated seconds per second, at most (default: as fast as it goes;"
        f" in a terminal {_SPEED:.0f})",
    )
    parser.add_argument(
        "--until",
        type=_positive,
        default=_HOURS,
        metavar="HOURS",
        help="give up after so many simulated hours (default: %(default)g)",
    )
    parser.add_argument("--seed", type=int, help="another one than the scenario's")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    return parser.parse_args(arguments)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def _scenario(file: Path) -> Scenario:
    try:
        return read_scenario(file.read_text(encoding="utf-8"), file.name)
    except OSError as error:
        raise ProblemError(
            f"{file}: cannot be read ({error.strerror}); give the path of a YAML file"
        ) from None
    except UnicodeDecodeError:
        raise ProblemError(f"{file}: is not text; give a YAML file") from None


def _play(scenario: Scenario, seed: int, options: argparse.Namespace) -> ScenarioRun:
    is_live = _is_drawable() and not options.json
    runs: list[ScenarioRun] = []

    def line(told: Told) -> None:
        print(runs[0].story.line(told), flush=True)

    def silent(_told: Told) -> None:
        return

    async def whole(loop: VirtualLoop) -> None:
        listener = silent if is_live or options.json else line
        runs.append(ScenarioRun(scenario, loop, seed, listener))
        await runs[0].run(options.until)

    with _live() if is_live else _blind() as draw:
        speed = options.speed or (_SPEED if is_live else None)
        pace = Pace(speed, lambda measured: draw(runs[0], measured))
        play(whole, VirtualLoop(pace.advance))
    return runs[0]


def _is_drawable() -> bool:
    return sys.stdout.isatty() and importlib.util.find_spec("rich") is not None


@contextmanager
def _live() -> Iterator[Draw]:
    """A page that is drawn again and again in its place."""
    from rich.live import Live

    from ..cli.screen import Screen, drawn

    console = Screen().console
    with Live(console=console, auto_refresh=False) as live:

        def draw(run: ScenarioRun, speed: float) -> None:
            page = live_page(run, speed, console.height - 1)
            live.update(drawn(page, console.width), refresh=True)

        yield draw


@contextmanager
def _blind() -> Iterator[Draw]:
    yield lambda _run, _speed: None


def _show(page: Page) -> None:
    from ..cli.screen import Screen

    Screen().show(page)


if __name__ == "__main__":
    sys.exit(main())
