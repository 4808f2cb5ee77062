"""How a newcomer becomes a member of a queue."""

from __future__ import annotations

import enum


class AdmissionMode(enum.Enum):
    """How a newcomer becomes a member of a queue."""

    APPROVE = "approve"  # a person says so, on any member
    TOKEN = "token"  # noqa: S105 - who shows a token that a member made
    OPEN = "open"  # whoever asks
