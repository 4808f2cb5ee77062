# Who asks Moonraker, and from where
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

from typing import TYPE_CHECKING

# Annotation imports
if TYPE_CHECKING:
    from moonraker.common import UserInfo, WebRequest

_NOBODY = ("_TRUSTED_USER_", "_API_KEY_USER_")  # Moonraker's, for who did not log in


def person(user: UserInfo | None) -> str:
    """The name of a person who logged in; empty if nobody did."""
    if user is None or user.username in _NOBODY:
        return ""
    return str(user.username)


def address(web_request: WebRequest) -> str:
    """Where a request comes from; empty: from Moonraker itself."""
    found = web_request.get_ip_address()
    return "" if found is None else str(found)
