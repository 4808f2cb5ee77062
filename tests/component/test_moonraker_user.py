"""Who is logged in: only people have names in the queue."""

from __future__ import annotations

import pytest
from moonraker.common import UserInfo
from moonraker.components.authorization import RESERVED_USERS

from moonraker_netqueue.border.moonraker_user import person


def test_a_person_is_named() -> None:
    """As who logged in to the dashboard."""
    assert person(UserInfo(username="anna", password="")) == "anna"


@pytest.mark.parametrize("name", RESERVED_USERS)
def test_moonrakers_own_users_are_nobody(name: str) -> None:
    """A trusted address is no person; a new one of these must be looked at."""
    assert person(UserInfo(username=name, password="")) == ""
    assert person(None) == ""
