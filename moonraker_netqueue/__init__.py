# Moonraker component: the printers of a workshop share print queues
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moonraker.confighelper import ConfigHelper

    from .component import NetQueue


def load_component(config: ConfigHelper) -> NetQueue:
    """What Moonraker calls for a section [netqueue]."""
    from .component import NetQueue

    return NetQueue(config)
