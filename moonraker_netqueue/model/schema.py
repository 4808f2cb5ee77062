"""Which rules a queue goes by: they change for all of its hosts at once (R23).

A schema is a form of commands and of the state, and what they mean. Everything is
written in the lowest one that can say it, so a host of an earlier version reads it as
long as nothing newer is used. A group goes by `QueueState.rules`; RulesRaise raises it.

1: version 0.1.0's first form. 2: queue settings, hours and spools of printers, what a
file's metadata tells; what another group hands in, and what a command makes names it,
for merges. 3: RulesRaise, ContentEvict.
"""

from __future__ import annotations

SCHEMA = 3  # the highest that this program knows
BASE = 2  # the lowest that it writes: what every group goes by until it is raised
UPDATE_HERE = "update moonraker_netqueue on this host"
