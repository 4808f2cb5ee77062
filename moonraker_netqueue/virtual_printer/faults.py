"""What can go wrong with a virtual printer on demand, and the signal that asks."""

from __future__ import annotations

import enum
import signal


class Fault(enum.Enum):
    """Something that happens to the printer; the value is the signal that does it."""

    FIRMWARE_SHUTDOWN = signal.SIGUSR1
    HEATERS_COLD = signal.SIGUSR2
    HEATERS_WELL = signal.SIGRTMIN
    FILAMENT_OUT = signal.SIGRTMIN + 1
    FILAMENT_IN = signal.SIGRTMIN + 2
    SILENT = signal.SIGSTOP
    TALKING = signal.SIGCONT


# SIGSTOP and SIGCONT do their work without the program's help.
HANDLED = tuple(fault for fault in Fault if fault not in (Fault.SILENT, Fault.TALKING))
