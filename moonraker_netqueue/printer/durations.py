"""How long a copy takes: what the slicer says, put right by what prints took. Pure.

Only committed prints count, in whole numbers: every host learns the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..model.content import FileRef
from ..model.job import ItemSpec
from ..model.print import Print, PrintState
from ..model.queue_state import QueueState
from ..scheduler.problem import UNKNOWN_DURATION

PRINTS_MAX = 20  # of a printer model: the newest, since firmware and profiles change
FILE_PRINTS = 3  # of one file on one model, after which no estimate is needed
RATIO_LEAST, RATIO_MOST = 500, 3000  # thousandths of the estimate
_ON_TIME = 1000
# Two prints that nobody made, exactly on time: one odd print moves nothing yet.
_PRIOR = (_ON_TIME, _ON_TIME)


@dataclass(frozen=True)
class Durations:
    """`ratios`: thousandths of the estimate that prints take, by printer model, where
    that is not 1000; `measured`: seconds by model, by SHA-256 of the file."""

    ratios: Mapping[str, int]
    measured: Mapping[str, Mapping[str, tuple[int, ...]]]

    def minutes(self, spec: ItemSpec, file: FileRef | None, model: str) -> int:
        """Whole minutes that a copy takes on a printer of a model."""
        took = self.measured.get(file.sha256, {}).get(model, ()) if file else ()
        estimate = estimate_of(spec, file)
        if len(took) >= FILE_PRINTS or (took and estimate is None):
            seconds = median(took)
        elif estimate is None:
            return UNKNOWN_DURATION
        else:
            seconds = estimate * self.ratios.get(model, _ON_TIME) // 1000
        return max(1, -(-seconds // 60))

    def models_of(self, file: FileRef) -> Iterator[str]:
        """Models on which a file does not simply take its estimate."""
        yield from self.ratios
        yield from self.measured.get(file.sha256, {})


def learn(states: Iterable[QueueState]) -> Durations:
    """What the finished prints of the queues tell.

    The middle one of the ratios, not their mean: a print that somebody paused over
    night, or whose end was found in the morning, is no slow print.
    """
    ratios: dict[str, list[int]] = {}
    measured: dict[str, dict[str, list[int]]] = {}
    for state in states:
        for print_ in reversed(state.finished):
            printer = state.printers.get(print_.host)
            seconds = _seconds(print_)
            if printer is None or seconds is None:
                continue
            model = printer.profile.model
            of_file = measured.setdefault(print_.sha256, {}).setdefault(model, [])
            of_file.append(seconds)
            estimate = _estimate_at(state, print_)
            if estimate:
                ratios.setdefault(model, []).append(1000 * seconds // estimate)
    middles = {
        model: median((*_PRIOR, *found[:PRINTS_MAX]))
        for model, found in sorted(ratios.items())
    }
    return Durations(
        ratios={
            model: min(RATIO_MOST, max(RATIO_LEAST, ratio))
            for model, ratio in middles.items()
            if ratio != _ON_TIME
        },
        measured={
            sha256: {model: tuple(s[:PRINTS_MAX]) for model, s in sorted(of.items())}
            for sha256, of in measured.items()
        },
    )


def estimate_of(spec: ItemSpec, file: FileRef | None) -> int | None:
    """Seconds that a file's slicer says, or a person; None: nobody says."""
    if file is not None and file.estimate_s is not None:
        return file.estimate_s
    return spec.estimate_s


def median(numbers: Iterable[int]) -> int:
    """The middle one; of two, what lies halfway, rounded down."""
    ordered = sorted(numbers)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) // 2


def _seconds(print_: Print) -> int | None:
    """Seconds that a good print took; None if its printer did not see it through."""
    if print_.state is not PrintState.DONE or print_.decided_by:
        return None
    if print_.started is None or print_.ended is None:
        return None
    return max(1, int(print_.ended - print_.started))


def _estimate_at(state: QueueState, print_: Print) -> int | None:
    job = state.jobs.get(print_.job_id)
    if job is None or print_.item >= len(job.items):
        return None
    spec = job.items[print_.item].spec
    for file in spec.files:
        if file.sha256 == print_.sha256:
            return estimate_of(spec, file)
    return None
