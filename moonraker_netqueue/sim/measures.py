"""What a played workload comes to, in numbers that people compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from .farm import FarmPrint
from .workload import START, Workload


@dataclass(frozen=True)
class Measures:
    """Minutes, from when a lot comes to when a copy of it starts or is done.

    `late` and `due` count copies; `visits` are those of people to printers;
    `utilisation` is the share of printer minutes until the end that are printed.
    """

    makespan: int
    mean_flow: float
    p95_flow: int
    longest_wait: int
    changes: int
    visits: int
    late: int
    due: int
    utilisation: float


def measure(workload: Workload, prints: Sequence[FarmPrint]) -> Measures:
    """The measures of all prints of a workload, of at least one."""
    lots = {lot.name: lot for lot in workload.lots}
    good = [each for each in prints if not each.failed]
    flows = sorted(each.end - lots[each.lot].added // 60 for each in good)
    makespan = max(each.end for each in prints) - START
    printed = sum(each.end - each.start for each in prints)
    return Measures(
        makespan=makespan,
        mean_flow=fmean(flows),
        p95_flow=flows[int(0.95 * (len(flows) - 1))],
        longest_wait=max(each.start - lots[each.lot].added // 60 for each in good),
        changes=sum(each.change for each in prints),
        visits=sum(each.visits for each in prints),
        late=sum(
            each.end * 60 > (lots[each.lot].due or each.end * 60) for each in good
        ),
        due=sum(lot.copies for lot in workload.lots if lot.due is not None),
        utilisation=printed / (len(workload.printers) * makespan),
    )
