"""How often a peer may do something."""

from __future__ import annotations

import pytest

from moonraker_netqueue.peers import budget
from moonraker_netqueue.peers.budget import Budget, Budgets
from tests.peers.manual_clock import ManualClock


def test_a_burst_and_then_a_rate() -> None:
    """What is not used comes back, but never more than the burst."""
    clock = ManualClock()
    one = Budget((3, 0.5), clock)
    assert [one.take() for _ in range(4)] == [True, True, True, False]
    clock.jump(1.9)
    assert not one.take()
    clock.jump(0.2)
    assert [one.take(), one.take()] == [True, False]
    clock.jump(1000)
    assert [one.take() for _ in range(4)] == [True, True, True, False]


def test_each_peer_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only so many are remembered."""
    monkeypatch.setattr(budget, "_MOST_KEYS", 3)
    all_of_them = Budgets((1, 0.001), ManualClock())
    assert [all_of_them.take(key) for key in "abab"] == [True, True, False, False]
    for key in "cdefgh":
        assert all_of_them.take(key)
    assert len(all_of_them._budgets) == 3
