"""`python3 -m moonraker_netqueue.scheduler FILE`: plan a file, and draw its plan.

With `--solve` it is the process the printer agent starts: a problem as JSON on
standard input, its plan as JSON on standard output (wire.py). PuLP's memory and
temporary files go with it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from .batch.planned import (
    NOT_PROVEN,
    as_batch_document,
    as_batch_text,
    plan_batch,
)
from .document import TEXT_MAX
from .errors import ProblemError, SchedulerError, SolverError
from .forecast import forecast
from .gantt import gantt_svg
from .instance import read_instance
from .planner import Plan, plan_scored, suitable_solver
from .problem import Problem
from .report import as_document, as_text
from .scored import Scored, score
from .solvers.linear_programme import pulp_works
from .strategies import known_strategies
from .what_if import changed, compare, told
from .wire import plan_to_json, problem_from_json

BAD_INPUT = 2  # exit status


def main() -> int:
    """Run; returns the exit status."""
    arguments = _arguments()
    try:
        with _temporary_folder():
            if arguments.solve:
                print(plan_to_json(_planned(problem_from_json(sys.stdin.read()))[1]))
            else:
                _print_plan(arguments)
    except SchedulerError as error:
        print(f"scheduler: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m moonraker_netqueue.scheduler",
        description="Plan which printer prints what next, and say why the rest waits.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", type=Path, help="printers and jobs, YAML")
    what.add_argument(
        "--solve", action="store_true", help="JSON problem on stdin, plan on stdout"
    )
    parser.add_argument(
        "--strategy",
        choices=sorted(known_strategies()),
        default=Problem.strategy,
        help="how FILE's printers are given their work (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print FILE's plan as JSON")
    parser.add_argument(
        "--with",
        dest="wishes",
        action="append",
        default=[],
        metavar="NAME: WHAT",
        help="what if: such as 'voron: PETG black', 'ender: bed clear'",
    )
    parser.add_argument(
        "--svg", type=Path, metavar="OUT", help="draw FILE's queue played forward"
    )
    return parser.parse_args()


@contextmanager
def _temporary_folder() -> Iterator[None]:
    """A folder for PuLP's files: it leaves them behind where its solver fails."""
    try:
        folder = TemporaryDirectory(prefix="netqueue-")
    except OSError as error:
        raise SolverError(
            f"no temporary folder ({error.strerror}); set TMPDIR to a writable one"
        ) from None
    with folder as path:
        os.environ["TMPDIR"] = os.environ["TMP"] = path
        yield


def _print_plan(arguments: argparse.Namespace) -> None:
    file: Path = arguments.file
    instance = read_instance(_text_of(file), file.name)
    if instance.is_batch:
        if arguments.wishes or arguments.svg:
            raise ProblemError(f"{file.name}: --with and --svg are for one-shot files")
        _print_batch(instance.problem, as_json=arguments.json)
        return
    as_it_is = replace(instance.problem, strategy=arguments.strategy)
    (problem,) = changed((as_it_is,), arguments.wishes)
    scored, plan = _planned(problem)
    document, text = as_document(scored, plan), as_text(scored, plan)
    if arguments.wishes or arguments.svg:
        future = forecast(problem)
        if arguments.wishes:
            gain = compare(forecast(as_it_is), future)
            document["difference"] = asdict(gain)
            text += "\n" + "\n".join(told(gain))
        if arguments.svg:
            _write(arguments.svg, gantt_svg(problem, future))
    print(json.dumps(document) if arguments.json else text)


def _print_batch(problem: Problem, *, as_json: bool) -> None:
    batch, plan = plan_batch(problem, pulp_works)
    if as_json:
        print(json.dumps(as_batch_document(problem, plan)))
        if not plan.proven:
            print(f"scheduler: {plan.makespan} min: {NOT_PROVEN}", file=sys.stderr)
    else:
        print(as_batch_text(problem, batch, plan))


def _planned(problem: Problem) -> tuple[Scored, Plan]:
    scored = score(problem)
    return scored, plan_scored(scored, suitable_solver(scored, pulp_works))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProblemError(
            f"{file}: cannot be written ({error.strerror}); give another path"
        ) from None


def _text_of(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as stream:
            return stream.read(TEXT_MAX + 1)  # more is refused, unread
    except OSError as error:
        raise ProblemError(
            f"{file}: cannot be read ({error.strerror}); give the path of a YAML file"
        ) from None
    except UnicodeDecodeError:
        raise ProblemError(f"{file}: is not text; give a YAML file") from None


if __name__ == "__main__":
    sys.exit(main())
