"""How a newcomer becomes a member of a queue."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

_TOKEN = re.compile(r"nq-[a-z2-7]{52}")


class AdmissionMode(enum.Enum):
    """How a newcomer becomes a member of a queue."""

    APPROVE = "approve"  # a person says so, on any member
    TOKEN = "token"  # noqa: S105 - who shows a token that a member made
    OPEN = "open"  # whoever asks


DEFAULT_ADMISSION = AdmissionMode.APPROVE


@dataclass(frozen=True)
class AdmissionSettings:
    """How newcomers get into a queue, and how this host gets in."""

    mode: AdmissionMode = DEFAULT_ADMISSION
    token: str = ""  # that another host of the queue made, for this one


def read_mode(text: str) -> AdmissionMode:
    """The mode that a person wrote; raises ValueError with the remedy."""
    try:
        return AdmissionMode(text.lower())
    except ValueError:
        raise ValueError(
            "give 'approve' (a person lets each newcomer in), 'token' (only who has a"
            " token) or 'open' (whoever reaches the port)"
        ) from None


def read_token(text: str) -> str:
    """The token that a person wrote; raises ValueError with the remedy."""
    if text and not _TOKEN.fullmatch(text.strip()):
        raise ValueError("a token begins with nq- and has 55 characters: copy it whole")
    return text.strip()
