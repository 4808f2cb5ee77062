"""Which rules a queue goes by: they change for all of its hosts at once (R23).

A schema is a form of commands and of the state, and what they mean. Everything is
written in the lowest one that can say it, so a host of an earlier version reads it as
long as nothing newer is used. A group goes by `QueueState.rules`; RulesRaise raises it.

1: version 0.1.0's first form. 2: queue settings, hours and spools of printers, what a
file's metadata tells; what another group hands in, and what a command makes names it,
for merges. 3: RulesRaise, ContentEvict. 4: what its author did not sign counts for
nothing (R12); roles of members, and who was let in or put out.
"""

from __future__ import annotations

SCHEMA = 4  # the highest that this program knows
BASE = 2  # the lowest that it writes: what every group goes by until it is raised
SIGNED = 4  # from these rules on commands are signed
_LAST_OF_0_1_0 = 2
UPDATE_HERE = "update moonraker_netqueue on this host"


def needed_version(rules: int) -> str:
    """The first version of the program that knows these rules."""
    return "0.1.0" if rules <= _LAST_OF_0_1_0 else "0.2.0"
