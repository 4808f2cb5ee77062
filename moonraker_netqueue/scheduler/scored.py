"""A problem with its mask and its costs: what every strategy starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .cost import Costs, costs
from .feasibility import Mask, mask
from .problem import Problem
from .solvers.tableau import Tableau, tableau


@dataclass(frozen=True)
class Scored:
    """Rows are the problem's printers, columns its jobs."""

    problem: Problem
    mask: Mask
    costs: Costs

    @cached_property
    def tableau(self) -> Tableau:
        """The transportation problem."""
        units = (job.units for job in self.problem.jobs)
        return tableau(self.costs, units, self.problem.weights.idle)


def score(problem: Problem) -> Scored:
    """Mask and costs of a problem."""
    allowed = mask(problem)
    return Scored(problem, allowed, costs(problem, allowed))
